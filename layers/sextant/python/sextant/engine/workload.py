"""How much a run computes, and about how long each piece takes: by this it is divided, and refused where it cannot end in time."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Workload:
    """What a run evaluates: draws where it is random, and coalitions where it attributes; each takes about `seconds`.

    The seconds are those of a typical machine and follow from the request alone; pieces begin at multiples of `block`.
    """

    draws: int
    coalitions: int
    seconds: float
    block: int
    weathers: int = 1
    """Weather years, in each of which a coalition is evaluated."""

    @property
    def evaluations(self) -> int:
        """Of the market over all years; one where nothing is random."""
        return max(self.draws, 1) + self.coalitions * self.weathers
