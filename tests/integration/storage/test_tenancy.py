"""No tenant sees, counts, blocks or infers another's data, whatever function of whatever repository it calls.

Two databases differ only in that in one of them every tenant table holds a row of another tenant, all with
one known id. A stranger calls every function of every repository in both, with that id and with the other
tenant's name wherever they fit. Answers and errors must be the same in both, and the rows untouched.
"""

from __future__ import annotations

import inspect
import re
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from migrations.sql_functions import of_files
from sextant.ids import TenantId
from sextant.storage import Database
from sextant.storage.pipeline import Answer, run_pipeline
from sextant.storage.statements import Params, Statement
from sextant.storage.temporal import TemporalRepository
from tests.integration.storage.conftest import Open
from tests.integration.storage.discovery import functions, temporal_repositories
from tests.integration.storage.made_up import arguments
from tests.integration.storage.tables import SPECS, create_tables

VICTIM = TenantId("victim")
STRANGER = TenantId("stranger")
KNOWN_ID = UUID("01900000-0000-7000-8000-000000000001")
SECRET = "the victim's secret"


@pytest.fixture(scope="module")
def alone(postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    yield from _cloned(postgres, template)


@pytest.fixture(scope="module")
def crowded(postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    for made in _cloned(postgres, template):
        with psycopg.connect(made.admin, autocommit=True) as admin:
            _settle_victim(admin)
        yield made


def _cloned(postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    made = databases.clone(postgres, template, f"tenancy_{uuid.uuid4().hex[:12]}")
    create_tables(made.admin)
    with psycopg.connect(made.admin, autocommit=True) as admin:
        drop_checks(admin)
    yield made
    databases.drop(postgres, made.name)


def tenant_tables(admin: psycopg.Connection[Any]) -> list[str]:
    return [
        name
        for (name,) in admin.execute(
            "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
            " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace AND NOT c.relispartition ORDER BY 1"
        )
    ]


def drop_checks(admin: psycopg.Connection[Any]) -> None:
    """So that a row can be made of anything."""
    checks = admin.execute(
        "SELECT conrelid::regclass::text, conname FROM pg_constraint WHERE contype = 'c' AND conrelid <> 0"
        " AND connamespace = 'public'::regnamespace"
    ).fetchall()
    for table, name in checks:
        admin.execute(
            sql.SQL("ALTER TABLE {} DROP CONSTRAINT IF EXISTS {}").format(
                sql.SQL(table), sql.Identifier(name)
            )
        )


def _settle_victim(admin: psycopg.Connection[Any]) -> None:
    """A row of the victim in every tenant table: known id, secret texts, defaults where the table has them."""
    # Neither foreign keys nor the tables' own triggers.
    admin.execute("SET session_replication_role = replica")
    for table in tenant_tables(admin):
        columns = admin.execute(
            "SELECT a.attname, a.attnotnull, format_type(a.atttypid, a.atttypmod), t.typtype, t.typcategory"
            " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid"
            " WHERE a.attrelid = %s::regclass AND a.attnum > 0 AND NOT a.attisdropped AND NOT a.atthasdef AND a.attgenerated = '' AND a.attidentity = ''",
            (table,),
        ).fetchall()
        values = {
            name: VICTIM if name == "tenant_id" else _value(kind, category)
            for name, required, kind, _, category in columns
            if (required or category == "S" or kind == "uuid") and name != "deleted_at"
        }
        admin.execute(
            sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(
                sql.Identifier(table),
                sql.SQL(", ").join(map(sql.Identifier, values)),
                sql.SQL(", ").join(sql.Placeholder() * len(values)),
            ),
            list(values.values()),
        )
    admin.execute("SET session_replication_role = origin")


def _value(kind: str, category: str) -> object:
    if kind == "uuid":
        return KNOWN_ID
    if kind in {"json", "jsonb"}:
        return f'{{"secret": "{SECRET}"}}'
    if kind.endswith("[]"):
        return "{}"
    if kind == "tstzrange":
        return "[2020-01-01,)"
    if kind == "bytea":
        return b"x"
    return {"S": SECRET, "N": 1, "B": True, "D": "2030-01-01", "T": "1 hour"}[category]


def victims_rows(url: str) -> dict[str, list[str]]:
    with psycopg.connect(url, autocommit=True) as admin:
        return {
            table: [
                row
                for (row,) in admin.execute(
                    sql.SQL("SELECT t::text FROM {} t WHERE tenant_id = %s").format(sql.Identifier(table)),
                    (VICTIM,),
                )
            ]
            for table in tenant_tables(admin)
        }


def everything() -> dict[str, Callable[..., Any]]:
    """Every function of a repository, and every method of every temporal repository."""
    repositories = {
        **temporal_repositories(),
        **{f"notes.{strategy}": TemporalRepository[Any](spec) for strategy, spec in SPECS.items()},
    }
    methods = {
        f"{where}.{name}": getattr(repository, name)
        for where, repository in repositories.items()
        for name, _ in inspect.getmembers(TemporalRepository, inspect.isfunction)
        if not name.startswith("_")
    }
    return {**methods, **functions()}


class _Undo(Exception):  # noqa: N818
    """Ends a transaction without a trace."""


def answer(database: Database, function: Callable[..., Any], given: dict[str, Any]) -> str:
    """What `function` says to the stranger: its result or its error, without what differs from call to call."""
    said = ""
    try:
        with database.transaction(STRANGER) as session:
            said = repr(function(session, **given))
            raise _Undo
    except _Undo:
        pass
    except Exception as error:  # noqa: BLE001  (whatever it is, it must be the same in both databases)
        said = f"{type(error).__name__}: {error}"
    for volatile, instead in (
        (r"datetime\.datetime\([^)]*\)(, tzinfo=\S+)?", "<time>"),
        (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d\S*", "<time>"),
        (r"0[0-9a-f]{7}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f-]{17}", "<id>"),
        (r"0x[0-9a-f]+", "<address>"),
        (r"\d+\.\d{3,}(e-\d+)?", "<seconds>"),
    ):
        said = re.sub(volatile, instead, said)
    return said


@pytest.mark.parametrize("text", ["probe", SECRET, str(VICTIM)])
def test_a_stranger_learns_and_changes_nothing(
    alone: DatabaseUrls, crowded: DatabaseUrls, open_database: Open, text: str
) -> None:
    empty, full = open_database(alone.app, slow_query=60), open_database(crowded.app, slow_query=60)
    before = victims_rows(crowded.admin)
    differing: dict[str, tuple[str, str]] = {}
    calls = 0
    for name, function in everything().items():
        for tenant in (STRANGER, VICTIM):
            given = arguments(function, {UUID: KNOWN_ID, TenantId: tenant}, text)
            if not (tenant is STRANGER or TenantId in _kinds(function)):
                continue
            without, with_victim = answer(empty, function, given), answer(full, function, given)
            calls += 1
            if without != with_victim:
                differing[f"{name} ({tenant})"] = (without, with_victim)
            assert text == SECRET or SECRET not in with_victim, name
    assert differing == {}
    assert victims_rows(crowded.admin) == before
    assert calls > 120


def _kinds(function: Callable[..., Any]) -> set[object]:
    return {one.annotation for one in inspect.signature(function, eval_str=True).parameters.values()}


def test_the_walk_would_notice(crowded: DatabaseUrls, alone: DatabaseUrls, open_database: Open) -> None:
    """As the platform role, which row-level security lets through, the same walk finds differences."""
    empty, full = open_database(alone.platform), open_database(crowded.platform)
    noticed = 0
    for function in everything().values():
        given = arguments(function, {UUID: KNOWN_ID, TenantId: VICTIM}, "probe")
        noticed += answer(empty, function, given) != answer(full, function, given)
    assert noticed > 5


def test_statements_and_functions_that_forget_the_tenant_show_and_change_nothing(
    postgres: Postgres, template: str, open_database: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Row-level security alone: each comparison with the caller's tenant is taken out, in every statement and function."""
    forgotten: set[bytes] = set()

    def forgetful(connection: Any, statements: Sequence[tuple[Statement, Params]]) -> Answer:
        texts = [forget(statement.text, _COMPARED) for statement, _ in statements]
        forgotten.update(
            text for text, (whole, _) in zip(texts, statements, strict=True) if text != whole.text
        )
        mutants = [
            (whole._replace(text=text), params)
            for text, (whole, params) in zip(texts, statements, strict=True)
        ]
        return run_pipeline(connection, mutants)

    monkeypatch.setattr("sextant.storage.session.run_pipeline", forgetful)
    with ExitStack() as cleanup:
        alone, crowded = (
            cleanup.enter_context(contextmanager(_cloned)(postgres, template)) for _ in range(2)
        )
        mutants = {one.name: forget(one.text.encode(), _COMPARED_IN_FUNCTIONS) for one in of_files()}
        for urls in (alone, crowded):
            with psycopg.connect(urls.admin, autocommit=True) as admin:
                for mutant in mutants.values():
                    admin.execute(mutant)
        with psycopg.connect(crowded.admin, autocommit=True) as admin:
            _settle_victim(admin)
        before = victims_rows(crowded.admin)

        assert _differing(open_database(alone.app), open_database(crowded.app)) == {}
        assert victims_rows(crowded.admin) == before
        # And a role that row-level security does not hold sees what it is good for
        assert len(_differing(open_database(alone.admin), open_database(crowded.admin))) > 20
    assert len(forgotten) > 100
    assert sum(mutants[one.name] != one.text.encode() for one in of_files()) > 30


# A statement's comparison of a row's tenant with the caller's; a function's.
_COMPARED = re.compile(rb"\b(?:\w+\.)?tenant_id = (\$\d+)(?:::text)?(?!\w)")
_COMPARED_IN_FUNCTIONS = re.compile(rb"\b(?:\w+\.)?tenant_id (?:=|IN) \(?(p_tenant)\b(?:, '\*'\))?")


def forget(text: bytes, compared: re.Pattern[bytes]) -> bytes:
    return compared.sub(rb"\1::text IS NOT NULL", text)


def _differing(empty: Database, full: Database) -> dict[str, tuple[str, str]]:
    """What the stranger is told differently where the victim is."""
    differing = {}
    for name, function in everything().items():
        given = arguments(function, {UUID: KNOWN_ID, TenantId: STRANGER}, "probe")
        without, with_victim = answer(empty, function, given), answer(full, function, given)
        if without != with_victim:
            differing[name] = (without, with_victim)
    return differing


class TestSchema:
    def test_row_level_security_is_forced_on_every_tenant_table(self, alone: DatabaseUrls) -> None:
        with psycopg.connect(alone.admin) as admin:
            bare = admin.execute(
                "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
                " WHERE c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace"
                " AND NOT (c.relrowsecurity AND c.relforcerowsecurity"
                "          AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid))"
            ).fetchall()
            assert bare == []
            assert len(tenant_tables(admin)) > 20

    def test_keys_of_tenant_tables_begin_with_the_tenant(self, alone: DatabaseUrls) -> None:
        with psycopg.connect(alone.admin) as admin:
            wrong = admin.execute(
                "SELECT i.indrelid::regclass::text FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid"
                " AND a.attname = 'tenant_id' WHERE i.indisprimary AND i.indkey[0] <> a.attnum"
            ).fetchall()
        assert wrong == []

    @pytest.mark.parametrize("role", ["sextant_app", "sextant_platform"])
    def test_the_roles_own_nothing_and_cannot_go_round(self, alone: DatabaseUrls, role: str) -> None:
        with psycopg.connect(alone.admin) as admin:
            owned = admin.execute(
                "SELECT count(*) FROM pg_class c JOIN pg_roles r ON r.oid = c.relowner WHERE r.rolname = %s",
                (role,),
            ).fetchone()
            powers = admin.execute(
                "SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb FROM pg_roles WHERE rolname = %s",
                (role,),
            ).fetchone()
        assert (owned, powers) == ((0,), (False,))

    def test_append_only_tables_refuse_changes_from_everybody(self, alone: DatabaseUrls) -> None:
        with psycopg.connect(alone.admin) as admin:
            tables = [
                name
                for (name,) in admin.execute(
                    "SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgname = 'append_only' AND tgenabled <> 'D'"
                )
            ]
            granted = admin.execute(
                "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
                " WHERE grantee IN ('sextant_app', 'sextant_platform') AND table_name = ANY(%s)"
                " AND privilege_type IN ('UPDATE', 'DELETE', 'TRUNCATE')",
                (tables,),
            ).fetchall()
        assert granted == []
        assert len(tables) > 5
