"""A unit of a technology that the baseline lacks: everything about it is said, nothing borrowed."""

from __future__ import annotations

from typing import Any

import pytest

from sextant.engine import ModelInputError, Unit
from tests.unit.engine.systems import driver, run, series, small_system

OWN: dict[str, Any] = {
    "technology": "tidal",
    "capacity_mw": 60.0,
    "profile": "wind",
    "renewable": True,
    "variable_cost": -2.0,
    "fixed_cost": 500.0,
    "capex": 2e5,
    "life_years": 20,
}


def addition(**changes: Any) -> Any:
    return driver("fleet_change", action="ADD", year=2031, **{**OWN, **changes})


@pytest.mark.parametrize(
    ("fields", "of_unit"),
    [
        ({}, {}),
        ({"must_take": True, "renewable": False}, {"must_take": True, "renewable": False}),
        (
            {"fuel": "gas", "heat_rate": 5.0, "emission_factor": 0.3, "profile": None, "renewable": None},
            {"fuel": "gas", "heat_rate": 5.0, "emission_factor": 0.3, "profile": "flat", "renewable": False},
        ),
    ],
)
def test_it_does_what_such_a_unit_of_the_baseline_does(
    fields: dict[str, Any], of_unit: dict[str, Any]
) -> None:
    # Given the unit as the baseline's own
    own = {key: value for key, value in {**OWN, "in_year": 2031, **of_unit}.items() if key != "technology"}
    unit = Unit("tidal 2031", "tidal", **own)
    as_baseline = run(system=small_system(units=(*small_system().units, unit)))
    # When a scenario adds it instead, then every number is the same.
    given = {key: value for key, value in {**OWN, **fields}.items() if value is not None}
    added = run(driver("fleet_change", action="ADD", year=2031, **given))
    for metric in ("price", "emissions", "cash_flow", "system_cost", "npv", "curtailment", "renewable_share"):
        assert series(added, metric) == pytest.approx(series(as_baseline, metric), rel=1e-12)
    generation = series(added, "generation", technology="tidal")
    assert generation == pytest.approx(series(as_baseline, "generation", technology="tidal"))
    assert generation[0] == 0.0 < generation[1]
    # And the result says that it is new.
    assert [note["rule"] for note in added.metadata["warnings"]] == ["new_technology"]


def test_a_known_technology_may_burn_or_follow_something_else() -> None:
    # Given coal units that burn gas cheaply, and one that is there only when the wind blows
    burning = {"technology": "coal", "fuel": "gas", "heat_rate": 1.0, "emission_factor": 0.3}
    first = run(driver("fleet_change", action="ADD", year=2030, capacity_mw=100, **burning))
    assert (
        series(first, "generation", technology="coal")[0] > series(run(), "generation", technology="coal")[0]
    )
    shaped = driver(
        "fleet_change",
        action="ADD",
        year=2030,
        capacity_mw=80,
        technology="coal",
        profile="wind",
        variable_cost=-5.0,
    )
    made = series(run(shaped), "capacity_factor", technology="coal")
    # Then it makes (0.5 + 0.25)/2 of its 80 MW, and the coal that was there serves the rest of 100 and 200 MW.
    assert made == pytest.approx([(40 + 20 + (100 - 20 - 40) + min(120, 200 - 10 - 20)) / 2 / 200] * 4)


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"capex": None}, "assumptions[0].payload.technology", "For a new one give capex"),
        ({"fuel": "gas"}, "assumptions[0].payload.heat_rate", "required beside fuel"),
        ({"fuel": "gas", "heat_rate": 5.0}, "assumptions[0].payload.emission_factor", "required beside fuel"),
        (
            {"fuel": "oil", "heat_rate": 5.0, "emission_factor": 0.0},
            "assumptions[0].payload.fuel",
            "no fuel 'oil'",
        ),
        ({"profile": "tide"}, "assumptions[0].payload.profile", "no profile 'tide'"),
        ({"heat_rate": 5.0}, "assumptions[0].payload.heat_rate", "burns no fuel"),
        (
            {"storage": {"energy_mwh": 1.0, "charge_efficiency": 1.0, "discharge_efficiency": 1.0}},
            "assumptions[0].payload.profile",
            "does not go with storage",
        ),
    ],
)
def test_what_is_missing_is_refused_by_name(changes: dict[str, Any], path: str, rule: str) -> None:
    given = {key: value for key, value in {**OWN, **changes}.items() if value is not None}
    with pytest.raises(ModelInputError, match=rule) as refused:
        run(driver("fleet_change", action="ADD", year=2031, **given))
    assert refused.value.path == path
