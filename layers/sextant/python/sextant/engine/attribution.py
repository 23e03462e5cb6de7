"""Dividing a change among what caused it, independent of order and adding up exactly: Shapley values.

The share of player i is the mean, over all orders in which players could join, of what its joining adds to the worth. Up to
EXACT_PLAYERS players all 2ⁿ coalitions are evaluated; beyond, a fixed sample of orders in mirrored pairs is, where shares
still add up exactly (each order's contributions telescope) and are estimates only in how they divide.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from sextant.engine.model import Attribution, Progress, Share

Coalition: TypeAlias = frozenset[int]
Worth = Callable[[Sequence[Coalition]], list[float]]

EXACT_PLAYERS = 6
EVALUATIONS = 256
"""About how many coalitions a sampled attribution evaluates."""
ORDER_STREAM = 0x5E87A27
BATCH = 64


@dataclass(frozen=True)
class Division:
    """Worth of nothing and of the whole, and the players' shares of the difference."""

    nothing: float  # EUR
    whole: float  # EUR
    shares: tuple[float, ...]  # EUR, in the order of the players
    method: str


def shapley(players: int, worth: Worth, progress: Progress) -> Division:
    """Shapley values of the game; the progress runs from 80 to 99."""
    exact = players <= EXACT_PLAYERS
    if exact:
        masks = range(2**players)
        coalitions = [frozenset(i for i in range(players) if mask >> i & 1) for mask in masks]
        orders: list[list[int]] = []
        method = f"Shapley values over all {len(coalitions)} coalitions, central case"
    else:
        orders = _orders(players)
        joined = {frozenset(order[:k]) for order in orders for k in range(players + 1)}
        coalitions = sorted(joined, key=lambda c: (len(c), sorted(c)))
        method = f"Shapley values sampled over {len(orders)} orders in mirrored pairs, central case"
    value: dict[Coalition, float] = {}
    for start in range(0, len(coalitions), BATCH):
        batch = coalitions[start : start + BATCH]
        value.update(zip(batch, worth(batch), strict=True))
        progress(80 + 19 * len(value) // len(coalitions), "attributing the change in NPV")
    shares = _exact(players, value) if exact else _sampled(players, orders, value)
    return Division(value[frozenset()], value[frozenset(range(players))], tuple(shares), method)


def _exact(players: int, value: dict[Coalition, float]) -> list[float]:
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


def _sampled(players: int, orders: list[list[int]], value: dict[Coalition, float]) -> list[float]:
    added: list[list[float]] = [[] for _ in range(players)]
    for order in orders:
        for place, player in enumerate(order):
            before = frozenset(order[:place])
            added[player].append(value[before | {player}] - value[before])
    return [math.fsum(terms) / len(orders) for terms in added]


def _orders(players: int) -> list[list[int]]:
    """A fixed sample of orders, each with its mirror image: the same for every run with as many players."""
    pairs = max(4, EVALUATIONS // (2 * players))
    raw = np.random.Philox(key=ORDER_STREAM + players).random_raw(pairs * players).reshape(pairs, players)
    orders: list[list[int]] = []
    for keys in raw:
        order = np.argsort(keys, kind="stable").tolist()
        orders += [order, order[::-1]]
    return orders


def in_cents(
    metric: str, reference: float, result: float, shares: Sequence[tuple[str, str, float]], method: str
) -> Attribution:
    """The shares in whole cents, so that they add up to the change exactly; what rounding leaves goes to the largest."""
    start, end = round(reference * 100), round(result * 100)
    cents = [round(eur * 100) for _, _, eur in shares]
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
            Share(label, kind, amount / 100) for (label, kind, _), amount in zip(shares, cents, strict=True)
        ),
        method=method,
    )
