"""Several storages at once: a primal-dual interior point, whose every step is one sweep over the hours.

The program of `exact.py` with S storages and the hour's blocks of supply is put as

    min c·x   subject to   A·x = b,  0 ≤ x ≤ u

with a balance of power an hour, and a balance of energy an hour and storage. Mehrotra's predictor and corrector (SIAM J. Optim. 2,
1992) needs A·Θ·Aᵀ solved twice a step. Of it the balance of power falls out hour by hour, and what is left couples each hour with
the next: S × S blocks, which cyclic reduction takes out by halves. All is done elementwise and in one order, so that every
processor computes the same bits.

What comes out is within TOLERANCE of the optimum, or what was reached in MOST_STEPS; the certificate tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from sextant.engine.storage.curves import SupplyCurves
from sextant.engine.storage.exact import Reservoir
from sextant.engine.storage.ring import Ring
from sextant.engine.system import FloatArray, IntArray

MOST_STEPS = 80
TOLERANCE = 1e-14
"""Share of the cost by which primal and dual may still differ."""
GOOD = 1e-9
"""From here on a step that does not halve the difference is the last: rounding has the better of it."""
UNBALANCED = 1e-9
"""Share of the storages' power by which a balance may still be missed."""
BOUNDARY = 0.9995
"""Share of the way to the nearest limit that a step goes."""
LEAST_WIDTH = 1e-9
"""Ranges narrower than this share of the storages' power stand still."""


_Missing = tuple[FloatArray | float, ...]

overflowing = np.errstate(over="ignore", invalid="ignore", divide="ignore")
"""Of a search: a step that is no number ends it, and what was reached before counts."""


@dataclass(frozen=True)
class Compromise:
    """What S storages do in H hours, near enough to the optimum, and the duals that say so."""

    position: FloatArray  # [S, H] MW taken less given
    value: FloatArray  # [S, H] EUR/MWh of stored energy, the dual of the hour's balance


@dataclass(frozen=True)
class Blocks:
    """The hours' blocks of supply within the storages' reach, hour after hour."""

    hour: IntArray  # [G]
    first: IntArray  # [H] the hour's first block
    width: FloatArray  # [G] MW
    price: FloatArray  # [G] EUR/MWh
    missing: FloatArray  # [H] MW that they serve where no storage moves
    most: FloatArray  # [H] MW, the greatest net load
    below: float  # EUR/h that all that is called in any case costs


def _blocks(curves: SupplyCurves, load: FloatArray, down: float, up: float) -> Blocks:
    """The blocks between the least and the greatest net load, of which there is at least one an hour."""
    hours = len(load)
    least, most = np.maximum(load - down, 0.0), load + up
    edges = np.concatenate(
        [np.zeros((hours, 1)), np.cumsum(curves.offered(), axis=1), np.full((hours, 1), np.inf)], axis=1
    )
    left, right = np.maximum(edges[:, :-1], least[:, None]), np.minimum(edges[:, 1:], most[:, None])
    width = right - left
    kept = width > LEAST_WIDTH * (down + up)
    # Where nothing can move there is a block without width.
    kept[~kept.any(axis=1), -1] = True
    hour, block = np.nonzero(kept)
    shed = np.full((len(curves.values), 1), curves.value_of_lost_load)
    prices = np.concatenate([curves.values, shed], axis=1)
    price = prices[curves.season[hour], block]
    called = np.maximum(np.minimum(edges[:, 1:], least[:, None]) - edges[:, :-1], 0.0)
    below = float((called * prices[curves.season]).sum())
    return Blocks(
        hour,
        np.searchsorted(hour, np.arange(hours)),
        np.maximum(width[hour, block], 0.0),
        price,
        load - least,
        most,
        below,
    )


class Program:
    """The program's sizes, and products with its matrix. Places of x: blocks, then charge, discharge, spill and levels by storage."""

    def __init__(
        self,
        blocks: Blocks,
        reservoirs: Sequence[Reservoir],
        period: int,
        step: float,
        unit: float,
    ) -> None:
        count, hours = len(reservoirs), len(blocks.missing)
        self.blocks, self.step = blocks, step
        self.flows = (count, hours)
        self.nodes = (count, hours // period, period + 1)
        self.into, self.out = (
            np.array([[getattr(each, name)] for each in reservoirs])
            for name in ("charge_efficiency", "discharge_efficiency")
        )
        sizes = [len(blocks.width), count * hours, count * hours, count * hours, int(np.prod(self.nodes))]
        ends = np.cumsum(sizes)
        self.parts = [slice(end - size, end) for size, end in zip(sizes, ends, strict=True)]
        upper, cost = np.zeros(ends[-1]), np.zeros(ends[-1])
        _, charge, discharge, spill, level = self.split(upper)
        upper[self.parts[0]], cost[self.parts[0]] = blocks.width / unit, blocks.price
        self.power, self.energy = blocks.missing / unit, np.zeros(self.flows)
        balance = self.energy.reshape(count, hours // period, period)
        for at, each in enumerate(reservoirs):
            charge[at], discharge[at], spill[at] = each.charge, each.discharge, each.inflow
            self.energy[at] = each.inflow * step / unit
            level[at] = each.energy
            if each.initial is None or each.final is None:
                level[at, :, -1] = 0.0
            else:
                level[at, :, 0], level[at, :, -1] = 0.0, each.energy - each.final
                balance[at, :, 0] += each.initial / unit
                balance[at, :, -1] -= each.final / unit
        # Without load nothing can be given that nobody takes.
        discharge[:, blocks.most <= LEAST_WIDTH * unit] = 0.0
        upper[self.parts[0].stop :] /= unit
        self.cost = cost
        self.moves = upper > LEAST_WIDTH
        self.upper = np.where(self.moves, upper, 1.0)
        # A price to begin from.
        self.middle = float(np.median(blocks.price))

    def split(self, x: FloatArray) -> tuple[FloatArray, ...]:
        """Views of x: blocks [G], charge, discharge and spill [S, H], levels [S, periods, hours + 1] at the hours' beginnings and the end."""
        blocks, *flows = (x[part] for part in self.parts)
        return (blocks, *(flow.reshape(self.flows) for flow in flows[:3]), flows[3].reshape(self.nodes))

    def times(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """A·x: balances of power [H] and of energy [S, H]."""
        blocks, charge, discharge, spill, level = self.split(np.where(self.moves, x, 0.0))
        power = np.add.reduceat(blocks, self.blocks.first) + (discharge - charge).sum(axis=0)
        later = level[:, :, 1:].copy()
        # A period that ends as it begins has its first level again for its last.
        later[:, :, -1] += level[:, :, 0] * self._rings
        held = (later - level[:, :, :-1]).reshape(self.flows)
        return power, held + self.step * (discharge / self.out + spill - self.into * charge)

    @property
    def _rings(self) -> FloatArray:
        return np.asarray(self.moves[self.parts[4]].reshape(self.nodes)[:, :, 0], dtype=np.float64)

    def transposed(self, power: FloatArray, energy: FloatArray) -> FloatArray:
        """Aᵀ·y for the duals of power [H] and energy [S, H]."""
        result = np.empty_like(self.cost)
        blocks, charge, discharge, spill, level = self.split(result)
        blocks[:] = power[self.blocks.hour]
        charge[:] = -power - self.step * self.into * energy
        discharge[:] = power + self.step / self.out * energy
        spill[:] = self.step * energy
        by_period = energy.reshape(self.nodes[0], self.nodes[1], -1)
        level[:, :, 1:] = by_period
        level[:, :, 0] = by_period[:, :, -1] * self._rings
        level[:, :, :-1] -= by_period
        return np.where(self.moves, result, 0.0)


class Factor:
    """The solution of A·Θ·Aᵀ·y = r."""

    def __init__(self, program: Program, theta: FloatArray) -> None:
        self._nodes = program.nodes
        blocks, charge, discharge, spill, level = program.split(theta)
        into, out = program.step * program.into, program.step / program.out
        supplied = np.add.reduceat(blocks, program.blocks.first)
        moved = charge + discharge
        self._power = supplied + moved.sum(axis=0)
        self._power[self._power == 0.0] = 1.0
        self._mixed = into * charge + out * discharge
        count, periods = program.nodes[:2]
        each = np.arange(count)
        shape = (count, periods, program.nodes[2] - 1)
        mixed = self._mixed.reshape(shape)
        excess = -mixed[:, None] * mixed[None] / self._power.reshape(periods, -1)
        # What is left of a storage's own when the balance of power is taken out, summed instead of subtracted.
        others = supplied + np.array([np.delete(moved, at, axis=0).sum(axis=0) for at in each])
        left = (into**2 * charge + out**2 * discharge) * others + (into - out) ** 2 * charge * discharge
        excess[each, each] = (left / self._power + program.step**2 * spill).reshape(shape)
        # The end of a period with levels of its own is linked with nothing.
        excess[each, each, :, -1] += level[:, :, -1]
        links = np.zeros_like(excess)
        links[each, each, :, :-1] = level[:, :, 1:-1]
        links[each, each, :, -1] = level[:, :, 0]
        self._ring = Ring(excess, links)

    def solve(self, power: FloatArray, energy: FloatArray) -> tuple[FloatArray, FloatArray]:
        """The duals of power [H] and energy [S, H]."""
        share = power / self._power
        right = energy - self._mixed * share
        values = self._ring.solve(right.reshape(self._nodes[0], self._nodes[1], -1)).reshape(energy.shape)
        return share - (self._mixed * values).sum(axis=0) / self._power, values


@dataclass(frozen=True)
class _Point:
    """Where the search stands. Inside: all of x and of the duals of its limits is above 0."""

    x: FloatArray
    room: FloatArray  # up to the limits
    power: FloatArray  # [H] duals
    energy: FloatArray  # [S, H] duals
    lower: FloatArray  # duals of 0 ≤ x
    upper: FloatArray  # duals of x ≤ u

    @property
    def gap(self) -> float:
        """What complementarity is short of."""
        return float(self.x @ self.lower + self.room @ self.upper)

    def moved(self, step: _Step, most: float) -> _Point:
        """After the step, or `most` of the way to where the first limit would be passed."""
        primal = min(1.0, most * min(reach(self.x, step.x), reach(self.room, -step.x)))
        dual = min(1.0, most * min(reach(self.lower, step.lower), reach(self.upper, step.upper)))
        return _Point(
            x=self.x + primal * step.x,
            room=self.room - primal * step.x,
            power=self.power + dual * step.power,
            energy=self.energy + dual * step.energy,
            lower=self.lower + dual * step.lower,
            upper=self.upper + dual * step.upper,
        )


@dataclass(frozen=True)
class _Step:
    x: FloatArray
    power: FloatArray
    energy: FloatArray
    lower: FloatArray
    upper: FloatArray


def reach(values: FloatArray, change: FloatArray) -> float:
    """How many such changes bring the first of the values to zero."""
    most = float(np.max(-change / values, initial=0.0))
    return 1.0 / most if most > 0.0 else np.inf


@overflowing
def solve(
    curves: SupplyCurves, load: FloatArray, reservoirs: Sequence[Reservoir], period: int, step: float
) -> Compromise:
    """The storages' compromise against the load [H] MW, in periods of `period` hours of `step` hours each."""
    down, up = sum(each.discharge for each in reservoirs), sum(each.charge for each in reservoirs)
    unit = down + up
    if not unit > 0.0:
        return Compromise(*np.zeros((2, len(reservoirs), len(load))))
    blocks = _blocks(curves, load, down, up)
    program = Program(blocks, reservoirs, period, step, unit)
    point = beginning(program)
    missing = _missing(program, point)
    for _ in range(MOST_STEPS):
        cost = abs(float(program.cost @ point.x) + blocks.below / unit)
        within = point.gap / max(cost, 1.0 / unit)
        if within <= TOLERANCE and balanced(*missing):
            break
        following = _advanced(program, point, missing)
        ahead = _missing(program, following)
        if lost(within, (point.gap, following.gap), missing, ahead):
            break
        point, missing = following, ahead
    _, charge, discharge, _, _ = program.split(np.where(program.moves, point.x, 0.0))
    return Compromise((charge - discharge) * unit, -point.energy * step)


def balanced(*missing: FloatArray | float) -> bool:
    """Whether the balances, by what is missing to each, hold."""
    return all(float(np.abs(part).max()) <= UNBALANCED for part in missing)


def lost(within: float, gap: tuple[float, float], missing: _Missing, ahead: _Missing) -> bool:
    """Whether a step, of which the gap and what is missing to the balances are given before and ahead, is rounding's: it is no number, gains too little of a small gap, or loses balances that held."""
    gains = gap[1] <= 0.5 * gap[0] if within <= GOOD else gap[1] < np.inf
    return not gains or (balanced(*missing) and not balanced(*ahead))


def _missing(program: Program, point: _Point) -> tuple[FloatArray, FloatArray]:
    power, energy = program.times(point.x)
    return program.power - power, program.energy - energy


def beginning(program: Program) -> _Point:
    """Amid all limits, at one price."""
    power = np.full(len(program.power), program.middle)
    energy = np.full(program.flows, -program.middle / program.step)
    reduced = program.cost - program.transposed(power, energy)
    away = 1.0 + np.abs(reduced).mean()
    half = 0.5 * program.upper
    return _Point(
        half, half.copy(), power, energy, np.maximum(reduced, 0.0) + away, np.maximum(-reduced, 0.0) + away
    )


def _advanced(program: Program, point: _Point, missing: tuple[FloatArray, FloatArray]) -> _Point:
    """One step on: predicted without centring, then corrected by what the prediction missed."""
    x, room, lower, upper = point.x, point.room, point.lower, point.upper
    reduced = program.cost - program.transposed(point.power, point.energy) - lower + upper
    theta = 1.0 / (lower / x + upper / room)
    factor = Factor(program, np.where(program.moves, theta, 0.0))

    def step(to_lower: FloatArray, to_upper: FloatArray) -> _Step:
        pull = reduced - to_lower / x + to_upper / room
        power, energy = program.times(theta * pull)
        power, energy = factor.solve(missing[0] + power, missing[1] + energy)
        change = theta * (program.transposed(power, energy) - pull)
        return _Step(
            change, power, energy, (to_lower - lower * change) / x, (to_upper + upper * change) / room
        )

    predicted = step(-x * lower, -room * upper)
    mean = point.gap / (2 * len(x))
    centre = (point.moved(predicted, 1.0).gap / point.gap) ** 3 * mean
    corrected = step(
        centre - x * lower - predicted.x * predicted.lower,
        centre - room * upper + predicted.x * predicted.upper,
    )
    return point.moved(corrected, BOUNDARY)
