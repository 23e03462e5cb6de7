"""The change in NPV divides among its causes: to the cent, whatever their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sextant.engine import Attribution
from sextant.engine.attribution import Coalition, divide, in_cents, plan
from tests.unit.engine.systems import driver, run, series

GROWTH = driver("load_growth", annual_rate=0.02)
TAX = driver("policy", policy_name="CARBON_PRICE", start_year=2030, price=40)
GAS = driver("fuel_curve", fuel="gas", multiplier=1.3)
CLOSURE = driver("fleet_change", action="RETIRE", technology="coal", year=2032, capacity_mw=60)
NOISE = driver("stochastic", quantity="LOAD", distribution="LOGNORMAL", mean=1.05, std=0.1)
NOTHING = driver("fuel_curve", fuel="gas", multiplier=1)


def explained(*assumptions: Mapping[str, Any], **parameters: Any) -> Attribution:
    found = run(*assumptions, attribution=True, **parameters).attribution
    assert found is not None
    return found


def shares(attribution: Attribution) -> dict[str, float]:
    return {share.label: share.eur for share in attribution.shares}


@pytest.mark.parametrize(
    "assumptions",
    [[], [GROWTH], [GROWTH, TAX, GAS], [GROWTH, TAX, NOISE], [GROWTH, TAX, GAS, CLOSURE] * 3],
    ids=["none", "one", "three", "random", "twelve"],
)
def test_shares_add_up_to_the_cent(assumptions: Sequence[Mapping[str, Any]]) -> None:
    result = run(*assumptions, attribution=True, shock_bp=100, draws=50)
    found = result.attribution
    assert found is not None
    # From the untouched baseline to the run's own NPV, in whole cents
    assert found.reference == round(series(run(), "npv")[0], 2)
    assert found.result == round(series(result, "npv")[0], 2)
    assert sum(round(share.eur * 100) for share in found.shares) == round(found.result * 100) - round(
        found.reference * 100
    )
    assert "Shapley" in found.method


def test_the_order_of_independent_assumptions_does_not_matter() -> None:
    one, other = explained(TAX, GAS, GROWTH), explained(GROWTH, TAX, GAS)
    assert shares(one)["assumptions[0]"] == pytest.approx(shares(other)["assumptions[1]"], abs=0.02)
    assert shares(one)["assumptions[1]"] == pytest.approx(shares(other)["assumptions[2]"], abs=0.02)


def test_equals_share_equally_and_idlers_get_nothing() -> None:
    found = shares(explained(GROWTH, NOTHING, GROWTH))
    assert found["assumptions[0]"] == pytest.approx(found["assumptions[2]"], abs=0.02)
    assert found["assumptions[1]"] == 0.0


def test_chance_has_a_share_of_its_own() -> None:
    found = explained(NOISE, draws=100)
    assert [share.label for share in found.shares] == ["assumptions[0]", "uncertainty"]


@settings(max_examples=50, deadline=None, derandomize=True)
@given(
    st.lists(st.floats(-1e9, 1e9), min_size=7, max_size=12),
    st.floats(-1e6, 1e6),
    st.sampled_from([16, 60, 120]),
)
def test_sampled_shares_add_up_too_and_are_exact_where_nothing_interacts(
    worths: list[float], together: float, affordable: int
) -> None:
    chosen = plan(len(worths), affordable)
    assert len(chosen.coalitions) <= max(affordable, 2 + 8 * (len(worths) - 1))
    division = divide(
        chosen,
        [sum(worths[i] for i in sorted(c)) + together * (len(c) == len(worths)) for c in chosen.coalitions],
    )
    assert sum(division.shares) == pytest.approx(division.whole - division.nothing, abs=1e-3)
    if together == 0.0:
        assert list(division.shares) == pytest.approx(worths, abs=1e-3)
        assert max(error or 0.0 for error in division.errors) <= 1e-5


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(1, 5), st.randoms(use_true_random=False))
def test_exact_shares_are_the_mean_over_all_orders(players: int, chance: Random) -> None:
    # Given any game, in which players may help and hinder each other
    chosen = plan(players, 2**players)
    value = {coalition: chance.uniform(-1, 1) for coalition in chosen.coalitions}
    division = divide(chosen, [value[coalition] for coalition in chosen.coalitions])
    # Then each share is what the definition says
    orders = list(permutations(range(players)))
    for player in range(players):
        added = [
            value[frozenset([*order[: order.index(player)], player])]
            - value[frozenset(order[: order.index(player)])]
            for order in orders
        ]
        assert division.shares[player] == pytest.approx(sum(added) / len(orders), abs=1e-12)
    assert set(division.errors) == {None}


def test_a_sample_says_how_far_its_shares_may_be_off() -> None:
    # Given games of eight players whose worth hangs on who is together
    off = []
    for seed in range(40):
        chance = Random(seed)
        weights = [[chance.gauss(0, 1) for _ in range(8)] for _ in range(8)]

        def worth(coalition: Coalition, weights: list[list[float]] = weights) -> float:
            return sum(weights[i][j] for i in coalition for j in coalition) ** 2

        exact, sampled = (
            divide(chosen, [worth(c) for c in chosen.coalitions]) for chosen in (plan(8, 256), plan(8, 120))
        )
        off += [
            (share - estimate) / (error or 1.0)
            for share, estimate, error in zip(exact.shares, sampled.shares, sampled.errors, strict=True)
        ]
    # Then the error that is told is the error that there is
    assert 0.6 < (sum(z * z for z in off) / len(off)) ** 0.5 < 1.6


def test_an_attribution_evaluates_as_many_coalitions_as_the_run_allows() -> None:
    causes = [GROWTH, TAX, GAS, CLOSURE] * 2
    assert "all 256 coalitions" in explained(*causes, attribution_evaluations=256).method
    few = explained(*causes, attribution_evaluations=40)
    assert "sampled over 8 orders" in few.method
    assert all(share.standard_error is not None for share in few.shares)


def test_shares_that_do_not_belong_to_the_change_are_no_matter_of_rounding() -> None:
    with pytest.raises(ArithmeticError):
        in_cents("npv", 0.0, 100.0, [("a", "test", 40.0, None), ("b", "test", 50.0, None)], "")


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=30))
def test_cents_add_up_whatever_is_rounded(amounts: list[float]) -> None:
    found = in_cents("npv", 0.0, sum(amounts), [(str(k), "test", v, None) for k, v in enumerate(amounts)], "")
    assert sum(round(share.eur * 100) for share in found.shares) == round(found.change * 100)
