"""What can go wrong with an export."""

from __future__ import annotations

from sextant.errors import NotFoundError, SextantError, UnavailableError


class ExportNotFoundError(NotFoundError):
    """There is no such export of this scenario, or it was made more than a day ago."""

    code, title = "export_not_found", "Export not found"


class ExportsUnavailableError(UnavailableError):
    """Large exports cannot be made at the moment; try again soon, or narrow the filters."""

    code, title = "exports_unavailable", "Exports unavailable"
    retry_after = 10.0


class ExportTooLargeError(SextantError):
    """The export would read more than one may; narrow the filters."""

    code, status, title = "export_too_large", 413, "Export too large"
