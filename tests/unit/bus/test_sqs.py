"""What SQS may answer to a batch, and what becomes of each message."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest
from botocore.stub import ANY, Stubber

from sextant.bus.message import OutboundMessage, Outcome
from sextant.bus.routing import Routes
from sextant.bus.sqs import SqsPublisher

URL = "https://sqs.eu-central-1.amazonaws.com/1/runs"


class Answers:
    """A publisher whose client is given its answers."""

    def __init__(self) -> None:
        # One lane, so that the answers are used in the order given.
        self.publisher = SqsPublisher(Routes.parse("*=runs"), {"runs": URL}, connections=1)
        self.stub = Stubber(self.publisher.client)
        self.stub.activate()

    def batch(self, *results: str) -> None:
        """Answer the next batch: `ok`, `sender`, `service` or `silent` for each of its messages."""
        failed = [
            {"Id": str(n), "SenderFault": result == "sender", "Code": "Some", "Message": "why"}
            for n, result in enumerate(results)
            if result in ("sender", "service")
        ]
        successful = [
            {"Id": str(n), "MessageId": "m", "MD5OfMessageBody": "d"}
            for n, result in enumerate(results)
            if result == "ok"
        ]
        expected = {"QueueUrl": URL, "Entries": ANY}
        answer: dict[str, Any] = {"Successful": successful, "Failed": failed}
        self.stub.add_response("send_message_batch", answer, expected)

    def refuse(self, code: str, status: int = 400) -> None:
        """Answer the next batch with an error as a whole."""
        self.stub.add_client_error("send_message_batch", code, "why", http_status_code=status)

    def publish(self, *tenants: str) -> list[Outcome]:
        messages = [OutboundMessage(t, uuid4(), "t", None, "{}", datetime.now(UTC)) for t in tenants]
        outcomes = self.publisher.submit(messages, time.monotonic() + 10).outcomes()
        self.stub.assert_no_pending_responses()
        return outcomes


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Answers]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    answers = Answers()
    yield answers
    answers.publisher.close()
    answers.publisher.client.close()


def verdicts(outcomes: list[Outcome]) -> list[str]:
    return [outcome.verdict for outcome in outcomes]


def test_each_message_of_a_batch_has_its_own_answer(sqs: Answers) -> None:
    sqs.batch("ok", "sender", "service", "silent")
    outcomes = sqs.publish("a", "b", "c", "d")
    assert verdicts(outcomes) == ["sent", "refused", "released", "released"]
    assert outcomes[1].error == "Some: why"


def test_behind_a_released_message_its_tenants_later_batches_are_not_sent(sqs: Answers) -> None:
    # Given 25 messages in three batches, every second of `a`, and one of `a` released in the first
    sqs.batch("service", *["ok"] * 9)
    sqs.batch(*["ok"] * 5)
    sqs.batch(*["ok"] * 2)
    outcomes = verdicts(sqs.publish(*["a" if n % 2 == 0 else "b" for n in range(25)]))
    # Then those that left together with it are sent, and of the later ones those of others
    assert outcomes[:10] == ["released"] + ["sent"] * 9
    assert outcomes[10:] == ["untried" if n % 2 == 0 else "sent" for n in range(10, 25)]


@pytest.mark.parametrize(
    ("code", "status", "verdict"),
    [
        ("AWS.SimpleQueueService.NonExistentQueue", 400, "refused"),
        ("AccessDenied", 403, "refused"),
        ("KmsAccessDenied", 400, "refused"),
        ("RequestThrottled", 400, "released"),
        ("ServiceUnavailable", 503, "released"),
        ("ExpiredToken", 403, "released"),
    ],
)
def test_an_error_of_the_whole_request_is_the_queues_or_the_services(
    sqs: Answers, code: str, status: int, verdict: str
) -> None:
    # boto tries once more by itself what may pass.
    for _ in range(2 if verdict == "released" and status != 403 else 1):
        sqs.refuse(code, status)
    messages = ["a", "b"]
    outcomes = sqs.publisher.submit(
        [OutboundMessage(t, uuid4(), "t", None, "{}", datetime.now(UTC)) for t in messages],
        time.monotonic() + 10,
    ).outcomes()
    assert verdicts(outcomes) == [verdict] * 2


def test_a_message_that_spoils_its_batch_is_found_by_sending_each_alone(sqs: Answers) -> None:
    sqs.refuse("InvalidMessageContents")
    sqs.batch("ok")
    sqs.refuse("InvalidMessageContents")
    sqs.batch("ok")
    assert verdicts(sqs.publish("a", "b", "c")) == ["sent", "refused", "sent"]
