"""Topics are made by a deployment, once, on a real broker."""

from __future__ import annotations

import socket
import uuid

import pytest
from kafka import errors as kafka_errors

from functions.declaration import OUTBOX_RELAY
from functions.migrate import handler as migrate
from local.database import DatabaseUrls
from local.kafka_brokers import Broker
from sextant.bus import topics
from sextant.bus.kafka import KafkaSettings
from tests.integration.migrate.test_handler import Context


def settings(kafka: Broker, prefix: str, partitions: int) -> KafkaSettings:
    return KafkaSettings(bootstrap=(kafka.bootstrap,), prefix=prefix, partitions=partitions)


@pytest.fixture
def prefix() -> str:
    return f"t{uuid.uuid4().hex[:8]}."


def test_topics_are_made_once_and_grow_and_never_shrink(kafka: Broker, prefix: str) -> None:
    made = [
        topics.ensure(settings(kafka, prefix, count), ("runs", "events"), within=30.0) for count in (2, 2, 1)
    ]

    assert made[0] == {f"{prefix}runs": 2, f"{prefix}events": 2}
    assert made == [made[0]] * 3


def test_more_partitions_are_added(kafka: Broker, prefix: str) -> None:
    if not kafka.strict:
        pytest.skip("Tansu adds no partitions to a topic")
    topics.ensure(settings(kafka, prefix, 1), ("runs",), within=30.0)

    assert topics.ensure(settings(kafka, prefix, 3), ("runs",), within=30.0) == {f"{prefix}runs": 3}
    assert topics.ensure(settings(kafka, prefix, 0), ("runs",), within=30.0) == {f"{prefix}runs": 3}


def test_topics_of_somebody_else_must_exist_and_are_named(kafka: Broker, prefix: str) -> None:
    with pytest.raises(topics.MissingTopicsError, match=f"{prefix}runs, {prefix}events"):
        topics.ensure(settings(kafka, prefix, 0), ("runs", "events"), within=30.0)


def test_a_broker_that_does_not_answer_is_waited_for_and_then_told_of(prefix: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        nobody = KafkaSettings(bootstrap=(address,), prefix=prefix, partitions=1, connect_timeout=0.3)

        with pytest.raises(kafka_errors.KafkaError):
            topics.ensure(nobody, ("runs",), within=0.0)


def test_the_function_that_migrates_makes_the_topics_of_the_relay(
    kafka: Broker, prefix: str, database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = {
        "DATABASE_URL": database.admin,
        "SEXTANT_BUS": "kafka",
        "SEXTANT_KAFKA_BOOTSTRAP": kafka.bootstrap,
        "SEXTANT_KAFKA_PREFIX": prefix,
        "SEXTANT_KAFKA_PARTITIONS": "1",
    }
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    migrate.handler({}, Context())

    there = topics.ensure(settings(kafka, prefix, 0), OUTBOX_RELAY.sends_to, within=30.0)
    assert there == {f"{prefix}{one}": 1 for one in ("runs", "webhooks", "events")}
