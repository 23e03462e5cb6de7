"""The renewable portfolio standard: the least build that meets it, and the price of its credits.

For one year and each row (draw) the linear program

    min  A·x + Σ_h w_h (Σ_u bid_u·g_uh + VOLL·s_h) + P·q
    s.t. Σ_u g_uh + s_h = load_h,  0 ≤ g_uh ≤ (capacity_u + x·mix_u)·profile_uh,  s ≥ 0,  x ≥ 0
         Σ_h w_h Σ_{u renewable} g_uh + q ≥ T,  q ≥ 0

(x MW of the build mix at yearly cost A, T the target's energy, P the alternative compliance payment, q the shortfall) is
solved exactly, save that nothing is built beyond what the target needs. The credit price μ is the dual of the target. It
takes μ off every renewable bid, so it can lift a dispatchable renewable over a cheaper unit: between two such breakpoints of
μ the merit order is fixed, and renewable energy and cost are piecewise linear in x. The search goes over these intervals.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sextant.engine.dispatch import merit_order
from sextant.engine.system import BoolArray, FloatArray, IntArray

MOST_MW = 1e7
"""No search for a build goes beyond this."""
KINK_MW = 1e-9


@dataclass(frozen=True)
class Problem:
    """One year's rows; symbols as in the module's text. R rows, U units, H hours, G seasons."""

    load: FloatArray  # [R, H]
    capacity: FloatArray  # [R, U] net of outages
    mix: FloatArray  # [R, U] net MW per MW built
    bids: FloatArray  # [R, G, U]
    profiles: FloatArray  # [P, H]
    profile_of: IntArray  # [U]
    renewable: BoolArray  # [U]
    must_take: BoolArray  # [U]
    weights: FloatArray  # [H]
    season: IntArray  # [H], 0 where G is 1
    yearly_cost: FloatArray  # [R] EUR per MW of mix
    energy: FloatArray  # [R] target, MWh
    compliance_rate: FloatArray  # [R] EUR/MWh
    value_of_lost_load: float

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


@dataclass(frozen=True)
class Build:
    """The solution by row. The dispatch is the mean, weighted by `blend`, of the orders under the two credits."""

    mw: FloatArray
    credit: FloatArray  # μ, EUR/MWh
    order_credit: FloatArray
    other_credit: FloatArray
    blend: FloatArray  # weight of the order under other_credit


class Stack:
    """The merit order under a given credit, as cumulated capacity: C + x·B below each position, [R, U, H]."""

    def __init__(self, problem: Problem, credit: FloatArray) -> None:
        self._problem = problem
        ranked = problem.bids - credit[:, None, None] * problem.renewable
        order = np.swapaxes(merit_order(ranked, problem.must_take), 1, 2)  # [R, U, G]
        bids = np.swapaxes(problem.bids, 1, 2)
        cost = np.take_along_axis(bids, order, axis=1)
        green = problem.renewable[order].astype(np.float64)
        # What bids above the value of lost load is never called, so it doesn't stand in the stack.
        offered = np.where(np.swapaxes(ranked, 1, 2) > problem.value_of_lost_load, 0.0, 1.0)
        offered = np.take_along_axis(offered, order, axis=1)
        if order.shape[2] > 1:
            order, cost = order[:, :, problem.season], cost[:, :, problem.season]
            green, offered = green[:, :, problem.season], offered[:, :, problem.season]
        row = np.arange(len(problem.load))[:, None, None]
        hour = np.arange(problem.load.shape[1])
        shape = problem.profiles[problem.profile_of[order], hour] * offered
        self._existing = np.cumsum(problem.capacity[row, order] * shape, axis=1)
        self._built = np.cumsum(problem.mix[row, order] * shape, axis=1)
        shed = np.full_like(cost[:, :1], problem.value_of_lost_load)
        # Summing over positions by parts: what counts is how cost and greenness step from one unit to the next.
        self._cost_step = cost - np.concatenate([cost[:, 1:], shed], axis=1)
        self._green_step = green - np.concatenate([green[:, 1:], np.zeros_like(shed)], axis=1)
        stepping = np.flatnonzero(np.any(self._green_step != 0.0, axis=(0, 2)))
        self._green = (self._existing[:, stepping], self._built[:, stepping], self._green_step[:, stepping])
        self._load = problem.load[:, None, :]

    def renewable_energy(self, x: FloatArray, rows: IntArray) -> tuple[FloatArray, FloatArray]:
        """Renewable MWh at the build x, and its derivative to the right."""
        existing, built, step = (part[rows] for part in self._green)
        load, weights = self._load[rows], self._problem.weights
        level = existing + x[:, None, None] * built
        below = level < load
        energy = np.einsum("rkh,h->r", step * np.where(below, level, load), weights)
        slope = np.einsum("rkh,h->r", step * np.where(below, built, 0.0), weights)
        return energy, slope

    def slopes(self, x: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Derivatives to the left of dispatch cost and renewable energy by x, EUR/MW and MWh/MW."""
        level = self._existing + x[:, None, None] * self._built
        gains = np.where(level <= self._load + KINK_MW, self._built, 0.0)
        weights = self._problem.weights
        cost = np.einsum("rkh,h->r", self._cost_step * gains, weights)
        green = np.einsum("rkh,h->r", self._green_step * gains, weights)
        return cost, green


def least_build(stack: Stack, energy: FloatArray) -> FloatArray:
    """Smallest x [R] at which the order yields the energy; inf where no build does. Newton, bracketed."""
    rows = np.arange(len(energy))
    x = np.zeros(len(energy))
    low, high = np.zeros(len(energy)), np.full(len(energy), np.inf)
    tolerance = 1e-12 * energy + 1e-9
    for _ in range(300):
        if rows.size == 0:
            break
        here = x[rows]
        found, slope = stack.renewable_energy(here, rows)
        missing = energy[rows] - found
        met = missing <= tolerance[rows]
        settled = np.abs(missing) <= tolerance[rows]
        low[rows] = np.where(met, low[rows], here)
        high[rows] = np.where(met, here, high[rows])
        settled |= met & (here <= 0.0)
        settled |= high[rows] - low[rows] <= 1e-14 * np.minimum(high[rows], MOST_MW)
        hopeless = ~met & (here >= MOST_MW)
        with np.errstate(divide="ignore", invalid="ignore"):
            step = here + missing / slope
        middle = np.where(np.isinf(high[rows]), np.maximum(4.0 * here, 1.0), 0.5 * (low[rows] + high[rows]))
        usable = np.isfinite(step) & (step > low[rows]) & (step < high[rows])
        x[rows] = np.where(settled, x[rows], np.minimum(np.where(usable, step, middle), MOST_MW))
        x[rows[hopeless]] = np.inf
        rows = rows[~(settled | hopeless)]
    return x


def cheapest_build(stack: Stack, problem: Problem, credit: FloatArray) -> FloatArray:
    """Smallest x [R] from which another MW no longer pays at the credit: where the convex cost's slope turns."""

    def turned(x: FloatArray) -> BoolArray:
        cost, green = stack.slopes(x)
        return np.asarray(problem.yearly_cost + cost - credit * green >= -1e-9 * problem.yearly_cost)

    low, high = np.zeros(len(credit)), np.ones(len(credit))
    while True:
        short = ~turned(high) & (high < MOST_MW)
        if not np.any(short):
            break
        low, high = np.where(short, high, low), np.where(short, 4.0 * high, high)
    for _ in range(100):
        middle = 0.5 * (low + high)
        done = turned(middle)
        low, high = np.where(done, low, middle), np.where(done, middle, high)
        if np.all(high - low <= 1e-13 * high):
            break
    return np.where(turned(np.full_like(high, 1e-12)), 0.0, low)


def breakpoints(problem: Problem) -> tuple[FloatArray, IntArray]:
    """Edges [R, K+1] of the credit intervals in which the order is fixed, 0 … compliance rate, and their number [R]."""
    used = np.any((problem.capacity > 0.0) | (problem.mix > 0.0), axis=0)
    green = np.flatnonzero(problem.renewable & used)
    other = np.flatnonzero(~problem.renewable & used)
    shed = np.full((*problem.bids.shape[:2], 1), problem.value_of_lost_load)
    rivals = np.concatenate([problem.bids[:, :, other], shed], axis=2)
    gaps = problem.bids[:, :, green, None] - rivals[:, :, None, :]
    rate = problem.compliance_rate
    flat = gaps.reshape(len(rate), -1)
    flat = np.sort(np.where((flat > 0.0) & (flat < rate[:, None]), flat, np.inf), axis=1)
    if flat.shape[1]:
        repeated = np.zeros(flat.shape, dtype=np.bool_)
        finite = np.where(np.isinf(flat), 0.0, flat)
        repeated[:, 1:] = finite[:, 1:] - finite[:, :-1] <= 1e-12 * (1.0 + finite[:, 1:])
        flat = np.sort(np.where(repeated, np.inf, flat), axis=1)
    count = np.isfinite(flat).sum(axis=1)
    keep = int(count.max()) if len(count) else 0
    inner = np.where(np.isinf(flat[:, :keep]), rate[:, None], flat[:, :keep])
    edges = np.concatenate([np.zeros((len(rate), 1)), inner, rate[:, None]], axis=1)
    return edges, count + 1


def solve(problem: Problem) -> Build:
    """The build, the credit price and the order(s) of dispatch, by row."""
    rows = len(problem.energy)
    edges, intervals = breakpoints(problem)
    low, high = np.zeros(rows, dtype=np.int64), intervals - 1
    at = np.zeros(rows, dtype=np.int64)
    mw, credit = np.zeros(rows), np.zeros(rows)
    order_credit, other_credit, blend = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    between = np.full(rows, -1, dtype=np.int64)  # the edge on which the search ended without an interval
    active = np.arange(rows)
    while active.size:
        k = at[active]
        floor, ceiling = edges[active, k], edges[active, k + 1]
        part = problem.rows(active)
        stack = Stack(part, 0.5 * (floor + ceiling))
        x = least_build(stack, part.energy)
        implied = _implied_credit(stack, part, x)
        first = k == 0
        fits = (implied <= ceiling) & ((implied >= floor) | first)
        mw[active] = np.where(fits, x, mw[active])
        credit[active] = np.where(fits, np.maximum(implied, 0.0), credit[active])
        order_credit[active] = np.where(fits, 0.5 * (floor + ceiling), order_credit[active])
        rising = implied > ceiling
        low[active] = np.where(~fits & rising, k + 1, low[active])
        high[active] = np.where(~fits & ~rising, k - 1, high[active])
        stuck = ~fits & (low[active] > high[active])
        between[active] = np.where(stuck, low[active], between[active])
        guess = np.array([np.searchsorted(edges[r, 1:-1], m) for r, m in zip(active, implied, strict=True)])
        at[active] = np.clip(guess, low[active], np.maximum(high[active], low[active]))
        active = active[~fits & ~stuck]
    tied = np.flatnonzero(between >= 0)
    if tied.size:
        part, edge = problem.rows(tied), between[tied]
        price = edges[tied, edge]
        below = 0.5 * (edges[tied, edge - 1] + price)
        capped = edge >= intervals[tied]
        above = np.where(capped, below, 0.5 * (price + edges[tied, np.minimum(edge + 1, edges.shape[1] - 1)]))
        stack_below, stack_above = Stack(part, below), Stack(part, above)
        x = cheapest_build(stack_below, part, price)
        every = np.arange(len(tied))
        least, _ = stack_below.renewable_energy(x, every)
        most, _ = stack_above.renewable_energy(x, every)
        spread = np.where(most > least, most - least, 1.0)
        mw[tied], credit[tied], order_credit[tied], other_credit[tied] = x, price, below, above
        blend[tied] = np.where(capped, 0.0, np.clip((part.energy - least) / spread, 0.0, 1.0))
    return Build(mw, credit, order_credit, other_credit, blend)


def _implied_credit(stack: Stack, problem: Problem, x: FloatArray) -> FloatArray:
    """What the last MWh of the target cost at the least build: −inf where none was built, inf where none is enough."""
    cost, green = stack.slopes(np.where(np.isinf(x), 0.0, x))
    with np.errstate(divide="ignore", invalid="ignore"):
        implied = (problem.yearly_cost + cost) / green
    implied = np.where(green > 0.0, implied, np.inf)
    return np.where(x <= 0.0, -np.inf, np.where(np.isinf(x), np.inf, implied))
