"""Group commit: every waiting data file becomes part of the table in one Iceberg commit, exactly once.

The commit carries its batch id in the snapshot summary. Before each attempt the table is loaded afresh
and searched for that id; the attempt then demands that the table still stands where it was searched
(compare-and-set on the main branch). So of any number of committers holding the same batch, dead ones
waking up included, one registers it and the others find it. pyiceberg's own retry would rebase an
append onto whatever came between without looking, and is not used.

Killed before the catalog's compare-and-set, an attempt leaves manifests nobody refers to, which orphan
removal deletes; killed after it, the next attempt finds the batch. Files of a failed attempt are left
too: a catalog that answered "conflict" to a repeated request may have taken the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from typing import Final
from uuid import UUID

from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Operation

from sextant.lake.errors import BatchConflictError
from sextant.lake.write import manifests
from sextant.lake.write.datafile import DataFileDescriptor
from sextant.lake.write.presence import runs_present
from sextant.lake.write.snapshot import BATCH_ID, batch_of, commit_snapshot, history, manifest_work, retried
from sextant.lake.write.times import Clock, own_clock

_CLOCK_SKEW_MS: Final = 10_000


def commit_batch(
    table: Table,
    batch_id: UUID,
    descriptors: Sequence[DataFileDescriptor],
    *,
    absent_only: bool = False,
    protect: Collection[UUID] = (),
    clock: Clock = own_clock,
) -> int:
    """Register every described file in one Iceberg commit; the id of the snapshot that holds them.

    Idempotent: the same batch, committed again by anyone at any time, adds nothing and answers with the
    snapshot it is already in. `batch_id` is a UUIDv7: its time tells whether the table's remembered
    history reaches back far enough to prove that the batch is not in it; where it doesn't, the table
    itself is searched for the batch's runs. With `absent_only` it always is, and what stands there already, whoever brought it,
    is left out: for files that belong to another table's, where that table may have refused their run before. Old snapshots are expired with the commit, but none at or
    after that of a batch in `protect`.

    `table` is refreshed and afterwards stands at or after the snapshot. Raises ValueError for a batch
    that is empty or names a run twice, BatchConflictError where only part of it is in the table, PresenceUnknownError
    where that cannot be known of some of its runs, and CommitContentionError where every attempt met a concurrent
    commit; calling again is always safe.
    """
    _check(batch_id, descriptors)

    def commit() -> int:
        snapshot_id = _find(table, batch_id, () if absent_only else descriptors)
        if snapshot_id is not None:
            return snapshot_id
        present = runs_present(table, descriptors) if absent_only else set()
        absent = [descriptor for descriptor in descriptors if descriptor.run_id not in present]
        return _append(table, batch_id, absent, protect, clock)

    return retried(table, f"batch {batch_id}", commit)


def fence_batch(
    table: Table, batch_id: UUID, *, protect: Collection[UUID] = (), clock: Clock = own_clock
) -> int:
    """Have the table know the batch without a file of it, unless it knows it already; the snapshot's id.

    Afterwards nobody can register the batch any more: whoever tries finds its id.
    """

    def commit() -> int:
        snapshot_id = _find(table, batch_id, ())
        return snapshot_id if snapshot_id is not None else _append(table, batch_id, (), protect, clock)

    return retried(table, f"batch {batch_id}, without files", commit)


def locations_added(table: Table, batch_id: UUID, snapshot_id: int) -> set[str] | None:
    """Where the files lie that the batch's snapshot added; None where the snapshot is not the batch's own.

    Then the batch was found by its rows, and every file of it is in the table.
    """
    snapshot = table.metadata.snapshot_by_id(snapshot_id)
    if snapshot is None or batch_of(snapshot) != str(batch_id):
        return None
    return {
        entry.data_file.file_path
        for manifest in snapshot.manifests(table.io)
        if manifest.added_snapshot_id == snapshot_id
        for entry in manifest.fetch_manifest_entry(table.io, discard_deleted=True)
        if entry.snapshot_id == snapshot_id
    }


def _check(batch_id: UUID, descriptors: Sequence[DataFileDescriptor]) -> None:
    if batch_id.version != 7:
        raise ValueError(f"batch id {batch_id} is not a UUIDv7")
    if not descriptors:
        raise ValueError(f"batch {batch_id} is empty")
    run, times = Counter(descriptor.run_id for descriptor in descriptors).most_common(1)[0]
    if times > 1:
        raise ValueError(f"batch {batch_id} holds run {run} {times} times")


def _find(table: Table, batch_id: UUID, descriptors: Sequence[DataFileDescriptor]) -> int | None:
    """The snapshot that registered the batch, or None where it is certain that none did."""
    metadata = table.metadata
    for snapshot in history(metadata):
        if batch_of(snapshot) == str(batch_id):
            return snapshot.snapshot_id
    if _remembers(metadata, batch_id):
        return None
    present = runs_present(table, descriptors)
    if not present:
        return None
    if len(present) < len(descriptors):
        raise BatchConflictError(
            f"batch {batch_id}: {len(present)} of {len(descriptors)} runs are in the table already"
        )
    current = metadata.current_snapshot()
    return current.snapshot_id if current else None


def _remembers(metadata: TableMetadata, batch_id: UUID) -> bool:
    """Whether the table's history reaches back to before the batch was made.

    Sequence numbers count snapshots from 1, so a history whose oldest is number 1 is whole.
    """
    oldest = min(history(metadata), key=lambda snapshot: snapshot.sequence_number or 0, default=None)
    if oldest is None or oldest.sequence_number == 1:
        return True
    made_at = batch_id.int >> 80  # RFC 9562: a UUIDv7 begins with 48 bits of Unix milliseconds
    return oldest.timestamp_ms + _CLOCK_SKEW_MS < made_at


def _append(
    table: Table,
    batch_id: UUID,
    descriptors: Sequence[DataFileDescriptor],
    protect: Collection[UUID],
    clock: Clock,
) -> int:
    metadata = table.metadata
    work = manifest_work(table, metadata.new_snapshot_id())
    files = [manifests.data_file(descriptor, metadata) for descriptor in descriptors]
    parent = metadata.current_snapshot()
    commit_snapshot(
        table,
        work,
        Operation.APPEND,
        manifests.appended(work, files, parent.manifests(table.io) if parent else []),
        added=files,
        properties={BATCH_ID: str(batch_id)},
        protect={batch_id, *protect},
        clock=clock,
    )
    return work.snapshot_id
