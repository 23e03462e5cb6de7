"""The times in the table's metadata: none before the one it follows, and none from a machine whose clock is wrong.

Iceberg's Java library refuses a table whose snapshot log or metadata log runs backwards by more than a minute, for ever
(`TableMetadata`: "Expected sorted snapshot log entries"). pyiceberg writes the machine's own time without looking.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final, Literal, TypeVar, cast

from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import MetadataLogEntry
from pyiceberg.table.update import TableUpdate, _apply_table_update
from pyiceberg.typedef import IcebergBaseModel

logger = logging.getLogger(__name__)

Clock = Callable[[], int]
"""The time in milliseconds since 1970, UTC."""

T = TypeVar("T")

_TOLERANCE_MS: Final = 60_000
_WARN_MS: Final = 10_000


def own_clock() -> int:
    """This machine's time."""
    return int(time.time() * 1000)


def clock_of(moment: datetime) -> Clock:
    """A clock that stands at `moment` now. Says so in the log where this machine's differs by more than ten seconds."""
    at, began = int(moment.timestamp() * 1000), time.monotonic()
    ahead = own_clock() - at
    if abs(ahead) > _WARN_MS:
        logger.warning(
            "this machine's clock is wrong by %.1f s; the table gets the database's time", ahead / 1000
        )
    return lambda: at + int((time.monotonic() - began) * 1000)


def next_time(metadata: TableMetadata, clock: Clock) -> int:
    """The time of the table's next version: now, and after every time that stands in it."""
    now = clock()
    latest = max([metadata.last_updated_ms, *(entry.timestamp_ms for entry in metadata.snapshot_log[-1:])])
    if latest - now > _WARN_MS:
        ahead = timedelta(milliseconds=latest - now)
        logger.warning("the table's newest time lies %s in the future; what follows keeps to it", ahead)
    return max(now, latest + 1)


def disorder(metadata: TableMetadata, clock: Clock = own_clock) -> list[str]:
    """What other engines refuse about the table's times, or soon will; empty where there is nothing."""
    wrong = []
    logs: tuple[tuple[str, Sequence[Any]], ...] = (
        ("snapshot log", metadata.snapshot_log),
        ("metadata log", metadata.metadata_log),
    )
    for name, entries in logs:
        times = [entry.timestamp_ms for entry in entries]
        back = max((before - after for before, after in pairwise(times)), default=0)
        if back > _TOLERANCE_MS:
            wrong.append(f"the {name} runs backwards by {back / 1000:.0f} s")
        if times and times[-1] - metadata.last_updated_ms > _TOLERANCE_MS:
            wrong.append(f"the {name} ends after the table's last update")
    ahead = metadata.last_updated_ms - clock()
    if ahead > _TOLERANCE_MS:
        wrong.append(f"the table's last update lies {ahead / 1000:.0f} s in the future")
    return wrong


class SetLastUpdated(IcebergBaseModel):
    """An update that gives the table's new version its time; with snapshots the time is theirs."""

    action: Literal["sextant-set-last-updated"] = "sextant-set-last-updated"
    last_updated_ms: int


class SortTimes(IcebergBaseModel):
    """An update that puts the table's times in order: none after the one that follows it, none in the future."""

    action: Literal["sextant-sort-times"] = "sextant-sort-times"
    now_ms: int
    metadata_location: str


def last_updated(at_ms: int) -> TableUpdate:
    return cast("TableUpdate", SetLastUpdated(last_updated_ms=at_ms))


def sorted_times(table: Table, clock: Clock) -> TableUpdate:
    return cast("TableUpdate", SortTimes(now_ms=clock(), metadata_location=table.metadata_location))


def _set_last_updated(update: SetLastUpdated, base: TableMetadata, _context: Any) -> TableMetadata:
    return base.model_copy(update={"last_updated_ms": update.last_updated_ms})


def _sort_times(update: SortTimes, base: TableMetadata, _context: Any) -> TableMetadata:
    # The context is not told: pyiceberg would then put the old, wrong time of the table into the metadata log.
    superseded = MetadataLogEntry(
        metadata_file=update.metadata_location, timestamp_ms=min(base.last_updated_ms, update.now_ms)
    )
    snapshots = sorted(base.snapshots, key=lambda snapshot: snapshot.sequence_number or 0)
    return base.model_copy(
        update={
            "snapshots": _lowered(snapshots, update.now_ms),
            "snapshot_log": _lowered(base.snapshot_log, update.now_ms),
            "metadata_log": _lowered([*base.metadata_log, superseded], update.now_ms),
            "last_updated_ms": update.now_ms,
        }
    )


def _lowered(entries: Sequence[T], latest: int) -> list[T]:
    """The entries in their order, each no later than the one after it, and the last no later than `latest`."""
    lowered: list[T] = []
    for entry in reversed(entries):
        latest = min(latest, cast("Any", entry).timestamp_ms)
        lowered.append(cast("Any", entry).model_copy(update={"timestamp_ms": latest}))
    return lowered[::-1]


# Both kinds of catalog apply updates by this function in our own process, before they write the metadata.
_apply_table_update.register(cast("Any", SetLastUpdated), _set_last_updated)
_apply_table_update.register(cast("Any", SortTimes), _sort_times)
