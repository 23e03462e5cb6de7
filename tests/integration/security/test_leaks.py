"""Row-level security cannot be read around: no function lends its rights, and nothing that looks at a row looks before the policy.

What this cannot hold against is SQL that enters another tenant by itself: see "SQL with the application's sign-in" in docs/security.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from local.database import DatabaseUrls
from sextant.identity import Caller
from sextant.ids import TenantId
from sextant.scenarios import service as scenarios
from sextant.scenarios.documents import ScenarioDocument
from sextant.storage import Database, DatabaseSettings

SECRET = "Project Nightfall"

# Of what this schema made itself, and no extension.
_OURS = """NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = {oid} AND d.classid = '{catalog}'::regclass AND d.deptype = 'e')"""

_LENDING = f"""
SELECT p.oid::regprocedure::text FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND (p.prosecdef OR p.proleakproof) AND {_OURS.format(oid="p.oid", catalog="pg_proc")}
"""
_VIEWS = """
SELECT c.oid::regclass::text FROM pg_class c
WHERE c.relnamespace = 'public'::regnamespace AND (c.relkind = 'm'
   OR (c.relkind = 'v' AND NOT coalesce('security_invoker=true' = ANY (c.reloptions), false)))
"""
# Whoever inserts is told that a key is taken, also by a row that the policy hides.
_UNIQUE = """
SELECT i.indexrelid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND i.indisunique
  AND NOT a.attnum = ANY (i.indkey[0:i.indnkeyatts - 1])
"""
# Foreign keys are checked past the policies.
_FOREIGN = """
SELECT k.conrelid::regclass || '.' || k.conname FROM pg_constraint k
JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attname = 'tenant_id' AND NOT a.attisdropped
JOIN pg_attribute b ON b.attrelid = k.confrelid AND b.attname = 'tenant_id' AND NOT b.attisdropped
WHERE k.contype = 'f' AND NOT (a.attnum = ANY (k.conkey) AND b.attnum = ANY (k.confkey))
"""
_UNPROTECTED = """
SELECT c.oid::regclass::text FROM pg_class c
JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id' AND NOT a.attisdropped
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relrowsecurity
  AND has_any_column_privilege('sextant_app', c.oid, 'SELECT, INSERT, UPDATE, REFERENCES')
"""

BY_RULE = {
    "lends no rights and vouches for nothing": _LENDING,
    "every view looks with the rights of who asks": _VIEWS,
    "every unique key is a tenant's": _UNIQUE,
    "every foreign key stays within a tenant": _FOREIGN,
    "every table with a tenant has its policy": _UNPROTECTED,
}


@pytest.fixture
def admin(database: DatabaseUrls) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield connection


def told(admin: psycopg.Connection[Any], query: str) -> list[str]:
    return sorted(name for (name,) in admin.execute(query.encode()))


@pytest.mark.parametrize("query", BY_RULE.values(), ids=BY_RULE)
def test_nothing_in_the_schema_breaks_the_rule(admin: psycopg.Connection[Any], query: str) -> None:
    assert told(admin, query) == []


def test_what_breaks_a_rule_is_told(admin: psycopg.Connection[Any]) -> None:
    for statement in (
        "CREATE FUNCTION lent() RETURNS integer LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
        "CREATE FUNCTION silent(text) RETURNS boolean LANGUAGE sql LEAKPROOF AS 'SELECT true'",
        "CREATE VIEW looking AS SELECT * FROM scenario",
        "CREATE TABLE plain (tenant_id text, id uuid PRIMARY KEY, other uuid UNIQUE REFERENCES plain (id))",
        "GRANT SELECT ON plain TO sextant_app",
    ):
        admin.execute(statement.encode())
    assert {rule: told(admin, query) for rule, query in BY_RULE.items()} == {
        "lends no rights and vouches for nothing": ["lent()", "silent(text)"],
        "every view looks with the rights of who asks": ["looking"],
        "every unique key is a tenant's": ["plain_other_key", "plain_pkey"],
        "every foreign key stays within a tenant": ["plain.plain_other_fkey"],
        "every table with a tenant has its policy": ["plain"],
    }


CONDITIONS = (
    "SELECT * FROM scenario WHERE name::uuid IS NOT NULL",
    "SELECT count(*) FROM scenario WHERE 1 / (length(name) - 17) = 0",
    "SELECT name FROM scenario ORDER BY name::integer",
    "SELECT name::date, count(*) FROM scenario GROUP BY 1",
    "SELECT count(*) FILTER (WHERE name::json IS NULL) FROM scenario",
    "SELECT s.id FROM scenario t JOIN scenario s ON s.name::inet IS NOT NULL",
    "SELECT s.id FROM (VALUES (1)) AS v LEFT JOIN LATERAL (SELECT id FROM scenario WHERE name::numeric > 0) AS s ON true",
    "UPDATE scenario SET description = '' WHERE name::bytea IS NOT NULL AND name::interval IS NULL",
    "SELECT EXISTS (SELECT FROM scenario WHERE to_tsquery(name || ' ! &') IS NOT NULL)",
)
"""Each fails on the name that `SECRET` is, and says it or that it is there, if ever it is evaluated for that row."""


@pytest.fixture
def app(database: DatabaseUrls) -> Iterator[Database]:
    """Where one tenant has a scenario, and the one who asks has none: any error at all is about that one."""
    made: Database = Database.connect(DatabaseSettings(url=database.app))
    caller = Caller(TenantId("victim"), "vic", frozenset({"admin"}), "request", "correlation")
    document = ScenarioDocument.model_validate({"name": SECRET})
    made.run(caller.tenant, lambda session: scenarios.create(session, document, caller))
    yield made
    made.close()


def test_no_condition_is_evaluated_for_a_row_that_the_policy_hides(
    app: Database, database: DatabaseUrls, admin: psycopg.Connection[Any]
) -> None:
    assert len(SECRET) == 17
    admin.execute("ANALYZE scenario")
    for condition in CONDITIONS:
        with app.transaction(TenantId("acme")) as session:
            session.execute(condition)
    # And without the policy each would be, or this shows nothing
    admin.execute("ALTER TABLE scenario DISABLE ROW LEVEL SECURITY")
    with psycopg.connect(database.app, autocommit=True) as alone:
        for condition in CONDITIONS:
            with pytest.raises((psycopg.DataError, psycopg.ProgrammingError)):
                alone.execute(condition.encode())


def test_statistics_tell_nothing_of_rows_that_the_policy_hides(
    app: Database, database: DatabaseUrls, admin: psycopg.Connection[Any]
) -> None:
    admin.execute("ANALYZE")
    every = "SELECT tablename, attname, most_common_vals::text, histogram_bounds::text FROM pg_stats WHERE schemaname = 'public'"
    assert any(table == "scenario" for table, *_ in admin.execute(every))
    with app.transaction(TenantId("acme")) as session:
        tables = {row[0] for row in session.fetch_all(every, row=tuple)}
        protected = "SELECT relname::text FROM pg_class WHERE relrowsecurity"
        assert tables.isdisjoint(session.fetch_all(protected, row=str))
    with psycopg.connect(database.app) as alone, pytest.raises(psycopg.errors.InsufficientPrivilege):
        alone.execute("SELECT * FROM pg_statistic")
