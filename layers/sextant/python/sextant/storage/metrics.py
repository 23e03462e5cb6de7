"""What the storage layer counts: statements, how long they took, and how the last ones fared."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from time import time

logger = logging.getLogger("sextant.storage")

_WINDOW_STATEMENTS = 500
_WINDOW_SECONDS = 60.0


@dataclass(frozen=True)
class StatementStatistics:
    """Counts since the process began; rates and percentiles (in seconds) over the last minute's statements."""

    statements: int
    failures: int
    slow: int
    success_rate: float
    median: float
    p95: float


class StatementLog:
    """Counts every statement and logs the slow ones; thread-safe.

    A failure is the database's (connection lost, unavailable): a constraint that holds is an answer.
    """

    def __init__(self, slow_after: float, *, clock: Callable[[], float] = time) -> None:
        self._slow_after = slow_after
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: deque[tuple[float, float, bool]] = deque(maxlen=_WINDOW_STATEMENTS)
        self._statements = self._failures = self._slow = 0

    def record(self, statement: bytes, seconds: float, *, failed: bool) -> None:
        slow = seconds >= self._slow_after
        with self._lock:
            self._statements += 1
            self._failures += failed
            self._slow += slow
            self._recent.append((self._clock(), seconds, failed))
        if slow:
            # The text never holds values: those travel as parameters.
            logger.warning(
                "slow statement",
                extra={
                    "seconds": round(seconds, 3),
                    "statement": " ".join(statement.decode().split())[:1000],
                },
            )

    def statistics(self) -> StatementStatistics:
        oldest = self._clock() - _WINDOW_SECONDS
        with self._lock:
            recent = [one for one in self._recent if one[0] >= oldest]
            counts = self._statements, self._failures, self._slow
        times = sorted(seconds for _, seconds, _ in recent)
        failed = sum(failed for _, _, failed in recent)
        return StatementStatistics(
            *counts,
            success_rate=1 - failed / len(recent) if recent else 1.0,
            median=times[len(times) // 2] if times else 0.0,
            p95=times[len(times) * 95 // 100] if times else 0.0,
        )
