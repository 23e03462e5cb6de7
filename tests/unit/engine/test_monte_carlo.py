"""Bands, and the same bytes again: alone, in blocks, and split over workers."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sextant.engine import (
    ModelInputError,
    SimulationRequest,
    SimulationResult,
    merge_parts,
    reference_system,
    simulate,
    simulate_draws,
)
from tests.unit.engine.systems import driver, run, series

ROOT = Path(__file__).parents[3]

UNCERTAIN_GAS = driver(
    "stochastic",
    quantity="FUEL_PRICE",
    fuel="gas",
    distribution="LOGNORMAL",
    mean=1,
    std=0.3,
    variation="AUTOREGRESSIVE",
    name="gas",
)
UNCERTAIN_LOAD = driver(
    "stochastic",
    quantity="LOAD",
    distribution="NORMAL",
    mean=1,
    std=0.03,
    correlations=[{"name": "gas", "coefficient": 0.4}],
)
STANDARD = driver("policy", policy_name="RPS", start_year=2030, target=0.5)
NOISE = driver("time_series", quantity="AVAILABILITY", technology="onshore_wind", irregular={"std": 0.1})


def digest(result: SimulationResult) -> str:
    """Everything in the result, to the byte."""
    seen = hashlib.sha256(repr((result.metadata, result.metrics, result.attribution)).encode())
    rows = result.rows
    for name in ("metric", "asof_date", "value", "unit", "band_lower", "band_upper", "tag_index"):
        seen.update(np.ascontiguousarray(getattr(rows, name)).tobytes())
    seen.update(repr(rows.tag_sets).encode())
    return seen.hexdigest()


def request(draws: int = 40, seed: int = 9, **parameters: Any) -> SimulationRequest:
    assumptions = [STANDARD, UNCERTAIN_GAS, UNCERTAIN_LOAD, NOISE]
    return SimulationRequest(
        assumptions, reference_system(), {"draws": draws, "end_year": 2033, **parameters}, seed
    )


def test_the_same_request_gives_the_same_bytes_and_another_seed_others() -> None:
    assert digest(simulate(request())) == digest(simulate(request()))
    assert digest(simulate(request())) != digest(simulate(request(seed=10)))


@pytest.mark.parametrize("hash_seed", ["1", "2"])
def test_another_process_gives_the_same_bytes(hash_seed: str) -> None:
    # Sets and hashes of texts come in another order in each process
    script = "from tests.unit.engine.test_monte_carlo import digest, request, simulate; print(digest(simulate(request())))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == digest(simulate(request()))


def test_split_over_workers_it_gives_the_same_bytes() -> None:
    # Given draws shared out in uneven parts, when each part runs alone and all are merged
    whole = request()
    parts = [simulate_draws(whole, first, last) for first, last in ((0, 7), (7, 8), (8, 31), (31, 40))]
    # Then nothing tells the result from the one made at once
    assert digest(merge_parts(whole, parts)) == digest(simulate(whole))
    together = simulate_draws(whole, 0, 40)
    for k, values in enumerate(together.values):
        assert np.concatenate([part.values[k] for part in parts]).tobytes() == values.tobytes()
    with pytest.raises(ModelInputError, match="all 40 draws"):
        merge_parts(whole, parts[:3])
    with pytest.raises(ModelInputError, match="random driver"):
        simulate_draws(SimulationRequest([STANDARD], reference_system()), 0, 5)


def test_bands_are_the_percentiles_of_the_draws() -> None:
    # Given load that is uniform between 80 % and 120 %
    factor = driver("stochastic", quantity="LOAD", distribution="UNIFORM", low=0.8, high=1.2)
    result = run(factor, draws=2_000)
    # Then P5, P50 and P95 of the year's energy are those of the distribution
    base = 300 * 12 * 365.0
    for band, expected in (("band_lower", 0.82), ("value", 1.0), ("band_upper", 1.18)):
        assert series(result, "load", band)[0] / base == pytest.approx(expected, abs=0.01)
    assert result.metadata["draws"] == 2_000
    rows = result.rows
    banded = ~np.char.endswith(rows.metric, ".statistics")
    assert np.all(rows.band_lower[banded] <= rows.value[banded])
    assert np.all(rows.value[banded] <= rows.band_upper[banded])
    for metric in result.metrics:
        assert metric.band_lower is not None
        assert metric.band_upper is not None


def test_what_is_random_may_stand_inside_other_drivers() -> None:
    inner = {
        **UNCERTAIN_LOAD,
        "payload": {k: v for k, v in UNCERTAIN_LOAD["payload"].items() if k != "correlations"},
    }
    half = driver("composite", mode="ADDITIVE", components=[{**inner, "weight": 0.5}])
    late = driver(
        "conditional",
        logic="ALL",
        conditions=[{"metric": "YEAR", "operator": "GE", "value": 2032}],
        then=[inner],
    )
    narrow, wide = run(half, draws=300), run(inner, draws=300)
    spread = [series(r, "load", "band_upper")[0] - series(r, "load", "band_lower")[0] for r in (narrow, wide)]
    assert spread[0] == pytest.approx(spread[1] / 2, rel=0.15)
    judged = run(late, draws=50)
    widths = np.array(series(judged, "load", "band_upper")) - np.array(series(judged, "load", "band_lower"))
    assert (widths > 0).tolist() == [False, False, True, True]


def test_conditions_are_judged_draw_by_draw() -> None:
    # Given gas that is dear in half of the draws, and a unit that comes only where it is
    dear = driver("stochastic", quantity="FUEL_PRICE", fuel="gas", distribution="UNIFORM", low=0.5, high=1.5)
    answer = {"driver_type": "load_growth", "payload": {"annual_rate": 0.0, "flat_mw": 300}}
    condition = {"metric": "FUEL_PRICE", "fuel": "gas", "operator": "GT", "value": 8}
    result = run(dear, driver("conditional", logic="ALL", conditions=[condition], then=[answer]), draws=200)
    base = 300 * 12 * 365.0
    assert series(result, "load", "band_lower")[0] == pytest.approx(base)
    assert series(result, "load", "band_upper")[0] == pytest.approx(3 * base)
