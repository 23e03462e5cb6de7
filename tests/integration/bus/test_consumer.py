"""The consumer of docs/events.md, as its readers start it, against what the publishers really send."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from uuid import UUID

import pytest
from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event

from local import kafka_brokers as brokers
from local.runtime_api import ROOT
from sextant.bus.message import OutboundMessage
from sextant.bus.sqs import MORE_HEADERS, NAMED
from sextant.ids import new_id
from tests.integration.bus.faults import FaultProxy
from tests.integration.bus.rigs import KafkaRig, Rig, SqsRig
from tests.integration.bus.test_conformance import message, publish, verdicts
from tests.waiting import until

CONSUMER = ROOT / "examples" / "event_consumer.py"


def completed(number: int) -> OutboundMessage:
    run = str(UUID(int=number))
    payload = {"run_id": run, "tenant_id": "acme", "scenario_id": run, "state": "SUCCEEDED", "rows": number}
    return message(number, topic="run.completed", payload=json.dumps(payload))


@contextmanager
def consuming(rig: Rig, database: Path) -> Iterator[subprocess.Popen[bytes]]:
    if isinstance(rig, KafkaRig):
        where = ["kafka", "--bootstrap", rig.broker.bootstrap, "--topic", f"{rig.prefix}runs"]
    else:
        assert isinstance(rig, SqsRig)
        where = ["sqs", "--queue", rig.queues["runs"]]
    process = subprocess.Popen([sys.executable, CONSUMER, "--database", database, *where])
    try:
        yield process
    finally:
        process.terminate()
        status = process.wait(timeout=20)
    assert status in (0, -signal.SIGKILL)


def rows(database: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(database)) as connection:
        return connection.execute(query).fetchall()


def test_each_event_is_applied_once_though_all_are_repeated_and_the_consumer_is_killed(
    rig: Rig, tmp_path: Path
) -> None:
    if isinstance(rig, SqsRig):
        # What the killed consumer had received is seen again after this.
        rig.client.set_queue_attributes(QueueUrl=rig.queues["runs"], Attributes={"VisibilityTimeout": "1"})
    database = tmp_path / "events.sqlite"

    def applied() -> int:
        # The consumer makes the file before its tables.
        there = database.exists() and rows(database, "SELECT name FROM sqlite_master WHERE name = 'applied'")
        return len(rows(database, "SELECT * FROM applied")) if there else 0

    # Given events of which half are published twice, as after a lost acknowledgement, and one that nobody can read
    events = [completed(number) for number in range(20)]
    unreadable = message(99, topic="run.completed", payload="no JSON")
    assert set(verdicts(publish(rig, [*events[:10], unreadable, *events[:10]]))) == {"sent"}
    # When a consumer is killed at its work, and another goes on
    with consuming(rig, database) as first:
        until(lambda: applied() >= 3, within=30)
        os.kill(first.pid, signal.SIGKILL)
    publish(rig, events)
    with consuming(rig, database):
        until(lambda: applied() >= 20, within=60)
    # Then each was applied once: a second of a run would have broken the table's key
    assert rows(database, "SELECT count(*), count(DISTINCT id), min(source), max(source) FROM applied") == [
        (20, 20, "/sextant/tenants/acme", "/sextant/tenants/acme")
    ]
    assert rows(database, "SELECT count(*), sum(rows), max(state) FROM ended_run") == [(20, 190, "SUCCEEDED")]
    assert {body for (body,) in rows(database, "SELECT body FROM unreadable")} == {"no JSON"}


def test_cloudevents_own_library_reads_our_records(kafka: brokers.Broker, kafka_proxy: FaultProxy) -> None:
    rig = KafkaRig.make(kafka, kafka_proxy)
    try:
        sent = completed(7)
        publish(rig, [sent])
        with brokers.reading(kafka.bootstrap, f"{rig.prefix}runs") as consumer:
            [record] = until(lambda: [r for batch in consumer.poll(200).values() for r in batch], within=15)
    finally:
        rig.close()
    event = from_binary_event(KafkaMessage(dict(record.headers), record.key, record.value))
    assert (event.get_id(), event.get_source(), event.get_type(), event.get_time()) == (
        str(sent.event_id),
        "/sextant/tenants/acme",
        "sextant.run.completed",
        sent.created_at,
    )
    assert event.get_datacontenttype() == "application/json"
    assert event.get_data() == json.loads(sent.payload)


@pytest.mark.parametrize("rig", ["sqs"], indirect=True)
def test_on_sqs_the_attributes_of_a_cloudevent_are_ten_attributes_of_the_message(rig: SqsRig) -> None:
    # Given an event with more headers than SQS takes attributes
    own = {"traceparent": "00-a-b-01", "correlation-id": "c", "custom": "x", "ce_id": "forged"}
    sent = completed(1)._replace(own_headers=own, replay_id=new_id())
    publish(rig, [sent])
    answer = rig.client.receive_message(
        QueueUrl=rig.queues["runs"], WaitTimeSeconds=5, MessageAttributeNames=["All"]
    )
    [got] = answer["Messages"]
    attributes = {name: value["StringValue"] for name, value in got["MessageAttributes"].items()}
    assert attributes.keys() == {*NAMED, MORE_HEADERS}
    assert len(attributes) == 10
    assert (attributes["ce_id"], attributes["ce_type"]) == (str(sent.event_id), "sextant.run.completed")
    packed = json.loads(attributes.pop(MORE_HEADERS))
    assert packed["correlation-id"] == "c"
    assert {**packed, **attributes} == sent.headers
