"""The compiled path and plain Python give the same bits, so that it is all one which of them computed a run."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from sextant.engine.storage import exact, native
from sextant.engine.storage.curves import supply_curves
from sextant.engine.storage.exact import Schedule
from tests.unit.engine.storage_programs import random_reservoir, random_system
from tools.native import build


@pytest.fixture(scope="module")
def library() -> None:
    if not native.library_path().exists():
        build(None)
    assert native.available()


@pytest.mark.usefixtures("library")
def test_the_library_computes_what_python_computes_to_the_bit() -> None:
    for seed in range(60):
        rng = np.random.default_rng(seed)
        hours = int(rng.choice([6, 24, 48]))
        problem, reservoir = random_system(rng, hours), random_reservoir(rng, hours)
        if seed % 3 == 0:
            # Prices by season, and days instead of one period
            bids = np.concatenate([problem.bids, problem.bids * 0.7 + 3.0], axis=1)
            season = np.arange(hours) % 2
            problem = replace(problem, bids=bids, ranking=bids, season=season)
        period = 6 if hours == 6 else hours // 2
        curves = supply_curves(problem, 0)
        by_python = exact.solve(curves, problem.load[0], reservoir, period, 1.0)
        by_library = native.solve(curves, problem.load[0], reservoir, period, 1.0)
        for field in fields(Schedule):
            mine, other = getattr(by_python, field.name), getattr(by_library, field.name)
            assert np.array_equal(mine, other), (seed, field.name)
