"""Capital is owed from entry to the end of the life, once; the cases are worked out by hand on four years."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from sextant.engine import BaselineError, SystemData, Unit
from tests.unit.engine.systems import driver, run, series, small_system
from tests.unit.engine.test_baseline import tables

CAPEX, MW = 2e6, 10.0


def annuity(life: int, rate: float = 0.07) -> float:
    return MW * CAPEX * rate / (1 - (1 + rate) ** -life) / (1 + rate)


def idle(**fields: Any) -> Unit:
    """A unit that costs nothing but its capital, and is never called."""
    return Unit("Idle", "idle", MW, **{"variable_cost": 2_999.0, "capex": CAPEX, "in_year": 2031, **fields})


def with_idle(**fields: Any) -> SystemData:
    return replace(small_system(), units=(*small_system().units, idle(**fields)))


def charged(*assumptions: Any, system: SystemData | None = None, **parameters: Any) -> list[float]:
    """What the system costs by year beside what it costs without the idle unit."""
    without = small_system()
    if system is not None:
        without = replace(system, units=tuple(unit for unit in system.units if unit.name != "Idle"))
    plain = series(run(system=without, **parameters), "system_cost")
    costs = series(run(*assumptions, system=system, **parameters), "system_cost")
    return [cost - base for cost, base in zip(costs, plain, strict=True)]


def added(**fields: Any) -> Any:
    return driver(
        "fleet_change",
        **{"action": "ADD", "technology": "idle", "capacity_mw": MW, "year": 2031, "unit": "New", **fields},
    )


NEVER_BUILT = with_idle(in_year=2100, out_year=2101, life_years=2)


def test_an_annuity_ends_with_the_life_and_the_unit_runs_on() -> None:
    a = annuity(2)
    assert charged(system=with_idle(life_years=2)) == pytest.approx([0, a, a, 0], abs=1e-3)
    result = run(system=with_idle(life_years=2))
    assert series(result, "capacity", technology="idle") == [0, 10, 10, 10]
    # And the result says which units do
    assert result.metadata["paid_off"] == ["Idle"]


def test_a_unit_that_closes_early_goes_on_paying() -> None:
    a = annuity(25)
    assert charged(system=with_idle(out_year=2032)) == pytest.approx([0, a, a, a], abs=1e-3)
    retired = driver("fleet_change", action="RETIRE", unit="Idle", year=2032)
    assert charged(retired, system=with_idle()) == pytest.approx([0, a, a, a], abs=1e-3)
    assert charged(added(out_year=2032), system=NEVER_BUILT)[2] == pytest.approx(annuity(2))


def test_what_closes_before_it_enters_is_never_paid() -> None:
    retired = driver("fleet_change", action="RETIRE", unit="Idle", year=2031)
    assert charged(retired, system=with_idle()) == pytest.approx([0] * 4, abs=1e-3)


def test_a_shorter_horizon_pays_what_the_longer_one_pays_in_those_years() -> None:
    for system in (with_idle(life_years=2), with_idle(out_year=2032), with_idle(life_years=1, reinvest=True)):
        whole = charged(system=system)
        assert charged(system=system, start_year=2032) == pytest.approx(whole[2:], abs=1e-3)
        assert charged(system=system, start_year=2033) == pytest.approx(whole[3:], abs=1e-3)


def test_capital_is_spent_again_where_the_unit_says_so_and_stands() -> None:
    a = annuity(1)
    assert charged(system=with_idle(life_years=1, reinvest=True)) == pytest.approx([0, a, a, a], abs=1e-3)
    ended = with_idle(life_years=1, reinvest=True, out_year=2033)
    assert charged(system=ended) == pytest.approx([0, a, a, 0], abs=1e-3)
    # Then also of a unit whose first capital is sunk
    old = with_idle(in_year=2002, life_years=10, reinvest=True)
    assert charged(system=old) == pytest.approx([0, 0, annuity(10), annuity(10)], abs=1e-3)
    again = charged(added(reinvest=True, life_years=2), system=NEVER_BUILT)
    assert again == pytest.approx([0] + [annuity(2)] * 3, abs=1e-3)


def test_an_addition_under_a_condition_pays_from_when_it_comes() -> None:
    late = {"metric": "YEAR", "operator": "GE", "value": 2032}
    brief = {"metric": "YEAR", "operator": "EQ", "value": 2032}
    a = annuity(2)
    for conditions, expected in (([late], [0, 0, a, a]), ([late, brief], [0, 0, a, a])):
        given = driver("conditional", logic="ALL", conditions=conditions, then=[added()])
        assert charged(given, system=NEVER_BUILT) == pytest.approx(expected, abs=1e-3)


def test_what_a_standard_builds_ends_with_its_life_and_is_built_again() -> None:
    wind = replace(small_system().units[0], life_years=2, capex=3e6)
    system = small_system(templates={"wind": wind}, build_mix={"wind": 1.0})
    dear = {"policy_name": "RPS", "start_year": 2030, "target": 0.3, "alternative_compliance_payment": 5_000}
    once = run(driver("policy", end_year=2030, **dear), system=system)
    built = 0.3 * 300 / 0.75 - 40
    assert series(once, "renewable_build") == pytest.approx([built, built, 0, 0])
    # Then a standard that stays in force has it built again
    always = run(driver("policy", **dear), system=system)
    assert series(always, "renewable_build") == pytest.approx([built] * 4)
    yearly = built * (3e6 * 0.07 / (1 - 1.07**-2) / 1.07 + 10_000)
    saved = built * (0.5 * 31 + 0.25 * 56) * 12 * 365
    costs = [a - b for a, b in zip(series(always, "system_cost"), series(run(), "system_cost"), strict=True)]
    assert costs == pytest.approx([yearly - saved] * 4)


def test_a_table_says_when_the_capital_that_is_spent_again_was_first_spent() -> None:
    units = "name,technology,capacity_mw,capex,in_year,reinvest\nA,a,500,1000,2031,true\nB,b,500,1000,,yes\n"
    with pytest.raises(BaselineError) as error:
        tables(units=units, profiles="")
    assert [str(one) for one in error.value.errors] == [
        "units row 2, column in_year: a year, where the unit's capital is spent again at the end of its life"
    ]
    assert tables(units=units.replace("B,b,500,1000,,yes\n", ""), profiles="").units[0].reinvest
