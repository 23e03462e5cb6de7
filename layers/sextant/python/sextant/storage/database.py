"""The database as services see it: transactions for a tenant or for the platform, and single calls."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, TypeVar

import psycopg

from sextant.ids import TenantId, tenant_id
from sextant.storage.breaker import CircuitBreaker
from sextant.storage.errors import DatabaseUnavailable, StorageError
from sextant.storage.pool import Connection, ConnectionPool
from sextant.storage.retry import RetryPolicy
from sextant.storage.session import Session, StatementFigures, unit_of_work
from sextant.storage.settings import DatabaseSettings
from sextant.storage.statements import Params, Query

T = TypeVar("T")

logger = logging.getLogger("sextant.storage")


class Database:
    """One database and role; thread-safe, made once per process at module scope."""

    def __init__(
        self, pool: ConnectionPool, breaker: CircuitBreaker, retry: RetryPolicy, figures: StatementFigures
    ) -> None:
        self._pool = pool
        self._breaker = breaker
        self._retry = retry
        self._statements = figures

    @classmethod
    def connect(cls, settings: DatabaseSettings, *, password: Callable[[], str] | None = None) -> Database:
        """A database with a warm pool.

        `password` is asked for each new connection (IAM tokens). A database that cannot be reached now is
        logged, not raised: the first use tells, and recovers by itself once the database is back.
        """
        pool = ConnectionPool(
            lambda: _open(settings, password),
            min_size=settings.pool_min_size,
            max_size=settings.pool_max_size,
            timeout=settings.pool_timeout,
            max_lifetime=settings.max_lifetime,
            max_idle=settings.max_idle,
            check_after_idle=settings.check_after_idle,
        )
        try:
            pool.warm_up()
        except DatabaseUnavailable:
            logger.warning("the database cannot be reached yet", exc_info=True)
        return cls(
            pool,
            CircuitBreaker(settings.failure_threshold, settings.reset_timeout),
            RetryPolicy(settings.retry_attempts, settings.retry_base_delay, settings.retry_max_delay),
            StatementFigures(settings.slow_query),
        )

    def transaction(self, tenant: TenantId) -> AbstractContextManager[Session]:
        """One transaction in which only `tenant`'s rows exist; committed when the block ends well.

        Two round trips more than its statements need: none to begin, one to commit.
        """
        return self._session(tenant_id(tenant), autocommit=False)

    def platform_transaction(self) -> AbstractContextManager[Session]:
        """One transaction over all tenants, for the platform role."""
        return self._session(None, autocommit=False)

    def autocommit(self, tenant: TenantId) -> AbstractContextManager[Session]:
        """A session whose every statement is a transaction of its own, in one round trip."""
        return self._session(tenant_id(tenant), autocommit=True)

    def platform_autocommit(self) -> AbstractContextManager[Session]:
        """As `autocommit`, over all tenants."""
        return self._session(None, autocommit=True)

    def run(self, tenant: TenantId, work: Callable[[Session], T], *, idempotent: bool = False) -> T:
        """The result of `work` in a transaction of its own, run again whole on transient errors.

        `idempotent` allows it also after a commit whose outcome is unknown. `work` may be called several
        times: whatever it does beside the session must bear that.
        """

        def attempt() -> T:
            with self.transaction(tenant) as session:
                return work(session)

        return self._retry.run(attempt, idempotent=idempotent)

    def run_platform(self, work: Callable[[Session], T], *, idempotent: bool = False) -> T:
        """As `run`, over all tenants."""

        def attempt() -> T:
            with self.platform_transaction() as session:
                return work(session)

        return self._retry.run(attempt, idempotent=idempotent)

    def call(
        self, tenant: TenantId, query: Query, params: Params = (), *, row: type[T], idempotent: bool = False
    ) -> T | None:
        """The first row of one statement that is its own transaction: one round trip.

        Run again on errors that certainly left nothing behind; after a lost answer only if `idempotent`.
        """

        def attempt() -> T | None:
            with self.autocommit(tenant) as session:
                return session.fetch_one(query, params, row=row)

        return self._retry.run(attempt, idempotent=idempotent)

    def call_platform(
        self, query: Query, params: Params = (), *, row: type[T], idempotent: bool = False
    ) -> T | None:
        """As `call`, over all tenants."""

        def attempt() -> T | None:
            with self.platform_autocommit() as session:
                return session.fetch_one(query, params, row=row)

        return self._retry.run(attempt, idempotent=idempotent)

    def close(self) -> None:
        """Close the pool; transactions under way may finish."""
        self._pool.close()

    @contextmanager
    def _session(self, tenant: TenantId | None, *, autocommit: bool) -> Iterator[Session]:
        with self._connection() as connection:
            session = Session(connection, tenant, self._statements, autocommit=autocommit)
            with unit_of_work(session):
                yield session

    @contextmanager
    def _connection(self) -> Iterator[Connection]:
        """A connection under the breaker: it learns from every error that speaks of the database."""
        self._breaker.enter()
        connection: Connection | None = None
        try:
            connection = self._pool.acquire()
            yield connection
        except StorageError as error:
            if error.counts_as_failure:
                self._breaker.failed()
            elif connection is None:
                self._breaker.abandoned()
            else:
                self._breaker.succeeded()
            raise
        except BaseException:
            self._breaker.abandoned()
            raise
        else:
            self._breaker.succeeded()
        finally:
            if connection is not None:
                self._pool.release(connection)


def _open(settings: DatabaseSettings, password: Callable[[], str] | None) -> Connection:
    """A connection that leaves no state behind in a session: no prepared statements, no SET."""
    secret: dict[str, Any] = {"password": password()} if password else {}
    return psycopg.connect(
        settings.url,
        autocommit=True,
        prepare_threshold=None,
        connect_timeout=max(1, round(settings.connect_timeout)),
        keepalives_idle=30,
        keepalives_interval=10,
        keepalives_count=3,
        tcp_user_timeout=30_000,
        **secret,
    )
