"""The circuit breaker, with a clock of the test's own."""

from __future__ import annotations

import threading

import pytest

from sextant.storage.breaker import CircuitBreaker
from sextant.storage.errors import CircuitOpen


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def state(breaker: CircuitBreaker) -> str:
    return breaker.state


def opened(clock: Clock) -> CircuitBreaker:
    breaker = CircuitBreaker(5, 60.0, clock=clock)
    for _ in range(5):
        breaker.enter()
        breaker.failed()
    return breaker


def test_opens_after_five_failures_in_a_row() -> None:
    breaker = CircuitBreaker(5, 60.0, clock=Clock())
    for _ in range(4):
        breaker.enter()
        breaker.failed()
    breaker.enter()
    breaker.succeeded()
    for _ in range(4):
        breaker.enter()
        breaker.failed()
    assert state(breaker) == "closed"
    breaker.enter()
    breaker.failed()
    assert state(breaker) == "open"


def test_says_how_long_to_wait() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 12.5
    with pytest.raises(CircuitOpen) as refused:
        breaker.enter()
    assert refused.value.retry_after == 47.5


def test_lets_one_probe_through_and_closes_on_its_success() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 60
    assert state(breaker) == "half_open"
    breaker.enter()
    with pytest.raises(CircuitOpen) as refused:
        breaker.enter()
    assert refused.value.retry_after == 1.0
    breaker.succeeded()
    assert state(breaker) == "closed"
    breaker.enter()


def test_opens_again_when_the_probe_fails() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 60
    breaker.enter()
    breaker.failed()
    assert state(breaker) == "open"
    clock.now += 59
    with pytest.raises(CircuitOpen):
        breaker.enter()
    clock.now += 1
    breaker.enter()


def test_a_probe_that_learnt_nothing_gives_its_turn_to_the_next() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 60
    breaker.enter()
    breaker.abandoned()
    breaker.enter()
    breaker.succeeded()
    assert state(breaker) == "closed"


def test_a_failure_that_began_before_the_circuit_opened_does_not_prolong_it() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    breaker.failed()
    clock.now += 30
    breaker.enter()


def test_of_many_threads_exactly_one_probes() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 60
    start = threading.Barrier(16)
    entered: list[int] = []

    def probe() -> None:
        start.wait()
        try:
            breaker.enter()
        except CircuitOpen:
            return
        entered.append(1)

    threads = [threading.Thread(target=probe) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(entered) == 1


def test_tells_an_outage_once_from_its_first_opening_to_the_probe_that_succeeds() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 61.0
    breaker.enter()
    breaker.failed()
    clock.now += 61.0
    breaker.enter()
    outage = breaker.succeeded()
    assert outage is not None
    assert outage.seconds == pytest.approx(122.0)
    assert outage.failures == 6
    assert breaker.succeeded() is None


def test_failures_that_do_not_open_it_are_no_outage() -> None:
    breaker = CircuitBreaker(5, 60.0, clock=Clock())
    breaker.enter()
    breaker.failed()
    breaker.enter()
    assert breaker.succeeded() is None


def test_its_opening_is_a_metric_of_the_name_that_the_alarm_watches(caplog: pytest.LogCaptureFixture) -> None:
    breaker = CircuitBreaker(threshold=2, reset_timeout=10)
    for _ in range(2):
        breaker.failed()

    (record,) = caplog.records
    assert record.__dict__["DatabaseCircuitOpened"] == 1
    (directive,) = record.__dict__["_aws"]["CloudWatchMetrics"]
    # No dimension: the record has no field that could be one.
    assert directive["Dimensions"] == [[]]
    assert directive["Metrics"] == [{"Name": "DatabaseCircuitOpened", "Unit": "Count"}]
