"""Runs side by side: the values of each against those of a baseline."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date
from typing import Any, Final, Literal, NamedTuple
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.table import Table

from sextant.lake.errors import ResultTooLargeError
from sextant.lake.read.group import RowGroup
from sextant.lake.read.query import EVERYTHING, OutputFilter
from sextant.lake.read.scan import scan
from sextant.lake.table.arrow import WRITER_OPTIONS
from sextant.lake.table.columns import tags_of

_MOST_ROWS: Final = 2_000_000
_COLUMNS: Final = ("metric", "asof_date", "tags", "value", "unit", "band_lower", "band_upper")

Reason = Literal["not_in_run", "not_in_baseline", "undefined", "baseline_is_zero"]
"""Why a difference is null: the run or the baseline has no such row, or no value in it; or only the relative
difference is, as the baseline's value is zero."""


@dataclass(frozen=True)
class RunReference:
    """A run, and the scenario it belongs to."""

    scenario_id: UUID
    run_id: UUID


class Measured(NamedTuple):
    """A value with the edges of its band (P5 and P95), which are None where nothing is random."""

    value: float | None
    band_lower: float | None
    band_upper: float | None


@dataclass(frozen=True)
class Delta:
    """A run's value against the baseline's: `delta` is value − baseline, `relative` that over |baseline|.

    Each is None where it can't be said, and `null_because` then says why. `band_lower_delta` and `band_upper_delta`
    are there where both have a band.
    """

    run_id: UUID
    value: float | None
    delta: float | None
    relative: float | None
    band_lower: float | None = None
    band_upper: float | None = None
    band_lower_delta: float | None = None
    band_upper_delta: float | None = None
    null_because: Reason | None = None

    def to_json(self) -> dict[str, Any]:
        """As the API shows it: without bands and reason where there are none."""
        document = {
            "run_id": str(self.run_id),
            "value": self.value,
            "delta": self.delta,
            "relative": self.relative,
        }
        return document | _given(self, _OPTIONAL)


_OPTIONAL: Final = ("band_lower", "band_upper", "band_lower_delta", "band_upper_delta", "null_because")


@dataclass(frozen=True)
class ComparedRow:
    """One metric, date, tags and unit in every run compared."""

    metric: str
    asof_date: date
    tags: dict[str, str]
    unit: str
    baseline: float | None
    runs: tuple[Delta, ...]
    baseline_band_lower: float | None = None
    baseline_band_upper: float | None = None

    def to_json(self) -> dict[str, Any]:
        """The row as the API shows it."""
        return {
            "metric": self.metric,
            "asof_date": self.asof_date.isoformat(),
            "tags": self.tags,
            "unit": self.unit,
            "baseline": self.baseline,
            **_given(self, ("baseline_band_lower", "baseline_band_upper")),
            "runs": [delta.to_json() for delta in self.runs],
        }


@dataclass(frozen=True)
class Comparison:
    """Rows in the order of (metric, asof_date, tags), and the snapshot they were read from."""

    rows: tuple[ComparedRow, ...]
    snapshot_id: int | None


class _Place(NamedTuple):
    metric: str
    asof_date: date
    tags: str
    unit: str


def compare(
    table: Table,
    tenant_id: str,
    baseline: RunReference,
    others: Sequence[RunReference],
    *,
    metrics: Collection[str] = (),
    where: OutputFilter = EVERYTHING,
    snapshot_id: int | None = None,
) -> Comparison:
    """Every place any of the runs has a value at, with each run's difference to the baseline.

    All runs are read from one snapshot. `metrics` are those to compare, all unless given. Raises ResultTooLargeError
    beyond two million values, SnapshotExpiredError where the snapshot is gone. `where.run_ids` is not looked at.
    """
    if len(metrics) == 1:
        where = replace(where, metric=next(iter(metrics)))
    if snapshot_id is None and (current := table.metadata.current_snapshot()) is not None:
        snapshot_id = current.snapshot_id
    values: dict[UUID, dict[_Place, Measured]] = {}
    for reference in dict.fromkeys((baseline, *others)):
        rows = _values(table, tenant_id, reference, where, snapshot_id)
        values[reference.run_id] = {
            place: row for place, row in rows if not metrics or place.metric in metrics
        }
        if sum(map(len, values.values())) > _MOST_ROWS:
            raise ResultTooLargeError
    of_baseline = values[baseline.run_id]
    return Comparison(
        tuple(
            _row(place, of_baseline.get(place), [(o.run_id, values[o.run_id].get(place)) for o in others])
            for place in sorted(set().union(*values.values()))
        ),
        snapshot_id,
    )


def _values(
    table: Table, tenant_id: str, reference: RunReference, where: OutputFilter, snapshot_id: int | None
) -> Iterator[tuple[_Place, Measured]]:
    of_run = replace(where, run_ids=frozenset({reference.run_id}))
    reading = scan(table, tenant_id, str(reference.scenario_id), of_run, snapshot_id)
    for group in reading.tables(_COLUMNS):
        tags = RowGroup(group).tags.coded()
        texts = (tags.values[code] for code in tags.codes.tolist())
        names = ("metric", "asof_date", "unit", "value", "band_lower", "band_upper")
        columns = (group[name].to_pylist() for name in names)
        for text, metric, asof_date, unit, *measured in zip(texts, *columns, strict=True):
            yield _Place(metric, asof_date, text, unit), Measured(*measured)


def _row(
    place: _Place, baseline: Measured | None, runs: Sequence[tuple[UUID, Measured | None]]
) -> ComparedRow:
    base = baseline or _NOTHING
    return ComparedRow(
        metric=place.metric,
        asof_date=place.asof_date,
        tags=tags_of(place.tags),
        unit=place.unit,
        baseline=base.value,
        baseline_band_lower=base.band_lower,
        baseline_band_upper=base.band_upper,
        runs=tuple(_delta(run, measured, baseline) for run, measured in runs),
    )


_NOTHING: Final = Measured(None, None, None)


def _delta(run: UUID, measured: Measured | None, baseline: Measured | None) -> Delta:
    own, base = measured or _NOTHING, baseline or _NOTHING
    difference = _difference(own.value, base.value)
    relative = _finite(difference / abs(base.value)) if difference is not None and base.value else None
    reason: Reason | None = None
    if measured is None:
        reason = "not_in_run"
    elif baseline is None:
        reason = "not_in_baseline"
    elif difference is None or (relative is None and base.value):
        reason = "undefined"
    elif relative is None:
        reason = "baseline_is_zero"
    return Delta(
        run,
        own.value,
        difference,
        relative,
        own.band_lower,
        own.band_upper,
        _difference(own.band_lower, base.band_lower),
        _difference(own.band_upper, base.band_upper),
        reason,
    )


def _difference(value: float | None, baseline: float | None) -> float | None:
    return None if value is None or baseline is None else _finite(value - baseline)


def _finite(value: float) -> float | None:
    """JSON knows no infinity, and the difference of two doubles may be one."""
    return value if math.isfinite(value) else None


def _given(thing: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(thing, name)) is not None}


# As a file: one row a run and place ----------------------------------------------------------------------

_PLACE: Final = ("metric", "asof_date", "tags", "unit")
_BASELINE: Final = ("baseline", "baseline_band_lower", "baseline_band_upper")
_OF_RUN: Final = tuple(part.name for part in fields(Delta) if part.name != "run_id")
_SCHEMA: Final = pa.schema(
    [
        pa.field("metric", pa.string()),
        pa.field("asof_date", pa.date32()),
        pa.field("tags", pa.map_(pa.string(), pa.string())),
        pa.field("unit", pa.string()),
        pa.field("run_id", pa.string()),
        *(pa.field(name, pa.float64()) for name in _BASELINE),
        *(pa.field(name, pa.string() if name == "null_because" else pa.float64()) for name in _OF_RUN),
    ]
)
COMPARED: Final = tuple(_SCHEMA.names)
"""The columns of a comparison as a file."""


def compared_csv(comparison: Comparison) -> bytes:
    """The comparison as CSV with a header: a row for each place and run, tags as JSON, nulls as empty fields."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COMPARED)
    for row, delta in _pairs(comparison):
        tags = json.dumps(row.tags, ensure_ascii=False, separators=(",", ":"))
        writer.writerow(
            [row.metric, row.asof_date.isoformat(), tags, row.unit, delta.run_id]
            + [getattr(row, name) for name in _BASELINE]
            + [getattr(delta, name) for name in _OF_RUN]
        )
    return text.getvalue().encode()


def compared_parquet(comparison: Comparison) -> bytes:
    """The comparison as Parquet: a row for each place and run."""
    pairs = list(_pairs(comparison))
    columns: list[list[Any]] = [[getattr(row, name) for row, _ in pairs] for name in _PLACE]
    columns[_PLACE.index("tags")] = [sorted(row.tags.items()) for row, _ in pairs]
    columns.append([str(delta.run_id) for _, delta in pairs])
    columns += [[getattr(row, name) for row, _ in pairs] for name in _BASELINE]
    columns += [[getattr(delta, name) for _, delta in pairs] for name in _OF_RUN]
    table = pa.Table.from_arrays(
        [pa.array(column, kind.type) for column, kind in zip(columns, _SCHEMA, strict=True)], schema=_SCHEMA
    )
    sink = io.BytesIO()
    pq.write_table(table, sink, compression=WRITER_OPTIONS["compression"])
    return sink.getvalue()


def _pairs(comparison: Comparison) -> Iterator[tuple[ComparedRow, Delta]]:
    return ((row, delta) for row in comparison.rows for delta in row.runs)
