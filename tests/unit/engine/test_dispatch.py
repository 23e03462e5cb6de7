"""The merit order is the linear program's optimum: HiGHS as the judge, on hundreds of random systems."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sextant.engine.dispatch import DispatchProblem, dispatch
from tests.unit.engine.linear_programs import solve_dispatch

MUST_TAKE_BID = -5.0


@st.composite
def problems(draw: st.DrawFn) -> DispatchProblem:
    """Small systems on round numbers, so that ties, exact fits, shortages and surpluses come up often."""
    units = draw(st.integers(1, 8))
    hours = draw(st.integers(1, 10))
    seasons = draw(st.sampled_from([1, 1, 2]))
    whole = st.integers(0, 12)
    shape = st.lists(st.sampled_from([0.0, 0.25, 0.5, 1.0]), min_size=hours, max_size=hours)
    profiles = [[1.0] * hours, draw(shape), draw(shape)]
    must_take = draw(st.lists(st.sampled_from([False, False, False, True]), min_size=units, max_size=units))
    bids = np.array(
        [draw(st.lists(whole.map(lambda n: 5.0 * n), min_size=units, max_size=units)) for _ in range(seasons)]
    )
    bids[:, must_take] = MUST_TAKE_BID
    smooth = draw(st.booleans())
    scale = 1.0 + 0.173 * smooth
    return DispatchProblem(
        load=np.array([draw(st.lists(whole.map(lambda n: 40.0 * n), min_size=hours, max_size=hours))])
        * scale,
        capacity=np.array([draw(st.lists(whole.map(lambda n: 10.0 * n), min_size=units, max_size=units))]),
        bids=bids[None],
        ranking=bids[None],
        profiles=np.array(profiles),
        profile_of=np.array(draw(st.lists(st.integers(0, 2), min_size=units, max_size=units))),
        must_take=np.array(must_take),
        weights=np.array(draw(st.lists(st.sampled_from([1.0, 21.7, 365.0]), min_size=hours, max_size=hours))),
        season=np.array(draw(st.lists(st.integers(0, seasons - 1), min_size=hours, max_size=hours))),
        value_of_lost_load=draw(st.sampled_from([40.0, 1_000.0, 10_000.0])),
    )


@settings(max_examples=400, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(problems())
def test_the_merit_order_costs_what_the_linear_program_costs(problem: DispatchProblem) -> None:
    # Given a system with ties, shortages, hours without load or must-take surplus
    found, lp = dispatch(problem, keep_generation=True), solve_dispatch(problem)
    # Then the objective is the same,
    assert found.generation is not None
    bids = problem.bids[0][problem.season].T
    cost = float((found.generation[0] * bids * problem.weights).sum())
    cost += problem.value_of_lost_load * float(found.unserved[0] @ problem.weights)
    assert cost == pytest.approx(lp.objective, rel=1e-9, abs=1e-6)
    # the price too, wherever it is one number,
    unique = lp.unique_price
    np.testing.assert_allclose(found.price[0][unique], lp.price[unique], rtol=1e-9, atol=1e-7)
    # and the schedule is feasible and balanced.
    offered = problem.capacity[0][:, None] * problem.profiles[problem.profile_of]
    assert np.all(found.generation >= 0.0)
    assert np.all(found.generation[0] <= offered + 1e-9)
    np.testing.assert_allclose(
        found.generation[0].sum(axis=0) + found.unserved[0], problem.load[0], atol=1e-9
    )
    by_unit = np.einsum("uh,h->u", found.generation[0], problem.weights)
    np.testing.assert_allclose(found.energy[0].sum(axis=0), by_unit, rtol=1e-12, atol=1e-9)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(problems())
def test_where_the_price_is_an_interval_it_is_one_of_its_ends(problem: DispatchProblem) -> None:
    # Given any system, when each load moves by a hair up and down
    found = dispatch(problem).price[0]
    up = dispatch(replace(problem, load=problem.load + 1e-5)).price[0]
    down = dispatch(replace(problem, load=np.maximum(problem.load - 1e-5, 0.0))).price[0]
    # Then the price lies between what the hair less and the hair more would cost: it is a dual of the balance.
    loaded = problem.load[0] > 0.0
    assert np.all(found[loaded] >= down[loaded])
    assert np.all(found <= up)


@dataclass(frozen=True)
class Hour:
    """One hour, and the price and energy that the rules give it."""

    case: str
    load: float
    capacity: list[float]
    bids: list[float]
    must_take: list[bool]
    price: float
    energy: list[float]


NONE, SECOND = [False, False], [False, True]
RULES = (
    Hour("inside a unit", 15.0, [10.0, 10.0], [5.0, 7.0], NONE, 7.0, [10.0, 5.0]),
    Hour("exact fit: the lower end", 10.0, [10.0, 10.0], [5.0, 7.0], NONE, 5.0, [10.0, 0.0]),
    Hour("no load: the cheapest available", 0.0, [0.0, 10.0], [1.0, 7.0], NONE, 7.0, [0.0, 0.0]),
    Hour("nothing at all", 0.0, [0.0, 0.0], [1.0, 7.0], NONE, 1_000.0, [0.0, 0.0]),
    Hour("shortage", 25.0, [10.0, 10.0], [5.0, 7.0], NONE, 1_000.0, [10.0, 10.0]),
    Hour("equal bids: pro rata", 6.0, [10.0, 20.0], [5.0, 5.0], NONE, 5.0, [2.0, 4.0]),
    Hour("equal bids: must-take first", 5.0, [10.0, 10.0], [0.0, 0.0], SECOND, 0.0, [0.0, 5.0]),
    Hour("must-take surplus: the floor", 5.0, [10.0, 10.0], [3.0, -2.0], SECOND, -2.0, [0.0, 5.0]),
    Hour("dearer than shedding", 15.0, [10.0, 10.0], [5.0, 2_000.0], NONE, 1_000.0, [10.0, 0.0]),
)


@pytest.mark.parametrize("hour", RULES, ids=lambda hour: hour.case)
def test_the_rules_for_single_hours(hour: Hour) -> None:
    found = dispatch(
        DispatchProblem(
            load=np.array([[hour.load]]),
            capacity=np.array([hour.capacity]),
            bids=np.array([[hour.bids]]),
            ranking=np.array([[hour.bids]]),
            profiles=np.ones((1, 1)),
            profile_of=np.zeros(2, dtype=np.int64),
            must_take=np.array(hour.must_take),
            weights=np.ones(1),
            season=np.zeros(1, dtype=np.int64),
            value_of_lost_load=1_000.0,
        )
    )
    assert found.price[0, 0] == hour.price
    assert found.energy[0, 0].tolist() == hour.energy


def test_rows_do_not_touch_each_other() -> None:
    # Given the same three rows together and apart
    rng = np.random.default_rng(5)
    together = DispatchProblem(
        load=rng.uniform(0, 300, (3, 24)),
        capacity=rng.uniform(0, 60, (3, 6)),
        bids=rng.uniform(0, 90, (3, 1, 6)),
        ranking=np.zeros((3, 1, 6)),
        profiles=rng.uniform(0, 1, (2, 24)),
        profile_of=np.array([0, 1, 0, 1, 0, 1]),
        must_take=np.zeros(6, dtype=np.bool_),
        weights=np.full(24, 365.0),
        season=np.zeros(24, dtype=np.int64),
        value_of_lost_load=3_000.0,
    )
    together = replace(together, ranking=together.bids)
    whole = dispatch(together)
    # Then each gives the same bytes
    for row in range(3):
        at = slice(row, row + 1)
        alone = dispatch(
            replace(
                together,
                load=together.load[at],
                capacity=together.capacity[at],
                bids=together.bids[at],
                ranking=together.ranking[at],
            )
        )
        assert alone.energy.tobytes() == whole.energy[at].tobytes()
        assert alone.price.tobytes() == whole.price[at].tobytes()
