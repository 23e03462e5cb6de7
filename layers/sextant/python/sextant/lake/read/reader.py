"""Reading a scenario's outputs: pages in a total order, from one snapshot, by as few reads as answer it.

The order is (metric, asof_date, run_id, tags) within a scenario. Every page is read from the snapshot
the first one pinned, so what is committed meanwhile neither shifts nor doubles a row.

A page takes the files of the scenario in the order of the least key each can hold, some at a time; once a page's worth
of rows is at hand that all come before the next file's, the rest is never fetched.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from operator import attrgetter
from typing import Any, Final

from pyiceberg.io import FileIO
from pyiceberg.table import Table

from sextant.lake.read.engine import engine
from sextant.lake.read.plan import PlannedFile, pinned_snapshot, scenario_files
from sextant.lake.read.query import LAST_HOUR, OutputFilter, OutputRow, Page, PageKey, may_match
from sextant.lake.read.sql import SOURCE, beyond, matching
from sextant.lake.table.catalog import definition_of

_LAST_TEXT: Final = "\U0010ffff"
_FILES_AT_FIRST: Final = 16
_FILES_MORE: Final = 4  # times as many with each further attempt
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_COLUMNS: Final = (
    "epoch_us(computed_ts), metric, asof_date, tags, run_id, scenario_id, value, unit, band_lower, band_upper, attribution, "
    "version_hash"
)
_ORDER: Final = ("metric", "asof_date", "run_id", "tags")


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
    by_hour = definition_of(table).by_hour
    search = _Search(table.io, tenant_id, scenario_id, where, limit + 1, after, before, by_hour)
    rows = search.run(files)
    more = len(rows) > limit
    rows = rows[:limit]
    if before is not None:
        rows.reverse()
    first, last = (rows[0].key, rows[-1].key) if rows else (None, None)
    read = snapshot.snapshot_id if snapshot else None
    if before is not None:
        return Page(tuple(rows), read, next=last, previous=first if more else None)
    return Page(tuple(rows), read, next=last if more else None, previous=first if after is not None else None)


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
    by_hour: bool

    @property
    def backwards(self) -> bool:
        return self.before is not None

    def run(self, files: Sequence[PlannedFile]) -> list[OutputRow]:
        """The matching rows nearest to the edge, nearest first."""
        waiting = sorted(
            (file for file in files if self._may_match(file)), key=self._nearest_key, reverse=self.backwards
        )
        best: list[OutputRow] = []
        together = _FILES_AT_FIRST
        while waiting and not (len(best) == self.count and self._lies_beyond(waiting[0], best[-1].key)):
            farthest = best[-1].key if len(best) == self.count else None
            rows = self._nearest(waiting[:together], farthest)
            merged = heapq.merge(best, rows, key=attrgetter("key"), reverse=self.backwards)
            best = list(islice(merged, self.count))
            waiting = waiting[together:]
            together *= _FILES_MORE
        return best

    def _nearest(self, files: Sequence[PlannedFile], farthest: PageKey | None) -> list[OutputRow]:
        """The files' rows that stand between the edge and `farthest`, nearest first."""
        condition, values = matching(self.tenant_id, self.scenario_id, self.where)
        edges = (self.before, farthest) if self.backwards else (farthest, self.after)
        for name, edge, backwards in (("until", edges[0], True), ("since", edges[1], False)):
            if edge is not None:
                further, bound = beyond(edge, name, backwards=backwards, metric=self.where.metric)
                condition += f" AND {further}"
                values |= bound
        down = " DESC" if self.backwards else ""
        names = (*_ORDER, "hour") if self.by_hour else _ORDER
        order = ", ".join(f"{name}{down}" for name in names)
        columns = f"{_COLUMNS}, hour, weight" if self.by_hour else _COLUMNS
        # No caller's text is in it: names are ours, values are bound.
        statement = f"SELECT {columns} FROM {SOURCE} WHERE {condition} ORDER BY {order} LIMIT {self.count}"  # noqa: S608
        return [_row(row) for row in engine().rows(self.io, files, statement, values)]

    def _may_match(self, file: PlannedFile) -> bool:
        """Whether the file may hold rows that match, and lie beyond the edge."""
        if not may_match(file, self.where):
            return False
        if self.after is not None:
            return self._key(file, greatest=True) >= self.after
        if self.before is not None:
            return self._key(file, greatest=False) <= self.before
        return True

    def _lies_beyond(self, file: PlannedFile, key: PageKey) -> bool:
        nearest = self._nearest_key(file)
        return nearest < key if self.backwards else nearest > key

    def _nearest_key(self, file: PlannedFile) -> PageKey:
        """No matching row of the file is nearer to the edge than this key."""
        return self._key(file, greatest=self.backwards)

    def _key(self, file: PlannedFile, *, greatest: bool) -> PageKey:
        side = 1 if greatest else 0
        metric = self.where.metric if self.where.metric is not None else file.metric[side]
        if greatest:
            asof = min(file.asof[1], self.where.end or date.max)
        else:
            asof = max(file.asof[0], self.where.start or date.min)
        return PageKey(
            metric, asof, file.run[side], _LAST_TEXT if greatest else "", LAST_HOUR if greatest else 0
        )


def _row(row: tuple[Any, ...]) -> OutputRow:
    computed, values, hour = _EPOCH + timedelta(microseconds=row[0]), row[1:12], row[12:]
    return OutputRow(*values, computed, *hour)  # type: ignore[call-arg]
