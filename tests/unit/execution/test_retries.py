"""Which failures are tried again, and after how long."""

from __future__ import annotations

import pytest

from sextant.execution.retries import is_poison, retry_after
from sextant.runs.options import RunOptions


@pytest.mark.parametrize("code", ["model_input", "run_timeout"])
def test_what_cannot_get_better_is_not_tried_again(code: str) -> None:
    assert retry_after(code, 1) is None


def test_the_delay_doubles_up_to_five_minutes_and_is_spread_over_its_upper_half() -> None:
    def seconds(attempt: int, draw: float) -> float:
        delay = retry_after("dependency_failed", attempt, lambda: draw)
        assert delay is not None
        return delay.total_seconds()

    assert [seconds(attempt, 1.0) for attempt in (1, 2, 3, 4)] == [2, 4, 8, 16]
    assert [seconds(attempt, 0.0) for attempt in (1, 2, 3, 4)] == [1, 2, 4, 8]
    assert seconds(50, 1.0) == 300


def test_a_function_out_of_time_is_followed_at_once() -> None:
    delay = retry_after("function_deadline", 3)
    assert delay is not None
    assert delay.total_seconds() == 0


def test_a_crash_is_tried_three_times_in_all_and_then_poison() -> None:
    assert [retry_after("internal_error", attempt) is None for attempt in (1, 2, 3)] == [False, False, True]
    assert is_poison("internal_error")
    assert not is_poison("dependency_failed")


def test_the_priority_is_worth_attempts_unless_the_request_says_how_many() -> None:
    found = [RunOptions(priority=p).retries for p in ("LOW", "NORMAL", "HIGH", "CRITICAL")]
    assert found == [1, 3, 5, 8]
    assert RunOptions(priority="CRITICAL", max_retries=0).retries == 0
