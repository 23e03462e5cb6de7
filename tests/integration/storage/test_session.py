"""Sessions and transactions: what they cost on the wire, what they promise, and what they never send."""

# ruff: noqa: PT012  (what raises is the transaction, not a single statement in it)

from __future__ import annotations

import threading

import psycopg
import pytest

from local.database import DatabaseUrls
from sextant.ids import TenantId, new_id
from sextant.storage import ALL_TENANTS, Database, PlatformDatabase
from sextant.storage.errors import (
    AccessDenied,
    CommitOutcomeUnknown,
    ConnectionLost,
    LockTimeout,
    QueryTimeout,
    StatementRejected,
    StorageError,
    TenantIsolationError,
    TransactionAborted,
    TransactionConflict,
    UniqueViolation,
)
from sextant.storage.statements import MAX_STATEMENT_BYTES, pinning
from sextant.storage.temporal import Strategy, TemporalRepository
from tests.integration.storage.conftest import Open
from tests.integration.storage.tables import SPECS
from tests.integration.storage.wire import WireProxy, through
from tests.waiting import until

INSERT = "INSERT INTO plain_note (tenant_id, id, name, created_by, updated_by) VALUES (%(tenant)s, %(id)s, %(name)s, 'x', 'x')"
COUNT = "SELECT count(*) FROM plain_note WHERE tenant_id = %s"


def named(tenant: TenantId, name: str = "a") -> dict[str, object]:
    return {"tenant": tenant, "id": new_id(), "name": name}


def insert(database: Database, tenant: TenantId, row: dict[str, object]) -> None:
    with database.autocommit(tenant) as session:
        assert session.execute(INSERT, row) == 1


def count(database: Database, tenant: TenantId) -> int:
    with database.autocommit(tenant) as session:
        rows = session.fetch_one(COUNT, (tenant,), row=int)
    assert rows is not None
    return rows


class TestRoundTrips:
    def test_beginning_travels_with_the_first_statement(
        self, wire: WireProxy, wired: Database, tenant: TenantId
    ) -> None:
        with wired.transaction(tenant) as session:
            assert wire.recording.round_trips == 0
            session.execute(INSERT, named(tenant))
            assert wire.recording.round_trips == 1
            session.fetch_one(COUNT, (tenant,), row=int)
        assert wire.recording.round_trips == 3

    def test_an_autocommit_statement_is_one(self, wire: WireProxy, wired: Database, tenant: TenantId) -> None:
        insert(wired, tenant, named(tenant))
        assert wire.recording.round_trips == 1
        assert count(wired, tenant) == 1

    def test_a_transaction_that_asks_nothing_is_none(
        self, wire: WireProxy, wired: Database, tenant: TenantId
    ) -> None:
        with wired.transaction(tenant):
            pass
        assert wire.recording.round_trips == 0

    @pytest.mark.parametrize("strategy", list(Strategy))
    def test_a_write_with_its_history_is_one(
        self, wire: WireProxy, wired: Database, tenant: TenantId, strategy: Strategy
    ) -> None:
        repository = TemporalRepository(SPECS[strategy])
        with wired.autocommit(tenant) as session:
            made = repository.create(session, {"name": "a"}, actor="ann")
            repository.update(session, made.id, {"name": "b"}, actor="ann")
            ids = repository.create_many(session, [{"name": f"n{n}"} for n in range(500)], actor="ann")
            repository.get_many(session, ids)
            repository.delete(session, made.id, actor="ann")
        assert wire.recording.round_trips == 5


class TestNothingPinsAProxiedSession:
    def test_of_all_that_is_sent(self, wire: WireProxy, wired: Database, tenant: TenantId) -> None:
        """Every kind of use, well and badly ended, recorded as RDS Proxy would see it."""
        for spec in SPECS.values():
            repository = TemporalRepository(spec)
            with wired.transaction(tenant) as session:
                made = repository.create(
                    session, {"name": "a", "payload": {"large": "x" * 100_000}}, actor="ann"
                )
                repository.update(session, made.id, {"rank": 1}, actor="ann")
                repository.create_many(session, [{"name": f"n{n}"} for n in range(2_000)], actor="ann")
                repository.list_page(session, limit=10, where={"rank": 1})
                repository.delete(session, made.id, actor="ann")
                repository.restore(session, made.id, actor="ann")
            with pytest.raises(UniqueViolation), wired.transaction(tenant) as session:
                repository.create(session, {"name": "A"}, actor="ann")
        with pytest.raises(ZeroDivisionError), wired.transaction(tenant) as session:
            session.execute(INSERT, named(tenant, "rolled back"))
            raise ZeroDivisionError
        wired.run(tenant, lambda session: session.fetch_one(COUNT, (tenant,), row=int))
        wired.health()

        recording = wire.recording
        assert len(recording.statements) > 30
        assert [text for text in recording.statements if pinning(text)] == []
        assert max(len(text.encode()) for text in recording.statements) <= MAX_STATEMENT_BYTES
        assert recording.prepared_names == []

    def test_the_start_up_carries_no_options(
        self, notes: DatabaseUrls, wire: WireProxy, open_database: Open, tenant: TenantId
    ) -> None:
        count(open_database(through(notes.app, wire)), tenant)
        assert [set(startup) for startup in wire.recording.startup] == [{"user", "database"}]

    def test_the_recorder_would_see_it(self, notes: DatabaseUrls, wire: WireProxy) -> None:
        """psycopg left to its defaults prepares statements by name, and sends what a caller asks for."""
        with psycopg.connect(through(notes.app, wire), prepare_threshold=0) as connection:
            connection.execute("SET statement_timeout = '5s'")
            connection.execute("SELECT %s::int", (1,))
        assert wire.recording.prepared_names
        assert [text for text in wire.recording.statements if pinning(text)] == [
            "SET statement_timeout = '5s'"
        ]

    def test_statements_that_would_pin_are_refused_before_they_are_sent(
        self, wire: WireProxy, wired: Database, tenant: TenantId
    ) -> None:
        for text in (
            "SET x = 1",
            "SELECT set_config('a.b', 'c', true)",
            "SELECT '" + "x" * MAX_STATEMENT_BYTES + "'",
        ):
            with pytest.raises(StatementRejected), wired.transaction(tenant) as session:
                session.execute(text)
        assert wire.recording.statements == []


class TestTransactions:
    def test_are_whole_or_not_at_all(self, app: Database, tenant: TenantId) -> None:
        with pytest.raises(ZeroDivisionError), app.transaction(tenant) as session:
            session.execute(INSERT, named(tenant))
            raise ZeroDivisionError
        assert count(app, tenant) == 0

    def test_one_whose_statement_failed_does_not_pretend_to_commit(
        self, app: Database, tenant: TenantId
    ) -> None:
        with pytest.raises(TransactionAborted), app.transaction(tenant) as session:
            session.execute(INSERT, named(tenant))
            with pytest.raises(UniqueViolation):
                session.execute(INSERT, named(tenant))
        assert count(app, tenant) == 0

    def test_one_whose_first_parameter_cannot_be_adapted_still_begins(
        self, app: Database, tenant: TenantId
    ) -> None:
        with pytest.raises(ZeroDivisionError), app.transaction(tenant) as session:
            with pytest.raises(StorageError):
                session.execute("SELECT %s", (object(),))
            session.execute(INSERT, named(tenant))
            raise ZeroDivisionError
        assert count(app, tenant) == 0

    def test_an_interrupted_pipeline_leaves_no_answer_for_the_next(
        self, notes: DatabaseUrls, open_database: Open, tenant: TenantId, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        database = open_database(notes.app, pool_max_size=1)

        def interrupted(*_: object, **__: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patched:
            patched.setattr(psycopg.Connection, "wait", interrupted)
            with pytest.raises(KeyboardInterrupt), database.transaction(tenant) as session:
                session.fetch_one("SELECT 'lost'::text", row=str)
        with database.transaction(tenant) as session:
            assert session.fetch_one("SELECT 'own'::text", row=str) == "own"

    def test_deadlocked_work_is_run_again_whole(self, app: Database, tenant: TenantId) -> None:
        first, second = named(tenant, "first"), named(tenant, "second")
        app.run(tenant, lambda session: (session.execute(INSERT, first), session.execute(INSERT, second)))
        raise_rank = (
            "UPDATE plain_note SET rank = rank + 1, version = version + 1 WHERE tenant_id = %s AND id = %s"
        )
        meet = threading.Barrier(2)
        attempts: list[object] = []

        def raise_both(ids: list[object]) -> None:
            def work(session: object) -> None:
                attempts.append(ids[0])
                session.execute(raise_rank, (tenant, ids[0]))  # type: ignore[attr-defined]
                if len(attempts) <= 2:
                    meet.wait(timeout=10)
                session.execute(raise_rank, (tenant, ids[1]))  # type: ignore[attr-defined]

            app.run(tenant, work)

        threads = [
            threading.Thread(target=raise_both, args=([first["id"], second["id"]],)),
            threading.Thread(target=raise_both, args=([second["id"], first["id"]],)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(attempts) == 3
        ranks = app.run(
            tenant,
            lambda session: session.fetch_all(
                "SELECT rank FROM plain_note WHERE tenant_id = %s", (tenant,), row=int
            ),
        )
        assert ranks == [2, 2]

    def test_serialization_failures_are_transient(self, app: Database, tenant: TenantId) -> None:
        with pytest.raises(TransactionConflict) as conflict, app.transaction(tenant) as session:
            session.execute("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = 'serialization_failure'; END $$")
        assert conflict.value.transient
        assert (conflict.value.status, conflict.value.retry_after) == (503, 1.0)


class TestLimits:
    def test_a_held_lock_ends_in_a_clear_error(
        self, notes: DatabaseUrls, app: Database, tenant: TenantId
    ) -> None:
        row = named(tenant)
        insert(app, tenant, row)
        with psycopg.connect(notes.admin) as holder:
            holder.execute("SELECT FROM plain_note WHERE id = %s FOR UPDATE", (row["id"],))
            with pytest.raises(LockTimeout) as refused, app.transaction(tenant) as session:
                session.execute("SELECT shorten_waits()")
                session.execute(
                    "DELETE FROM plain_note WHERE tenant_id = %s AND id = %s", (tenant, row["id"])
                )
        assert (refused.value.code, refused.value.status) == ("lock_timeout", 503)
        assert app.health().breaker == "closed"

    def test_a_statement_that_takes_too_long_is_ended(self, app: Database, tenant: TenantId) -> None:
        with pytest.raises(QueryTimeout), app.transaction(tenant) as session:
            session.execute("SELECT shorten_waits()")
            session.execute("SELECT pg_sleep(30)")

    def test_the_roles_carry_the_limits(self, app: PlatformDatabase, platform: PlatformDatabase) -> None:
        for database in (app, platform):
            with database.autocommit(ALL_TENANTS) as session:
                for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                    value = session.fetch_one("SELECT current_setting(%s)", (setting,), row=str)
                    assert value not in {None, "0"}, setting

    def test_slow_statements_are_logged_without_their_values(
        self, notes: DatabaseUrls, open_database: Open, tenant: TenantId, caplog: pytest.LogCaptureFixture
    ) -> None:
        database = open_database(notes.app, slow_query=0.05)
        with database.transaction(tenant) as session:
            session.execute("SELECT pg_sleep(%s), %s::text", (0.06, "secret"))
        (record,) = [entry for entry in caplog.records if entry.message == "slow statement"]
        assert "pg_sleep" in record.__dict__["statement"]
        assert "secret" not in str(record.__dict__)
        assert database.statement_statistics.slow == 1


class TestTenancy:
    def test_a_session_sees_and_writes_its_tenant_alone(
        self, app: Database, tenant: TenantId, other_tenant: TenantId
    ) -> None:
        row = named(tenant)
        insert(app, tenant, row)
        with app.transaction(other_tenant) as session:
            assert session.fetch_one(COUNT, (tenant,), row=int) == 0
            assert session.execute("DELETE FROM plain_note WHERE id = %s", (row["id"],)) == 0
        with pytest.raises(TenantIsolationError), app.transaction(other_tenant) as session:
            session.execute(INSERT, named(tenant))

    def test_the_tenant_does_not_outlive_its_transaction(
        self, notes: DatabaseUrls, open_database: Open, tenant: TenantId
    ) -> None:
        database = open_database(notes.app, pool_max_size=1)
        insert(database, tenant, named(tenant))
        with database.autocommit(ALL_TENANTS) as session:
            assert session.fetch_one("SELECT count(*) FROM plain_note", row=int) == 0
            assert session.fetch_one("SELECT current_tenant()", row=str) is None

    def test_a_row_of_another_tenant_is_refused(
        self, platform: PlatformDatabase, tenant: TenantId, other_tenant: TenantId
    ) -> None:
        """As after a mismatch behind a proxy: here the platform role, which sees all, stands in for it."""
        with platform.transaction(ALL_TENANTS) as session:
            session.execute(INSERT, named(tenant))
        with platform.transaction(other_tenant) as session, pytest.raises(TenantIsolationError):
            session.fetch_all("SELECT * FROM plain_note WHERE tenant_id = %s", (tenant,), row=dict)

    def test_a_session_of_all_tenants_is_no_tenants(self, platform: PlatformDatabase) -> None:
        with platform.transaction(ALL_TENANTS) as session, pytest.raises(TenantIsolationError):
            _ = session.tenant_id

    @pytest.mark.parametrize("bad", ["", "UPPER", "a b", "x' OR '1'='1", "a" * 64])
    def test_a_tenant_that_is_no_slug_is_refused(self, app: Database, bad: str) -> None:
        with pytest.raises(ValueError, match="tenant id"):
            app.transaction(TenantId(bad))

    def test_the_application_owns_nothing_and_cannot_go_round(self, app: Database, tenant: TenantId) -> None:
        for forbidden in (
            "ALTER TABLE plain_note DISABLE ROW LEVEL SECURITY",
            "CREATE TABLE mine (id int)",
            "TRUNCATE plain_note",
            "DROP POLICY tenant_isolation ON plain_note",
            "CREATE ROLE stronger SUPERUSER",
        ):
            with pytest.raises(AccessDenied), app.transaction(tenant) as session:
                session.execute(forbidden)  # type: ignore[arg-type,unused-ignore]


class TestConnectionLoss:
    def test_before_the_commit_is_run_again(
        self, notes: DatabaseUrls, wire: WireProxy, open_database: Open, tenant: TenantId
    ) -> None:
        database = open_database(through(notes.app, wire), retry_base_delay=0.01)
        attempts: list[int] = []

        def work(session: object) -> None:
            attempts.append(1)
            session.execute(INSERT, named(tenant))  # type: ignore[attr-defined]
            if len(attempts) == 1:
                wire.cut()
                session.execute("SELECT 1")  # type: ignore[attr-defined]

        database.run(tenant, work)
        assert len(attempts) == 2
        assert count(database, tenant) == 1

    def test_during_the_commit_is_not_run_again_unless_idempotent(
        self, notes: DatabaseUrls, wire: WireProxy, open_database: Open, tenant: TenantId
    ) -> None:
        """The commit takes effect and its answer is lost; running it twice would be wrong, or not."""
        database = open_database(through(notes.app, wire), retry_base_delay=0.01)
        row = named(tenant)
        upsert = INSERT + " ON CONFLICT DO NOTHING"

        def work(session: object) -> None:
            session.execute(upsert, row)  # type: ignore[attr-defined]
            wire.lose_answer_to("COMMIT")

        with pytest.raises(CommitOutcomeUnknown) as unknown:
            database.run(tenant, work)
        assert not unknown.value.transient
        until(lambda: count(database, tenant) == 1)
        attempts: list[int] = []

        def again(session: object) -> None:
            attempts.append(1)
            session.execute(upsert, row)  # type: ignore[attr-defined]
            if len(attempts) == 1:
                wire.lose_answer_to("COMMIT")

        database.run(tenant, again, idempotent=True)
        assert len(attempts) == 2
        assert count(database, tenant) == 1

    def test_of_an_autocommit_statement_leaves_its_outcome_unknown(
        self, wire: WireProxy, wired: Database, tenant: TenantId
    ) -> None:
        wire.lose_answer_to("INSERT")
        with pytest.raises(CommitOutcomeUnknown):
            insert(wired, tenant, named(tenant))
        assert count(wired, tenant) == 1

    def test_inside_a_transaction_means_nothing_was_stored(
        self, wire: WireProxy, wired: Database, tenant: TenantId
    ) -> None:
        with pytest.raises(ConnectionLost), wired.transaction(tenant) as session:
            session.execute(INSERT, named(tenant))
            wire.cut()
            session.execute("SELECT 1")
        assert count(wired, tenant) == 0
