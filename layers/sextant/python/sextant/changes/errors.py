"""What can be wrong about a cursor of changes."""

from __future__ import annotations

from sextant.errors import BadRequestError, SextantError


class ChangesExpiredError(SextantError):
    """The changes since this cursor are no longer kept: read what you show anew, and begin without a cursor."""

    code, status, title = "changes_expired", 410, "Changes expired"


class InvalidChangesCursorError(BadRequestError):
    """The cursor is not one of the changes."""

    code, title = "invalid_cursor", "Invalid cursor"
