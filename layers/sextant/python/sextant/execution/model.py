"""What a worker is given to do, and what became of runs that nobody held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sextant.runs.model import Run


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that this worker holds, with the assumptions of the version it pins (canonical JSON)."""

    run: Run
    assumptions: str

    @property
    def claimed_at(self) -> datetime:
        """When it was claimed, by the database's clock: the claim is the last change of a run that was just claimed."""
        return self.run.updated_at

    @property
    def time_left(self) -> timedelta:
        """How long the run may still take when it is claimed: a span of the database's clock alone."""
        deadline = self.run.deadline
        assert deadline is not None, "a claimed run has started"
        return deadline - self.claimed_at


class Recovered(NamedTuple):
    """How many runs the recovery moved, by what it did with them."""

    requeued: int
    failed: int
    timed_out: int
    asked_again: int
