"""What can go wrong in storage, and how PostgreSQL's errors become one of these.

`transient` says that the same transaction may succeed when it is run again from its beginning, because
the failed attempt certainly left nothing behind. `CommitOutcomeUnknown` is not transient for that reason.
"""

# ruff: noqa: N818  (named as PostgreSQL and psycopg name them: UniqueViolation, not UniqueViolationError)

from __future__ import annotations

from typing import ClassVar

import psycopg
from psycopg import errors as pg

from sextant.errors import (
    ConflictError,
    NotFoundError,
    SextantError,
    UnavailableError,
    ValidationError,
    VersionConflictError,
)


class StorageError(SextantError):
    """The database refused a statement."""

    code, status, title = "storage_error", 500, "Internal error"
    transient: ClassVar[bool] = False
    counts_as_failure: ClassVar[bool] = False
    """Whether the circuit breaker counts it: only what says that the database itself is in trouble."""


class StatementRejected(StorageError):
    """The statement was not sent: it would pin a proxied session, is too long, or has a bad identifier."""

    code = "statement_rejected"


class TransactionAborted(StorageError):
    """A statement of this transaction had failed, so nothing was committed."""

    code = "transaction_aborted"


class TenantIsolationError(StorageError):
    """Data of another tenant was about to be read or written."""

    code = "tenant_isolation"


class AccessDenied(StorageError):
    """The database role lacks the privilege."""

    code = "database_access_denied"


class DatabaseUnavailable(StorageError, UnavailableError):
    """The database cannot be reached just now."""

    code, status, title = "database_unavailable", 503, "Service unavailable"
    retry_after = 1.0
    transient = True
    counts_as_failure = True


class ConnectionLost(DatabaseUnavailable):
    """The connection to the database broke before the transaction was committed; nothing was stored."""


class DatabaseReadOnly(DatabaseUnavailable):
    """The database takes no writes just now, as during a failover or with a full disk; nothing was stored."""

    code = "database_read_only"
    retry_after = 5.0
    # It answers, and may be read from.
    counts_as_failure = False


class DatabaseOverloaded(DatabaseUnavailable):
    """The database is out of memory, disk or connections; nothing was stored."""

    code = "database_overloaded"
    retry_after = 5.0


class CommitOutcomeUnknown(DatabaseUnavailable):
    """The connection broke during the commit: the change may or may not have been stored."""

    code = "commit_outcome_unknown"
    remedy = (
        "Send the same request again with the same Idempotency-Key, or look first whether the "
        "change is there."
    )
    transient = False


class CircuitOpen(DatabaseUnavailable):
    """The database failed repeatedly and is given a pause."""

    code = "database_circuit_open"
    transient = False
    counts_as_failure = False

    def __init__(self, retry_after: float) -> None:
        super().__init__()
        self.retry_after = retry_after


class PoolExhausted(StorageError, UnavailableError):
    """Every database connection of this process is in use."""

    code, status, title = "pool_exhausted", 503, "Service unavailable"
    retry_after = 1.0


class TransactionConflict(StorageError, UnavailableError):
    """Concurrent transactions got in each other's way (serialization failure or deadlock)."""

    code, status, title = "transaction_conflict", 503, "Service unavailable"
    retry_after = 1.0
    transient = True


class QueryTimeout(StorageError, UnavailableError):
    """The database took too long to answer."""

    code, status, title = "query_timeout", 503, "Service unavailable"
    retry_after = 5.0


class LockTimeout(StorageError, UnavailableError):
    """Another transaction held a lock for too long."""

    code, status, title = "lock_timeout", 503, "Service unavailable"
    retry_after = 1.0


class InvalidValue(StorageError, ValidationError):
    """The database cannot hold a value."""

    code, status, title = "invalid_value", 422, "Validation failed"


class ConstraintViolation(StorageError, ConflictError):
    """The change breaks a rule of the database.

    Services map `constraint` (its name in the schema) to an error of their own.
    """

    code, status, title = "constraint_violation", 409, "Conflict"

    def __init__(self, constraint: str, table: str = "", column: str = "") -> None:
        super().__init__()
        self.constraint = constraint
        self.table = table
        self.column = column

    def __str__(self) -> str:
        return f"{self.detail} (constraint {self.constraint!r} of {self.table!r}, column {self.column!r})"


class UniqueViolation(ConstraintViolation):
    """There is already such a row."""

    code = "already_exists"


class ExclusionViolation(ConstraintViolation):
    """The row overlaps another one."""

    code = "overlap"


class ForeignKeyViolation(ConstraintViolation):
    """The row refers to something that does not exist, or is still referred to."""

    code = "reference_violation"


class CheckViolation(ConstraintViolation):
    """A value is outside what the database allows."""

    code, status, title = "value_not_allowed", 422, "Validation failed"


class NotNullViolation(ConstraintViolation):
    """A required value is missing."""

    code, status, title = "value_missing", 422, "Validation failed"


class RecordNotFound(StorageError, NotFoundError):
    """There is no such record for this tenant."""

    code, status, title = "not_found", 404, "Not found"


class HistoryNotKept(StorageError):
    """This table keeps no history."""

    code = "history_not_kept"


class VersionConflict(StorageError, VersionConflictError):
    """The record was changed since it was read."""

    code, status, title = "version_conflict", 412, "Precondition failed"

    def __init__(self, expected: int, actual: int) -> None:
        super().__init__(f"The record is at version {actual}, not {expected}.", extra={"version": actual})
        self.expected = expected
        self.actual = actual


_CONSTRAINTS: dict[str, type[ConstraintViolation]] = {
    "23502": NotNullViolation,
    "23503": ForeignKeyViolation,
    "23505": UniqueViolation,
    "23514": CheckViolation,
    "23P01": ExclusionViolation,
}
_PLAIN: dict[str, type[TransactionConflict | QueryTimeout | LockTimeout | TransactionAborted]] = {
    "40001": TransactionConflict,
    "40P01": TransactionConflict,
    "57014": QueryTimeout,
    "55P03": LockTimeout,
    "25P02": TransactionAborted,
}
# The server is going away or coming up; and the sessions it ended by itself. All of them abort a transaction for
# certain that was not being committed.
_SERVER_GONE = {"57P01", "57P02", "57P03", "57P04", "57P05", "25P03", "57000"}
# Too long, out of range, no such date, NUL in a text, not of the type. The rest of class 22 is our mistake.
_UNSTORABLE = {"22001", "22003", "22007", "22008", "22021", "22P02", "22P05"}


def translate(error: psycopg.Error, *, connection_broken: bool) -> StorageError:
    """The storage error that says what `error` means; the caller raises it `from error`."""
    state = error.sqlstate or ""
    diagnosis = error.diag
    if state.startswith("23"):
        violation = _CONSTRAINTS.get(state, ConstraintViolation)
        return violation(
            diagnosis.constraint_name or "", diagnosis.table_name or "", diagnosis.column_name or ""
        )
    if state in _PLAIN:
        return _PLAIN[state]()
    if state == "42501":
        refused_by_policy = "row-level security" in (diagnosis.message_primary or "")
        return TenantIsolationError() if refused_by_policy else AccessDenied()
    refused = not connection_broken and diagnosis.severity_nonlocalized == "ERROR"
    if refused and state == "25006":
        return DatabaseReadOnly()
    if refused and state[:2] == "53":
        return DatabaseOverloaded()
    if state in _SERVER_GONE or state == "25006" or state[:2] in {"08", "53"} or connection_broken:
        return ConnectionLost()
    if state in _UNSTORABLE or (not state and isinstance(error, pg.DataError)):
        return InvalidValue(diagnosis.message_primary)
    return StorageError()
