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
BISECTIONS = 40
EXACTLY = 1e-9
"""Renewable energy within this share of the target meets it exactly, neither more nor less."""


@dataclass(frozen=True)
class Problem:
    """One year's rows; symbols as in the module's text. R rows, U units, H hours, G seasons."""

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

    def used_units(self) -> Problem:
        """The same problem without units that no row has or builds."""
        used = np.flatnonzero(np.any((self.capacity > 0.0) | (self.mix > 0.0), axis=0))
        return replace(
            self,
            capacity=self.capacity[:, used],
            mix=self.mix[:, used],
            bids=self.bids[:, :, used],
            profile_of=self.profile_of[used],
            renewable=self.renewable[used],
            must_take=self.must_take[used],
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


@dataclass(frozen=True)
class Build:
    """The solution by row. The dispatch is the mean, weighted by `blend`, of the orders under the two credits."""

    mw: FloatArray  # [R] MW of the mix
    credit: FloatArray  # [R] μ, EUR/MWh
    order_credit: FloatArray  # [R] EUR/MWh, the credit under which units are put in order
    other_credit: FloatArray  # [R] EUR/MWh, the credit of the second order where two are blended
    blend: FloatArray  # [R] 0–1, weight of the order under other_credit


class Stack:
    """The merit order under a given credit, as cumulated capacity: C + x·B below each position, [R, U, H]."""

    def __init__(self, problem: Problem, credit: FloatArray) -> None:
        problem = problem.used_units()
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
        self._existing = _cumulated(problem.capacity[row, order] * shape)
        self._built = _cumulated(problem.mix[row, order] * shape)
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

    def kinks(self, credit: FloatArray, low: FloatArray) -> tuple[IntArray, FloatArray, FloatArray]:
        """Every x above low at which a level covers an hour's load: its row, x, and the fall of the slope below it."""
        step = (
            (self._cost_step - credit[:, None, None] * self._green_step) * self._built * self._problem.weights
        )
        level = self._existing + low[:, None, None] * self._built
        row, position, hour = np.nonzero((step != 0.0) & (level < self._load))
        missing = self._load[row, 0, hour] - self._existing[row, position, hour]
        return row, missing / self._built[row, position, hour], step[row, position, hour]


def _cumulated(layers: FloatArray) -> FloatArray:
    """Running sum over positions [R, U, H], in place: layer by layer is far faster than a strided cumsum."""
    for position in range(1, layers.shape[1]):
        layers[:, position] += layers[:, position - 1]
    return layers


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
        yielded, slope = stack.renewable_energy(here, rows)
        missing = energy[rows] - yielded
        met = missing <= tolerance[rows]
        # On a plateau at the target's height the least x is where the plateau begins, not just anywhere on it.
        settled = (np.abs(missing) <= tolerance[rows]) & (slope > 0.0)
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


def cheapest_build(
    stack: Stack, problem: Problem, credit: FloatArray, low: FloatArray, high: FloatArray
) -> FloatArray:
    """Smallest x [R] in low … high from which another MW no longer pays at the credit.

    Cost less credits is convex and piecewise linear in x. Far out, where every level covers the load, its slope is A; going
    down it falls at each kink, the x at which a level first covers an hour's load. The turn is the first kink from above
    below which the slope is negative.
    """
    tolerance = 1e-9 * problem.yearly_cost
    low, high = low.copy(), high.copy()
    for _ in range(BISECTIONS):
        # A wide bracket holds too many kinks to sort.
        wide = high - low > 0.02 * high + 1.0
        if not np.any(wide):
            break
        middle = 0.5 * (low + high)
        cost, green = stack.slopes(middle)
        pays = problem.yearly_cost + cost - credit * green < -tolerance
        low, high = np.where(wide & pays, middle, low), np.where(wide & ~pays, middle, high)
    row, kink, step = stack.kinks(credit, low)
    beyond = kink > high[row]
    slope = problem.yearly_cost + np.bincount(row[beyond], weights=step[beyond], minlength=len(low))
    row, kink, step = row[~beyond], kink[~beyond], step[~beyond]
    order = np.lexsort((-kink, row))
    row, kink, step = row[order], kink[order], step[order]
    fallen = np.cumsum(step)
    before = np.concatenate([[0.0], fallen])[np.searchsorted(row, np.arange(len(low)))]
    negative = np.flatnonzero(slope[row] + fallen - before[row] < -tolerance[row])
    turned, first = np.unique(row[negative], return_index=True)
    answer = low
    answer[turned] = kink[negative[first]]
    return answer


def breakpoints(problem: Problem) -> tuple[FloatArray, IntArray]:
    """Edges [R, K+1] of the credit intervals in which the order is fixed, 0 … compliance rate, and their number [R]."""
    problem = problem.used_units()
    green, other = np.flatnonzero(problem.renewable), np.flatnonzero(~problem.renewable)
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


def solve(problem: Problem, guess: FloatArray | None = None) -> Build:
    """The build, the credit price and the order(s) of dispatch, by row; a good guess of the credit saves time."""
    rows = len(problem.energy)
    edges, intervals = breakpoints(problem)
    low, high = np.zeros(rows, dtype=np.int64), intervals - 1
    at = low.copy() if guess is None else np.clip(_interval(edges, guess, np.arange(rows)), low, high)
    mw, credit = np.zeros(rows), np.zeros(rows)
    order_credit, other_credit, blend = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    # What the search has seen on either side of the credit: the build needed under a credit too low, and too high.
    needed, enough = np.full(rows, MOST_MW), np.zeros(rows)
    stuck = np.zeros(rows, dtype=np.bool_)
    active = np.arange(rows)
    while active.size:
        k = at[active]
        floor, ceiling = edges[active, k], edges[active, k + 1]
        part = problem.rows(active)
        probe = 0.5 * (floor + ceiling)
        stack = Stack(part, probe)
        x = least_build(stack, part.energy)
        implied = _implied_credit(stack, part, x)
        rising = implied > ceiling
        falling = ~rising & (implied < floor) & (k > 0)
        fits = ~rising & ~falling
        done = active[fits]
        mw[done], credit[done], order_credit[done] = x[fits], np.maximum(implied[fits], 0.0), probe[fits]
        low[active[rising]], needed[active[rising]] = k[rising] + 1, np.minimum(x[rising], MOST_MW)
        high[active[falling]], enough[active[falling]] = k[falling] - 1, x[falling]
        stuck[active] = ~fits & (low[active] > high[active])
        at[active] = np.clip(
            _interval(edges, implied, active), low[active], np.maximum(high[active], low[active])
        )
        active = active[~fits & ~stuck[active]]
    tied = np.flatnonzero(stuck)
    if tied.size:
        # The credit is the edge between two orders: one falls short of the target, the other passes it.
        part, edge = problem.rows(tied), low[tied]
        price = edges[tied, edge]
        below = 0.5 * (edges[tied, edge - 1] + price)
        capped = edge >= intervals[tied]
        above = np.where(capped, below, 0.5 * (price + edges[tied, np.minimum(edge + 1, edges.shape[1] - 1)]))
        stack_below, stack_above = Stack(part, below), Stack(part, above)
        x = cheapest_build(stack_below, part, price, np.minimum(enough, needed)[tied], needed[tied])
        every = np.arange(len(tied))
        least, _ = stack_below.renewable_energy(x, every)
        most, _ = stack_above.renewable_energy(x, every)
        spread = np.where(most > least, most - least, 1.0)
        mw[tied], credit[tied], order_credit[tied], other_credit[tied] = x, price, below, above
        blend[tied] = np.where(capped, 0.0, np.clip((part.energy - least) / spread, 0.0, 1.0))
    return Build(mw, credit, order_credit, other_credit, blend)


def _interval(edges: FloatArray, credit: FloatArray, rows: IntArray) -> IntArray:
    """Index of the interval in which each row's credit lies; an edge belongs to the interval below it."""
    return np.asarray((edges[rows, 1:-1] < credit[:, None]).sum(axis=1))


def _implied_credit(stack: Stack, problem: Problem, x: FloatArray) -> FloatArray:
    """What one more MWh of the target costs at the least build: −inf where there is enough without, inf where no build is.

    Capacity that meets the target to the last MWh, as earlier years' builds do when the load stands still, is not taken as
    enough if a further build would add to it: of the dual's interval this is the upper end.
    """
    finite = np.where(np.isinf(x), 0.0, x)
    cost, green = stack.slopes(finite)
    with np.errstate(divide="ignore", invalid="ignore"):
        implied = (problem.yearly_cost + cost) / green
    implied = np.where(green > 0.0, implied, np.inf)
    yielded, _ = stack.renewable_energy(finite, np.arange(len(x)))
    to_spare = (yielded > problem.energy * (1.0 + EXACTLY)) | (problem.energy <= 0.0) | (green <= 0.0)
    return np.where((x <= 0.0) & to_spare, -np.inf, np.where(np.isinf(x), np.inf, implied))
