"""The publishers' contract, the same for SQS and Kafka: each test runs against every publisher."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sextant.bus.events import InboundMessage
from sextant.bus.message import OutboundMessage, Outcome
from tests.integration.bus.rigs import Rig


def message(
    number: int = 0, tenant: str = "acme", topic: str = "run.requested", **fields: Any
) -> OutboundMessage:
    made = OutboundMessage(
        tenant, uuid4(), topic, f"key-{number}", json.dumps({"n": number}), datetime.now(UTC)
    )
    return made._replace(**fields)


def publish(rig: Rig, messages: list[OutboundMessage], seconds: float = 10.0) -> list[Outcome]:
    return rig.publisher.submit(messages, time.monotonic() + seconds).outcomes()


def verdicts(outcomes: Iterable[Outcome]) -> list[str]:
    return [outcome.verdict for outcome in outcomes]


def numbers(messages: Iterable[InboundMessage]) -> list[int]:
    return [message.data["n"] for message in messages]


def test_what_is_called_sent_is_at_the_broker_once(rig: Rig) -> None:
    # Given 130 messages of 5 tenants for two channels
    messages = [message(n, f"tenant-{n % 5}", "run.requested" if n % 2 else "other") for n in range(130)]
    # When they are published
    assert set(verdicts(publish(rig, messages))) == {"sent"}
    # Then each is in its channel, once
    assert sorted(numbers(rig.received("runs", 65))) == list(range(1, 130, 2))
    assert sorted(numbers(rig.received("events", 65))) == list(range(0, 130, 2))


def test_a_tenants_messages_keep_their_order(rig: Rig) -> None:
    messages = [message(n, f"tenant-{n % 7}") for n in range(140)]
    publish(rig, messages)
    got: dict[str, list[int]] = defaultdict(list)
    for one in rig.received("runs", 140):
        got[str(one.tenant_id)].append(one.data["n"])
    if not rig.ordered:
        for found in got.values():
            found.sort()
    assert got == {f"tenant-{t}": list(range(t, 140, 7)) for t in range(7)}


def test_the_message_arrives_as_it_was_with_every_header(rig: Rig) -> None:
    own = {"traceparent": "00-a-b-01", "correlation-id": "c", "custom": "é ☃", "another": "x"}
    sent = message(
        1, payload='{"n": 1, "text": "\ufffe snow ☃"}', retry_count=3, replay_id=uuid4(), own_headers=own
    )
    publish(rig, [sent])
    [got] = rig.received("runs", 1)
    assert got.data == json.loads(sent.payload)
    assert got.headers == sent.headers
    assert len(got.headers) == 18
    assert (got.event_id, got.tenant_id, got.dedupe_key, got.replayed) == (
        sent.event_id,
        "acme",
        "key-1",
        True,
    )


def test_a_platform_event_travels_without_a_tenant(rig: Rig) -> None:
    assert verdicts(publish(rig, [message(1, tenant="-")])) == ["sent"]
    [got] = rig.received("runs", 1)
    assert got.tenant_id is None


def test_nothing_to_publish_is_nothing(rig: Rig) -> None:
    assert publish(rig, []) == []


def test_a_message_too_large_is_refused_and_takes_no_other_with_it(rig: Rig) -> None:
    large = message(3, payload=json.dumps({"n": 3, "x": "x" * rig.too_large}))
    messages = [large if n == 3 else message(n) for n in range(30)]
    outcomes = publish(rig, messages)
    assert verdicts(outcomes) == ["refused" if n == 3 else "sent" for n in range(30)]
    assert outcomes[3].error
    assert sorted(numbers(rig.received("runs", 29))) == [n for n in range(30) if n != 3]


def test_a_topic_without_a_route_or_a_channel_is_refused_alone(rig: Rig) -> None:
    messages = [message(0), message(1, topic="nowhere"), message(2, topic="lost"), message(3)]
    outcomes = publish(rig, messages)
    assert verdicts(outcomes) == ["sent", "refused", "refused" if rig.strict else "sent", "sent"]
    assert "no route" in outcomes[1].error
    assert sorted(numbers(rig.received("runs", 2))) == [0, 3]


def test_while_the_broker_is_away_nothing_is_sent_and_afterwards_all(rig: Rig) -> None:
    publish(rig, [message(0)])
    # Given a broker that cannot be reached
    rig.proxy.mode = "cut"
    messages = [message(n, f"tenant-{n % 3}") for n in range(1, 40)]
    began = time.monotonic()
    outcomes = publish(rig, messages, seconds=2.0)
    # Then nothing is called sent or refused, and the caller is not held up
    assert set(verdicts(outcomes)) <= {"released", "untried"}
    assert "released" in verdicts(outcomes)
    assert time.monotonic() - began < 6
    # And once it is back, the same publisher delivers
    rig.proxy.mode = "pass"
    assert set(verdicts(publish(rig, messages))) == {"sent"}
    assert set(numbers(rig.received("runs", 40))) == set(range(40))


def test_a_lost_acknowledgement_is_not_taken_for_one(rig: Rig) -> None:
    publish(rig, [message(0)])
    # Given a broker whose answers are lost
    rig.proxy.mode = "silent"
    lost = message(1)
    outcomes = publish(rig, [lost], seconds=2.0)
    # Then the message is not called sent, though the broker may have it
    assert verdicts(outcomes) == ["released"]
    # And when it is published again it carries the same event id
    rig.proxy.mode = "pass"
    assert verdicts(publish(rig, [lost])) == ["sent"]
    arrived = rig.received("runs", 2)
    assert {one.event_id for one in arrived if one.data["n"] == 1} == {lost.event_id}


def test_behind_a_released_message_its_tenants_later_ones_wait(rig: Rig) -> None:
    # Given 45 messages of a tenant, more than go out together, and a broker that is away
    rig.proxy.mode = "cut"
    outcomes = publish(rig, [message(n) for n in range(45)], seconds=1.5)
    # Then the first is released, and whatever the broker may have of the rest, none is sent
    assert outcomes[0].verdict == "released"
    assert "sent" not in verdicts(outcomes)


def test_past_the_deadline_nothing_is_tried(rig: Rig) -> None:
    publish(rig, [message(0)])
    assert set(verdicts(publish(rig, [message(n) for n in range(1, 20)], seconds=-1.0))) == {"untried"}
    assert numbers(rig.received("runs", 2, within=1.5)) == [0]
