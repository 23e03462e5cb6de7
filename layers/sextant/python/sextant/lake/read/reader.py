"""Reading a scenario's outputs: pages in a total order, from one snapshot, by as few reads as answer it.

The order is (metric, asof_date, run_id, tags) within a scenario. Every page is read from the snapshot
the first one pinned, so what is committed meanwhile neither shifts nor doubles a row.

A page merges the files of the scenario lazily. Each file, then each row group, waits in a queue under
the least key it can hold; once a page's worth of rows is at hand that all come before the next one's, the
rest is never fetched.
"""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from datetime import date
from functools import cache, total_ordering
from itertools import islice
from operator import attrgetter
from typing import Any, Final

from pyiceberg.io import FileIO
from pyiceberg.table import Table

from sextant.lake.read.group import RowGroup
from sextant.lake.read.parquet import GroupBounds, footer, is_at_hand, owner_to_check, prefetch, read_group
from sextant.lake.read.plan import PlannedFile, pinned_snapshot, scenario_files
from sextant.lake.read.query import OutputFilter, OutputRow, Page, PageKey, may_match
from sextant.lake.read.selection import columns_matched, matching, nearest
from sextant.lake.table.columns import tags_of

_LAST_TEXT: Final = "\U0010ffff"
_FETCH_TOGETHER: Final = 16
_KEY_COLUMNS: Final = ("metric", "asof_date", "run_id", "tags")
# What a row holds besides its key, in the order of `OutputRow`.
_ROW_COLUMNS: Final = tuple(
    field.name for field in fields(OutputRow) if field.name not in (*_KEY_COLUMNS, "scenario_id")
)


def read_page(
    table: Table,
    tenant_id: str,
    scenario_id: str,
    where: OutputFilter,
    *,
    limit: int,
    snapshot_id: int | None = None,
    after: PageKey | None = None,
    before: PageKey | None = None,
) -> Page:
    """At most `limit` rows of a scenario: those after `after`, those before `before`, or the first.

    Reads `snapshot_id`, or the newest snapshot `table` knows. Raises SnapshotExpiredError where that
    snapshot is gone, ValueError for a limit below 1 or both edges at once.
    """
    if limit < 1 or (after is not None and before is not None):
        raise ValueError("a page has a limit of at least 1 and begins at one edge")
    snapshot = pinned_snapshot(table.metadata, snapshot_id)
    files = scenario_files(table.metadata, table.io, snapshot, tenant_id, scenario_id)
    search = _Search(table.io, tenant_id, scenario_id, where, limit + 1, after, before)
    page_rows = search.run(files)
    more = len(page_rows) > limit
    page_rows = page_rows[:limit]
    if before is not None:
        page_rows.reverse()
    rows = _rows(scenario_id, page_rows)
    first, last = (page_rows[0].key, page_rows[-1].key) if page_rows else (None, None)
    if before is not None:
        return Page(
            rows, snapshot.snapshot_id if snapshot else None, next=last, previous=first if more else None
        )
    return Page(
        rows,
        snapshot.snapshot_id if snapshot else None,
        next=last if more else None,
        previous=first if after is not None else None,
    )


@dataclass(frozen=True, slots=True)
class _PageRow:
    """A row of the page: its key, and where in which row group it is."""

    key: PageKey
    group: RowGroup
    row: int


@dataclass(frozen=True)
class _Search:
    """One page's search over the files of a scenario."""

    io: FileIO
    tenant_id: str
    scenario_id: str
    where: OutputFilter
    count: int
    after: PageKey | None
    before: PageKey | None

    def run(self, files: Sequence[PlannedFile]) -> list[_PageRow]:
        """The matching rows nearest to the edge, nearest first."""
        queue = _Queue(self.before is not None)
        for file in files:
            if self._may_match(file):
                queue.push(self._nearest_key(file), file, None)
        best: list[_PageRow] = []
        while queue and not (len(best) == self.count and queue.begins_beyond(best[-1].key)):
            file, group = queue.pop()
            if group is not None:
                farthest = best[-1].key if len(best) == self.count else None
                best = self._merge(best, self._search_group(file, group, farthest))
                continue
            if not is_at_hand(file):
                _fetch(self.io, [file, *queue.files_to_open(_FETCH_TOGETHER - 1)])
            for number, bounds in enumerate(footer(self.io, file).groups):
                if self._may_match(bounds):
                    queue.push(self._nearest_key(bounds), file, number)
        return best

    def _search_group(self, file: PlannedFile, number: int, farthest: PageKey | None) -> list[_PageRow]:
        """The group's rows that stand between the edge and `farthest`."""
        bounds = footer(self.io, file).groups[number]
        owner = owner_to_check(file, bounds, self.tenant_id, self.scenario_id)
        columns = dict.fromkeys([*columns_matched(self.where, owner), *_KEY_COLUMNS, *_ROW_COLUMNS])
        varying = [name for name in columns if name not in bounds.constants]
        group = RowGroup(read_group(self.io, file, number, varying), bounds.constants)
        backwards = self.before is not None
        return [
            _PageRow(key, group, row)
            for key, row in nearest(
                group,
                matching(group, self.where, owner),
                self.count,
                after=farthest if backwards else self.after,
                before=self.before if backwards else farthest,
                backwards=backwards,
            )
        ]

    def _merge(self, best: list[_PageRow], more: list[_PageRow]) -> list[_PageRow]:
        merged = heapq.merge(best, more, key=attrgetter("key"), reverse=self.before is not None)
        return list(islice(merged, self.count))

    def _may_match(self, bounds: PlannedFile | GroupBounds) -> bool:
        """Whether rows within these bounds can match, and lie beyond the edge."""
        where = self.where
        if not bounds.scenario[0] <= self.scenario_id <= bounds.scenario[1]:
            return False
        if not may_match(bounds, where):
            return False
        if self.after is not None:
            return self._key(bounds, greatest=True) >= self.after
        if self.before is not None:
            return self._key(bounds, greatest=False) <= self.before
        return True

    def _nearest_key(self, bounds: PlannedFile | GroupBounds) -> PageKey:
        """No matching row within these bounds is nearer to the edge than this key."""
        return self._key(bounds, greatest=self.before is not None)

    def _key(self, bounds: PlannedFile | GroupBounds, *, greatest: bool) -> PageKey:
        side = 1 if greatest else 0
        metric = self.where.metric if self.where.metric is not None else bounds.metric[side]
        if greatest:
            asof = min(bounds.asof[1], self.where.end or date.max)
        else:
            asof = max(bounds.asof[0], self.where.start or date.min)
        return PageKey(metric, asof, bounds.run[side], _LAST_TEXT if greatest else "")


class _Queue:
    """Files and row groups, nearest first."""

    def __init__(self, backwards: bool) -> None:  # noqa: FBT001
        self._backwards = backwards
        self._items: list[tuple[PageKey | _Descending, int, PlannedFile, int | None]] = []
        self._pushed = 0

    def __bool__(self) -> bool:
        return bool(self._items)

    def push(self, key: PageKey, file: PlannedFile, group: int | None) -> None:
        self._pushed += 1
        heapq.heappush(self._items, (_Descending(key) if self._backwards else key, self._pushed, file, group))

    def pop(self) -> tuple[PlannedFile, int | None]:
        _, _, file, group = heapq.heappop(self._items)
        return file, group

    def begins_beyond(self, key: PageKey) -> bool:
        """Whether nothing waits here that could come before `key`."""
        first = self._items[0][0]
        return first.key < key if isinstance(first, _Descending) else first > key

    def files_to_open(self, count: int) -> list[PlannedFile]:
        """Up to `count` files waiting to be opened, whose order among themselves doesn't matter."""
        waiting = (file for _, _, file, group in self._items if group is None and not is_at_hand(file))
        return list(islice(waiting, count))


@total_ordering
@dataclass(frozen=True, slots=True, eq=True)
class _Descending:
    """A key that a heap gives out greatest first."""

    key: PageKey

    def __lt__(self, other: _Descending) -> bool:
        return other.key < self.key


@cache
def _fetchers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(_FETCH_TOGETHER, thread_name_prefix="lake-fetch")


def _fetch(io: FileIO, files: Sequence[PlannedFile]) -> None:
    if len(files) == 1:
        prefetch(io, files[0])
    else:
        list(_fetchers().map(lambda file: prefetch(io, file), files))


def _rows(scenario_id: str, page_rows: Sequence[_PageRow]) -> tuple[OutputRow, ...]:
    """The whole rows, in the order of `page_rows`."""
    places: dict[int, list[int]] = defaultdict(list)
    for position, one in enumerate(page_rows):
        places[id(one.group)].append(position)
    values: dict[int, tuple[Any, ...]] = {}
    for positions in places.values():
        group = page_rows[positions[0]].group
        of_group = group.rows([page_rows[position].row for position in positions], _ROW_COLUMNS)
        values.update(zip(positions, of_group, strict=True))
    return tuple(
        OutputRow(
            one.key.metric,
            one.key.asof_date,
            tags_of(one.key.tags),
            one.key.run_id,
            scenario_id,
            *values[position],
        )
        for position, one in enumerate(page_rows)
    )
