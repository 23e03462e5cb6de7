"""The dispatch of a cleared market by the hour: what each unit makes in each hour, worked out again when it is asked for."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sextant.engine.dispatch import DispatchProblem, dispatch
from sextant.engine.system import FloatArray, IntArray


@dataclass(frozen=True)
class Mixture:
    """The dispatch of B rows, and where an RPS is met by a mixture of two orders, the other order."""

    served: DispatchProblem  # [B]
    mixed: IntArray  # the rows in which the other order has a part
    other: DispatchProblem | None  # of these rows
    blend: FloatArray  # [B] the part of the other order

    def generation(self, row: int) -> FloatArray:
        """MW [U, H] of one row."""
        made = _generation(self.served, row)
        at = np.flatnonzero(self.mixed == row)
        if self.other is not None and at.size:
            made = made + self.blend[row] * (_generation(self.other, int(at[0])) - made)
        return made


def _generation(problem: DispatchProblem, row: int) -> FloatArray:
    generation = dispatch(problem.rows(slice(row, row + 1)), keep_generation=True).generation
    assert generation is not None
    return np.asarray(generation[0])
