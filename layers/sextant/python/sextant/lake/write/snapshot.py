"""One new snapshot on the main branch, by compare-and-set, with old snapshots trimmed in the same commit."""

from __future__ import annotations

import logging
import random
import struct
import threading
import time
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from typing import Final, TypeVar
from uuid import UUID

from pyiceberg.exceptions import CommitFailedException
from pyiceberg.manifest import DataFile, ManifestFile, write_manifest_list
from pyiceberg.table import CommitTableResponse, Table
from pyiceberg.table.locations import load_location_provider
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.refs import MAIN_BRANCH, SnapshotRefType
from pyiceberg.table.snapshots import (
    Operation,
    Snapshot,
    SnapshotSummaryCollector,
    Summary,
    update_snapshot_summaries,
)
from pyiceberg.table.update import (
    AddSnapshotUpdate,
    AssertRefSnapshotId,
    AssertTableUUID,
    RemoveSnapshotsUpdate,
    SetSnapshotRefUpdate,
    TableUpdate,
)

from sextant.lake.errors import CommitContentionError, MissingFileError
from sextant.lake.objects.file_io import forget_cached_files, store_of
from sextant.lake.table.catalog import refresh
from sextant.lake.table.iceberg import RETAINED_SNAPSHOTS
from sextant.lake.write.manifests import ManifestWork
from sextant.lake.write.times import Clock, next_time, own_clock

T = TypeVar("T")

logger = logging.getLogger(__name__)

BATCH_ID: Final = "sextant.batch-id"

# Snapshots beyond the retained ones before a commit removes some, so that not every commit does.
_EXPIRY_SLACK: Final = 20
# Superseded table metadata files gathered before one request deletes them.
_DELETE_TOGETHER: Final = 16

_ATTEMPTS: Final = 12
_LONGEST_WAIT: Final = 2.0  # seconds between two attempts

_superseded: list[str] = []
_superseded_lock = threading.Lock()


def history(metadata: TableMetadata) -> Iterator[Snapshot]:
    """The snapshots the main branch still knows, newest first."""
    by_id = {snapshot.snapshot_id: snapshot for snapshot in metadata.snapshots}
    snapshot = metadata.current_snapshot()
    while snapshot is not None:
        yield snapshot
        parent = snapshot.parent_snapshot_id
        snapshot = by_id.get(parent) if parent is not None else None


def batch_of(snapshot: Snapshot) -> str | None:
    """The id of the batch the snapshot registered, if it is a group commit."""
    return snapshot.summary.additional_properties.get(BATCH_ID) if snapshot.summary else None


def expirable(metadata: TableMetadata, keep: int, protect: Collection[UUID], slack: int = 0) -> set[int]:
    """Snapshots of the main branch that may be removed: all beyond the newest `keep`, and none at or
    after the commit of a protected batch. Empty until there are more than `slack` too many.

    What a branch or tag points at stays.
    """
    line = list(history(metadata))
    if len(line) <= keep + slack:
        return set()
    protected = {str(batch_id) for batch_id in protect}
    oldest_kept = max(
        (position for position, snapshot in enumerate(line) if batch_of(snapshot) in protected),
        default=keep - 1,
    )
    referred = {ref.snapshot_id for ref in metadata.refs.values()}
    return {s.snapshot_id for s in line[max(oldest_kept, keep - 1) + 1 :]} - referred


def retried(table: Table, name: str, commit: Callable[[], T]) -> T:
    """What `commit` gives, tried on the table as the catalog has it now, and again where it moved meanwhile.

    Raises CommitContentionError where every attempt met a concurrent commit.
    """
    for attempt in range(1, _ATTEMPTS + 1):
        if attempt > 1:
            time.sleep(random.uniform(0, min(_LONGEST_WAIT, 0.05 * 2 ** (attempt - 1))))  # noqa: S311
        refresh(table)
        try:
            return commit()
        except (CommitFailedException, MissingFileError, FileNotFoundError) as error:
            # The table moved, or its parent's files were expired, since it was loaded.
            logger.info("%s, attempt %d: %s", name, attempt, error)
        except (ValueError, TypeError, KeyError, EOFError, struct.error):
            # Perhaps a file of metadata that does not decode; once it is whole again this process reads it.
            forget_cached_files()
            raise
    raise CommitContentionError


def manifest_work(table: Table, snapshot_id: int) -> ManifestWork:
    """Where the manifests of a snapshot to come are written."""
    location = load_location_provider(
        table.metadata.location, table.metadata.properties
    ).new_metadata_location
    return ManifestWork(table.metadata, table.io, snapshot_id, location)


def commit_snapshot(
    table: Table,
    work: ManifestWork,
    operation: Operation,
    manifests: Sequence[ManifestFile],
    *,
    added: Sequence[DataFile],
    removed: Sequence[DataFile] = (),
    properties: Mapping[str, str],
    protect: Collection[UUID] = (),
    clock: Clock = own_clock,
) -> None:
    """Make `manifests` the table's newest snapshot, provided it still stands as `table` was loaded.

    Two writes to the store, then the catalog's compare-and-set, which writes the table metadata. Raises
    CommitFailedException where the table moved; any other exception leaves the outcome unknown.
    """
    metadata = table.metadata
    parent = metadata.current_snapshot()
    parent_id = parent.snapshot_id if parent else None
    location = work.new_location(f"snap-{work.snapshot_id}-0-{uuid.uuid4()}.avro")
    sequence_number = metadata.next_sequence_number()
    with write_manifest_list(
        format_version=metadata.format_version,
        output_file=table.io.new_output(location),
        snapshot_id=work.snapshot_id,
        parent_snapshot_id=parent_id,
        sequence_number=sequence_number,
        avro_compression="deflate",
    ) as writer:
        writer.add_manifests(list(manifests))
    snapshot = Snapshot(
        snapshot_id=work.snapshot_id,
        parent_snapshot_id=parent_id,
        sequence_number=sequence_number,
        timestamp_ms=next_time(metadata, clock),
        manifest_list=location,
        summary=_summary(metadata, operation, added, removed, properties),
        schema_id=metadata.current_schema_id,
    )
    updates: list[TableUpdate] = [
        AddSnapshotUpdate(snapshot=snapshot),
        SetSnapshotRefUpdate(
            snapshot_id=work.snapshot_id,
            parent_snapshot_id=parent_id,
            ref_name=MAIN_BRANCH,
            type=SnapshotRefType.BRANCH,
            max_ref_age_ms=None,
            max_snapshot_age_ms=None,
            min_snapshots_to_keep=None,
        ),
    ]
    if expired := expirable(metadata, RETAINED_SNAPSHOTS - 1, protect, _EXPIRY_SLACK):
        updates.append(RemoveSnapshotsUpdate(snapshot_ids=sorted(expired)))
    response = table.catalog.commit_table(
        table,
        (
            AssertTableUUID(uuid=metadata.table_uuid),
            AssertRefSnapshotId(ref=MAIN_BRANCH, snapshot_id=parent_id),
        ),
        tuple(updates),
    )
    _adopt(table, response)


def commit_updates(table: Table, updates: tuple[TableUpdate, ...]) -> None:
    """Commit changes of metadata alone, under the same condition as `commit_snapshot`."""
    current = table.metadata.current_snapshot()
    head = AssertRefSnapshotId(ref=MAIN_BRANCH, snapshot_id=current.snapshot_id if current else None)
    response = table.catalog.commit_table(
        table, (AssertTableUUID(uuid=table.metadata.table_uuid), head), updates
    )
    _adopt(table, response)


def _summary(
    metadata: TableMetadata,
    operation: Operation,
    added: Sequence[DataFile],
    removed: Sequence[DataFile],
    properties: Mapping[str, str],
) -> Summary:
    collector = SnapshotSummaryCollector()
    specs, schema = metadata.specs(), metadata.schema()
    for file in added:
        collector.add_file(file, schema, specs[file.spec_id])
    for file in removed:
        collector.remove_file(file, schema, specs[file.spec_id])
    parent = metadata.current_snapshot()
    # pyiceberg totals an overwrite but not a replace; the arithmetic is the same.
    totalled = update_snapshot_summaries(
        Summary(Operation.OVERWRITE, **collector.build()), parent.summary if parent else None
    )
    return Summary(operation, **totalled.additional_properties, **properties)


def _adopt(table: Table, response: CommitTableResponse) -> None:
    """Let `table` stand for what was just committed, and clear away metadata that fell out of its log.

    Superseded metadata files are deleted some at a time; what a process still had gathered when it died
    is orphan removal's to find.
    """
    before = {entry.metadata_file for entry in table.metadata.metadata_log}
    after = {entry.metadata_file for entry in response.metadata.metadata_log}
    table.metadata, table.metadata_location = response.metadata, response.metadata_location
    with _superseded_lock:
        _superseded.extend(before - after)
        due = list(_superseded) if len(_superseded) >= _DELETE_TOGETHER else []
        del _superseded[: len(due)]
    if due:
        store_of(table.io, due[0]).delete(due)
