"""The query and the result of a reading: filter, place in the order, row, page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final, NamedTuple, Protocol
from uuid import UUID

from sextant.lake.errors import InvalidCursorError
from sextant.lake.table.columns import canonical_tags


@dataclass(frozen=True)
class OutputFilter:
    """Which rows of a scenario to read; everything given must hold.

    `start` and `end` are inclusive, as are `min_value` and `max_value` (rows without a value match
    neither). Of `tags` each pair must be among the row's. No `run_ids` means every run.
    """

    metric: str | None = None
    run_ids: frozenset[UUID] = frozenset()
    start: date | None = None
    end: date | None = None
    min_value: float | None = None
    max_value: float | None = None
    tags: Mapping[str, str] = field(default_factory=dict)

    def spelled(self) -> str:
        """The filter as a text that is the same however its sets and mappings are ordered."""
        ordered = {"run_ids": sorted(map(str, self.run_ids)), "tags": sorted(self.tags.items())}
        return repr(tuple({**vars(self), **ordered}.values()))


EVERYTHING: Final = OutputFilter()


class Bounds(Protocol):
    """The least and greatest value of the columns a filter looks at, over some rows."""

    @property
    def run(self) -> tuple[str, str]: ...
    @property
    def metric(self) -> tuple[str, str]: ...
    @property
    def asof(self) -> tuple[date, date]: ...
    @property
    def value(self) -> tuple[float, float]: ...


def may_match(bounds: Bounds, where: OutputFilter) -> bool:
    """Whether a row within these bounds could pass the filter."""
    return (
        (where.metric is None or bounds.metric[0] <= where.metric <= bounds.metric[1])
        and (not where.run_ids or any(bounds.run[0] <= str(run) <= bounds.run[1] for run in where.run_ids))
        and (where.start is None or where.start <= bounds.asof[1])
        and (where.end is None or where.end >= bounds.asof[0])
        and (where.min_value is None or where.min_value <= bounds.value[1])
        and (where.max_value is None or where.max_value >= bounds.value[0])
    )


class PageKey(NamedTuple):
    """The place of a row in a scenario's total order; pages begin after one or end before one."""

    metric: str
    asof_date: date
    run_id: str
    tags: str

    def to_json(self) -> list[str]:
        """The key as JSON's own types, for a cursor."""
        return [self.metric, self.asof_date.isoformat(), self.run_id, self.tags]

    @classmethod
    def from_json(cls, document: object) -> PageKey:
        """The key that `to_json` made. Raises InvalidCursorError for anything else."""
        match document:
            case [str(metric), str(asof), str(run_id), str(tags)]:
                try:
                    return cls(metric, date.fromisoformat(asof), run_id, tags)
                except ValueError as error:
                    raise InvalidCursorError from error
        raise InvalidCursorError


@dataclass(frozen=True, slots=True)
class OutputRow:
    """One row of the table as a reader sees it."""

    metric: str
    asof_date: date
    tags: Mapping[str, str]
    run_id: str
    scenario_id: str
    value: float | None
    unit: str
    band_lower: float | None
    band_upper: float | None
    attribution: str | None
    version_hash: str
    computed_ts: datetime

    @property
    def key(self) -> PageKey:
        """The row's place in its scenario's order."""
        return PageKey(self.metric, self.asof_date, self.run_id, canonical_tags(self.tags.items()))


@dataclass(frozen=True)
class Page:
    """Rows in order, the snapshot they were read from (None for an empty table), and where to go on.

    `next` is given to `after`, `previous` to `before`, together with the same snapshot id; each is None
    where there is nothing further that way.
    """

    rows: tuple[OutputRow, ...]
    snapshot_id: int | None
    next: PageKey | None
    previous: PageKey | None
