"""Runs side by side: the values of each against those of a baseline."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import Any, Final
from uuid import UUID

from pyiceberg.io import FileIO
from pyiceberg.table import Table

from sextant.lake.errors import ResultTooLargeError
from sextant.lake.read.engine import engine
from sextant.lake.read.export import PARQUET, PLAIN, CsvForm, CsvStyle, ExportFormat
from sextant.lake.read.plan import PlannedFile
from sextant.lake.read.query import EVERYTHING, OutputFilter
from sextant.lake.read.reason import Reason
from sextant.lake.read.scan import scan
from sextant.lake.read.sql import SOURCE, Values, filtered, nothing, one_of
from sextant.lake.table.columns import OUTPUTS, Kind

_MOST_PAIRS: Final = 2_000_000


@dataclass(frozen=True)
class RunReference:
    """A run, and the scenario it belongs to."""

    scenario_id: UUID
    run_id: UUID


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
    """Rows in the order of (metric, asof_date, tags, unit), and the snapshot they were read from."""

    rows: tuple[ComparedRow, ...]
    snapshot_id: int | None

    def series(self) -> list[dict[str, Any]]:
        """The same values as the API shows them as series: one for each metric, tags and unit."""
        series: dict[tuple[str, tuple[tuple[str, str], ...], str], list[ComparedRow]] = {}
        for row in self.rows:
            series.setdefault((row.metric, tuple(sorted(row.tags.items())), row.unit), []).append(row)
        return [_series(rows) for rows in series.values()]


@dataclass(frozen=True)
class PairedReading:
    """A comparison that is not carried out yet: the statement that gives a row for each place and run, and what it is over."""

    io: FileIO
    files: tuple[PlannedFile, ...]
    statement: str
    values: Values
    snapshot_id: int | None

    def compared(self) -> Comparison:
        """Every place any of the runs has a value at, with each run's difference to the baseline.

        Raises ResultTooLargeError beyond two million pairs of place and run, and as `Engine.rows` does.
        """
        statement = f"{self.statement} LIMIT {_MOST_PAIRS + 1}"
        pairs = engine().rows(self.io, self.files, statement, self.values)
        if len(pairs) > _MOST_PAIRS:
            raise ResultTooLargeError
        return Comparison(tuple(_rows(pairs)), self.snapshot_id)

    def file(self, form: ExportFormat, style: CsvStyle = PLAIN) -> Iterator[bytes]:
        """The comparison as CSV or Parquet, in pieces, however many rows: one for each place and run. Raises as
        `Engine.rows` does."""
        statement, options = self.statement, PARQUET
        if form is ExportFormat.CSV:
            csv = CsvForm.of([(name, kind) for name, kind, _ in _COLUMNS], style)
            yield csv.header
            statement, options = f"SELECT {csv.columns} FROM ({statement})", csv.options  # noqa: S608
        yield from engine().copy(self.io, self.files, statement, self.values, options)


def pair(
    table: Table,
    tenant_id: str,
    baseline: RunReference,
    others: Sequence[RunReference],
    *,
    metrics: Collection[str] = (),
    where: OutputFilter = EVERYTHING,
    snapshot_id: int | None = None,
) -> PairedReading:
    """Plan the comparison of runs with one of them, all read from one snapshot.

    `metrics` are those to compare, all unless given. Raises SnapshotNotFoundError where the snapshot is gone.
    `where.run_ids` is not looked at.
    """
    if len(metrics) == 1:
        where, metrics = replace(where, metric=next(iter(metrics))), ()
    if snapshot_id is None and (current := table.metadata.current_snapshot()) is not None:
        snapshot_id = current.snapshot_id
    runs: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for reference in (baseline, *others):
        runs[reference.scenario_id].add(reference.run_id)
    files: list[PlannedFile] = []
    owned: list[str] = []
    values: Values = {"tenant": tenant_id, "baseline": str(baseline.run_id)}
    values["runs"] = [str(other.run_id) for other in others]
    for number, (scenario, of_scenario) in enumerate(runs.items()):
        of_runs = replace(where, run_ids=frozenset(of_scenario))
        files += scan(table, tenant_id, str(scenario), of_runs, snapshot_id).files
        values[f"s{number}"] = str(scenario)
        its_runs = one_of("run_id", map(str, of_scenario), f"r{number}", values)
        owned.append(f"(scenario_id = $s{number} AND {its_runs})")
    conditions = ["tenant_id = $tenant", f"({' OR '.join(owned)})"]
    conditions += filtered(replace(where, run_ids=frozenset()), values)
    if metrics:
        conditions.append(one_of("metric", metrics, "m", values))
    source = SOURCE if files else nothing(OUTPUTS)
    statement = _PAIRS.format(source=source, condition=" AND ".join(conditions))
    return PairedReading(table.io, tuple(files), statement, values, snapshot_id)


# Of each column: its name, its kind, what it is. `own` is the run's row, `base` the baseline's, `place` whichever there is.
_DELTA: Final = "own.value - base.value"
_RELATIVE: Final = f"({_DELTA}) / abs(base.value)"


def _finite(number: str) -> str:
    """JSON knows no infinity, and the difference of two doubles may be one."""
    return f"CASE WHEN isfinite({number}) THEN {number} END"


_COLUMNS: Final = (
    ("metric", Kind.STRING, "place.metric"),
    ("asof_date", Kind.DATE, "place.asof_date"),
    ("tags", Kind.STRING_MAP, "place.tags"),
    ("unit", Kind.STRING, "place.unit"),
    ("run_id", Kind.STRING, "other.run_id"),
    ("baseline", Kind.DOUBLE, "base.value"),
    ("baseline_band_lower", Kind.DOUBLE, "base.band_lower"),
    ("baseline_band_upper", Kind.DOUBLE, "base.band_upper"),
    ("value", Kind.DOUBLE, "own.value"),
    ("delta", Kind.DOUBLE, _finite(_DELTA)),
    ("relative", Kind.DOUBLE, f"CASE WHEN base.value <> 0 THEN {_finite(_RELATIVE)} END"),
    ("band_lower", Kind.DOUBLE, "own.band_lower"),
    ("band_upper", Kind.DOUBLE, "own.band_upper"),
    ("band_lower_delta", Kind.DOUBLE, _finite("own.band_lower - base.band_lower")),
    ("band_upper_delta", Kind.DOUBLE, _finite("own.band_upper - base.band_upper")),
    (
        "null_because",
        Kind.STRING,
        "CASE WHEN own.run_id IS NULL THEN 'not_in_run' WHEN base.run_id IS NULL THEN 'not_in_baseline'"
        f" WHEN NOT coalesce(isfinite({_DELTA}), false) THEN 'undefined'"
        f" WHEN base.value = 0 THEN 'baseline_is_zero' WHEN NOT isfinite({_RELATIVE}) THEN 'undefined' END",
    ),
)
COMPARED: Final = tuple(name for name, _, _ in _COLUMNS)
"""The columns of a comparison as a file."""


_SAME_PLACE: Final = " AND ".join(f"{{side}}.{name} = place.{name}" for name in COMPARED[:4])
_PAIRS: Final = (
    # No caller's text is in it: names are ours, values are bound.
    "WITH measured AS MATERIALIZED (SELECT metric, asof_date, tags, unit, run_id, value, band_lower, band_upper"  # noqa: S608
    " FROM {source} WHERE {condition}),"
    " place AS (SELECT DISTINCT metric, asof_date, tags, unit FROM measured),"
    " other AS (SELECT unnest($runs::VARCHAR[]) AS run_id, generate_subscripts($runs::VARCHAR[], 1) AS nth)"
    f" SELECT {', '.join(f'{expression} AS {name}' for name, _, expression in _COLUMNS)}"
    " FROM place CROSS JOIN other"
    f" LEFT JOIN measured base ON base.run_id = $baseline AND {_SAME_PLACE.format(side='base')}"
    f" LEFT JOIN measured own ON own.run_id = other.run_id AND {_SAME_PLACE.format(side='own')}"
    " ORDER BY place.metric, place.asof_date, place.tags, place.unit, other.nth"
)


def _rows(pairs: Sequence[tuple[Any, ...]]) -> Iterator[ComparedRow]:
    """One row for each place, of the pairs that follow one another."""
    for (metric, asof_date, tags, unit), of_place in groupby(pairs, lambda pair: pair[:4]):
        together = list(of_place)
        baseline = together[0][5:8]
        runs = tuple(
            Delta(UUID(run), value, delta, relative, *bands)
            for _, _, _, _, run, _, _, _, value, delta, relative, *bands in together
        )
        yield ComparedRow(metric, asof_date, tags, unit, baseline[0], runs, *baseline[1:])


def _given(thing: object, names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name in names if (value := getattr(thing, name)) is not None}


def _series(rows: Sequence[ComparedRow]) -> dict[str, Any]:
    """The rows of one metric, tags and unit as lists in the order of their dates."""
    first = rows[0]
    return {
        "metric": first.metric,
        "tags": first.tags,
        "unit": first.unit,
        "t": [row.asof_date.isoformat() for row in rows],
        "baseline": {
            "v": [row.baseline for row in rows],
            **_lists(rows, {"lo": "baseline_band_lower", "hi": "baseline_band_upper"}),
        },
        "runs": [
            {
                "run_id": str(deltas[0].run_id),
                "v": [delta.value for delta in deltas],
                "delta": [delta.delta for delta in deltas],
                "relative": [delta.relative for delta in deltas],
                **_lists(deltas, _OPTIONAL_LISTS),
            }
            for deltas in zip(*(row.runs for row in rows), strict=True)
        ],
    }


_OPTIONAL_LISTS: Final = {
    "lo": "band_lower",
    "hi": "band_upper",
    "lo_delta": "band_lower_delta",
    "hi_delta": "band_upper_delta",
    "null_because": "null_because",
}


def _lists(things: Sequence[object], names: Mapping[str, str]) -> dict[str, list[Any]]:
    """Of the attributes that any of the things has a value of, the values of all, by their names in a series."""
    lists = {short: [getattr(thing, name) for thing in things] for short, name in names.items()}
    return {short: values for short, values in lists.items() if any(value is not None for value in values)}
