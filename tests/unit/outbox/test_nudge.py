"""Nudges: none while a relay looks on, one for many, and never a failure."""

from __future__ import annotations

from sextant import bootstrap
from sextant.outbox.model import Call
from sextant.outbox.nudge import BACKOFF, COALESCE, Nudger
from sextant.outbox.relay import RelaySettings


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def due() -> Call:
    return Call(due=True, silent_for=COALESCE)


def test_calls_close_together_make_one_nudge() -> None:
    clock, sent = Clock(), list[float]()
    nudger = Nudger(due, lambda: sent.append(clock.now), clock)
    assert [nudger.nudge() for _ in range(3)] == [True, False, False]
    clock.now += COALESCE
    assert nudger.nudge()
    assert len(sent) == 2


def test_while_a_relay_looks_on_the_database_is_asked_once_and_nobody_is_called() -> None:
    clock, asked, sent = Clock(), list[float](), list[float]()

    def ask() -> Call:
        asked.append(clock.now)
        clock.now += 0.1  # the question takes its time
        return Call(due=False, silent_for=0.4)

    nudger = Nudger(ask, lambda: sent.append(clock.now), clock)
    assert not nudger.nudge()
    clock.now = 100.39
    assert not nudger.nudge()
    assert asked == [100.0]
    clock.now = 100.4
    nudger.nudge()
    assert asked == [100.0, 100.4]
    assert sent == []


def test_a_relay_looks_on_for_as_long_as_nudges_are_held_back() -> None:
    assert RelaySettings().watch >= COALESCE


def test_a_nudge_that_fails_fails_nobody_and_is_not_tried_again_at_once() -> None:
    clock, calls = Clock(), list[float]()

    def invoke() -> None:
        calls.append(clock.now)
        raise TimeoutError

    nudger = Nudger(due, invoke, clock)
    assert not nudger.nudge()
    clock.now += BACKOFF - 0.1
    assert not nudger.nudge()
    assert len(calls) == 1
    clock.now += 0.2
    nudger.nudge()
    assert len(calls) == 2


def test_a_question_that_fails_is_no_nudge() -> None:
    def ask() -> Call:
        raise TimeoutError

    assert not Nudger(ask, lambda: None).nudge()


def test_without_a_relay_function_nothing_is_done() -> None:
    with bootstrap.installed({}):
        bootstrap.nudge_relay()
