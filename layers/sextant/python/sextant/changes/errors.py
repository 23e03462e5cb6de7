"""What can be wrong about a cursor of changes."""

from __future__ import annotations

from sextant.errors import BadRequestError, SextantError


class ChangesExpiredError(SextantError):
    """The changes since this cursor are no longer kept: read what you show anew, and begin without a cursor."""

    code, status, title = "changes_expired", 410, "Changes expired"
    remedy = "Read what you show anew, and ask for changes without a cursor."


class InvalidChangesCursorError(BadRequestError):
    """The cursor is not one this service made."""

    code, title = "invalid_cursor", "Invalid cursor"
    remedy = "Start again without a cursor, and keep the filters the same from page to page."
