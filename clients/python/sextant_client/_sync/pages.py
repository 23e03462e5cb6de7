# Made from ../_async/pages.py by `python -m tools.docs client`: do not edit.
"""Lists as iterators: a page is read when it is needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

_PAGE = 100


def items(read: Callable[..., Any], *path: Any, **filters: Any) -> Iterator[Any]:
    """Every item of a list, page by page. A cursor keeps to what there was when the first page was read."""
    filters.setdefault("limit", _PAGE)
    cursor = None
    while True:
        page = read(*path, cursor=cursor, **filters)
        for item in page.data:
            yield item
        cursor = page.meta.next_cursor
        if cursor is None:
            return
