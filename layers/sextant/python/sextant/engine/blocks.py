"""Heat-rate blocks: rows of the units' table that are one unit, each with the heat rate of its share of the capacity.

The merit order calls a unit's blocks as they are listed only if no later one is cheaper, whatever fuel and carbon cost. So what
makes a MWh dear must not fall from one block to the next.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import pairwise

from sextant.engine.system import Unit
from sextant.engine.tables import Table

SHARED = (
    "technology",
    "fuel",
    "profile",
    "outage_rate",
    "in_year",
    "out_year",
    "life_years",
    "renewable",
    "must_take",
    "reinvest",
)
"""What all blocks of a unit have in common."""
RISING = ("heat_rate", "variable_cost", "emission_factor")
"""What is in no block less than in the one before."""


def check_blocks(table: Table, units: Sequence[Unit]) -> None:
    """Complain of blocks that do not make one unit; the units are the table's rows, in order."""
    rows: dict[str, list[int]] = defaultdict(list)
    row_of = {unit.name: row for row, unit in enumerate(units, start=1)}
    for row, unit in enumerate(units, start=1):
        if unit.block_of:
            rows[unit.block_of].append(row)
    for name, blocks in rows.items():
        if name in row_of:
            rule = f"a name that no row has, {name!r} is row {table.place(row_of[name])}"
            table.wrong(blocks[0], "block_of", rule)
        for before, row in pairwise(blocks):
            first, unit = units[before - 1], units[row - 1]
            for field in SHARED:
                if getattr(unit, field) != getattr(first, field):
                    table.wrong(row, field, f"as in the other blocks of {name}: {getattr(first, field)}")
            for field in RISING:
                if getattr(unit, field) < getattr(first, field):
                    table.wrong(row, field, f"not below that of the block before, {getattr(first, field):g}")


def whole_units(units: Sequence[Unit]) -> dict[str, Unit]:
    """Name → the unit, or the first of its blocks."""
    whole: dict[str, Unit] = {}
    for unit in units:
        whole.setdefault(unit.block_of or unit.name, unit)
    return whole
