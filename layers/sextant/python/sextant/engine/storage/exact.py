"""One storage against the hours' supply curves, solved exactly.

The program, over the hours h of a period, in hours of length Δ and with the level e in MWh:

    min Σ_h cost_h(load_h + c_h − d_h)   subject to   0 ≤ c_h ≤ C,  0 ≤ d_h ≤ D,  load_h + c_h − d_h ≥ 0
        e_{h+1} = e_h + Δ·(η_c·c_h − d_h/η_d + inflow_h − spill_h),  0 ≤ spill_h ≤ inflow_h,  0 ≤ e_h ≤ E

is convex, and the cost-to-go V_h(e) is piecewise linear. Its slopes, the value of stored energy, are kept as a list of values
with the energy that each is good for. Backwards in time an hour adds the slopes of its own cost (the infimal convolution
of two convex functions sorts their slopes together) and the ends beyond an empty and a full storage are cut off. Forwards, the
level moves along the hour's slopes until the value of what is stored meets them.

An hour's slopes: of all pairs (c, d) that change the level by δ, the cheapest is the one with the least net position
x = c − d where the price is positive, and with the greatest (charging and discharging at once, which burns energy) where it
is negative. So slopes come in three stretches: prices below zero along the greatest x(δ), a stretch of 0, prices from zero along the least.

`solve` is plain Python; `native.c` does the same steps in the same order, to the same bits.
"""

from __future__ import annotations

from bisect import bisect_left
from dataclasses import dataclass
from math import inf
from typing import NamedTuple, TypeAlias

import numpy as np

from sextant.engine.storage.curves import SupplyCurves
from sextant.engine.system import FloatArray

ROUNDS, HALVINGS = 6, 60
"""How often a period without fixed levels is gone through until its end is worth what its beginning is, and how often the range of its level is halved."""
SAME_LEVEL = 1e-9
"""Levels whose difference is this share of the energy are the same."""


@dataclass(frozen=True)
class Reservoir:
    """One storage in one row: powers in MW, energy in MWh; levels None where the period ends as it began."""

    discharge: float
    charge: float
    energy: float
    charge_efficiency: float
    discharge_efficiency: float
    inflow: FloatArray  # [H] MW
    initial: float | None = None  # MWh
    final: float | None = None  # MWh


@dataclass(frozen=True)
class Schedule:
    """What one storage does in H hours."""

    charge: FloatArray  # [H] MW
    discharge: FloatArray  # [H] MW
    level: FloatArray  # [H] MWh at the hour's end
    start: FloatArray  # [periods] MWh at the period's beginning
    value: FloatArray  # [H] EUR/MWh of stored energy at the hour's beginning, the dual of the hour's balance


def solve(curves: SupplyCurves, load: FloatArray, storage: Reservoir, period: int, step: float) -> Schedule:
    """The optimum against the load [H] MW, period by period of `period` hours of `step` hours each."""
    hours = len(load)
    edges = np.concatenate([np.zeros((hours, 1)), np.cumsum(curves.offered(), axis=1)], axis=1).tolist()
    values = curves.values.tolist()
    season = curves.season.tolist()
    charge, discharge, level, value = (np.zeros(hours) for _ in range(4))
    start = np.zeros(hours // period)
    for number, first in enumerate(range(0, hours, period)):
        part = slice(first, first + period)
        stretch = _Period(
            edges[part],
            [[*values[group], curves.value_of_lost_load] for group in season[part]],
            load[part].tolist(),
            storage.inflow[part].tolist(),
            storage,
            step,
        )
        charge[part], discharge[part], level[part], value[part], start[number] = stretch.solve()
    return Schedule(charge, discharge, level, start, value)


_Worth: TypeAlias = tuple[list[float], list[float], float, float]
"""Values of stored energy, rising, and the MWh that each is good for; the highest is that of the first MWh stored. Then the
values that would follow beyond a full and an empty storage."""
_Hourly: TypeAlias = tuple[list[float], list[float], list[float], list[float]]
_Path: TypeAlias = tuple[list[float], list[float], list[float], list[float], float]


class _Hour(NamedTuple):
    """The slopes of an hour's cost by the change of level, rising."""

    value: list[float]  # EUR/MWh
    energy: list[float]  # MWh of level
    position: list[float]  # MW of net position
    kept: list[float]  # MWh of inflow not spilled
    burning: int  # so many of them charge and discharge at once
    least: float  # MWh, the change of level before the first
    bottom: float  # MW, the net position before the first


class _Period:
    """One period's hours, and the lists of the value of stored energy at their beginnings."""

    def __init__(
        self,
        edges: list[list[float]],
        values: list[list[float]],
        load: list[float],
        inflow: list[float],
        storage: Reservoir,
        step: float,
    ) -> None:
        self._storage, self._step = storage, step
        self._hours = [_hour(*hour, storage, step) for hour in zip(edges, values, load, inflow, strict=True)]
        self._worth: list[_Worth] = []

    def solve(self) -> _Path:
        """Charge, discharge, level, value by hour, and the level at the beginning."""
        storage, energy = self._storage, self._storage.energy
        if storage.initial is not None and storage.final is not None:
            self._backwards(([0.0, inf], [energy - storage.final, storage.final], 0.0, inf))
            return (*self._forwards(storage.initial, None), storage.initial)
        # The cost-to-go that reproduces itself over the period is that of an endless row of such periods.
        end: _Worth = ([0.0], [energy], 0.0, 0.0)
        settled = False
        for _ in range(ROUNDS):
            self._backwards(end)
            settled = _same(end, self._worth[0], energy)
            end = self._worth[0]
            if settled:
                break
        level = 0.5 * energy
        for _ in range(ROUNDS if settled else 0):
            path = self._forwards(level, None)
            if abs(path[2][-1] - level) <= SAME_LEVEL * energy:
                return (*self._forwards(level, path[3][-1]), level)
            level = path[2][-1]
        return self._balanced()

    def _balanced(self) -> _Path:
        """The best level to begin and end with, where the endless row settles on none: the cost is convex in it."""
        low, high = 0.0, self._storage.energy
        level, worth = 0.5 * high, 0.0
        for _ in range(HALVINGS):
            level = 0.5 * (low + high)
            path = self._between(level, None)
            worth = _marginal(self._worth[-1], path[2][-1], self._storage.energy, path[3][-1])
            if path[3][0] == worth:
                break
            if path[3][0] > worth:
                low = level
            else:
                high = level
        return (*self._between(level, worth), level)

    def _between(self, level: float, value: float | None) -> _Hourly:
        # Neither more nor less: what is missing at the end is worth anything, what is too much costs anything.
        self._backwards(([-inf, inf], [self._storage.energy - level, level], -inf, inf))
        return self._forwards(level, value)

    def _backwards(self, end: _Worth) -> None:
        """The lists of all hours' beginnings, from the list of the period's end."""
        self._worth = [end]
        for hour in reversed(self._hours):
            self._worth.append(_merged(self._worth[-1], hour, self._storage.energy))
        self._worth.reverse()

    def _forwards(self, level: float, value: float | None) -> _Hourly:
        """Charge, discharge, level and value by hour, beginning at the level, and near the value where there is a choice."""
        into, out, full = (
            self._storage.charge_efficiency,
            self._storage.discharge_efficiency,
            self._storage.energy,
        )
        charges, discharges, levels, duals = [], [], [], []
        for number, hour in enumerate(self._hours):
            value = _marginal(self._worth[number], level, full, value)
            duals.append(value)
            worth, good_for, _, _ = self._worth[number + 1]
            above, passed, count = full, 0, len(worth)
            lowest = level + hour.least
            moved, net, kept, taken = 0.0, hour.bottom, 0.0, 0
            for index, size in enumerate(hour.energy):
                while passed < count and worth[passed] <= hour.value[index]:
                    above -= good_for[passed]
                    passed += 1
                # Up to the level at which what is stored is worth no more than this costs; never below an empty storage.
                target = (above if passed < count and above > 0.0 else 0.0) - lowest
                if moved + size <= target:
                    moved += size
                    net += hour.position[index]
                    kept += hour.kept[index]
                    taken += 1
                    continue
                if target > moved:
                    share = (target - moved) / size
                    net += hour.position[index] * share
                    kept += hour.kept[index] * share
                    moved = target
                break
            change = hour.least + moved
            discharge = -net if net < 0.0 else 0.0
            if taken < hour.burning:
                discharge = (into * net - (change - kept) / self._step) / (1.0 / out - into)
            level += change
            level = 0.0 if level < 0.0 else full if level > full else level
            charges.append(net + discharge)
            discharges.append(discharge)
            levels.append(level)
        return charges, discharges, levels, duals


def _hour(
    edges: list[float], values: list[float], load: float, inflow: float, storage: Reservoir, step: float
) -> _Hour:
    """The slopes of one hour: its supply between the whole discharge and the whole charge, in energy stored."""
    into, out = storage.charge_efficiency, storage.discharge_efficiency
    charge, discharge = storage.charge, storage.discharge
    turn = charge - discharge  # the net position at which all of both is used
    bottom = -discharge if discharge < load else -load
    top = load + charge
    last = len(edges) - 1
    at = load + bottom
    block = max(bisect_left(edges, at) - 1, 0)
    calm = bottom
    negative: list[tuple[float, float, float]] = []
    positive: list[tuple[float, float, float]] = []
    while at < top:
        end = edges[block + 1] if block < last else inf
        end = top if end > top else end
        if end > at:
            (negative if values[block] < 0.0 else positive).append((values[block], at - load, end - load))
            if values[block] < 0.0:
                calm = end - load
            at = end
        block += 1
    hour = _Hour([], [], [], [], 0, (_busiest(bottom, storage)) * step, bottom)

    def add(value: float, energy: float, position: float, kept: float) -> None:
        if energy > 0.0:
            hour.value.append(value)
            hour.energy.append(energy)
            hour.position.append(position)
            hour.kept.append(kept)

    for price, left, right in negative:
        if left < turn:
            until = right if right < turn else turn
            add(price / into, (until - left) * into * step, until - left, 0.0)
        if right > turn:
            since = left if left > turn else turn
            add(price * out, (right - since) / out * step, right - since, 0.0)
    idle = calm * into if calm >= 0.0 else calm / out
    add(0.0, (idle - _busiest(calm, storage)) * step, 0.0, 0.0)
    burning = len(hour.value) if into * out < 1.0 else 0
    add(0.0, inflow * step, 0.0, inflow * step)
    for price, left, right in positive:
        if left < 0.0:
            until = right if right < 0.0 else 0.0
            add(price * out, (until - left) / out * step, until - left, 0.0)
        if right > 0.0:
            since = left if left > 0.0 else 0.0
            add(price / into, (right - since) * into * step, right - since, 0.0)
    return hour._replace(burning=burning)


def _busiest(net: float, storage: Reservoir) -> float:
    """MW of level under the net position, when as much as can be is charged and discharged at once."""
    into, out = storage.charge_efficiency, storage.discharge_efficiency
    if net <= storage.charge - storage.discharge:
        return (net + storage.discharge) * into - storage.discharge / out
    return storage.charge * into - (storage.charge - net) / out


def _merged(worth: _Worth, hour: _Hour, energy: float) -> _Worth:
    """The list of an hour's beginning from that of its end: sorted together, cut below an empty and above a full storage."""
    values, amounts = worth[0], worth[1]
    # Where so much has to be stored that a level near the full one has no way on, that level is worth less than nothing.
    forced = max(hour.least, 0.0)
    cut, left = -hour.least, energy - forced
    merged: list[float] = [-inf] if forced else []
    good_for: list[float] = [forced] if forced else []
    beyond_full, beyond_empty = -inf, inf
    i = j = 0
    while True:
        if j < len(hour.value) and (i == len(values) or hour.value[j] < values[i]):
            value, amount = hour.value[j], hour.energy[j]
            j += 1
        elif i < len(values):
            value, amount = values[i], amounts[i]
            i += 1
        else:
            break
        if cut > 0.0:
            beyond_full = value
            if amount <= cut:
                cut -= amount
                continue
            amount -= cut
            cut = 0.0
        if left <= 0.0:
            beyond_empty = value
            break
        if amount > left:
            amount = left
            beyond_empty = value
        left -= amount
        if merged and merged[-1] == value:
            good_for[-1] += amount
        elif amount > 0.0:
            merged.append(value)
            good_for.append(amount)
        if beyond_empty < inf:
            break
    if left > 0.0:
        # A trifle that rounding has left.
        good_for[-1] += left
    return merged, good_for, beyond_full, beyond_empty


def _marginal(worth: _Worth, level: float, full: float, near: float | None) -> float:
    """The value of stored energy at the level; of several that are right the one nearest to `near`."""
    values, amounts, low, high = worth
    unfilled, trifle = full - level, SAME_LEVEL * full
    count, at, passed = len(values), 0, 0.0
    while at < count and passed + amounts[at] <= unfilled - trifle:
        passed += amounts[at]
        low = values[at]
        at += 1
    # The values of all entries that the level touches, within a trifle.
    if at < count and passed < unfilled - trifle:
        low = values[at]
    while at < count and passed + amounts[at] <= unfilled + trifle:
        passed += amounts[at]
        at += 1
    high = values[at] if at < count else high
    if near is None:
        near = low if low > -inf else high
    near = low if near < low else high if near > high else near
    return near if -inf < near < inf else 0.0


def _same(one: _Worth, other: _Worth, energy: float) -> bool:
    """Whether two lists say the same, up to rounding."""
    return (
        one[0] == other[0]
        and len(one[1]) == len(other[1])
        and all(abs(a - b) <= SAME_LEVEL * energy for a, b in zip(one[1], other[1], strict=True))
    )
