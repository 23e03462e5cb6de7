"""Merit-order dispatch: the exact optimum of the hourly least-cost problem, without a solver.

For every row b (a year, or a year of a draw) and hour h

    min Σ_u bid_u·g_u + VOLL·s   subject to   Σ_u g_u + s = load,  0 ≤ g_u ≤ capacity_u·profile_u,  s ≥ 0

is solved by calling units in the order of their bids until the load is met. The price is the bid of the last unit
called: the dual of the balance. Rules where the dual is an interval: a load met to the last MW of a unit is priced at
that unit (the lower end); an hour without load at the cheapest unit available. Equal bids: must-take first, then all pro rata
of what each has available in the hour, or as listed. A unit whose bid passes the value of lost load is not called: shedding load is cheaper.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sextant.engine.system import BoolArray, FloatArray, IntArray
from sextant.engine.ties import Ties

MET_MW = 1e-9
"""A residual below this counts as met; it only decides between equally optimal prices."""


CACHED_CELLS = 120_000
"""About how many row-hours are dispatched at once, so that they stay in the processor's caches."""


@dataclass(frozen=True)
class DispatchProblem:
    """B rows, H hours, U units, P profiles, G seasons of bids (1, or as many as `season` counts)."""

    load: FloatArray  # [B, H] MW
    capacity: FloatArray  # [B, U] MW net of outages
    bids: FloatArray  # [B, G, U] EUR/MWh, what sets the price
    ranking: FloatArray  # [B, G, U] what sets the order: the bids, save where a tie is to be broken otherwise
    profiles: FloatArray  # [P, H]
    profile_of: IntArray  # [U]
    must_take: BoolArray  # [U]
    weights: FloatArray  # [H] hours of the year
    season: IntArray  # [H] 0 … G−1
    value_of_lost_load: float  # EUR/MWh
    as_listed: bool = False  # whether equal bids are called one after another, as listed

    def rows(self, at: IntArray | slice) -> DispatchProblem:
        """Only these rows."""
        return replace(
            self,
            load=self.load[at],
            capacity=self.capacity[at],
            bids=self.bids[at],
            ranking=self.ranking[at],
        )

    def hours(self, at: IntArray, season: int) -> DispatchProblem:
        """Only these hours, all of one season."""
        return replace(
            self,
            load=self.load[:, at],
            bids=self.bids[:, season : season + 1],
            ranking=self.ranking[:, season : season + 1],
            profiles=self.profiles[:, at],
            weights=self.weights[at],
            season=np.zeros(len(at), dtype=np.int64),
        )


@dataclass(frozen=True)
class Dispatch:
    """What a dispatch of B rows over H hours gives."""

    energy: FloatArray  # [B, G, U] MWh generated in the year, by season of bids
    available: FloatArray  # [B, U] MWh that could have been
    price: FloatArray  # [B, H] EUR/MWh
    unserved: FloatArray  # [B, H] MW not served
    generation: FloatArray | None = None  # [B, U, H] MW, only where `dispatch` is told to keep it


def merit_order(bids: FloatArray, must_take: BoolArray) -> IntArray:
    """Positions of the units by bid [..., U]; equal bids keep must-take units first, then the listed order."""
    listed = np.argsort(~must_take, kind="stable")
    return np.asarray(listed[np.argsort(bids[..., listed], axis=-1, kind="stable")])


def dispatch(problem: DispatchProblem, *, keep_generation: bool = False) -> Dispatch:
    """Dispatch every row and hour."""
    groups = problem.bids.shape[1]
    available = problem.capacity * np.einsum("ph,h->p", problem.profiles, problem.weights)[problem.profile_of]
    rows, hours = problem.load.shape
    units = problem.capacity.shape[1]
    energy = np.zeros((rows, groups, units))
    price, unserved = np.empty((rows, hours)), np.empty((rows, hours))
    generation = np.empty((rows, units, hours)) if keep_generation else None
    for group in range(groups):
        at = np.flatnonzero(problem.season == group)
        if at.size == 0:
            continue
        part = problem if groups == 1 else problem.hours(at, group)
        target = None if generation is None else np.empty((rows, units, len(at)))
        step = max(1, CACHED_CELLS // len(at))
        for start in range(0, rows, step):
            span = slice(start, start + step)
            energy[span, group], price[span, at], unserved[span, at] = _one_season(
                part.rows(span), None if target is None else target[span]
            )
        if generation is not None and target is not None:
            generation[:, :, at] = target
    return Dispatch(energy, available, price, unserved, generation)


def _one_season(
    problem: DispatchProblem, generation: FloatArray | None
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Walk down the merit order once, all rows and hours at a time, in memory of a few [B, H].

    Gives energy [B, U], price and unserved [B, H], and fills the generation when there is one to fill.
    """
    bids, ranking = problem.bids[:, 0], problem.ranking[:, 0]
    capacity = np.where(ranking > problem.value_of_lost_load, 0.0, problem.capacity)
    order = merit_order(ranking, problem.must_take)
    rows, hours = problem.load.shape
    row = np.arange(rows)
    residual = problem.load.copy()
    marginal = np.full((rows, hours), -1, dtype=np.int32)
    ties = None if problem.as_listed else Ties(replace(problem, capacity=capacity), order)
    energy = np.empty(capacity.shape)
    unmet = np.empty((rows, hours), dtype=np.bool_)
    called = np.empty((rows, hours))
    for position in range(capacity.shape[1]):
        unit = order[:, position]
        if ties is not None:
            ties.begin(position, residual)
        np.greater(residual, MET_MW, out=unmet)
        # A unit with nothing to offer leaves the residual wanting, so a later one takes its place here.
        np.copyto(marginal, position, where=unmet)
        shape = problem.profile_of[unit]
        same = bool(np.all(shape == shape[0]))
        np.multiply(problem.profiles[shape[:1] if same else shape], capacity[row, unit, None], out=called)
        np.minimum(called, residual, out=called)
        np.subtract(residual, called, out=residual)
        energy[row, unit] = np.einsum("bh,h->b", called, problem.weights)
        if generation is not None:
            generation[row, unit, :] = called
        if ties is not None:
            ties.end(position, residual, energy, generation)
    if ties is not None:
        ties.share_alike(energy, generation)
    shed = residual > MET_MW
    price = np.take_along_axis(np.take_along_axis(bids, order, axis=1), np.maximum(marginal, 0), axis=1)
    price[shed] = problem.value_of_lost_load
    idle_rows, idle_hours = np.nonzero(marginal < 0)
    if idle_rows.size:
        offers = capacity[idle_rows] * problem.profiles[problem.profile_of][:, idle_hours].T > 0.0
        cheapest = np.where(offers, bids[idle_rows], problem.value_of_lost_load).min(axis=1)
        price[idle_rows, idle_hours] = cheapest
    return energy, price, np.where(shed, residual, 0.0)
