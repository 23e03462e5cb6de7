"""Whatever drivers are put together, a run ends with finite numbers that hang together."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sextant.engine import SimulationRequest, reference_system, simulate
from tests.unit.engine.systems import driver, series

YEARS = st.integers(2026, 2030)
FUELS = st.sampled_from(["gas", "coal", "oil", "biomass", "uranium"])
TECHNOLOGIES = st.sampled_from(["solar", "onshore_wind", "ccgt", "biomass", "coal", "waste", "import"])
QUANTITIES = st.sampled_from(
    [
        {"quantity": "LOAD"},
        {"quantity": "FUEL_PRICE"},
        {"quantity": "FUEL_PRICE", "fuel": "gas"},
        {"quantity": "CARBON_PRICE"},
        {"quantity": "AVAILABILITY", "technology": "solar"},
    ]
)


def share(most: float) -> st.SearchStrategy[float]:
    return st.integers(-10, 10).map(lambda n: n * most / 10)


@st.composite
def simple(draw: st.DrawFn) -> Any:
    """One of the drivers that hold no others."""
    kind = draw(st.integers(0, 6))
    year = draw(YEARS)
    if kind == 0:
        target, rate = draw(st.sampled_from([0.0, 0.3, 0.7, 1.0])), draw(st.sampled_from([0, 30, 150, 2_000]))
        return driver(
            "policy", policy_name="RPS", start_year=year, target=target, alternative_compliance_payment=rate
        )
    if kind == 1:
        return driver("policy", policy_name="CARBON_PRICE", start_year=year, price=draw(st.integers(0, 400)))
    if kind == 2:
        return driver("load_growth", annual_rate=draw(share(0.5)), flat_mw=1_000 * draw(share(9)))
    if kind == 3:
        return driver(
            "fuel_curve",
            fuel=draw(FUELS),
            multiplier=draw(st.sampled_from([0.01, 1, 5])),
            shift=draw(share(20)),
        )
    if kind == 4:
        if draw(st.booleans()):
            return driver("fleet_change", action="RETIRE", technology=draw(TECHNOLOGIES), year=year)
        return driver(
            "fleet_change",
            action="ADD",
            technology=draw(TECHNOLOGIES),
            capacity_mw=draw(st.integers(1, 9_000)),
            year=year,
        )
    if kind == 5:
        return driver(
            "time_series",
            **draw(QUANTITIES),
            trend={"kind": "LINEAR", "rate": draw(share(0.5))},
            cyclical={"amplitude": 1.0, "period_years": 3},
            irregular={"std": 0.5, "persistence": 0.5},
        )
    return driver(
        "stochastic",
        **draw(QUANTITIES),
        distribution="NORMAL",
        mean=draw(share(3)),
        std=1,
        variation="PER_YEAR",
    )


@st.composite
def nested(draw: st.DrawFn) -> Any:
    inner = draw(st.lists(simple(), min_size=1, max_size=3))
    if draw(st.booleans()):
        mode = draw(st.sampled_from(["ADDITIVE", "MULTIPLICATIVE"]))
        return driver("composite", mode=mode, components=[{**one, "weight": draw(share(3))} for one in inner])
    metric = draw(st.sampled_from(["PRICE", "EMISSIONS", "RENEWABLE_SHARE", "UNSERVED_ENERGY", "PEAK_LOAD"]))
    condition = {"metric": metric, "operator": "GT", "value": draw(st.sampled_from([0, 0.4, 100, 9_000]))}
    return driver("conditional", logic="ANY", conditions=[condition], then=inner[:1], otherwise=inner[1:])


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.one_of(simple(), nested()), max_size=4), share(10_000))
def test_every_scenario_ends_in_finite_numbers(assumptions: list[Any], shock: float) -> None:
    # When any scenario runs, with warnings as errors
    parameters = {"draws": 5, "end_year": 2030, "shock_bp": shock}
    result = simulate(SimulationRequest(assumptions, reference_system(), parameters, 1))
    # Then every number is finite, shares are shares, and nothing physical is negative
    rows = result.rows
    assert np.all(np.isfinite(rows.value))
    for metric in (
        "load",
        "generation",
        "capacity",
        "unserved_energy",
        "curtailment",
        "emissions",
        "renewable_build",
    ):
        assert np.all(rows.value[rows.metric == metric] >= 0.0)
    for metric in ("renewable_share", "capacity_factor"):
        values = rows.value[rows.metric == metric]
        assert np.all((values >= 0.0) & (values <= 1.0 + 1e-9))
    if not result.metadata["draws"]:
        # Without chance the balance closes: what is loaded is generated or unserved
        made = sum(
            np.array(series(result, "generation", **tags))
            for tags in result.rows.tag_sets
            if "technology" in tags
        )
        served = np.array(series(result, "load")) - np.array(series(result, "unserved_energy"))
        scale = 1e-9 * max(series(result, "load")) + 1e-3
        assert made == pytest.approx(served, abs=scale)
        target = np.array(series(result, "compliance_payment")) + np.array(
            series(result, "renewable_shortfall")
        )
        assert np.all(target >= 0.0)
