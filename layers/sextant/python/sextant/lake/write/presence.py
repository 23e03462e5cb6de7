"""Which runs have rows in the table, answered from its files rather than from its history."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import pyarrow.compute as pc
from pyiceberg.table import Table

from sextant.lake.errors import UnreadableFile, UnreadableFileError
from sextant.lake.read.plan import PlannedFile, all_files, scenario_files
from sextant.lake.table.catalog import definition_of, refresh
from sextant.lake.write.datafile import DataFileDescriptor
from sextant.lake.write.parquet import row_groups

_IDENTITY: Final = ("tenant_id", "scenario_id", "run_id")


@dataclass(frozen=True, order=True)
class StoredRun:
    """A run that has rows in the table."""

    tenant_id: str
    scenario_id: str
    run_id: str


def rows_present(table: Table, leave_out: Collection[str] = ()) -> Counter[StoredRun]:
    """How many rows the newest snapshot holds of each run, without the files at `leave_out`.

    A file of one run is not opened for it.
    """
    refresh(table)
    rows: Counter[StoredRun] = Counter()
    for file in all_files(table.metadata, table.io, table.metadata.current_snapshot()):
        if file.location in leave_out:
            continue
        run = _only_run(file)
        if run is not None:
            rows[run] += file.record_count
            continue
        for group in row_groups(table.io, file, definition_of(table), _IDENTITY):
            for row in group.group_by(list(_IDENTITY)).aggregate([([], "count_all")]).to_pylist():
                rows[StoredRun(*(row[name] for name in _IDENTITY))] += row["count_all"]
    return rows


class PresenceUnknownError(Exception):
    """Whether the table holds rows of these runs cannot be known: of each, a file that may hold them and cannot be read."""

    def __init__(self, files: Mapping[UUID, UnreadableFile]) -> None:
        super().__init__(f"{len(files)} runs")
        self.files = files


def runs_present(table: Table, descriptors: Sequence[DataFileDescriptor]) -> set[UUID]:
    """The described runs of which the current snapshot holds rows, whatever files they may be in now.

    Raises PresenceUnknownError with all those of whom that cannot be known.
    """
    snapshot = table.metadata.current_snapshot()
    by_scenario: dict[tuple[str, UUID], list[DataFileDescriptor]] = defaultdict(list)
    for descriptor in descriptors:
        by_scenario[descriptor.tenant_id, descriptor.scenario_id].append(descriptor)
    present: set[UUID] = set()
    unknown: dict[UUID, UnreadableFile] = {}
    for (tenant_id, scenario_id), of_scenario in by_scenario.items():
        try:
            files = scenario_files(table.metadata, table.io, snapshot, tenant_id, str(scenario_id))
        except UnreadableFileError as error:
            unknown |= {descriptor.run_id: error.file for descriptor in of_scenario}
            continue
        for descriptor in of_scenario:
            try:
                if any(_holds(table, file, str(descriptor.run_id)) for file in files):
                    present.add(descriptor.run_id)
            except UnreadableFileError as error:
                unknown[descriptor.run_id] = error.file
    if unknown:
        raise PresenceUnknownError(unknown)
    return present


def _only_run(file: PlannedFile) -> StoredRun | None:
    """The one run of a worker's file; None for a file of several, or whose bounds do not tell."""
    if file.partition is None or file.run[0] != file.run[1] or file.scenario[0] != file.scenario[1]:
        return None
    return StoredRun(file.partition[0], file.scenario[0], file.run[0])


def _holds(table: Table, file: PlannedFile, run_id: str) -> bool:
    low, high = file.run
    if not low <= run_id <= high:
        return False
    if low == high:
        return True  # a worker's file: one run
    return any(
        pc.any(pc.equal(group["run_id"], run_id)).as_py()
        for group in row_groups(table.io, file, definition_of(table), ["run_id"])
    )
