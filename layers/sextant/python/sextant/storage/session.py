"""A session: the statements of one unit of work, for one tenant or for the platform."""

from __future__ import annotations

import logging
from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import Protocol, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from sextant.ids import TenantId, tenant_id
from sextant.storage.errors import (
    CommitOutcomeUnknown,
    ConnectionLost,
    StorageError,
    TenantIsolationError,
    TransactionAborted,
    translate,
)
from sextant.storage.pool import Connection
from sextant.storage.rows import row_factory
from sextant.storage.statements import Params, Query, checked

T = TypeVar("T")

logger = logging.getLogger("sextant.storage")

_ENTER_TENANT = b"SELECT enter_tenant(%s)"


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
        self.written: set[str] = set()
        self.ended: list[Callable[[], None]] = []

    def send(
        self,
        make_row: Callable[[psycopg.Cursor[T]], Callable[..., T]],
        text: bytes,
        params: Params,
        ahead: bytes | None = None,
    ) -> psycopg.Cursor[T]:
        connection = self.connection
        if connection is None:
            connection = self.connection = self.source.acquire()
        cursor = connection.cursor(row_factory=make_row)
        prologue = self._prologue()
        if ahead is not None:
            prologue.append((ahead, params))
        began = perf_counter()
        refused = True
        try:
            if prologue:
                self.begun = self.begun or not self.autocommit
                with connection.pipeline():
                    for statement, values in prologue:
                        connection.execute(statement, values)
                    cursor.execute(text, params)
            else:
                cursor.execute(text, params)
            refused = False
        except psycopg.Error as error:
            raise self._translated(error, connection) from error
        finally:
            self.source.answered(text, perf_counter() - began, failed=refused and self.failed)
        return cursor

    def _prologue(self) -> list[tuple[bytes, Params]]:
        """What travels ahead of the statement in the same round trip."""
        if self.begun:
            return []
        prologue: list[tuple[bytes, Params]] = [] if self.autocommit else [(b"BEGIN", ())]
        if self.entered is not None:
            prologue.append((_ENTER_TENANT, (self.entered,)))
        return prologue

    def _translated(self, error: psycopg.Error, connection: Connection) -> StorageError:
        translated = translate(error, connection_broken=connection.broken)
        if self.autocommit and isinstance(translated, ConnectionLost):
            # The statement was its own commit, and the answer to it was lost.
            translated = CommitOutcomeUnknown()
        self.failed = self.failed or translated.counts_as_failure
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
        try:
            connection.execute(b"COMMIT")
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
                connection.execute(b"ROLLBACK")
            except psycopg.Error:
                logger.warning("rollback failed; the connection is closed", exc_info=True)
                connection.close()
        elif status != TransactionStatus.IDLE:
            connection.close()

    def end(self) -> None:
        connection, self.connection = self.connection, None
        if connection is not None:
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

    def acting_for(self, tenant: TenantId) -> Session:
        """The same unit of work as `tenant`, for a platform session: rows that come back must be `tenant`'s.

        A tenant's session may only act for itself; for another it raises `TenantIsolationError`.
        """
        if self._tenant is not None and self._tenant != tenant:
            raise TenantIsolationError
        return Session(self._unit, tenant_id(tenant))

    def execute(self, query: Query, params: Params = ()) -> int:
        """Run `query`; the number of rows it touched."""
        return self._unit.send(row_factory(tuple, self._tenant), checked(query), params).rowcount

    def fetch_one(
        self, query: Query, params: Params = (), *, row: type[T], ahead: Query | None = None
    ) -> T | None:
        """The first row of `query` as a `row`, or None where there is none.

        `ahead` is a statement with the same parameters that runs before it in the same round trip and
        transaction, its rows dropped: to take a lock, so that `query` sees what the lock waited for.
        """
        first = None if ahead is None else checked(ahead)
        return self._unit.send(row_factory(row, self._tenant), checked(query), params, first).fetchone()

    def fetch_all(self, query: Query, params: Params = (), *, row: type[T]) -> list[T]:
        """Every row of `query`; bound the number of rows in the query itself."""
        return self._unit.send(row_factory(row, self._tenant), checked(query), params).fetchall()

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
