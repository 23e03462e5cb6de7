"""A user's own system from tables: units, load, profiles and prices, with every error named by table, row and column.

Tables are sequences of rows by column name, as `csv.DictReader` or Arrow's `to_pylist` give them; values may be text or
numbers, empty text and None count as absent. docs/model.md, "Your own baseline", describes the columns. Rows are numbered from 1,
without the header.
"""

from __future__ import annotations

import csv
import io
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TypeAlias

import numpy as np

from sextant.drivers.errors import ModelInputError
from sextant.engine.reference import reference_system
from sextant.engine.storage.table import storage_units
from sextant.engine.system import (
    FLAT,
    LEAST_YEAR,
    NO_FUEL,
    YEARS_OF_HOURS,
    FloatArray,
    IntArray,
    SystemData,
    Unit,
    broken_year,
)
from sextant.engine.templates import technology_template

Cell: TypeAlias = str | float | int | bool | None
Row: TypeAlias = Mapping[str, Cell]

CARBON = "carbon"
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
MOST_ERRORS = 100
MOST_HOURS, MOST_YEARS, MOST_UNITS = 8_784, 60, 2_000


@dataclass(frozen=True)
class TableError:
    """One broken rule; row 0 is the table as a whole, column "" the whole row."""

    table: str
    row: int
    column: str
    rule: str

    def __str__(self) -> str:
        place = f"{self.table} row {self.row}" if self.row else self.table
        return f"{place}, column {self.column}: {self.rule}" if self.column else f"{place}: {self.rule}"


class BaselineError(ModelInputError):
    """The tables break rules; `errors` lists the first hundred."""

    def __init__(self, errors: Sequence[TableError]) -> None:
        first = errors[0]
        super().__init__(f"{first.table}[{first.row}].{first.column}", first.rule)
        self.errors = tuple(errors)

    def __str__(self) -> str:
        return "\n".join(str(error) for error in self.errors)


def rows_from_csv(text: str) -> list[dict[str, Cell]]:
    """A CSV text with a header as rows; short rows lack their last columns.

    Raises ValueError for a header that names a column twice, and for a row with more cells than the header.
    """
    reader = csv.DictReader(io.StringIO(text), skipinitialspace=True)
    header = reader.fieldnames or ()
    for column in header:
        if header.count(column) > 1:
            raise ValueError(f"its header names the column {column[:40]!r} twice")
    rows = []
    for number, row in enumerate(reader, start=1):
        if any(cell.strip() for cell in row.pop(None, ())):
            raise ValueError(f"row {number} has more cells than the header, which has {len(header)}")
        rows.append(row)
    return rows


def _is_number(value: Cell) -> bool:
    """Whether a cell is a number, or spells one in ASCII digits: Python reads `1_000` and other scripts' digits too."""
    return not isinstance(value, str) or _NUMBER.fullmatch(value) is not None


class _Table:
    """Reads cells and keeps what is wrong with them."""

    def __init__(self, name: str, rows: Sequence[Row], errors: list[TableError]) -> None:
        self.name, self.rows, self._errors = name, rows, errors

    def wrong(self, row: int, column: str, rule: str) -> None:
        if len(self._errors) < MOST_ERRORS:
            self._errors.append(TableError(self.name, row, column, rule))

    def columns(self, required: Iterable[str], known: Iterable[str] | None = None) -> bool:
        """Whether every required column stands in the header; complains of unknown ones when `known` is given."""
        present = set(self.rows[0]) if self.rows else set()
        missing = [column for column in required if column not in present]
        for column in missing:
            self.wrong(0, column, "column is missing")
        if known is not None:
            allowed = set(known)
            for column in sorted(present - allowed):
                self.wrong(0, column, "unknown column")
        return not missing

    def cell(self, row: int, column: str) -> Cell:
        value = self.rows[row - 1].get(column)
        if isinstance(value, str):
            value = value.strip()
        return None if value == "" else value

    def number(self, row: int, column: str, least: float, most: float, default: float | None = None) -> float:
        value = self.cell(row, column)
        if value is None:
            if default is None:
                self.wrong(row, column, "a number is missing")
                return math.nan
            return default
        try:
            number = math.nan if isinstance(value, bool) or not _is_number(value) else float(value)
        except (ValueError, TypeError, OverflowError):
            number = math.nan
        if not math.isfinite(number):
            self.wrong(row, column, f"a number, not {str(value)[:40]!r}")
        elif not least <= number <= most:
            self.wrong(row, column, f"between {least:g} and {most:g}, not {number:g}")
        return number

    def whole(self, row: int, column: str, least: int, most: int, default: int | None = None) -> int:
        number = self.number(row, column, least, most, default)
        if math.isfinite(number) and number != math.floor(number):
            self.wrong(row, column, f"a whole number, not {number:g}")
        return int(number) if math.isfinite(number) else least

    def text(self, row: int, column: str, default: str | None = None) -> str:
        value = self.cell(row, column)
        if value is None:
            if default is None:
                self.wrong(row, column, "text is missing")
            return default or ""
        if len(str(value)) > 64:
            self.wrong(row, column, "at most 64 characters")
        return str(value)

    def flag(self, row: int, column: str) -> bool:
        value = str(self.cell(row, column)).lower()
        if value not in ("true", "false", "1", "0", "yes", "no", "none", "1.0", "0.0"):
            self.wrong(row, column, "true or false")
        return value in ("true", "1", "yes", "1.0")

    def each(self) -> range:
        return range(1, len(self.rows) + 1)


UNIT_COLUMNS = tuple(field.name for field in fields(Unit) if field.name != "storage")
LOAD_COLUMNS = ("year", "hour", "month", "weight", "load_mw")


def baseline_from_tables(
    units_rows: Sequence[Row],
    load_rows: Sequence[Row],
    profile_rows: Sequence[Row] = (),
    price_rows: Sequence[Row] = (),
    storage_rows: Sequence[Row] = (),
    *,
    name: str = "baseline",
    version: str = "1",
    price_year: int = 2025,
    value_of_lost_load: float = 10_000.0,
    spill_cost: float = 0.0,
    build_mix: Mapping[str, float] | None = None,
) -> SystemData:
    """The system that the tables describe; BaselineError lists what is wrong with them.

    Without `build_mix` an RPS builds the system's own weather-driven renewable technologies in equal shares.
    """
    errors: list[TableError] = []
    years, month, weights, load = _load(_Table("load", load_rows, errors))
    profiles = _profiles(_Table("profiles", profile_rows, errors), len(weights))
    fuels, carbon = _prices(_Table("prices", price_rows, errors), years)
    table = _Table("units", units_rows, errors)
    units = _units(table, profiles, fuels)
    units += storage_units(_Table("storage", storage_rows, errors), profiles, units)
    if errors:
        raise BaselineError(errors)
    mix = dict(build_mix or {})
    if not mix:
        weather = [u.technology for u in units if u.renewable and u.fuel == NO_FUEL and not u.must_take]
        mix = dict.fromkeys(dict.fromkeys(weather), 1.0)
    bare = SystemData(
        name=name,
        version=version,
        price_year=price_year,
        years=years,
        month=month,
        weights=weights,
        load=load,
        units=units,
        profiles=profiles,
        fuel_prices=fuels,
        carbon_price=carbon,
        templates={},
        build_mix={},
        value_of_lost_load=value_of_lost_load,
        spill_cost=spill_cost,
    )
    for technology in mix:
        template = technology_template(bare, technology)
        if template is None or not template.unit.renewable:
            raise ModelInputError(f"build_mix.{technology}", "a renewable technology of the units")
    total = sum(mix.values())
    shares = {technology: share / total for technology, share in mix.items()}
    return replace(bare, build_mix=shares)


def _load(table: _Table) -> tuple[tuple[int, ...], IntArray, FloatArray, FloatArray]:
    """Years, months, weights and load; every year lists the same hours 1 … H, each once."""
    nothing = ((1900,), np.ones(1, dtype=np.int64), np.ones(1), np.zeros((1, 1)))
    if not table.rows:
        table.wrong(0, "", "no rows")
        return nothing
    if not table.columns(("year", "hour", "load_mw"), LOAD_COLUMNS):
        return nothing
    cells: dict[tuple[int, int], float] = {}
    of_hour: dict[int, tuple[int, float]] = {}
    for row in table.each():
        year, hour = table.whole(row, "year", 1900, 2200), table.whole(row, "hour", 1, MOST_HOURS)
        month = table.whole(row, "month", 1, 12, default=0) if table.cell(row, "month") is not None else 0
        weight = table.number(row, "weight", 1e-6, 8_784.0, default=0.0)
        if (year, hour) in cells:
            table.wrong(row, "hour", f"year {year} has hour {hour} already")
        cells[year, hour] = table.number(row, "load_mw", 0.0, 1e9)
        if of_hour.setdefault(hour, (month, weight)) != (month, weight):
            table.wrong(row, "weight", f"hour {hour} has the same month and weight in every year")
    years, hours = sorted({year for year, _ in cells}), sorted(of_hour)
    if len(years) > MOST_YEARS or years != list(range(years[0], years[-1] + 1)):
        table.wrong(0, "year", f"at most {MOST_YEARS} years without a gap")
        return nothing
    if hours != list(range(1, len(hours) + 1)):
        table.wrong(0, "hour", "1 … H without a gap")
        return nothing
    for year in years:
        missing = [hour for hour in hours if (year, hour) not in cells]
        if missing:
            table.wrong(
                0, "hour", f"year {year} lacks hour {missing[0]}" + (" and others" * (len(missing) > 1))
            )
            return nothing
    months, weights = _hours(table, [of_hour[hour] for hour in hours])
    load = np.array([[cells[year, hour] for hour in hours] for year in years], dtype=np.float64)
    return tuple(years), months, weights, np.nan_to_num(load)


def _hours(table: _Table, hours: Sequence[tuple[int, float]]) -> tuple[IntArray, FloatArray]:
    """Months and weights, made up where the table has none: evenly over the year."""
    count = len(hours)
    months = np.array([month for month, _ in hours], dtype=np.int64)
    weights = np.array([weight for _, weight in hours], dtype=np.float64)
    for column, values in (("month", months), ("weight", weights)):
        if np.any(values == 0) and np.any(values != 0):
            table.wrong(0, column, "given for every hour or for none")
    if not months.all():
        ends = np.cumsum((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))
        day = (np.arange(count) + 0.5) / count * 365.0
        months = np.searchsorted(ends, day).astype(np.int64) + 1
    if not weights.all():
        weights = np.full(count, 1.0 if count in YEARS_OF_HOURS else 8_760.0 / count)
    broken = broken_year(weights) if np.all(np.isfinite(weights)) else None
    if broken is not None:
        table.wrong(0, "hour" if count > LEAST_YEAR else "weight", broken)
    return months, weights


def _profiles(table: _Table, hours: int) -> dict[str, FloatArray]:
    profiles = {FLAT: np.ones(hours)}
    if not table.rows or not table.columns(("hour",)):
        return profiles
    if len(table.rows) != hours:
        table.wrong(0, "hour", f"one row for each of the load's {hours} hours, not {len(table.rows)}")
        return profiles
    names = [column for column in table.rows[0] if column != "hour"]
    values = {column: np.zeros(hours) for column in names}
    seen: set[int] = set()
    for row in table.each():
        hour = table.whole(row, "hour", 1, hours)
        if hour in seen:
            table.wrong(row, "hour", f"hour {hour} stands above already")
        seen.add(hour)
        for column in names:
            values[column][min(max(hour, 1), hours) - 1] = table.number(row, column, 0.0, 1.0)
    if FLAT in values:
        table.wrong(0, FLAT, "this profile is built in")
    return {**values, **profiles}


def _prices(table: _Table, years: Sequence[int]) -> tuple[dict[str, FloatArray], FloatArray]:
    """Fuel curves and carbon price; what the table lacks is the reference system's, held flat outside its years."""
    reference = reference_system()
    inside = np.clip(np.array(years) - reference.years[0], 0, len(reference.years) - 1)
    fuels = {fuel: curve[inside] for fuel, curve in reference.fuel_prices.items()}
    carbon = reference.carbon_price[inside]
    if not table.rows or not table.columns(("year",)):
        return fuels, carbon
    stated: set[int] = set()
    given = {column: np.full(len(years), np.nan) for column in table.rows[0] if column != "year"}
    for row in table.each():
        year = table.whole(row, "year", 1900, 2200)
        if year not in years:
            table.wrong(row, "year", f"a year of the load, {years[0]}–{years[-1]}")
            continue
        if year in stated:
            table.wrong(row, "year", f"year {year} stands above already")
        stated.add(year)
        for column, curve in given.items():
            curve[year - years[0]] = table.number(row, column, 0.0, 10_000.0)
    for year in years:
        if year not in stated:
            table.wrong(0, "year", f"year {year} is missing")
    carbon = given.pop(CARBON, carbon)
    return {**fuels, **given}, carbon


def _units(
    table: _Table, profiles: Mapping[str, FloatArray], fuels: Mapping[str, FloatArray]
) -> tuple[Unit, ...]:
    if not table.rows:
        table.wrong(0, "", "no rows")
        return ()
    if not table.columns(("name", "technology", "capacity_mw"), UNIT_COLUMNS):
        return ()
    if len(table.rows) > MOST_UNITS:
        table.wrong(0, "", f"at most {MOST_UNITS} units")
        return ()
    units: list[Unit] = []
    names: set[str] = set()
    for row in table.each():
        unit = _unit(table, row)
        checks: tuple[tuple[str, bool, str], ...] = (
            ("name", unit.name not in names, f"a name of its own, {unit.name!r} stands above already"),
            ("profile", unit.profile in profiles, f"a column of the profiles, not {unit.profile!r}"),
            ("fuel", unit.fuel in {NO_FUEL, *fuels}, f"a fuel with a price, not {unit.fuel!r}"),
            ("heat_rate", unit.fuel != NO_FUEL or unit.heat_rate == 0, "0 where there is no fuel"),
            ("out_year", unit.out_year is None or unit.out_year > unit.in_year, "after in_year"),
            (
                "in_year",
                not unit.reinvest or table.cell(row, "in_year") is not None,
                "a year, where the unit's capital is spent again at the end of its life",
            ),
        )
        for column, holds, rule in checks:
            if not holds:
                table.wrong(row, column, rule)
        names.add(unit.name)
        units.append(unit)
    return tuple(units)


def _unit(table: _Table, row: int) -> Unit:
    leaves = table.cell(row, "out_year") is not None
    return Unit(
        name=table.text(row, "name"),
        technology=table.text(row, "technology"),
        capacity_mw=table.number(row, "capacity_mw", 0.0, 1e9),
        fuel=table.text(row, "fuel", NO_FUEL),
        heat_rate=table.number(row, "heat_rate", 0.0, 100.0, 0.0),
        variable_cost=table.number(row, "variable_cost", -1e4, 1e5, 0.0),
        fixed_cost=table.number(row, "fixed_cost", 0.0, 1e8, 0.0),
        emission_factor=table.number(row, "emission_factor", 0.0, 10.0, 0.0),
        outage_rate=table.number(row, "outage_rate", 0.0, 1.0, 0.0),
        capex=table.number(row, "capex", 0.0, 1e9, 0.0),
        life_years=table.whole(row, "life_years", 1, 200, 25),
        in_year=table.whole(row, "in_year", 1800, 2200, 1900),
        out_year=table.whole(row, "out_year", 1900, 2200) if leaves else None,
        profile=table.text(row, "profile", FLAT),
        renewable=table.flag(row, "renewable"),
        must_take=table.flag(row, "must_take"),
        reinvest=table.flag(row, "reinvest"),
    )
