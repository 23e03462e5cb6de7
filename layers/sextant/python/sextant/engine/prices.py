"""Fuel and carbon prices of a baseline, by year or by month, and what is assumed where the table has none."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np

from sextant.engine.reference import reference_system
from sextant.engine.system import EUR, FloatArray
from sextant.engine.tables import Table

CARBON = "carbon"
MONTHS = 12


def read_prices(
    table: Table, years: Sequence[int], burned: Collection[str], currency: str, *, emits: bool
) -> tuple[dict[str, FloatArray], FloatArray]:
    """Fuel curves and the carbon price, each [Y] or by month [Y, 12].

    Where the table has no column for what units burn or emit, the reference system's is taken, held flat outside its years, and
    told. Its prices are EUR: in another currency the column is required.
    """
    curves, carbon = _given(table, years)
    reference = reference_system()
    inside = np.clip(np.array(years) - reference.years[0], 0, len(reference.years) - 1)
    for fuel, curve in reference.fuel_prices.items():
        if fuel in curves:
            continue
        if currency == EUR:
            curves[fuel] = curve[inside]
        if fuel in burned:
            _borrow(table, fuel, curve[inside], "EUR/GJ", currency)
    if carbon is None:
        carbon = reference.carbon_price[inside] if currency == EUR else np.zeros(len(years))
        if emits:
            _borrow(table, CARBON, carbon, "EUR/t", currency)
    return curves, carbon


def _borrow(table: Table, column: str, curve: FloatArray, unit: str, currency: str) -> None:
    if currency != EUR:
        table.wrong(
            0, column, f"column is missing: units need it, and the built-in prices are EUR, not {currency}"
        )
        return
    span = f"{curve[0]:.6g}" if curve[0] == curve[-1] else f"{curve[0]:.6g} to {curve[-1]:.6g}"
    table.note(
        column, "borrowed", f"there is no column {column}: the built-in baseline's {span} {unit} is used"
    )


def _given(table: Table, years: Sequence[int]) -> tuple[dict[str, FloatArray], FloatArray | None]:
    if not table.rows or not table.columns(("year",)):
        return {}, None
    by_month = table.has("month")
    at = table.numbers("year", 1900, 2200, whole=True).astype(np.int64)
    month = table.numbers("month", 1, MONTHS, whole=True).astype(np.int64) if by_month else np.ones(len(at))
    seen: dict[tuple[int, int], int] = {}
    for row, (year, season) in enumerate(zip(at.tolist(), month.astype(int).tolist(), strict=True), start=1):
        named = f"month {season} of {year}" if by_month else f"year {year}"
        if year not in years:
            table.wrong(row, "year", f"a year of the load, {years[0]}–{years[-1]}")
        elif seen.setdefault((year, season), row) != row:
            table.wrong(row, "year", f"{named} stands above already")
    seasons = MONTHS if by_month else 1
    for year in years:
        lacks = [season for season in range(1, seasons + 1) if (year, season) not in seen]
        if len(lacks) == seasons:
            table.wrong(0, "year", f"year {year} is missing")
        elif lacks:
            table.wrong(0, "month", f"month {lacks[0]} of {year} is missing")
    rows = np.array([seen.get((year, s), 1) - 1 for year in years for s in range(1, seasons + 1)])
    curves = {
        column: table.numbers(column, 0.0, 10_000.0)[rows].reshape(len(years), seasons)
        for column in table.rows[0]
        if column not in ("year", "month")
    }
    flat = {name: curve[:, 0] if np.all(curve == curve[:, :1]) else curve for name, curve in curves.items()}
    carbon = flat.pop(CARBON, None)
    return flat, carbon
