"""Keyset pages over things ordered by a UUIDv7, newest first.

An id carries its creation time, so it is the whole key: no offset, no page that shifts while rows come in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

T = TypeVar("T")
Direction = Literal["next", "prev"]
Key = UUID | tuple[int | str, ...]
"""What a page begins behind: an id, or the values by which the listing is ordered."""

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class PageRequest:
    """Ask for `limit` items after (`next`) or before (`prev`) the item `key`; no key is the first page."""

    limit: int = DEFAULT_LIMIT
    key: Key | None = None
    direction: Direction = "next"

    @property
    def backwards(self) -> bool:
        return self.direction == "prev"

    @property
    def fetch(self) -> int:
        """How many rows to fetch: one more than the page, to know whether there is another."""
        return self.limit + 1


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some items, and the keys from which the neighbouring pages begin; None where there is no such page."""

    items: list[T]
    next_key: Key | None
    prev_key: Key | None


def page_within(items: Iterable[T], request: PageRequest, key: Callable[[T], Key]) -> Page[T]:
    """The page of a list that is small enough to be read whole; it is in the order of its keys, which are of one kind."""
    ordered = sorted(items, key=key, reverse=request.backwards)
    if request.key is not None:
        edge: Any = request.key
        ordered = [item for item in ordered if (key(item) < edge if request.backwards else key(item) > edge)]
    return page(ordered[: request.fetch], request, key)


def page(rows: list[T], request: PageRequest, key: Callable[[T], Key]) -> Page[T]:
    """The page made of `rows`: at most `request.fetch` of them, in the order in which they were fetched."""
    more = len(rows) > request.limit
    items = rows[: request.limit]
    if request.backwards:
        items.reverse()
        has_next, has_prev = True, more
    else:
        has_next, has_prev = more, request.key is not None
    return Page(
        items,
        key(items[-1]) if items and has_next else None,
        key(items[0]) if items and has_prev else None,
    )
