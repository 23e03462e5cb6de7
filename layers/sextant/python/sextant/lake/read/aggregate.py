"""Counts, means and true percentiles of a scenario's values, by any of metric, date, run and tags."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sextant.lake.errors import ResultTooLargeError
from sextant.lake.read.group import Coded, RowGroup
from sextant.lake.read.scan import Scan
from sextant.lake.table.columns import SWEEP_TAG, canonical_tags, tags_of

GroupBy = Literal["metric", "asof_date", "run_id", "tags"]

_MOST_ROWS: Final = 50_000_000  # 16 bytes each while they are gathered
_MOST_GROUPS: Final = 200_000


@dataclass(frozen=True)
class Aggregate:
    """One group: its key (the fields grouped by, and what else keeps it apart), its unit, and statistics over its values.

    `percentiles` interpolate linearly between neighbouring values, as PostgreSQL's percentile_cont does.
    `count` leaves out rows without a value.
    """

    key: dict[str, Any]
    unit: str
    count: int
    least: float
    greatest: float
    mean: float
    percentiles: dict[float, float]

    def to_json(self) -> dict[str, Any]:
        """The group as the API shows it."""
        key = {k: v.isoformat() if isinstance(v, date) else v for k, v in self.key.items()}
        return {
            **key,
            "unit": self.unit,
            "count": self.count,
            "min": self.least,
            "max": self.greatest,
            "mean": self.mean,
            "percentiles": {f"p{rank:g}": value for rank, value in self.percentiles.items()},
        }


def aggregate(scan: Scan, by: Sequence[GroupBy], percentiles: Sequence[float] = ()) -> list[Aggregate]:
    """The statistics of each group, in the order of its key. `percentiles` are ranks from 0 to 100.

    What cannot be added up is never in one group: each has one unit, and values of one point of a sweep (which the
    key's `tags` then say). Where the filter names no runs, each group is of one run (which the key then says).

    Percentiles are of all the values, not estimates, so the values are held: 16 bytes a row. Raises
    ResultTooLargeError beyond 50 million rows or 200,000 groups, ValueError for a rank out of range.
    """
    if any(not 0 <= rank <= 100 for rank in percentiles):
        raise ValueError("a percentile is between 0 and 100")
    if not scan.where.run_ids and "run_id" not in by:
        by = (*by, "run_id")
    gathered = _Gathered(by)
    for table in scan.tables(["value", "unit", *dict.fromkeys([*by, "tags"])]):
        gathered.add(table)
    return gathered.groups(percentiles)


class _Gathered:
    """Values with the number of their group, row group by row group."""

    def __init__(self, by: Sequence[GroupBy]) -> None:
        self._by = tuple(by)
        self._number: dict[tuple[str, ...], int] = {}
        self._groups: list[npt.NDArray[np.int64]] = []
        self._values: list[npt.NDArray[np.float64]] = []
        self._rows = 0

    def add(self, table: pa.Table) -> None:
        rows = RowGroup(table)
        values = rows.doubles("value")
        there = ~np.isnan(values)
        columns = [*(_coded(name, rows) for name in self._by), rows.coded("unit")]
        if "tags" not in self._by:
            columns.append(_points(rows.tags.coded()))
        first, place = _together(columns)
        keys = zip(
            *([column.values[code] for code in column.codes[first]] for column in columns), strict=True
        )
        numbers = [self._number.setdefault(key, len(self._number)) for key in keys]
        self._groups.append(np.array(numbers, np.int64)[place][there])
        self._values.append(values[there])
        self._rows += int(there.sum())
        if self._rows > _MOST_ROWS or len(self._number) > _MOST_GROUPS:
            raise ResultTooLargeError

    def groups(self, percentiles: Sequence[float]) -> list[Aggregate]:
        if not self._rows:
            return []
        group, values = np.concatenate(self._groups), np.concatenate(self._values)
        self._groups, self._values = [], []
        order = np.argsort(group, kind="stable")  # nearly sorted already: files are sorted
        group, values = group[order], values[order]
        starts = np.flatnonzero(np.concatenate(([True], group[1:] != group[:-1])))
        ends = np.append(starts[1:], len(group))
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            values[start:end].sort()
        counts = ends - starts
        means = np.add.reduceat(values, starts) / counts
        ranked = [_percentile(values, starts, counts, rank) for rank in percentiles]
        keys = list(self._number)
        aggregates = [
            (
                keys[group[start]],
                Aggregate(
                    key=self._key(keys[group[start]]),
                    unit=keys[group[start]][len(self._by)],
                    count=int(counts[i]),
                    least=float(values[start]),
                    greatest=float(values[end - 1]),
                    mean=float(means[i]),
                    percentiles={rank: float(ranked[r][i]) for r, rank in enumerate(percentiles)},
                ),
            )
            for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True))
        ]
        return [one for _, one in sorted(aggregates, key=itemgetter(0))]

    def _key(self, texts: tuple[str, ...]) -> dict[str, Any]:
        key: dict[str, Any] = {}
        for name, text in zip(self._by, texts, strict=False):
            if name == "asof_date":
                key[name] = date.fromisoformat(text)
            else:
                key[name] = tags_of(text) if name == "tags" else text
        if "tags" not in self._by and (point := tags_of(texts[-1])):
            key["tags"] = point
        return key


def _coded(name: GroupBy, rows: RowGroup) -> Coded:
    if name == "asof_date":
        days, codes = np.unique(rows.days, return_inverse=True)
        return Coded(np.datetime_as_string(days.astype("datetime64[D]")).tolist(), codes.astype(np.int32))
    return rows.tags.coded() if name == "tags" else rows.coded(name)


def _points(tags: Coded) -> Coded:
    """Of each row's tags those that say at which point of a sweep it was computed."""
    texts = [
        canonical_tags((name, value) for name, value in tags_of(text).items() if name.startswith(SWEEP_TAG))
        for text in tags.values
    ]
    number = {text: place for place, text in enumerate(dict.fromkeys(texts))}
    return Coded(list(number), np.array([number[text] for text in texts], np.int32)[tags.codes])


def _together(columns: Sequence[Coded]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """A row of each distinct combination of the columns' values, and each row's place among those."""
    numbers, kinds = np.zeros(len(columns[0].codes), np.int64), 1
    for column in columns:
        if kinds * len(column.values) >= 1 << 62:
            distinct, numbers = np.unique(numbers, return_inverse=True)
            kinds = len(distinct)
        numbers = numbers * len(column.values) + column.codes
        kinds *= len(column.values)
    _, first, place = np.unique(numbers, return_index=True, return_inverse=True)
    return first, place


def _percentile(
    values: npt.NDArray[np.float64], starts: npt.NDArray[np.int64], counts: npt.NDArray[np.int64], rank: float
) -> npt.NDArray[np.float64]:
    """The percentile of each group of sorted values."""
    place = starts + (counts - 1) * (rank / 100)
    below = np.floor(place).astype(np.int64)
    above = np.minimum(below + 1, starts + counts - 1)
    share = place - below
    percentile: npt.NDArray[np.float64] = values[below] + (values[above] - values[below]) * share
    return percentile
