"""The SQS publisher against queues: what arrives, and what becomes of the rest when one queue is away."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import boto3

from sextant.bus.message import SENT, OutboundMessage
from sextant.bus.routing import Routes
from sextant.bus.sqs import SqsPublisher


def message(number: int) -> OutboundMessage:
    return OutboundMessage(
        f"tenant-{number % 3}", uuid4(), "run.requested", None, json.dumps({"n": number}), datetime.now(UTC)
    )


def received(url: str) -> list[dict[str, Any]]:
    sqs = boto3.client("sqs")
    bodies: list[dict[str, Any]] = []
    while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        for sent in batch:
            bodies.append(json.loads(sent["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=sent["ReceiptHandle"])
    return bodies


def test_each_message_arrives_once_however_many_batches_it_takes() -> None:
    url = boto3.client("sqs").create_queue(QueueName="runs")["QueueUrl"]
    messages = [message(number) for number in range(25)]
    publisher = SqsPublisher(Routes.parse("*=runs"), {"runs": url})

    outcomes = publisher.submit(messages, time.monotonic() + 10).outcomes()
    publisher.close()

    assert outcomes == [SENT] * 25
    assert sorted(body["n"] for body in received(url)) == list(range(25))


def test_a_queue_that_is_gone_holds_up_only_its_own_messages() -> None:
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName="runs")["QueueUrl"]
    gone = url.replace("runs", "gone")
    publisher = SqsPublisher(Routes.parse("run.*=runs,*=events"), {"runs": url, "events": gone})
    lost = message(1)._replace(topic="incident.opened")

    arrived, other = publisher.submit([message(0), lost], time.monotonic() + 10).outcomes()
    publisher.close()

    assert arrived == SENT
    assert other.verdict != "sent"
    assert [body["n"] for body in received(url)] == [0]
