"""The hours of a baseline: load and profiles by year and hour or by time, with every hour there and none twice.

A year has H rows: its hours (8,760 or 8,784), its quarter-hours, or fewer representative hours with weights.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np

from sextant.engine.system import (
    FLAT,
    HOURS_OF_YEAR,
    LEAP_HOURS,
    LEAST_YEAR,
    QUARTERS,
    FloatArray,
    IntArray,
    broken_year,
)
from sextant.engine.tables import Cell, Table

MOST_YEARS = 60
MOST_ROWS = LEAP_HOURS * QUARTERS
LOAD_COLUMNS = ("year", "hour", "timestamp", "month", "weight", "load_mw")
_LEAP_DAY = slice(59 * 24, 60 * 24)
"""The hours of 29 February in a year of 8,784."""
_STEPS = {3_600: 1, 900: QUARTERS}


@dataclass(frozen=True)
class Calendar:
    """The years of a baseline, and what each row of one stands for."""

    years: tuple[int, ...]
    month: IntArray  # [H] 1–12
    weights: FloatArray  # [H] hours of the year
    load: FloatArray  # [Y, H] MW
    leap_day_cut: bool = False
    """Whether years of 8,784 hours gave up 29 February, as others have none."""
    averaged: bool = False
    """Whether quarter-hours were averaged to hours."""


NOTHING = Calendar((1900,), np.ones(1, dtype=np.int64), np.ones(1), np.zeros((1, 1)))


@dataclass(frozen=True)
class _Rows:
    """Of each row its year, its place in the year (1 … H) and its month (0: not told)."""

    year: IntArray
    hour: IntArray
    month: IntArray


def read_load(
    table: Table, *, hourly: bool = False, last_year: int | None = None, growth: float = 0.0
) -> Calendar:
    """The calendar of the load; `hourly` averages quarter-hours. Years up to `last_year` follow a single one, growing."""
    if not table.rows:
        table.wrong(0, "", "no rows")
        return NOTHING
    if table.has("timestamp"):
        if not table.columns(("timestamp", "load_mw"), ("timestamp", "weight", "month", "load_mw")):
            return NOTHING
        at = _from_timestamps(table)
    else:
        if not table.columns(("year", "hour", "load_mw"), LOAD_COLUMNS):
            return NOTHING
        at = _from_hours(table)
    if at is None:
        return NOTHING
    values = table.numbers("load_mw", 0.0, 1e9)
    weight = table.numbers("weight", 1e-6, 8_784.0, 0.0) if table.has("weight") else np.zeros(len(values))
    years = sorted(set(at.year.tolist()))
    if len(years) > MOST_YEARS or years != list(range(years[0], years[-1] + 1)):
        table.wrong(0, "year", f"at most {MOST_YEARS} years without a gap")
        return NOTHING
    counts = {year: int((at.year == year).sum()) for year in years}
    mixed = set(counts.values()) in ({HOURS_OF_YEAR, LEAP_HOURS}, {HOURS_OF_YEAR * 4, LEAP_HOURS * 4})
    by_year: list[tuple[FloatArray, IntArray, FloatArray]] = []
    for year in years:
        rows = np.flatnonzero(at.year == year)
        # A year whose last hours are missing is no shorter year, unless it is one without 29 February.
        size = counts[year] if mixed else max(counts.values())
        order = _in_order(table, at, rows, year, size)
        if order is None:
            return NOTHING
        by_year.append((values[order], at.month[order], weight[order]))
    if mixed:
        by_year = [_without_leap_day(item) for item in by_year]
        leap = [str(year) for year in years if counts[year] % HOURS_OF_YEAR]
        table.note(
            "hour",
            "leap_day_left_out",
            f"29 February is left out of {_listed(leap)}: the other years have 8,760 hours",
        )
    months, weights = _hours(table, at, years, by_year)
    load = np.array([load for load, _, _ in by_year])
    calendar = Calendar(tuple(years), months, weights, load, leap_day_cut=mixed)
    _tell_leap_hours(table, calendar)
    if hourly and len(weights) in {count * QUARTERS for count in (HOURS_OF_YEAR, LEAP_HOURS)}:
        calendar = _averaged(calendar)
    return _grown(table, calendar, last_year, growth) if last_year is not None else calendar


def _from_hours(table: Table) -> _Rows | None:
    year = table.numbers("year", 1900, 2200, whole=True).astype(np.int64)
    hour = table.numbers("hour", 1, MOST_ROWS, whole=True).astype(np.int64)
    month = np.zeros(len(year))
    if table.has("month"):
        month = table.numbers("month", 1, 12, 0, whole=True)
    return _Rows(year, hour, month.astype(np.int64))


def _from_timestamps(table: Table) -> _Rows | None:
    """Rows by their moment, each in the zone of the first one: the year begins there, and summer time moves nothing."""
    moments = [_moment(table, row, table.cell(row, "timestamp")) for row in table.each()]
    if None in moments:
        return None
    known = [moment for moment in moments if moment is not None]
    zone = timezone(known[0].utcoffset() or timedelta(0))
    local = [moment.astimezone(zone) for moment in known]
    starts = {year: datetime(year, 1, 1, tzinfo=zone) for year in {m.year for m in local}}
    seconds = np.array([(m - starts[m.year]).total_seconds() for m in local], dtype=np.int64)
    step = next((s for s in _STEPS if not np.any(seconds % s)), None)
    if step is None:
        row = int(np.flatnonzero(seconds % min(_STEPS))[0]) + 1
        table.wrong(row, "timestamp", f"on the hour or a quarter of it, not {known[row - 1].isoformat()}")
        return None
    return _Rows(
        np.array([m.year for m in local], dtype=np.int64),
        seconds // step + 1,
        np.array([m.month for m in local], dtype=np.int64),
    )


def _moment(table: Table, row: int, cell: Cell) -> datetime | None:
    try:
        moment = cell if isinstance(cell, datetime) else datetime.fromisoformat(str(cell))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        table.wrong(
            row, "timestamp", f"a time with its zone, such as 2030-01-01T00:00+01:00, not {str(cell)[:40]!r}"
        )
        return None
    return moment


def _in_order(table: Table, at: _Rows, rows: IntArray, year: int, size: int) -> IntArray | None:
    """The rows of a year by their hours 1 … size; None, and the first hour told that is missing or there twice."""
    column = "timestamp" if table.has("timestamp") else "hour"
    order = rows[np.argsort(at.hour[rows], kind="stable")]
    hours = at.hour[order]
    twice = np.flatnonzero(hours[1:] == hours[:-1])
    if twice.size:
        first, second = int(order[twice[0]]) + 1, int(order[twice[0] + 1]) + 1
        table.wrong(
            second, column, f"hour {hours[twice[0]]} of {year} stands in row {table.place(first)} already"
        )
        return None
    if len(hours) == size and hours[-1] == size:
        return order
    expected = np.arange(1, len(hours) + 1)
    gap = int(np.flatnonzero(hours != expected)[0]) if np.any(hours != expected) else len(hours)
    before = f"after row {table.place(int(order[gap - 1]) + 1)}" if gap else ""
    if gap < len(order):
        behind = table.place(int(order[gap]) + 1)
        before = f"between rows {before[10:]} and {behind}" if gap else f"before row {behind}"
    missing = int((hours[-1] if gap < len(order) else size) - len(hours))
    others = f", and {missing - 1:,} more" if missing > 1 else ""
    table.wrong(0, column, f"hour {gap + 1} of {year} is missing, {before}{others}")
    return None


def _without_leap_day(
    year: tuple[FloatArray, IntArray, FloatArray],
) -> tuple[FloatArray, IntArray, FloatArray]:
    load, month, weight = year
    if len(load) % HOURS_OF_YEAR == 0:
        return year
    day = leap_day(len(load))
    return np.delete(load, day), np.delete(month, day), np.delete(weight, day)


def leap_day(rows: int) -> slice:
    """Where 29 February lies in a year of so many rows."""
    step = rows // LEAP_HOURS
    return slice(_LEAP_DAY.start * step, _LEAP_DAY.stop * step)


def _hours(
    table: Table, at: _Rows, years: Sequence[int], by_year: Sequence[tuple[FloatArray, IntArray, FloatArray]]
) -> tuple[IntArray, FloatArray]:
    """Months and weights, made up where the table has none: evenly over the year."""
    _, months, weights = by_year[0]
    count = len(months)
    for year, (_, month, weight) in zip(years, by_year, strict=True):
        differs = np.flatnonzero((month != months) | (weight != weights))
        # By time, a leap year's months lie an hour's rows apart from the others': the first year's hold.
        if differs.size and not table.has("timestamp"):
            hour = int(differs[0]) + 1
            (row,) = np.flatnonzero((at.year == year) & (at.hour == hour))[:1] + 1
            table.wrong(int(row), "weight", f"hour {hour} has the same month and weight in every year")
            break
    for column, given in (("month", months), ("weight", weights)):
        if np.any(given == 0) and np.any(given != 0):
            table.wrong(0, column, "given for every hour or for none")
    if not months.all():
        ends = np.cumsum((31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31))
        day = (np.arange(count) + 0.5) / count * 365.0
        months = np.searchsorted(ends, day).astype(np.int64) + 1
        if count < LEAST_YEAR:
            table.note("month", "assumed", f"the {count} hours are spread evenly over the months")
    if not weights.all():
        calendars = {HOURS_OF_YEAR: 1.0, LEAP_HOURS: 1.0, MOST_ROWS: 0.25, HOURS_OF_YEAR * QUARTERS: 0.25}
        weights = np.full(count, calendars.get(count, 8_760.0 / count))
        if count not in calendars:
            table.note(
                "weight", "assumed", f"each of the {count:,} hours stands for {8_760.0 / count:.6g} hours"
            )
    broken = broken_year(weights)
    if broken is not None:
        table.wrong(0, "hour" if count > LEAST_YEAR else "weight", broken)
    return months, weights


def _tell_leap_hours(table: Table, calendar: Calendar) -> None:
    if len(calendar.weights) not in (LEAP_HOURS, MOST_ROWS):
        return
    common = [str(year) for year in calendar.years if year % 4 or (year % 100 == 0 and year % 400)]
    if common:
        table.note(
            "hour", "leap_hours", f"there are 8,784 hours in {_listed(common)}, where the calendar has 8,760"
        )


def _averaged(calendar: Calendar) -> Calendar:
    hours = len(calendar.weights) // QUARTERS
    return Calendar(
        calendar.years,
        calendar.month[::QUARTERS],
        calendar.weights.reshape(hours, QUARTERS).sum(axis=1),
        calendar.load.reshape(-1, hours, QUARTERS).mean(axis=2),
        calendar.leap_day_cut,
        averaged=True,
    )


def _grown(table: Table, calendar: Calendar, last_year: int, growth: float) -> Calendar:
    first = calendar.years[0]
    if len(calendar.years) > 1:
        table.wrong(0, "year", "one year, where end_year has the others follow it")
        return NOTHING
    if not first <= last_year < first + MOST_YEARS:
        table.wrong(0, "year", f"at most {MOST_YEARS} years to end_year, {last_year}, and not after it")
        return NOTHING
    years = tuple(range(first, last_year + 1))
    factor = (1.0 + growth) ** np.arange(len(years), dtype=np.float64)
    return Calendar(
        years,
        calendar.month,
        calendar.weights,
        factor[:, None] * calendar.load,
        calendar.leap_day_cut,
        calendar.averaged,
    )


def _listed(years: Sequence[str]) -> str:
    return (
        ", ".join(years) if len(years) <= 3 else f"{years[0]}, {years[1]} … {years[-1]} ({len(years)} years)"
    )


def read_profiles(
    table: Table, calendar: Calendar, others: Mapping[str, float | None] | None = None
) -> dict[str, FloatArray]:
    """The profiles [H] by name; the flat one is always there. Their rows may be hours where the load has quarters.

    `others` are columns whose values may be up to another number than 1, or which are none of profiles (None).
    """
    limits = {"hour": None, "timestamp": None, **(others or {})}
    flat = {FLAT: np.ones(len(calendar.weights))}
    column = "timestamp" if table.has("timestamp") else "hour"
    if not table.rows or not table.columns((column,)):
        return flat
    order = _profile_order(table, column, calendar, weather=bool(others))
    if order is None:
        return flat
    values = {
        name: _resampled(table.numbers(name, 0.0, most)[order], calendar)
        for name in table.rows[0]
        if (most := limits.get(name, 1.0)) is not None
    }
    if FLAT in values:
        table.wrong(0, FLAT, "this profile is built in")
    return {**values, **flat}


def _profile_order(table: Table, column: str, calendar: Calendar, *, weather: bool) -> IntArray | None:
    """The rows by their hours; None where they are not those of one year, each once. Of a weather year 29 February may be left out."""
    hours, count = len(calendar.weights), len(table.rows)
    step = QUARTERS if calendar.averaged else 1
    sent = {hours * step, hours}
    cut = len(calendar.weights) % HOURS_OF_YEAR == 0
    if calendar.leap_day_cut or (weather and cut):
        sent |= {hours * step * LEAP_HOURS // HOURS_OF_YEAR}
    if hours > LEAP_HOURS:
        sent |= {hours // QUARTERS}
    if count not in sent:
        table.wrong(0, column, f"one row for each of the load's {hours} hours, not {count}")
        return None
    if column == "hour":
        place = table.numbers("hour", 1, count, whole=True).astype(np.int64)
        at: _Rows | None = _Rows(np.zeros(count, dtype=np.int64), place, place)
    else:
        at = _from_timestamps(table)
    if at is None:
        return None
    if len(set(at.year.tolist())) > 1:
        table.wrong(
            0, column, "of one year, which holds for all; several are told apart by a column weather_year"
        )
        return None
    first: dict[int, int] = {}
    for row, hour in enumerate(at.hour.tolist(), start=1):
        if first.setdefault(hour, row) != row:
            table.wrong(row, column, f"hour {hour} stands in row {table.place(first[hour])} already")
            return None
    return np.argsort(at.hour, kind="stable")


def _resampled(profile: FloatArray, calendar: Calendar) -> FloatArray:
    """A profile on the calendar's rows."""
    hours = len(calendar.weights)
    if len(profile) % LEAP_HOURS == 0 and hours % HOURS_OF_YEAR == 0:
        profile = np.delete(profile, leap_day(len(profile)))
    if len(profile) == hours * QUARTERS:
        return np.asarray(profile.reshape(hours, QUARTERS).mean(axis=1))
    return np.repeat(profile, QUARTERS) if len(profile) * QUARTERS == hours else profile
