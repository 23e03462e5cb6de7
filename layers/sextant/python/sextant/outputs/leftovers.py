"""What lies in the warehouse beside the table: each place has a rule by which its objects go, and what has none is found.

The bucket's lifecycle removes exports and uploads too, on AWS; the rule here holds on every store.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from pyiceberg.table import Table

from sextant.baselines import service as baselines
from sextant.baselines.systems import is_outdated
from sextant.lake.objects.file_io import store_of
from sextant.lake.objects.store import StoredObject
from sextant.lake.table.columns import NAMESPACE, OUTPUTS, TABLES
from sextant.lake.write.maintenance import LEAST_AGE, SAFE_AGE
from sextant.outputs import repository
from sextant.storage import ALL_TENANTS, PlatformDatabase

DAY: Final = timedelta(days=1)
LISTED: Final = 20
_PARTS: Final = f"{OUTPUTS.name}-parts"


@dataclass(frozen=True)
class Cleared:
    """What one rule removed."""

    objects: int = 0
    bytes: int = 0


@dataclass(frozen=True)
class _Rule:
    """From what age the objects of a place may go, and which of them."""

    age: timedelta
    may_go: Callable[[list[StoredObject]], list[StoredObject]]


def clear_beside(table: Table, database: PlatformDatabase, now: datetime) -> dict[str, Any]:
    """Remove what nobody needs any more beside the table: how much, by place, and what has no owner.

    An object without an owner is left alone and told: something writes there that nothing removes.
    """
    root = table.metadata.location.removesuffix(f"{NAMESPACE}/{OUTPUTS.name}")
    if root == table.metadata.location:
        return {"unknown": "the table does not lie in a warehouse of ours"}
    store = store_of(table.io, root)
    tables = tuple(f"{definition.location(root)}/" for definition in TABLES.values())
    rules = {
        f"{root}{NAMESPACE}/{_PARTS}/": _Rule(LEAST_AGE, lambda items: _of_ended_runs(database, items)),
        f"{root}exports/": _Rule(DAY, list),
        f"{root}uploads/": _Rule(DAY, list),
        f"{root}baselines/": _Rule(SAFE_AGE, lambda items: _without_baseline(database, items)),
    }
    old: dict[str, list[StoredObject]] = defaultdict(list)
    unowned: list[str] = []
    for item in store.list(root):
        if item.location.startswith(tables):
            continue  # a table's own: orphan removal's
        place = next((place for place in rules if item.location.startswith(place)), None)
        if place is None or (place.endswith(f"{_PARTS}/") and _parent_of(item) is None):
            unowned.append(item.location)
        elif item.last_modified < now - rules[place].age:
            old[place].append(item)
    done: dict[str, Any] = {}
    for place, rule in rules.items():
        going = rule.may_go(old[place]) if old[place] else []
        store.delete([item.location for item in going])
        done[place.rstrip("/").rpartition("/")[2]] = asdict(
            Cleared(len(going), sum(item.size for item in going))
        )
    return {**done, "unowned": {"count": len(unowned), "first": unowned[:LISTED]}}


def _of_ended_runs(database: PlatformDatabase, items: Iterable[StoredObject]) -> list[StoredObject]:
    """Results of parts whose parent has ended, or is no run: the parent alone reads them, when it merges."""
    by_parent: dict[str | None, list[StoredObject]] = defaultdict(list)
    for item in items:
        by_parent[_parent_of(item)].append(item)
    with database.autocommit(ALL_TENANTS) as session:
        states = repository.run_states(session, [parent for parent in by_parent if parent])
    return [
        item
        for parent, of_parent in by_parent.items()
        if parent is not None and states.get(parent) not in ("QUEUED", "RUNNING")
        for item in of_parent
    ]


def _parent_of(item: StoredObject) -> str | None:
    """The run that is named in `…-parts/<tenant>/<run>/<part>-<token>.npz`."""
    try:
        return str(UUID(item.location.split("/")[-2]))
    except ValueError:
        return None


def _without_baseline(database: PlatformDatabase, items: Iterable[StoredObject]) -> list[StoredObject]:
    """What no baseline refers to, as a process was killed between storing tables and naming them, and forms of an earlier code."""
    with database.autocommit(ALL_TENANTS) as session:
        places = set(baselines.locations(session))
    return [
        item
        for item in items
        if (folder := item.location.rpartition("/")[0]) not in places or is_outdated(item.location, folder)
    ]
