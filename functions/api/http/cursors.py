"""Opaque cursors, bound to the filters of the listing that gave them."""

from __future__ import annotations

import base64
import hashlib
import json
from uuid import UUID

from sextant.errors import BadRequestError, FieldError
from sextant.paging import Direction, Page, PageRequest


def encode(key: UUID | None, direction: Direction, scope: str) -> str | None:
    """A cursor for the page that begins at `key`; `scope` is the listing with its filters."""
    if key is None:
        return None
    document = json.dumps({"k": key.hex, "d": direction, "s": _digest(scope)}, separators=(",", ":"))
    return base64.urlsafe_b64encode(document.encode()).decode().rstrip("=")


def decode(cursor: str | None, limit: int, scope: str) -> PageRequest:
    """The page that `cursor` stands for; raises `BadRequestError` for one of another listing or filter."""
    if cursor is None:
        return PageRequest(limit)
    try:
        document = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        key, direction, digest = UUID(hex=document["k"]), document["d"], document["s"]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _invalid("the cursor is not one that this service gave") from error
    if direction not in ("next", "prev"):
        raise _invalid("the cursor is not one that this service gave")
    if digest != _digest(scope):
        raise _invalid("the cursor belongs to a listing with other filters")
    return PageRequest(limit, key, direction)


def neighbours(page: Page[object], scope: str) -> dict[str, str]:
    """The `next_cursor` and `prev_cursor` of a page, each only where there is such a page."""
    cursors = {
        "next_cursor": encode(page.next_key, "next", scope),
        "prev_cursor": encode(page.prev_key, "prev", scope),
    }
    return {name: cursor for name, cursor in cursors.items() if cursor is not None}


def _digest(scope: str) -> str:
    return hashlib.sha256(scope.encode()).hexdigest()[:12]


def _invalid(message: str) -> BadRequestError:
    return BadRequestError(
        f"{message[0].upper()}{message[1:]}.", errors=[FieldError("cursor", "cursor", message)]
    )
