"""RTS-GMLC's `SourceData` and day-ahead series as a baseline: all three regions as one zone.

The files are those of github.com/GridMod/RTS-GMLC, folder `RTS_Data`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sextant_client.importers.baseline import ImportedBaseline
from sextant_client.importers.report import ImportRefusedError, Report

GJ_PER_MMBTU, TONNES_PER_POUND = 1.055056, 0.45359237e-3
YEAR = 2020
SERIES = {"Hydro": "hydro", "PV": "pv", "RTPV": "rtpv", "WIND": "wind", "CSP": "Natural_Inflow"}
_LOST_LOAD = 10_000.0


@dataclass(frozen=True)
class Plant:
    """Some MW at one heat rate, in the files' own units.

    fuel is empty and `series` given (MW by hour) where the output is a series.
    """

    name: str
    unit: str
    kind: str
    fuel: str
    mw: float
    mmbtu: float  # per MWh
    variable_cost: float  # USD/MWh
    pounds: float  # CO2 per MMBTU
    outage: float
    series: tuple[float, ...] | None


@dataclass(frozen=True)
class Battery:
    """A store that gives power: MW both ways, MWh, and the share that comes back."""

    name: str
    kind: str
    mw: float
    charge_mw: float
    mwh: float
    round_trip: float


@dataclass(frozen=True)
class Rts:
    """What the files say. `load` is of all regions together, MW by hour; `fuel_price` in USD/MMBTU."""

    plants: tuple[Plant, ...]
    batteries: tuple[Battery, ...]
    load: tuple[float, ...]
    fuel_price: Mapping[str, float]
    regions: int
    generators: int
    without_energy: tuple[str, ...]


def read(folder: str | Path) -> Rts:
    """The files as they are. Raises FileNotFoundError for one that is missing."""
    place = Path(folder)
    series: dict[str, tuple[float, ...]] = {}
    for kind, name in SERIES.items():
        series.update(_columns(place / "timeseries_data_files" / kind / f"DAY_AHEAD_{name}.csv"))
    regions = _columns(place / "timeseries_data_files" / "Load" / "DAY_AHEAD_regional_Load.csv")
    plants: list[Plant] = []
    prices: dict[str, float] = {}
    batteries: list[Battery] = []
    idle = []
    volumes = _volumes(place / "SourceData" / "storage.csv")
    with (place / "SourceData" / "gen.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        own = list(_plants(row, series))
        plants += own
        if not own and (battery := _battery(row, volumes)):
            batteries.append(battery)
        elif not own:
            idle.append(row["GEN UID"])
        prices.setdefault(row["Fuel"], float(row["Fuel Price $/MMBTU"]))
    load = tuple(sum(hour) for hour in zip(*(regions[name] for name in sorted(regions)), strict=True))
    return Rts(tuple(plants), tuple(batteries), load, prices, len(regions), len(rows), tuple(idle))


def from_rts_gmlc(folder: str | Path, *, name: str = "rts-gmlc", year: int = YEAR) -> ImportedBaseline:
    """RTS-GMLC as a baseline of one year of 8,784 hours, in USD.

    folder: with `SourceData/gen.csv` and `timeseries_data_files/`, such as a checkout's `RTS_Data`
    year: which year the baseline's only one is called

    Raises FileNotFoundError for a file that is missing, and `ImportRefusedError` for a column that is.

        >>> baseline = from_rts_gmlc("RTS_Data")                     # doctest: +SKIP
        >>> print(baseline.report)                                   # doctest: +SKIP
    """
    try:
        rts = read(folder)
    except KeyError as error:
        raise ImportRefusedError(f"{folder}: a file has no column {error}") from error
    tables = {
        "units": [_unit(plant) for plant in rts.plants],
        "load": [{"year": year, "hour": h + 1, "load_mw": mw} for h, mw in enumerate(rts.load)],
        "profiles": _profiles(rts),
        "prices": [{"year": year, "carbon": 0.0, **{f: p / GJ_PER_MMBTU for f, p in rts.fuel_price.items()}}],
    }
    if rts.batteries:
        tables["storage"] = [_storage(battery) for battery in rts.batteries]
    options = {
        "currency": "USD",
        "price_year": year,
        "value_of_lost_load": _LOST_LOAD,
        "build_mix": {"Wind": 1.0},
    }
    return ImportedBaseline(name, tables, options, _report(folder, rts))


def _columns(path: Path) -> dict[str, tuple[float, ...]]:
    with path.open(newline="") as file:
        header, *rows = csv.reader(file)
    columns = tuple(zip(*rows, strict=True))
    return {title: tuple(map(float, columns[at])) for at, title in enumerate(header) if at >= 4}


def _plants(row: Mapping[str, str], series: Mapping[str, tuple[float, ...]]) -> Iterator[Plant]:
    """A unit's blocks by rising heat rate, or the unit whose output is a series; none for what gives no energy of its own."""
    name, mw, cost = row["GEN UID"], float(row["PMax MW"]), float(row["VOM"])
    if name in series:
        yield Plant(name, name, row["Category"], "", mw, 0.0, cost, 0.0, 0.0, series[name])
        return
    if float(row["Fuel Price $/MMBTU"]) == 0.0:
        return
    shares = [0.0] + [
        float(row[f"Output_pct_{k}"]) for k in range(5) if row[f"Output_pct_{k}"] not in ("", "NA")
    ]
    rates = [row["HR_avg_0"], *(row[f"HR_incr_{k}"] for k in range(1, 5))]
    blocks = [
        Plant(
            name=f"{name} {k + 1}",
            unit=name,
            kind=row["Category"],
            fuel=row["Fuel"],
            mw=(shares[k + 1] - shares[k]) * mw,
            mmbtu=float(rates[k]) / 1000.0,
            variable_cost=cost,
            pounds=float(row["Emissions CO2 Lbs/MMBTU"]),
            outage=float(row["FOR"]),
            series=None,
        )
        for k in range(len(shares) - 1)
    ]
    yield from sorted((block for block in blocks if block.mw > 0.0), key=lambda block: block.mmbtu)


def _volumes(file: Path) -> dict[str, float]:
    """MWh of the store that each generator draws from; none where the file is not there."""
    if not file.exists():
        return {}
    with file.open(newline="") as opened:
        return {
            row["GEN UID"]: float(row["Max Volume GWh"]) * 1000.0
            for row in csv.DictReader(opened)
            if row["position"] == "head"
        }


def _battery(row: Mapping[str, str], volumes: Mapping[str, float]) -> Battery | None:
    name, percent = row["GEN UID"], float(row.get("Storage Roundtrip Efficiency") or 0.0)
    if name not in volumes or percent <= 0.0:
        return None
    pump = float(row["Pump Load MW"])
    return Battery(name, row["Category"], float(row["PMax MW"]), pump, volumes[name], percent / 100.0)


def _storage(battery: Battery) -> dict[str, Any]:
    return {
        "name": battery.name,
        "technology": battery.kind,
        "power_mw": battery.mw,
        "charge_mw": battery.charge_mw,
        "energy_mwh": battery.mwh,
        "charge_efficiency": battery.round_trip**0.5,
        "discharge_efficiency": battery.round_trip**0.5,
    }


def _unit(plant: Plant) -> dict[str, Any]:
    weather = plant.series is not None
    return {
        "name": plant.name,
        "technology": plant.kind,
        "capacity_mw": plant.mw,
        "fuel": plant.fuel,
        "heat_rate": plant.mmbtu * GJ_PER_MMBTU,
        "variable_cost": plant.variable_cost,
        "emission_factor": plant.mmbtu * plant.pounds * TONNES_PER_POUND,
        "outage_rate": plant.outage,
        "profile": plant.name if weather else "flat",
        "renewable": weather,
        "block_of": "" if weather else plant.unit,
    }


def _profiles(rts: Rts) -> list[dict[str, Any]]:
    columns = {
        plant.name: [min(mw / plant.mw, 1.0) for mw in plant.series]
        for plant in rts.plants
        if plant.series is not None
    }
    return [
        {"hour": h + 1, **{title: values[h] for title, values in columns.items()}}
        for h in range(len(rts.load))
    ]


def _report(folder: str | Path, rts: Rts) -> Report:
    report = Report(f"RTS-GMLC, {folder}")
    thermal = {plant.unit for plant in rts.plants if plant.series is None}
    weather = [plant for plant in rts.plants if plant.series is not None]
    blocks = len(rts.plants) - len(weather)
    report.map(
        "gen.csv: PMax MW, Category, FOR, VOM",
        "units: capacity_mw, technology, outage_rate, variable_cost",
        rts.generators,
    )
    report.map(
        "gen.csv: Output_pct, HR_avg_0, HR_incr",
        f"{blocks} heat-rate blocks of {len(thermal)} units, by rising heat rate",
        blocks,
    )
    report.convert("heat rates, BTU/kWh", f"heat_rate in GJ/MWh: times {GJ_PER_MMBTU}/1000")
    report.convert("Fuel Price $/MMBTU", f"prices in USD/GJ: divided by {GJ_PER_MMBTU}", len(rts.fuel_price))
    report.convert(
        "Emissions CO2 Lbs/MMBTU", f"emission_factor in t/MWh: times heat rate and {TONNES_PER_POUND}"
    )
    report.convert("day-ahead series, MW", "profiles as shares of PMax, at most 1", len(weather))
    report.convert("DAY_AHEAD_regional_Load.csv", "one zone: the regions' loads are summed", rts.regions)
    if rts.batteries:
        names = ", ".join(battery.name for battery in rts.batteries)
        report.convert(
            "storage.csv: Max Volume GWh; Storage Roundtrip Efficiency",
            f"storage {names}: energy_mwh times 1000; the root of the efficiency each way",
            len(rts.batteries),
        )
    report.leave_out("branch.csv, bus.csv: the network", "one zone has none; congestion is not seen")
    report.leave_out(
        "ramps, minimum up and down times, start costs, PMin",
        "the dispatch is a merit order without commitment",
    )
    report.leave_out("reserves", "there is no reserve market")
    report.leave_out("storage.csv: the store of the CSP plant", "its natural inflow is what it generates")
    if rts.without_energy:
        report.leave_out(
            "generators without a fuel price and a series",
            ", ".join(rts.without_energy),
            len(rts.without_energy),
        )
    report.assume("value of lost load", f"{_LOST_LOAD:,.0f} USD/MWh")
    report.assume("carbon price", "0 USD/t")
    report.assume("build_mix", "wind alone, for renewable portfolio standards")
    return report
