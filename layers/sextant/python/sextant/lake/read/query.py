"""The query and the result of a reading: filter, place in the order, row, page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from functools import cached_property
from operator import attrgetter
from typing import Any, Final, Literal, NamedTuple, Protocol
from uuid import UUID

from sextant.lake.errors import InvalidCursorError
from sextant.lake.table.columns import canonical_tags


class Condition(NamedTuple):
    """What a filter demands of one column: the value of the row stands so to `value`, or is among them."""

    column: str
    operator: Literal["=", "IN", ">=", "<="]
    value: Any


def _demands(column: str, operator: str) -> dict[str, str]:
    return {"column": column, "operator": operator}


@dataclass(frozen=True)
class OutputFilter:
    """Which rows of a scenario to read; everything given must hold.

    `start` and `end` are inclusive, as are `min_value` and `max_value` (rows without a value match
    neither). Of `tags` each pair must be among the row's. No `run_ids` means every run.
    """

    metric: str | None = field(default=None, metadata=_demands("metric", "="))
    run_ids: frozenset[UUID] = field(default=frozenset(), metadata=_demands("run_id", "IN"))
    start: date | None = field(default=None, metadata=_demands("asof_date", ">="))
    end: date | None = field(default=None, metadata=_demands("asof_date", "<="))
    min_value: float | None = field(default=None, metadata=_demands("value", ">="))
    max_value: float | None = field(default=None, metadata=_demands("value", "<="))
    tags: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def conditions(self) -> tuple[Condition, ...]:
        """All that is demanded but the tags. Pruning, the scan and Athena's statement are made from these."""
        return tuple(
            Condition(
                part.metadata["column"],
                part.metadata["operator"],
                frozenset(map(str, value)) if isinstance(value, frozenset) else value,
            )
            for part in fields(self)
            if part.metadata and (value := getattr(self, part.name)) != part.default
        )

    def spelled(self) -> str:
        """The filter as a text that is the same however its sets and mappings are ordered."""
        ordered = {"run_ids": sorted(map(str, self.run_ids)), "tags": sorted(self.tags.items())}
        return repr(tuple(ordered.get(part.name, getattr(self, part.name)) for part in fields(self)))


EVERYTHING: Final = OutputFilter()
LAST_HOUR: Final = 2**31 - 1


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


_BOUNDS: Final[Mapping[str, Callable[[Bounds], tuple[Any, Any]]]] = {
    "run_id": attrgetter("run"),
    "metric": attrgetter("metric"),
    "asof_date": attrgetter("asof"),
    "value": attrgetter("value"),
}


def may_match(bounds: Bounds, where: OutputFilter) -> bool:
    """Whether a row within these bounds could pass the filter."""
    return all(_may_hold(bounds, condition) for condition in where.conditions)


def _may_hold(bounds: Bounds, condition: Condition) -> bool:
    column, operator, value = condition
    least, greatest = _BOUNDS[column](bounds)
    match operator:
        case ">=":
            return bool(value <= greatest)
        case "<=":
            return bool(value >= least)
        case "=":
            return bool(least <= value <= greatest)
        case "IN":
            return any(least <= one <= greatest for one in value)


class PageKey(NamedTuple):
    """The place of a row in a scenario's total order; pages begin after one or end before one."""

    metric: str
    asof_date: date
    run_id: str
    tags: str
    hour: int = 0
    """0 of a row that is of no single hour."""

    def to_json(self) -> list[str | int]:
        """The key as JSON's own types, for a cursor."""
        place: list[str | int] = [self.metric, self.asof_date.isoformat(), self.run_id, self.tags]
        return [*place, self.hour] if self.hour else place

    @classmethod
    def from_json(cls, document: object) -> PageKey:
        """The key that `to_json` made. Raises InvalidCursorError for anything else."""
        match document:
            case [str(metric), str(asof), str(run_id), str(tags)]:
                hour = 0
            case [str(metric), str(asof), str(run_id), str(tags), int(hour)] if 0 < hour <= LAST_HOUR:
                pass
            case _:
                raise InvalidCursorError
        try:
            return cls(metric, date.fromisoformat(asof), run_id, tags, hour)
        except ValueError as error:
            raise InvalidCursorError from error


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
    hour: int | None = None
    """Which of the year's hours, from 1; None of a row that is of no single one."""
    weight: float | None = None
    """Hours of the year that it stands for."""

    @property
    def key(self) -> PageKey:
        """The row's place in its scenario's order."""
        tags = canonical_tags(self.tags.items())
        return PageKey(self.metric, self.asof_date, self.run_id, tags, self.hour or 0)


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
