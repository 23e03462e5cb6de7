"""What a worker is given to do, and what became of runs that nobody held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sextant.runs.model import Run


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that this worker holds, with the assumptions of the version it pins (canonical JSON)."""

    run: Run
    assumptions: str


class Recovered(NamedTuple):
    """How many runs the recovery moved, by what it did with them."""

    requeued: int
    failed: int
    timed_out: int
    asked_again: int
