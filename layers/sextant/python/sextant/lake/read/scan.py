"""Every row of a scenario that passes a filter, a row group at a time, in bounded memory.

Row groups come in the order of their files and of the rows within them: a run's rows together as long as
its file is not compacted, runs in the order of their ids. Some groups are fetched ahead by other threads.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Final

import pyarrow as pa
from pyiceberg.io import FileIO
from pyiceberg.table import Table

from sextant.lake.read.group import RowGroup
from sextant.lake.read.parquet import footer, owner_to_check, read_group
from sextant.lake.read.plan import PlannedFile, pinned_snapshot, scenario_files
from sextant.lake.read.query import OutputFilter, may_match
from sextant.lake.read.selection import columns_matched, matching

_AHEAD: Final = 4


@dataclass(frozen=True)
class Scan:
    """A pinned reading of all of a scenario's rows that pass a filter. `snapshot_id` is None for an empty table."""

    io: FileIO
    tenant_id: str
    scenario_id: str
    where: OutputFilter
    files: tuple[PlannedFile, ...]
    snapshot_id: int | None

    def tables(self, columns: Sequence[str]) -> Iterator[pa.Table]:
        """The rows, some of their columns, strings dictionary-encoded; no table is empty.

        Memory is bounded by a handful of row groups, whatever the number of rows.
        """
        with ThreadPoolExecutor(_AHEAD, thread_name_prefix="lake-scan") as readers:
            waiting: deque[Future[pa.Table]] = deque()
            for file, number in self._groups(readers):
                waiting.append(readers.submit(self._read, file, number, columns))
                if len(waiting) > _AHEAD:
                    yield from _if_any(waiting.popleft().result())
            while waiting:
                yield from _if_any(waiting.popleft().result())

    def _groups(self, readers: ThreadPoolExecutor) -> Iterator[tuple[PlannedFile, int]]:
        """The row groups that may hold matching rows; files are opened some ahead of their turn."""
        files = iter(self.files)
        opening = deque((file, readers.submit(footer, self.io, file)) for file in islice(files, _AHEAD))
        while opening:
            file, opened = opening.popleft()
            opening.extend((after, readers.submit(footer, self.io, after)) for after in islice(files, 1))
            for number, bounds in enumerate(opened.result().groups):
                in_scenario = bounds.scenario[0] <= self.scenario_id <= bounds.scenario[1]
                if in_scenario and may_match(bounds, self.where):
                    yield file, number

    def _read(self, file: PlannedFile, number: int, columns: Sequence[str]) -> pa.Table:
        owner = owner_to_check(file, footer(self.io, file).groups[number], self.tenant_id, self.scenario_id)
        needed = columns_matched(self.where, owner)
        group = read_group(self.io, file, number, list(dict.fromkeys([*columns, *needed])), keep=False)
        mask = matching(RowGroup(group), self.where, owner)
        group = group.select(list(columns))
        return group if mask.all() else group.filter(pa.array(mask))


def scan(
    table: Table, tenant_id: str, scenario_id: str, where: OutputFilter, snapshot_id: int | None = None
) -> Scan:
    """Plan the reading of a scenario's rows in `snapshot_id`, or the newest snapshot `table` knows.

    Raises SnapshotExpiredError where that snapshot is gone.
    """
    snapshot = pinned_snapshot(table.metadata, snapshot_id)
    planned = scenario_files(table.metadata, table.io, snapshot, tenant_id, scenario_id)
    files = sorted((f for f in planned if may_match(f, where)), key=lambda f: (f.run, f.location))
    return Scan(
        table.io, tenant_id, scenario_id, where, tuple(files), snapshot.snapshot_id if snapshot else None
    )


def _if_any(table: pa.Table) -> Iterator[pa.Table]:
    if table.num_rows:
        yield table
