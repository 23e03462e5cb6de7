"""What an operator sees and does, and the trail it leaves."""

from __future__ import annotations

from dataclasses import astuple
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from sextant.errors import ValidationError
from sextant.ids import TenantId
from sextant.outbox.administration import service as administration
from sextant.outbox.administration.model import (
    Entry,
    Quota,
    QuotaChange,
    Replay,
    ReplayTooLargeError,
    Selection,
    Status,
    UnknownEventError,
)
from sextant.outbox.model import RetryRule
from sextant.outbox.relay import Relay, RelaySettings
from sextant.paging import Page, PageRequest
from sextant.storage import ALL_TENANTS
from sextant.storage.errors import AccessDenied
from tests.integration.outbox.conftest import ACME, BOLT, Outbox, payload
from tests.integration.outbox.memory_bus import MemoryBus
from tests.integration.storage.explain import explaining


def entries(outbox: Outbox, tenant: TenantId | None = None, **selection: Any) -> list[Entry]:
    chosen = Selection(**selection)
    return outbox.platform.run(
        ALL_TENANTS,
        lambda session: administration.list_events(session, tenant, chosen, PageRequest(limit=100)).items,
    )


def replay(outbox: Outbox, tenant: TenantId | None, selection: Selection) -> Replay:
    return outbox.platform.run(
        ALL_TENANTS,
        lambda session: administration.replay(session, tenant, selection, actor="ana", reason="test"),
    )


def one_of_each(outbox: Outbox) -> dict[Status, int]:
    """acme has an event of each status; its payload's number by status."""
    outbox.enqueue(ACME, 1, 2, 3, 4)
    rule = RetryRule(base=timedelta(hours=1))
    outbox.settle(outbox.claim(), ["sent", "refused", "dead", "untried"], rule)
    return {"SENT": 1, "DELAYED": 2, "FAILED": 3, "PENDING": 4}


class TestListing:
    @pytest.mark.parametrize("status", ["SENT", "DELAYED", "FAILED", "PENDING"])
    def test_each_status_lists_its_events(self, outbox: Outbox, status: Status) -> None:
        number = one_of_each(outbox)[status]
        [entry] = entries(outbox, status=status)
        assert entry.status == status
        detail = outbox.platform.run(
            ALL_TENANTS, lambda session: administration.get_event(session, ACME, entry.id)
        )
        assert detail.payload == {"n": number}
        assert len(detail.published_at) == (status == "SENT")

    def test_without_a_status_all_are_listed_newest_first(self, outbox: Outbox) -> None:
        one_of_each(outbox)
        assert [e.status for e in entries(outbox)] == ["PENDING", "FAILED", "DELAYED", "SENT"]

    def test_failed_events_tell_their_last_error(self, outbox: Outbox) -> None:
        one_of_each(outbox)
        [entry] = entries(outbox, status="FAILED")
        assert (entry.last_error, entry.attempts) == ("broken", 1)
        assert entry.failed_at is not None

    def test_filters_by_tenant_topic_and_time(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1, topic="run.requested")
        outbox.enqueue(BOLT, 2, topic="run.failed")
        middle = datetime.now(UTC)
        outbox.enqueue(BOLT, 3, topic="run.requested")
        assert len(entries(outbox, BOLT)) == 2
        assert [e.tenant_id for e in entries(outbox, topic="run.failed")] == ["bolt"]
        assert [e.topic for e in entries(outbox, created_after=middle)] == ["run.requested"]
        assert len(entries(outbox, created_before=middle)) == 2

    def test_a_tenants_session_lists_its_own(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1)
        outbox.enqueue(BOLT, 1)
        found = outbox.app.run(
            ACME, lambda session: administration.list_events(session, ACME, Selection(), PageRequest()).items
        )
        assert [entry.tenant_id for entry in found] == ["acme"]

    def test_pages_meet_without_gap_or_repeat_also_backwards(self, outbox: Outbox) -> None:
        for number in range(5):
            outbox.enqueue(ACME if number % 2 else BOLT, number)

        def fetch(request: PageRequest) -> Page[Entry]:
            return outbox.platform.run(
                ALL_TENANTS, lambda session: administration.list_events(session, None, Selection(), request)
            )

        first = fetch(PageRequest(limit=2))
        second = fetch(PageRequest(limit=2, key=first.next_key))
        third = fetch(PageRequest(limit=2, key=second.next_key))
        everything = [entry.id for part in (first, second, third) for entry in part.items]
        assert everything == sorted(everything, reverse=True)
        assert len(set(everything)) == 5
        assert third.next_key is None
        assert fetch(PageRequest(limit=2, key=second.prev_key, direction="prev")).items == first.items

    def test_an_unknown_event_is_not_found(self, outbox: Outbox) -> None:
        with pytest.raises(UnknownEventError):
            outbox.platform.run(ALL_TENANTS, lambda session: administration.get_event(session, ACME, uuid4()))


class TestReplay:
    def test_a_sent_event_goes_out_again_under_its_own_id_and_marked(self, outbox: Outbox) -> None:
        [event_id] = outbox.enqueue(ACME, 1)
        bus = MemoryBus()
        relay = Relay(outbox.platform, bus, RelaySettings(linger=0))
        relay.drain(60)
        ordered = replay(outbox, ACME, Selection(ids=[event_id]))
        relay.drain(60)
        first, again = bus.delivered
        assert first.event_id == again.event_id == event_id
        assert "replay-id" not in first.headers
        assert again.headers["replay-id"] == str(ordered.id)

    def test_failed_and_delayed_events_get_a_new_chance(self, outbox: Outbox) -> None:
        one_of_each(outbox)
        assert replay(outbox, ACME, Selection(status="FAILED")).events == 1
        assert replay(outbox, ACME, Selection(status="DELAYED")).events == 1
        assert outbox.rows("outbox_dead") == outbox.rows("outbox_delayed") == 0
        assert [e.message.payload for e in outbox.claim().events] == [payload(4), payload(3), payload(2)]

    def test_what_waits_already_is_not_doubled(self, outbox: Outbox) -> None:
        ids = outbox.enqueue(ACME, 1)
        assert replay(outbox, ACME, Selection(ids=ids)).events == 0
        assert outbox.rows("outbox_pending") == 1

    def test_a_window_of_a_topic_is_replayed_in_the_order_it_had(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1, topic="a")
        began = datetime.now(UTC)
        outbox.enqueue(ACME, 2, 3, topic="a")
        outbox.enqueue(ACME, 4, topic="b")
        outbox.enqueue(BOLT, 5, topic="a")
        outbox.settle(outbox.claim())
        selection = Selection(topic="a", created_after=began)
        counted = outbox.platform.run(
            ALL_TENANTS, lambda session: administration.preview_replay(session, ACME, selection)
        )
        assert counted == 2
        assert replay(outbox, ACME, selection).events == 2
        assert outbox.claim().numbers == [("acme", payload(2)), ("acme", payload(3))]

    def test_it_needs_a_selection_and_a_reason(self, outbox: Outbox) -> None:
        with pytest.raises(ValidationError, match="selection"):
            replay(outbox, ACME, Selection())
        with pytest.raises(ValidationError, match="reason"):
            outbox.platform.run(
                ALL_TENANTS,
                lambda session: administration.replay(
                    session, ACME, Selection(status="FAILED"), actor="ana", reason=" "
                ),
            )

    def test_it_does_not_run_away(self, outbox: Outbox, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(administration, "MAX_REPLAY", 2)
        outbox.enqueue(ACME, 1, 2, 3)
        outbox.settle(outbox.claim())
        with pytest.raises(ReplayTooLargeError):
            replay(outbox, ACME, Selection(topic="t"))

    def test_it_is_audited(self, outbox: Outbox) -> None:
        ids = outbox.enqueue(ACME, 1)
        outbox.settle(outbox.claim())
        ordered = replay(outbox, ACME, Selection(ids=ids))
        [entry, *_] = outbox.platform.run(
            ALL_TENANTS, lambda session: administration.audit_log(session, ACME, PageRequest()).items
        )
        assert (entry.id, entry.action, entry.actor, entry.reason) == (ordered.id, "replay", "ana", "test")
        assert entry.detail["events"] == 1
        assert entry.detail["ids"] == [str(ids[0])]

    def test_a_tenants_session_cannot_replay(self, outbox: Outbox) -> None:
        with pytest.raises(AccessDenied):
            outbox.app.run(
                ACME,
                lambda session: administration.replay(
                    session, ACME, Selection(status="FAILED"), actor="x", reason="x"
                ),
            )


class TestQuotas:
    def quota(self, outbox: Outbox, tenant: TenantId) -> Quota:
        page = outbox.platform.run(
            ALL_TENANTS, lambda session: administration.list_quotas(session, tenant, PageRequest())
        )
        [quota] = page.items
        return quota

    def adjust(self, outbox: Outbox, tenant: TenantId | None, **values: int) -> Quota:
        return outbox.platform.run(
            ALL_TENANTS,
            lambda session: administration.adjust_quota(
                session, tenant, QuotaChange(**values), actor="ana", reason="peak"
            ),
        )

    def test_a_tenant_has_the_defaults_and_what_it_used_is_shown(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1, 2)
        outbox.claim()
        quota = self.quota(outbox, ACME)
        assert (quota.max_events, quota.window_seconds, quota.batch_limit) == (1000, 60, 50)
        assert (quota.used, quota.remaining, quota.overridden) == (2, 998, [])

    def test_adjusting_changes_only_what_is_given(self, outbox: Outbox) -> None:
        quota = self.adjust(outbox, ACME, max_events=5)
        assert (quota.max_events, quota.window_seconds, quota.overridden) == (5, 60, ["max_events"])
        assert (quota.updated_by, quota.reason) == ("ana", "peak")
        assert self.adjust(outbox, ACME, batch_limit=2).max_events == 5

    def test_the_defaults_can_be_adjusted(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1)
        self.adjust(outbox, None, max_events=7)
        assert self.quota(outbox, ACME).max_events == 7

    def test_resetting_gives_the_defaults_and_an_unused_window(self, outbox: Outbox) -> None:
        self.adjust(outbox, ACME, max_events=1)
        outbox.enqueue(ACME, 1, 2)
        outbox.settle(outbox.claim())
        assert self.quota(outbox, ACME).remaining == 0
        quota = outbox.platform.run(
            ALL_TENANTS,
            lambda session: administration.reset_quota(session, ACME, actor="ana", reason="again"),
        )
        assert (quota.max_events, quota.used, quota.remaining) == (1000, 0, 1000)
        assert len(outbox.claim().events) == 1

    @pytest.mark.parametrize(
        ("values", "field"),
        [({"batch_limit": 0}, "batch_limit"), ({"window_seconds": 9999}, "window_seconds"), ({}, "quota")],
    )
    def test_a_bad_value_is_named(self, outbox: Outbox, values: dict[str, int], field: str) -> None:
        with pytest.raises(ValidationError) as raised:
            self.adjust(outbox, ACME, **values)
        assert raised.value.errors[0].path == field


class TestFigures:
    def test_each_tenants_figures(self, outbox: Outbox) -> None:
        one_of_each(outbox)
        outbox.enqueue(BOLT, 1, 2, 3)
        outbox.claim(limit=3)
        page = outbox.platform.run(
            ALL_TENANTS, lambda session: administration.summary(session, None, None, PageRequest())
        )
        figures = {f.tenant_id: f for f in page.items}
        acme, bolt = figures["acme"], figures["bolt"]
        assert (acme.pending, acme.delayed, acme.dead, acme.published) == (1, 1, 1, 1)
        assert (bolt.pending, bolt.leased, bolt.published, bolt.claimed_in_window) == (3, 2, 0, 2)
        assert bolt.oldest_pending_at is not None

    def test_a_tenants_session_sees_its_own_figures(self, outbox: Outbox) -> None:
        outbox.enqueue(ACME, 1)
        outbox.enqueue(BOLT, 1)
        page = outbox.app.run(
            ACME, lambda session: administration.summary(session, ACME, None, PageRequest())
        )
        assert [f.tenant_id for f in page.items] == ["acme"]

    def test_a_page_reads_a_page_of_tenants(self, outbox: Outbox) -> None:
        # Given 300 tenants with an event each
        outbox.admin.execute(
            "INSERT INTO outbox_lane (tenant_id) SELECT format('t%s', lpad(n::text, 3, '0')) FROM generate_series(0, 299) n"
        )
        outbox.admin.execute(
            """
            WITH stored AS (
                INSERT INTO outbox_event (tenant_id, id, topic, payload, headers)
                SELECT tenant_id, outbox_event_id(), 't', '{}', '{}' FROM outbox_lane RETURNING tenant_id, id
            ) INSERT INTO outbox_pending (tenant_id, event_id) SELECT tenant_id, id FROM stored"""
        )
        outbox.admin.execute("ANALYZE outbox_lane, outbox_pending, outbox_event, tenant_quota")

        for read in (
            administration.list_quotas,
            lambda s, t, request: administration.summary(s, t, None, request),
        ):
            seen: list[str] = []
            request = PageRequest(limit=7)
            # When they are paged through, there and back
            with outbox.platform.transaction(ALL_TENANTS) as session:
                while True:
                    page = read(session, None, request)
                    seen += [item.tenant_id for item in page.items]
                    if page.next_key is None:
                        break
                    request = PageRequest(limit=7, key=page.next_key)
                before = read(session, None, PageRequest(limit=7, key=page.prev_key, direction="prev"))
            # Then each comes once, in order, and the page before the last is what it was
            names = [name for name in seen if name != "*"]
            assert names == [f"t{n:03}" for n in range(300)]
            assert [item.tenant_id for item in before.items] == seen[-7 - len(page.items) : -len(page.items)]
            # And a page costs what a page holds
            with explaining(outbox.platform, ALL_TENANTS) as (session, explained):
                read(session, None, PageRequest(limit=7))
                few = explained.pages
                read(session, None, PageRequest(limit=300))
            assert few * 10 < explained.pages - few, explained


def test_a_selection_of_nothing_is_open() -> None:
    assert Selection().is_open
    assert set(astuple(Selection())) == {None}
