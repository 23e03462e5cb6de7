"""New capacity is like its technology's fleet: its numbers and its profile are the fleet's, weighted by capacity."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from sextant.engine import SystemData
from tests.unit.engine.systems import HOURS, driver, run, series, small_system


def two_wind_farms(**changes: Any) -> SystemData:
    """Two farms of one technology: the larger has the poorer wind."""
    system = small_system()
    large = replace(system.units[0], capacity_mw=60.0)
    small = replace(large, name="Windy", profile="windy", capacity_mw=20.0)
    profiles = {**system.profiles, "windy": np.tile([0.9, 0.7], HOURS // 2)}
    return replace(system, units=(large, small, *system.units[1:]), profiles=profiles, **changes)


def mean_factor(system: SystemData) -> float:
    farms = [unit for unit in system.units if unit.technology == "wind"]
    total = sum(unit.capacity_mw for unit in farms)
    return sum(unit.capacity_mw * float(system.profiles[unit.profile].mean()) for unit in farms) / total


def test_an_added_unit_makes_what_the_fleets_mean_megawatt_makes() -> None:
    # Given two farms of one technology, the larger with the poorer wind
    system = two_wind_farms()
    # When more of the technology comes, and nothing is curtailed
    more = driver("fleet_change", action="ADD", technology="wind", capacity_mw=20, year=2032)
    factors = series(run(more, system=system), "capacity_factor", technology="wind")
    # Then the fleet makes the same of each MW as before
    assert factors == pytest.approx([mean_factor(system)] * 4)


def test_what_a_standard_builds_makes_what_the_fleets_mean_megawatt_makes() -> None:
    system = two_wind_farms(build_mix={"wind": 1.0})
    standard = driver("policy", policy_name="RPS", start_year=2031, target=0.3)
    result = run(standard, system=system)
    assert series(result, "renewable_build")[1] > 0.0
    assert series(result, "capacity_factor", technology="wind") == pytest.approx([mean_factor(system)] * 4)


def test_a_mean_of_flat_units_is_flat() -> None:
    system = small_system()
    gas = replace(system.units[2], name="Gas too", capacity_mw=10.0)
    system = replace(system, units=(*system.units, gas))
    more = driver("fleet_change", action="ADD", technology="gas", capacity_mw=50, year=2031, variable_cost=0)
    assert series(run(more, system=system), "curtailment") == [0.0] * 4


def test_an_added_unit_may_be_paid_for_running_as_one_of_a_baseline_may() -> None:
    paid = driver(
        "fleet_change", action="ADD", technology="wind", capacity_mw=2_000, year=2031, variable_cost=-20
    )
    assert series(run(paid), "price_duration", exceedance_percent="100") == [32.0, -20.0, -20.0, -20.0]
