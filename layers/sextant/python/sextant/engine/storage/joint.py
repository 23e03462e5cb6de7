"""Storages and a renewable target's build at once, for one year: the interior point of `interior.py` with a border.

To the storages' program come the build x at A EUR/MW, the shortfall q at P EUR/MWh and what passes the target, t:

    blocks  0 ≤ g ≤ u + x·a        target  Σ τ·g + q − t = T        x, q, t ≥ 0

The target is one more row and x one more column of the system of each step. Both are borders of A·Θ·Aᵀ: two more solutions with
the same factor, and two equations.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from sextant.engine.stack import Problem
from sextant.engine.storage import interior
from sextant.engine.storage.exact import Reservoir, Schedule
from sextant.engine.storage.interior import Blocks, Factor, Program
from sextant.engine.system import BoolArray, FloatArray


@dataclass(frozen=True)
class Solution:
    """What the storages do, and the build that goes with it."""

    schedules: list[Schedule]
    mw: float
    credit: float  # EUR/MWh, the target's dual
    reached: bool  # whether it keeps all balances, and is within ENOUGH of the optimum


@dataclass(frozen=True)
class _Target:
    """The border: the build, and the renewable energy that is to be reached."""

    grows: FloatArray  # [G] share of a MW of the build by which a block grows
    counts: FloatArray  # [G] towards the target, by hours
    energy: float
    costs: FloatArray  # [3] of x, q and t


@dataclass(frozen=True)
class _Point:
    x: FloatArray
    room: FloatArray
    lower: FloatArray
    upper: FloatArray
    power: FloatArray  # [H] duals
    energy: FloatArray  # [S, H] duals
    credit: float  # the target's dual
    extra: FloatArray  # [3] x, q, t
    extra_lower: FloatArray  # [3] duals of their being 0 or more

    @property
    def gap(self) -> float:
        return float(self.x @ self.lower + self.room @ self.upper + self.extra @ self.extra_lower)


ENOUGH = 1e-6
"""Share of the cost by which primal and dual may differ of what counts as the optimum; the certificate tells how much they do."""
MOST_REFINEMENTS = 5
REFINED = 0.01 * interior.UNBALANCED
"""Less of a balance than this is not worth another solution."""

_Duals = tuple[FloatArray, FloatArray, float, float]
"""Of the balances of power and energy and of the target, and beside them the build."""


@interior.overflowing
def solve(problem: Problem, row: int, reservoirs: Sequence[Reservoir], period: int, step: float) -> Solution:
    """The optimum of a row, without the rule that nothing is built beyond the target."""
    unit = max(float(problem.load[row].max()), sum(each.discharge + each.charge for each in reservoirs))
    scale = float(problem.weights.mean())
    weight = problem.weights / scale
    blocks, target = _blocks(problem, row, sum(each.charge for each in reservoirs), unit, scale)
    program = Program(blocks, reservoirs, period, step, unit)
    program.moves[program.parts[0]] |= target.grows > 0.0
    point = _beginning(program, target)
    missing, within = _missing(program, target, point), np.inf
    for _ in range(interior.MOST_STEPS):
        cost = abs(float(program.cost @ point.x) + float(target.costs @ point.extra))
        within = point.gap / max(cost, 1.0 / unit)
        if within <= interior.TOLERANCE and interior.balanced(*missing):
            break
        following = _advanced(program, target, point, missing)
        ahead = _missing(program, target, following)
        if interior.lost(within, (point.gap, following.gap), missing, ahead):
            break
        point, missing = following, ahead
    _, charge, discharge, _, level = program.split(np.where(program.moves, point.x, 0.0))
    values = -point.energy * step / weight
    schedules = []
    for at, each in enumerate(reservoirs):
        after = level[at, :, 1:] * unit
        if each.initial is None or each.final is None:
            after[:, -1] = level[at, :, 0] * unit
            start = after[:, -1].copy()
        else:
            after[:, -1] += each.final
            start = np.full(len(after), each.initial)
        schedules.append(Schedule(charge[at] * unit, discharge[at] * unit, after.ravel(), start, values[at]))
    # What is left of nothing by rounding is nothing, and what is but that short of the most is the most.
    most = float(problem.compliance_rate[row])
    credit = 0.0 if point.credit <= interior.GOOD * most else point.credit
    return Solution(
        schedules,
        float(point.extra[0]) * unit,
        most if credit >= (1.0 - interior.GOOD) * most else credit,
        reached=interior.balanced(*missing) and within <= ENOUGH,
    )


def _missing(program: Program, target: _Target, point: _Point) -> tuple[FloatArray, FloatArray, float]:
    """What the point's balances of power and energy, and its target, are short of."""
    power, energy, reached = _balances(program, target, point)
    return program.power - power, program.energy - energy, target.energy - reached


def _balances(program: Program, target: _Target, point: _Point) -> tuple[FloatArray, FloatArray, float]:
    power, energy = program.times(point.x)
    counted = float(target.counts @ point.x[program.parts[0]]) + point.extra[1] - point.extra[2]
    return power, energy, counted


def _blocks(problem: Problem, row: int, up: float, unit: float, scale: float) -> tuple[Blocks, _Target]:
    """All units' blocks hour by hour, none of them called in any case, and last the load that is shed."""
    units = np.flatnonzero((problem.capacity[row] > 0.0) | (problem.mix[row] > 0.0))
    most = problem.load[row] + up
    bids, kind = np.unique(
        np.column_stack([problem.bids[row][:, units].T, problem.renewable[units]]),
        axis=0,
        return_inverse=True,
    )
    bids, green = bids[:, :-1].T, np.append(bids[:, -1] > 0.0, False)
    width, grows = np.zeros((2, len(most), len(green)))
    for place, block in zip(units.tolist(), kind.tolist(), strict=True):
        profile = problem.profiles[problem.profile_of[place]]
        width[:, block] += problem.capacity[row, place] * profile
        grows[:, block] += problem.mix[row, place] * profile
    width[:, -1] = most
    price = np.column_stack([bids[problem.season], np.full_like(most, problem.value_of_lost_load)])
    kept = (width > interior.LEAST_WIDTH * unit) | (grows > interior.LEAST_WIDTH)
    kept &= _callable(width, price, green, most)
    kept[:, -1] = True
    hour, block = np.nonzero(kept)
    weight = (problem.weights / scale)[hour]
    blocks = Blocks(
        hour=hour,
        first=np.searchsorted(hour, np.arange(len(most))),
        width=np.where(width > interior.LEAST_WIDTH * unit, width, 0.0)[hour, block],
        price=price[hour, block] * weight,
        missing=problem.load[row],
        most=most,
        below=0.0,
    )
    target = _Target(
        grows=grows[hour, block],
        counts=np.where(green[block], weight, 0.0),
        energy=float(problem.energy[row]) / scale / unit,
        costs=np.array([problem.yearly_cost[row] / scale, problem.compliance_rate[row], 0.0]),
    )
    return blocks, target


def _callable(width: FloatArray, price: FloatArray, green: BoolArray, most: FloatArray) -> BoolArray:
    """Which blocks [H, K] a build, a credit or a storage may have called: cheaper ones that no credit moves leave some of the greatest load.

    One at the very edge stays too: it bounds the hour's price.
    """
    order = np.argsort(np.where(green, -np.inf, price), axis=1, kind="stable")
    ranked = np.take_along_axis(np.where(green, 0.0, width), order, axis=1)
    before = np.cumsum(ranked, axis=1) - ranked
    passed = np.zeros(width.shape, dtype=np.bool_)
    np.put_along_axis(passed, order, before > (1.0 + interior.LEAST_WIDTH) * most[:, None], axis=1)
    return green | ~passed


def _beginning(program: Program, target: _Target) -> _Point:
    first = interior.beginning(program)
    extra = np.array([0.1, 0.1, 0.1]) * np.array([1.0, target.energy, target.energy])
    blocks = program.parts[0]
    x = first.x.copy()
    # Blocks that are not there but for the build have no room of their own.
    x[blocks] *= (program.blocks.width > 0.0) | (target.grows == 0.0)
    x[blocks] += 0.5 * target.grows * extra[0]
    room = x.copy()
    away = float(first.lower.min())
    return _Point(
        x,
        room,
        first.lower,
        first.upper,
        first.power,
        first.energy,
        0.0,
        extra,
        np.full(3, away) + target.costs,
    )


def _advanced(
    program: Program, target: _Target, point: _Point, missing: tuple[FloatArray, FloatArray, float]
) -> _Point:
    x, room, lower, upper = point.x, point.room, point.lower, point.upper
    extra, held = point.extra, point.extra_lower
    blocks = program.parts[0]
    reduced = program.cost - program.transposed(point.power, point.energy) - lower + upper
    reduced[blocks] -= target.counts * point.credit
    theta = np.where(program.moves, 1.0 / (lower / x + upper / room), 0.0)
    counts = np.array([0.0, 1.0, -1.0])
    reduced_extra = target.costs - counts * point.credit - held
    reduced_extra[0] -= float(target.grows @ upper[blocks])
    factor = Factor(program, theta)
    theta_blocks = theta[blocks]
    pushed = upper[blocks] / room[blocks] * target.grows

    def by_power(values: FloatArray) -> FloatArray:
        return np.add.reduceat(values, program.blocks.first)

    unchanged = np.zeros_like(x), np.zeros_like(x), np.zeros(3)
    of_target, of_build = by_power(theta_blocks * target.counts), by_power(theta_blocks * pushed)
    solved_target, solved_build = (
        factor.solve(power, np.zeros(program.flows)) for power in (of_target, of_build)
    )
    theta_extra = extra / held
    own = float((theta_blocks * target.counts) @ target.counts) + theta_extra[1] + theta_extra[2]
    mixed = float((theta_blocks * target.counts) @ pushed)
    still = float((pushed * target.grows * theta_blocks) @ (lower[blocks] / x[blocks])) + held[0] / extra[0]
    matrix = np.array(
        [
            [own - float(of_target @ solved_target[0]), mixed - float(of_target @ solved_build[0])],
            [mixed - float(of_build @ solved_target[0]), -still - float(of_build @ solved_build[0])],
        ]
    )
    determinant = matrix[0, 0] * matrix[1, 1] - matrix[0, 1] * matrix[1, 0]

    def solved(power: FloatArray, energy: FloatArray, reached: float, built: float) -> _Duals:
        """What answers these right sides: the duals, and the build's change."""
        free = factor.solve(power, energy)
        one, two = reached - float(of_target @ free[0]), built - float(of_build @ free[0])
        credit = (one * matrix[1, 1] - two * matrix[0, 1]) / determinant
        build = (two * matrix[0, 0] - one * matrix[1, 0]) / determinant
        d_power, d_energy = (
            part - at_target * credit - at_build * build
            for part, at_target, at_build in zip(free, solved_target, solved_build, strict=True)
        )
        return d_power, d_energy, credit, build

    def changed(
        duals: _Duals, pull: FloatArray, pull_extra: FloatArray, to: tuple[FloatArray, ...]
    ) -> _Point:
        """The step of all that belongs to such duals; `to` is what the products with lower, upper and extra lower are to change by."""
        d_power, d_energy, credit, build = duals
        forced = program.transposed(d_power, d_energy) - pull
        forced[blocks] += target.counts * credit + pushed * build
        change = theta * forced
        widened = np.zeros_like(x)
        widened[blocks] = target.grows * build
        d_room = widened - change
        d_extra = np.array([build, *(theta_extra[1:] * (counts[1:] * credit - pull_extra[1:]))])
        return _Point(
            change,
            d_room,
            (to[0] - lower * change) / x,
            (to[1] - upper * d_room) / room,
            d_power,
            d_energy,
            credit,
            d_extra,
            (to[2] - held * d_extra) / extra,
        )

    def step(to_lower: FloatArray, to_upper: FloatArray, to_extra: FloatArray) -> _Point:
        pull = reduced - to_lower / x + to_upper / room
        pull_extra = reduced_extra - to_extra / extra
        power, energy = program.times(theta * pull)
        right_target = missing[2] + float((theta_blocks * target.counts) @ pull[blocks])
        right_target += float(counts[1:] @ (theta_extra[1:] * pull_extra[1:]))
        right_build = (
            pull_extra[0]
            - float(target.grows @ (to_upper[blocks] / room[blocks]))
            + float((pushed * theta_blocks) @ pull[blocks])
        )
        duals = solved(missing[0] + power, missing[1] + energy, right_target, right_build)
        return changed(duals, pull, pull_extra, (to_lower, to_upper, to_extra))

    def refined(whole: _Point) -> _Point:
        """The step with what its balances are short of, by rounding, added."""
        for _ in range(MOST_REFINEMENTS):
            done = _balances(program, target, whole)
            still = missing[0] - done[0], missing[1] - done[1], missing[2] - done[2]
            if all(float(np.abs(part).max()) <= REFINED for part in still):
                break
            more = changed(solved(*still, 0.0), np.zeros_like(x), np.zeros(3), unchanged)
            parts = (getattr(whole, each.name) + getattr(more, each.name) for each in fields(_Point))
            whole = _Point(*parts)
        return whole

    predicted = step(-x * lower, -room * upper, -extra * held)
    mean = point.gap / (2 * len(x) + 3)
    centre = (_moved(point, predicted, 1.0).gap / point.gap) ** 3 * mean
    corrected = step(
        centre - x * lower - predicted.x * predicted.lower,
        centre - room * upper - predicted.room * predicted.upper,
        centre - extra * held - predicted.extra * predicted.extra_lower,
    )
    return _moved(point, refined(corrected), interior.BOUNDARY)


def _moved(point: _Point, step: _Point, most: float) -> _Point:
    reach = interior.reach
    primal = min(
        1.0, most * min(reach(point.x, step.x), reach(point.room, step.room), reach(point.extra, step.extra))
    )
    dual = min(
        1.0,
        most
        * min(
            reach(point.lower, step.lower),
            reach(point.upper, step.upper),
            reach(point.extra_lower, step.extra_lower),
        ),
    )
    return replace(
        point,
        x=point.x + primal * step.x,
        room=point.room + primal * step.room,
        extra=point.extra + primal * step.extra,
        lower=point.lower + dual * step.lower,
        upper=point.upper + dual * step.upper,
        power=point.power + dual * step.power,
        energy=point.energy + dual * step.energy,
        credit=point.credit + dual * step.credit,
        extra_lower=point.extra_lower + dual * step.extra_lower,
    )
