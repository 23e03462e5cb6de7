"""What fails comes again soon and alone, and what nobody can read keeps nobody waiting: on the real queues."""

from __future__ import annotations

import json
import socket
from base64 import b64encode
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest
from kafka import KafkaProducer

from functions.operations import handler as operations
from functions.worker import run_worker
from local.aws import LocalAws, Resources
from local.database import DatabaseUrls
from local.kafka_brokers import Broker
from sextant.bus.events import InboundMessage, consume
from sextant.bus.redelivery import RETURN_AFTER, Redelivery
from sextant.bus.sqs import MORE_HEADERS
from tests.environments import changed
from tests.integration.bus.faults import FaultProxy
from tests.integration.bus.rigs import KafkaRig, records_in
from tests.integration.invoking import LambdaContext
from tests.waiting import until


@pytest.fixture(autouse=True)
def _aws(aws: LocalAws, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws.variables().items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def kafka_rig(kafka: Broker, kafka_proxy: FaultProxy) -> Iterator[KafkaRig]:
    made = KafkaRig.make(kafka, kafka_proxy)
    yield made
    made.close()


def test_after_a_short_outage_a_runs_message_comes_again_within_seconds(
    database: DatabaseUrls, aws: LocalAws, resources: Resources
) -> None:
    # Given a run's message on the queue, whose visibility timeout is sixteen minutes, and no database
    url = resources.queue_urls["runs"]
    body = json.dumps({"run_id": str(uuid4()), "tenant_id": "acme"})
    aws.client("sqs").send_message(QueueUrl=url, MessageBody=body)
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        nowhere = f"postgresql://sextant_platform@127.0.0.1:{unused.getsockname()[1]}/sextant"
    lake = {"SEXTANT_WAREHOUSE": f"s3://{resources.bucket}/w", "SEXTANT_QUEUE_URL_RUNS": url}
    [record] = records_in(aws.client("sqs"), url)
    # When the worker fails at the claim
    with changed(DATABASE_URL=nowhere, **lake):
        answer = run_worker.handler({"Records": [record]}, LambdaContext("run-worker"))  # type: ignore[arg-type]
    assert answer == {"batchItemFailures": [{"itemIdentifier": record["messageId"]}]}
    # Then the message can be seen again at once, and finds the database back
    [again] = until(lambda: records_in(aws.client("sqs"), url), within=15)
    assert again["messageId"] == record["messageId"]
    with changed(DATABASE_URL=database.platform, **lake):
        answer = run_worker.handler({"Records": [again]}, LambdaContext("run-worker"))  # type: ignore[arg-type]
    assert answer == {"batchItemFailures": []}


def test_what_failed_often_comes_again_when_the_queue_says(
    aws: LocalAws, make_queue: Callable[..., Any]
) -> None:
    queue = make_queue(visibility_timeout=960)
    aws.client("sqs").send_message(QueueUrl=queue.url, MessageBody="{}")
    [record] = records_in(aws.client("sqs"), queue.url)
    record["attributes"]["ApproximateReceiveCount"] = str(len(RETURN_AFTER) + 1)

    def fail(_: InboundMessage) -> None:
        raise RuntimeError

    consume({"Records": [record]}, fail, Redelivery({"q": queue.url}))
    counts = aws.client("sqs").get_queue_attributes(
        QueueUrl=queue.url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    assert counts == {"ApproximateNumberOfMessagesNotVisible": "1"}
    assert records_in(aws.client("sqs"), queue.url) == []


def test_a_message_that_cannot_be_read_takes_nobody_of_its_batch_with_it(
    database: DatabaseUrls, aws: LocalAws, resources: Resources
) -> None:
    # Given nine good messages on the events queue, one with headers that are none, and one that is no JSON
    url, client = resources.queue_urls["events"], aws.client("sqs")
    odd = {MORE_HEADERS: {"DataType": "String", "StringValue": "not json"}}
    topic = {"event-topic": {"DataType": "String", "StringValue": "action.requested"}}
    good = json.dumps({"tenant_id": "acme", "action_id": str(uuid4())})
    for _ in range(8):
        client.send_message(QueueUrl=url, MessageBody=good, MessageAttributes=topic)
    client.send_message(QueueUrl=url, MessageBody=good, MessageAttributes={**topic, **odd})
    unread = client.send_message(QueueUrl=url, MessageBody="no json", MessageAttributes=topic)["MessageId"]
    records: dict[str, Any] = {}

    def all_ten() -> bool:
        records.update({record["messageId"]: record for record in records_in(aws.client("sqs"), url)})
        return len(records) == 10

    until(all_ten, within=15)
    # When they are handled, then only the one that is no JSON fails
    with changed(DATABASE_URL=database.platform, SEXTANT_QUEUE_URL_EVENTS=url):
        answer = operations.handler({"Records": list(records.values())}, LambdaContext("operations"))  # type: ignore[arg-type]
    assert answer == {"batchItemFailures": [{"itemIdentifier": unread}]}


def test_behind_records_that_nobody_can_read_a_good_one_waits_for_none_of_them(
    kafka_rig: KafkaRig, aws: LocalAws, make_queue: Callable[..., Any]
) -> None:
    # Given poison of several kinds before a good record of the same partition
    queue = make_queue()
    poison = [b"\xff\xfe", b"no json", b"[]", b'{"run_id": 1}'] * 3
    producer = KafkaProducer(bootstrap_servers=kafka_rig.broker.bootstrap)
    for value in [*poison, b'{"run_id": "r"}']:
        headers = [("tenant-id", b"\xff")]
        producer.send(f"{kafka_rig.prefix}runs", value, key=b"k", partition=0, headers=headers).get(
            timeout=20
        )
    producer.close()
    handled: list[str] = []

    def work(message: InboundMessage) -> None:
        handled.append(message.read(lambda data: data["run_id"].lower()))

    # When they are handled once
    event = kafka_rig.event("runs", len(poison) + 1)
    answer = consume(event, work, Redelivery({"runs": queue.url}))
    # Then nothing is delivered again, the good one is done, and the others lie in the dead-letter queue, whole
    assert (answer, handled) == ({"batchItemFailures": []}, ["r"])
    told: dict[str, Any] = {}

    def all_told() -> bool:
        for record in records_in(aws.client("sqs"), queue.dead_letter_url):
            told[record["messageId"]] = json.loads(record["body"])
        return len(told) == len(poison)

    until(all_told, within=15)
    assert Counter(one["value"] for one in told.values())["//4="] == 3


def test_an_event_that_names_nothing_is_set_aside_whatever_its_topic(
    database: DatabaseUrls, aws: LocalAws, make_queue: Callable[..., Any]
) -> None:
    # Given JSON of each topic that lacks what the topic's events have, before one that is whole
    incident = {"incident_id": str(uuid4()), "event_id": str(uuid4())}
    odd: list[tuple[str, dict[str, Any]]] = [
        *((topic, data) for topic in ("run.failed", "run.completed") for data in ({}, {"run_id": ["x"]})),
        ("run.refused", {"receipt_id": None}),
        ("incident.changed", {**incident, "change": "GONE"}),
        ("incident.changed", {**incident, "change": []}),
        ("action.requested", {"action_id": 7}),
    ]
    whole = ("run.failed", {"run_id": str(uuid4())})
    records = [
        {
            "topic": "sextant.events",
            "partition": 0,
            "offset": offset,
            "headers": [{"event-topic": list(topic.encode())}],
            "value": b64encode(json.dumps({"tenant_id": "acme", **data}).encode()).decode(),
        }
        for offset, (topic, data) in enumerate([*odd, whole])
    ]
    queue = make_queue()
    # When they are handled, then nothing is repeated before what stands behind it
    with changed(DATABASE_URL=database.platform, SEXTANT_QUEUE_URL_EVENTS=queue.url):
        event = {"eventSource": "aws:kafka", "records": {"sextant.events-0": records}}
        answer = operations.handler(event, LambdaContext("operations"))  # type: ignore[arg-type]
    assert answer == {"batchItemFailures": []}
    offsets: set[int] = set()

    def all_set_aside() -> bool:
        letters = records_in(aws.client("sqs"), queue.dead_letter_url)
        offsets.update(json.loads(letter["body"])["record"]["offset"] for letter in letters)
        return len(offsets) == len(odd)

    until(all_set_aside, within=15)
    assert offsets == set(range(len(odd)))


def test_where_it_cannot_be_set_aside_it_is_delivered_again(kafka_rig: KafkaRig, aws: LocalAws) -> None:
    producer = KafkaProducer(bootstrap_servers=kafka_rig.broker.bootstrap)
    producer.send(f"{kafka_rig.prefix}runs", b"no json", key=b"k", partition=0).get(timeout=20)
    producer.close()
    missing = Redelivery({"runs": f"{aws.endpoint}/000000000000/none"})
    event = kafka_rig.event("runs", 1)
    answer = consume(event, lambda message: message.read(lambda data: data["run_id"]), missing)
    assert len(answer["batchItemFailures"]) == 1
