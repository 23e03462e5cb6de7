"""Faults of the database, and what callers see of them: clear errors, nothing lost, recovery by itself.

These tests stop and kill a server, so they have one of their own.
"""

# ruff: noqa: PT012  (what raises is the transaction, not a single statement in it)

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
import pytest

from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant.ids import TenantId, new_id
from sextant.storage import Database
from sextant.storage.errors import (
    CircuitOpen,
    CommitOutcomeUnknown,
    ConnectionLost,
    DatabaseUnavailable,
    PoolExhausted,
    StorageError,
)
from sextant.storage.temporal import TemporalRepository
from tests.integration.storage.conftest import Open
from tests.integration.storage.tables import PLAIN, create_tables
from tests.integration.storage.wire import WireProxy, through
from tests.waiting import until

NOTES = TemporalRepository(PLAIN)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server that these tests may kill; it keeps what was committed."""
    one = Postgres(tmp_path_factory.mktemp("own-postgres"))
    one.start()
    yield one
    one.forget()


@pytest.fixture(scope="module")
def own(server: Postgres) -> DatabaseUrls:
    made = databases.prepare(server, "resilience")
    create_tables(made.admin)
    return made


@pytest.fixture
def fragile(own: DatabaseUrls, open_database: Open) -> Database:
    return open_database(
        own.app, pool_min_size=3, retry_base_delay=0.01, reset_timeout=0.3, check_after_idle=3600
    )


def count(database: Database, tenant: TenantId) -> int:
    with database.autocommit(tenant) as session:
        rows = session.fetch_one("SELECT count(*) FROM plain_note WHERE tenant_id = %s", (tenant,), row=int)
    assert rows is not None
    return rows


def recovered(database: Database, tenant: TenantId) -> bool:
    try:
        return count(database, tenant) >= 0
    except StorageError:
        return False


class TestPool:
    def test_is_warm_from_the_start(self, own: DatabaseUrls, open_database: Open, tenant: TenantId) -> None:
        database = open_database(own.app, pool_min_size=3)
        assert (database.pool_statistics.opened, database.pool_statistics.idle) == (3, 3)
        count(database, tenant)
        assert database.pool_statistics.opened == 3

    def test_exhaustion_is_a_clear_error_and_heals(
        self, own: DatabaseUrls, open_database: Open, tenant: TenantId
    ) -> None:
        database = open_database(own.app, pool_max_size=2, pool_timeout=0.1)
        with database.transaction(tenant) as first, database.transaction(tenant) as second:
            first.execute("SELECT 1")
            second.execute("SELECT 1")
            with pytest.raises(PoolExhausted) as refused:
                count(database, tenant)
            assert (refused.value.code, refused.value.status) == ("pool_exhausted", 503)
            assert database.pool_statistics.utilisation == 1
            assert database.health().status == "unhealthy"
        assert count(database, tenant) == 0
        assert database.health().status == "healthy"
        assert database.pool_statistics.exhausted == 2

    def test_waiters_are_served_and_nobody_exceeds_the_size(
        self, own: DatabaseUrls, open_database: Open, tenant: TenantId
    ) -> None:
        database = open_database(own.app, pool_max_size=3, pool_timeout=30)
        failures: list[BaseException] = []

        def use() -> None:
            try:
                for _ in range(20):
                    count(database, tenant)
            except BaseException as error:  # noqa: BLE001  (handed to the test, which fails)
                failures.append(error)

        threads = [threading.Thread(target=use) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        statistics = database.pool_statistics
        assert failures == []
        assert statistics.opened <= 3
        assert statistics.waited > 0
        assert (statistics.in_use, statistics.waiting) == (0, 0)

    def test_a_session_takes_no_connection_before_its_first_statement(
        self, own: DatabaseUrls, open_database: Open, tenant: TenantId
    ) -> None:
        database = open_database(own.app, pool_max_size=1, pool_timeout=0.1)
        with database.transaction(tenant), database.transaction(tenant) as second:
            second.execute("SELECT 1")

    def test_connections_that_died_while_idle_are_never_handed_out(
        self, own: DatabaseUrls, fragile: Database, tenant: TenantId
    ) -> None:
        with psycopg.connect(own.admin, autocommit=True) as admin:
            ended = admin.execute(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = 'sextant_app'"
            ).fetchall()
        assert len(ended) >= 3
        assert count(fragile, tenant) == 0
        assert fragile.statement_statistics.failures == 0
        assert fragile.pool_statistics.discarded >= 1

    def test_a_connection_that_was_frozen_is_asked_before_it_is_used(
        self, own: DatabaseUrls, open_database: Open, tenant: TenantId
    ) -> None:
        """Its peer may have vanished without a word; `check_after_idle=0` makes every pause a freeze."""
        parts = urlsplit(own.app)
        assert parts.hostname
        assert parts.port
        with WireProxy(parts.hostname, parts.port) as wire:
            database = open_database(through(own.app, wire), check_after_idle=0)
            wire.recording.clear()
            count(database, tenant)
            assert wire.recording.statements[0] == "SELECT 1"

    def test_connections_past_their_lifetime_are_replaced(
        self, own: DatabaseUrls, open_database: Open, tenant: TenantId
    ) -> None:
        database = open_database(own.app, max_lifetime=0.0)
        count(database, tenant)
        count(database, tenant)
        assert database.pool_statistics.opened >= 3
        assert database.pool_statistics.idle == 0


class TestLostConnections:
    def test_a_killed_backend_is_retried_to_the_end(
        self, own: DatabaseUrls, fragile: Database, tenant: TenantId
    ) -> None:
        attempts: list[int] = []

        def work(session: object) -> UUID:
            attempts.append(1)
            made = NOTES.create(session, {"name": "a"}, actor="ann")  # type: ignore[arg-type]
            if len(attempts) == 1:
                pid = session.fetch_one("SELECT pg_backend_pid()", row=int)  # type: ignore[attr-defined]
                with psycopg.connect(own.admin, autocommit=True) as admin:
                    admin.execute("SELECT pg_terminate_backend(%s, 5000)", (pid,))
            return made.id

        fragile.run(tenant, work)
        assert len(attempts) == 2
        assert count(fragile, tenant) == 1

    def test_without_retry_the_error_says_that_nothing_was_stored(
        self, own: DatabaseUrls, fragile: Database, tenant: TenantId
    ) -> None:
        with (
            pytest.raises((ConnectionLost, CommitOutcomeUnknown)) as lost,
            fragile.transaction(tenant) as session,
        ):
            NOTES.create(session, {"name": "a"}, actor="ann")
            session.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        assert isinstance(lost.value, ConnectionLost)
        assert (lost.value.status, lost.value.retry_after) == (503, 1.0)
        assert count(fragile, tenant) == 0


class TestRestart:
    def test_the_server_comes_back_and_so_does_the_process(
        self, server: Postgres, fragile: Database, tenant: TenantId
    ) -> None:
        with fragile.transaction(tenant) as session:
            NOTES.create(session, {"name": "kept"}, actor="ann")
        server.kill()
        with pytest.raises(DatabaseUnavailable):
            fragile.run(tenant, lambda session: NOTES.create(session, {"name": "lost"}, actor="ann"))
        assert fragile.health().status == "unhealthy"
        server.start()
        until(lambda: recovered(fragile, tenant), within=20)
        assert count(fragile, tenant) == 1
        until(lambda: fragile.health().breaker == "closed", within=5)

    def test_a_writer_at_work_through_a_restart_loses_nothing(
        self, server: Postgres, fragile: Database, tenant: TenantId
    ) -> None:
        """What it was told was stored is there once; what it was told failed is not, unless it was told unknown."""
        told: dict[str, set[UUID]] = {"stored": set(), "failed": set(), "unknown": set()}
        stop = threading.Event()

        def write() -> None:
            while not stop.is_set():
                one = new_id()
                try:
                    with fragile.transaction(tenant) as session:
                        NOTES.create(session, {"name": uuid.uuid4().hex}, actor="ann", record_id=one)
                    told["stored"].add(one)
                except CommitOutcomeUnknown:
                    told["unknown"].add(one)
                except StorageError:
                    told["failed"].add(one)
                    stop.wait(0.01)

        writers = [threading.Thread(target=write) for _ in range(3)]
        for writer in writers:
            writer.start()
        for ending in (server.kill, server.stop):
            until(lambda: len(told["stored"]) >= 30, within=20)
            ending()
            until(lambda: told["failed"], within=20)
            server.start()
            reached = len(told["stored"])
            until(lambda before=reached: len(told["stored"]) > before + 20, within=20)  # type: ignore[misc]
        stop.set()
        for writer in writers:
            writer.join()
        until(lambda: recovered(fragile, tenant), within=5)
        everything = [*told["stored"], *told["failed"], *told["unknown"]]
        with fragile.transaction(tenant) as session:
            found = set(NOTES.get_many(session, everything))
        assert told["stored"] <= found
        assert not told["failed"] & found

    def test_an_open_circuit_spares_the_database_and_tells_when_to_come_back(
        self, server: Postgres, own: DatabaseUrls, open_database: Open, tenant: TenantId
    ) -> None:
        database = open_database(
            own.app, failure_threshold=5, reset_timeout=0.5, retry_attempts=1, check_after_idle=3600
        )
        count(database, tenant)
        server.stop()
        for _ in range(5):
            with pytest.raises(DatabaseUnavailable):
                count(database, tenant)
        failures = database.pool_statistics.open_failures
        with pytest.raises(CircuitOpen) as refused:
            count(database, tenant)
        assert database.pool_statistics.open_failures == failures
        assert refused.value.status == 503
        assert 0 < (refused.value.retry_after or 0) <= 1.0
        assert "breaker is open" in str(database.health().reasons)
        server.start()
        until(lambda: recovered(database, tenant), within=10)
        assert database.health().breaker == "closed"

    def test_starting_before_the_database_does_is_fine(
        self, server: Postgres, own: DatabaseUrls, open_database: Open, tenant: TenantId
    ) -> None:
        server.stop()
        database = open_database(own.app, reset_timeout=0.1)
        with pytest.raises(DatabaseUnavailable):
            count(database, tenant)
        server.start()
        until(lambda: recovered(database, tenant), within=10)


class TestHealth:
    def test_an_idle_pool_is_healthy(self, own: DatabaseUrls, open_database: Open) -> None:
        health = open_database(own.app).health()
        assert (health.status, health.reasons) == ("healthy", ())
        assert health.latency is not None
        assert health.pool.utilisation == 0

    def test_many_failures_show_and_are_forgotten_in_time(
        self, own: DatabaseUrls, fragile: Database, tenant: TenantId
    ) -> None:
        for _ in range(3):
            with pytest.raises(ConnectionLost), fragile.transaction(tenant) as session:
                session.execute("SELECT pg_terminate_backend(pg_backend_pid())")
        health = fragile.health()
        assert health.status in {"degraded", "unhealthy"}
        assert health.statements.success_rate < 0.95
