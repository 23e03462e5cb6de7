"""A user's own system from tables: units, load, profiles and prices, with every error named by table, row and column.

Tables are sequences of rows by column name, as `csv.DictReader` or Arrow's `to_pylist` give them; values may be text or
numbers, empty text and None count as absent. docs/model.md, "Your own baseline", describes the columns. Rows are numbered from 1,
without the header.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

from sextant.drivers.errors import ModelInputError
from sextant.engine.blocks import check_blocks
from sextant.engine.hours import NOTHING, read_load
from sextant.engine.prices import read_prices
from sextant.engine.storage.table import storage_units
from sextant.engine.system import EUR, FLAT, NO_FUEL, FloatArray, Note, SystemData, Unit
from sextant.engine.tables import BaselineError, Row, Table, TableError
from sextant.engine.templates import technology_template
from sextant.engine.weather import read_weather

MOST_UNITS = 2_000
VALUE_OF_LOST_LOAD = 10_000.0
PRICE_YEAR = 2025

UNIT_COLUMNS = tuple(field.name for field in fields(Unit) if field.name != "storage")


def baseline_from_tables(
    units_rows: Sequence[Row],
    load_rows: Sequence[Row],
    profile_rows: Sequence[Row] = (),
    price_rows: Sequence[Row] = (),
    storage_rows: Sequence[Row] = (),
    *,
    name: str = "baseline",
    version: str = "1",
    currency: str | None = None,
    price_year: int | None = None,
    value_of_lost_load: float | None = None,
    spill_cost: float = 0.0,
    build_mix: Mapping[str, float] | None = None,
    resolution: str | None = None,
    end_year: int | None = None,
    load_growth: float = 0.0,
) -> SystemData:
    """The system that the tables describe; BaselineError lists what is wrong with them, `notes` what was assumed.

    Without `build_mix` an RPS builds the system's own weather-driven renewable technologies in equal shares. `resolution`
    `"hour"` averages quarter-hours. With `end_year` the load's single year is followed by others, growing by `load_growth`.
    """
    errors: list[TableError] = []
    notes: list[Note] = []

    def table(name: str, rows: Sequence[Row]) -> Table:
        return Table(name, rows, errors, notes)

    calendar = read_load(
        table("load", load_rows), hourly=resolution == "hour", last_year=end_year, growth=load_growth
    )
    if calendar is NOTHING:
        raise BaselineError(errors)  # what the other tables have wrong depends on it
    profiles, weather_years = read_weather(table("profiles", profile_rows), calendar)
    of_units = table("units", units_rows)
    units = _units(of_units, profiles)
    fuels, carbon = read_prices(
        table("prices", price_rows),
        calendar.years,
        {unit.fuel for unit in units if unit.fuel},
        currency or EUR,
        emits=any(unit.emission_factor > 0.0 for unit in units),
    )
    for row, unit in enumerate(units, start=1):
        if unit.fuel and unit.fuel not in fuels and (currency or EUR) == EUR:
            of_units.wrong(row, "fuel", f"a fuel with a price, not {unit.fuel!r}")
    units += storage_units(table("storage", storage_rows), profiles, units)
    if errors:
        raise BaselineError(errors)
    mix = dict(build_mix or {})
    if not mix:
        weather = [u.technology for u in units if u.renewable and u.fuel == NO_FUEL and not u.must_take]
        mix = dict.fromkeys(dict.fromkeys(weather), 1.0)
    _tell_options(notes, currency, price_year, value_of_lost_load)
    _tell_units(of_units, units, mix)
    bare = SystemData(
        name=name,
        version=version,
        price_year=PRICE_YEAR if price_year is None else price_year,
        years=calendar.years,
        month=calendar.month,
        weights=calendar.weights,
        load=calendar.load,
        units=units,
        profiles=profiles,
        fuel_prices=fuels,
        carbon_price=carbon,
        templates={},
        build_mix={},
        value_of_lost_load=VALUE_OF_LOST_LOAD if value_of_lost_load is None else value_of_lost_load,
        spill_cost=spill_cost,
        currency=currency or EUR,
        weather=weather_years,
        notes=tuple(notes),
    )
    for technology in mix:
        template = technology_template(bare, technology)
        if template is None or not template.unit.renewable:
            raise ModelInputError(f"build_mix.{technology}", "a renewable technology of the units")
    total = sum(mix.values())
    shares = {technology: share / total for technology, share in mix.items()}
    return replace(bare, build_mix=shares)


def _tell_options(
    notes: list[Note], currency: str | None, price_year: int | None, value_of_lost_load: float | None
) -> None:
    """Tell which options were not given, and what is assumed for them."""
    assumed = {
        "currency": (currency, EUR),
        "price_year": (price_year, f"{PRICE_YEAR}"),
        "value_of_lost_load": (value_of_lost_load, f"{VALUE_OF_LOST_LOAD:g} {currency or EUR}/MWh"),
    }
    notes += [
        Note(name, "assumed", f"{name} is not given: {value} is assumed")
        for name, (given, value) in assumed.items()
        if given is None
    ]


def _tell_units(table: Table, units: Sequence[Unit], mix: Mapping[str, float]) -> None:
    """Tell what costs or emits nothing only because the table does not say."""
    free = [
        t for t in dict.fromkeys(u.technology for u in units) if not _any(units, "technology", t, "capex")
    ]
    built = [technology for technology in free if technology in mix]
    if free:
        builds = f"; an RPS builds {_some(built)} for nothing" if built else ""
        table.note("capex", "absent", f"new capacity of {_some(free)} has no capital cost{builds}")
    fuels = list(dict.fromkeys(unit.fuel for unit in units if unit.fuel))
    clean = [fuel for fuel in fuels if not _any(units, "fuel", fuel, "emission_factor")]
    if clean and not table.has("emission_factor"):
        table.note("emission_factor", "absent", f"units that burn {_some(clean)} emit nothing")
    idle = [unit.name for unit in units if unit.fuel and unit.heat_rate == 0.0]
    if idle:
        table.note("heat_rate", "absent", f"the heat rate of {_some(idle)} is 0, so no fuel is burned")


def _any(units: Sequence[Unit], kind: str, name: str, field: str) -> bool:
    return any(getattr(unit, field) > 0.0 for unit in units if getattr(unit, kind) == name)


def _some(names: Sequence[str]) -> str:
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def _units(table: Table, profiles: Mapping[str, FloatArray]) -> tuple[Unit, ...]:
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
    check_blocks(table, units)
    return tuple(units)


def _unit(table: Table, row: int) -> Unit:
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
        block_of=table.text(row, "block_of", ""),
    )
