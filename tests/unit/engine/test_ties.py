"""Equal bids are called pro rata: whatever the order of the list, and at no other cost."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sextant.engine.dispatch import DispatchProblem, dispatch
from sextant.engine.system import Unit
from tests.unit.engine.systems import run, series, small_system
from tests.unit.engine.test_dispatch import problems


def permuted(problem: DispatchProblem, order: list[int]) -> DispatchProblem:
    """The problem with its units listed in another order."""
    return replace(
        problem,
        capacity=problem.capacity[:, order],
        bids=problem.bids[:, :, order],
        ranking=problem.ranking[:, :, order],
        profile_of=problem.profile_of[order],
        must_take=problem.must_take[order],
    )


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(problems(), st.randoms(use_true_random=False))
def test_the_order_of_the_list_is_of_no_account(problem: DispatchProblem, chance: Random) -> None:
    # Given a system with ties, and its units listed in another order
    units = problem.capacity.shape[1]
    order = list(range(units))
    chance.shuffle(order)
    called, other = (dispatch(p, keep_generation=True) for p in (problem, permuted(problem, order)))
    listed = dispatch(replace(problem, as_listed=True), keep_generation=True)
    # Then each unit makes the same, hour by hour and in the year,
    assert called.generation is not None
    assert other.generation is not None
    assert listed.generation is not None
    np.testing.assert_allclose(other.generation[0], called.generation[0][order], rtol=1e-9, atol=1e-7)
    np.testing.assert_allclose(other.energy[0], called.energy[0][:, order], rtol=1e-9, atol=1e-6)
    # units that bid the same are called for the same share of what they have,
    offered = problem.capacity[0][:, None] * problem.profiles[problem.profile_of]
    bids = problem.bids[0][problem.season].T
    for hour in range(problem.load.shape[1]):
        shares: dict[tuple[float, bool], float] = {}
        for unit in np.flatnonzero(offered[:, hour] > 0.0).tolist():
            share = called.generation[0, unit, hour] / offered[unit, hour]
            kind = (float(bids[unit, hour]), bool(problem.must_take[unit]))
            assert share == pytest.approx(shares.setdefault(kind, share), abs=1e-9)
    # and prices, shortages and what all of one bid make are those of the list.
    np.testing.assert_array_equal(called.price, listed.price)
    np.testing.assert_array_equal(called.unserved, listed.unserved)
    cost = (called.generation[0] * bids).sum(axis=0)
    np.testing.assert_allclose(cost, (listed.generation[0] * bids).sum(axis=0), rtol=1e-9, atol=1e-6)


def test_many_rows_at_once_are_as_each_alone() -> None:
    # Given rows of which each has its own order, with ties of like and unlike profiles
    chance = np.random.Generator(np.random.Philox(3))
    rows, units, hours = 40, 12, 30
    bids = np.asarray(chance.integers(0, 4, (rows, 1, units)) * 5.0, dtype=np.float64)
    together = DispatchProblem(
        load=chance.uniform(0, 300, (rows, hours)),
        capacity=np.asarray(chance.integers(0, 5, (rows, units)) * 10.0, dtype=np.float64),
        bids=bids,
        ranking=bids,
        profiles=np.array([np.ones(hours), chance.uniform(0, 1, hours), chance.uniform(0, 1, hours)]),
        profile_of=chance.integers(0, 3, units),
        must_take=np.zeros(units, dtype=np.bool_),
        weights=np.full(hours, 292.0),
        season=np.zeros(hours, dtype=np.int64),
        value_of_lost_load=1_000.0,
    )
    whole = dispatch(together).energy
    alone = [dispatch(together.rows(np.array([row]))).energy[0] for row in range(rows)]
    np.testing.assert_allclose(whole, alone, rtol=1e-12, atol=1e-9)


def test_two_parks_are_curtailed_alike() -> None:
    # Given 100 MW of load, and twice as much wind as sun at no cost
    park = Unit("A", "a", 100.0, renewable=True)
    system = small_system(
        units=(park, replace(park, name="B", technology="b", capacity_mw=200.0)),
        load=np.full((4, 24), 100.0),
    )
    shared, listed = run(system=system), run(system=system, equal_bids="LISTED")
    # Then a third and two thirds are theirs, or all is the first one's where that is asked for
    hours = 365.0 * 24
    for result, share in ((shared, 1 / 3), (listed, 1.0)):
        assert series(result, "generation", technology="a") == pytest.approx([share * 100 * hours] * 4)
