"""Kafka event source mappings hold what Lambda's documentation says of them, against a real broker."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaConsumer, KafkaProducer
from kafka.structs import TopicPartition

from functions.declaration import Function, QueueTrigger
from local import kafka_brokers
from local.aws import LocalAws, Resources
from local.dead_records import DeadRecords
from local.invocations import Functions, Machine
from local.kafka_brokers import Broker
from local.kafka_sources import KafkaSource, SourceTopic, failures
from local.runtime_api import Outcome
from tests.integration.local import test_event_sources
from tests.integration.local.test_event_sources import deliveries

# Tansu, where Apache Kafka cannot be had, takes half a minute to give a group its partitions.
eventually = partial(test_event_sources.eventually, within=60)
PARTITION = TopicPartition("t", 0)


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    made, _ = kafka_brokers.choose(tmp_path_factory.mktemp("kafka"))
    made.start()
    yield made
    made.kill()


@pytest.fixture
def topic(broker: Broker) -> str:
    name = f"t-{uuid4().hex[:8]}"
    kafka_brokers.make_topics(broker.bootstrap, name, partitions=1)
    return name


@pytest.fixture
def told() -> list[dict[str, Any]]:
    """What operations are told."""
    return []


@pytest.fixture
def dead_records(resources: Resources, aws: LocalAws, told: list[dict[str, Any]]) -> DeadRecords:
    return DeadRecords(aws.client("s3"), resources.dead_records, lambda event: told.append(json.loads(event)))


def send(broker: Broker, topic: str, *values: str) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    for value in values:
        producer.send(topic, value=value.encode(), headers=[("text", "é".encode())]).get(timeout=20)
    producer.close()


def committed(broker: Broker, topic: str) -> int | None:
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, group_id=topic, enable_auto_commit=False)
    try:
        found: int | None = consumer.committed(TopicPartition(topic, 0))
        return found
    finally:
        consumer.close()


@asynccontextmanager
async def mapped(broker: Broker, topic: str, dead_records: DeadRecords, seen: Path) -> AsyncIterator[None]:
    trigger = QueueTrigger("q", batch_size=10)
    batch = Function("batch", "tests.integration.local.sample.handlers.kafka_batch", 128, 10, (trigger,))
    functions = Functions(
        [batch], {"batch": {"SEEN": str(seen)}}, lambda *_: None, machine=Machine(writable=[seen.parent])
    )
    place = SourceTopic(topic, broker.bootstrap)
    source = KafkaSource(trigger, place, functions["batch"], dead_records, lambda _: None, retry_pause=0.01)
    source.start()
    try:
        yield
    finally:
        await source.stop()
        await functions.close()


def test_only_what_fails_comes_again_until_it_is_set_aside_and_the_partition_goes_on(
    broker: Broker, topic: str, dead_records: DeadRecords, told: list[dict[str, Any]], tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    send(broker, topic, "one", "fail", "two")

    async def scenario() -> None:
        async with mapped(broker, topic, dead_records, seen):
            await eventually(lambda: len(told) == 1)
            await asyncio.to_thread(send, broker, topic, "three")
            await eventually(lambda: deliveries(seen)["three"] == 1)
            await eventually(lambda: committed(broker, topic) == 4)

    asyncio.run(scenario())
    # The broker may hand the first ones over in one batch or in several; each is delivered once all the same.
    assert deliveries(seen) == {"one": 1, "fail": 6, "two": 1, "three": 1}
    assert '[{"text": [-61, -87]}]' in seen.read_text()
    detail = told[0]["detail"]
    place = {"Bucket": detail["bucket"]["name"], "Key": detail["object"]["key"]}
    kept = json.loads(dead_records.client.get_object(**place)["Body"].read())
    batch = kept["KafkaBatchInfo"]
    assert (batch["topic"], batch["startOffset"], batch["endOffset"], batch["batchSize"]) == (topic, 1, 1, 1)
    # Not only where the records stood: the event itself, to be handed to the function again.
    [[record]] = json.loads(kept["payload"])["records"].values()
    assert base64.b64decode(record["value"]) == b"fail"


def test_a_header_whose_name_is_no_text_stops_nobody(
    broker: Broker, topic: str, dead_records: DeadRecords, tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap)
    odd = type("Odd", (str,), {"encode": lambda *_: b"na\xffme"})("odd")
    producer.send(topic, value=b"one", headers=[(odd, b"x")]).get(timeout=20)
    producer.close()
    send(broker, topic, "two")

    async def scenario() -> None:
        async with mapped(broker, topic, dead_records, seen):
            await eventually(lambda: deliveries(seen) == {"one": 1, "two": 1})

    asyncio.run(scenario())
    assert "na\\ufffdme" in seen.read_text()


def test_a_batch_that_fails_whole_comes_again_whole(
    broker: Broker, topic: str, dead_records: DeadRecords, told: list[dict[str, Any]], tmp_path: Path
) -> None:
    seen = tmp_path / "seen"
    send(broker, topic, "crash")

    async def scenario() -> None:
        async with mapped(broker, topic, dead_records, seen):
            await eventually(lambda: len(told) == 1)

    asyncio.run(scenario())
    assert deliveries(seen) == {"crash": 6}


def test_the_next_start_goes_on_behind_what_was_through(
    broker: Broker, topic: str, dead_records: DeadRecords, told: list[dict[str, Any]], tmp_path: Path
) -> None:
    seen = tmp_path / "seen"

    async def scenario(value: str) -> None:
        await asyncio.to_thread(send, broker, topic, value)
        async with mapped(broker, topic, dead_records, seen):
            await eventually(lambda: deliveries(seen)[value] == 1)
            await eventually(lambda: committed(broker, topic) == sum(deliveries(seen).values()))

    asyncio.run(scenario("one"))
    asyncio.run(scenario("two"))
    assert deliveries(seen) == {"one": 1, "two": 1}


@pytest.mark.parametrize(
    "answer",
    [
        {"batchItemFailures": [{"itemIdentifier": {"partition": "t-1", "offset": 7}}]},
        {"batchItemFailures": [{"itemIdentifier": {"partition": "t-0", "offset": 9}}]},
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifer": {"partition": "t-0", "offset": 7}}]},
        "no report",
    ],
)
def test_a_report_that_names_nothing_of_the_batch_fails_it_whole(answer: Any) -> None:
    with pytest.raises(ValueError, match=r"not in the batch|not a batch response"):
        failures(Outcome("request", json.dumps(answer).encode()), PARTITION, [7, 8])
