"""Inbound events: SQS and Kafka read alike, and only what failed comes again."""

from __future__ import annotations

import base64
import json
from typing import Any
from uuid import UUID

import pytest

from sextant.bus.events import InboundMessage, consume, parse

EVENT = "01a1fc01-2305-738d-8785-878c816ba612"


def sqs(*bodies: str, queue: str = "runs", group: str = "acme", **headers: str) -> dict[str, Any]:
    headers = headers or {"event-id": EVENT, "tenant-id": "acme", "event-topic": "run.requested"}
    return {
        "Records": [
            {
                "messageId": f"m{number}",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "3", "MessageGroupId": group},
                "messageAttributes": {
                    name: {"stringValue": value, "dataType": "String"} for name, value in headers.items()
                },
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:eu-central-1:1:{queue}",
            }
            for number, body in enumerate(bodies)
        ]
    }


def kafka(*records: tuple[int, str, str]) -> dict[str, Any]:
    """Records as (partition, tenant, body), as an MSK mapping delivers them: grouped, encoded."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for offset, (partition, tenant, body) in enumerate(records):
        headers = {"tenant-id": tenant, "event-id": EVENT, "event-topic": "run.requested"}
        groups.setdefault(f"sextant.runs-{partition}", []).append(
            {
                "topic": "sextant.runs",
                "partition": partition,
                "offset": offset,
                "timestamp": 1,
                "timestampType": "CREATE_TIME",
                "key": base64.b64encode(b"k").decode(),
                "value": base64.b64encode(body.encode()).decode(),
                "headers": [{name: list(value.encode())} for name, value in headers.items()],
            }
        )
    return {"eventSource": "aws:kafka", "bootstrapServers": "b:9092", "records": groups}


@pytest.mark.parametrize("event", [sqs('{"n":"é"}'), kafka((0, "acme", '{"n":"é"}'))])
def test_both_sources_give_the_same_message(event: dict[str, Any]) -> None:
    [message] = parse(event)
    assert message.data == {"n": "é"}
    assert (message.event_id, message.tenant_id, message.topic) == (UUID(EVENT), "acme", "run.requested")
    assert not message.replayed


def test_what_sqs_alone_knows() -> None:
    [message] = parse(sqs("{}", queue="sextant-runs"))
    assert (message.source, message.channel, message.receive_count) == ("sqs", "sextant-runs", 3)


def test_headers_beyond_sqss_ten_attributes_are_unpacked() -> None:
    [message] = parse(sqs("{}", headers=json.dumps({"replay-id": "r", "custom": "x"})))
    assert message.headers == {"replay-id": "r", "custom": "x"}
    assert message.replayed


def test_a_message_that_came_by_another_way_than_the_outbox_is_read_too() -> None:
    event = sqs("{}")
    event["Records"][0]["messageAttributes"] = {}
    [message] = parse(event)
    assert (message.event_id, message.tenant_id, message.topic, message.correlation_id) == (
        None,
        None,
        None,
        "",
    )


def test_signed_header_bytes_of_the_mapping_are_read() -> None:
    event = kafka((0, "acme", "{}"))
    event["records"]["sextant.runs-0"][0]["headers"] = [{"custom": [-61, -87]}]
    assert parse(event)[0].headers == {"custom": "é"}


def test_another_kind_of_event_is_refused() -> None:
    with pytest.raises(ValueError, match="neither"):
        parse({"Records": [{"eventSource": "aws:s3"}]})


@pytest.mark.parametrize("packed", ["not json", "[1]", "1", "[" * 100_000, '{"custom": 1, "other": null}'])
def test_packed_headers_that_are_none_are_left_out(packed: str) -> None:
    [message] = parse(sqs("{}", headers=packed, **{"tenant-id": "acme"}))
    assert message.headers == {"tenant-id": "acme"}


def test_a_header_that_no_text_of_ours_can_hold_is_read_as_near_as_can_be() -> None:
    [message] = parse(sqs("{}", headers=json.dumps({"custom": "\ud800\0"})))
    assert message.headers == {"custom": "?\ufffd"}


def test_an_event_id_that_is_none_is_as_good_as_missing() -> None:
    [message] = parse(sqs("{}", **{"event-id": "not an id"}))
    assert message.event_id is None


def test_one_message_with_odd_headers_takes_nobody_with_it() -> None:
    event = sqs(*"abcdefghij")
    event["Records"][4]["messageAttributes"] = {"headers": {"stringValue": "not json", "dataType": "String"}}
    handled, work = fail_on()
    assert consume(event, work) == {"batchItemFailures": []}
    assert handled == list("abcdefghij")


def test_on_kafka_too_only_the_record_that_cannot_be_read_fails() -> None:
    # Given a value that is not UTF-8, and headers that are not, or have no value
    event = kafka((0, "acme", "a"), (0, "bolt", "b"), (0, "crux", "c"), (0, "dune", "d"))
    records = event["records"]["sextant.runs-0"]
    records[1]["value"] = base64.b64encode(b"\xff\xfe").decode()
    records[2]["headers"].append({"custom": [-1, -2]})
    records[3]["headers"].append({"custom": None})
    handled, work = fail_on()
    # When the batch is handled, then that record fails, and the others are done
    answer = consume(event, work)
    assert answer == {"batchItemFailures": [{"itemIdentifier": {"partition": "sextant.runs-0", "offset": 1}}]}
    assert handled == ["a", "c", "d"]


def fail_on(*bodies: str) -> tuple[list[str], Any]:
    handled: list[str] = []

    def work(message: InboundMessage) -> None:
        handled.append(message.body)
        if message.body in bodies:
            raise RuntimeError("no")

    return handled, work


def test_of_an_sqs_batch_only_what_failed_comes_again() -> None:
    handled, work = fail_on("b")
    assert consume(sqs("a", "b", "c"), work) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}
    assert handled == ["a", "b", "c"]


def test_in_a_fifo_group_what_follows_a_failure_waits_for_it() -> None:
    handled, work = fail_on("b")
    answer = consume(sqs("a", "b", "c", queue="runs.fifo"), work)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "m1"}, {"itemIdentifier": "m2"}]}
    assert handled == ["a", "b"]


def test_of_a_kafka_batch_the_failed_offsets_and_those_of_their_tenant_behind_them_come_again() -> None:
    handled, work = fail_on("b")
    answer = consume(
        kafka((0, "acme", "a"), (0, "acme", "b"), (0, "acme", "c"), (0, "bolt", "d"), (1, "crux", "e")), work
    )
    assert answer == {
        "batchItemFailures": [
            {"itemIdentifier": {"partition": "sextant.runs-0", "offset": 1}},
            {"itemIdentifier": {"partition": "sextant.runs-0", "offset": 2}},
        ]
    }
    assert handled == ["a", "b", "d", "e"]
