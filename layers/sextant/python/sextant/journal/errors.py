"""Why the journal cannot take a request."""

from __future__ import annotations

from sextant.errors import UnavailableError


class JournalUnavailableError(UnavailableError):
    """Neither the database nor the journal can take the request."""

    code = "journal_unavailable"
    retry_after = 5.0
