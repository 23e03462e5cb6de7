"""After the database or the lake was restored: what the two say of the same runs.

The database is the truth. A run whose rows are in the lake without being published there is *surplus*: left alone,
whoever asks for the scenario's outputs would read it, and its rows would be there twice once it is run again. A run
that the database calls published and the lake does not hold, or holds in part, is *missing*: its objects must be
brought back, for nothing but the lake has its rows. An object that the table refers to and that is missing from the
bucket or *damaged* counts as not there. So must files that are handed in and whose object is *gone*.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict, dataclass
from typing import Any

from pyiceberg.table import Table

from sextant.lake.errors import UnreadableFile
from sextant.lake.objects.file_io import store_of
from sextant.lake.table.catalog import definition_of
from sextant.lake.write.deletion import delete_rows
from sextant.lake.write.presence import StoredRun, rows_present
from sextant.lake.write.times import clock_of
from sextant.outputs import repository
from sextant.outputs.model import PublishedRun
from sextant.outputs.object_check import check_objects
from sextant.storage import ALL_TENANTS, PlatformDatabase, database_time

LISTED = 100  # of each list in the answer; the counts are of all


@dataclass(frozen=True)
class Surplus:
    """A run that only the lake holds; `state` is the database's of it, None where it knows no such run."""

    tenant_id: str
    scenario_id: str
    run_id: str
    rows: int
    state: str | None


@dataclass(frozen=True)
class Missing:
    """A published run of which the lake holds another number of rows."""

    tenant_id: str
    scenario_id: str
    run_id: str
    rows: int
    rows_in_the_lake: int


@dataclass(frozen=True)
class Comparison:
    """What differs, and how many runs were equal."""

    equal: int
    surplus: list[Surplus]
    missing: list[Missing]
    gone: list[str]
    damaged: tuple[UnreadableFile, ...]

    def report(self) -> dict[str, Any]:
        """Counts, and the first of each kind."""
        return {
            "equal": self.equal,
            **{
                name: {"count": len(runs), "first": [asdict(run) for run in runs[:LISTED]]}
                for name, runs in (("surplus", self.surplus), ("missing", self.missing))
            },
            "gone": {"count": len(self.gone), "first": self.gone[:LISTED]},
            "damaged": {
                "count": len(self.damaged),
                "first": [asdict(file) for file in self.damaged[:LISTED]],
            },
        }


def reconcile(
    table: Table,
    database: PlatformDatabase,
    step: str,
    report_files: Callable[[Iterable[UnreadableFile]], object],
) -> dict[str, Any]:
    """Report what differs, and missing or damaged objects also to `report_files`; with the step `take out` also delete the surplus rows. Calling again is safe.

    Raises ValueError for a step other than `compare` and `take out`.
    """
    if step not in ("compare", "take out"):
        raise ValueError(f"reconcile is 'compare' or 'take out', not {step!r}")
    comparison = compare(table, database)
    report_files(comparison.damaged)
    report = comparison.report()
    if step == "take out":
        report["rows_taken_out"] = delete_surplus(table, database, comparison.surplus)
    return report


def compare(table: Table, database: PlatformDatabase) -> Comparison:
    """What differs. The database is read before and after the lake, so that a run published meanwhile is none of it."""
    before = _published(database)
    damaged = check_objects(table, database).damaged
    # What stands in an object that is gone or damaged is not there.
    rows = rows_present(table, {file.location for file in damaged})
    after = _published(database)
    unknown = rows.keys() - after.keys()
    with database.autocommit(ALL_TENANTS) as session:
        states = repository.run_states(session, [run.run_id for run in unknown])
        waiting = repository.waiting_locations(session)
    by_hour = definition_of(table).by_hour
    counts = {run: row.hourly_row_count if by_hour else row.row_count for run, row in before.items()}
    expected = {run: count for run, count in counts.items() if before[run].committed and count}
    missing = [
        Missing(**asdict(run), rows=count, rows_in_the_lake=rows[run])
        for run, count in sorted(expected.items())
        if rows[run] != count
    ]
    return Comparison(
        equal=len(expected) - len(missing),
        surplus=[
            Surplus(**asdict(run), rows=rows[run], state=states.get(run.run_id)) for run in sorted(unknown)
        ],
        missing=missing,
        gone=_gone(table, waiting),
        damaged=damaged,
    )


def delete_surplus(table: Table, database: PlatformDatabase, surplus: Collection[Surplus]) -> int:
    """Delete what only the lake holds, in one commit; how many rows that were. Calling again is safe."""
    runs = [StoredRun(run.tenant_id, run.scenario_id, run.run_id) for run in surplus]
    with database.autocommit(ALL_TENANTS) as session:
        clock = clock_of(database_time(session))
    return delete_rows(table, runs, clock)


def _published(database: PlatformDatabase) -> dict[StoredRun, PublishedRun]:
    with database.autocommit(ALL_TENANTS) as session:
        runs = repository.published_runs(session)
    return {StoredRun(run.tenant_id, str(run.scenario_id), str(run.run_id)): run for run in runs}


def _gone(table: Table, locations: Collection[str]) -> list[str]:
    """Those of `locations` in the table where no object lies."""
    locations = [place for place in locations if place.startswith(f"{table.metadata.location}/")]
    if not locations:
        return []
    store = store_of(table.io, table.metadata.location)
    present = {item.location for item in store.list(f"{table.metadata.location}/data/")}
    return sorted(set(locations) - present)
