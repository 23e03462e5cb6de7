"""Several storages together do what a linear program of all of them would, and the result says how near it came."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sextant.engine import SimulationRequest, reference_system, simulate
from sextant.engine.certificate import Certificate, Obligation, certify, rents
from sextant.engine.dispatch import DispatchProblem, dispatch
from sextant.engine.storage import exact, native
from sextant.engine.storage.curves import supply_curves
from sextant.engine.storage.exact import Reservoir, Schedule
from sextant.engine.storage.several import Operation, agreed_price, operate
from tests.unit.engine.storage_programs import (
    cost,
    least_cost,
    random_reservoir,
    random_system,
    storages_of,
)
from tests.unit.engine.systems import driver, series


def certificate_of(problem: DispatchProblem, operation: Operation) -> Certificate:
    """Of the only row, without a renewable target."""
    outcome = dispatch(replace(problem, load=np.maximum(problem.load + operation.position, 0.0)))
    price = agreed_price(problem, outcome, operation)
    spent = np.array([cost(problem, problem.load[0] + operation.position[0])])
    nothing = Obligation.none(1, 1, problem.capacity.shape[1])
    return certify(problem, price, spent, rents(problem, price), nothing, np.zeros(1), operation)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), hours=st.sampled_from([6, 24, 48]), count=st.integers(2, 5))
def test_several_storages_cost_what_the_program_costs(seed: int, hours: int, count: int) -> None:
    # Given a random system and random storages
    rng = np.random.default_rng(seed)
    problem = random_system(rng, hours)
    reservoirs = [random_reservoir(rng, hours) for _ in range(count)]
    # When they work together
    operation = operate(problem, storages_of(reservoirs, hours))
    # Then each keeps its limits
    for at, reservoir in enumerate(reservoirs):
        levels = np.append(operation.start[0, at], operation.level[0, at])
        for values, most in (
            (operation.charge[0, at], reservoir.charge),
            (operation.discharge[0, at], reservoir.discharge),
            (levels, reservoir.energy),
        ):
            assert np.all(values >= -1e-9)
            assert np.all(values <= most + 1e-9)
        if reservoir.final is None:
            assert levels[-1] == pytest.approx(levels[0], abs=1e-6)
        else:
            assert levels[-1] >= reservoir.final - 1e-6
    assert np.all(problem.load + operation.position >= -1e-6)
    # And they cost what HiGHS finds
    optimum = least_cost(problem, reservoirs)
    certificate = certificate_of(problem, operation)
    scale = max(abs(optimum), 1.0)
    assert certificate.cost[0] == pytest.approx(optimum, rel=1e-9, abs=1e-6)
    # And the certificate says so, and claims no more than is true
    assert certificate.gap[0] <= 1e-6
    assert certificate.bound[0] <= optimum + 1e-9 * scale


def test_storages_that_differ_in_size_alone_do_what_one_of_their_sum_does() -> None:
    # Given a storage, and the same in two parts
    rng = np.random.default_rng(11)
    problem = random_system(rng, 24)
    whole = replace(random_reservoir(rng, 24), inflow=np.zeros(24))
    parts = [_share(whole, 0.25), _share(whole, 0.75)]
    # Then each part does its share of what the whole does
    one, two = (operate(problem, storages_of(each, 24)) for each in ([whole], parts))
    for field in fields(Schedule):
        alone, shared = getattr(one, field.name)[0, 0], getattr(two, field.name)[0]
        for at, share in enumerate((0.25, 0.75)):
            expected = alone if field.name == "value" else share * alone
            assert shared[at] == pytest.approx(expected, abs=1e-9), field.name


def _share(whole: Reservoir, share: float) -> Reservoir:
    return replace(
        whole,
        discharge=share * whole.discharge,
        charge=share * whole.charge,
        energy=share * whole.energy,
        initial=None if whole.initial is None else share * whole.initial,
        final=None if whole.final is None else share * whole.final,
    )


@pytest.mark.parametrize("solve", [exact.solve, native.solve])
def test_what_other_storages_give_beyond_the_load_is_taken(solve: Callable[..., Schedule]) -> None:
    # Given hours in which others give 10 MW more than the load
    rng = np.random.default_rng(5)
    problem = random_system(rng, 24)
    load = problem.load[0].copy()
    load[6:9] = -10.0
    battery = Reservoir(40.0, 40.0, 100.0, 0.9, 0.9, np.zeros(24))
    plan = solve(supply_curves(problem, 0), load, battery, 24, 1.0)
    # Then the battery takes at least that, and had room for it
    assert np.all(plan.charge[6:9] - plan.discharge[6:9] >= 10.0 - 1e-9)
    assert plan.level.max() <= 100.0 + 1e-9
    assert plan.level[-1] == pytest.approx(plan.start[0], abs=1e-6)


def test_days_of_several_storages_are_solved_each_by_itself() -> None:
    # Given two days of 24 hours, each of which ends as it began
    rng = np.random.default_rng(3)
    problem = random_system(rng, 48)
    reservoirs = [
        Reservoir(20.0, 20.0, 60.0, 0.9, 0.9, np.zeros(48)),
        Reservoir(9.0, 5.0, 70.0, 0.8, 1.0, np.zeros(48)),
    ]
    days = operate(problem, replace(storages_of(reservoirs, 48), period=24))
    # Then they cost what the days cost one by one
    spent = cost(problem, problem.load[0] + days.position[0])
    by_day = 0.0
    for first in (0, 24):
        at = slice(first, first + 24)
        day = replace(
            problem,
            load=problem.load[:, at],
            profiles=problem.profiles[:, at],
            weights=problem.weights[at],
            season=problem.season[at],
        )
        by_day += least_cost(day, [replace(each, inflow=np.zeros(24)) for each in reservoirs])
    assert spent == pytest.approx(by_day, rel=1e-9)
    assert certificate_of(problem, days).gap[0] <= 1e-6


def test_a_renewable_target_and_storages_are_at_their_common_optimum() -> None:
    # Given a target that makes builds, a battery, and a second one of another kind
    def battery(unit: str, capacity: float, energy: float, efficiency: float) -> Mapping[str, Any]:
        storage = {
            "energy_mwh": energy,
            "charge_efficiency": efficiency,
            "discharge_efficiency": efficiency,
        }
        return driver(
            "fleet_change",
            action="ADD",
            year=2030,
            technology=unit,
            unit=unit,
            capacity_mw=capacity,
            storage=storage,
        )

    target = driver("policy", policy_name="RPS", start_year=2030, target=0.6)
    one, two = battery("long", 500.0, 2_000.0, 0.92), battery("short", 800.0, 1_600.0, 0.9)
    for batteries in ([one], [one, two]):
        result = simulate(
            SimulationRequest(
                [target, *batteries],
                reference_system(),
                {"start_year": 2030, "end_year": 2031, "attribution": False},
                1,
            )
        )
        # Then their prices and values prove that nothing costs less
        assert series(result, "renewable_build")[0] > 1_000.0
        assert result.metadata["certificate"]["largest_gap"] <= 1e-9
