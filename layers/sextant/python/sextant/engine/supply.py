"""The supply curve of a baseline in a year: its units in the merit order, by what a MWh of each costs and how much of it there is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from sextant.drivers.errors import ModelInputError
from sextant.engine.dispatch import merit_order
from sextant.engine.inputs import build_fleet, initial_inputs
from sextant.engine.market import unit_bids
from sextant.engine.system import FloatArray, SystemData


@dataclass(frozen=True)
class Offer:
    """What a unit offers in the year, on the mean of its hours; money is real, of the system's price year and currency."""

    unit: str
    technology: str
    fuel: str  # empty where it burns none
    renewable: bool
    must_take: bool
    capacity_mw: float  # MW installed
    available_mw: float  # MW after outages and the weather
    bid: float  # per MWh: what it is called at
    running_cost: float  # per MWh: fuel, variable cost and carbon


@dataclass(frozen=True)
class SupplyCurve:
    """The offers in the order in which they are called, and between which loads the year lies."""

    year: int
    offers: tuple[Offer, ...]
    lowest_load: float  # MW
    mean_load: float  # MW
    highest_load: float  # MW


def supply_curve(system: SystemData, year: int) -> SupplyCurve:
    """The untouched system's curve in one of its years. Storages are left out: what they bid follows from the prices.

    Prices by month count with the hours of their months. Raises `ModelInputError` for a year that the system has not.
    """
    if year not in system.years:
        raise ModelInputError("year", f"be a year of the baseline, {system.years[0]}–{system.years[-1]}")
    fleet = build_fleet(system, (), (year,))
    inputs = initial_inputs(system, fleet, (year,), 0.0)
    bids, running = (_mean(of[0, 0], system) for of in unit_bids(inputs, fleet, system.spill_cost))
    capacity = inputs.capacity[0, 0]
    usable = (fleet.profiles @ system.weights / system.weights.sum())[fleet.profile_of]
    available = capacity * (1.0 - fleet.outage_rate) * usable
    offers = tuple(
        Offer(
            unit=fleet.units[place].name,
            technology=fleet.units[place].technology,
            fuel=fleet.units[place].fuel,
            renewable=fleet.units[place].renewable,
            must_take=fleet.units[place].must_take,
            capacity_mw=float(capacity[place]),
            available_mw=float(available[place]),
            bid=float(bids[place]),
            running_cost=float(running[place]),
        )
        for place in merit_order(bids, fleet.must_take).tolist()
        if capacity[place] > 0.0 and not fleet.is_storage[place]
    )
    load = inputs.load[0, 0]
    mean = float(load @ system.weights / system.weights.sum())
    return SupplyCurve(year, offers, float(load.min()), mean, float(load.max()))


def _mean(by_season: FloatArray, system: SystemData) -> FloatArray:
    """The year's mean [U] of values by season [G, U]."""
    if len(by_season) == 1:
        return np.asarray(by_season[0])
    hours = np.bincount(system.month - 1, weights=system.weights, minlength=len(by_season))
    return np.asarray(hours @ by_season / hours.sum())
