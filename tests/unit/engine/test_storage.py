"""A storage does what a linear program of the whole period would, and its result says so by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sextant.engine import BaselineError, ModelInputError, baseline_from_tables, rows_from_csv
from sextant.engine.certificate import Obligation, certify, rents
from sextant.engine.dispatch import dispatch
from sextant.engine.storage.curves import supply_curves
from sextant.engine.storage.exact import solve
from sextant.engine.storage.several import agreed_price, operate
from tests.unit.engine.storage_programs import (
    cost,
    least_cost,
    random_reservoir,
    random_system,
    storages_of,
)
from tests.unit.engine.systems import driver, run, series, small_system

EXACT = 1e-12


def battery(**changes: Any) -> Any:
    fields: dict[str, Any] = {
        "action": "ADD",
        "year": 2031,
        "technology": "battery",
        "unit": "B",
        "capacity_mw": 30.0,
        "storage": {"energy_mwh": 100.0, "charge_efficiency": 0.9, "discharge_efficiency": 0.9},
    }
    return driver("fleet_change", **{**fields, **changes})


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), hours=st.sampled_from([6, 24, 48]))
def test_one_storage_costs_what_the_program_costs(seed: int, hours: int) -> None:
    # Given a random system and a random storage
    rng = np.random.default_rng(seed)
    problem, reservoir = random_system(rng, hours), random_reservoir(rng, hours)
    # When the storage is solved without a solver
    plan = solve(supply_curves(problem, 0), problem.load[0], reservoir, hours, 1.0)
    # Then it keeps its limits
    levels = np.append(plan.start, plan.level)
    spilled = reservoir.inflow - (
        np.diff(levels)
        - plan.charge * reservoir.charge_efficiency
        + plan.discharge / reservoir.discharge_efficiency
    )
    for values, most in (
        (plan.charge, reservoir.charge),
        (plan.discharge, reservoir.discharge),
        (levels, reservoir.energy),
        (spilled, reservoir.inflow),
    ):
        assert np.all(values >= -1e-9)
        assert np.all(values <= most + 1e-9)
    net = problem.load[0] + plan.charge - plan.discharge
    assert np.all(net >= -1e-9)
    if reservoir.final is None:
        assert levels[-1] == pytest.approx(levels[0], abs=1e-6)
    else:
        assert levels[-1] >= reservoir.final - 1e-9
    # And costs what HiGHS finds
    optimum = least_cost(problem, [reservoir])
    assert cost(problem, net) == pytest.approx(optimum, rel=EXACT, abs=1e-7)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), hours=st.sampled_from([6, 24, 48]))
def test_published_prices_prove_that_one_storage_is_at_its_optimum(seed: int, hours: int) -> None:
    rng = np.random.default_rng(seed)
    problem, reservoir = random_system(rng, hours), random_reservoir(rng, hours)
    operation = operate(problem, storages_of([reservoir], hours))
    outcome = dispatch(replace(problem, load=np.maximum(problem.load + operation.position, 0.0)))
    price = agreed_price(problem, outcome, operation)
    spent = np.array([cost(problem, problem.load[0] + operation.position[0])])
    certificate = certify(
        problem,
        price,
        spent,
        rents(problem, price),
        Obligation.none(1, 1, problem.capacity.shape[1]),
        np.zeros(1),
        operation,
    )
    assert certificate.cost[0] - certificate.bound[0] == pytest.approx(
        0.0, abs=1e-9 * max(1.0, abs(spent[0]))
    )
    # A schedule that is not the best cannot prove that it is
    idle = np.array([cost(problem, problem.load[0])])
    if idle[0] > spent[0] + 1e-6 and reservoir.final is None:
        worse = replace(certificate, cost=idle)
        assert worse.gap[0] > 0.0


def test_a_battery_that_is_added_shows_in_every_row_it_should() -> None:
    # Given gas at 57 and coal at 32 EUR/MWh by turns, and a battery from 2031
    result = run(battery())
    of_battery = {"technology": "battery", "unit": "B"}
    # Then it takes at one price and gives at the other, an hour each of the 365 days times 12
    assert series(result, "storage_charge", **of_battery) == pytest.approx([0.0] + 3 * [30 * 12 * 365.0])
    given_back = 30 * 0.81 * 12 * 365
    assert series(result, "storage_discharge", **of_battery) == pytest.approx([0.0] + 3 * [given_back])
    assert series(result, "storage_losses", **of_battery) == pytest.approx([0.0] + 3 * [30 * 0.19 * 12 * 365])
    assert series(result, "storage_cycles", **of_battery) == pytest.approx(
        [0.0] + 3 * [given_back / 0.9 / 100]
    )
    earned = given_back * 57.0 - 30 * 12 * 365 * 32.0
    assert series(result, "storage_revenue", **of_battery) == pytest.approx([0.0] + 3 * [earned])
    assert series(result, "generation", technology="battery") == pytest.approx([0.0] + 3 * [given_back])
    assert series(result, "capacity", technology="battery") == [0.0, 30.0, 30.0, 30.0]
    # And saves what the same energy from gas cost beyond coal's
    cost_by_year = series(result, "system_cost")
    assert cost_by_year[0] - cost_by_year[1] == pytest.approx(earned)
    assert series(result, "optimality_gap") == [0.0] * 4
    assert result.metadata["certificate"]["largest_gap"] == 0.0


def test_capture_prices_say_what_a_technology_sold_for() -> None:
    result = run()
    # Half of the hours cost 32 (coal), half 57 (gas); coal makes 80 and 120 MW of its energy in them
    assert series(result, "time_weighted_price") == pytest.approx([44.5] * 4)
    assert series(result, "capture_price", technology="gas") == pytest.approx([57.0] * 4)
    assert series(result, "capture_price", technology="coal") == pytest.approx(
        [(80 * 32.0 + 120 * 57.0) / 200] * 4
    )


def test_a_battery_keeps_energy_that_would_be_spilled() -> None:
    system = small_system()
    windy = replace(system, units=(replace(system.units[0], capacity_mw=300.0), *system.units[1:]))
    result = run(battery(year=2030), system=windy)
    without = run(system=windy)
    saved = series(result, "curtailment_avoided")
    before, after = series(without, "curtailment"), series(result, "curtailment")
    assert all(each > 0.0 for each in saved)
    assert saved == pytest.approx([b - a for b, a in zip(before, after, strict=True)])


def test_what_contradicts_itself_in_a_storage_is_named() -> None:
    half = {"energy_mwh": 100.0, "charge_efficiency": 0.9, "discharge_efficiency": 0.9, "initial_level": 0.5}
    with pytest.raises(ModelInputError, match="final_level go together"):
        run(battery(storage=half))
    with pytest.raises(ModelInputError, match="is no storage"):
        run(battery(technology="coal"))
    with pytest.raises(ModelInputError, match="goes only with action ADD"):
        run(
            driver(
                "fleet_change", action="RETIRE", year=2031, unit="Gas", storage={**half, "final_level": 0.5}
            )
        )
    with pytest.raises(ModelInputError, match="there is no profile 'rain'"):
        run(battery(storage={**half, "final_level": 0.5, "inflow": "rain", "inflow_mw": 1.0}))
    # Hours that stand for different numbers of days cannot follow one another
    uneven = small_system(weights=np.linspace(200.0, 530.0, 24))
    run(system=uneven)
    with pytest.raises(ModelInputError, match="days of 24 hours"):
        run(battery(), system=uneven)


UNITS = "name,technology,capacity_mw,fuel,heat_rate\nGas,ccgt,300,gas,7\n"
LOAD = "year,hour,load_mw\n" + "".join(f"2030,{hour},{100 + 5 * hour}\n" for hour in range(1, 25))
STORAGE = (
    "name,technology,power_mw,energy_mwh,charge_efficiency,discharge_efficiency,inflow,inflow_mw,charge_mw\n"
)


def _baseline(storage: str) -> Any:
    profiles = "hour,rain\n" + "".join(f"{hour},0.5\n" for hour in range(1, 25))
    return baseline_from_tables(
        *(rows_from_csv(text) for text in (UNITS, LOAD, profiles, "", STORAGE + storage))
    )


def test_a_baseline_has_a_table_of_storages() -> None:
    # Given a reservoir without pump, into which 10 MW flow
    system = _baseline("Lake,reservoir,50,400,1,0.9,rain,20,0\n")
    result = run(system=system)
    # Then what flows in is given, less the losses, where gas is dear or the load high
    flown = 24 * 10 * 0.9 * 365
    assert series(result, "generation", technology="reservoir") == pytest.approx([flown])
    # And a scenario that adds to its technology needs not say again what it is like
    more = run(
        driver("fleet_change", action="ADD", year=2030, technology="reservoir", capacity_mw=50.0),
        system=system,
    )
    assert series(more, "generation", technology="reservoir") == pytest.approx([2 * flown])


def test_what_is_wrong_with_a_storage_is_named_by_row_and_column() -> None:
    with pytest.raises(BaselineError) as refused:
        _baseline("Gas,battery,50,0,1.2,0.9,snow,,\n")
    assert {(error.table, error.row, error.column) for error in refused.value.errors} == {
        ("storage", 1, column)
        for column in ("name", "energy_mwh", "charge_efficiency", "inflow", "inflow_mw")
    }
