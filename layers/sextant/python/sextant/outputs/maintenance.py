"""Keeps the lake's tables small: compaction, expired snapshots, files that nothing refers to any more."""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from pyiceberg.table import Table

from sextant.errors import UnavailableError
from sextant.lake.errors import CommitContentionError, UnreadableFile, UnreadableFileError
from sextant.lake.table.catalog import refresh
from sextant.lake.write import maintenance
from sextant.lake.write.compaction import CompactionPolicy, compact
from sextant.lake.write.maintenance import expire_snapshots, remove_orphans
from sextant.lake.write.times import Clock, clock_of, disorder
from sextant.outputs import repository
from sextant.outputs.leftovers import clear_beside
from sextant.outputs.object_check import check_objects
from sextant.storage import ALL_TENANTS, PlatformDatabase, database_time

STEPS = ("compact", "expire", "times", "clear", "beside", "objects")
_OF_THE_WAREHOUSE = frozenset({"beside"})
"""Steps that are of no one table."""

SAMPLE = 100
"""How many files each run compares with the bucket."""

logger = logging.getLogger("sextant.outputs")


class DisorderedTimesError(Exception):
    """The times in the table run backwards, for which other engines refuse it."""


class MaintenanceFailedError(UnavailableError):
    """Some steps of the table's maintenance failed; the others were done."""

    code, title = "maintenance_failed", "Maintenance failed"


def maintain_all(
    table: Callable[[], Table],
    hourly_table: Callable[[], Table],
    database: PlatformDatabase,
    report: Callable[[Iterable[UnreadableFile]], object],
    steps: Collection[str] = STEPS,
) -> dict[str, Any]:
    """`maintain` both tables; what was done to the hourly one stands under `hourly`, and what failed of it with that name before.

    A table that cannot be loaded fails with the step `load`, and the other is maintained.
    """
    done = _maintain_loaded(table, database, report, steps)
    hourly = _maintain_loaded(hourly_table, database, report, set(steps) - _OF_THE_WAREHOUSE)
    failed = {f"hourly {step}": why for step, why in hourly.pop("failed", {}).items()}
    if failed:
        done["failed"] = {**done.get("failed", {}), **failed}
    return {**done, "hourly": hourly}


def _maintain_loaded(
    load: Callable[[], Table],
    database: PlatformDatabase,
    report: Callable[[Iterable[UnreadableFile]], object],
    steps: Collection[str],
) -> dict[str, Any]:
    try:
        table = load()
    except UnreadableFileError as error:
        logger.exception("a table cannot be loaded", extra={"location": error.file.location})
        report([error.file])
        return {"failed": {"load": f"{type(error).__name__}: {error}"}}
    return maintain(table, database, report, steps)


def maintain(
    table: Table,
    database: PlatformDatabase,
    report: Callable[[Iterable[UnreadableFile]], object],
    steps: Collection[str] = STEPS,
    policy: CompactionPolicy | None = None,
) -> dict[str, Any]:
    """Carry out `steps` on a table; what each did. Killed anywhere, the next call goes on.

    The steps stand alone: one that fails stands under `failed`, and the next is carried out. Files that cannot be
    read go to `report`.
    """
    with database.autocommit(ALL_TENANTS) as session:
        # Their ids must stay findable in the table's history, and their files where they are.
        open_batches = repository.open_batches(session)
        waiting = repository.waiting_locations(session)
        now = database_time(session)
        clock = clock_of(now)

    def compaction() -> object:
        try:
            done = compact(table, policy or CompactionPolicy(), protect=open_batches, clock=clock)
        except CommitContentionError:
            # Nothing was changed; the committer goes first, and the next call tries again.
            return "the table moved under every attempt"
        report(done.left_out)
        return asdict(done)

    work: dict[str, tuple[str, Callable[[], object]]] = {
        "compact": ("compaction", compaction),
        "expire": ("expired", lambda: expire_snapshots(table, protect=open_batches, clock=clock)),
        "times": ("times", lambda: _ordered_times(table, clock)),
        "clear": ("orphans", lambda: asdict(remove_orphans(table, waiting=waiting, now=now))),
    }

    def objects() -> object:
        checked = check_objects(table, database, SAMPLE)
        report(checked.damaged)
        return {"checked": checked.checked, "damaged": len(checked.damaged)}

    work["objects"] = ("objects", objects)
    work["beside"] = ("beside", lambda: _beside(table, database, clock))
    done: dict[str, Any] = {}
    failed: dict[str, str] = {}
    for step, (name, carry_out) in work.items():
        if step not in steps:
            continue
        try:
            done[name] = carry_out()
        except (
            Exception
        ) as error:  # the boundary of a step: it is logged and told, and the next one is carried out
            logger.exception("a step of the table's maintenance failed", extra={"step": step})
            failed[step] = f"{type(error).__name__}: {error}"
            if isinstance(error, UnreadableFileError):
                report([error.file])
    if failed:
        done["failed"] = failed
    return done


def sort_times(table: Table, database: PlatformDatabase) -> list[str]:
    """Put the table's times in order, after a wrong clock wrote to it; what was wrong. Calling again is safe."""
    with database.autocommit(ALL_TENANTS) as session:
        clock = clock_of(database_time(session))
    return maintenance.sort_times(table, clock)


def _beside(table: Table, database: PlatformDatabase, clock: Clock) -> dict[str, Any]:
    done = clear_beside(table, database, datetime.fromtimestamp(clock() / 1000, UTC))
    if done.get("unowned", {}).get("count"):
        logger.error("objects in the warehouse that nothing removes", extra=done["unowned"])
    return done


def _ordered_times(table: Table, clock: Clock) -> str:
    refresh(table)
    wrong = disorder(table.metadata, clock)
    if wrong:
        raise DisorderedTimesError(f"{'; '.join(wrong)}: repair it with {{'repair': 'times'}}")
    return "in order"
