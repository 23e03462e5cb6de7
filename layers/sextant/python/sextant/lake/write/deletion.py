"""Which runs stand in the table, and how to take some out again.

For the case that the database went back in time and the lake did not: see docs/deploy.md, "Restore". Nothing
in the usual course of things removes a published run.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation

from sextant.lake.errors import UnsupportedTableError
from sextant.lake.read.parquet import footer, read_group
from sextant.lake.read.plan import PlannedFile, all_files
from sextant.lake.table.arrow import ARROW_SCHEMA
from sextant.lake.table.catalog import refresh
from sextant.lake.table.columns import NAMES
from sextant.lake.write.compaction import swap_files, write_rows
from sextant.lake.write.datafile import WrittenFile

_IDENTITY: Final = ("tenant_id", "scenario_id", "run_id")
_IDENTITY_SCHEMA: Final = pa.schema([(name, pa.string()) for name in _IDENTITY])


@dataclass(frozen=True, order=True)
class Standing:
    """A run that rows of the table belong to."""

    tenant_id: str
    scenario_id: str
    run_id: str


def runs_standing(table: Table) -> Counter[Standing]:
    """How many rows the newest snapshot holds of each run. A file of one run is not opened for it."""
    refresh(table)
    found: Counter[Standing] = Counter()
    for file in all_files(table.metadata, table.io, table.metadata.current_snapshot()):
        only = _only_run(file)
        if only is not None:
            found[only] += file.record_count
            continue
        for number in range(footer(table.io, file).metadata.num_row_groups):
            rows = read_group(table.io, file, number, _IDENTITY, keep=False).cast(_IDENTITY_SCHEMA)
            counted = rows.group_by(list(_IDENTITY)).aggregate([([], "count_all")])
            for row in counted.to_pylist():
                found[Standing(*(row[name] for name in _IDENTITY))] += row["count_all"]
    return found


def take_out(table: Table, runs: Collection[Standing]) -> int:
    """Remove every row of `runs`, by one commit; how many rows went.

    The snapshots before remain readable until they expire. Raises FileGoneError and CommitContentionError where
    the table moved, with nothing changed: call again.
    """
    refresh(table)
    going = {run.run_id for run in runs}
    tenants = {run.tenant_id for run in runs}
    taken: list[str] = []
    written: list[WrittenFile] = []
    removed = 0
    for file in all_files(table.metadata, table.io, table.metadata.current_snapshot()):
        if file.partition is None:
            raise UnsupportedTableError(f"{file.location} lies under a foreign partition spec")
        if file.partition[0] not in tenants or not any(file.run[0] <= run <= file.run[1] for run in going):
            continue
        kept = _rows_without(table, file, going)
        if kept.num_rows == file.record_count:
            continue
        removed += file.record_count - kept.num_rows
        taken.append(file.location)
        if kept.num_rows:
            written.append(write_rows(table, file.partition, kept))
    if taken:
        swap_files(table, taken, written, Operation.OVERWRITE if written else Operation.DELETE)
    return removed


def _only_run(file: PlannedFile) -> Standing | None:
    """The one run of a worker's file; None for a file of several, or whose bounds do not tell."""
    if file.partition is None or file.run[0] != file.run[1] or file.scenario[0] != file.scenario[1]:
        return None
    return Standing(file.partition[0], file.scenario[0], file.run[0])


def _rows_without(table: Table, file: PlannedFile, runs: Collection[str]) -> pa.Table:
    """The rows of the file that belong to none of `runs`, in their order, which is the table's."""
    pieces = []
    for number in range(footer(table.io, file).metadata.num_row_groups):
        rows = read_group(table.io, file, number, NAMES, keep=False).cast(ARROW_SCHEMA)
        going = pc.is_in(rows["run_id"].cast(pa.string()), value_set=pa.array(sorted(runs), pa.string()))
        pieces.append(rows.filter(pc.invert(going)))
    return pa.concat_tables(pieces)
