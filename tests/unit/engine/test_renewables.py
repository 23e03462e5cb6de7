"""The RPS build against the linear program with the build as a variable."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sextant.engine.dispatch import DispatchProblem, dispatch
from sextant.engine.renewables import Build, solve
from sextant.engine.stack import Problem
from tests.unit.engine.linear_programs import solve_build


def objective(problem: Problem, build: Build) -> tuple[float, float]:
    """Cost of the engine's answer and the renewable energy in it."""
    energies, costs = [], []
    capacity = problem.capacity + build.mw[:, None] * problem.mix
    for credit in (build.order_credit, build.other_credit):
        found = dispatch(
            DispatchProblem(
                load=problem.load,
                capacity=capacity,
                bids=problem.bids,
                ranking=problem.bids - credit[:, None, None] * problem.renewable,
                profiles=problem.profiles,
                profile_of=problem.profile_of,
                must_take=problem.must_take,
                weights=problem.weights,
                season=problem.season,
                value_of_lost_load=problem.value_of_lost_load,
            )
        )
        costs.append(
            (found.energy * problem.bids).sum()
            + problem.value_of_lost_load * float(found.unserved[0] @ problem.weights)
        )
        energies.append(float(found.energy[0].sum(axis=0) @ problem.renewable))
    share = float(build.blend[0])
    green = energies[0] + share * (energies[1] - energies[0])
    cost = costs[0] + share * (costs[1] - costs[0])
    missing = max(float(problem.energy[0]) - green, 0.0)
    total = cost + float(build.mw[0] * problem.yearly_cost[0]) + missing * float(problem.compliance_rate[0])
    return float(total), green


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Systems with dear and cheap renewables, must-take units and two technologies to build."""
    units = draw(st.integers(2, 7))
    hours = draw(st.integers(2, 8))
    seasons = draw(st.sampled_from([1, 1, 2]))

    def numbers(low: float, high: float, size: int) -> list[float]:
        wobble = draw(st.booleans())
        whole = st.integers(0, 10).map(lambda n: low + (high - low) * n / 10)
        values = draw(st.lists(whole, min_size=size, max_size=size))
        return [v * (1 + 0.0137 * k * wobble) for k, v in enumerate(values)]

    renewable = [True, True, *draw(st.lists(st.booleans(), min_size=units - 2, max_size=units - 2))]
    must_take = [False, False]
    must_take += draw(st.lists(st.sampled_from([False, False, True]), min_size=units - 2, max_size=units - 2))
    bids = np.array([numbers(0.0, 100.0, units) for _ in range(seasons)])
    bids[:, :2] = [0.5, 2.0]
    bids[:, must_take] = draw(st.sampled_from([0.0, -3.0]))
    load = np.array([numbers(0.0, 500.0, hours)])
    weights = np.array(draw(st.lists(st.sampled_from([1.0, 30.0, 365.0]), min_size=hours, max_size=hours)))
    profiles = np.array([np.ones(hours), numbers(0.0, 0.8, hours), numbers(0.0, 0.8, hours)])
    mix = np.zeros((1, units))
    mix[0, :2] = draw(st.sampled_from([(0.5, 0.5), (1.0, 0.0), (0.2, 0.8)]))
    target = draw(st.sampled_from([0.0, 0.1, 0.3, 0.6, 0.9, 1.0]))
    return Problem(
        load=load,
        capacity=np.array([numbers(0.0, 200.0, units)]),
        mix=mix,
        bids=bids[None],
        profiles=profiles,
        profile_of=np.array(
            [1, 2, *draw(st.lists(st.integers(0, 2), min_size=units - 2, max_size=units - 2))]
        ),
        renewable=np.array(renewable),
        must_take=np.array(must_take),
        weights=weights,
        season=np.array(draw(st.lists(st.integers(0, seasons - 1), min_size=hours, max_size=hours))),
        yearly_cost=np.array([draw(st.sampled_from([1_000.0, 20_000.0, 90_000.0]))]),
        energy=target * load @ weights,
        compliance_rate=np.array([draw(st.sampled_from([0.0, 20.0, 150.0, 2_000.0]))]),
        value_of_lost_load=draw(st.sampled_from([90.0, 3_000.0])),
    )


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(problems())
def test_the_build_costs_what_the_linear_program_costs(problem: Problem) -> None:
    # Given a system and a target, when the engine builds
    build = solve(problem)
    total, green = objective(problem, build)
    short = float(problem.energy[0]) - green
    # Then it costs what the program costs that may build no more than that,
    lp = solve_build(problem, most=float(build.mw[0]))
    assert total == pytest.approx(lp.objective, rel=1e-9, abs=1e-4)
    # building more would not pay as long as credits are worth something,
    free = solve_build(problem)
    if build.credit[0] > 1e-6:
        assert total == pytest.approx(free.objective, rel=1e-9, abs=1e-4)
        # and at that price the target is met, or the shortfall pays the compliance rate.
        if short > 1e-6 * max(1.0, float(problem.energy[0])):
            assert build.credit[0] == problem.compliance_rate[0]
    else:
        # A target that costs nothing is met too.
        assert short <= 1e-6 * max(1.0, float(problem.energy[0])) or problem.compliance_rate[0] == 0.0


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(problems())
def test_the_credit_price_is_the_dual_of_the_target(problem: Problem) -> None:
    # Given a build with credits of some worth
    build = solve(problem)
    if build.credit[0] <= 1e-6 or problem.energy[0] <= 0.0:
        return
    # When the target moves by a hair, then the optimum moves by the credit price, to within its one-sided values.
    hair = 1e-4 * float(problem.energy[0])
    moved = [
        solve_build(Problem(**{**vars(problem), "energy": problem.energy + sign * hair})).objective
        for sign in (-1.0, 0.0, 1.0)
    ]
    below, above = (moved[1] - moved[0]) / hair, (moved[2] - moved[1]) / hair
    slack = 1e-5 * (1.0 + abs(above)) + 1e-9 * abs(moved[1]) / hair
    assert below - slack <= build.credit[0] <= above + slack


def test_a_target_of_all_the_energy_there_can_be_is_met_at_the_edge_of_the_plateau() -> None:
    # Given a target of everything, met from 250 MW on, where wind beyond that still displaces dearer biomass
    problem = Problem(
        load=np.array([[100.0, 50.0, 0.0]]),
        capacity=np.array([[0.0, 0.0, 20.0, 0.0, 80.0]]),
        mix=np.array([[0.5, 0.5, 0.0, 0.0, 0.0]]),
        bids=np.array([[[0.5, 2.0, 10.0, 0.0, 0.0]]]),
        profiles=np.array([[1.0, 1.0, 1.0], [0.64, 0.0, 0.0], [0.0, 0.4, 0.0]]),
        profile_of=np.array([1, 2, 0, 0, 2]),
        renewable=np.array([True, True, True, False, False]),
        must_take=np.zeros(5, dtype=np.bool_),
        weights=np.array([365.0, 1.0, 1.0]),
        season=np.zeros(3, dtype=np.int64),
        yearly_cost=np.array([1_000.0]),
        energy=np.array([36_550.0]),
        compliance_rate=np.array([20.0]),
        value_of_lost_load=90.0,
    )
    # When it is built; then as much as the linear program builds, at the credit that lets wind pass the unit that bids nothing
    build = solve(problem)
    assert build.mw[0] == pytest.approx(solve_build(problem).built) == pytest.approx(312.5)
    assert build.credit[0] == 2.0
    assert objective(problem, build)[0] == pytest.approx(solve_build(problem).objective, rel=1e-12)
