"""A market's data: hours, load, units, profiles and fuel curves, as a model takes them.

Everything is per unit of time or of energy in the units named on each field; money is real EUR of `price_year`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sextant.drivers.errors import ModelInputError

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

FLAT = "flat"
"""Name of the profile that is 1 in every hour; every system has it."""
NO_FUEL = ""
EUR = "EUR"


@dataclass(frozen=True)
class Storage:
    """What makes a unit a storage or a reservoir; per MW of its capacity, which is the power of its discharge.

    Without levels it ends each period as it began, at the level that suits best; with them it begins at `initial_level` and
    ends no lower than `final_level`. `inflow` names the profile of the energy that flows in; what doesn't fit is spilled.
    """

    energy_hours: float  # MWh stored at most, per MW of discharge
    charge_ratio: float  # MW of charge per MW of discharge; 0 for a reservoir without pump
    charge_efficiency: float  # share of the energy taken that is stored
    discharge_efficiency: float  # share of the energy stored that is given
    initial_level: float | None = None  # share of the energy
    final_level: float | None = None  # share of the energy
    inflow: str | None = None  # name of a profile
    inflow_ratio: float = 0.0  # MW of stored energy flowing in where the profile is 1, per MW of discharge


@dataclass(frozen=True)
class Unit:
    """A generating unit, or a block of like ones; with `storage`, a storage.

    `in_year` is the first year in which it runs, `out_year` the first in which it no longer does (None: never).
    `must_take`: its available energy is produced whatever the price; what the load can't use is spilled.
    `capex` is charged, as an annuity over `life_years`, only to capacity that enters after the first year; with `reinvest` it is
    spent again at the end of each life if the unit then stands.
    """

    name: str
    technology: str
    capacity_mw: float  # MW
    fuel: str = NO_FUEL
    heat_rate: float = 0.0  # GJ of fuel per MWh of electricity
    variable_cost: float = 0.0  # EUR/MWh beside fuel and carbon
    fixed_cost: float = 0.0  # EUR/MW/year
    emission_factor: float = 0.0  # t CO2 per MWh of electricity
    outage_rate: float = 0.0  # share of the year lost, taken off every hour
    capex: float = 0.0  # EUR/MW
    life_years: int = 25  # years
    in_year: int = 1900
    out_year: int | None = None
    profile: str = FLAT
    renewable: bool = False
    must_take: bool = False
    reinvest: bool = False
    storage: Storage | None = None
    block_of: str = ""  # name of the unit of which this is a block with a heat rate of its own

    def capacity_in(self, year: int) -> float:
        """MW installed in the year."""
        running = self.in_year <= year and (self.out_year is None or year < self.out_year)
        return self.capacity_mw if running else 0.0


@dataclass(frozen=True)
class Note:
    """Something that was assumed of a baseline, or may not be meant: the place, the rule's name, and what it is."""

    path: str
    rule: str
    message: str


@dataclass(frozen=True)
class WeatherYear:
    """A year of weather: what it makes of every profile, and of the load."""

    year: int
    profiles: Mapping[
        str, FloatArray
    ]  # name → [H] share of the capacity, 0–1; the same names in every weather year
    load_factor: (
        FloatArray | None
    )  # [H] by which the load of the hour is multiplied; None: the load is as it is


@dataclass(frozen=True)
class SystemData:
    """A baseline: H hours with weights, Y consecutive years, units, profiles, curves.

    Money is real, of `price_year`, in `currency`; where a unit says EUR, that is meant.
    """

    name: str
    version: str
    price_year: int
    years: tuple[int, ...]
    month: IntArray  # [H] 1–12
    weights: FloatArray  # [H] hours of the year that each modelled hour stands for
    load: FloatArray  # [Y, H] MW
    units: tuple[Unit, ...]
    profiles: Mapping[str, FloatArray]  # name → [H] share of the capacity, 0–1
    fuel_prices: Mapping[str, FloatArray]  # name → [Y] EUR/GJ, or by month [Y, 12]
    carbon_price: FloatArray  # [Y] EUR/t CO2, or by month [Y, 12]
    templates: Mapping[str, Unit]  # technology → what a new unit of it is like
    build_mix: Mapping[str, float]  # technology → share of the MW that an RPS builds
    value_of_lost_load: float = 10_000.0  # EUR/MWh
    spill_cost: float = 0.0  # EUR/MWh that throwing away must-take energy costs: the price floor
    illustrative: bool = False
    currency: str = EUR  # ISO 4217
    weather: tuple[WeatherYear, ...] = ()  # where there are several; `profiles` then are those of the first
    notes: tuple[Note, ...] = ()  # part of every result, and of no digest: they follow from the rest

    def __post_init__(self) -> None:
        check_system(self)

    def digest(self) -> str:
        """SHA-256 of everything in the system; equal data has equal digests whatever the machine."""
        digest = hashlib.sha256()
        head: dict[str, Any] = {
            "name": self.name,
            "version": self.version,
            "price_year": self.price_year,
            "years": self.years,
            "units": [_stated(unit) for unit in self.units],
            "templates": {name: _stated(unit) for name, unit in sorted(self.templates.items())},
            "build_mix": dict(sorted(self.build_mix.items())),
            "value_of_lost_load": self.value_of_lost_load,
            "spill_cost": self.spill_cost,
        }
        digest.update(json.dumps(head, sort_keys=True, separators=(",", ":")).encode())
        if self.currency != EUR:  # digests from before there were others hold
            head["currency"] = self.currency
        arrays: list[tuple[str, NDArray[Any]]] = [
            ("month", self.month.astype("<i8")),
            ("weights", self.weights),
            ("load", self.load),
            ("carbon", self.carbon_price),
        ]
        arrays += [(f"profile:{name}", values) for name, values in sorted(self.profiles.items())]
        arrays += [(f"fuel:{name}", values) for name, values in sorted(self.fuel_prices.items())]
        for weather in self.weather:
            own = [*weather.profiles.items()]
            if weather.load_factor is not None:
                own.append(("", weather.load_factor))
            arrays += [(f"weather:{weather.year}:{name}", values) for name, values in sorted(own)]
        for label, values in arrays:
            little_endian = values.astype("<i8") if values.dtype.kind == "i" else values.astype("<f8")
            digest.update(f"{label}{values.shape}".encode())
            digest.update(np.ascontiguousarray(little_endian).tobytes())
        return digest.hexdigest()


def _stated(unit: Unit) -> dict[str, Any]:
    """A unit's fields; a system without storage or blocks keeps the digest that it had before there were any."""
    later = {"storage", "block_of"}
    return {key: value for key, value in asdict(unit).items() if key not in later or value}


HOURS_OF_YEAR, LEAP_HOURS = 8_760, 8_784
YEARS_OF_HOURS = (HOURS_OF_YEAR, LEAP_HOURS)
WEEKS_OF_HOURS = 52 * 168
"""Years of 52 whole weeks, an hour each, are a calendar too."""
QUARTERS = 4
LEAST_YEAR, MOST_YEAR = 0.99 * YEARS_OF_HOURS[0], 1.01 * YEARS_OF_HOURS[1]


def broken_year(weights: FloatArray) -> str | None:
    """The rule that keeps hours of these weights from being a year; None where they are one.

    Costs by the year (fixed costs, annuities) stand beside revenues by the hour, so the hours must stand for a year.
    """
    hours, total = len(weights), float(weights.sum())
    calendars = (*YEARS_OF_HOURS, WEEKS_OF_HOURS)
    if (
        hours > LEAST_YEAR
        and hours not in calendars
        and hours not in [QUARTERS * count for count in calendars]
    ):
        return (
            f"a calendar of 8,760 hours, 8,784 or 52 weeks of 168, each whole or in quarters, or fewer than "
            f"{LEAST_YEAR:,.0f} representative hours; not {hours:,}"
        )
    if not LEAST_YEAR <= total <= MOST_YEAR:
        return f"hours of a year: together 8,760 or 8,784, within 1 %; they are {total:,.6g}"
    return None


def check_system(system: SystemData) -> None:
    """Hold the shapes and ranges that the model relies on; ModelInputError names the first that fails."""

    def need(holds: object, path: str, rule: str) -> None:
        if not holds:
            raise ModelInputError(path, rule)

    years, hours = len(system.years), len(system.weights)
    need(years > 0, "years", "at least one year")
    need(
        all(b == a + 1 for a, b in pairwise(system.years)),
        "years",
        "consecutive, increasing",
    )
    need(hours > 0, "weights", "at least one hour")
    need(np.all(np.isfinite(system.weights)) and np.all(system.weights > 0), "weights", "all > 0")
    broken = broken_year(system.weights)
    need(broken is None, "weights", broken or "")
    need(system.month.shape == (hours,), "month", f"one value for each of the {hours} hours")
    need(np.all((system.month >= 1) & (system.month <= 12)), "month", "1–12")
    need(system.load.shape == (years, hours), "load", f"shape [{years} years, {hours} hours]")
    need(np.all(np.isfinite(system.load)) and np.all(system.load >= 0), "load", "finite and >= 0")
    need(FLAT in system.profiles, "profiles", f"contain {FLAT!r}")
    for name, profile in system.profiles.items():
        need(profile.shape == (hours,), f"profiles.{name}", f"one value for each of the {hours} hours")
        need(np.all((profile >= 0) & (profile <= 1)), f"profiles.{name}", "values 0–1")
    for weather in system.weather:
        path = f"weather.{weather.year}"
        need(
            weather.profiles.keys() == system.profiles.keys(), path, "the same profiles in every weather year"
        )
        for values in (*weather.profiles.values(), weather.load_factor):
            if values is not None:
                need(values.shape == (hours,), path, f"one value for each of the {hours} hours")
                need(np.all(np.isfinite(values)) and np.all(values >= 0.0), path, "finite and >= 0")
    for name, curve in system.fuel_prices.items():
        need(
            curve.shape in ((years,), (years, 12)),
            f"fuel_prices.{name}",
            f"one value for each of the {years} years, or twelve",
        )
        need(np.all(np.isfinite(curve)) and np.all(curve >= 0), f"fuel_prices.{name}", "finite and >= 0")
    need(
        system.carbon_price.shape in ((years,), (years, 12)),
        "carbon_price",
        f"one value for each of the {years} years, or twelve",
    )
    need(np.all(np.isfinite(system.carbon_price)), "carbon_price", "finite")
    need(system.value_of_lost_load > 0, "value_of_lost_load", "> 0")
    need(system.spill_cost >= 0, "spill_cost", ">= 0")
    seen: set[str] = set()
    named = [(f"units[{i}]", unit) for i, unit in enumerate(system.units)]
    for path, unit in [*named, *((f"templates.{key}", unit) for key, unit in system.templates.items())]:
        need(
            unit.name not in seen or path.startswith("templates"),
            f"{path}.name",
            f"unique, {unit.name!r} is taken",
        )
        seen.add(unit.name)
        check_unit(unit, path, system.profiles, system.fuel_prices)
    technologies = {*system.templates, *(unit.technology for unit in system.units)}
    for technology, share in system.build_mix.items():
        need(technology in technologies, f"build_mix.{technology}", "a technology of the baseline")
        need(share > 0, f"build_mix.{technology}", "> 0")


def check_unit(
    unit: Unit, path: str, profiles: Mapping[str, FloatArray], fuels: Mapping[str, FloatArray]
) -> None:
    """Hold one unit's ranges and references."""
    rules = (
        ("capacity_mw", unit.capacity_mw >= 0, ">= 0"),
        ("heat_rate", unit.heat_rate >= 0, ">= 0"),
        ("fixed_cost", unit.fixed_cost >= 0, ">= 0"),
        ("emission_factor", unit.emission_factor >= 0, ">= 0"),
        ("outage_rate", 0 <= unit.outage_rate <= 1, "0–1"),
        ("capex", unit.capex >= 0, ">= 0"),
        ("life_years", unit.life_years >= 1, ">= 1"),
        ("out_year", unit.out_year is None or unit.out_year > unit.in_year, "after in_year"),
        ("profile", unit.profile in profiles, "a profile of the system"),
        ("fuel", unit.fuel == NO_FUEL or unit.fuel in fuels, "a fuel with a price curve"),
        ("heat_rate", unit.fuel != NO_FUEL or unit.heat_rate == 0, "0 where there is no fuel"),
    )
    for field, holds, rule in (*rules, *_storage_rules(unit, profiles)):
        if not holds:
            raise ModelInputError(f"{path}.{field}", rule)
    numbers = (
        unit.capacity_mw,
        unit.heat_rate,
        unit.variable_cost,
        unit.fixed_cost,
        unit.emission_factor,
        unit.capex,
    )
    if not all(np.isfinite(numbers)):
        raise ModelInputError(path, "all numbers finite")


def _storage_rules(unit: Unit, profiles: Mapping[str, FloatArray]) -> tuple[tuple[str, bool, str], ...]:
    """Field, whether its rule holds, and the rule, of a unit that is a storage."""
    storage = unit.storage
    if storage is None:
        return ()
    levels = (storage.initial_level, storage.final_level)
    return (
        ("energy_mwh", 0 < storage.energy_hours < np.inf, "> 0"),
        ("charge_mw", 0 <= storage.charge_ratio < np.inf, ">= 0"),
        ("charge_efficiency", 0 < storage.charge_efficiency <= 1, "above 0, at most 1"),
        ("discharge_efficiency", 0 < storage.discharge_efficiency <= 1, "above 0, at most 1"),
        ("final_level", (levels[0] is None) == (levels[1] is None), "given with initial_level, or neither"),
        ("initial_level", all(0 <= level <= 1 for level in levels if level is not None), "levels 0–1"),
        ("inflow", storage.inflow is None or storage.inflow in profiles, "a profile of the system"),
        ("inflow_mw", 0 <= storage.inflow_ratio < np.inf, ">= 0"),
        (
            "fuel",
            unit.fuel == NO_FUEL and not unit.must_take and not unit.renewable,
            "none: a storage burns none",
        ),
    )
