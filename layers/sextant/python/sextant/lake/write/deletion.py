"""Deleting the rows of runs.

For the case that the database went back in time and the lake did not: see docs/deploy.md, "Restore". In ordinary
operation nothing deletes a published run.
"""

from __future__ import annotations

from collections.abc import Collection

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation

from sextant.lake.errors import UnsupportedTableError
from sextant.lake.read.plan import PlannedFile, all_files
from sextant.lake.table.catalog import definition_of, refresh
from sextant.lake.write.compaction import swap_files, write_rows
from sextant.lake.write.datafile import WrittenFile
from sextant.lake.write.parquet import row_groups
from sextant.lake.write.presence import StoredRun
from sextant.lake.write.times import Clock, own_clock


def delete_rows(table: Table, runs: Collection[StoredRun], clock: Clock = own_clock) -> int:
    """Delete every row of `runs`, by one commit at the time that `clock` shows; how many rows that were.

    The snapshots before remain readable until they expire. Raises FileGoneError and CommitContentionError where
    the table moved, with nothing changed: call again.
    """
    refresh(table)
    run_ids = {run.run_id for run in runs}
    tenants = {run.tenant_id for run in runs}
    replaced: list[str] = []
    written: list[WrittenFile] = []
    deleted = 0
    for file in all_files(table.metadata, table.io, table.metadata.current_snapshot()):
        if file.partition is None:
            raise UnsupportedTableError(f"{file.location} lies under a foreign partition spec")
        if file.partition[0] not in tenants or not any(file.run[0] <= run <= file.run[1] for run in run_ids):
            continue
        rest = _rows_without(table, file, run_ids)
        if rest.num_rows == file.record_count:
            continue
        deleted += file.record_count - rest.num_rows
        replaced.append(file.location)
        if rest.num_rows:
            written.append(write_rows(table, file.partition, rest))
    if replaced:
        operation = Operation.OVERWRITE if written else Operation.DELETE
        swap_files(table, replaced, written, operation, clock=clock)
    return deleted


def _rows_without(table: Table, file: PlannedFile, run_ids: Collection[str]) -> pa.Table:
    """The rows of the file that belong to none of the runs, in their order, which is the table's."""
    ids = pa.array(sorted(run_ids), pa.string())
    return pa.concat_tables(
        rows.filter(pc.invert(pc.is_in(rows["run_id"], value_set=ids)))
        for rows in row_groups(table.io, file, definition_of(table))
    )
