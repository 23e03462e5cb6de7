"""The journal's queue: what is written is carried out, comes again when it fails, and waits for the database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from local.aws import LocalAws
from sextant import bootstrap
from sextant.ids import new_id
from sextant.journal.errors import JournalUnavailableError
from sextant.journal.model import JournalEntry
from sextant.journal.queue import MAX_BYTES, Journal
from sextant.storage.errors import ConnectionLost
from tests.integration.outbox.conftest import ACME
from tests.waiting import until


def entry(number: int, kind: str = "count", **payload: Any) -> JournalEntry:
    return JournalEntry(
        kind, ACME, new_id(), {"n": number, **payload}, datetime.now(UTC), "ana", "corr-1", "00-ab"
    )


@pytest.fixture
def made(aws: LocalAws, make_queue: Callable[..., Any]) -> tuple[Journal, Any, Any]:
    client, queue = aws.client("sqs"), make_queue(visibility_timeout=1, max_receives=3)
    return Journal(client, queue.url), client, queue


def test_what_is_written_comes_as_it_was(made: tuple[Journal, Any, Any]) -> None:
    journal, _, _ = made
    one = entry(1, text="é")
    journal.write(one)
    seen: list[JournalEntry] = []
    assert journal.waiting() == 1
    assert journal.drain({"count": seen.append}, 10).carried_out == 1
    assert (seen, journal.waiting()) == ([one], 0)


def test_a_failing_entry_comes_again_and_is_set_aside_in_the_end(made: tuple[Journal, Any, Any]) -> None:
    journal, client, queue = made
    journal.write(entry(1))
    journal.write(entry(2, kind="unheard-of"))
    client.send_message(QueueUrl=queue.url, MessageBody="no entry")
    journal.write(entry(3))
    done: list[int] = []

    def handle(one: JournalEntry) -> None:
        if one.payload["n"] == 1:
            raise ValueError("not today")
        done.append(one.payload["n"])

    def set_aside() -> bool:
        journal.drain({"count": handle}, 5)
        found = client.get_queue_attributes(
            QueueUrl=queue.dead_letter_url, AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(found["Attributes"]["ApproximateNumberOfMessages"]) == 3

    until(set_aside, within=20)
    assert (done, journal.waiting()) == ([3], 0)


def test_when_the_database_goes_away_the_rest_is_given_back_at_once(made: tuple[Journal, Any, Any]) -> None:
    journal, _, _ = made
    for number in range(8):
        journal.write(entry(number))
    carried_out: list[int] = []
    away = True

    def handle(one: JournalEntry) -> None:
        if away and len(carried_out) == 3:
            raise ConnectionLost
        carried_out.append(one.payload["n"])

    first = journal.drain({"count": handle}, 10)
    assert (first.carried_out, first.failed, first.interrupted) == (3, 0, True)
    away = False
    second = journal.drain({"count": handle}, 10)
    assert (second.carried_out, second.interrupted, sorted(carried_out)) == (5, False, list(range(8)))


def test_it_stops_when_its_time_is_over(made: tuple[Journal, Any, Any]) -> None:
    journal, _, _ = made
    journal.write(entry(1))
    assert journal.drain({}, 0).failed == 0
    assert journal.waiting() == 1


def test_an_entry_that_sqs_would_not_take_is_refused_to_the_caller(made: tuple[Journal, Any, Any]) -> None:
    journal, _, _ = made
    with pytest.raises(JournalUnavailableError, match="262144 bytes"):
        journal.write(entry(1, text="x" * MAX_BYTES))


def test_when_the_queue_is_out_of_reach_too_the_caller_is_told(made: tuple[Journal, Any, Any]) -> None:
    _, client, queue = made
    with pytest.raises(JournalUnavailableError):
        Journal(client, queue.url + "-gone").write(entry(1))


def test_without_its_queue_there_is_no_journal() -> None:
    with bootstrap.installed({}):
        assert bootstrap.journal() is None
