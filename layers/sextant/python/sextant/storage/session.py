"""A session: the statements of one transaction, for one tenant or for the platform."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import perf_counter
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg.pq import TransactionStatus

from sextant.ids import TenantId
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


class Observer(Protocol):
    """Told of every statement: its text, its seconds on the wire included, and whether it failed."""

    def statement(self, text: bytes, seconds: float, *, failed: bool) -> None: ...


class Session:
    """Statements on one connection; it never commits itself.

    The transaction begins with the first statement: `BEGIN`, the entry of the tenant and that statement
    travel in one round trip. In an autocommit session every statement is a transaction of its own, the
    tenant's entry and the statement one round trip together.
    """

    def __init__(
        self, connection: Connection, tenant: TenantId | None, observer: Observer, *, autocommit: bool = False
    ) -> None:
        self._connection = connection
        self._tenant = tenant
        self._observer = observer
        self._autocommit = autocommit
        self._begun = False
        self._after_commit: list[Callable[[], None]] = []

    @property
    def tenant_id(self) -> TenantId:
        """The tenant this session acts for; `TenantIsolationError` in a platform session."""
        if self._tenant is None:
            raise TenantIsolationError("A platform session acts for no tenant.")
        return self._tenant

    @property
    def is_platform(self) -> bool:
        return self._tenant is None

    def execute(self, query: Query, params: Params = ()) -> int:
        """Run `query`; the number of rows it touched."""
        return self._send(query, params, tuple).rowcount

    def fetch_one(self, query: Query, params: Params = (), *, row: type[T]) -> T | None:
        """The first row of `query` as a `row`, or None where there is none."""
        return self._send(query, params, row).fetchone()

    def fetch_all(self, query: Query, params: Params = (), *, row: type[T]) -> list[T]:
        """Every row of `query`; bound the number of rows in the query itself."""
        return self._send(query, params, row).fetchall()

    def after_commit(self, action: Callable[[], None]) -> None:
        """Have `action` called once this transaction is committed (at once, in an autocommit session)."""
        if self._autocommit:
            action()
        else:
            self._after_commit.append(action)

    def _send(self, query: Query, params: Params, row: type[T]) -> psycopg.Cursor[T]:
        text = checked(query)
        connection = self._connection
        cursor = connection.cursor(row_factory=row_factory(row, self._tenant))
        began = perf_counter()
        failed = True
        try:
            if self._autocommit:
                self._send_alone(cursor, text, params)
            elif self._begun:
                cursor.execute(text, params)
            else:
                self._begun = True
                with connection.pipeline():
                    connection.execute(b"BEGIN")
                    if self._tenant is not None:
                        connection.execute(_ENTER_TENANT, (self._tenant,))
                    cursor.execute(text, params)
            failed = False
        except psycopg.Error as error:
            raise self._translated(error) from error
        finally:
            self._observer.statement(text, perf_counter() - began, failed=failed)
        return cursor

    def _send_alone(self, cursor: psycopg.Cursor[Any], text: bytes, params: Params) -> None:
        if self._tenant is None:
            cursor.execute(text, params)
            return
        with self._connection.pipeline():
            self._connection.execute(_ENTER_TENANT, (self._tenant,))
            cursor.execute(text, params)

    def _translated(self, error: psycopg.Error) -> StorageError:
        translated = translate(error, connection_broken=self._connection.broken)
        if self._autocommit and isinstance(translated, ConnectionLost):
            # The statement was its own commit, and the answer to it was lost.
            return CommitOutcomeUnknown()
        return translated

    def commit(self) -> None:
        """Commit; for `Database` only.

        Raises `TransactionAborted` where a statement had failed (PostgreSQL would answer COMMIT with a
        silent rollback) and `CommitOutcomeUnknown` where the answer was lost.
        """
        if self._begun:
            if self._connection.pgconn.transaction_status == TransactionStatus.INERROR:
                raise TransactionAborted
            try:
                self._connection.execute(b"COMMIT")
            except psycopg.Error as error:
                translated = translate(error, connection_broken=self._connection.broken)
                if isinstance(translated, ConnectionLost):
                    raise CommitOutcomeUnknown from error
                raise translated from error
        for action in self._after_commit:
            action()

    def rollback(self) -> None:
        """Undo what was done; a connection that cannot is closed. For `Database` only."""
        connection = self._connection
        status = connection.pgconn.transaction_status
        if status in (TransactionStatus.INTRANS, TransactionStatus.INERROR):
            try:
                connection.execute(b"ROLLBACK")
            except psycopg.Error:
                logger.warning("rollback failed; the connection is closed", exc_info=True)
                connection.close()
        elif status != TransactionStatus.IDLE:
            connection.close()


@dataclass
class StatementFigures(Observer):
    """Counts statements and logs the slow ones."""

    slow_after: float
    statements: int = 0
    failures: int = 0
    slow: int = 0
    seconds: float = 0.0
    slowest: float = 0.0

    def statement(self, text: bytes, seconds: float, *, failed: bool) -> None:
        self.statements += 1
        self.failures += failed
        self.seconds += seconds
        self.slowest = max(self.slowest, seconds)
        if seconds >= self.slow_after:
            self.slow += 1
            logger.warning(
                "slow statement", extra={"seconds": round(seconds, 3), "statement": text.decode()[:1000]}
            )


@contextmanager
def unit_of_work(session: Session) -> Iterator[Session]:
    """Commit when the block ends well, roll back when it raises."""
    try:
        yield session
    except BaseException:
        session.rollback()
        raise
    try:
        session.commit()
    except BaseException:
        session.rollback()
        raise
