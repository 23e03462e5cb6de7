"""Prepares what a release needs before it serves: the database, and with Kafka as the bus its topics.

Called by the deployment and by `local/`.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

import migrations
from functions.declaration import OUTBOX_RELAY
from sextant.bus.factory import BusSettings
from sextant.config import environment
from sextant.storage.settings import DatabaseSettings

# A cluster that has just been made, and rights that have just been given, take their time.
_TOPICS_WITHIN = 120.0

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, str]:
    """Upgrade to `event["revision"]`, by default the newest, and make the topics; running it again changes nothing.

    A database ahead of this code is left as it is: a deployment that is rolled back calls the version
    before, and migrations leave that version working. `event["downgrade_to"]` goes back, on purpose only.
    """
    url = _url()
    if "downgrade_to" in event:
        migrations.downgrade(url, str(event["downgrade_to"]))
        return _told("database was taken back", str(event["downgrade_to"]))
    _make_topics()
    at = migrations.current(url)
    known = migrations.revisions()
    if at is not None and at not in known:
        return _told("database is ahead of this code", at)
    revision = str(event.get("revision", "head"))
    migrations.upgrade(url, revision)
    return _told("database is up to date", known[-1] if revision == "head" else revision)


def _make_topics() -> None:
    settings = BusSettings.from_env(environment())
    if settings.bus != "kafka":
        return
    from sextant.bus import topics
    from sextant.bus.kafka import KafkaSettings

    made = topics.ensure(KafkaSettings.from_env(environment()), OUTBOX_RELAY.sends_to, _TOPICS_WITHIN)
    logger.info("topics are there", extra={"partitions": dict(made)})


def _told(message: str, revision: str) -> dict[str, str]:
    logger.info(message, extra={"revision": revision})
    return {"revision": revision}


def _url() -> str:
    """The administrator's URL, with a fresh token as the password where the database takes IAM's word."""
    settings = DatabaseSettings.from_env(environment())
    if settings.auth != "iam":
        return settings.url
    from sextant.storage.iam import token_source

    user, _, rest = settings.url.partition("@")
    return f"{user}:{quote(token_source(settings.url, environment())(), safe='')}@{rest}"
