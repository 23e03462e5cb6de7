"""Waiting for a condition, with a deadline instead of a sleep of hopeful length."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T | None], *, within: float = 10.0, every: float = 0.02) -> T:
    """Returns the first truthy answer of `condition`; fails the test when there is none `within` seconds."""
    deadline = time.monotonic() + within
    while True:
        if answer := condition():
            return answer
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {within} s: {getattr(condition, '__name__', condition)}")
        time.sleep(every)
