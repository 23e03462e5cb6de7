"""Storages against HiGHS on the same hours: one, exact without a solver, and two of different kinds.

The peer is HiGHS through scipy's linprog, by its interior point, which is quicker at this than its simplex. Only its solving is
timed, not the assembling of matrices; of ours all is. Ours is measured before and after it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from scipy.optimize import linprog

from bench import engine
from bench.report import Row, publish
from sextant.engine.dispatch import DispatchProblem
from sextant.engine.storage.exact import Reservoir
from sextant.engine.storage.several import Operation, operate
from tests.unit.engine.storage_programs import cost, program, storages_of

BATCH = 20
QUARTER = 91 * 24
"""So many hours for the two: HiGHS takes minutes for a year."""


def reservoirs(hours: int) -> tuple[Reservoir, Reservoir]:
    """A battery of four hours, and a pumped storage of ten with an inflow."""
    inflow = 20.0 * (1.0 + np.cos(2 * np.pi * (np.arange(hours) / hours - 0.4)))
    return (
        Reservoir(500.0, 500.0, 2_000.0, 0.92, 0.92, np.zeros(hours)),
        Reservoir(300.0, 250.0, 3_000.0, 0.88, 0.9, inflow),
    )


def compared(problem: DispatchProblem, storages: Sequence[Reservoir], batch: int, name: str) -> list[Row]:
    """Our seconds for each of so many like programs and HiGHS's for one, and how far the costs are apart."""
    one = storages_of(storages, problem.load.shape[1])
    rows = np.zeros(batch, dtype=np.int64)

    def ours() -> tuple[float, Operation]:
        began = time.perf_counter()
        worked = operate(problem.rows(rows), one.rows(rows))
        return (time.perf_counter() - began) / batch, worked

    before, worked = ours()
    prepared = program(problem, storages)
    began = time.perf_counter()
    answer = linprog(method="highs-ipm", **prepared)
    theirs = time.perf_counter() - began
    if answer.status != 0:
        raise RuntimeError(answer.message)
    after, _ = ours()
    apart = abs(cost(problem, problem.load[0] + worked.position[0]) / float(answer.fun) - 1.0)
    label = f"storage-dispatch: {name}"
    return [
        Row(label, "s", 0.5 * (before + after), theirs, "HiGHS highs-ipm", target=0.1, better="lower"),
        Row(f"{label}: relative difference of objectives", "1", apart, target=1e-9, better="lower"),
    ]


def rows() -> list[Row]:
    """One storage in a year of hours, two in a quarter."""
    year = engine.year()
    quarter = replace(
        year,
        load=year.load[:, :QUARTER],
        profiles=year.profiles[:, :QUARTER],
        weights=year.weights[:QUARTER],
        season=year.season[:QUARTER],
    )
    size = f"× {engine.UNITS} units"
    return [
        *compared(year, reservoirs(engine.HOURS)[:1], BATCH, f"1 storage, {engine.HOURS:,} h {size}"),
        *compared(quarter, reservoirs(QUARTER), 1, f"2 storages, {QUARTER:,} h {size}"),
    ]


def main() -> None:
    publish("storage-dispatch", rows())


if __name__ == "__main__":
    main()
