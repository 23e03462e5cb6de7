"""Migrations: up, down, and up again from every earlier version, on a database that holds data."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from psycopg import sql

import migrations
from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from tests.waiting import until

REVISIONS = migrations.revisions()


# Everything a schema is made of, in words, so that two schemas can be compared.
_SHAPE = """
SELECT 'column', c.relname || '.' || a.attname,
    concat_ws(' ', format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attgenerated)
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'c') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', conname, coalesce(conrelid::regclass::text, '') || ' ' || pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace
UNION ALL
SELECT 'index', c.relname, pg_get_indexdef(c.oid) FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('i', 'I')
UNION ALL
SELECT 'function', p.oid::regprocedure::text, concat_ws(' ', md5(p.prosrc), p.prosecdef, p.provolatile, p.proacl::text)
FROM pg_proc p WHERE p.pronamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger', tgname || ' on ' || tgrelid::regclass, concat(pg_get_triggerdef(oid), tgenabled) FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'policy', policyname || ' on ' || tablename, concat_ws(' ', roles::text, cmd, qual, with_check) FROM pg_policies
UNION ALL
SELECT 'table', c.relname, concat_ws(' ', c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relacl::text, c.reloptions::text)
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S')
UNION ALL
SELECT 'type', t.typname, t.typtype::text FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype IN ('d', 'e', 'r', 'm')
"""


def shape(url: str) -> dict[tuple[str, str], str]:
    """Every part of the schema with what it is; Alembic's own table apart."""
    with psycopg.connect(url, autocommit=True) as connection:
        return {
            (kind, name): definition
            for kind, name, definition in connection.execute(_SHAPE)
            if "alembic_version" not in name
        }


def fill(url: str) -> int:
    """A row in every table that lets one be made up; how many."""
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("SET session_replication_role = replica")
        return sum(_fill_table(admin, table) for table in tables(admin))


def tables(connection: psycopg.Connection[Any]) -> list[str]:
    return [
        name
        for (name,) in connection.execute(
            "SELECT c.relname FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'"
            " AND NOT c.relispartition AND c.relname <> 'alembic_version' ORDER BY 1"
        )
    ]


def _fill_table(admin: psycopg.Connection[Any], table: str) -> int:
    """One row that the table's checks let through: each check's own words are tried as values."""
    columns = admin.execute(
        "SELECT a.attname, format_type(a.atttypid, a.atttypmod), t.typcategory FROM pg_attribute a"
        " JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped"
        " AND a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''",
        (table,),
    ).fetchall()
    words = [
        word
        for (definition,) in admin.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = %s::regclass AND contype = 'c'",
            (table,),
        )
        for word in str(definition).split("'")[1::2]
        if word.isupper()
    ]
    for text in ["acme", *words]:
        values = {
            name: "acme" if name == "tenant_id" else _value(kind, category, text)
            for name, kind, category in columns
        }
        if not values:
            return 1  # Its one row is made by the migration itself.
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )
        try:
            admin.execute(statement, list(values.values()))
        except psycopg.errors.IntegrityError:
            continue
        return 1
    return 0


def _value(kind: str, category: str, text: str) -> object:
    if kind == "uuid":
        return "01900000-0000-7000-8000-000000000001"
    if kind in {"json", "jsonb"}:
        return "{}"
    if kind.endswith("[]"):
        return "{}"
    if kind == "tstzrange":
        return "[2020-01-01,)"
    if kind == "bytea":
        return b"x"
    return {"S": text, "N": 1, "B": True, "D": "2030-01-01", "T": "1 hour"}.get(category, text)


def rows(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as admin:
        total = 0
        for table in tables(admin):
            found = admin.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table))).fetchone()
            total += found[0] if found else 0
        return total


@pytest.fixture(scope="module")
def newest(postgres: Postgres, template: str) -> dict[tuple[str, str], str]:
    """The schema as a fresh database has it."""
    return shape(databases.urls(postgres, template).admin)


@pytest.mark.parametrize("revision", ["base", *REVISIONS[:-1]])
def test_down_to_each_version_and_up_again_with_data(
    empty_database: DatabaseUrls, newest: dict[tuple[str, str], str], revision: str
) -> None:
    url = empty_database.admin
    migrations.upgrade(url)
    assert fill(url) > 20
    migrations.downgrade(url, revision)
    if revision == "base":
        assert shape(url) == {}
    migrations.upgrade(url)
    assert shape(url) == newest


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_up_from_each_earlier_version_with_its_data(
    empty_database: DatabaseUrls, newest: dict[tuple[str, str], str], revision: str
) -> None:
    url = empty_database.admin
    migrations.upgrade(url, revision)
    filled = fill(url)
    assert filled
    migrations.upgrade(url)
    assert shape(url) == newest
    assert rows(url) >= filled


def test_a_move_that_a_deadlock_ends_begins_again(
    empty_database: DatabaseUrls, caplog: pytest.LogCaptureFixture
) -> None:
    # Given a transaction that has read what the way back takes late, and then wants what that took first
    url = empty_database.admin
    migrations.upgrade(url)
    with psycopg.connect(url) as other, psycopg.connect(url, autocommit=True) as watching:
        other.execute("SET deadlock_timeout = '1h'")
        other.execute("SELECT FROM scenario")

        def is_waited_for() -> bool:
            query = "SELECT FROM pg_locks WHERE NOT granted AND relation = 'scenario'::regclass"
            return watching.execute(query).fetchone() is not None

        with ThreadPoolExecutor(1) as threads:
            move = threads.submit(migrations.downgrade, url, "base")
            until(is_waited_for, within=60)
            # When each waits for the other, PostgreSQL ends the move
            other.execute("SELECT FROM export")
            other.commit()
            move.result(timeout=120)
    # Then it has begun again, and come to its end
    assert "begins again" in caplog.text
    assert shape(url) == {}


def test_migrating_twice_changes_nothing(empty_database: DatabaseUrls) -> None:
    migrations.upgrade(empty_database.admin)
    before = shape(empty_database.admin)
    migrations.upgrade(empty_database.admin)
    assert shape(empty_database.admin) == before


def test_there_is_one_line_of_revisions() -> None:
    assert len(REVISIONS) == len(set(REVISIONS)) > 1
    assert [name.split("_")[0] for name in REVISIONS] == [f"{n:04}" for n in range(1, len(REVISIONS) + 1)]
