"""The journal: what is accepted while the database is away is carried out once it is back, once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.aws import LocalAws
from sextant.outbox.journal import EVENT, Journal, JournalUnavailableError, enqueue_handler, take_up
from tests.integration.outbox.conftest import ACME, Outbox, payload
from tests.integration.outbox.test_handler import sqs_event


@pytest.fixture
def queue(aws: LocalAws, make_queue: Any) -> Iterator[tuple[Any, str]]:
    client = aws.client("sqs")
    yield client, make_queue().url
    client.close()


def write(queue: tuple[Any, str], key: str, number: int) -> None:
    Journal(*queue).write(EVENT, ACME, key, {"topic": "t", "payload": {"n": number}}, "corr-1")


def test_a_journaled_event_is_enqueued_with_its_key_and_correlation(
    outbox: Outbox, queue: tuple[Any, str]
) -> None:
    write(queue, "run:1", 1)
    answer = take_up(sqs_event(*queue), {EVENT: enqueue_handler(outbox.app)})
    assert answer == {"batchItemFailures": []}
    [event] = outbox.claim().events
    assert (event.tenant_id, event.message.payload, event.message.dedupe_key) == ("acme", payload(1), "run:1")
    assert event.message.own_headers == {"correlation-id": "corr-1"}


def test_an_entry_delivered_or_written_twice_is_carried_out_once(
    outbox: Outbox, queue: tuple[Any, str]
) -> None:
    write(queue, "run:1", 1)
    write(queue, "run:1", 1)
    event = sqs_event(*queue, messages=2)
    take_up(event, {EVENT: enqueue_handler(outbox.app)})
    take_up(event, {EVENT: enqueue_handler(outbox.app)})
    assert outbox.rows("outbox_event") == 1


def test_what_was_accepted_is_not_refused_at_the_lanes_limit(outbox: Outbox, queue: tuple[Any, str]) -> None:
    outbox.quota("acme", max_pending=1)
    outbox.enqueue(ACME, 0)
    write(queue, "run:1", 1)
    assert take_up(sqs_event(*queue), {EVENT: enqueue_handler(outbox.app)}) == {"batchItemFailures": []}
    assert outbox.rows("outbox_pending") == 2


def test_an_entry_that_cannot_be_carried_out_comes_again(outbox: Outbox, queue: tuple[Any, str]) -> None:
    write(queue, "run:1", 1)
    event = sqs_event(*queue)
    assert take_up(event, {})["batchItemFailures"] == [{"itemIdentifier": event["Records"][0]["messageId"]}]


def test_without_its_queue_there_is_no_journal() -> None:
    assert Journal.from_env({}) is None


def test_when_the_queue_is_out_of_reach_too_the_caller_is_told(aws: LocalAws, queue: tuple[Any, str]) -> None:
    client, url = queue
    with pytest.raises(JournalUnavailableError):
        Journal(client, url + "-gone").write(EVENT, ACME, "k", {})
