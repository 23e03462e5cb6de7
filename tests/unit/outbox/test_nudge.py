"""Nudges: one for many, and never a failure."""

from __future__ import annotations

from sextant import bootstrap
from sextant.outbox.nudge import BACKOFF, COALESCE, Nudger
from sextant.outbox.relay import RelaySettings


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_calls_close_together_make_one_nudge() -> None:
    clock, sent = Clock(), list[float]()
    nudger = Nudger(lambda: sent.append(clock.now), clock)
    assert [nudger.nudge() for _ in range(3)] == [True, False, False]
    clock.now += COALESCE
    assert nudger.nudge()
    assert len(sent) == 2


def test_the_relay_looks_on_for_longer_than_nudges_are_suppressed() -> None:
    assert RelaySettings().linger > COALESCE


def test_a_nudge_that_fails_fails_nobody_and_is_not_tried_again_at_once() -> None:
    clock, calls = Clock(), list[float]()

    def invoke() -> None:
        calls.append(clock.now)
        raise TimeoutError

    nudger = Nudger(invoke, clock)
    assert not nudger.nudge()
    clock.now += BACKOFF - 0.1
    assert not nudger.nudge()
    assert len(calls) == 1
    clock.now += 0.2
    nudger.nudge()
    assert len(calls) == 2


def test_without_a_relay_function_nothing_is_done() -> None:
    with bootstrap.installed({}):
        bootstrap.nudge_relay()
