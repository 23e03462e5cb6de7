"""What a renewable target costs, and that the published prices prove it: against the linear program with the build as a variable."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sextant.engine import SystemData, Unit
from sextant.engine.stack import Problem
from tests.unit.engine.linear_programs import solve_build
from tests.unit.engine.systems import HOURS, driver, run, series, small_system

LIFE, RATE, LOST_LOAD = 20, 0.07, 3_000.0


@st.composite
def systems(draw: st.DrawFn) -> SystemData:
    """One year with wind and sun to build, and a dispatchable renewable that a credit lifts over coal."""

    def numbers(low: float, high: float, size: int) -> list[float]:
        wobble = draw(st.sampled_from([0.0, 0.0137]))
        whole = st.integers(0, 10).map(lambda n: low + (high - low) * n / 10)
        return [
            value * (1.0 + wobble * k)
            for k, value in enumerate(draw(st.lists(whole, min_size=size, max_size=size)))
        ]

    profiles = {name: np.minimum(numbers(0.0, 0.9, HOURS), 1.0) for name in ("wind", "sun")}
    sizes = numbers(0.0, 150.0, 5)
    capex = draw(st.sampled_from([1e5, 8e5, 2e6]))
    new: dict[str, Any] = {"capex": capex, "life_years": LIFE, "renewable": True}
    units = (
        Unit("Wind", "wind", sizes[0], variable_cost=1.0, profile="wind", **new),
        Unit("Sun", "sun", sizes[1], profile="sun", **new),
        Unit("Wood", "wood", sizes[2], variable_cost=draw(st.sampled_from([40.0, 70.0])), renewable=True),
        Unit("Coal", "coal", sizes[3], variable_cost=30.0),
        Unit("Gas", "gas", sizes[4], variable_cost=60.0),
    )
    return small_system(
        years=(2030,),
        load=np.array([numbers(0.0, 300.0, HOURS)]),
        units=units,
        profiles={"flat": np.ones(HOURS), **profiles},
        fuel_prices={},
        carbon_price=np.zeros(1),
        build_mix=draw(st.sampled_from([{"wind": 1.0}, {"sun": 1.0}, {"wind": 0.7, "sun": 0.3}])),
        value_of_lost_load=LOST_LOAD,
    )


def program(system: SystemData, target: float, payment: float) -> Problem:
    """The year's problem in the linear program's words."""
    names = list(system.profiles)
    units = system.units
    technologies = [unit.technology for unit in units]
    annuity = [unit.capex * RATE / (1.0 - (1.0 + RATE) ** -LIFE) / (1.0 + RATE) for unit in units]
    mix = np.array([system.build_mix.get(technology, 0.0) for technology in technologies])
    return Problem(
        load=system.load,
        capacity=np.array([[unit.capacity_mw for unit in units]]),
        mix=mix[None],
        bids=np.array([[[unit.variable_cost for unit in units]]]),
        profiles=np.array([system.profiles[name] for name in names]),
        profile_of=np.array([names.index(unit.profile) for unit in units]),
        renewable=np.array([unit.renewable for unit in units]),
        must_take=np.zeros(len(units), dtype=np.bool_),
        weights=system.weights,
        season=np.zeros(HOURS, dtype=np.int64),
        yearly_cost=np.array([mix @ annuity]),
        energy=target * system.load @ system.weights,
        compliance_rate=np.array([payment]),
        value_of_lost_load=LOST_LOAD,
    )


@settings(max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    systems(),
    st.sampled_from([0.2, 0.5, 0.7, 0.9, 1.0]),
    st.sampled_from([5.0, 40.0, 150.0, 2_000.0]),
)
def test_a_target_costs_the_programs_optimum_and_its_prices_prove_it(
    system: SystemData, target: float, payment: float
) -> None:
    # Given a target whose payment for what is missing may be cheaper than any more of the build
    policy = driver(
        "policy",
        policy_name="RPS",
        start_year=2030,
        target=target,
        alternative_compliance_payment=payment,
    )
    # When it runs
    result = run(policy, system=system)
    # Then it costs what HiGHS finds where no more than that is built
    (cost,) = series(result, "dispatch_cost")
    (built,) = series(result, "renewable_build")
    problem = program(system, target, payment)
    assert cost == pytest.approx(solve_build(problem, most=built).objective, rel=1e-9, abs=1e-3)
    # And the credit and the hours' prices are a proof of it, without knowing how it was found
    assert series(result, "optimality_gap") == [0.0]
