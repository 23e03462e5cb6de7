"""Compaction: many small data files of a partition become one, rows and readers untouched.

The new files are written first; one commit then swaps them in. It removes exactly the files that were read and
leaves everything else of the table as it finds it, so an append that came between is kept. If one of the files
read is gone, another compaction was first, and this one is abandoned.
"""

from __future__ import annotations

import logging
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from uuid import UUID

import pyarrow as pa
from pyiceberg.manifest import ManifestEntry, ManifestEntryStatus, ManifestFile
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Operation

from sextant.lake.errors import UnreadableFile, UnreadableFileError
from sextant.lake.objects.file_io import store_of
from sextant.lake.read.plan import Partition, PlannedFile, all_files
from sextant.lake.table.catalog import definition_of, refresh
from sextant.lake.table.columns import PARTITION_SPEC_ID, SORT_ORDER_ID, partition_path, partition_values
from sextant.lake.write import manifests
from sextant.lake.write.datafile import WrittenFile, encode, file_statistics
from sextant.lake.write.manifests import ManifestWork
from sextant.lake.write.parquet import row_groups
from sextant.lake.write.rows import sorted_rows
from sextant.lake.write.snapshot import commit_snapshot, manifest_work, retried
from sextant.lake.write.times import Clock, own_clock

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class CompactionPolicy:
    """When and how far to compact.

    A partition qualifies with `least_files` files of fewer than `small_rows` rows each; of those, up to
    `group_rows` rows go into one new file, and one call rewrites at most `call_rows`. `group_rows` bounds
    the memory: a million rows take some hundred megabytes.
    """

    least_files: int = 8
    small_rows: int = 400_000
    group_rows: int = 1_000_000
    call_rows: int = 4_000_000


@dataclass(frozen=True)
class Compaction:
    """What one call did: data files removed and added, the rows moved between them, and the files left out as unreadable."""

    files_before: int = 0
    files_after: int = 0
    rows: int = 0
    snapshot_id: int | None = None
    left_out: tuple[UnreadableFile, ...] = ()


class FileGoneError(Exception):
    """A file that was to be replaced is no longer in the table."""


def compact(
    table: Table,
    policy: CompactionPolicy = CompactionPolicy(),
    *,
    protect: Collection[UUID] = (),
    clock: Clock = own_clock,
) -> Compaction:
    """Rewrite the partitions that hold most small files, and swap them in by one commit.

    A file that is missing or damaged is left where it is, and the others go on.

    Raises CommitContentionError where the table moved under every attempt; nothing is changed then, and
    the files written are orphans. `protect` is as for `commit_batch`.
    """
    refresh(table)
    groups = list(_groups(all_files(table.metadata, table.io, table.metadata.current_snapshot()), policy))
    if not groups:
        return Compaction()
    left_out: list[UnreadableFile] = []
    written: list[WrittenFile] = []
    taken: dict[str, int] = {}
    for partition, files in groups:
        readable = dict(_readable(table, files, left_out))
        if len(readable) > 1:
            joined = sorted_rows(pa.concat_tables(readable.values()))
            written.append(write_rows(table, partition, joined))
            taken |= {file.location: file.record_count for file in readable}
    rows = sum(file.record_count for file in written)
    if rows != sum(taken.values()):
        raise RuntimeError("compaction would have changed the number of rows")
    if not taken:
        return Compaction(left_out=tuple(left_out))
    try:
        snapshot_id = swap_files(table, taken, written, Operation.REPLACE, protect, clock)
    except FileGoneError:
        logger.info("another compaction was there first")
        return Compaction()
    return Compaction(len(taken), len(written), rows, snapshot_id, tuple(left_out))


def _groups(
    files: Iterable[PlannedFile], policy: CompactionPolicy
) -> Iterable[tuple[Partition, list[PlannedFile]]]:
    """What to rewrite together, the partitions with most files first."""
    small: dict[Partition, list[PlannedFile]] = defaultdict(list)
    for file in files:
        if file.partition is not None and file.record_count < policy.small_rows:
            small[file.partition].append(file)
    budget = policy.call_rows
    for partition, members in sorted(small.items(), key=lambda item: len(item[1]), reverse=True):
        if len(members) < policy.least_files:
            break
        group: list[PlannedFile] = []
        rows = 0
        for file in sorted(members, key=lambda member: member.record_count):
            if rows + file.record_count > min(policy.group_rows, budget):
                break
            group.append(file)
            rows += file.record_count
        if len(group) > 1:
            budget -= rows
            yield partition, group


def _readable(
    table: Table, files: Iterable[PlannedFile], left_out: list[UnreadableFile]
) -> Iterator[tuple[PlannedFile, pa.Table]]:
    """The files with their rows; those that cannot be read go to `left_out`."""
    for file in files:
        try:
            yield file, pa.concat_tables(row_groups(table.io, file, definition_of(table)))
        except UnreadableFileError as error:
            left_out.append(error.file)


def write_rows(table: Table, partition: Partition, rows: pa.Table) -> WrittenFile:
    """Upload sorted rows of one partition as a data file that is not yet part of the table."""
    data, metadata = encode([rows], definition_of(table))
    location = f"{table.metadata.location}/data/{partition_path(*partition)}/compact-{uuid.uuid4()}.parquet"
    store_of(table.io, location).put(location, data)
    columns, split_offsets = file_statistics(metadata, definition_of(table))
    return WrittenFile(
        location=location,
        size=len(data),
        record_count=metadata.num_rows,
        spec_id=PARTITION_SPEC_ID,
        sort_order_id=SORT_ORDER_ID,
        partition=partition_values(*partition),
        columns=columns,
        split_offsets=split_offsets,
    )


def swap_files(
    table: Table,
    taken: Collection[str],
    written: Sequence[WrittenFile],
    operation: Operation,
    protect: Collection[UUID] = (),
    clock: Clock = own_clock,
) -> int:
    """Remove the files of `taken` and add those of `written`, by one commit; the id of its snapshot.

    Raises FileGoneError where one to be removed is not in the table any more, and CommitContentionError where
    the table moved under every attempt; nothing is changed then.
    """

    def swap() -> int:
        work = manifest_work(table, table.metadata.new_snapshot_id())
        files = [manifests.data_file(file, table.metadata) for file in written]
        kept, removed = _without(table, work, taken)
        added = [manifests.added(file, work.snapshot_id) for file in files]
        commit_snapshot(
            table,
            work,
            operation,
            [*([work.write(PARTITION_SPEC_ID, added)] if added else []), *kept],
            added=files,
            removed=[entry.data_file for entry in removed],
            properties={},
            protect=protect,
            clock=clock,
        )
        return work.snapshot_id

    return retried(table, "swap of data files", swap)


def _without(
    table: Table, work: ManifestWork, taken: Collection[str]
) -> tuple[list[ManifestFile], list[ManifestEntry]]:
    """The current manifests with the entries of `taken` marked deleted, and those entries.

    Raises FileGoneError unless every file of `taken` is found.
    """
    current = table.metadata.current_snapshot()
    kept: list[ManifestFile] = []
    removed: list[ManifestEntry] = []
    for manifest in current.manifests(table.io) if current else ():
        if not (manifest.has_added_files() or manifest.has_existing_files()):
            continue
        entries = manifest.fetch_manifest_entry(table.io, discard_deleted=True)
        going = [entry for entry in entries if entry.data_file.file_path in taken]
        if not going:
            kept.append(manifest)
            continue
        deleted = [_deleted(entry, work.snapshot_id) for entry in going]
        staying = [entry for entry in entries if entry.data_file.file_path not in taken]
        kept.append(work.write(manifest.partition_spec_id, [*staying, *deleted]))
        removed += deleted
    if len(removed) != len(taken):
        raise FileGoneError
    return kept, removed


def _deleted(entry: ManifestEntry, snapshot_id: int) -> ManifestEntry:
    return ManifestEntry.from_args(
        status=ManifestEntryStatus.DELETED,
        snapshot_id=snapshot_id,
        sequence_number=entry.sequence_number,
        file_sequence_number=entry.file_sequence_number,
        data_file=entry.data_file,
    )
