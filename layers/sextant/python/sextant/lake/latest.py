"""The newest value of each metric, from the table itself: what the database's roll-up is rebuilt from."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import numpy as np
import pyarrow as pa

from sextant.lake.query import OutputRow
from sextant.lake.scan import Scan
from sextant.lake.selection import Coded, TagPairs, days_of

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
    pairs = TagPairs(table["tags"])
    texts = [pairs.text(row) for row in range(table.num_rows)]
    _, tags = np.unique(np.array(texts), return_inverse=True)
    metric = Coded.of(table["metric"]).ranks()
    computed = table["computed_ts"].cast(pa.int64()).to_numpy()
    runs = Coded.of(table["run_id"]).ranks()
    order = np.lexsort((days_of(table), runs, computed, tags, metric))
    last = np.append((metric[order][1:] != metric[order][:-1]) | (tags[order][1:] != tags[order][:-1]), True)
    rows = order[last]
    for row, values in zip(rows.tolist(), table.take(rows).to_pylist(maps_as_pydicts="strict"), strict=True):
        yield texts[row], OutputRow(scenario_id=scenario_id, **values)
