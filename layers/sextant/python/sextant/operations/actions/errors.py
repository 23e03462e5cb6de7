"""What can be wrong with a request about an action."""

from __future__ import annotations

from sextant.errors import ConflictError, NotFoundError


class ActionNotFoundError(NotFoundError):
    """There is no such action."""

    code, title = "action_not_found", "Action not found"


class NotReversibleError(ConflictError):
    """The action cannot be reversed."""

    code, title = "action_not_reversible", "Action not reversible"
    remedy = "Ask for the opposite action yourself, where there is one."
