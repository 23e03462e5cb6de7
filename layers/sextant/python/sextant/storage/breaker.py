"""A circuit breaker: after repeated failures the database is left alone for a while.

Closed → open after `threshold` failures in a row → half-open after `reset_timeout`, when exactly one
caller may probe: its success closes the circuit, its failure opens it for another `reset_timeout`.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from time import monotonic
from typing import Literal

from sextant.observability import DATABASE_CIRCUIT_OPENED, counted
from sextant.storage.errors import CircuitOpen

logger = logging.getLogger("sextant.storage")

State = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Outage:
    """How long a breaker stood open, from its opening to the probe that succeeded."""

    began_at: datetime
    ended_at: datetime
    failures: int
    """How often the database failed: before the breaker opened, and its probes since."""

    @property
    def seconds(self) -> float:
        return (self.ended_at - self.began_at).total_seconds()


class CircuitBreaker:
    """One per database and process; thread-safe. Every `enter` is followed by exactly one outcome."""

    def __init__(
        self, threshold: int, reset_timeout: float, *, clock: Callable[[], float] = monotonic
    ) -> None:
        self._threshold = threshold
        self._reset_timeout = reset_timeout
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened_at: float | None = None
        self._away_since = 0.0
        self._probing = False

    @property
    def state(self) -> State:
        with self._lock:
            return self._state()

    def _state(self) -> State:
        if self._opened_at is None:
            return "closed"
        waited = self._clock() - self._opened_at
        return "half_open" if self._probing or waited >= self._reset_timeout else "open"

    def enter(self) -> None:
        """Ask to use the database; raises `CircuitOpen` with the seconds to wait."""
        with self._lock:
            if self._opened_at is None:
                return
            remaining = self._opened_at + self._reset_timeout - self._clock()
            if remaining > 0 or self._probing:
                raise CircuitOpen(max(remaining, 1.0))
            self._probing = True

    def succeeded(self) -> Outage | None:
        """The database answered (an error about the statement itself is an answer too).

        Returns the outage that this answer ends; to one caller alone.
        """
        if not self._failures and self._opened_at is None:
            return None
        with self._lock:
            ended = None
            if self._opened_at is not None:
                now = datetime.now(UTC)
                away = timedelta(seconds=self._clock() - self._away_since)
                ended = Outage(now - away, now, self._failures)
            self._failures = 0
            self._opened_at = None
            self._probing = False
            return ended

    def failed(self) -> None:
        """The database could not be reached or broke off."""
        with self._lock:
            self._failures += 1
            if self._probing or (self._opened_at is None and self._failures >= self._threshold):
                moment = self._clock()
                if self._opened_at is None:
                    self._away_since = moment
                self._opened_at = moment
                self._probing = False
                logger.error(
                    "the database circuit opened",
                    extra={"failures": self._failures, **counted(DATABASE_CIRCUIT_OPENED)},
                )

    def abandoned(self) -> None:
        """The caller learnt nothing about the database (no free connection, interrupted)."""
        with self._lock:
            self._probing = False
