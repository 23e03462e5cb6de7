"""How long an invocation may still take, counted by this machine's monotonic clock from where it began.

Lambda's context compares a moment of the service's clock with the clock of the process, so that a process two hours
ahead believes each invocation to be over. The declared timeout is the same span without another clock in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from functions.declaration import Function


class TimeLeft:
    """The seconds that are left of an invocation of `function`; make one where the handler begins."""

    def __init__(self, function: Function, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._until = clock() + function.timeout

    def __call__(self) -> float:
        return self._until - self._clock()
