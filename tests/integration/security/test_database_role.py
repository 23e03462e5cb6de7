"""The attacker here is SQL that was written with the application's sign-in: what it may not do, and not leave behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

import migrations
from local.database import DatabaseUrls
from migrations import sql_functions
from sextant.execution import repository as execution
from sextant.ids import RunId, TenantId, new_id
from sextant.storage import ALL_TENANTS, Database, DatabaseSettings, PlatformDatabase

ROLES = ("sextant_app", "sextant_platform")
TENANT = TenantId("acme")

# What only the platform's functions do: claim and end runs, commit files, publish events.
PLATFORMS = (
    "SELECT * FROM claim_run('acme', gen_random_uuid(), 'w', '30 s')",
    "SELECT * FROM recover_runs('1 s', 10)",
    "SELECT settle_parents(10)",
    "SELECT store_output('acme', gen_random_uuid(), 1, '{}', '[]', '{}', 1, 1, 0)",
    "SELECT close_output_batch(gen_random_uuid(), 1)",
    "SELECT * FROM outbox_claim(gen_random_uuid(), 10, '30 s', '', '{}')",
    "SELECT outbox_promote(10)",
)
# What nobody calls but triggers and migrations.
NOBODYS = (
    "SELECT protect_tenant_table('scenario')",
    "SELECT keep_audit('vendor')",
    "SELECT own_columns('vendor')",
)


@pytest.fixture
def attacker(database: DatabaseUrls) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.app, autocommit=True) as connection:
        yield connection


@pytest.fixture
def app(database: DatabaseUrls) -> Iterator[Database]:
    """One connection, as a warm function keeps it: what is left in its session meets the next request."""
    made: Database = Database.connect(DatabaseSettings(url=database.app, pool_max_size=1))
    yield made
    made.close()


def granted(text: str) -> set[str]:
    return {
        role
        for found in re.findall(r"^GRANT EXECUTE ON FUNCTION .* TO (.*);$", text, re.M)
        for role in found.split(", ")
    }


def test_each_role_executes_what_each_functions_file_grants_it_and_public_nothing(
    database: DatabaseUrls,
) -> None:
    files = {function.name: granted(function.text) for function in sql_functions.of_files()}
    with psycopg.connect(database.admin) as admin:
        rows = admin.execute(
            """
            SELECT p.proname::text, ARRAY(
                SELECT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END
                FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee <> p.proowner)
            FROM pg_proc p
            WHERE p.pronamespace = 'public'::regnamespace
              AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
            """
        ).fetchall()
    # The triggers that keep_audit and keep_versions write have no file, and no grant.
    assert {name: set(roles) for name, roles in rows} == {name: files.get(name, set()) for name, _ in rows}
    assert {role for roles in files.values() for role in roles} == set(ROLES)


@pytest.mark.parametrize("statement", [*PLATFORMS, *NOBODYS])
def test_the_application_executes_no_function_of_the_platform(
    attacker: psycopg.Connection[Any], statement: str
) -> None:
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="permission denied for function"):
        attacker.execute(statement.encode())


def test_claims_go_on_whatever_locks_the_application_holds(
    attacker: psycopg.Connection[Any], database: DatabaseUrls
) -> None:
    # Given a session of the application that holds every advisory lock it can think of, and wants the claims' row
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        attacker.execute("SELECT FROM claim_turn FOR UPDATE")
    for key in range(7390100, 7390120):
        attacker.execute("SELECT pg_advisory_lock(%s)", (key,))
    # When a worker claims, then it is answered
    platform: PlatformDatabase = PlatformDatabase.connect(DatabaseSettings(url=database.platform))
    with platform.transaction(ALL_TENANTS) as session:
        outcome, _ = execution.claim(session, TENANT, RunId(new_id()), "worker", timedelta(seconds=30))
    platform.close()
    assert outcome == "UNKNOWN"


def left_behind(app: Database, statements: str) -> None:
    """Run what an injected statement could; its text hides from the check of what pins a session."""
    with app.autocommit(TENANT) as session:
        session.execute(sql.SQL("DO {}").format(sql.Literal(f"BEGIN {statements} END")))


LIMITS = {"statement_timeout": "10s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "15s"}


def test_limits_that_a_session_lost_hold_for_the_next_request(app: Database) -> None:
    left_behind(
        app,
        "".join(f"PERFORM set_config('{name}', '0', false);" for name in LIMITS)
        + "PERFORM set_config('app.current_tenant', 'victim', false);"
        "PERFORM set_config('search_path', 'pg_catalog', false);",
    )
    assert_as_ever(app)


def test_limits_that_the_role_gave_up_hold_all_the_same(app: Database, database: DatabaseUrls) -> None:
    left_behind(
        app,
        "".join(f"ALTER ROLE sextant_app IN DATABASE {database.name} SET {name} = 0;" for name in LIMITS),
    )
    anew: Database = Database.connect(DatabaseSettings(url=database.app))
    try:
        assert_as_ever(anew)
    finally:
        anew.close()


def test_what_the_role_set_for_itself_is_taken_back_by_an_upgrade(
    app: Database, database: DatabaseUrls
) -> None:
    # Given defaults that stop every session of the application
    settings = dict.fromkeys(LIMITS, "0") | {
        "row_security": "off",
        "DateStyle": "'SQL, DMY'",
        "local_preload_libraries": "none_such",
        "default_transaction_read_only": "on",
    }
    left_behind(
        app,
        "".join(
            f"ALTER ROLE sextant_app IN DATABASE {database.name} SET {name} = {value};"
            for name, value in settings.items()
        ),
    )
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(database.app)
    # When an administrator upgrades, to what is there already
    migrations.upgrade(database.admin)
    # Then it works as ever
    anew: Database = Database.connect(DatabaseSettings(url=database.app))
    try:
        assert_as_ever(anew)
        with anew.transaction(TenantId("other")) as session:
            assert session.fetch_one("SELECT current_setting('transaction_read_only')", row=str) == "off"
    finally:
        anew.close()


def assert_as_ever(app: Database) -> None:
    for scope in (app.autocommit, app.transaction):
        with scope(TenantId("other")) as session:
            for name, value in LIMITS.items():
                assert session.fetch_one("SELECT current_setting(%s)", (name,), row=str) == value
            assert session.fetch_one("SELECT public.current_tenant()", row=str) == "other"
            assert session.fetch_one("SELECT count(*) FROM scenario", row=int) == 0


def test_no_table_of_a_sessions_own_stands_in_anothers_place(app: Database) -> None:
    left_behind(app, "CREATE TEMP TABLE scenario AS SELECT 'other' AS tenant_id;")
    assert_as_ever(app)


def test_the_application_makes_no_large_objects(attacker: psycopg.Connection[Any]) -> None:
    for statement in ("SELECT lo_create(0)", "SELECT lo_creat(-1)", "SELECT lo_from_bytea(0, 'x')"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            attacker.execute(statement.encode())


def test_a_database_that_was_prepared_lets_nobody_make_temporary_tables(empty_database: DatabaseUrls) -> None:
    migrations.upgrade(empty_database.admin)
    with psycopg.connect(empty_database.admin) as admin:
        [[may]] = admin.execute(
            "SELECT has_database_privilege('sextant_app', current_database(), 'TEMPORARY')"
        ).fetchall()
    assert may is False
