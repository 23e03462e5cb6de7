"""Makes the topics that the relay publishes to, once per deployment and before anything reads or writes them.

A serverless cluster of MSK has no other way than a client inside its network; any other broker takes the same.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterable, Mapping
from typing import Any

from kafka import errors as kafka_errors
from kafka.admin import KafkaAdminClient

from sextant.bus.kafka import KafkaSettings, connected

logger = logging.getLogger("sextant.bus")

_AGAIN_AFTER = 3.0


class MissingTopicsError(LookupError):
    """Topics that must exist do not, and the deployment may not make them."""


def ensure(settings: KafkaSettings, channels: Iterable[str], within: float) -> Mapping[str, int]:
    """The partitions of each channel's topic, made where it is missing and added where they are fewer than set.

    Partitions are never taken away. Where `settings.partitions` is 0 the topics are somebody else's: they are only
    looked for. What a broker cannot do yet (a new cluster, rights just given) is tried again for `within` seconds; then
    its last error is raised. Raises MissingTopicsError, with their names, for topics that must exist.
    """
    names = [f"{settings.prefix}{channel}" for channel in channels]
    deadline = time.monotonic() + within
    while True:
        try:
            return _ensured(settings, names)
        except (kafka_errors.KafkaError, MissingTopicsError) as error:
            if time.monotonic() > deadline or isinstance(error, MissingTopicsError):
                raise
            logger.warning("the topics could not be made yet", exc_info=error)
            time.sleep(_AGAIN_AFTER)


def _ensured(settings: KafkaSettings, names: list[str]) -> Mapping[str, int]:
    admin = connected(KafkaAdminClient, settings.admin_config())
    try:
        existing = _partitions(admin, names)
        missing = [name for name in names if name not in existing]
        if missing and not settings.partitions:
            raise MissingTopicsError(f"topics that must exist do not: {', '.join(missing)}")
        if missing:
            _create(admin, {name: {"num_partitions": settings.partitions} for name in missing})
        fewer = {name: settings.partitions for name, count in existing.items() if count < settings.partitions}
        if fewer:
            admin.create_partitions(fewer)
        return {**existing, **dict.fromkeys(missing, settings.partitions), **fewer}
    finally:
        admin.close()


def _partitions(admin: KafkaAdminClient, names: Iterable[str]) -> dict[str, int]:
    present = set(admin.list_topics()) & set(names)
    described: list[dict[str, Any]] = admin.describe_topics(sorted(present)) if present else []
    return {str(topic["name"]): len(topic["partitions"]) for topic in described}


def _create(admin: KafkaAdminClient, topics: dict[str, dict[str, int]]) -> None:
    """With the broker's own number of replicas; who makes the same at the same time has made it for us."""
    try:
        admin.create_topics(topics, wait_for_metadata=True)
    except kafka_errors.TopicAlreadyExistsError:
        logger.info("the topics were made by another deployment", extra={"topics": sorted(topics)})
