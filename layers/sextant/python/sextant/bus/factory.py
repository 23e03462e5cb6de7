"""Which publisher the environment asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sextant.bus.message import Publisher
from sextant.bus.routing import DEFAULT_ROUTES, Routes
from sextant.config import ResourceSettings, Settings, choice, parsed


@dataclass(frozen=True)
class BusSettings(Settings):
    """Which broker carries the events, and where each topic goes."""

    bus: str = choice("SEXTANT_BUS", "The broker", "sqs", ("sqs", "kafka"))
    routes: Routes = parsed(
        "SEXTANT_ROUTES",
        "Which channel each topic goes to",
        "a list of topic=channel, first match first",
        Routes.parse,
        Routes.parse(DEFAULT_ROUTES),
    )


def publisher_from_env(env: Mapping[str, str]) -> Publisher:
    """The publisher that `env` asks for; only its client library is imported.

    On SQS the channel `runs` is the queue whose URL is `SEXTANT_QUEUE_URL_RUNS`, and so on.
    """
    settings = BusSettings.from_env(env)
    if settings.bus == "kafka":
        from sextant.bus.kafka import KafkaPublisher, KafkaSettings

        return KafkaPublisher(KafkaSettings.from_env(env), settings.routes)
    from sextant.bus.sqs import SqsPublisher

    return SqsPublisher(settings.routes, ResourceSettings.from_env(env).queue_urls)
