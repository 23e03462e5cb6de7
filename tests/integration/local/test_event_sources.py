"""SQS event source mappings hold what Lambda's documentation says of them, against a real queue."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from functions.declaration import Function, QueueTrigger, ScheduleTrigger
from local.aws import REGION, LocalAws
from local.event_sources import EventSource, SourceQueue, failures, record
from local.invocations import Functions, Machine
from local.runtime_api import Outcome
from local.scheduler import Scheduler

ARN = "arn:aws:sqs:eu-central-1:000000000000:q"


@asynccontextmanager
async def mapped(
    aws: LocalAws, url: str, seen: Path, *, batch_size: int = 10, window: int = 0
) -> AsyncIterator[Functions]:
    trigger = QueueTrigger("q", batch_size=batch_size, batching_window=window)
    batch = Function("batch", "tests.integration.local.sample.handlers.batch", 128, 10, (trigger,))
    functions = Functions(
        [batch], {"batch": {"SEEN": str(seen)}}, lambda *_: None, machine=Machine(writable=[seen.parent])
    )
    queue = SourceQueue(url, ARN, REGION)
    source = EventSource(trigger, queue, functions["batch"], aws.client("sqs"), lambda _: None)
    source.start()
    try:
        yield functions
    finally:
        await source.stop()
        await functions.close()


def send(aws: LocalAws, url: str, *bodies: str) -> None:
    for body in bodies:
        aws.client("sqs").send_message(QueueUrl=url, MessageBody=body)


def left(aws: LocalAws, url: str) -> int:
    """Messages in the queue, seen or not."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes = aws.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(attributes[name]) for name in names)


def deliveries(seen: Path) -> Counter[str]:
    """How often each body was delivered."""
    return Counter(line.split()[0] for line in seen.read_text().splitlines()) if seen.exists() else Counter()


async def eventually(condition: Callable[[], Any], within: float = 20.0) -> None:
    async with asyncio.timeout(within):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110 (outside this loop)
            await asyncio.sleep(0.02)


def test_what_succeeds_is_deleted_and_only_what_fails_comes_again(
    aws: LocalAws, make_queue: Callable[..., Any], tmp_path: Path
) -> None:
    queue, seen = make_queue(visibility_timeout=1, max_receives=3), tmp_path / "seen"
    send(aws, queue.url, "one", "fail", "two")

    async def scenario() -> None:
        async with mapped(aws, queue.url, seen):
            await eventually(lambda: left(aws, queue.dead_letter_url) == 1)

    asyncio.run(scenario())
    assert deliveries(seen) == {"one": 1, "two": 1, "fail": 3}
    assert left(aws, queue.url) == 0
    dead = aws.client("sqs").receive_message(QueueUrl=queue.dead_letter_url)["Messages"]
    assert [message["Body"] for message in dead] == ["fail"]


@pytest.mark.parametrize("fault", ["crash", "malformed"])
def test_a_batch_that_fails_whole_comes_again_whole_until_it_is_dead(
    fault: str, aws: LocalAws, make_queue: Callable[..., Any], tmp_path: Path
) -> None:
    queue, seen = make_queue(visibility_timeout=1, max_receives=2), tmp_path / "seen"
    send(aws, queue.url, fault, "innocent")

    async def scenario() -> None:
        async with mapped(aws, queue.url, seen):
            await eventually(lambda: left(aws, queue.dead_letter_url) >= 1)

    asyncio.run(scenario())
    assert deliveries(seen)[fault] == 2


def test_an_answer_of_nothing_means_that_all_succeeded(
    aws: LocalAws, make_queue: Callable[..., Any], tmp_path: Path
) -> None:
    queue, seen = make_queue(), tmp_path / "seen"
    send(aws, queue.url, "nothing")

    async def scenario() -> None:
        async with mapped(aws, queue.url, seen):
            await eventually(lambda: deliveries(seen) and not left(aws, queue.url))

    asyncio.run(scenario())
    assert deliveries(seen) == {"nothing": 1}


def test_a_stop_returns_what_its_invocation_could_not_finish(
    aws: LocalAws, make_queue: Callable[..., Any], tmp_path: Path
) -> None:
    """The visibility timeout is 16 minutes, yet a restarted system sees the message at once."""
    queue = make_queue(visibility_timeout=960)
    send(aws, queue.url, json.dumps({"do": "hang"}))
    trigger = QueueTrigger("q", batch_size=1)
    hanging = Function("hang", "tests.integration.local.sample.handlers.hang", 128, 60, (trigger,))

    async def scenario() -> None:
        functions = Functions([hanging], {"hang": {}}, lambda *_: None)
        client = aws.client("sqs")
        source = EventSource(
            trigger, SourceQueue(queue.url, ARN, REGION), functions["hang"], client, lambda _: None
        )
        source.start()
        await eventually(lambda: any(state.busy for state in functions.states()))
        await source.stop(grace=0)
        await functions.close()

    asyncio.run(scenario())
    again = aws.client("sqs").receive_message(QueueUrl=queue.url, MessageSystemAttributeNames=["All"])[
        "Messages"
    ]
    assert again[0]["Attributes"]["ApproximateReceiveCount"] == "2"


def test_a_record_has_the_form_of_the_documented_example(
    aws: LocalAws, make_queue: Callable[..., Any]
) -> None:
    queue, client = make_queue(), aws.client("sqs")
    client.send_message(
        QueueUrl=queue.url,
        MessageBody="text",
        MessageGroupId="tenant-1",
        MessageAttributes={
            "tenant-id": {"DataType": "String", "StringValue": "demo"},
            "raw": {"DataType": "Binary", "BinaryValue": b"\x00\x01"},
        },
    )
    message = client.receive_message(
        QueueUrl=queue.url, MessageSystemAttributeNames=["All"], MessageAttributeNames=["All"]
    )["Messages"][0]

    made = record(message, SourceQueue(queue.url, ARN, REGION))

    assert (made["body"], made["eventSource"], made["eventSourceARN"], made["awsRegion"]) == (
        *("text", "aws:sqs", ARN),
        REGION,
    )
    assert made["messageId"] == message["MessageId"]
    assert made["receiptHandle"] == message["ReceiptHandle"]
    assert made["md5OfBody"] == message["MD5OfBody"]
    assert made["attributes"]["ApproximateReceiveCount"] == "1"
    assert made["attributes"]["MessageGroupId"] == "tenant-1"
    assert {"SentTimestamp", "SenderId", "ApproximateFirstReceiveTimestamp"} <= set(made["attributes"])
    assert made["messageAttributes"]["tenant-id"] == {
        "stringValue": "demo",
        "stringListValues": [],
        "binaryListValues": [],
        "dataType": "String",
    }
    assert made["messageAttributes"]["raw"]["binaryValue"] == "AAE="


def answer(value: object) -> Outcome:
    return Outcome("id", json.dumps(value).encode())


def test_reports_of_failures() -> None:
    ids = ["a", "b"]
    assert failures(answer(None), ids) == set()
    assert failures(answer({}), ids) == set()
    assert failures(answer({"batchItemFailures": None}), ids) == set()
    assert failures(answer({"batchItemFailures": []}), ids) == set()
    assert failures(answer({"batchItemFailures": [{"itemIdentifier": "a"}]}), ids) == {"a"}


@pytest.mark.parametrize(
    "report",
    [
        {"batchItemFailures": [{"itemIdentifier": ""}]},
        {"batchItemFailures": [{"itemIdentifier": None}]},
        {"batchItemFailures": [{"wrongKey": "a"}]},
        {"batchItemFailures": [{"itemIdentifier": "elsewhere"}]},
        {"batchItemFailures": ["a"]},
        ["a"],
    ],
    ids=str,
)
def test_a_report_that_is_not_valid_fails_the_whole_batch(report: object) -> None:
    with pytest.raises(ValueError, match="batch"):
        failures(answer(report), ["a", "b"])


def test_a_schedule_sends_scheduled_events_at_its_rate(tmp_path: Path) -> None:
    notes = tmp_path / "events"
    handler = "tests.integration.local.sample.handlers.note"
    timed = Function("timed", handler, 128, 10, (ScheduleTrigger("tick", every=1),))

    async def scenario() -> None:
        functions = Functions(
            [timed], {"timed": {"NOTES": str(notes)}}, lambda *_: None, machine=Machine(writable=[tmp_path])
        )
        scheduler = Scheduler(functions, [timed], REGION)
        scheduler.start()
        await eventually(lambda: notes.exists() and len(notes.read_text().splitlines()) >= 2)
        await scheduler.stop()
        await functions.close()

    asyncio.run(scenario())
    event = json.loads(notes.read_text().splitlines()[0])
    assert (event["source"], event["detail-type"], event["detail"]) == ("aws.events", "Scheduled Event", {})
    assert event["resources"] == ["arn:aws:events:eu-central-1:000000000000:rule/tick"]
