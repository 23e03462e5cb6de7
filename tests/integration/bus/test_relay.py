"""The relay over each real bus: what was committed arrives, in order, and nothing else is called sent."""

from __future__ import annotations

from collections import defaultdict
from datetime import timedelta

from sextant.outbox import repository
from sextant.outbox.model import RetryRule
from sextant.outbox.relay import Relay, RelaySettings
from tests.integration.bus.rigs import Rig
from tests.integration.outbox.conftest import ACME, BOLT, CRUX, Outbox, event, payload

SETTINGS = RelaySettings(
    linger=0,
    publish_timeout=1.5,
    margin=0.5,
    lease=5.0,
    retry=RetryRule(queue_base=timedelta(milliseconds=100)),
)


def test_what_was_committed_arrives_in_each_tenants_order(outbox: Outbox, rig: Rig) -> None:
    for tenant in (ACME, BOLT, CRUX):
        outbox.enqueue(tenant, *range(60), topic="run.requested")
    with outbox.rolled_back(ACME) as session:
        repository.enqueue(session, [event(99, topic="run.requested")])
    assert Relay(outbox.platform, rig.publisher, SETTINGS).drain(60).sent == 180
    got: dict[str, list[str]] = defaultdict(list)
    for message in rig.received("runs", 180):
        got[str(message.tenant_id)].append(message.body)
    if not rig.ordered:
        for found in got.values():
            found.sort(key=[payload(n) for n in range(60)].index)
    assert got == {tenant: [payload(n) for n in range(60)] for tenant in (ACME, BOLT, CRUX)}


def test_events_stored_while_the_broker_is_away_arrive_once_it_is_back(outbox: Outbox, rig: Rig) -> None:
    relay = Relay(outbox.platform, rig.publisher, SETTINGS)
    outbox.enqueue(ACME, 0, topic="run.requested")
    relay.drain(60)
    # Given a broker that is away while the relay tries
    rig.proxy.mode = "cut"
    outbox.enqueue(ACME, *range(1, 20), topic="run.requested")
    report = relay.drain(4.0)
    assert (report.sent, report.dead) == (0, 0)
    assert outbox.rows("outbox_pending") == 19
    # When it is back
    rig.proxy.mode = "pass"
    outbox.end_delays()
    # Then everything arrives under its own id, and is sent
    assert relay.drain(60).sent == 19
    arrived = rig.received("runs", 20)
    assert {message.body for message in arrived} == {payload(n) for n in range(20)}
    assert outbox.rows("outbox_pending") == 0


def test_a_replay_arrives_marked_and_under_the_same_id(outbox: Outbox, rig: Rig) -> None:
    [event_id] = outbox.enqueue(ACME, 1, topic="run.requested")
    relay = Relay(outbox.platform, rig.publisher, SETTINGS)
    relay.drain(60)
    outbox.replay(ACME, event_id)
    relay.drain(60)
    first, again = sorted(rig.received("runs", 2), key=lambda message: message.replayed)
    assert (first.event_id, first.replayed) == (event_id, False)
    assert (again.event_id, again.replayed) == (event_id, True)
