"""What can be wrong with a request about a report."""

from __future__ import annotations

from sextant.errors import BadRequestError, ConflictError, NotFoundError


class ReportNotFoundError(NotFoundError):
    """There is no such report."""

    code, title = "report_not_found", "Report not found"


class ReportLinkNotFoundError(NotFoundError):
    """The report has no such link."""

    code, title = "report_link_not_found", "Link not found"


class SharedReportNotFoundError(NotFoundError):
    """The link opens nothing: it was never one, has expired or was revoked."""

    code, title = "shared_report_not_found", "Nothing to see here"
    remedy = "Ask whoever sent you the link for a new one."


class ReportTooLargeError(BadRequestError):
    """The comparison is too large to be kept."""

    code, title = "report_too_large", "Report too large"
    remedy = "Freeze fewer runs, metrics or years."


class TooManyReportsError(ConflictError):
    """The tenant has as many reports, or the report as many links, as it may have."""

    code, title = "too_many_reports", "Too many reports"
    remedy = "Delete a report, or revoke a link, that is not needed."
