"""The watch: one relay looks on, the others return, nobody nudges meanwhile, and no event is left behind for it."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from sextant.outbox import repository
from sextant.outbox.model import Call
from sextant.outbox.nudge import COALESCE
from sextant.outbox.relay import Relay, RelaySettings, Report
from sextant.outbox.watch import Watch
from sextant.storage import ALL_TENANTS
from tests.integration.outbox.conftest import ACME, BOLT, Outbox, payload
from tests.integration.outbox.memory_bus import MemoryBus
from tests.waiting import until

QUICK = RelaySettings(linger=0.05, patience=0.0, poll=0.01, watch=0.2)


def keep_watch(
    outbox: Outbox, bus: MemoryBus, settings: RelaySettings = QUICK, seconds: float = 60
) -> Report:
    """As the function does on a nudge: return at once where another keeps the watch."""
    watch = Watch(outbox.platform, settings.watch)
    if watch.take() is not None:
        return Report()
    return Relay(outbox.platform, bus, settings).drain(seconds, watch=watch)


def call(outbox: Outbox, pause: float = COALESCE) -> Call:
    """As the API asks after a commit, with no rights but a tenant's."""
    with outbox.app.autocommit(ACME) as session:
        return repository.call_relay(session, pause)


def test_one_relay_keeps_the_watch_and_the_others_learn_which(outbox: Outbox) -> None:
    first, second = Watch(outbox.platform, 30), Watch(outbox.platform, 30)
    assert first.take() is None
    assert first.take() is None, "it may promise more"
    kept = second.take()
    assert kept is not None
    assert kept.relay == outbox.scalar("SELECT relay FROM outbox_watch")
    assert 29 < kept.seconds <= 30


def test_of_relays_that_start_at_once_one_keeps_the_watch(outbox: Outbox) -> None:
    with ThreadPoolExecutor(8) as pool:
        kept = list(pool.map(lambda _: Watch(outbox.platform, 30).take(), range(8)))
    assert kept.count(None) == 1


def test_while_a_relay_looks_on_nobody_nudges_and_then_one_does(outbox: Outbox) -> None:
    watch = Watch(outbox.platform, 0.3)
    watch.take()
    kept = call(outbox)
    assert not kept.due
    assert 0 < kept.silent_for <= 0.3
    until(lambda: watch.is_over, within=5)
    with ThreadPoolExecutor(8) as pool:
        calls = list(pool.map(lambda _: call(outbox), range(8)))
    assert [each.due for each in calls].count(True) == 1
    assert all(0 < each.silent_for <= COALESCE for each in calls)
    until(lambda: call(outbox, 0.05).due, within=5)


def test_it_looks_on_for_what_comes_and_then_leaves(outbox: Outbox) -> None:
    bus = MemoryBus()
    with ThreadPoolExecutor(1) as pool:
        keeping = pool.submit(keep_watch, outbox, bus, replace(QUICK, linger=3.0))
        outbox.enqueue(ACME, 1)
        until(lambda: bus.delivered, within=3)
        outbox.enqueue(ACME, 2)
        until(lambda: len(bus.delivered) == 2, within=3)
        assert keep_watch(outbox, bus).claimed == 0
        assert keeping.result(timeout=20).sent == 2


def test_what_is_committed_while_the_watch_is_kept_is_published_without_a_nudge(outbox: Outbox) -> None:
    """Given relays that look on as briefly as they can, when events are stored just as they leave and a relay is called only
    where none is said to look on, then every event is published."""
    bus, brief = MemoryBus(), replace(QUICK, linger=0.0, poll=0.004, watch=0.04)
    relays: list[threading.Thread] = []
    for number in range(40):
        outbox.enqueue(ACME, number)
        if call(outbox, 0.02).due:
            relays.append(threading.Thread(target=keep_watch, args=(outbox, bus, brief)))
            relays[-1].start()
        # About as long as one looks on, a little more each time.
        time.sleep(0.034 + 0.001 * (number % 16))
    for relay in relays:
        relay.join()
    assert bus.payloads(ACME) == [payload(number) for number in range(40)]
    assert len(relays) > 1


def test_a_relay_looks_once_more_when_its_promise_has_ended(outbox: Outbox) -> None:
    """Given an event that is committed in the last moment of the promise, after the relay's last look but one."""
    stored: list[object] = []

    class Late(Watch):
        @property
        def is_over(self) -> bool:
            if super().is_over and not stored:
                stored.extend(outbox.enqueue(ACME, 1))
            return super().is_over

    watch = Late(outbox.platform, 0.1)
    assert watch.take() is None
    assert Relay(outbox.platform, MemoryBus(), QUICK).drain(60, watch=watch).sent == 1


def test_a_relay_that_dies_is_followed_when_its_promise_ends(outbox: Outbox) -> None:
    assert Watch(outbox.platform, 0.2).take() is None
    outbox.enqueue(BOLT, 1)
    bus = MemoryBus()
    assert keep_watch(outbox, bus).claimed == 0
    until(lambda: keep_watch(outbox, bus).sent == 1, within=5)


def test_it_promises_no_more_than_it_has_time_for_and_says_what_is_left(outbox: Outbox) -> None:
    class SlowBus(MemoryBus):
        def submit(self, messages, deadline):  # type: ignore[no-untyped-def]
            threading.Event().wait(0.05)
            return super().submit(messages, deadline)

    outbox.quota("acme", max_events=100_000)
    outbox.enqueue(ACME, *range(3000))
    settings = replace(QUICK, publish_timeout=0.5, margin=0.5, batch=20, lease=30)
    report = keep_watch(outbox, SlowBus(), settings, seconds=2.0)
    assert 0 < report.sent < 3000
    assert report.time_over
    # The watch was given up before the time was over: who commits now is told to call.
    assert call(outbox).due


def test_a_tenants_role_may_call_and_never_keep_the_watch(outbox: Outbox) -> None:
    allowed = outbox.admin.execute(
        "SELECT has_column_privilege('sextant_app', 'outbox_watch', c, 'UPDATE')"
        " FROM unnest(ARRAY['called_at', 'ends_at', 'relay']) AS c"
    ).fetchall()
    assert [each[0] for each in allowed] == [True, False, False]
    with outbox.platform.autocommit(ALL_TENANTS) as session:
        assert repository.call_relay(session, 1).due
