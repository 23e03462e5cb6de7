"""Claiming: in order, by turns, each event by one relay, and never past a quota."""

from __future__ import annotations

import threading
import time
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from sextant.ids import TenantId
from sextant.outbox import repository, service
from sextant.outbox.low_watermarks import LowWatermarks
from sextant.outbox.relay import RelaySettings
from sextant.storage import ALL_TENANTS
from tests.integration.outbox.conftest import ACME, BOLT, CRUX, Outbox, event, payload
from tests.waiting import until


class TestTurns:
    def test_a_tenants_events_come_in_the_order_they_were_stored(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, *range(20))
        assert outbox.claim().numbers == [("acme", payload(n)) for n in range(20)]

    def test_a_batch_takes_at_most_the_batch_limit_of_a_tenant(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, *range(200))
        outbox.enqueue(BOLT, 1)
        assert Counter(event.tenant_id for event in outbox.claim().events) == {"acme": 50, "bolt": 1}

    def test_a_full_batch_goes_on_behind_the_last_tenant_served(self, outbox: Outbox) -> None:
        for tenant in (ACME, BOLT, CRUX):
            outbox.enqueue(tenant, *range(100))
        first = outbox.claim(limit=75)
        assert [event.tenant_id for event in first.events] == ["acme"] * 50 + ["bolt"] * 25
        second = outbox.claim(limit=75, after="bolt")
        assert [event.tenant_id for event in second.events] == ["crux"] * 50, "acme and bolt are leased"

    def test_the_rotation_begins_again_at_its_end(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1)
        outbox.enqueue(BOLT, 1)
        assert [event.tenant_id for event in outbox.claim(after="acme").events] == ["bolt", "acme"]

    def test_the_batch_limit_can_be_a_tenants_own(self, outbox: Outbox) -> None:
        outbox.quota("acme", batch_limit=7)
        outbox.enqueue(ACME, *range(20))
        assert len(outbox.claim().events) == 7


class TestLease:
    def test_while_a_tenant_queue_is_leased_nobody_else_gets_anything_of_it(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, *range(100))
        outbox.enqueue(BOLT, 1)
        assert len(outbox.claim(limit=50).events) == 50
        assert outbox.claim().numbers == [("bolt", payload(1))]

    def test_once_settled_the_tenant_queue_goes_on_where_it_stopped(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, *range(60))
        outbox.settle(outbox.claim())
        assert outbox.claim().numbers == [("acme", payload(n)) for n in range(50, 60)]

    def test_an_expired_lease_is_taken_over_with_the_attempt_counted(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1, 2)
        outbox.claim(lease=0.05)
        second = until(lambda: outbox.claim().events)
        assert [(e.message.payload, e.expired_leases, e.message.retry_count) for e in second] == [
            (payload(1), 1, 1),
            (payload(2), 1, 1),
        ]

    def test_only_the_holder_can_settle(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1, 2)
        slow = outbox.claim()
        outbox.expire_leases()
        taken = outbox.claim()
        assert outbox.settle(slow).lost == 2
        assert outbox.rows("outbox_pending") == 2
        assert outbox.settle(taken).sent == 2

    def test_an_expired_lease_that_nobody_took_can_still_be_settled(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1)
        slow = outbox.claim()
        outbox.expire_leases()
        assert outbox.settle(slow).sent == 1

    def test_settling_twice_changes_nothing(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1)
        claim = outbox.claim()
        outbox.settle(claim)
        outbox.enqueue(ACME, 2)
        assert outbox.settle(claim).lost == 1
        assert outbox.rows("outbox_pending") == 1

    def test_what_kills_its_relays_is_served_alone(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, *range(10))
        for _ in range(3):
            assert len(outbox.claim().events) == 10
            outbox.expire_leases()
        alone = outbox.claim()
        assert [(e.message.payload, e.expired_leases) for e in alone.events] == [(payload(0), 3)]
        outbox.settle(alone)
        assert [(e.message.payload, e.expired_leases) for e in outbox.claim().events] == [(payload(1), 2)]

    def test_what_kills_its_relays_takes_no_other_tenants_event_with_it(self, outbox: Outbox) -> None:
        # Given an event of one tenant that no relay survives, between those of many others
        others = [TenantId(f"tenant-{place:03}") for place in range(40)]
        for tenant in others:
            outbox.enqueue(tenant, 1)
        killer = TenantId("tenant-019-kills")
        outbox.enqueue(killer, 1)
        # When relays that share a batch die until it is found
        after, deaths, beside = "", 0, 0
        while deaths < 8:
            claim = outbox.claim(after=after)
            after = claim.events[-1].tenant_id
            beside = max([beside, *(one.expired_leases for one in claim.events if one.tenant_id != killer)])
            if any(one.tenant_id == killer for one in claim.events):
                outbox.expire_leases()
                deaths += 1
            else:
                outbox.settle(claim)
        # Then the others came through, and it alone is what relays die of
        pending = outbox.admin.execute("SELECT DISTINCT tenant_id FROM outbox_pending").fetchall()
        assert pending == [(killer,)]
        # And before one of them would have been given up with it
        assert beside < RelaySettings().max_expired_leases


class TestLateCommits:
    """Positions are given out before transactions commit: a lower one may appear after a higher one is gone."""

    def test_an_event_that_commits_late_is_found(self, outbox: Outbox) -> None:
        floors = LowWatermarks()

        def measure() -> None:
            with outbox.platform.autocommit(ALL_TENANTS) as session:
                floors.measured(repository.measure(session, floors.known, floors.watched))

        outbox.enqueue(ACME, 0)
        outbox.settle(outbox.claim())
        with outbox.app.transaction(ACME) as late:
            repository.enqueue(late, [event(1)])
            outbox.enqueue(ACME, 2)
            for _ in range(3):
                measure()
                claim = outbox.claim(floors=floors.known)
                floors.claimed(claim.events)
                outbox.settle(claim)
        assert outbox.claim(floors=floors.known).numbers == [("acme", payload(1))]

    def test_it_is_not_claimed_together_with_what_another_relay_holds(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 0)
        outbox.settle(outbox.claim())
        with outbox.app.transaction(ACME) as late:
            repository.enqueue(late, [event(1)])
            outbox.enqueue(ACME, 2, 3)
            held = outbox.claim()
            assert [e.message.payload for e in held.events] == [payload(2), payload(3)]
        found = outbox.claim()
        assert [e.message.payload for e in found.events] == [payload(1)]
        assert outbox.settle(held).sent == 2
        assert outbox.settle(found).sent == 1

    def test_a_lost_relays_events_are_not_settled_by_it_after_a_late_one_led_the_takeover(
        self, outbox: Outbox
    ) -> None:
        outbox.enqueue(ACME, 0)
        outbox.settle(outbox.claim())
        with outbox.app.transaction(ACME) as late:
            repository.enqueue(late, [event(1)])
            outbox.enqueue(ACME, 2, 3)
            lost = outbox.claim()
        outbox.expire_leases()
        taken = outbox.claim()
        assert [(e.message.payload, e.expired_leases) for e in taken.events] == [
            (payload(1), 0),
            (payload(2), 1),
            (payload(3), 1),
        ]
        assert outbox.settle(lost).lost == 2
        assert outbox.settle(taken).sent == 3

    def test_a_tenants_first_event_is_found_though_another_first_one_was_rolled_back(
        self, outbox: Outbox
    ) -> None:
        # Given two first events of a tenant at once, of which the one that makes the tenant queue is rolled back
        with outbox.rolled_back(ACME) as first:
            repository.enqueue(first, [event(1)])
            outbox.enqueue(ACME, 2)
        # When the schedule looks after the outbox
        outbox.platform.run(ALL_TENANTS, service.find_tenant_queues)
        # Then the other is found
        assert outbox.claim().numbers == [("acme", payload(2))]


class TestManyRelays:
    def test_each_event_is_claimed_once_and_each_tenants_in_order(self, outbox: Outbox) -> None:
        # Given 2,000 events of 8 tenants, and 8 relays at once
        tenants = [TenantId(f"tenant-{n}") for n in range(8)]
        for tenant in tenants:
            outbox.quota(tenant, max_events=1_000_000)
            outbox.enqueue(tenant, *range(250))
        seen: dict[str, list[str]] = defaultdict(list)
        lock = threading.Lock()
        left = threading.Event()

        def relay(number: int) -> None:
            after = f"tenant-{number}"
            while not left.is_set():
                claim = outbox.claim(limit=40, after=after)
                with lock:
                    for one in claim.events:
                        seen[one.tenant_id].append(one.message.payload)
                    if sum(map(len, seen.values())) >= 2000:
                        left.set()
                if claim.events:
                    assert outbox.settle(claim).lost == 0
                    after = claim.events[-1].tenant_id

        with ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(relay, number) for number in range(8)]:
                done.result(timeout=60)
        # Then each event was claimed once, and each tenant's in order
        assert {tenant: seen[tenant] for tenant in tenants} == {
            tenant: [payload(n) for n in range(250)] for tenant in tenants
        }


class TestQuota:
    def test_no_more_than_the_quota_is_claimed_however_many_relays_ask(self, outbox: Outbox) -> None:
        outbox.quota("acme", max_events=500, batch_limit=37)
        outbox.enqueue(ACME, *range(700))

        counts: list[int] = []
        deadline = time.monotonic() + 30

        def relay(_: int) -> None:
            tries_after = 5
            while tries_after:
                claim = outbox.claim()
                counts.append(len(claim.events))
                outbox.settle(claim)
                assert time.monotonic() < deadline
                tries_after -= sum(counts) >= 500

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(relay, range(8)))
        assert sum(counts) == 500

    def test_others_go_on_while_one_rests(self, outbox: Outbox) -> None:
        outbox.quota("acme", max_events=1)
        outbox.enqueue(ACME, 1, 2)
        outbox.enqueue(BOLT, 1)
        outbox.settle(outbox.claim(limit=1))
        assert outbox.claim().numbers == [("bolt", payload(1))]

    def test_a_hundred_resting_tenants_hide_nobody(self, outbox: Outbox) -> None:
        outbox.quota(max_events=0)
        outbox.quota("zeta", max_events=10)
        for number in range(100):
            outbox.enqueue(TenantId(f"rest-{number:03}"), 1)
        outbox.enqueue(TenantId("zeta"), 1)
        assert outbox.claim(limit=50).numbers == [("zeta", payload(1))]

    def test_the_window_slides(self, outbox: Outbox) -> None:
        outbox.quota("acme", max_events=2, backoff_seconds=0)
        outbox.enqueue(ACME, *range(6))
        outbox.settle(outbox.claim())
        # Given that of two claims one was just outside the window, and one within
        outbox.admin.execute("UPDATE outbox_usage SET claimed_at = claimed_at - interval '59 seconds'")
        assert outbox.claim().events == []
        outbox.admin.execute("UPDATE outbox_usage SET claimed_at = claimed_at - interval '2 seconds'")
        assert len(outbox.claim().events) == 2

    def test_a_tenant_that_used_it_up_rests_for_the_backoff(self, outbox: Outbox) -> None:
        outbox.quota("acme", max_events=2, backoff_seconds=3600, window_seconds=1)
        outbox.enqueue(ACME, *range(6))
        outbox.settle(outbox.claim())
        with outbox.platform.autocommit(ALL_TENANTS) as session:
            due = repository.next_due_in(session)
        assert due is not None
        assert 3590 < due < 3601
        outbox.admin.execute("UPDATE outbox_usage SET claimed_at = claimed_at - interval '0.9 seconds'")
        assert outbox.claim().events == []

    def test_a_quota_changed_counts_from_the_next_claim(self, outbox: Outbox) -> None:
        outbox.quota("acme", max_events=1, backoff_seconds=0)
        outbox.enqueue(ACME, *range(6))
        outbox.settle(outbox.claim())
        assert outbox.claim().events == []
        outbox.quota("acme", max_events=4)
        assert len(outbox.claim().events) == 3

    def test_an_open_claim_of_one_tenant_delays_no_enqueue_of_it(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1)
        with outbox.platform.transaction(ALL_TENANTS) as session:
            session.fetch_all("SELECT * FROM outbox_claim(gen_random_uuid(), 10, '30 s')", row=dict)
            with ThreadPoolExecutor(1) as pool:
                pool.submit(outbox.enqueue, ACME, 2).result(timeout=5)


@pytest.mark.parametrize("table", ["outbox_event", "outbox_pending"])
def test_claims_find_their_rows_by_index_whatever_the_statistics_say(outbox: Outbox, table: str) -> None:
    # Given statistics taken while the tables were empty, as autovacuum will
    outbox.admin.execute("ANALYZE")
    outbox.enqueue(ACME, *range(1000))
    scans = "SELECT seq_scan FROM pg_stat_user_tables WHERE relname = %s"
    outbox.admin.execute("SELECT pg_stat_force_next_flush()")
    before = outbox.scalar(scans, table)
    for _ in range(5):
        outbox.settle(outbox.claim())
    with outbox.platform.transaction(ALL_TENANTS) as session:
        session.execute("SELECT pg_stat_force_next_flush()")
    assert outbox.scalar(scans, table) == before
