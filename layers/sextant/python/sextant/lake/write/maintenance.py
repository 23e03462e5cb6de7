"""Keeping the table small: expired snapshots out of its metadata, unreferenced files off the store."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from pyiceberg.table import Table
from pyiceberg.table.update import RemoveSnapshotsUpdate

from sextant.lake.objects.file_io import store_of
from sextant.lake.read.plan import data_manifests, files_of
from sextant.lake.table.catalog import refresh
from sextant.lake.table.iceberg import RETAINED_SNAPSHOTS
from sextant.lake.write.snapshot import commit_updates, expirable, retried
from sextant.lake.write.times import Clock, disorder, last_updated, next_time, own_clock, sorted_times

SAFE_AGE: Final = timedelta(days=3)
LEAST_AGE: Final = timedelta(hours=1)


@dataclass(frozen=True)
class Orphans:
    """What orphan removal found: files looked at, and those it deleted with their bytes."""

    files_seen: int
    files_deleted: int
    bytes_deleted: int


def expire_snapshots(
    table: Table,
    *,
    protect: Collection[UUID],
    keep: int = RETAINED_SNAPSHOTS,
    clock: Clock = own_clock,
) -> int:
    """Forget all but the newest `keep` snapshots, and none at or after the commit of a batch in `protect`;
    how many were forgotten.

    `protect` names the batches whose commit the database has not yet seen finished: their ids must stay
    findable. The files only they used become orphans. Raises CommitContentionError where the table moved
    under every attempt.
    """

    def expire() -> int:
        expired = expirable(table.metadata, keep, protect)
        if expired:
            at = last_updated(next_time(table.metadata, clock))
            commit_updates(table, (RemoveSnapshotsUpdate(snapshot_ids=sorted(expired)), at))
        return len(expired)

    return retried(table, "expiry of snapshots", expire)


def sort_times(table: Table, clock: Clock = own_clock) -> list[str]:
    """Put the times of a table in order that a wrong clock wrote to; what was wrong, empty where nothing was.

    Snapshots keep their ids, their order and their files; a time that lies after its successor's becomes that.
    """

    def sort() -> list[str]:
        wrong = disorder(table.metadata, clock)
        if wrong:
            commit_updates(table, (sorted_times(table, clock),))
        return wrong

    return retried(table, "repair of times", sort)


def remove_orphans(
    table: Table,
    *,
    waiting: Collection[str],
    now: datetime,
    older_than: timedelta = SAFE_AGE,
) -> Orphans:
    """Delete files under the table's location that no retained snapshot refers to.

    `now` is the database's time: this machine's clock may be ahead, and would make young files old. `waiting` are the locations of data files that are described but not yet committed; read them before
    calling. Younger files are left alone, whatever they are: a worker or a committer may be about to
    refer to them. Raises ValueError for an age below an hour, which could delete such a file.
    """
    if older_than < LEAST_AGE:
        raise ValueError(f"orphans must be at least {LEAST_AGE} old")
    horizon = now - older_than
    store = store_of(table.io, table.metadata.location)
    # Listing before loading: whatever is committed by the time the table is loaded counts as referred to.
    seen = list(store.list(f"{table.metadata.location}/"))
    refresh(table)
    referred = _referred(table) | set(waiting)
    orphans = [item for item in seen if item.location not in referred and item.last_modified < horizon]
    store.delete([item.location for item in orphans])
    return Orphans(len(seen), len(orphans), sum(item.size for item in orphans))


def _referred(table: Table) -> set[str]:
    """Every file that the table's metadata, or any snapshot in it, refers to."""
    metadata = table.metadata
    referred = {table.metadata_location, *(entry.metadata_file for entry in metadata.metadata_log)}
    referred |= {statistics.statistics_path for statistics in metadata.statistics}
    manifests = {}
    for snapshot in metadata.snapshots:
        referred.add(snapshot.manifest_list)
        manifests.update({m.manifest_path: m for m in data_manifests(snapshot, table.io)})
        referred |= {manifest.manifest_path for manifest in snapshot.manifests(table.io)}
    referred |= set(manifests)
    referred |= {file.location for file in files_of(tuple(manifests.values()), metadata, table.io)}
    return referred
