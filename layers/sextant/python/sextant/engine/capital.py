"""What capital costs by year: annuities that are owed from entry to the end of the life, whatever becomes of the unit.

The fleet of the baseline's first year is sunk: nothing is charged for it. Money that has been spent cannot be unspent, so a unit
that closes early goes on paying; one that outlives its life pays no more, unless its capital is spent again (`reinvest`).
"""

from __future__ import annotations

import numpy as np

from sextant.engine.inputs import Fleet
from sextant.engine.system import FloatArray, IntArray
from sextant.engine.valuation import capital_recovery_factor


def owing(financed: FloatArray, capacity: FloatArray, fleet: Fleet, years: IntArray) -> FloatArray:
    """MW [D, Y, U] whose annuity is due, of `financed` (as in Inputs) and `capacity` installed, both [D, Y, U].

    RPS builds owe as long as they stand: their capacity ends with their life.
    """
    owed = np.maximum(_first_lives(financed, fleet, years), _reinvested(capacity, fleet, years))
    builds = list(fleet.builds.values())
    owed[..., builds] = capacity[..., builds]
    return owed


def _first_lives(financed: FloatArray, fleet: Fleet, years: IntArray) -> FloatArray:
    """What entered, until its life is over; what stands in the first computed year entered in the unit's own."""
    raised = np.maximum.accumulate(np.where(fleet.charged, financed, 0.0), axis=1)
    entered = np.diff(raised, axis=1, prepend=0.0)
    entry = np.repeat(years[:, None], len(fleet.units), axis=1)
    entry[0] = np.minimum(entry[0], fleet.in_year)
    age = years[:, None, None] - entry[None]
    due = (age >= 0) & (age < fleet.life_years) & (years[:, None, None] >= years[None, :, None])
    return np.asarray(np.einsum("dku,tku->dtu", entered, due.astype(np.float64)))


def _reinvested(capacity: FloatArray, fleet: Fleet, years: IntArray) -> FloatArray:
    """What stood at the end of a life and had its capital spent again; what closed before the first year is not counted."""
    owed = np.zeros(capacity.shape)
    for unit in np.flatnonzero(fleet.reinvests_from >= 0):
        first, life = int(fleet.reinvests_from[unit]), int(fleet.life_years[unit])
        for place, year in enumerate(years.tolist()):
            if year >= first:
                renewed = first + (year - first) // life * life
                owed[:, place, unit] = capacity[:, max(renewed - int(years[0]), 0), unit]
    return owed


def paid_off(fleet: Fleet, last_year: int) -> list[str]:
    """Units that run on, by their in_year and out_year, after the capital that they were charged is paid."""
    builds = set(fleet.builds.values())
    return [
        unit.name
        for index, unit in enumerate(fleet.units)
        if index not in builds and fleet.charged[index] and unit.capex > 0.0 and not unit.reinvest
        if (end := unit.in_year + unit.life_years) <= last_year
        and (unit.out_year is None or unit.out_year > end)
    ]


def annuities(fleet: Fleet, rate: float) -> FloatArray:
    """[U] EUR/MW and year, at the real discount rate."""
    return np.asarray(fleet.capex * capital_recovery_factor(rate, fleet.life_years))
