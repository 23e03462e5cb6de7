"""Hourly results: what they are of, and that they are the hours of the yearly ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sextant.drivers.hourly import METRICS
from sextant.engine import (
    Hourly,
    ModelInputError,
    SimulationRequest,
    SimulationResult,
    reference_system,
    simulate,
)
from sextant.engine.hourly import days
from sextant.execution import parts

YEARS = {"start_year": 2030, "end_year": 2031, "attribution": False}
RPS = {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.55}}
BATTERY = {
    "driver_type": "fleet_change",
    "payload": {
        "action": "ADD",
        "year": 2030,
        "technology": "battery",
        "unit": "Test battery",
        "capacity_mw": 400,
        "variable_cost": 0,
        "fixed_cost": 0,
        "capex": 0,
        "life_years": 20,
        "storage": {"energy_mwh": 1600, "charge_efficiency": 0.95, "discharge_efficiency": 0.9},
    },
}
RANDOM = {
    "driver_type": "stochastic",
    "payload": {"quantity": "LOAD", "distribution": "NORMAL", "mean": 1.0, "std": 0.05},
}


def run(*assumptions: dict[str, Any], **parameters: Any) -> SimulationResult:
    return simulate(SimulationRequest(assumptions, reference_system(), {**YEARS, **parameters}))


def hours_of(result: SimulationResult) -> Hourly:
    assert result.hourly is not None
    return result.hourly


def yearly(result: SimulationResult, metric: str, **tags: str) -> np.ndarray[Any, Any]:
    rows = result.rows
    at = [i for i in range(len(rows)) if rows.metric[i] == metric and dict(rows.tags(i)) == tags]
    return np.asarray(rows.value[at])


@pytest.mark.parametrize(
    "assumptions", [[], [RPS], [BATTERY], [RPS, BATTERY]], ids=["plain", "rps", "battery", "both"]
)
def test_the_hours_add_up_to_the_year(assumptions: list[dict[str, Any]]) -> None:
    result = run(*assumptions, hourly=True)
    hourly = hours_of(result)
    made: dict[str, Any] = {}
    for series, values in zip(hourly.columns, hourly.values, strict=True):
        energy = values @ hourly.weights
        tags = series.tag_map
        if series.metric == "price":
            np.testing.assert_allclose(
                energy / hourly.weights.sum(), yearly(result, "time_weighted_price"), rtol=1e-8
            )
        elif series.metric in (
            "load",
            "unserved_energy",
            "generation",
            "storage_charge",
            "storage_discharge",
        ):
            np.testing.assert_allclose(energy, yearly(result, series.metric, **tags), rtol=1e-8, atol=1e-2)
        elif series.metric == "unit_generation":
            made[tags["technology"]] = made.get(tags["technology"], 0.0) + values
    by_technology = {
        series.tag_map["technology"]: values
        for series, values in zip(hourly.columns, hourly.values, strict=True)
        if series.metric == "generation"
    }
    assert made.keys() == by_technology.keys()
    for technology, values in by_technology.items():
        np.testing.assert_allclose(made[technology], values, atol=1e-4)
    levels = [series for series in hourly.columns if series.metric == "storage_level"]
    assert [series.tag_map for series in levels] == (
        [{"technology": "battery", "unit": "Test battery"}] if BATTERY in assumptions else []
    )


def test_chosen_metrics_and_no_others() -> None:
    hourly = hours_of(run(hourly="storage_level, price"))
    assert [series.metric for series in hourly.columns] == ["price"], "the reference system stores nothing"
    assert hourly.values.shape == (1, 2, 864)
    assert run().hourly is None
    assert run(hourly=False).hourly is None


def test_of_a_random_scenario_the_hours_are_the_central_case() -> None:
    random = run(RANDOM, hourly="price", draws=5)
    np.testing.assert_array_equal(hours_of(random).values, hours_of(run(hourly="price")).values)
    assert random.metadata["hourly"] == {"metrics": ["price"], "case": "central"}
    assert run(hourly="price").metadata["hourly"] == {"metrics": ["price"], "case": "only"}


@pytest.mark.parametrize(
    ("hourly", "message"),
    [("price,wind", "must be true, false, or of price, load"), ("", "hourly"), (3, "hourly")],
    ids=["unknown", "empty", "number"],
)
def test_what_is_no_choice_of_metrics_is_refused(hourly: object, message: str) -> None:
    with pytest.raises(ModelInputError, match=message):
        run(hourly=hourly)


def test_more_than_there_may_be_is_refused_with_an_estimate_before_anything_is_computed() -> None:
    system = reference_system()
    many = tuple(replace(unit, name=f"{unit.name} {n}") for unit in system.units for n in range(10))
    system = replace(system, units=many)
    with pytest.raises(
        ModelInputError, match=r"at most 5,000,000 values; these are up to [67],[0-9]{3},[0-9]{3} \(20 years"
    ):
        simulate(SimulationRequest([], system, {"hourly": True}))
    assert simulate(SimulationRequest([], system, {**YEARS, "hourly": "price,load"})).hourly is not None


def test_of_a_sweep_the_hours_of_all_points_are_counted_before_any_is_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given points of which each has fewer values than there may be, and all together more
    request = SimulationRequest([], reference_system(), {**YEARS, "hourly": "price"})
    sweep = {"shock_bp": list(range(1_000)), "start_year": [2028, 2029, 2030]}
    with pytest.raises(
        ModelInputError, match=r"at most 5,000,000 values; these are up to .* at 3,000 points"
    ):
        parts.divide(request, sweep, 20.0)
    # And of results that are there already no hours are put together where they are too many
    stored = [
        parts.compute(request, {"kind": "point", "parameters": {"shock_bp": basis}}) for basis in (0, 500)
    ]
    monkeypatch.setattr(parts, "MOST_ROWS", 2 * 2 * 864 - 1)
    monkeypatch.setattr(np, "full", None)
    with pytest.raises(ModelInputError, match="those of all points together"):
        parts.merge(request, stored)


def test_a_run_in_parts_has_the_same_hours() -> None:
    system = reference_system()
    request = SimulationRequest([RANDOM], system, {**YEARS, "hourly": "price,generation", "draws": 40})
    blocks = [
        parts.compute(request, {"kind": "draws", "first": first, "last": first + 20, "parameters": {}})
        for first in (0, 20)
    ]
    whole, merged = hours_of(simulate(request)), hours_of(parts.merge(request, blocks))
    assert merged.columns == whole.columns
    np.testing.assert_array_equal(merged.values, whole.values)


def test_points_of_a_sweep_have_their_hours_by_tags_and_years() -> None:
    request = SimulationRequest([], reference_system(), {**YEARS, "hourly": "price"})
    points = [{"start_year": 2030, "shock_bp": 0}, {"start_year": 2031, "shock_bp": 500}]
    stored = [parts.compute(request, {"kind": "point", "parameters": point}) for point in points]
    hourly = hours_of(parts.merge(request, stored))
    assert [series.tag_map for series in hourly.columns] == [
        {"sweep_start_year": "2030", "sweep_shock_bp": "0"},
        {"sweep_start_year": "2031", "sweep_shock_bp": "500"},
    ]
    assert [str(row[0]) for row in hourly.dates] == ["2030-01-01", "2031-01-01"]
    assert np.isnan(hourly.values[1, 0]).all()
    assert not np.isnan(hourly.values[0]).any()


def test_metrics_are_told_as_documented() -> None:
    assert {series.metric for series in hours_of(run(BATTERY, hourly=True)).columns} == set(METRICS)


@pytest.mark.parametrize(
    ("year", "hours", "last_of_february", "last"),
    [
        (2030, 8760, "2030-02-28", "2030-12-31"),
        (2032, 8760, "2032-02-28", "2032-12-31"),
        (2032, 8784, "2032-02-29", "2032-12-31"),
        (2030, 8784, "2030-02-28", "2030-12-31"),
        (2030, 35040, "2030-02-28", "2030-12-31"),
        (2030, 8736, "2030-02-28", "2030-12-30"),
    ],
)
def test_the_days_of_a_calendar(year: int, hours: int, last_of_february: str, last: str) -> None:
    (row,) = days([year], np.ones(hours, dtype=np.int64), hours)
    assert str(row[-1]) == last
    assert str(row[0]) == f"{year}-01-01"
    assert str(row[row < np.datetime64(f"{year}-03-01")][-1]) == last_of_february
    assert np.all(np.diff(row) >= np.timedelta64(0))


def test_a_representative_hour_is_of_its_month() -> None:
    system = reference_system()
    (row,) = days([2030], system.month, len(system.weights))
    assert str(row[0]) == "2030-01-01"
    assert str(row[-1]) == "2030-12-01"
    assert len(set(row.tolist())) == 12
