"""Settling: what was sent leaves, what failed waits longer each time, what is refused makes way."""

from __future__ import annotations

from datetime import timedelta

from sextant.outbox import repository, service
from sextant.outbox.model import RetryRule
from sextant.storage import ALL_TENANTS
from tests.integration.outbox.conftest import ACME, BOLT, Outbox, payload

RULE = RetryRule(attempts=3, base=timedelta(seconds=100), cap=timedelta(seconds=250))


def test_what_was_sent_is_gone_and_in_the_history(outbox: Outbox) -> None:
    ids = outbox.enqueue(ACME, 1, 2)
    outbox.settle(outbox.claim())
    assert outbox.rows("outbox_pending") == 0
    assert outbox.scalar("SELECT event_ids FROM outbox_publication") == ids


def test_a_tenant_queue_the_broker_could_not_take_waits_and_keeps_its_order(outbox: Outbox) -> None:
    outbox.enqueue(ACME, 1, 2, 3)
    outbox.enqueue(BOLT, 1)
    # Given that of three the second could not be delivered just now
    settled = outbox.settle(outbox.claim(), ["sent", "released", "untried", "sent"])
    assert (settled.sent, settled.released) == (2, 2)
    # Then nothing of the tenant queue is claimed for a while
    assert outbox.claim().events == []
    outbox.end_delays()
    # And after it the rest comes in order, the failed attempt counted for that one alone
    assert [(e.message.payload, e.message.retry_count) for e in outbox.claim().events] == [
        (payload(2), 1),
        (payload(3), 0),
    ]


def test_what_was_not_tried_comes_at_once(outbox: Outbox) -> None:
    outbox.enqueue(ACME, 1, 2)
    outbox.settle(outbox.claim(), ["sent", "untried"])
    assert outbox.claim().numbers == [("acme", payload(2))]


def test_a_tenant_queue_waits_longer_each_time_but_not_for_ever(outbox: Outbox) -> None:
    outbox.enqueue(ACME, 1)
    rule = RetryRule(queue_base=timedelta(seconds=1), queue_cap=timedelta(seconds=5))
    waits = []
    for _ in range(5):
        outbox.settle(outbox.claim(), "released", rule)
        waits.append(
            round(
                outbox.scalar(
                    "SELECT extract(epoch FROM available_at - clock_timestamp()) FROM outbox_pending"
                )
            )
        )
        outbox.end_delays()
    assert waits == [1, 2, 4, 5, 5]
    assert outbox.rows("outbox_dead") == 0, "a broker that is down makes no event fail"


def test_a_refused_event_makes_way_for_the_others_of_its_tenant(outbox: Outbox) -> None:
    outbox.enqueue(ACME, 1, 2, 3)
    settled = outbox.settle(outbox.claim(), ["refused", "untried", "untried"], RULE)
    assert (settled.delayed, settled.released) == (1, 2)
    assert [e.message.payload for e in outbox.claim().events] == [payload(2), payload(3)]


def test_refused_again_and_again_it_waits_longer_and_fails_with_its_last_error(outbox: Outbox) -> None:
    [poison] = outbox.enqueue(ACME, 1)
    waits = []
    for _ in range(2):
        assert outbox.settle(outbox.claim(), "refused", RULE).delayed == 1
        waits.append(
            round(
                outbox.scalar("SELECT extract(epoch FROM retry_at - clock_timestamp()) FROM outbox_delayed")
            )
        )
        outbox.end_delays()
    assert waits == [100, 200]
    last = outbox.claim()
    assert last.events[0].message.retry_count == 2
    assert outbox.settle(last, "refused", RULE).dead == 1
    assert outbox.rows("outbox_pending") == outbox.rows("outbox_delayed") == 0
    dead = outbox.admin.execute("SELECT event_id, attempts, last_error FROM outbox_dead").fetchone()
    assert dead == (poison, 3, "broken")


def test_times_the_broker_was_down_do_not_count_as_refusals(outbox: Outbox) -> None:
    outbox.enqueue(ACME, 1)
    for _ in range(10):
        outbox.settle(outbox.claim(), "released", RULE)
        outbox.end_delays()
    assert outbox.settle(outbox.claim(), "refused", RULE).delayed == 1


def test_one_claim_can_end_in_every_way_at_once(outbox: Outbox) -> None:
    outbox.enqueue(ACME, 1, 2, 3, 4, 5)
    outbox.enqueue(BOLT, 1)
    verdicts = ["sent", "refused", "dead", "released", "untried", "sent"]
    settled = outbox.settle(outbox.claim(), verdicts, RULE)
    assert (settled.sent, settled.delayed, settled.dead, settled.released, settled.lost) == (2, 1, 1, 2, 0)


def test_settle_and_claim_in_one_round_trip_is_both(outbox: Outbox) -> None:
    outbox.enqueue(ACME, *range(60))
    first = outbox.claim()
    settlement = repository.Settlement(first.token, first.events, ["sent"] * 50, [""] * 50)
    request = repository.ClaimRequest(first.token, 500, timedelta(seconds=30), "", {})
    with outbox.platform.autocommit(ALL_TENANTS) as session:
        settled, fresh = repository.settle_and_claim(session, settlement, RetryRule(), request)
        assert settled.sent == 50
        assert [e.message.payload for e in fresh] == [payload(n) for n in range(50, 60)]
        # With nothing left the settlement is answered all the same.
        last = repository.Settlement(first.token, fresh, ["sent"] * 10, [""] * 10)
        settled, fresh = repository.settle_and_claim(session, last, RetryRule(), request)
    assert (settled.sent, fresh) == (10, [])


class TestHistory:
    def test_old_sent_events_are_forgotten_what_waits_or_failed_is_kept(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1, 2, 3, 4)
        outbox.settle(outbox.claim(), ["sent", "refused", "dead", "released"], RULE)
        with outbox.platform.transaction(ALL_TENANTS) as session:
            purged = repository.purge(session, timedelta(minutes=-1), 100)
        assert (purged.events, purged.publications) == (1, 1)
        assert outbox.rows("outbox_event") == 3

    def test_what_is_young_is_kept(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1)
        outbox.settle(outbox.claim())
        assert outbox.platform.run(ALL_TENANTS, service.purge).events == 0

    def test_a_forgotten_key_may_be_used_again(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1, dedupe_key="k")
        outbox.settle(outbox.claim())
        with outbox.platform.transaction(ALL_TENANTS) as session:
            repository.purge(session, timedelta(minutes=-1), 100)
        outbox.enqueue(ACME, 2, dedupe_key="k")
        assert outbox.claim().numbers == [("acme", payload(2))]
