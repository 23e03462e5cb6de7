"""The relay: everything is published, in order, whatever fails; nothing is called sent that is not."""

from __future__ import annotations

import socket
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest

from sextant.bus import cloudevents
from sextant.bus.message import SENT, OutboundMessage, Outcome
from sextant.ids import TenantId
from sextant.outbox.model import RetryRule
from sextant.outbox.relay import Relay, RelaySettings, Report
from sextant.outbox.watch import Watch
from sextant.storage import DatabaseSettings, PlatformDatabase
from sextant.storage.errors import DatabaseUnavailable
from tests.integration.outbox.conftest import ACME, BOLT, CRUX, Outbox, payload
from tests.integration.outbox.memory_bus import MemoryBus
from tests.waiting import until

QUICK = RelaySettings(linger=0.0, patience=0.0)
DOWN = Outcome("released", "broker down")


def drain(outbox: Outbox, bus: MemoryBus, settings: RelaySettings = QUICK) -> Report:
    return Relay(outbox.platform, bus, settings).drain(60)


def drain_on_watch(outbox: Outbox, bus: MemoryBus, settings: RelaySettings) -> Report:
    """By the relay that waits for what can be claimed soon."""
    watch = Watch(outbox.platform, settings.watch)
    assert watch.take() is None
    return Relay(outbox.platform, bus, settings).drain(60, watch=watch)


def test_everything_pending_is_published_each_tenants_in_order(outbox: Outbox) -> None:
    for tenant in (ACME, BOLT, CRUX):
        outbox.enqueue(tenant, *range(130))
    bus = MemoryBus()
    report = drain(outbox, bus)
    assert report.sent == report.claimed == 390
    for tenant in (ACME, BOLT, CRUX):
        assert bus.payloads(tenant) == [payload(n) for n in range(130)]
    assert outbox.rows("outbox_pending") == 0


def test_a_hot_tenant_delays_a_quiet_one_by_a_turn_only(outbox: Outbox) -> None:
    outbox.quota("acme", max_events=100_000)
    outbox.enqueue(ACME, *range(2000))
    outbox.enqueue(BOLT, 1)
    bus = MemoryBus()
    drain(outbox, bus)
    place = [message.tenant_id for message in bus.delivered].index("bolt")
    assert place <= 100


def test_the_message_says_what_it_is_and_which_attempt(outbox: Outbox) -> None:
    [event_id] = outbox.enqueue(
        ACME,
        1,
        topic="run.requested",
        dedupe_key="run:1",
        headers={"traceparent": "00-1", "event-id": "forged"},
    )
    failing = MemoryBus(judge=lambda message: DOWN)
    drain(outbox, failing)
    outbox.end_delays()
    bus = MemoryBus()
    drain(outbox, bus)
    [message] = bus.delivered
    assert message.key == "acme:run:1"
    created = message.created_at.isoformat()
    assert message.headers == {
        **cloudevents.headers("acme", event_id, "run.requested", message.created_at),
        "tenant-id": "acme",
        "dedupe-key": "run:1",
        "event-id": str(event_id),
        "event-topic": "run.requested",
        "event-created-at": created,
        "retry-count": "1",
        "processing-attempt": "2",
        "traceparent": "00-1",
    }


def test_while_the_broker_is_down_nothing_is_sent_and_nothing_fails(outbox: Outbox) -> None:
    outbox.enqueue(ACME, *range(10))
    report = drain(outbox, MemoryBus(judge=lambda message: DOWN))
    assert (report.sent, report.dead) == (0, 0)
    assert outbox.rows("outbox_pending") == 10
    assert outbox.scalar("SELECT count(*) FROM outbox_pending WHERE lease_token IS NOT NULL") == 0


def test_a_relay_waits_out_a_short_outage(outbox: Outbox) -> None:
    outbox.enqueue(ACME, *range(3))
    back_at = time.monotonic() + 0.7
    bus = MemoryBus(judge=lambda message: SENT if time.monotonic() > back_at else DOWN)
    rule = RetryRule(queue_base=timedelta(milliseconds=200))
    report = drain_on_watch(outbox, bus, RelaySettings(linger=0.0, patience=5.0, retry=rule))
    assert report.sent == 3
    assert bus.payloads() == [payload(n) for n in range(3)]


def test_a_poison_event_fails_and_the_others_flow_past_it(outbox: Outbox) -> None:
    def judge(message: OutboundMessage) -> Outcome:
        return Outcome("refused", "too large") if message.payload == payload(3) else SENT

    outbox.enqueue(ACME, *range(10))
    bus = MemoryBus(judge)
    rule = RetryRule(attempts=3, base=timedelta(milliseconds=50))
    report = drain_on_watch(outbox, bus, RelaySettings(linger=0.0, patience=2.0, retry=rule))
    assert bus.payloads() == [payload(n) for n in range(10) if n != 3]
    assert (report.delayed, report.dead) == (2, 1)
    assert outbox.scalar("SELECT last_error FROM outbox_dead") == "too large"


def test_what_kills_relays_is_given_up(outbox: Outbox) -> None:
    outbox.enqueue(ACME, 1, 2)
    for _ in range(3):
        outbox.claim()
        outbox.expire_leases()
    bus = MemoryBus()
    settings = replace(QUICK, max_expired_leases=4)
    outbox.claim()
    outbox.expire_leases()
    report = drain(outbox, bus, settings)
    assert (report.dead, report.sent) == (1, 1)
    assert bus.payloads() == [payload(2)]
    assert "fell silent" in outbox.scalar("SELECT last_error FROM outbox_dead")


def test_it_stops_in_time_and_holds_nothing(outbox: Outbox) -> None:
    class SlowBus(MemoryBus):
        def submit(self, messages: Sequence[OutboundMessage], deadline: float):  # type: ignore[no-untyped-def]
            threading.Event().wait(0.1)
            return super().submit(messages, deadline)

    outbox.quota("acme", max_events=100_000)
    outbox.enqueue(ACME, *range(5000))
    began = time.monotonic()
    settings = RelaySettings(publish_timeout=0.5, margin=0.5, lease=30)
    report = Relay(outbox.platform, SlowBus(), settings).drain(2.0)
    assert time.monotonic() - began < 2.0
    assert 0 < report.sent < 5000
    assert outbox.rows("outbox_pending") == 5000 - report.sent
    assert outbox.scalar("SELECT count(*) FROM outbox_pending WHERE lease_token IS NOT NULL") == 0


def test_without_time_nothing_is_claimed(outbox: Outbox) -> None:
    outbox.enqueue(ACME, 1)
    assert Relay(outbox.platform, MemoryBus()).drain(5).claimed == 0


def test_several_relays_at_once_publish_each_event_once_and_in_order(outbox: Outbox) -> None:
    tenants = [TenantId(f"tenant-{n}") for n in range(12)]
    outbox.quota(max_events=1_000_000)
    for tenant in tenants:
        outbox.enqueue(tenant, *range(200))
    bus = MemoryBus()
    with ThreadPoolExecutor(4) as pool:
        reports = list(
            pool.map(lambda _: drain(outbox, bus, replace(QUICK, batch=100, linger=1.0)), range(4))
        )
    assert sum(report.sent for report in reports) == 2400
    assert sum(report.lost for report in reports) == 0
    got: dict[str, list[str]] = defaultdict(list)
    for message in bus.delivered:
        got[message.tenant_id].append(message.payload)
    assert got == {tenant: [payload(n) for n in range(200)] for tenant in tenants}


class TestDatabaseTrouble:
    def test_a_settlement_cut_off_is_done_again(self, outbox: Outbox) -> None:
        # Given a database that ends the relay's session in the middle of its settlement, as a failover does
        outbox.enqueue(ACME, *range(5))
        lock = "SELECT {}(outbox_lane_key('acme'))"
        ended: list[int] = []

        def end_the_settlement() -> None:
            ended.append(
                until(
                    lambda: outbox.scalar(
                        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'sextant_platform' "
                        "AND datname = current_database() AND wait_event = 'advisory'"
                    )
                )
            )
            outbox.scalar(lock.format("pg_advisory_unlock"))

        ending = threading.Thread(target=end_the_settlement)

        def judge(message: OutboundMessage) -> Outcome:
            if not bus.delivered:
                outbox.scalar(lock.format("pg_advisory_lock"))
                ending.start()
            return SENT

        bus = MemoryBus(judge)
        report = drain(outbox, bus, replace(QUICK, in_flight=1))
        ending.join()
        # Then what was published is settled all the same, and nothing is published twice
        assert ended == [1]
        assert report.sent == 5
        assert bus.payloads() == [payload(n) for n in range(5)]
        assert outbox.rows("outbox_pending") == 0

    def test_without_a_database_it_says_so(self, outbox: Outbox) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        url = outbox.through(port, outbox.urls.platform)
        database = PlatformDatabase.connect(DatabaseSettings(url=url, retry_attempts=1))
        with pytest.raises(DatabaseUnavailable):
            Relay(database, MemoryBus(), QUICK).drain(60)
        database.close()
