"""A session: the statements of one unit of work, for one tenant or for the platform."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Protocol, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from sextant.ids import TenantId
from sextant.storage.errors import (
    CommitOutcomeUnknown,
    ConnectionLost,
    DatabaseReadOnly,
    StorageError,
    TenantIsolationError,
    TransactionAborted,
    translate,
)
from sextant.storage.pipeline import Answer, Connection, is_gone, run_pipeline
from sextant.storage.rows import row_maker
from sextant.storage.statements import Params, Query, Statement, compiled

T = TypeVar("T")

logger = logging.getLogger("sextant.storage")

_BEGIN, _COMMIT, _ROLLBACK = (compiled(word) for word in ("BEGIN", "COMMIT", "ROLLBACK"))
_BEGIN_SESSION = compiled("SELECT public.begin_session(%s)")


class ConnectionSource(Protocol):
    """Where a unit of work gets its connection, and what learns how it fared."""

    database_key: str
    """Which database this is, for what is shared in one process."""

    def acquire(self) -> Connection: ...

    def release(self, connection: Connection, *, failed: bool) -> None: ...

    def answered(self, statement: bytes, seconds: float, *, failed: bool) -> None: ...


class _Unit:
    """The connection and the transaction that the sessions of one unit of work share."""

    def __init__(self, source: ConnectionSource, entered: TenantId | None, *, autocommit: bool) -> None:
        self.source = source
        self.entered = entered
        self.autocommit = autocommit
        self.connection: Connection | None = None
        self.begun = False
        self.failed = False
        # Connected to what was the writer before a failover: a new connection finds the one that is.
        self.stale = False
        self.written: set[str] = set()
        self.ended: list[Callable[[], None]] = []

    def send(self, statement: Statement, params: Params) -> Answer:
        connection = self.connection
        if connection is None:
            connection = self.connection = self.source.acquire()
        together = [*self._prologue(), (statement, params)]
        began = perf_counter()
        refused = True
        try:
            answer = run_pipeline(connection, together)
            refused = False
        except psycopg.Error as error:
            raise self._translated(error, connection) from error
        finally:
            # Nothing was sent when a parameter could not be adapted.
            self.begun = connection.pgconn.transaction_status != TransactionStatus.IDLE
            self.source.answered(statement.text, perf_counter() - began, failed=refused and self.failed)
        return answer

    def _prologue(self) -> list[tuple[Statement, Params]]:
        """What travels ahead of the statement in the same round trip."""
        if self.begun:
            return []
        prologue: list[tuple[Statement, Params]] = [] if self.autocommit else [(_BEGIN, ())]
        if self.entered is not None:
            prologue.append((_BEGIN_SESSION, (self.entered,)))
        return prologue

    def _translated(self, error: psycopg.Error, connection: Connection) -> StorageError:
        translated = translate(error, connection_broken=connection.broken)
        if self.autocommit and isinstance(translated, ConnectionLost):
            # The statement was its own commit, and the answer to it was lost.
            translated = CommitOutcomeUnknown()
        self.failed = self.failed or translated.counts_as_failure
        self.stale = self.stale or isinstance(translated, DatabaseReadOnly)
        return translated

    def commit(self) -> None:
        """Raises `TransactionAborted` where a statement had failed (PostgreSQL would answer COMMIT with a
        silent rollback) and `CommitOutcomeUnknown` where the answer was lost.
        """
        connection = self.connection
        if connection is None or not self.begun:
            return
        if connection.pgconn.transaction_status == TransactionStatus.INERROR:
            raise TransactionAborted
        if is_gone(connection):
            # COMMIT was not sent, so nothing is in doubt.
            self.failed = True
            raise ConnectionLost
        try:
            run_pipeline(connection, [(_COMMIT, ())])
        except psycopg.Error as error:
            translated = self._translated(error, connection)
            if isinstance(translated, ConnectionLost):
                raise CommitOutcomeUnknown from error
            raise translated from error

    def rollback(self) -> None:
        """Undo what was done; a connection that cannot is closed."""
        connection = self.connection
        if connection is None:
            return
        status = connection.pgconn.transaction_status
        if status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}:
            try:
                run_pipeline(connection, [(_ROLLBACK, ())])
            except psycopg.Error as error:
                logger.warning("rollback failed; the connection is closed", extra={"error": str(error)})
                connection.close()
        elif status != TransactionStatus.IDLE:
            connection.close()

    def end(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
            if self.stale:
                connection.close()
            self.source.release(connection, failed=self.failed)
        for action in self.ended:
            action()


class Session:
    """Statements of one tenant (or of the platform) in one unit of work; it never commits itself.

    Nothing is sent, and no connection taken, before the first statement. `BEGIN`, the entry of the tenant
    and that statement then travel in one round trip. In an autocommit session every statement is a
    transaction of its own, the tenant's entry and the statement one round trip together.
    """

    __slots__ = ("_tenant", "_unit")

    def __init__(self, unit: _Unit, tenant: TenantId | None) -> None:
        self._unit = unit
        self._tenant = tenant

    @property
    def tenant_id(self) -> TenantId:
        """The tenant this session acts for; `TenantIsolationError` in a platform session."""
        if self._tenant is None:
            raise TenantIsolationError("A platform session acts for no tenant.")
        return self._tenant

    @property
    def is_platform(self) -> bool:
        """Whether this session sees every tenant."""
        return self._tenant is None

    def execute(self, query: Query, params: Params = ()) -> int:
        """Run `query`; the number of rows it touched."""
        return self._unit.send(compiled(query), params).touched

    def fetch_one(self, query: Query, params: Params = (), *, row: type[T]) -> T | None:
        """The first row of `query` as a `row`, or None where there is none."""
        answer = self._unit.send(compiled(query), params)
        rows = answer.rows(row_maker(row, answer.columns, self._tenant), limit=1)
        return rows[0] if rows else None

    def fetch_all(self, query: Query, params: Params = (), *, row: type[T]) -> list[T]:
        """Every row of `query`; bound the number of rows in the query itself."""
        answer = self._unit.send(compiled(query), params)
        return answer.rows(row_maker(row, answer.columns, self._tenant))

    @property
    def database_key(self) -> str:
        """Names the database, for what is cached across sessions of this process."""
        return self._unit.source.database_key

    def mark_written(self, name: str) -> None:
        """Note that this unit of work writes `name`, so that its reads of it bypass caches."""
        self._unit.written.add(name)

    def has_written(self, name: str) -> bool:
        """Whether this unit of work wrote `name`, committed or not."""
        return name in self._unit.written

    def when_ended(self, action: Callable[[], None]) -> None:
        """Have `action` called when the unit of work has ended, whether or not it was committed."""
        self._unit.ended.append(action)


class UnitOfWork:
    """`with` it: a session, committed when the block ends well and rolled back when it raises."""

    __slots__ = ("_tenant", "_unit")

    def __init__(self, source: ConnectionSource, tenant: TenantId | None, *, autocommit: bool) -> None:
        self._tenant = tenant
        self._unit = _Unit(source, tenant, autocommit=autocommit)

    def __enter__(self) -> Session:
        return Session(self._unit, self._tenant)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        unit = self._unit
        try:
            if error is None:
                try:
                    unit.commit()
                except BaseException:
                    unit.rollback()
                    raise
            else:
                unit.rollback()
        finally:
            unit.end()
