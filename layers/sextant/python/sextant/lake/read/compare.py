"""Runs side by side: the values of each against those of a baseline."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final, NamedTuple
from uuid import UUID

from pyiceberg.table import Table

from sextant.lake.errors import ResultTooLargeError
from sextant.lake.read.group import RowGroup
from sextant.lake.read.query import EVERYTHING, OutputFilter
from sextant.lake.read.scan import scan
from sextant.lake.table.columns import tags_of

_MOST_ROWS: Final = 2_000_000
_COLUMNS: Final = ("metric", "asof_date", "tags", "value", "unit")


@dataclass(frozen=True)
class RunReference:
    """A run, and the scenario it belongs to."""

    scenario_id: UUID
    run_id: UUID


@dataclass(frozen=True)
class Delta:
    """A run's value against the baseline's: `delta` is value − baseline, `relative` that over |baseline|.

    Each is None where it can't be said: a value missing on either side, a baseline of zero.
    """

    run_id: UUID
    value: float | None
    delta: float | None
    relative: float | None


@dataclass(frozen=True)
class ComparedRow:
    """One metric, date and tags in every run compared."""

    metric: str
    asof_date: date
    tags: dict[str, str]
    unit: str
    baseline: float | None
    runs: tuple[Delta, ...]

    def to_json(self) -> dict[str, Any]:
        """The row as the API shows it."""
        return {
            "metric": self.metric,
            "asof_date": self.asof_date.isoformat(),
            "tags": self.tags,
            "unit": self.unit,
            "baseline": self.baseline,
            "runs": [
                {"run_id": str(d.run_id), "value": d.value, "delta": d.delta, "relative": d.relative}
                for d in self.runs
            ],
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
    where: OutputFilter = EVERYTHING,
    snapshot_id: int | None = None,
) -> Comparison:
    """Every place any of the runs has a value at, with each run's difference to the baseline.

    All runs are read from one snapshot. Raises ResultTooLargeError beyond two million values,
    SnapshotExpiredError where the snapshot is gone. `where.run_ids` is not looked at.
    """
    values: dict[UUID, dict[_Place, float | None]] = {}
    for reference in (baseline, *others):
        values[reference.run_id] = dict(_values(table, tenant_id, reference, where, snapshot_id))
        if sum(map(len, values.values())) > _MOST_ROWS:
            raise ResultTooLargeError
    of_baseline = values[baseline.run_id]
    rows = tuple(
        ComparedRow(
            metric=place.metric,
            asof_date=place.asof_date,
            tags=tags_of(place.tags),
            unit=place.unit,
            baseline=of_baseline.get(place),
            runs=tuple(_delta(o.run_id, values[o.run_id].get(place), of_baseline.get(place)) for o in others),
        )
        for place in sorted(set().union(*values.values()))
    )
    current = table.metadata.current_snapshot()
    return Comparison(rows, snapshot_id or (current.snapshot_id if current else None))


def _values(
    table: Table, tenant_id: str, reference: RunReference, where: OutputFilter, snapshot_id: int | None
) -> Iterator[tuple[_Place, float | None]]:
    of_run = replace(where, run_ids=frozenset({reference.run_id}))
    reading = scan(table, tenant_id, str(reference.scenario_id), of_run, snapshot_id)
    for group in reading.tables(_COLUMNS):
        tags = RowGroup(group).tags.coded()
        texts = (tags.values[code] for code in tags.codes.tolist())
        columns = (group[name].to_pylist() for name in ("metric", "asof_date", "value", "unit"))
        for text, metric, asof_date, value, unit in zip(texts, *columns, strict=True):
            yield _Place(metric, asof_date, text, unit), value


def _delta(run_id: UUID, value: float | None, baseline: float | None) -> Delta:
    if value is None or baseline is None:
        return Delta(run_id, value, None, None)
    difference = value - baseline
    return Delta(run_id, value, difference, difference / abs(baseline) if baseline else None)
