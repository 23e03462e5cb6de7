"""RTS-GMLC's public files: as they are, as a baseline's tables, and the cases in which we compare ourselves with HiGHS on them.

A folder is a checkout's `RTS_Data`, with `SourceData/gen.csv` and the day-ahead series (github.com/GridMod/RTS-GMLC).
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from sextant.engine.baseline import baseline_from_tables
from sextant.engine.system import FloatArray, SystemData

GJ_PER_MMBTU, TONNES_PER_POUND = 1.055056, 0.45359237e-3
LOST_LOAD = 10_000.0
SERIES = {
    "Hydro": "hydro",
    "PV": "pv",
    "RTPV": "rtpv",
    "WIND": "wind",
    "CSP": "Natural_Inflow",
}
YEAR = 2020
CARBON, MORE_LOAD, DEARER_GAS = 50.0, 300.0, 2.0
POWER, ENERGY, EFFICIENCY = 500.0, 2_000.0, 0.9
TARGET, CAPPED_TARGET, WIND_CAPEX, WIND_LIFE, RATE = 0.5, 0.7, 1_500_000.0, 25, 0.07
MISSING = 150.0
"""USD/MWh paid for renewable energy that is missing, unless a policy says otherwise."""


@dataclass(frozen=True)
class Plant:
    """Some MW at one heat rate, by the files."""

    name: str
    unit: str
    kind: str
    fuel: str
    mw: float
    mmbtu: float  # per MWh
    variable_cost: float  # USD/MWh
    pounds: float  # CO2 per MMBTU
    outage: float
    series: FloatArray | None  # [H] MW


@dataclass(frozen=True)
class Rts:
    """What the files say."""

    plants: tuple[Plant, ...]
    load: FloatArray  # [H] MW
    fuel_price: Mapping[str, float]  # USD/MMBTU


def read(folder: Path) -> Rts:
    """The files as they are; raises FileNotFoundError where one is missing."""
    series = {}
    for place, name in SERIES.items():
        series.update(_columns(folder / "timeseries_data_files" / place / f"DAY_AHEAD_{name}.csv"))
    regions = _columns(folder / "timeseries_data_files" / "Load" / "DAY_AHEAD_regional_Load.csv")
    plants: list[Plant] = []
    prices: dict[str, float] = {}
    with (folder / "SourceData" / "gen.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            plants += _plants(row, series)
            prices.setdefault(row["Fuel"], float(row["Fuel Price $/MMBTU"]))
    load = np.array([regions[name] for name in sorted(regions)]).sum(axis=0)
    return Rts(tuple(plants), load, prices)


def _columns(path: Path) -> dict[str, FloatArray]:
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    numbers = np.array(rows, dtype=np.float64).T
    return {name: numbers[at] for at, name in enumerate(header) if at >= 4}


def _plants(row: Mapping[str, str], series: Mapping[str, FloatArray]) -> list[Plant]:
    """A unit's blocks by rising heat rate, or the unit whose output is a series; none for what gives no energy of its own."""
    name, mw = row["GEN UID"], float(row["PMax MW"])
    whole = Plant(name, name, row["Category"], "", mw, 0.0, float(row["VOM"]), 0.0, 0.0, series.get(name))
    if name in series:
        return [whole]
    if float(row["Fuel Price $/MMBTU"]) == 0.0:
        return []
    shares = [0.0] + [
        float(row[f"Output_pct_{k}"]) for k in range(5) if row[f"Output_pct_{k}"] not in ("", "NA")
    ]
    rates = [row["HR_avg_0"], *(row[f"HR_incr_{k}"] for k in range(1, 5))]
    blocks = [
        replace(
            whole,
            name=f"{name} {k + 1}",
            fuel=row["Fuel"],
            mw=(shares[k + 1] - shares[k]) * mw,
            mmbtu=float(rates[k]) / 1000.0,
            pounds=float(row["Emissions CO2 Lbs/MMBTU"]),
            outage=float(row["FOR"]),
        )
        for k in range(len(shares) - 1)
    ]
    return sorted((block for block in blocks if block.mw > 0.0), key=lambda block: block.mmbtu)


PARAMETERS: Mapping[str, Any] = {"attribution": False, "discount_rate": RATE}
OPTIONS: Mapping[str, Any] = {
    "currency": "USD",
    "price_year": YEAR,
    "value_of_lost_load": LOST_LOAD,
    "build_mix": {"Wind": 1.0},
}
"""What is said of the tables beside them."""


def system_of(rts: Rts) -> SystemData:
    """The files as the engine's system."""
    tables = tables_of(rts)
    return baseline_from_tables(
        tables["units"], tables["load"], tables["profiles"], tables["prices"], name="rts-gmlc", **OPTIONS
    )


def tables_of(rts: Rts) -> dict[str, list[dict[str, Any]]]:
    """The files as a baseline's tables, as a user would upload them: rows by column name."""
    hours = len(rts.load)
    units: list[dict[str, Any]] = []
    profiles: dict[str, FloatArray] = {}
    for plant in rts.plants:
        units.append(
            {
                "name": plant.name,
                "technology": plant.kind,
                "capacity_mw": plant.mw,
                "fuel": plant.fuel,
                "heat_rate": plant.mmbtu * GJ_PER_MMBTU,
                "variable_cost": plant.variable_cost,
                "emission_factor": plant.mmbtu * plant.pounds * TONNES_PER_POUND,
                "outage_rate": plant.outage,
                "capex": WIND_CAPEX if plant.kind == "Wind" else 0.0,
                "life_years": WIND_LIFE,
                "profile": "flat" if plant.series is None else plant.name,
                "renewable": plant.series is not None,
                "block_of": "" if plant.series is not None else plant.unit,
            }
        )
        if plant.series is not None:
            profiles[plant.name] = np.minimum(plant.series / plant.mw, 1.0)
    return {
        "units": units,
        "load": [{"year": YEAR, "hour": h + 1, "load_mw": mw} for h, mw in enumerate(rts.load.tolist())],
        "profiles": [
            {"hour": h + 1, **{name: float(values[h]) for name, values in profiles.items()}}
            for h in range(hours)
        ],
        "prices": [
            {
                "year": YEAR,
                "carbon": 0.0,
                **{fuel: price / GJ_PER_MMBTU for fuel, price in rts.fuel_price.items()},
            }
        ],
    }


@dataclass(frozen=True)
class Case:
    """A scenario, and what it changes in the linear program."""

    name: str
    assumptions: tuple[Mapping[str, Any], ...] = ()
    carbon: float = 0.0  # USD/t
    more_load: float = 0.0  # MW
    gas: float = 1.0  # times its price
    target: float = 0.0  # renewable share of the load
    battery: bool = False


def _driver(kind: str, **payload: Any) -> Mapping[str, Any]:
    return {"driver_type": kind, "payload": payload}


CASES = (
    Case("base"),
    Case(
        "carbon",
        (_driver("policy", policy_name="CARBON_PRICE", start_year=YEAR, price=CARBON),),
        carbon=CARBON,
    ),
    Case("load", (_driver("load_growth", annual_rate=0.0, flat_mw=MORE_LOAD),), more_load=MORE_LOAD),
    Case("fuel", (_driver("fuel_curve", fuel="NG", multiplier=DEARER_GAS),), gas=DEARER_GAS),
    Case(
        "target",
        (_driver("policy", policy_name="RPS", start_year=YEAR, target=TARGET),),
        target=TARGET,
    ),
    Case(
        "capped",
        (_driver("policy", policy_name="RPS", start_year=YEAR, target=CAPPED_TARGET),),
        target=CAPPED_TARGET,
    ),
    Case(
        "battery",
        (
            _driver(
                "fleet_change",
                action="ADD",
                year=YEAR,
                technology="Battery",
                capacity_mw=POWER,
                storage={
                    "energy_mwh": ENERGY,
                    "charge_efficiency": EFFICIENCY,
                    "discharge_efficiency": EFFICIENCY,
                },
            ),
        ),
        battery=True,
    ),
)
