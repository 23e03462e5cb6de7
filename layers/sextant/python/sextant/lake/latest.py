"""The newest value of each metric, from the table itself: what the database's roll-up is rebuilt from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa

from sextant.lake.group import RowGroup
from sextant.lake.query import OutputRow
from sextant.lake.scan import Scan

_COLUMNS: Final = (
    "metric",
    "asof_date",
    "run_id",
    "tags",
    "value",
    "unit",
    "band_lower",
    "band_upper",
    "attribution",
    "version_hash",
    "computed_ts",
)

_Age = tuple[datetime, str, str]


def latest_metrics(scan: Scan) -> list[OutputRow]:
    """For each metric and tags of a scenario the value of the run computed last, at its latest date; in
    the order of (metric, tags)."""
    newest: dict[tuple[str, str], tuple[_Age, OutputRow]] = {}
    for table in scan.tables(_COLUMNS):
        for tags, row in _newest_of(table, scan.scenario_id):
            place = (row.metric, tags)
            age = (row.computed_ts, row.run_id, row.asof_date.isoformat())
            if place not in newest or age > newest[place][0]:
                newest[place] = (age, row)
    return [newest[place][1] for place in sorted(newest)]


def _newest_of(table: pa.Table, scenario_id: str) -> Iterator[tuple[str, OutputRow]]:
    """The newest row of each metric and tags of one row group, with its tags' canonical text."""
    group = RowGroup(table)
    tags = group.tags.coded()
    keys = (
        group.days,
        group.coded("run_id").ranks(),
        table["computed_ts"].cast(pa.int64()).to_numpy(),
        tags.codes,
        group.coded("metric").codes,
    )
    order = np.lexsort(keys)
    metric, tag = keys[-1][order], keys[-2][order]
    last = np.append((metric[1:] != metric[:-1]) | (tag[1:] != tag[:-1]), True)
    rows = order[last]
    for row, values in zip(rows.tolist(), table.take(rows).to_pylist(maps_as_pydicts="strict"), strict=True):
        yield tags.values[tags.codes[row]], OutputRow(scenario_id=scenario_id, **values)
