"""The hours of a cleared market as series: prices, what is made and by whom, what is stored."""

from __future__ import annotations

from calendar import isleap
from collections.abc import Collection, Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from sextant.engine.inputs import Fleet
from sextant.engine.market import Cleared, Terms
from sextant.engine.model import Hourly, Series
from sextant.engine.system import HOURS_OF_YEAR, LEAP_HOURS, LEAST_YEAR, QUARTERS, FloatArray, IntArray

DECIMALS = 6
"""Hourly values are rounded to so many: a watt, and a millionth of a price. Below, processors differ."""
_LEAP_DAY = 59
"""29 February, counted from 0."""


def hourly(cleared: Cleared, fleet: Fleet, terms: Terms, metrics: Collection[str], currency: str) -> Hourly:
    """The hours of a market of one draw; `metrics` are of `sextant.drivers.hourly.METRICS`.

    Units and technologies of which nothing ever stands have no series.
    """
    series = dict(_market(cleared, metrics, currency))
    series |= _storages(cleared, fleet, metrics)
    series |= _generation(cleared, fleet, metrics)
    values = np.array(list(series.values())).reshape(len(series), len(terms.years), len(terms.weights))
    dates = days(terms.years.tolist(), terms.month, len(terms.weights))
    # One zero: adding 0.0 makes the negative one positive.
    return Hourly(tuple(series), dates, terms.weights, np.round(values, DECIMALS) + 0.0)


def _market(cleared: Cleared, metrics: Collection[str], currency: str) -> Iterator[tuple[Series, FloatArray]]:
    load = np.broadcast_to(cleared.inputs.load, cleared.price.shape)
    for metric, unit, values in (
        ("price", f"{currency}/MWh", cleared.price),
        ("load", "MW", load),
        ("unserved_energy", "MW", cleared.unserved),
    ):
        if metric in metrics:
            yield Series(metric, unit), values[0]


def _storages(cleared: Cleared, fleet: Fleet, metrics: Collection[str]) -> dict[Series, FloatArray]:
    operation = cleared.operation
    series: dict[Series, FloatArray] = {}
    if operation is None:
        return series
    for at, unit in enumerate(fleet.storages):
        if not np.any(cleared.capacity[0, :, unit] > 0.0):
            continue
        tags = (("technology", fleet.units[unit].technology), ("unit", fleet.units[unit].name))
        for metric, measure, values in (
            ("storage_level", "MWh", operation.level),
            ("storage_charge", "MW", operation.charge),
            ("storage_discharge", "MW", operation.discharge),
        ):
            if metric in metrics:
                series[Series(metric, measure, tags)] = values[:, at]
    return series


def _generation(cleared: Cleared, fleet: Fleet, metrics: Collection[str]) -> dict[Series, FloatArray]:
    """By technology and by unit, year by year: all units of all years at once would not fit into memory."""
    by_unit, by_technology = "unit_generation" in metrics, "generation" in metrics
    if not (by_unit or by_technology):
        return {}
    standing = np.any(cleared.capacity[0] > 0.0, axis=0)
    shape = cleared.price.shape[1:]
    members: dict[Series, IntArray] = {}
    for technology in sorted(fleet.technologies) if by_technology else ():
        units = np.flatnonzero(fleet.of_technology(technology) & standing)
        if units.size:
            members[Series("generation", "MW", (("technology", technology),))] = units
    for unit in np.flatnonzero(standing) if by_unit else ():
        tags = (("technology", fleet.units[unit].technology), ("unit", fleet.units[unit].name))
        members[Series("unit_generation", "MW", tags)] = np.array([unit])
    series = {one: np.empty(shape) for one in members}
    for year in range(shape[0]):
        made = cleared.mixture.generation(year)
        if cleared.operation is not None:
            made[fleet.storages] = cleared.operation.discharge[year]
        for one, units in members.items():
            series[one][year] = made[units].sum(axis=0)
    return series


def days(years: Sequence[int], month: IntArray, hours: int) -> NDArray[np.datetime64]:
    """The day [Y, H] of each hour: that of a calendar's hour, and the first of the month that a representative hour is of.

    A calendar of 8,760 hours has no 29 February; one of 8,784 has its hours on the 28th in a year without that day.
    """
    rows = []
    for year in years:
        first = np.datetime64(f"{year:04d}-01-01", "D")
        if hours <= LEAST_YEAR:
            rows.append((first.astype("datetime64[M]") + (month - 1)).astype("datetime64[D]"))
            continue
        per_hour = QUARTERS if hours > LEAP_HOURS else 1
        day = np.arange(hours) // (24 * per_hour)
        if hours == HOURS_OF_YEAR * per_hour and isleap(year):
            day = day + (day >= _LEAP_DAY)
        elif hours == LEAP_HOURS * per_hour and not isleap(year):
            day = day - (day >= _LEAP_DAY)
        rows.append(first + day)
    return np.array(rows, dtype="datetime64[D]")
