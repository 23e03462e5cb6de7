"""A run's hourly values as the one data file of the hourly table, written row group by row group in bounded memory.

The order is that of the outputs, (metric, asof_date, tags), and within those the hour.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from sextant.lake.objects.store import ObjectStore
from sextant.lake.table.arrow import HOURLY_SCHEMA
from sextant.lake.table.columns import HOURLY, ROW_GROUP_ROWS, Kind, canonical_tags
from sextant.lake.write.datafile import DataFileDescriptor, write_file
from sextant.lake.write.rows import RunIdentity

Floats = npt.NDArray[np.float64]

_OF_THE_RUN: Final = ("tenant_id", "scenario_id", "run_id", "version_hash", "computed_ts")
_ABSENT: Final = ("band_lower", "band_upper", "attribution")


@dataclass(frozen=True)
class HourlyColumn:
    """One series: a metric in a unit, broken down by tags."""

    metric: str
    unit: str
    tags: Mapping[str, str]


@dataclass(frozen=True)
class HourlyValues:
    """S series over Y years of H hours. `values` have NaN where there is none."""

    columns: Sequence[HourlyColumn]  # [S]
    dates: npt.NDArray[np.datetime64]  # [Y, H] days
    weights: Floats  # [H]
    values: Floats  # [S, Y, H]

    def __len__(self) -> int:
        return int(np.prod(np.shape(self.values)))


def write_hourly(
    store: ObjectStore, table_location: str, rows: HourlyValues, identity: RunIdentity, fencing_token: int
) -> DataFileDescriptor:
    """Write a run's hourly values, in one PUT, and describe the file.

    The same arguments make the same bytes at the same place. Raises ValueError for values that are none, of another shape
    than their hours, or of series that cannot be told apart.
    """
    _check(rows, identity)
    return write_file(store, table_location, _pieces(rows, identity), HOURLY, identity, fencing_token)


def _check(rows: HourlyValues, identity: RunIdentity) -> None:
    if not len(rows):
        raise ValueError(f"run {identity.run_id} has no hourly values")
    expected = (len(rows.columns), *rows.dates.shape)
    if rows.values.shape != expected or rows.dates.shape[1] != len(rows.weights):
        raise ValueError(f"hourly values of shape {rows.values.shape}, not {expected}")
    if identity.computed_ts.tzinfo is None:
        raise ValueError("computed_ts carries no time zone")
    keys = [(column.metric, canonical_tags(column.tags.items())) for column in rows.columns]
    if len(set(keys)) < len(keys):
        raise ValueError("two hourly series of one metric have the same tags")


def _pieces(rows: HourlyValues, identity: RunIdentity) -> Iterator[pa.Table]:
    """The rows in order, a row group at a time."""
    order = sorted(
        range(len(rows.columns)),
        key=lambda at: (rows.columns[at].metric, canonical_tags(rows.columns[at].tags.items())),
    )
    held: list[_Places] = []
    size = 0
    for _, same_metric in groupby(order, key=lambda at: rows.columns[at].metric):
        series = np.array(list(same_metric))
        for year in range(rows.dates.shape[0]):
            held.append(_in_order(rows.dates[year], series, year))
            size += len(held[-1].series)
            if size < ROW_GROUP_ROWS:
                continue
            whole, rest = _Places.joined(held), size % ROW_GROUP_ROWS
            for start in range(0, size - rest, ROW_GROUP_ROWS):
                yield _table(rows, whole.cut(start, start + ROW_GROUP_ROWS), identity)
            held, size = [whole.cut(size - rest, size)], rest
    if size:
        yield _table(rows, _Places.joined(held), identity)


@dataclass(frozen=True)
class _Places:
    """Of rows in order: which series, year and hour each is."""

    series: npt.NDArray[np.int64]
    year: npt.NDArray[np.int64]
    hour: npt.NDArray[np.int64]

    def cut(self, first: int, last: int) -> _Places:
        return _Places(self.series[first:last], self.year[first:last], self.hour[first:last])

    @classmethod
    def joined(cls, pieces: Sequence[_Places]) -> _Places:
        return cls(
            *(np.concatenate([getattr(piece, name) for piece in pieces]) for name in cls.__dataclass_fields__)
        )


def _in_order(dates: npt.NDArray[np.datetime64], series: npt.NDArray[np.int64], year: int) -> _Places:
    """All hours of a year of some series, by date, then series, then hour."""
    _, day = np.unique(dates, return_inverse=True)
    count, hours = len(series), len(dates)
    key = day[None, :] * count + np.arange(count)[:, None]
    place, hour = np.divmod(np.argsort(key, axis=None, kind="stable"), hours)
    return _Places(series[place], np.full(len(hour), year), hour)


def _table(rows: HourlyValues, at: _Places, identity: RunIdentity) -> pa.Table:
    count = len(at.series)
    kind = {column.name: column.kind for column in HOURLY.columns}

    def of_the_run(name: str) -> pa.Array:
        value = getattr(identity, name)
        text = str(value) if kind[name] is Kind.STRING else value
        return pa.repeat(pa.scalar(text, HOURLY_SCHEMA.field(name).type), count)

    def of_the_series(name: str, values: Sequence[Any]) -> pa.Array:
        return pa.array(values, HOURLY_SCHEMA.field(name).type).take(pa.array(at.series))

    columns = {
        **{name: of_the_run(name) for name in _OF_THE_RUN},
        **{name: pa.nulls(count, HOURLY_SCHEMA.field(name).type) for name in _ABSENT},
        "metric": of_the_series("metric", [column.metric for column in rows.columns]),
        "unit": of_the_series("unit", [column.unit for column in rows.columns]),
        "tags": of_the_series("tags", [sorted(column.tags.items()) for column in rows.columns]),
        "asof_date": pa.array(rows.dates[at.year, at.hour].astype("datetime64[D]")),
        # from_pandas: NaN becomes null.
        "value": pa.array(rows.values[at.series, at.year, at.hour], pa.float64(), from_pandas=True),
        "hour": pa.array((at.hour + 1).astype(np.int32)),
        "weight": pa.array(rows.weights[at.hour], pa.float64()),
    }
    return pa.table({name: columns[name] for name in HOURLY.names}, schema=HOURLY_SCHEMA)
