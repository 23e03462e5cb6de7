"""Small systems whose results can be worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from sextant.engine import SimulationRequest, SimulationResult, SystemData, Unit, simulate

YEARS = (2030, 2031, 2032, 2033)
HOURS = 24


def small_system(**changes: Any) -> SystemData:
    """100–200 MW of load; wind, coal and gas; two hours a month that stand for 365 each."""
    month = np.repeat(np.arange(1, 13), 2)
    load = np.tile(np.array([100.0, 200.0]), 12)
    wind = np.tile(np.array([0.5, 0.25]), 12)
    fields: dict[str, Any] = {
        "name": "small",
        "version": "1",
        "price_year": 2025,
        "years": YEARS,
        "month": month,
        "weights": np.full(HOURS, 365.0),
        "load": np.tile(load, (len(YEARS), 1)),
        "units": (
            Unit(
                "Wind",
                "wind",
                40.0,
                variable_cost=1.0,
                fixed_cost=10_000.0,
                capex=1e6,
                profile="wind",
                renewable=True,
            ),
            Unit("Coal", "coal", 120.0, fuel="coal", heat_rate=10.0, variable_cost=2.0, emission_factor=0.9),
            Unit("Gas", "gas", 100.0, fuel="gas", heat_rate=7.0, variable_cost=1.0, emission_factor=0.4),
        ),
        "profiles": {"flat": np.ones(HOURS), "wind": wind},
        "fuel_prices": {"coal": np.full(len(YEARS), 3.0), "gas": np.full(len(YEARS), 8.0)},
        "carbon_price": np.zeros(len(YEARS)),
        "templates": {},
        "build_mix": {},
        "value_of_lost_load": 3_000.0,
    }
    return SystemData(**{**fields, **changes})


def driver(kind: str, **payload: Any) -> Mapping[str, Any]:
    return {"driver_type": kind, "payload": payload}


def run(
    *assumptions: Mapping[str, Any], system: SystemData | None = None, seed: int = 1, **parameters: Any
) -> SimulationResult:
    """A run on the small system, without attribution unless it is asked for."""
    chosen = {"attribution": False, **parameters}
    return simulate(SimulationRequest(assumptions, system or small_system(), chosen, seed))


def series(result: SimulationResult, metric: str, band: str = "value", **tags: str) -> list[float]:
    """The values of one series in order of years."""
    rows = result.rows
    at = [i for i in range(len(rows)) if rows.metric[i] == metric and dict(rows.tags(i)) == tags]
    return [float(value) for value in np.asarray(getattr(rows, band))[at]]


def first(values: Sequence[float]) -> float:
    return values[0]
