"""Dividing a change among what caused it, independent of order and adding up exactly: Shapley values.

The share of player i is the mean, over all orders in which players could join, of what its joining adds to the worth. Where all
2ⁿ coalitions can be afforded they are evaluated; else a fixed sample of orders in mirrored pairs is, where shares still add up
exactly (each order's contributions telescope), are estimates only in how they divide, and have a standard error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sextant.drivers.workload import LEAST_EVALUATIONS
from sextant.engine.model import Attribution, Share

Coalition: TypeAlias = frozenset[int]

LEAST_PAIRS = 4
"""Fewer pairs of orders have no standard error to rely on."""
ORDER_STREAM = 0x5E87A27


@dataclass(frozen=True)
class Plan:
    """Which coalitions are evaluated; without orders these are all there are."""

    players: int
    coalitions: tuple[Coalition, ...]
    orders: tuple[tuple[int, ...], ...]

    @property
    def method(self) -> str:
        if not self.orders:
            return f"Shapley values over all {len(self.coalitions)} coalitions, central case"
        return f"Shapley values sampled over {len(self.orders)} orders in mirrored pairs, central case"


@dataclass(frozen=True)
class Division:
    """Worth of nothing and of the whole, and the players' shares of the difference."""

    nothing: float  # EUR
    whole: float  # EUR
    shares: tuple[float, ...]  # EUR, in the order of the players
    errors: tuple[float | None, ...]
    """EUR, standard errors of the shares; None where they are exact."""


def plan(players: int, evaluations: int) -> Plan:
    """The coalitions to evaluate where about so many can be afforded."""
    if 2**players <= max(evaluations, LEAST_EVALUATIONS):
        masks = range(2**players)
        every = (frozenset(i for i in range(players) if mask >> i & 1) for mask in masks)
        return Plan(players, tuple(every), ())
    pairs = max(LEAST_PAIRS, (evaluations - 2) // (2 * (players - 1)))
    orders = _orders(players, pairs)
    joined = {frozenset(order[:k]) for order in orders for k in range(players + 1)}
    return Plan(players, tuple(sorted(joined, key=lambda c: (len(c), sorted(c)))), orders)


def divide(chosen: Plan, worths: Sequence[float]) -> Division:
    """The shares, from the worth of each of the plan's coalitions in their order."""
    value = dict(zip(chosen.coalitions, worths, strict=True))
    if chosen.orders:
        shares, errors = _sampled(chosen, value)
    else:
        shares, errors = _exact(chosen.players, value), [None] * chosen.players
    return Division(value[frozenset()], value[frozenset(range(chosen.players))], tuple(shares), tuple(errors))


def _exact(players: int, value: Mapping[Coalition, float]) -> list[float]:
    shares = []
    for player in range(players):
        terms = []
        for coalition, without in value.items():
            if player not in coalition:
                size = len(coalition)
                weight = 1.0 / (players * math.comb(players - 1, size))
                terms.append(weight * (value[coalition | {player}] - without))
        shares.append(math.fsum(terms))
    return shares


def _sampled(chosen: Plan, value: Mapping[Coalition, float]) -> tuple[list[float], list[float | None]]:
    """Means over the orders, and their standard errors: those of the means of the pairs, which are independent."""
    added = np.zeros((len(chosen.orders), chosen.players))
    for row, order in enumerate(chosen.orders):
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            added[row, player] = value[before | {player}] - value[before]
    shares = [math.fsum(column) / len(chosen.orders) for column in added.T.tolist()]
    pairs = 0.5 * (added[::2] + added[1::2])
    errors: list[float | None] = list((pairs.std(axis=0, ddof=1) / math.sqrt(len(pairs))).tolist())
    return shares, errors


def _orders(players: int, pairs: int) -> tuple[tuple[int, ...], ...]:
    """A fixed sample of orders, each followed by its mirror image: the same for every run with as many players."""
    raw = np.random.Philox(key=ORDER_STREAM + players).random_raw(pairs * players).reshape(pairs, players)
    orders: list[tuple[int, ...]] = []
    for keys in raw:
        order = tuple(np.argsort(keys, kind="stable").tolist())
        orders += [order, order[::-1]]
    return tuple(orders)


def in_cents(
    metric: str,
    reference: float,
    result: float,
    shares: Sequence[tuple[str, str, float, float | None]],
    method: str,
) -> Attribution:
    """The shares in whole cents, so that they add up to the change exactly; what rounding leaves goes to the largest."""
    start, end = round(reference * 100), round(result * 100)
    cents = [round(eur * 100) for _, _, eur, _ in shares]
    left = end - start - sum(cents)
    if abs(left) > len(cents) + 1 + 1e-12 * (abs(start) + abs(end) + sum(map(abs, cents))):
        raise ArithmeticError(f"the shares miss the change by {left} cents: more than rounding leaves")
    if cents:
        largest = max(range(len(cents)), key=lambda index: (abs(cents[index]), -index))
        cents[largest] += left
    return Attribution(
        metric=metric,
        reference=start / 100,
        result=end / 100,
        change=(end - start) / 100,
        shares=tuple(
            Share(label, kind, amount / 100, None if error is None else round(error, 2))
            for (label, kind, _, error), amount in zip(shares, cents, strict=True)
        ),
        method=method,
    )
