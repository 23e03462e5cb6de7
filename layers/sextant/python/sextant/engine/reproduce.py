"""Agreement with HiGHS on RTS-GMLC, from the system's public files: `python -m sextant.engine.reproduce --rts <folder>`.

The folder is a checkout's `RTS_Data`, with `SourceData/gen.csv` and the day-ahead series (github.com/GridMod/RTS-GMLC). Each of five
cases is run by the engine, and stated anew as a linear program from the files' own numbers, which knows nothing of the engine;
HiGHS solves it (scipy must be installed). The table tells both costs of the year's 8,784 hours, how they differ, what the engine's
own certificate says, and how long each took. It exits with 1 where one differs by more than 1e-9 of the cost.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from sextant.engine import SimulationRequest, SystemData, baseline_from_tables, simulate
from sextant.engine.system import FloatArray

AGREED = 1e-9
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


def system_of(rts: Rts) -> SystemData:
    """The files as a baseline's tables, as a user would upload them."""
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
                "profile": "flat" if plant.series is None else plant.name,
                "renewable": plant.series is not None,
                "block_of": "" if plant.series is not None else plant.unit,
            }
        )
        if plant.series is not None:
            profiles[plant.name] = np.minimum(plant.series / plant.mw, 1.0)
    return baseline_from_tables(
        units,
        [{"year": YEAR, "hour": h + 1, "load_mw": mw} for h, mw in enumerate(rts.load.tolist())],
        [
            {"hour": h + 1, **{name: float(values[h]) for name, values in profiles.items()}}
            for h in range(hours)
        ],
        [
            {
                "year": YEAR,
                "carbon": 0.0,
                **{fuel: price / GJ_PER_MMBTU for fuel, price in rts.fuel_price.items()},
            }
        ],
        name="rts-gmlc",
        currency="USD",
        price_year=YEAR,
        value_of_lost_load=LOST_LOAD,
        build_mix={"Wind": 1.0},
    )


@dataclass(frozen=True)
class Case:
    """A scenario, and what it changes in the linear program."""

    name: str
    assumptions: tuple[Mapping[str, Any], ...] = ()
    carbon: float = 0.0  # USD/t
    more_load: float = 0.0  # MW
    gas: float = 1.0  # times its price
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


def least_cost(rts: Rts, case: Case) -> float:
    """USD: the optimum of the case's linear program, stated from the files and solved by HiGHS.

    Plants of one cost are one variable an hour. Where nothing links the hours each day is a program of its own. A battery moves an
    hour by its power at most: what is cheaper than all that is called in any case, and what is dearer is not called.
    """
    load = rts.load + case.more_load
    offers: dict[tuple[float, bool], FloatArray] = defaultdict(lambda: np.zeros(len(load)))
    for plant in rts.plants:
        price = rts.fuel_price.get(plant.fuel, 0.0) * (case.gas if plant.fuel == "NG" else 1.0)
        carbon = plant.pounds * TONNES_PER_POUND * case.carbon
        cost = plant.mmbtu * (price + carbon) + plant.variable_cost
        flat = np.full(len(load), plant.mw * (1.0 - plant.outage))
        given = flat if plant.series is None else np.minimum(plant.series, plant.mw)
        offers[round(cost, 12), plant.series is not None] += given
    kinds = sorted(offers, key=lambda kind: (kind[0], not kind[1]))
    given = np.array([offers[kind] for kind in kinds])
    end = np.cumsum(given, axis=0)
    start = end - given
    least = np.maximum(load - POWER, 0.0) if case.battery else np.zeros(len(load))
    most = load + (POWER if case.battery else 0.0)
    costs = np.array([cost for cost, _ in kinds])
    full = np.clip(np.minimum(end, least) - start, 0.0, None)
    room = np.clip(np.minimum(end, most) - np.maximum(start, least), 0.0, None)
    total = float((costs[:, None] * full).sum())
    days = [slice(0, len(load))] if case.battery else [slice(h, h + 24) for h in range(0, len(load), 24)]
    for day in days:
        rest = load[day] - full[:, day].sum(axis=0)
        total += _program(case, costs, room[:, day], rest)
    return total


def _program(case: Case, costs: FloatArray, room: FloatArray, rest: FloatArray) -> float:
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, csr_array, hstack, identity, vstack

    hours = len(rest)
    kind, hour = np.nonzero(room > 0.0)
    count = len(kind)
    one, none = identity(hours, format="csr"), csr_array((hours, hours))
    balance = [csr_array(coo_array((np.ones(count), (hour, np.arange(count))), shape=(hours, count))), one]
    cost, most = [costs[kind], np.full(hours, LOST_LOAD)], [room[kind, hour], np.full(hours, np.inf)]
    equal, right = [], [rest]
    fleet = csr_array((hours, count + hours))
    if case.battery:
        # Charge, discharge and the level at the end of each hour; the last is the first one's beginning.
        balance += [-one, one, none]
        cost.append(np.zeros(3 * hours))
        most += [np.full(2 * hours, POWER), np.full(hours, ENERGY)]
        before = csr_array((np.ones(hours), (np.arange(hours), np.arange(-1, hours - 1) % hours)))
        equal.append(hstack([fleet, -EFFICIENCY * one, one / EFFICIENCY, one - before]))
        right.append(np.zeros(hours))
    upper = np.concatenate(most)
    solved = linprog(
        np.concatenate(cost),
        A_eq=vstack([hstack(balance), *equal], format="csr"),
        b_eq=np.concatenate(right),
        bounds=np.column_stack([np.zeros_like(upper), upper]),
        method="highs",
    )
    if solved.status != 0:
        raise ArithmeticError(f"HiGHS: {solved.message}")
    return float(solved.fun)


def _say(line: str, to: TextIO | None = None) -> None:
    (to or sys.stdout).write(f"{line}\n")
    (to or sys.stdout).flush()


def compared(rts: Rts, system: SystemData, cases: Sequence[Case] = CASES) -> float:
    """Print a row for each case; the largest relative difference."""
    _say(
        f"{'case':10}{'Sextant, USD':>20}{'HiGHS, USD':>20}{'difference':>12}{'own gap':>10}{'s':>8}{'HiGHS, s':>10}"
    )
    worst = 0.0
    for case in cases:
        began = time.perf_counter()
        request = SimulationRequest(case.assumptions, system, {"attribution": False})
        result = simulate(request)
        middle = time.perf_counter()
        theirs = least_cost(rts, case)
        took = time.perf_counter() - middle
        at = {str(name): row for row, name in enumerate(result.rows.metric)}
        ours = float(result.rows.value[at["dispatch_cost"]])
        gap = float(result.rows.value[at["optimality_gap"]])
        difference = abs(ours - theirs) / abs(theirs)
        worst = max(worst, difference)
        _say(
            f"{case.name:10}{ours:20,.4f}{theirs:20,.4f}{difference:12.1e}{gap:10.0e}{middle - began:8.2f}{took:10.1f}",
        )
    return worst


def main(arguments: Sequence[str] | None = None) -> int:
    """Compare all cases; 1 where one differs, 2 where files or scipy are missing."""
    parser = argparse.ArgumentParser(prog="python -m sextant.engine.reproduce", description=__doc__)
    parser.add_argument(
        "--rts", type=Path, required=True, help="folder with SourceData and timeseries_data_files"
    )
    try:
        rts = read(parser.parse_args(arguments).rts)
        import scipy
    except FileNotFoundError as error:
        _say(f"missing: {error.filename}", sys.stderr)
        return 2
    except ImportError:
        _say("scipy is missing: HiGHS comes with it (pip install scipy)", sys.stderr)
        return 2
    system = system_of(rts)
    units = len({plant.unit for plant in rts.plants})
    _say(
        f"RTS-GMLC: {len(rts.load):,} hours, {units} units in {len(rts.plants)} blocks; HiGHS of scipy {scipy.__version__}"
    )
    worst = compared(rts, system)
    _say(f"largest difference {worst:.1e}, allowed {AGREED:.0e}")
    return 0 if worst <= AGREED else 1


if __name__ == "__main__":
    raise SystemExit(main())
