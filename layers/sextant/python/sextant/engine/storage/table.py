"""The table of a baseline's storages: rows to units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sextant.engine.system import FloatArray, Storage, Unit
from sextant.engine.tables import Table

REQUIRED_COLUMNS = (
    "name",
    "technology",
    "power_mw",
    "energy_mwh",
    "charge_efficiency",
    "discharge_efficiency",
)
COLUMNS = (
    *REQUIRED_COLUMNS,
    "charge_mw",
    "initial_level",
    "final_level",
    "inflow",
    "inflow_mw",
    "fixed_cost",
    "outage_rate",
    "capex",
    "life_years",
    "in_year",
    "out_year",
    "reinvest",
)
LEAST_POWER = 1e-6
MOST_STORAGES = 20


def storage_units(
    table: Table, profiles: Mapping[str, FloatArray], others: Sequence[Unit]
) -> tuple[Unit, ...]:
    """The units of the table's rows, beside those that there are; none where it has no rows."""
    if not table.rows or not table.columns(REQUIRED_COLUMNS, COLUMNS):
        return ()
    if len(table.rows) > MOST_STORAGES:
        table.wrong(0, "", f"at most {MOST_STORAGES} storages")
        return ()
    storages: list[Unit] = []
    names = {unit.name for unit in others}
    for row in table.each():
        unit = _unit(table, row)
        inflow = unit.storage.inflow if unit.storage else None
        if unit.name in names:
            table.wrong(row, "name", f"a name of its own, {unit.name!r} stands above already")
        if inflow is not None and inflow not in profiles:
            table.wrong(row, "inflow", f"a column of the profiles, not {inflow!r}")
        if unit.out_year is not None and unit.out_year <= unit.in_year:
            table.wrong(row, "out_year", "after in_year")
        names.add(unit.name)
        storages.append(unit)
    return tuple(storages)


def _unit(table: Table, row: int) -> Unit:
    """The unit of one row."""
    power = table.number(row, "power_mw", LEAST_POWER, 1e9)

    def level(column: str) -> float | None:
        return None if table.cell(row, column) is None else table.number(row, column, 0.0, 1.0)

    inflow = table.text(row, "inflow", "") or None
    for one, other in (("initial_level", "final_level"), ("inflow", "inflow_mw")):
        if (table.cell(row, one) is None) != (table.cell(row, other) is None):
            missing = one if table.cell(row, one) is None else other
            table.wrong(row, missing, f"missing: {one} and {other} go together")
    storage = Storage(
        energy_hours=table.number(row, "energy_mwh", LEAST_POWER, 1e9) / power,
        charge_ratio=table.number(row, "charge_mw", 0.0, 1e9, power) / power,
        charge_efficiency=table.number(row, "charge_efficiency", 0.01, 1.0),
        discharge_efficiency=table.number(row, "discharge_efficiency", 0.01, 1.0),
        initial_level=level("initial_level"),
        final_level=level("final_level"),
        inflow=inflow,
        inflow_ratio=table.number(row, "inflow_mw", 0.0, 1e9, 0.0) / power,
    )
    return Unit(
        name=table.text(row, "name"),
        technology=table.text(row, "technology"),
        capacity_mw=power,
        fixed_cost=table.number(row, "fixed_cost", 0.0, 1e8, 0.0),
        outage_rate=table.number(row, "outage_rate", 0.0, 1.0, 0.0),
        capex=table.number(row, "capex", 0.0, 1e9, 0.0),
        life_years=table.whole(row, "life_years", 1, 200, 25),
        in_year=table.whole(row, "in_year", 1800, 2200, 1900),
        out_year=None if table.cell(row, "out_year") is None else table.whole(row, "out_year", 1900, 2200),
        reinvest=table.flag(row, "reinvest"),
        storage=storage,
    )
