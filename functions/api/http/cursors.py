"""Opaque cursors, bound to the filters of the listing that gave them."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from typing import Any, TypeVar
from uuid import UUID

from sextant.errors import BadRequestError, FieldError
from sextant.paging import Direction, Key, Page, PageRequest

Place = TypeVar("Place")


class CursorError(ValueError):
    """The text is no cursor of ours."""


class OtherCursorError(CursorError):
    """The cursor is one of another listing, or of other filters."""


def pack(document: dict[str, Any], direction: Direction, scope: str) -> str:
    """The opaque text of a cursor; `scope` is the listing with its filters."""
    text = json.dumps(
        {**document, "d": direction, "s": _digest(scope)}, separators=(",", ":"), ensure_ascii=False
    )
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def unpack(cursor: str, scope: str, read: Callable[[dict[str, Any]], Place]) -> tuple[Place, Direction]:
    """What `read` finds in the document that was packed, and the direction; raises `CursorError` for any other."""
    try:
        document = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        place, direction, digest = read(document), document["d"], document["s"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise CursorError("the cursor is not one that this service gave") from error
    if direction not in ("next", "prev"):
        raise CursorError("the cursor is not one that this service gave")
    if digest != _digest(scope):
        raise OtherCursorError("the cursor belongs to a listing with other filters")
    return place, direction


def id_of(value: Any) -> Key:
    """The key of a listing that is ordered by ids; raises ValueError or TypeError for what is none."""
    return UUID(hex=value)


def decode(cursor: str | None, limit: int, scope: str, key_of: Callable[[Any], Key] = id_of) -> PageRequest:
    """The page that `cursor` stands for; raises `BadRequestError` for one of another listing or filter.

    `key_of` reads the listing's key, and raises ValueError or TypeError for what is none.
    """
    if cursor is None:
        return PageRequest(limit)
    try:
        key, direction = unpack(cursor, scope, lambda document: key_of(document["k"]))
    except CursorError as error:
        message = str(error)
        raise BadRequestError(
            f"{message[0].upper()}{message[1:]}.", errors=[FieldError("cursor", "cursor", message)]
        ) from error
    return PageRequest(limit, key, direction)


def neighbours(page: Page[object], scope: str) -> dict[str, str]:
    """The `next_cursor` and `prev_cursor` of a page, each only where there is such a page."""
    cursors = {}
    if page.next_key is not None:
        cursors["next_cursor"] = pack({"k": _packed(page.next_key)}, "next", scope)
    if page.prev_key is not None:
        cursors["prev_cursor"] = pack({"k": _packed(page.prev_key)}, "prev", scope)
    return cursors


def _packed(key: Key) -> str | list[int | str]:
    return key.hex if isinstance(key, UUID) else list(key)


def _digest(scope: str) -> str:
    return hashlib.sha256(scope.encode()).hexdigest()[:12]
