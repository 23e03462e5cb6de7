"""Merit-order dispatch: the exact optimum of the hourly least-cost problem, without a solver.

For every row b (a year, or a year of a draw) and hour h

    min Σ_u bid_u·g_u + VOLL·s   subject to   Σ_u g_u + s = load,  0 ≤ g_u ≤ capacity_u·profile_u,  s ≥ 0

is solved by calling units in the order of their bids until the load is met. The price is the bid of the last unit
called: the dual of the balance. Rules where the dual is an interval: a load met to the last MW of a unit is priced at
that unit (the lower end); an hour without load at the cheapest unit available. Equal bids: must-take first, then as listed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sextant.engine.system import BoolArray, FloatArray, IntArray

MET_MW = 1e-9
"""A residual below this counts as met; it only decides between equally optimal prices."""


@dataclass(frozen=True)
class Dispatch:
    """What a dispatch of B rows over H hours gives."""

    energy: FloatArray  # [B, U] MWh generated in the year
    available: FloatArray  # [B, U] MWh that could have been
    price: FloatArray  # [B, H] EUR/MWh
    unserved: FloatArray  # [B, H] MW not served
    generation: FloatArray | None = None  # [B, U, H] MW, only when asked for
    season_energy: FloatArray | None = None  # [B, G, U] MWh, only when asked for


def merit_order(bids: FloatArray, must_take: BoolArray) -> IntArray:
    """Positions of the units by bid [..., U]; equal bids keep must-take units first, then the listed order."""
    listed = np.argsort(~must_take, kind="stable")
    return listed[np.argsort(bids[..., listed], axis=-1, kind="stable")]


def dispatch(
    load: FloatArray,
    capacity: FloatArray,
    bids: FloatArray,
    profiles: FloatArray,
    profile_of: IntArray,
    must_take: BoolArray,
    weights: FloatArray,
    value_of_lost_load: float,
    *,
    season: IntArray | None = None,
    order_bids: FloatArray | None = None,
    keep_generation: bool = False,
    keep_seasons: bool = False,
) -> Dispatch:
    """Dispatch every row and hour.

    load [B, H] MW; capacity [B, U] MW net of outages; profiles [P, H]; profile_of [U]; weights [H] hours.
    bids [B, G, U] EUR/MWh, G = 1 or the number of seasons; season [H] in 0..G−1 is needed when G > 1.
    order_bids, of the same shape, decides the order where it differs from the bids that set the price.
    """
    groups = bids.shape[1]
    ranking = bids if order_bids is None else order_bids
    if groups == 1:
        order = merit_order(ranking[:, 0, :], must_take)
        return _dispatch_hours(
            load,
            capacity,
            bids[:, 0, :],
            order,
            profiles,
            profile_of,
            weights,
            value_of_lost_load,
            keep_generation,
        )
    if season is None:
        raise ValueError("season is needed when bids differ by season")
    rows, hours = load.shape
    units = capacity.shape[1]
    energy = np.zeros((rows, units))
    available = np.zeros((rows, units))
    price = np.empty((rows, hours))
    unserved = np.empty((rows, hours))
    generation = np.empty((rows, units, hours)) if keep_generation else None
    by_season = np.zeros((rows, groups, units)) if keep_seasons else None
    for group in range(groups):
        at = np.flatnonzero(season == group)
        if at.size == 0:
            continue
        part = _dispatch_hours(
            load[:, at],
            capacity,
            bids[:, group, :],
            merit_order(ranking[:, group, :], must_take),
            profiles[:, at],
            profile_of,
            weights[at],
            value_of_lost_load,
            keep_generation,
        )
        energy += part.energy
        if by_season is not None:
            by_season[:, group] = part.energy
        available += part.available
        price[:, at] = part.price
        unserved[:, at] = part.unserved
        if generation is not None and part.generation is not None:
            generation[:, :, at] = part.generation
    return Dispatch(energy, available, price, unserved, generation, by_season)


def _dispatch_hours(
    load: FloatArray,
    capacity: FloatArray,
    bids: FloatArray,
    order: IntArray,
    profiles: FloatArray,
    profile_of: IntArray,
    weights: FloatArray,
    value_of_lost_load: float,
    keep_generation: bool,
) -> Dispatch:
    """One season: walk down the merit order once, all rows and hours at a time, in memory of a few [B, H]."""
    rows, hours = load.shape
    units = capacity.shape[1]
    row = np.arange(rows)
    residual = load.copy()
    marginal = np.full((rows, hours), -1, dtype=np.int32)
    energy = np.empty((rows, units))
    generation = np.empty((rows, units, hours)) if keep_generation else None
    wanted = np.empty((rows, hours), dtype=np.bool_)
    called = np.empty((rows, hours))
    for position in range(units):
        unit = order[:, position]
        np.greater(residual, MET_MW, out=wanted)
        # A unit with nothing to offer leaves the residual wanting, so a later one takes its place here.
        np.copyto(marginal, position, where=wanted)
        shape = profile_of[unit]
        same = bool(np.all(shape == shape[0]))
        np.multiply(profiles[shape[:1] if same else shape], capacity[row, unit, None], out=called)
        np.minimum(called, residual, out=called)
        np.subtract(residual, called, out=residual)
        energy[row, unit] = np.einsum("bh,h->b", called, weights)
        if generation is not None:
            generation[row, unit, :] = called
    ranked_bids = np.take_along_axis(bids, order, axis=1)
    price = np.take_along_axis(ranked_bids, np.maximum(marginal, 0), axis=1)
    unserved = np.where(residual > MET_MW, residual, 0.0)
    price[residual > MET_MW] = value_of_lost_load
    idle_rows, idle_hours = np.nonzero(marginal < 0)
    if idle_rows.size:
        on_offer = capacity[idle_rows] * profiles[profile_of][:, idle_hours].T > 0.0
        price[idle_rows, idle_hours] = np.where(on_offer, bids[idle_rows], value_of_lost_load).min(axis=1)
    available = capacity * np.einsum("ph,h->p", profiles, weights)[profile_of]
    return Dispatch(energy, available, price, unserved, generation)
