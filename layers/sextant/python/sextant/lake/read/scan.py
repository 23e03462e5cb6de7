"""A pinned reading of every row of a scenario that passes a filter: which files it is of, and who executes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pyiceberg.io import FileIO
from pyiceberg.table import Table

from sextant.lake.read.engine import engine
from sextant.lake.read.plan import PlannedFile, pinned_snapshot, scenario_files
from sextant.lake.read.query import OutputFilter, may_match
from sextant.lake.read.sql import SOURCE, Values, matching
from sextant.lake.table.catalog import definition_of
from sextant.lake.table.columns import OUTPUTS, Definition


@dataclass(frozen=True)
class Scan:
    """A pinned reading. `snapshot_id` is None for an empty table.

    Files come in the order of their runs' ids, and rows as they stand in them: a run's rows together, in the order of
    pages, as long as its file is not compacted.
    """

    io: FileIO
    tenant_id: str
    scenario_id: str
    where: OutputFilter
    files: tuple[PlannedFile, ...]
    snapshot_id: int | None
    table: Definition = OUTPUTS

    def rows(self, columns: str, *, then: str = "", values: Values | None = None) -> list[tuple[Any, ...]]:
        """What `columns` are of the rows, which may be aggregates; `then` follows the condition.

        Both are texts of ours. Raises as `Engine.rows` does.
        """
        if not self.files:
            return []
        condition, bound = matching(self.tenant_id, self.scenario_id, self.where)
        statement = f"SELECT {columns} FROM {SOURCE} WHERE {condition} {then}"  # noqa: S608
        return engine().rows(self.io, self.files, statement, bound | (values or {}))


def scan(
    table: Table, tenant_id: str, scenario_id: str, where: OutputFilter, snapshot_id: int | None = None
) -> Scan:
    """Plan the reading of a scenario's rows in `snapshot_id`, or the newest snapshot `table` knows.

    Raises SnapshotExpiredError where that snapshot is gone.
    """
    snapshot = pinned_snapshot(table.metadata, snapshot_id)
    planned = scenario_files(table.metadata, table.io, snapshot, tenant_id, scenario_id)
    files = sorted((f for f in planned if may_match(f, where)), key=lambda f: (f.run, f.location))
    read = snapshot.snapshot_id if snapshot else None
    return Scan(table.io, tenant_id, scenario_id, where, tuple(files), read, definition_of(table))
