"""What a scenario names is held against what its baseline has, and a driver that never acts is told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from sextant.drivers.assumptions import read_assumptions
from sextant.drivers.references import faults, horizon_of, warnings, year_faults
from sextant.drivers.vocabulary import Vocabulary, reference_vocabulary
from sextant.engine.vocabulary import vocabulary_of
from tests.unit.engine.systems import driver, small_system

REFERENCE = reference_vocabulary()
BARE = vocabulary_of(small_system())  # 2030–2033, no build mix
GROWTH = driver("load_growth", annual_rate=0.01)
MIX = {"action": "ADD", "technology": "ccgt", "year": 2030, "capacity_mw": 100}


def stored(*assumptions: Any) -> list[dict[str, Any]]:
    """As the database has them."""
    return [
        {
            "driver_type": placed.driver_type,
            "payload": placed.driver.model_dump(mode="json", exclude_none=True),
        }
        for placed in read_assumptions(assumptions)
    ]


CASES: list[tuple[Mapping[str, Any], str, str]] = [
    (driver("fuel_curve", fuel="gass", multiplier=2), ".payload.fuel", "did you mean gas?"),
    (driver("fuel_curve", fuel="Coal", multiplier=2), ".payload.fuel", "did you mean coal?"),
    (driver("fuel_curve", fuel="hydrogen", shift=1), ".payload.fuel", "biomass, coal, gas, oil, uranium"),
    (driver("fleet_change", **{**MIX, "technology": "cgt"}), ".payload.technology", "did you mean ocgt or ccgt?"),
    (driver("fleet_change", **MIX, unit="CCGT A"), ".payload.unit", "a new name"),
    (driver("fleet_change", **{**MIX, "technology": "solar"}, heat_rate=7), ".payload.heat_rate", "no fuel"),
    (driver("fleet_change", action="RETIRE", year=2030, unit="Nuclear C"), ".payload.unit", "Nuclear A"),
    (driver("fleet_change", action="RETIRE", year=2030, technology="wind"), ".payload.technology", "'wind'"),
    (driver("policy", policy_name="RPS", start_year=2030, target=0.5, build_mix={"solr": 1}),
     ".payload.build_mix.solr", "no renewable technology 'solr' in the baseline reference; did you mean solar?"),
    (driver("policy", policy_name="RPS", start_year=2030, target=0.5, build_mix={"coal": 1}),
     ".payload.build_mix.coal", "no renewable technology"),
    (driver("time_series", quantity="AVAILABILITY", technology="nuke", trend={"kind": "LINEAR", "rate": 0.1}),
     ".payload.technology", "no technology 'nuke'"),
    (driver("conditional", logic="ALL", then=[GROWTH],
            conditions=[{"metric": "FUEL_PRICE", "fuel": "gaz", "operator": "GT", "value": 9}]),
     ".payload.conditions[0].fuel", "did you mean gas?"),
    (driver("conditional", logic="ALL", conditions=[{"metric": "YEAR", "operator": "GT", "value": 1}],
            then=[GROWTH], otherwise=[driver("fuel_curve", fuel="gaz", shift=1)]),
     ".payload.otherwise[0].payload.fuel", "did you mean gas?"),
    (driver("composite", mode="CONDITIONAL", components=[{**GROWTH, "when": {"logic": "ANY", "conditions": [
        {"metric": "CAPACITY", "technology": "nuclar", "operator": "GT", "value": 1}]}}]),
     ".payload.components[0].when.conditions[0].technology", "did you mean nuclear?"),
]  # fmt: skip


@pytest.mark.parametrize(("assumption", "path", "words"), CASES)
def test_what_the_baseline_lacks_is_named_with_what_is_near(
    assumption: Mapping[str, Any], path: str, words: str
) -> None:
    (fault,) = faults(stored(GROWTH, assumption), REFERENCE)
    assert fault.path == f"assumptions[1]{path}"
    assert words in fault.message


def test_a_scenario_may_name_what_it_adds_itself() -> None:
    own = driver("fleet_change", **MIX, unit="Mine")
    retired = [
        driver("fleet_change", action="RETIRE", year=2035, unit=name)
        for name in ("Mine", "ccgt 2030", "Coal A")
    ]
    assert faults(stored(own, driver("fleet_change", **MIX), *retired), REFERENCE) == []


def test_a_standard_needs_a_build_mix_where_the_baseline_has_none() -> None:
    rps = driver("policy", policy_name="RPS", start_year=2030, target=0.5)
    (fault,) = faults(stored(rps), BARE)
    assert (fault.path, fault.rule) == ("assumptions[0].payload.build_mix", "required")
    assert faults(stored(rps), REFERENCE) == []


def test_what_an_old_baseline_does_not_tell_is_left_to_the_worker() -> None:
    # Given a baseline of which only fuels, years and technologies are known
    old = Vocabulary.of({
        **REFERENCE.document(), "units": None, "profiles": None, "build_mix": None,
        "technologies": {"ccgt": {"units": None, "capacity_mw": 1.0, "fuel": None, "renewable": None}},
    })  # fmt: skip
    unsure = [
        driver("fleet_change", action="RETIRE", year=2030, unit="whatever"),
        driver("fleet_change", **MIX, heat_rate=7),
        driver("policy", policy_name="RPS", start_year=2030, target=0.5, build_mix={"ccgt": 1}),
        driver("policy", policy_name="RPS", start_year=2030, target=0.5),
    ]
    assert faults(stored(*unsure), old) == []
    assert [fault.path for fault in faults(stored(*unsure, CASES[0][0]), old)] == [
        "assumptions[4].payload.fuel"
    ]


def test_years_outside_the_baseline_are_named() -> None:
    assert [f.path for f in year_faults({"start_year": 2025, "end_year": 2046}, REFERENCE)] == [
        "parameters.start_year",
        "parameters.end_year",
    ]
    assert "between 2026 and 2045" in year_faults({"start_year": 2025}, REFERENCE)[0].message
    assert year_faults({"start_year": 2026, "base_year": 1990}, REFERENCE) == []
    assert horizon_of({"end_year": 2030}, REFERENCE) == (2026, 2030)


def year(operator: str, value: float) -> dict[str, Any]:
    return {"metric": "YEAR", "operator": operator, "value": value}


PRICE = {"metric": "PRICE", "operator": "GT", "value": 1e9}


@pytest.mark.parametrize(
    ("assumption", "path"),
    [
        (driver("policy", policy_name="RPS", start_year=2034, target=0.5), ".start_year"),
        (driver("policy", policy_name="CARBON_PRICE", start_year=2000, end_year=2029, price=9), ".end_year"),
        (driver("load_growth", annual_rate=0.1, start_year=2034), ".start_year"),
        (driver("fuel_curve", fuel="gas", shift=1, start_year=2190), ".start_year"),
        (driver("fleet_change", **{**MIX, "year": 2034}), ".year"),
        (driver("fleet_change", **{**MIX, "year": 2020}, out_year=2030), ".out_year"),
        (driver("fleet_change", action="RETIRE", year=2190, technology="coal"), ".year"),
        (driver("fleet_change", action="RETIRE", year=2031, unit="Coal A"), ".unit"),
        (driver("fleet_change", action="RETIRE", year=2031, unit="CCGT G"), ".unit"),
        (driver("conditional", logic="ALL", conditions=[year("GT", 2033), PRICE], then=[GROWTH]), ".conditions"),
        (driver("conditional", logic="ANY", conditions=[year("LT", 2030), year("EQ", 2030.5)], then=[GROWTH]),
         ".conditions"),
        # What acts
        (driver("policy", policy_name="RPS", start_year=2033, target=0.5), None),
        (driver("load_growth", annual_rate=0.1, start_year=2000, end_year=2010), None),
        (driver("fleet_change", **{**MIX, "year": 2000}), None),
        (driver("fleet_change", action="RETIRE", year=2033, unit="Coal B"), None),
        (driver("conditional", logic="ANY", conditions=[year("LT", 2030), PRICE], then=[GROWTH]), None),
        (driver("conditional", logic="ALL", conditions=[year("GE", 2033), PRICE], then=[GROWTH]), None),
    ],
)  # fmt: skip
def test_a_driver_that_acts_in_no_year_is_told(assumption: Mapping[str, Any], path: str | None) -> None:
    told = [w.path for w in warnings(stored(assumption), (2030, 2033), REFERENCE)]
    assert told == ([] if path is None else [f"assumptions[0].payload{path}"])


def test_the_built_in_vocabulary_comes_back_from_json() -> None:
    assert Vocabulary.of(REFERENCE.document()) == REFERENCE
