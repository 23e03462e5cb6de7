"""Keeps the lake's table small: compaction, expired snapshots, files that nothing refers to any more."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import asdict
from typing import Any

from pyiceberg.table import Table

from sextant.lake.errors import CommitContentionError
from sextant.lake.write.compaction import compact
from sextant.lake.write.maintenance import expire_snapshots, remove_orphans
from sextant.outputs import repository
from sextant.storage import ALL_TENANTS, PlatformDatabase

STEPS = ("compact", "expire", "clear")


def maintain(table: Table, database: PlatformDatabase, steps: Collection[str] = STEPS) -> dict[str, Any]:
    """Carry out `steps`; what each did. Killed anywhere, the next call goes on."""
    with database.autocommit(ALL_TENANTS) as session:
        # Their ids must stay findable in the table's history, and their files where they are.
        open_batches = repository.open_batches(session)
        waiting = repository.waiting_locations(session)
        now = repository.now(session)
    done: dict[str, Any] = {}
    if "compact" in steps:
        try:
            done["compaction"] = asdict(compact(table, protect=open_batches))
        except CommitContentionError:
            # Nothing was changed; the committer goes first, and the next call tries again.
            done["compaction"] = "the table moved under every attempt"
    if "expire" in steps:
        done["expired"] = expire_snapshots(table, protect=open_batches)
    if "clear" in steps:
        done["orphans"] = asdict(remove_orphans(table, waiting=waiting, now=now))
    return done
