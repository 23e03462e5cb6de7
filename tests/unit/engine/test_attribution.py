"""The change in NPV divides among its causes: to the cent, whatever their order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import permutations
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sextant.engine import Attribution, no_progress
from sextant.engine.attribution import EXACT_PLAYERS, Coalition, in_cents, shapley
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
    st.lists(st.floats(-1e9, 1e9), min_size=EXACT_PLAYERS + 1, max_size=EXACT_PLAYERS + 6),
    st.floats(-1e6, 1e6),
)
def test_sampled_shares_add_up_too_and_are_exact_where_nothing_interacts(
    worths: list[float], together: float
) -> None:
    def additive(coalitions: Sequence[Coalition]) -> list[float]:
        return [sum(worths[i] for i in sorted(c)) + together * (len(c) == len(worths)) for c in coalitions]

    division = shapley(len(worths), additive, no_progress)
    assert sum(division.shares) == pytest.approx(division.whole - division.nothing, abs=1e-3)
    if together == 0.0:
        assert list(division.shares) == pytest.approx(worths, abs=1e-3)


@settings(max_examples=50, deadline=None, derandomize=True)
@given(st.integers(1, 5), st.randoms(use_true_random=False))
def test_exact_shares_are_the_mean_over_all_orders(players: int, chance: Random) -> None:
    # Given any game, in which players may help and hinder each other
    value: dict[Coalition, float] = {}

    def worth(coalitions: Sequence[Coalition]) -> list[float]:
        return [value.setdefault(coalition, chance.uniform(-1, 1)) for coalition in coalitions]

    division = shapley(players, worth, no_progress)
    # Then each share is what the definition says
    orders = list(permutations(range(players)))
    for player in range(players):
        added = [
            value[frozenset([*order[: order.index(player)], player])]
            - value[frozenset(order[: order.index(player)])]
            for order in orders
        ]
        assert division.shares[player] == pytest.approx(sum(added) / len(orders), abs=1e-12)


def test_shares_that_do_not_belong_to_the_change_are_no_matter_of_rounding() -> None:
    with pytest.raises(ArithmeticError):
        in_cents("npv", 0.0, 100.0, [("a", "test", 40.0), ("b", "test", 50.0)], "")


@given(st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=30))
def test_cents_add_up_whatever_is_rounded(amounts: list[float]) -> None:
    found = in_cents("npv", 0.0, sum(amounts), [(str(k), "test", v) for k, v in enumerate(amounts)], "")
    assert sum(round(share.eur * 100) for share in found.shares) == round(found.change * 100)
