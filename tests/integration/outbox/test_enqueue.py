"""Storing events: with the caller's transaction, once, and not without bound."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from sextant.ids import TenantId
from sextant.outbox import repository
from sextant.outbox.backpressure import OutboxBackpressureError
from sextant.outbox.model import PLATFORM, NewEvent
from sextant.outbox.relay import Relay
from sextant.storage import ALL_TENANTS, Database, DatabaseSettings
from sextant.storage.errors import AccessDenied, TenantIsolationError, UniqueViolation
from tests.integration.outbox.conftest import ACME, BOLT, Outbox, event
from tests.integration.outbox.memory_bus import MemoryBus
from tests.integration.storage.wire import WireProxy


def test_an_event_stands_or_falls_with_the_transaction_that_stores_it(outbox: Outbox) -> None:
    # When a transaction enqueues and then fails
    with outbox.rolled_back(ACME) as session:
        repository.enqueue(session, [event(1)])
    # Then nothing of it is left
    assert outbox.rows("outbox_event") == outbox.rows("outbox_pending") == 0


def test_a_repeated_dedupe_key_returns_the_first_event(outbox: Outbox) -> None:
    [first] = outbox.enqueue(ACME, 1, dedupe_key="run:1")
    [again] = outbox.enqueue(ACME, 2, dedupe_key="run:1")
    assert again == first
    assert [e.message.payload for e in outbox.claim().events] == ['{"n": 1}']


def test_repeats_within_one_call_are_one_event(outbox: Outbox) -> None:
    ids = outbox.enqueue(ACME, 1, 1, dedupe_key="same")
    assert ids[0] == ids[1]
    assert outbox.rows("outbox_pending") == 1


def test_events_without_a_dedupe_key_are_never_repeats(outbox: Outbox) -> None:
    ids = outbox.enqueue(ACME, 1, 1)
    assert ids[0] != ids[1]
    assert outbox.rows("outbox_pending") == 2


def test_the_same_key_of_two_tenants_is_two_events(outbox: Outbox) -> None:
    assert outbox.enqueue(ACME, 1, dedupe_key="k") != outbox.enqueue(BOLT, 1, dedupe_key="k")


def test_a_platform_event_without_a_tenant_is_deduplicated_too(outbox: Outbox) -> None:
    def store() -> list[object]:
        with outbox.platform.transaction(ALL_TENANTS) as session:
            return list(repository.enqueue(session, [event(1, dedupe_key="nightly")]))

    assert store() == store()
    assert [e.tenant_id for e in outbox.claim().events] == [PLATFORM]


def test_the_constraint_that_deduplicates_has_its_name(outbox: Outbox) -> None:
    outbox.enqueue(ACME, 1, dedupe_key="k")
    with pytest.raises(UniqueViolation) as raised, outbox.app.transaction(ACME) as session:
        session.execute(
            "INSERT INTO outbox_event (tenant_id, id, topic, dedupe_key, payload) "
            "VALUES (%s, gen_random_uuid(), 't', 'k', '{}')",
            (ACME,),
        )
    assert raised.value.constraint == "uq_outbox_tenant_dedupe"


def test_twenty_at_once_with_one_key_store_one_event(outbox: Outbox) -> None:
    together = threading.Barrier(20)

    def store(number: int) -> object:
        together.wait()
        return outbox.enqueue(ACME, number, dedupe_key="race")[0]

    with ThreadPoolExecutor(20) as pool:
        ids = set(pool.map(store, range(20)))
    assert len(ids) == 1
    assert outbox.rows("outbox_event") == outbox.rows("outbox_pending") == 1


def test_many_events_take_one_round_trip_and_keep_their_order(outbox: Outbox) -> None:
    with WireProxy(*outbox.server) as proxy:
        database = Database.connect(DatabaseSettings(url=outbox.through(proxy.port)))
        proxy.recording.clear()
        with database.transaction(ACME) as session:
            ids = repository.enqueue(session, [event(n) for n in range(100)])
            assert proxy.recording.round_trips == 1
        database.close()
    claimed = outbox.claim()
    assert [e.message.event_id for e in claimed.events] == ids[:50]
    assert sorted(ids) == sorted(ids, key=ids.index), "ids grow with the order"


def test_two_open_transactions_of_one_tenant_do_not_wait_for_each_other(outbox: Outbox) -> None:
    outbox.enqueue(ACME, 0)
    # Given a transaction that has enqueued and stays open
    with outbox.app.transaction(ACME) as slow:
        repository.enqueue(slow, [event(1)])
        # When another enqueues for the same tenant
        with ThreadPoolExecutor(1) as pool:
            # Then it commits at once
            pool.submit(outbox.enqueue, ACME, 2).result(timeout=5)
        assert [e.message.payload for e in outbox.claim().events] == ['{"n": 0}', '{"n": 2}']


def test_a_delayed_event_is_not_published_sooner(outbox: Outbox) -> None:
    outbox.enqueue(ACME, 1, delay=timedelta(hours=1))
    outbox.enqueue(ACME, 2)
    claimed = outbox.claim()
    assert [e.message.payload for e in claimed.events] == ['{"n": 2}']
    outbox.settle(claimed)
    outbox.end_delays()
    assert [e.message.payload for e in outbox.claim().events] == ['{"n": 1}']


class TestBackpressure:
    def test_at_the_limit_the_event_and_its_transaction_are_refused(self, outbox: Outbox) -> None:
        outbox.quota("acme", max_pending=3)
        outbox.enqueue(ACME, 1, 2, 3)
        with pytest.raises(OutboxBackpressureError) as raised:
            outbox.enqueue(ACME, 4)
        assert (raised.value.status, raised.value.code) == (429, "outbox_backpressure")
        assert outbox.rows("outbox_event") == outbox.rows("outbox_pending") == 3

    def test_a_batch_that_would_pass_the_limit_is_refused_whole(self, outbox: Outbox) -> None:
        outbox.quota("acme", max_pending=3)
        outbox.enqueue(ACME, 1, 2)
        with pytest.raises(OutboxBackpressureError):
            outbox.enqueue(ACME, 3, 4)
        assert outbox.rows("outbox_event") == 2

    def test_another_tenant_is_not_held_back(self, outbox: Outbox) -> None:
        outbox.quota("acme", max_pending=1)
        outbox.enqueue(ACME, 1)
        outbox.enqueue(BOLT, 1, 2, 3)
        assert outbox.rows("outbox_pending") == 4

    def test_a_repeat_is_answered_also_at_the_limit(self, outbox: Outbox) -> None:
        outbox.quota("acme", max_pending=1)
        stored = outbox.enqueue(ACME, 1, dedupe_key="k")
        assert outbox.enqueue(ACME, 1, dedupe_key="k") == stored

    def test_what_was_accepted_before_is_finished(self, outbox: Outbox) -> None:
        # The platform's sessions, and whoever says so, are never refused.
        outbox.quota("acme", max_pending=1)
        outbox.enqueue(ACME, 1)
        with outbox.platform.transaction(ALL_TENANTS) as session:
            repository.enqueue(session, [event(2)], tenant=ACME)
        with outbox.app.transaction(ACME) as session:
            repository.enqueue(session, [event(3)], refusable=False)
        assert outbox.rows("outbox_pending") == 3

    def test_once_the_tenant_queue_is_drained_events_are_taken_again(self, outbox: Outbox) -> None:
        outbox.quota("acme", max_pending=2)
        outbox.enqueue(ACME, 1, 2)
        outbox.settle(outbox.claim())
        outbox.enqueue(ACME, 3, 4)
        assert outbox.rows("outbox_event") == 4

    def test_a_large_limit_without_a_relay_is_kept_to_the_next_measure(self, outbox: Outbox) -> None:
        # Given a tenant queue that grows beyond what is counted at each enqueue
        outbox.quota("acme", max_pending=2000)
        outbox.enqueue(ACME, *range(1500))
        outbox.enqueue(ACME, 1)
        # Then whoever counted it left the length for the next ones
        assert outbox.scalar("SELECT pending FROM outbox_lane") == 1500
        # And once that is too old it is counted again
        outbox.enqueue(ACME, *range(499))
        outbox.admin.execute("UPDATE outbox_lane SET measured_at = now() - interval '3 seconds'")
        with pytest.raises(OutboxBackpressureError):
            outbox.enqueue(ACME, 1)
        assert outbox.rows("outbox_pending") == 2000

    def test_a_relay_keeps_the_length_of_long_tenant_queues_so_that_nobody_has_to_count(
        self, outbox: Outbox
    ) -> None:
        # Given a long tenant queue, and a relay that has measured it while it serves it
        outbox.quota("acme", max_pending=1500, batch_limit=1)
        outbox.enqueue(ACME, *range(1500))
        stops = iter([False, False, True])
        Relay(outbox.platform, MemoryBus()).drain(60, lambda: next(stops, True))
        outbox.platform.run(ALL_TENANTS, lambda session: repository.measure(session, {ACME: 0}, []))
        assert outbox.scalar("SELECT pending FROM outbox_lane") > 1490
        # When the tenant queue is emptied behind the measure's back
        outbox.admin.execute("TRUNCATE outbox_pending")
        outbox.admin.execute("UPDATE outbox_lane SET pending = 1500, measured_at = now()")
        # Then for a moment the measure still stands
        with pytest.raises(OutboxBackpressureError):
            outbox.enqueue(ACME, 1)
        # And not for longer
        outbox.admin.execute("UPDATE outbox_lane SET measured_at = now() - interval '10 seconds'")
        outbox.enqueue(ACME, 1)


class TestIsolation:
    def test_a_tenant_cannot_enqueue_for_another(self, outbox: Outbox) -> None:
        with pytest.raises(TenantIsolationError), outbox.app.transaction(ACME) as session:
            session.execute("SELECT outbox_enqueue('bolt', 't', NULL, '{}')")

    def test_a_tenant_sees_its_own_rows_only(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1)
        outbox.enqueue(BOLT, 1)
        with outbox.app.transaction(ACME) as session:
            for table in ("outbox_event", "outbox_pending", "outbox_lane"):
                assert session.fetch_all(f"SELECT tenant_id FROM {table}", row=str) == ["acme"]

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE outbox_event SET topic = 'x'",
            "DELETE FROM outbox_event",
            "UPDATE outbox_pending SET available_at = 'infinity'",
            "DELETE FROM outbox_pending",
            "UPDATE outbox_lane SET floor = 9",
            "DELETE FROM outbox_lane",
            "UPDATE tenant_quota SET max_events = 1",
            "INSERT INTO outbox_dead (tenant_id, event_id, attempts, last_error) VALUES ('acme', gen_random_uuid(), 1, '')",
            "INSERT INTO outbox_publication VALUES ('acme', now(), gen_random_uuid(), '{}')",
        ],
    )
    def test_a_tenants_session_can_only_add(self, outbox: Outbox, statement: str) -> None:
        outbox.enqueue(ACME, 1)
        with pytest.raises(AccessDenied), outbox.app.transaction(ACME) as session:
            session.execute(statement)

    def test_an_event_is_never_changed_not_even_by_the_platform(self, outbox: Outbox) -> None:
        with pytest.raises(AccessDenied), outbox.platform.transaction(ALL_TENANTS) as session:
            session.execute("UPDATE outbox_event SET topic = 'x'")


def test_a_tenants_first_event_makes_its_tenant_queue(outbox: Outbox) -> None:
    with outbox.app.transaction(TenantId("newcomer")) as session:
        repository.enqueue(session, [NewEvent("t", {})])
    assert outbox.scalar("SELECT count(*) FROM outbox_lane WHERE tenant_id = 'newcomer'") == 1
