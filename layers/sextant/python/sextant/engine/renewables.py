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

from dataclasses import dataclass

import numpy as np

from sextant.engine.stack import Problem, Stack
from sextant.engine.system import FloatArray, IntArray

MOST_MW = 1e7
"""No search for a build goes beyond this."""
BISECTIONS = 40
EXACTLY = 1e-9
"""Renewable energy within this share of the target meets it exactly, neither more nor less."""


@dataclass(frozen=True)
class Build:
    """The solution by row. The dispatch is the mean, weighted by `blend`, of the orders under the two credits."""

    mw: FloatArray  # [R] MW of the mix
    credit: FloatArray  # [R] μ, EUR/MWh
    order_credit: FloatArray  # [R] EUR/MWh, the credit under which units are put in order
    other_credit: FloatArray  # [R] EUR/MWh, the credit of the second order where two are blended
    blend: FloatArray  # [R] 0–1, weight of the order under other_credit


def least_build(stack: Stack, energy: FloatArray, guess: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Smallest x [R] at which the order yields the energy, inf where no build does, and what it yields there.

    Newton from the guess, bracketed.
    """
    rows = np.arange(len(energy))
    x, yields = guess.copy(), np.zeros(len(energy))
    low, high = np.zeros(len(energy)), np.full(len(energy), np.inf)
    tolerance = 1e-12 * energy + 1e-9
    for _ in range(300):
        if rows.size == 0:
            break
        here = x[rows]
        yielded, slope = stack.renewable_energy(here, rows)
        missing, yields[rows] = energy[rows] - yielded, yielded
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
        # A guess may lie above what needs no build at all.
        middle = np.where(met & (low[rows] == 0.0) & (here == guess[rows]), 0.0, middle)
        usable = np.isfinite(step) & (step > low[rows]) & (step < high[rows])
        x[rows] = np.where(settled, x[rows], np.minimum(np.where(usable, step, middle), MOST_MW))
        x[rows[hopeless]] = np.inf
        rows = rows[~(settled | hopeless)]
    return x, yields


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
        wide = high - low > 0.1 * high + 10.0
        if not np.any(wide):
            break
        middle = 0.5 * (low + high)
        cost, green = stack.slopes(middle)
        pays = problem.yearly_cost + cost - credit * green < -tolerance
        low, high = np.where(wide & pays, middle, low), np.where(wide & ~pays, middle, high)
    row, kink, step, beyond = stack.kinks(credit, low, high)
    slope = problem.yearly_cost + beyond
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
    problem = problem.joined_units()
    edges, intervals = breakpoints(problem)
    low, high = np.zeros(rows, dtype=np.int64), intervals - 1
    at = low.copy() if guess is None else np.clip(_interval(edges, guess, np.arange(rows)), low, high)
    mw, credit = np.zeros(rows), np.zeros(rows)
    order_credit, other_credit, blend = np.zeros(rows), np.zeros(rows), np.zeros(rows)
    # What the search has seen on either side of the credit: the build needed under a credit too low, and too high.
    needed, enough, needs = np.full(rows, MOST_MW), np.zeros(rows), np.zeros(rows)
    stuck = np.zeros(rows, dtype=np.bool_)
    active = np.arange(rows)
    while active.size:
        k = at[active]
        floor, ceiling = edges[active, k], edges[active, k + 1]
        part = problem.rows(active)
        probe = 0.5 * (floor + ceiling)
        stack = Stack(part, probe)
        x, yields = least_build(stack, part.energy, needs[active])
        needs[active] = np.where(np.isinf(x), 0.0, x)
        implied = _implied_credit(stack, part, x, yields)
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


def _implied_credit(stack: Stack, problem: Problem, x: FloatArray, yields: FloatArray) -> FloatArray:
    """What one more MWh of the target costs at the least build, which yields so much: −inf where there is enough without, inf where no build is.

    Capacity that meets the target to the last MWh, as earlier years' builds do when the load stands still, is not taken as
    enough if a further build would add to it: of the dual's interval this is the upper end.
    """
    finite = np.where(np.isinf(x), 0.0, x)
    cost, green = stack.slopes(finite)
    with np.errstate(divide="ignore", invalid="ignore"):
        implied = (problem.yearly_cost + cost) / green
    implied = np.where(green > 0.0, implied, np.inf)
    to_spare = (yields > problem.energy * (1.0 + EXACTLY)) | (problem.energy <= 0.0) | (green <= 0.0)
    return np.where((x <= 0.0) & to_spare, -np.inf, np.where(np.isinf(x), np.inf, implied))
