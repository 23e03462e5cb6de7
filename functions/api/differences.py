"""What an answer shows of a difference between two documents."""

from __future__ import annotations

from typing import Any, Literal

from functions.api.http.envelopes import AnswerBody


class DifferenceBody(AnswerBody):
    """A place where the second document differs from the first: `before` is null where something was ADDED, `after`
    where it was REMOVED. Of an item of a list that MOVED both are its places."""

    path: str
    """Where it stands, such as `assumptions[0].payload.target`."""
    change: Literal["ADDED", "REMOVED", "CHANGED", "MOVED"]
    """What became of it."""
    before: Any
    """What stood in the first."""
    after: Any
    """What stands in the second."""
