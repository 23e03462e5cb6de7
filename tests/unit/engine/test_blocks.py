"""Heat-rate blocks: several rows that are one unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from sextant.engine import BaselineError, baseline_from_tables
from sextant.engine.vocabulary import vocabulary_of
from tests.unit.engine.systems import driver, run, series

LOAD = [60.0, 110.0, 140.0, 170.0]
BLOCKS = [
    {"name": "U 1", "block_of": "U", "capacity_mw": 80, "heat_rate": 9.0, "emission_factor": 0.50},
    {"name": "U 2", "block_of": "U", "capacity_mw": 30, "heat_rate": 9.5, "emission_factor": 0.53},
    {"name": "U 3", "block_of": "U", "capacity_mw": 20, "heat_rate": 11.0, "emission_factor": 0.61},
]
SHARED = {"technology": "gas", "fuel": "gas", "outage_rate": 0.1}
OTHER = {"name": "V", "technology": "gas", "fuel": "gas", "capacity_mw": 60, "heat_rate": 10.0}


def tables(*blocks: dict[str, Any]) -> Any:
    hours = [
        {"year": 2030, "hour": h + 1, "load_mw": mw, "weight": 2190, "month": 1} for h, mw in enumerate(LOAD)
    ]
    units = [{**SHARED, **block} for block in blocks] + [{"block_of": "", "emission_factor": 0.6, **OTHER}]
    columns = sorted({key for unit in units for key in unit})
    prices = [{"year": 2030, "gas": 6.0, "carbon": 50.0}]
    return baseline_from_tables(
        [{column: unit.get(column) for column in columns} for unit in units], hours, (), prices
    )


def test_a_units_blocks_are_called_as_the_linear_program_calls_them() -> None:
    # Given the hours of a unit with three blocks and of one without, as a linear program
    system = tables(*BLOCKS)
    cost = [
        (9 * 6 + 0.5 * 50, 72.0),
        (9.5 * 6 + 0.53 * 50, 27.0),
        (11 * 6 + 0.61 * 50, 18.0),
        (10 * 6 + 0.6 * 50, 60.0),
    ]
    total = 0.0
    for load in LOAD:
        solved = linprog(
            [c for c, _ in cost], A_eq=[[1] * 4], b_eq=[load], bounds=[(0, mw) for _, mw in cost]
        )
        total += 2190 * solved.fun
    result = run(system=system)
    assert series(result, "dispatch_cost") == pytest.approx([total], rel=1e-12)
    assert series(result, "optimality_gap") == [0.0]
    # Then to a scenario they are one unit, which is retired whole
    vocabulary = vocabulary_of(system)
    assert sorted(vocabulary.units or ()) == ["U", "V"]
    assert vocabulary.technologies["gas"].units == 2
    gone = run(driver("fleet_change", action="RETIRE", unit="U", year=2030), system=system)
    assert series(gone, "capacity", technology="gas") == [60.0]
    # and half of it is half of each block.
    half = run(driver("fleet_change", action="RETIRE", unit="U", year=2030, capacity_mw=65), system=system)
    assert series(half, "capacity", technology="gas") == [125.0]
    assert np.isfinite(series(half, "price")[0])


@pytest.mark.parametrize(
    ("changes", "column", "rule"),
    [
        ({"heat_rate": 8.0}, "heat_rate", "not below that of the block before, 9.5"),
        ({"outage_rate": 0.2}, "outage_rate", "as in the other blocks of U: 0.1"),
    ],
)
def test_rows_that_are_not_one_unit_are_refused(changes: dict[str, Any], column: str, rule: str) -> None:
    with pytest.raises(BaselineError) as refused:
        tables(*BLOCKS[:2], {**BLOCKS[2], **changes})
    assert [(e.row, e.column, e.rule) for e in refused.value.errors] == [(3, column, rule)]


def test_a_units_name_is_no_rows_name() -> None:
    with pytest.raises(BaselineError, match="a name that no row has"):
        tables({**BLOCKS[0], "block_of": "V"})
