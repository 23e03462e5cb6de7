"""The price of the hour that decides how much is built for a renewable target.

At its best the build earns what it costs: another MW would earn less, one fewer more. Where that turns on an hour whose load is met
to the last MW of a unit, the dispatch leaves that hour's price open, between the bids of that unit and of the next. The program
with the build as a variable does not: its dual is the price at which the build earns its cost.
"""

from __future__ import annotations

import numpy as np

from sextant.engine.certificate import Obligation, rents
from sextant.engine.dispatch import DispatchProblem
from sextant.engine.storage.curves import supply_curves
from sextant.engine.storage.several import Operation, accepted, price_limits
from sextant.engine.system import FloatArray

EARNED = 1e-12
"""A build that earns its cost but for this share earns it."""


def settle(
    problem: DispatchProblem,
    price: FloatArray,
    rent: FloatArray,
    obligation: Obligation,
    operation: Operation | None,
) -> None:
    """Move prices [B, H] within what dispatch and storages leave open until the year's build earns its cost.

    `problem` is the dispatch of the consumers' load at bids less the credit, with the build; `rent` [B, U] is what each MW earns at
    the prices. Both are written in place.
    """
    mix = obligation.mix.reshape(rent.shape)
    cost = obligation.yearly_cost.ravel()
    missing = cost - np.einsum("bu,bu->b", mix, rent)
    turns = (obligation.built.ravel() > 0.0) & (np.abs(missing) > EARNED * cost)
    moved = []
    for row in np.flatnonzero(turns).tolist():
        low, high = _room(problem, row, price[row], operation)
        bound = high if missing[row] > 0.0 else low
        gained = _earned(problem, row, mix[row], bound) - _earned(problem, row, mix[row], price[row])
        if (total := float(gained.sum())) != 0.0:
            price[row] += np.clip(missing[row] / total, 0.0, 1.0) * (bound - price[row])
            moved.append(row)
    rows = np.array(moved, dtype=np.int64)
    if rows.size:
        rent[rows] = rents(problem.rows(rows), price[rows])


def _room(
    problem: DispatchProblem, row: int, price: FloatArray, operation: Operation | None
) -> tuple[FloatArray, FloatArray]:
    """Between which prices [H] each dispatch and storages stay as they are; both the hour's price where it is settled."""
    net = problem.load[row]
    if operation is not None:
        net = np.maximum(net + operation.position[row], 0.0)
    low, high = price_limits(supply_curves(problem, row), net)
    if operation is not None:
        least, most = accepted(operation, row)
        low, high = np.maximum(low, least), np.minimum(high, most)
    settled = ~np.isfinite(low)
    return np.where(settled, price, np.minimum(low, price)), np.where(settled, price, np.maximum(high, price))


def _earned(problem: DispatchProblem, row: int, mix: FloatArray, price: FloatArray) -> FloatArray:
    """[H] EUR that a MW of the build earns in each hour at these prices."""
    earned = np.zeros(len(price))
    for unit in np.flatnonzero(mix > 0.0).tolist():
        bids = problem.bids[row, problem.season, unit]
        earned += (
            mix[unit]
            * problem.profiles[problem.profile_of[unit]]
            * problem.weights
            * np.maximum(price - bids, 0.0)
        )
    return earned
