"""Several years of weather: an ensemble of whole years, or one of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from sextant.engine import (
    BaselineError,
    ModelInputError,
    SimulationRequest,
    SystemData,
    apply_drivers,
    baseline_from_tables,
    merge_parts,
    merit_order,
    simulate_coalitions,
    simulate_draws,
    workload,
)
from sextant.engine.packed import packed, unpacked
from tests.unit.engine.systems import driver, run, series

HOURS = 24
WEATHER = {1995: (0.9, 1.0), 2003: (0.3, 1.1), 2010: (0.1, 1.3)}
"""Of each year the wind, and what the cold makes of the load."""
UNITS: list[dict[str, Any]] = [
    {
        "name": "Wind",
        "technology": "wind",
        "capacity_mw": 100,
        "profile": "wind",
        "renewable": True,
        "capex": 1e6,
    },
    {"name": "Coal", "technology": "coal", "capacity_mw": 120, "variable_cost": 30},
    {"name": "Gas", "technology": "gas", "capacity_mw": 200, "variable_cost": 70},
]
LOAD: list[dict[str, Any]] = [
    {"year": 2030, "hour": hour, "load_mw": 100 + 5 * hour, "month": 1, "weight": 365}
    for hour in range(1, HOURS + 1)
]


def weather_rows(years: Sequence[int] = tuple(WEATHER)) -> list[dict[str, Any]]:
    return [
        {
            "weather_year": year,
            "hour": hour,
            "wind": WEATHER[year][0] * (hour % 5) / 5,
            "load_factor": WEATHER[year][1],
        }
        for year in years
        for hour in range(1, HOURS + 1)
    ]


def system(profiles: list[dict[str, Any]] | None = None) -> SystemData:
    told: dict[str, Any] = {
        "currency": "EUR",
        "price_year": 2025,
        "value_of_lost_load": 3_000.0,
        "end_year": 2031,
    }
    return baseline_from_tables(UNITS, LOAD, profiles or weather_rows(), **told)


def alone(year: int) -> SystemData:
    """The same system with the weather of one year alone, made by hand."""
    rows = weather_rows((year,))
    load = [{**row, "load_mw": row["load_mw"] * WEATHER[year][1]} for row in LOAD]
    profiles = [{"hour": row["hour"], "wind": row["wind"]} for row in rows]
    told: dict[str, Any] = {
        "currency": "EUR",
        "price_year": 2025,
        "value_of_lost_load": 3_000.0,
        "end_year": 2031,
    }
    return baseline_from_tables(UNITS, load, profiles, **told)


BATTERY = driver(
    "fleet_change",
    action="ADD",
    year=2031,
    technology="battery",
    capacity_mw=40,
    storage={"energy_mwh": 80, "charge_efficiency": 0.9, "discharge_efficiency": 0.9},
)
STANDARD = driver("policy", policy_name="RPS", start_year=2031, target=0.5)


@pytest.mark.parametrize("assumptions", [(), (BATTERY,), (STANDARD,)], ids=["untouched", "battery", "target"])
def test_an_ensemble_is_its_weather_years_together(assumptions: tuple[Any, ...]) -> None:
    # Given a system with three years of weather; when it runs, as an ensemble and in each of them
    whole = run(*assumptions, system=system(), keep_draws="price,npv,emissions")
    each = {year: run(*assumptions, system=alone(year)) for year in WEATHER}
    chosen = {year: run(*assumptions, system=system(), weather_year=year) for year in WEATHER}
    # Then each draw is what its year of weather gives, as is the run that chooses it
    for metric in ("price", "npv", "emissions"):
        by_year = np.array([series(each[year], metric) for year in WEATHER])
        for draw, year in enumerate(WEATHER, start=1):
            assert series(whole, f"{metric}.draws", draw=str(draw)) == series(each[year], metric)
            assert series(chosen[year], metric) == series(each[year], metric)
        # and the ensemble has their median, their bands and their mean.
        assert series(whole, metric) == pytest.approx(np.median(by_year, axis=0).tolist(), rel=1e-12)
        assert series(whole, metric, "band_lower") == pytest.approx(
            np.quantile(by_year, 0.05, axis=0).tolist()
        )
        mean = series(whole, f"{metric}.statistics", statistic="mean")
        assert mean == pytest.approx(by_year.mean(axis=0).tolist(), rel=1e-12)
    assert whole.metadata["draws"] == 3
    assert tuple(whole.metadata["parameters"]["weather_years"]) == tuple(WEATHER)
    assert series(chosen[1995], "price", "band_lower") == pytest.approx([np.nan] * 2, nan_ok=True)


NOISE = driver("stochastic", quantity="LOAD", distribution="NORMAL", mean=1.0, std=0.01, variation="PER_YEAR")


def test_draws_take_the_weather_years_in_turn_wherever_they_are_computed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Given chance beside the weather, and blocks of four draws; when the run is computed whole, and in parts
    monkeypatch.setattr(merit_order, "BLOCK_CELLS", 4 * 2 * HOURS)
    request = SimulationRequest((NOISE,), system(), {"draws": 30, "keep_draws": "npv"}, 3)
    work = workload(request)
    assert work is not None
    assert (work.block, work.draws, work.weathers) == (4, 30, 3)
    blocks = [simulate_draws(request, 0, 12), simulate_draws(request, 12, 30)]
    parts = merge_parts(request, blocks, simulate_coalitions(request, 0, work.coalitions).tolist())
    whole = run(NOISE, system=system(), seed=3, draws=30, keep_draws="npv", attribution=True)
    # Then it is the same
    assert parts.rows.value.tobytes() == whole.rows.value.tobytes()
    assert parts.attribution == whole.attribution
    # And draws k, k + 3, k + 6 … are of one weather: their spread is that of the load alone
    npv = np.array([series(whole, "npv.draws", draw=str(k + 1))[0] for k in range(30)])
    within = max(npv[k::3].std() for k in range(3))
    assert within < 0.5 * npv.std()


def test_what_the_weather_moves_is_told_apart_from_the_assumptions() -> None:
    # Given an ensemble; when its change in value is divided
    result = run(BATTERY, driver("load_growth", annual_rate=0.02), system=system(), attribution=True)
    attribution = result.attribution
    assert attribution is not None
    # Then the reference is the untouched system's mean over the weather, and what is left is the median's distance from the mean
    untouched = [series(run(system=alone(year)), "npv")[0] for year in WEATHER]
    assert attribution.reference == pytest.approx(np.mean(untouched), abs=0.01)
    assert [share.label for share in attribution.shares][-1] == "uncertainty"
    assert sum(share.eur for share in attribution.shares) == pytest.approx(attribution.change, abs=0.005)


def test_hours_and_inputs_are_of_one_weather_year() -> None:
    # Hours of an ensemble would be nobody's: the year is asked for
    with pytest.raises(ModelInputError, match="weather_year"):
        run(system=system(), hourly="price")
    with pytest.raises(ModelInputError, match="weather_year"):
        apply_drivers(SimulationRequest((), system(), {}))
    hourly = run(system=system(), hourly="load", weather_year=2010).hourly
    assert hourly is not None
    assert hourly.values[0, 0, 0] == pytest.approx(105 * 1.3)
    with pytest.raises(ModelInputError, match="1995, 2003, 2010"):
        run(system=system(), weather_year=1996)
    with pytest.raises(ModelInputError, match="its weather is one"):
        run(weather_year=1996)


def test_weather_is_kept_packed_and_counts_in_the_digest() -> None:
    original = system()
    copy = unpacked(packed(original), name=original.name, version=original.version)
    assert copy.digest() == original.digest()
    assert [weather.year for weather in copy.weather] == list(WEATHER)
    assert original.digest() != system(weather_rows((1995, 2003))).digest()


def test_what_is_wrong_with_a_weather_year_is_named() -> None:
    rows = weather_rows()
    with pytest.raises(BaselineError) as caught:
        system(rows[:30] + rows[31:])
    assert "profiles" in str(caught.value)
    assert "not 23" in str(caught.value)
    with pytest.raises(BaselineError, match="only with weather_year"):
        system([{"hour": row["hour"], "wind": row["wind"], "load_factor": 1.0} for row in rows[:HOURS]])
    with pytest.raises(BaselineError) as caught:
        system([*rows[:-1], {**rows[-1], "wind": 1.5}])
    assert str(caught.value) == "profiles row 72, column wind: between 0 and 1, not 1.5"
