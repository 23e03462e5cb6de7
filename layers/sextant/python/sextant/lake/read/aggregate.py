"""Counts, means and true percentiles of a scenario's values, by any of metric, date, run and tags."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sextant.lake.errors import ResultTooLargeError
from sextant.lake.read.group import RowGroup
from sextant.lake.read.scan import Scan
from sextant.lake.table.columns import canonical_tags, tags_of

GroupBy = Literal["metric", "asof_date", "run_id", "tags"]

_EPOCH: Final = date(1970, 1, 1)
_MOST_ROWS: Final = 50_000_000  # 16 bytes each while they are gathered
_FIRST_DAY: Final = (date.min - _EPOCH).days
# Bits of a group's number; 63 in all.
_BITS: Final[dict[GroupBy, int]] = {"metric": 13, "asof_date": 22, "run_id": 15, "tags": 13}


@dataclass(frozen=True)
class Aggregate:
    """One group: its key (the fields grouped by), its unit, and statistics over its values.

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

    Percentiles are of all the values, not estimates, so the values are held: 16 bytes a row. Raises
    ResultTooLargeError beyond 50 million rows or some thousand distinct keys of a kind, ValueError for a
    rank out of range.
    """
    if any(not 0 <= rank <= 100 for rank in percentiles):
        raise ValueError("a percentile is between 0 and 100")
    gathered = _Gathered(by)
    for table in scan.tables(["value", "unit", "metric", *(name for name in by if name != "metric")]):
        gathered.add(table)
    return gathered.groups(percentiles)


class _Numbers:
    """Distinct texts, numbered as they appear."""

    def __init__(self, bits: int) -> None:
        self._most = 1 << bits
        self._number: dict[str, int] = {}

    def of(self, texts: Iterable[str]) -> npt.NDArray[np.int64]:
        """The number of each text."""
        numbers = [self._number.setdefault(text, len(self._number)) for text in texts]
        if len(self._number) > self._most:
            raise ResultTooLargeError
        return np.array(numbers, np.int64)

    def texts(self) -> list[str]:
        return list(self._number)


class _Gathered:
    """Values with the number of their group, row group by row group."""

    def __init__(self, by: Sequence[GroupBy]) -> None:
        self._by = tuple(by)
        self._numbers: dict[GroupBy, _Numbers] = {name: _Numbers(_BITS[name]) for name in by}
        self._unit: dict[int, str] = {}
        self._groups: list[npt.NDArray[np.int64]] = []
        self._values: list[npt.NDArray[np.float64]] = []
        self._rows = 0

    def add(self, table: pa.Table) -> None:
        rows = RowGroup(table)
        values, units = rows.doubles("value"), rows.coded("unit")
        there = ~np.isnan(values)
        group = np.zeros(len(rows), np.int64)
        for name in self._by:
            group = (group << _BITS[name]) | self._coded(name, rows)
        distinct, first = np.unique(group, return_index=True)
        for number, row in zip(distinct.tolist(), first.tolist(), strict=True):
            self._unit.setdefault(number, units.values[units.codes[row]])
        self._groups.append(group[there])
        self._values.append(values[there])
        self._rows += int(there.sum())
        if self._rows > _MOST_ROWS:
            raise ResultTooLargeError

    def _coded(self, name: GroupBy, rows: RowGroup) -> npt.NDArray[np.int64]:
        if name == "asof_date":
            return rows.days - _FIRST_DAY
        coded = rows.tags.coded() if name == "tags" else rows.coded(name)
        return self._numbers[name].of(coded.values)[coded.codes]

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
        texts = {name: numbers.texts() for name, numbers in self._numbers.items()}
        aggregates = []
        for i, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
            number = int(group[start])
            aggregates.append(
                Aggregate(
                    key=self._key(number, texts),
                    unit=self._unit[number],
                    count=int(counts[i]),
                    least=float(values[start]),
                    greatest=float(values[end - 1]),
                    mean=float(means[i]),
                    percentiles={rank: float(ranked[r][i]) for r, rank in enumerate(percentiles)},
                )
            )
        return sorted(aggregates, key=lambda one: [_sortable(value) for value in one.key.values()])

    def _key(self, number: int, texts: dict[GroupBy, list[str]]) -> dict[str, Any]:
        key: dict[str, Any] = {}
        for name in reversed(self._by):
            part = number & ((1 << _BITS[name]) - 1)
            number >>= _BITS[name]
            if name == "asof_date":
                key[name] = _EPOCH + timedelta(part + _FIRST_DAY)
            else:
                key[name] = tags_of(texts[name][part]) if name == "tags" else texts[name][part]
        return {name: key[name] for name in self._by}


def _sortable(value: Any) -> Any:
    return canonical_tags(value.items()) if isinstance(value, dict) else value


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
