"""Whether runs already stand in the table, answered from its rows rather than from its history."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc
from pyiceberg.table import Table

from sextant.lake.read.parquet import footer, read_group
from sextant.lake.read.plan import PlannedFile, scenario_files
from sextant.lake.write.datafile import DataFileDescriptor


def runs_present(table: Table, descriptors: Sequence[DataFileDescriptor]) -> set[UUID]:
    """The described runs of which the current snapshot holds rows, in whatever files they may be now."""
    snapshot = table.metadata.current_snapshot()
    wanted: dict[tuple[str, UUID], list[DataFileDescriptor]] = defaultdict(list)
    for descriptor in descriptors:
        wanted[descriptor.tenant_id, descriptor.scenario_id].append(descriptor)
    present: set[UUID] = set()
    for (tenant_id, scenario_id), of_scenario in wanted.items():
        files = scenario_files(table.metadata, table.io, snapshot, tenant_id, str(scenario_id))
        present |= {
            d.run_id for d in of_scenario if any(_holds(table, file, str(d.run_id)) for file in files)
        }
    return present


def _holds(table: Table, file: PlannedFile, run_id: str) -> bool:
    low, high = file.run
    if not low <= run_id <= high:
        return False
    if low == high:
        return True  # a worker's file: one run
    return any(
        pc.any(
            pc.equal(read_group(table.io, file, number, ["run_id"])["run_id"].cast(pa.string()), run_id)
        ).as_py()
        for number in range(footer(table.io, file).metadata.num_row_groups)
    )
