"""What can go wrong in the lake, in the terms of the one error base."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from sextant.errors import BadRequestError, ConflictError, SextantError, UnavailableError


class CommitContentionError(UnavailableError):
    """The table changed under every attempt to commit; the batch is not registered yet."""

    code, title = "lake_contention", "Lake is busy"


class BatchConflictError(ConflictError):
    """A batch holds runs of which some are already in the table, so it can't be registered as one."""

    code, title = "lake_batch_conflict", "Batch conflict"


class SnapshotExpiredError(SextantError):
    """The snapshot this reading was pinned to has expired; start again from the newest."""

    code, status, title = "snapshot_expired", 410, "Snapshot expired"
    remedy = "Start the reading again without cursor and snapshot_id: it is then pinned to the newest."


class SnapshotNotFoundError(SnapshotExpiredError):
    """There is no such snapshot: it never was, or has expired. Without `snapshot_id` the newest is read."""

    code, status, title = "snapshot_not_found", 404, "Snapshot not found"


@dataclass(frozen=True)
class UnreadableFile:
    """A file of the table that cannot be read: where it lies, why, and whose it is as far as that is known."""

    location: str
    reason: str
    tenant_id: str | None = None
    run_id: str | None = None


class UnreadableFileError(UnavailableError):
    """A file of these outputs cannot be read. The operators know; ask again later."""

    code, title = "output_file_unreadable", "Outputs cannot be read"
    remedy = "Ask again later. If it goes on, report the request_id."
    reason: ClassVar[str] = "unreadable"

    def __init__(self, location: str, tenant_id: str | None = None, run_id: str | None = None) -> None:
        self.file = UnreadableFile(location, self.reason, tenant_id, run_id)
        super().__init__()


class MissingFileError(UnreadableFileError):
    """A file of these outputs is missing from the store. The operators know; ask again later."""

    code, title, reason = "output_file_missing", "Outputs missing", "missing"


class CorruptFileError(UnreadableFileError):
    """A file of these outputs is damaged. The operators know; ask again later."""

    code, title, reason = "output_file_corrupt", "Outputs damaged", "corrupt"


class InvalidCursorError(BadRequestError):
    """The cursor is not one this service made."""

    code, title = "invalid_cursor", "Invalid cursor"
    remedy = "Start again without a cursor, and keep the filters the same from page to page."


class UnsupportedTableError(UnavailableError):
    """The table holds delete files, which another engine wrote and this reader does not apply."""

    code, title = "lake_unsupported", "Lake not readable"


class ResultTooLargeError(SextantError):
    """The question covers more rows or groups than are answered at once; narrow its filters."""

    code, status, title = "result_too_large", 413, "Result too large"


class ReadingTooLongError(SextantError):
    """The reading takes longer than an answer may; narrow its filters, or ask for a file."""

    code, status, title = "reading_too_long", 503, "Reading takes too long"


class LinkUnavailableError(BadRequestError):
    """The result is too large for one answer, and this store gives no links: narrow the filters."""

    code, title = "result_too_large", "Result too large"
