"""The database as services see it: transactions and autocommit sessions, for one tenant or for all.

`Database` is the application's role, whose every session belongs to one tenant. `PlatformDatabase` is the platform's
role, which may also ask for `ALL_TENANTS`. The verbs are the same; the type says which scopes a role may ask for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from enum import Enum
from time import perf_counter
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import psycopg
from psycopg.conninfo import conninfo_to_dict

from sextant.config import environment
from sextant.ids import TenantId, tenant_id
from sextant.storage.breaker import CircuitBreaker, Outage
from sextant.storage.errors import DatabaseUnavailable, StorageError
from sextant.storage.metrics import StatementLog, StatementStatistics
from sextant.storage.pipeline import Connection
from sextant.storage.pool import ConnectionPool, PoolStatistics
from sextant.storage.retry import RetryPolicy
from sextant.storage.session import Session, UnitOfWork
from sextant.storage.settings import DatabaseSettings

if TYPE_CHECKING:
    from sextant.storage.health import DatabaseHealth, HealthThresholds

T = TypeVar("T")

logger = logging.getLogger("sextant.storage")

# A replica, a writer that a failover made one, and a database that was told to take no writes.
_READ_ONLY = "SELECT current_setting('transaction_read_only')::boolean"


class AllTenants(Enum):
    """The scope of a session that sees every tenant: named on purpose, so that a missing tenant never becomes it."""

    ALL_TENANTS = "all tenants"


ALL_TENANTS = AllTenants.ALL_TENANTS

Scope_contra = TypeVar("Scope_contra", bound=TenantId | AllTenants, contravariant=True)


class ScopedDatabase(Generic[Scope_contra]):
    """One database and role; thread-safe, made once per process."""

    def __init__(
        self,
        pool: ConnectionPool,
        breaker: CircuitBreaker,
        retry: RetryPolicy,
        log: StatementLog,
        database_key: str,
        on_recovery: Callable[[Outage], None] | None = None,
    ) -> None:
        self._source = _GuardedPool(pool, breaker, log, database_key, on_recovery)
        self._retry = retry

    @classmethod
    def connect(
        cls, settings: DatabaseSettings, on_recovery: Callable[[Outage], None] | None = None
    ) -> ScopedDatabase[Scope_contra]:
        """A database with a warm pool.

        A database that cannot be reached now is logged, not raised: the first use tells, and recovers by
        itself once the database is back. `on_recovery` gets each outage when it is over, in the thread whose
        unit of work ended it; that unit's outcome stands, whatever `on_recovery` raises.
        """
        target = conninfo_to_dict(settings.url)
        pool = ConnectionPool(
            _opener(settings),
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
            StatementLog(settings.slow_query),
            "/".join(str(target.get(part, "")) for part in ("host", "port", "dbname")),
            on_recovery,
        )

    def transaction(self, scope: Scope_contra) -> AbstractContextManager[Session]:
        """One transaction in which only the rows of `scope` exist; committed when the block ends well.

        It costs its statements' round trips and one to commit; one that sends nothing costs none.
        """
        return UnitOfWork(self._source, _tenant_of(scope), autocommit=False)

    def autocommit(self, scope: Scope_contra) -> AbstractContextManager[Session]:
        """A session whose every statement is a transaction of its own, in one round trip."""
        return UnitOfWork(self._source, _tenant_of(scope), autocommit=True)

    def run(self, scope: Scope_contra, work: Callable[[Session], T], *, idempotent: bool = False) -> T:
        """The result of `work` in a transaction of its own, run again whole on transient errors.

        `idempotent` allows it also after a commit whose outcome is unknown. `work` may be called several
        times: whatever it does beside the session must bear that.
        """

        def attempt() -> T:
            with self.transaction(scope) as session:
                return work(session)

        return self._retry.run(attempt, idempotent=idempotent)

    def health(self, thresholds: HealthThresholds | None = None) -> DatabaseHealth:
        """Ask the database once and judge the answer together with the statistics; never raises for it."""
        from sextant.storage.health import HealthThresholds, judge  # few processes need it

        began = perf_counter()
        latency: float | None = None
        read_only: bool | None = None
        try:
            with UnitOfWork(self._source, None, autocommit=True) as session:
                read_only = session.fetch_one(_READ_ONLY, row=bool)
            latency = perf_counter() - began
        except StorageError:
            logger.warning("the database does not answer", exc_info=True)
        source = self._source
        thresholds = thresholds or HealthThresholds()
        return judge(
            latency,
            source.breaker.state,
            source.pool.statistics(),
            source.log.statistics(),
            thresholds,
            read_only=bool(read_only),
        )

    def takes_writes(self) -> bool:
        """Whether a write would be taken now. Raises `DatabaseUnavailable` where the database does not answer."""
        with UnitOfWork(self._source, None, autocommit=True) as session:
            return not session.fetch_one(_READ_ONLY, row=bool)

    @property
    def pool_statistics(self) -> PoolStatistics:
        return self._source.pool.statistics()

    @property
    def statement_statistics(self) -> StatementStatistics:
        return self._source.log.statistics()

    def close(self) -> None:
        """Close the pool; transactions under way may finish."""
        self._source.pool.close()


Database = ScopedDatabase[TenantId]
"""The application's role: row-level security shows it the rows of the tenant that its session entered."""
PlatformDatabase = ScopedDatabase[TenantId | AllTenants]
"""The platform's role: it may enter one tenant or see all of them."""


def _tenant_of(scope: TenantId | AllTenants) -> TenantId | None:
    """The tenant that the session enters; None where it sees all of them."""
    return None if isinstance(scope, AllTenants) else tenant_id(scope)


class _GuardedPool:
    """The pool behind the circuit breaker, which learns from every unit of work."""

    def __init__(
        self,
        pool: ConnectionPool,
        breaker: CircuitBreaker,
        log: StatementLog,
        database_key: str,
        on_recovery: Callable[[Outage], None] | None,
    ) -> None:
        self.pool = pool
        self.breaker = breaker
        self.log = log
        self.database_key = database_key
        self._on_recovery = on_recovery

    def acquire(self) -> Connection:
        self.breaker.enter()
        try:
            return self.pool.acquire()
        except DatabaseUnavailable:
            self.breaker.failed()
            raise
        except BaseException:
            self.breaker.abandoned()
            raise

    def release(self, connection: Connection, *, failed: bool) -> None:
        ended: Outage | None = None
        try:
            if failed:
                self.breaker.failed()
            else:
                ended = self.breaker.succeeded()
        finally:
            self.pool.release(connection)
        if ended is not None:
            logger.info("the database is back", extra={"seconds": round(ended.seconds, 1)})
            if self._on_recovery is not None:
                self._report(self._on_recovery, ended)

    def _report(self, on_recovery: Callable[[Outage], None], ended: Outage) -> None:
        try:
            on_recovery(ended)
        except Exception:  # the unit of work is committed, and must not look as if it had failed
            logger.exception("an outage of the database could not be reported")

    def answered(self, statement: bytes, seconds: float, *, failed: bool) -> None:
        self.log.record(statement, seconds, failed=failed)


def _opener(settings: DatabaseSettings) -> Callable[[], Connection]:
    """Opens connections that leave no state behind in a session: no prepared statements, no SET."""
    token: Callable[[], str] | None = None
    if settings.auth == "iam":
        from sextant.storage.iam import token_source

        token = token_source(settings.url, environment())

    def open_connection() -> Connection:
        secret: dict[str, Any] = {"password": token()} if token else {}
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

    return open_connection
