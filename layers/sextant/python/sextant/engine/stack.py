"""The merit order as cumulated capacity, and what it yields as x MW of a build mix come in.

Below position k of the order stand C_k(h) + x·B_k(h) MW. Summing over positions by parts, energy and cost follow from how
greenness and bids step from one unit to the next, and from where the levels pass the load. Units whose availability moves from
hour to hour, and those that are built, need levels by hour; the units above the last of them have the same capacity in every
hour, so there the load is looked up in a list of cumulated capacities. On a usual system that is most of the units.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sextant.engine.dispatch import merit_order
from sextant.engine.system import BoolArray, FloatArray, IntArray

KINK_MW = 1e-9


@dataclass(frozen=True)
class Problem:
    """One year's rows of the renewable portfolio standard. R rows, U units, H hours, G seasons, P profiles."""

    load: FloatArray  # [R, H] MW
    capacity: FloatArray  # [R, U] MW net of outages
    mix: FloatArray  # [R, U] net MW per MW built
    bids: FloatArray  # [R, G, U] EUR/MWh
    profiles: FloatArray  # [P, H] share of the capacity
    profile_of: IntArray  # [U] index into profiles
    renewable: BoolArray  # [U]
    must_take: BoolArray  # [U]
    weights: FloatArray  # [H] hours of the year
    season: IntArray  # [H], 0 where G is 1
    yearly_cost: FloatArray  # [R] EUR/MW of mix and year
    energy: FloatArray  # [R] target, MWh
    compliance_rate: FloatArray  # [R] EUR/MWh
    value_of_lost_load: float  # EUR/MWh

    def joined_units(self) -> Problem:
        """The same problem without units that no row has or builds, and with like units as one."""
        first: dict[tuple[object, ...], int] = {}
        kin: list[list[int]] = []
        for unit in np.flatnonzero(np.any((self.capacity > 0.0) | (self.mix > 0.0), axis=0)).tolist():
            alike = (
                self.profile_of[unit],
                self.renewable[unit],
                self.must_take[unit],
                self.bids[:, :, unit].tobytes(),
            )
            if alike in first:
                kin[first[alike]].append(unit)
            else:
                first[alike] = len(kin)
                kin.append([unit])
        ones = [units[0] for units in kin]
        capacity, mix = self.capacity[:, ones], self.mix[:, ones]
        for place, units in enumerate(kin):
            for unit in units[1:]:
                capacity[:, place] += self.capacity[:, unit]
                mix[:, place] += self.mix[:, unit]
        return replace(
            self,
            capacity=capacity,
            mix=mix,
            bids=self.bids[:, :, ones],
            profile_of=self.profile_of[ones],
            renewable=self.renewable[ones],
            must_take=self.must_take[ones],
        )

    def rows(self, at: IntArray) -> Problem:
        """The same problem for some rows."""
        return replace(
            self,
            load=self.load[at],
            capacity=self.capacity[at],
            mix=self.mix[at],
            bids=self.bids[at],
            yearly_cost=self.yearly_cost[at],
            energy=self.energy[at],
            compliance_rate=self.compliance_rate[at],
        )


class Stack:
    """The merit order under a given credit [R], of all hours."""

    def __init__(self, problem: Problem, credit: FloatArray) -> None:
        if problem.bids.shape[1] == 1:
            self._parts = [_Season(problem, credit, 0, None)]
        else:
            hours = [np.flatnonzero(problem.season == season) for season in range(problem.bids.shape[1])]
            self._parts = [_Season(problem, credit, season, at) for season, at in enumerate(hours) if at.size]

    def renewable_energy(self, x: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Renewable MWh of some rows at their builds x, and the derivative to the right."""
        energy, slope = np.zeros(len(x)), np.zeros(len(x))
        for part in self._parts:
            part.add_renewable_energy(x, rows, energy, slope)
        return energy, slope

    def slopes(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Derivatives to the left of dispatch cost and renewable energy by x, EUR/MW and MWh/MW."""
        cost, green = np.zeros(len(x)), np.zeros(len(x))
        for part in self._parts:
            part.add_slopes(x, cost, green)
        return cost, green

    def kinks(
        self, credit: FloatArray, low: FloatArray, high: FloatArray
    ) -> tuple[IntArray, FloatArray, FloatArray, FloatArray]:
        """Every x in low … high at which a level first covers an hour's load: its row, x, and the fall of the slope below it.

        The last is [R], the fall over all kinks beyond high.
        """
        beyond = np.zeros(len(low))
        kinks = [kink for part in self._parts for kink in part.kinks(credit, low, high, beyond)]
        if not kinks:
            return np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0), beyond
        row, x, step = (np.concatenate(one) for one in zip(*kinks, strict=True))
        return row, x, step, beyond


class _Season:
    """The hours of one season of bids: K positions with levels by hour below, J of one capacity all year above them."""

    def __init__(self, problem: Problem, credit: FloatArray, season: int, hours: IntArray | None) -> None:
        profiles, load, weights = problem.profiles, problem.load, problem.weights
        if hours is not None:
            profiles, load, weights = profiles[:, hours], load[:, hours], weights[hours]
        self._load, self._weights = load, weights
        bids = problem.bids[:, season]
        ranked = bids - credit[:, None] * problem.renewable
        order = merit_order(ranked, problem.must_take)
        row = np.arange(len(load))[:, None]
        # What bids above the value of lost load is never called, so it doesn't stand in the stack.
        offered = np.where(ranked > problem.value_of_lost_load, 0.0, 1.0)
        capacity, mix = (problem.capacity * offered)[row, order], (problem.mix * offered)[row, order]
        flat = profiles.min(axis=1) == profiles.max(axis=1)
        moving = ~flat[problem.profile_of] | np.any(problem.mix > 0.0, axis=0)
        places = np.flatnonzero(np.any(moving[order], axis=0))
        below = int(places[-1]) + 1 if places.size else 0
        shape = (below, *load.shape)
        self._existing, self._built = np.empty(shape), np.empty(shape)
        for position in range(below):
            share = profiles[problem.profile_of[order[:, position]]]
            np.multiply(share, capacity[:, position, None], out=self._existing[position])
            np.multiply(share, mix[:, position, None], out=self._built[position])
            if position:
                self._existing[position] += self._existing[position - 1]
                self._built[position] += self._built[position - 1]
        self._base = self._existing[-1] if below else np.zeros_like(load)
        self._base_built = self._built[-1] if below else np.zeros_like(load)
        self._above = np.cumsum(
            capacity[:, below:] * profiles[problem.profile_of[order[:, below:]], 0], axis=1
        )
        cost = np.column_stack([bids[row, order], np.full(len(load), problem.value_of_lost_load)])
        green = np.column_stack([problem.renewable[order].astype(np.float64), np.zeros(len(load))])
        self._cost_step, self._green_step = cost[:, :-1] - cost[:, 1:], green[:, :-1] - green[:, 1:]
        self._top_cost, self._top_green = cost[:, below:], green[:, below:]
        self._stepping = np.flatnonzero(np.any(self._green_step != 0.0, axis=0)).tolist()
        self._below = below

    def _level(self, position: int) -> tuple[FloatArray, FloatArray]:
        """What stands below a position without a build, and what a MW of the build adds: [R, H]."""
        if position < self._below:
            return self._existing[position], self._built[position]
        return self._base + self._above[:, position - self._below, None], self._base_built

    def add_renewable_energy(
        self, x: FloatArray, rows: IntArray, energy: FloatArray, slope: FloatArray
    ) -> None:
        every: IntArray | slice = slice(None) if len(rows) == len(self._load) else rows
        load = self._load[every]
        level, gained = np.empty_like(load), np.empty_like(load)
        built = self._base_built[every]
        base: FloatArray | None = None
        for position in self._stepping:
            step = self._green_step[every, position]
            if not step.any():
                continue
            if position < self._below:
                added = self._built[position, every]
                np.multiply(added, x[:, None], out=level)
                level += self._existing[position, every]
            else:
                added = built
                if base is None:
                    base = self._base[every] + x[:, None] * built
                np.add(base, self._above[every, position - self._below, None], out=level)
            np.multiply(added, level < load, out=gained)
            np.minimum(level, load, out=level)
            energy += step * np.einsum("rh,h->r", level, self._weights)
            slope += step * np.einsum("rh,h->r", gained, self._weights)

    def add_slopes(self, x: FloatArray, cost: FloatArray, green: FloatArray) -> None:
        reach = self._load + KINK_MW
        level = np.zeros_like(reach)
        for position in range(self._below):
            built = self._built[position]
            np.multiply(built, x[:, None], out=level)
            level += self._existing[position]
            gains = np.einsum("rh,h->r", np.multiply(built, level <= reach), self._weights)
            cost += self._cost_step[:, position] * gains
            green += self._green_step[:, position] * gains
        if self._below == 0:
            return
        reach -= level
        for row, (over, above) in enumerate(zip(reach, self._above, strict=True)):
            passed = np.searchsorted(above, over, side="right")
            gains = self._base_built[row] * self._weights
            cost[row] += np.einsum("h,h->", self._top_cost[row, 0] - self._top_cost[row][passed], gains)
            green[row] += np.einsum("h,h->", self._top_green[row, 0] - self._top_green[row][passed], gains)

    def kinks(
        self, credit: FloatArray, low: FloatArray, high: FloatArray, beyond: FloatArray
    ) -> list[tuple[IntArray, FloatArray, FloatArray]]:
        kinks = []
        for position in range(self._cost_step.shape[1]):
            fall = self._cost_step[:, position] - credit * self._green_step[:, position]
            existing, built = self._level(position)
            step = fall[:, None] * built * self._weights
            ahead = (step != 0.0) & (existing + low[:, None] * built < self._load)
            far = ahead & (existing + high[:, None] * built < self._load)
            beyond += np.where(far, step, 0.0).sum(axis=1)
            row, hour = np.nonzero(ahead & ~far)
            x = (self._load[row, hour] - existing[row, hour]) / built[row, hour]
            kinks.append((row, x, step[row, hour]))
        return kinks
