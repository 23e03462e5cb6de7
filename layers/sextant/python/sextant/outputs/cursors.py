"""Cursors over outputs: a place in the order, the snapshot it was read from, and the filters it belongs to."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from typing import Literal

from sextant.lake.errors import InvalidCursorError
from sextant.lake.read.query import PageKey


@dataclass(frozen=True, slots=True)
class OutputCursor:
    """Where a page of outputs begins, or (`prev`) ends."""

    key: PageKey
    snapshot_id: int
    direction: Literal["next", "prev"]


def encode(
    key: PageKey | None, snapshot_id: int | None, direction: Literal["next", "prev"], scope: str
) -> str | None:
    """The opaque text of a cursor; None where there is no such page."""
    if key is None or snapshot_id is None:
        return None
    document = {"k": key.to_json(), "n": str(snapshot_id), "d": direction, "s": _digest(scope)}
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(cursor: str, scope: str) -> OutputCursor:
    """The cursor that `encode` made; raises `InvalidCursorError` for any other, or one of other filters."""
    try:
        document = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        key, snapshot, direction, digest = document["k"], int(document["n"]), document["d"], document["s"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InvalidCursorError from error
    if direction not in ("next", "prev"):
        raise InvalidCursorError
    if digest != _digest(scope):
        raise InvalidCursorError("The cursor belongs to a listing with other filters.")
    return OutputCursor(PageKey.from_json(key), snapshot, direction)


def _digest(scope: str) -> str:
    return hashlib.sha256(scope.encode()).hexdigest()[:12]
