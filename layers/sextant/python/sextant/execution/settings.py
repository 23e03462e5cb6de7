"""What a deployment says of its runs."""

from __future__ import annotations

from dataclasses import dataclass

from sextant.config import Settings, count, number, optional


@dataclass(frozen=True)
class RunSettings(Settings):
    """How runs are held, split, published and looked after; times are seconds."""

    lease: float = number("SEXTANT_RUN_LEASE", "How long a worker holds a run without renewing", 60, above=0)
    queued_silence: float = number(
        "SEXTANT_QUEUED_SILENCE", "After how long a queued run's message is sent again", 1200
    )
    draws_per_part: int = count(
        "SEXTANT_DRAWS_PER_PART", "Draws of a Monte Carlo run in one part", 500, least=1
    )
    commit_lease: float = number("SEXTANT_COMMIT_LEASE", "How long a committer holds its batch", 60, above=0)
    gate_url: str | None = optional(
        "SEXTANT_RUN_GATE_URL", "The service that is asked before each run is computed"
    )
    gate_timeout: float = number(
        "SEXTANT_RUN_GATE_TIMEOUT", "How long the run gate may take to answer", 10, above=0
    )
