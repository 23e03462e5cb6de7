"""The migrated database has what the code expects, and the other way round."""

from __future__ import annotations

import re
from dataclasses import replace

import psycopg
import pytest

from local.database import DatabaseUrls
from sextant.storage import ALL_TENANTS, PlatformDatabase
from sextant.storage.statements import compiled
from sextant.storage.temporal import Strategy, TableSpec
from tests.integration.storage.discovery import statements, temporal_repositories
from tests.integration.storage.spec_drift import differences
from tests.integration.storage.tables import COLUMNS, SPECS, Note

_UNTYPED = (
    psycopg.errors.AmbiguousFunction,
    psycopg.errors.AmbiguousParameter,
    psycopg.errors.UndefinedFunction,
)


def found(database: PlatformDatabase, *specs: TableSpec[Note]) -> list[str]:
    with database.autocommit(ALL_TENANTS) as session:
        return differences(session, specs)


def test_every_repository_finds_its_tables_as_it_expects_them(app: PlatformDatabase) -> None:
    repositories = temporal_repositories()
    assert repositories
    with app.autocommit(ALL_TENANTS) as session:
        assert differences(session, [one.spec for one in repositories.values()]) == []


def test_every_statement_of_the_code_parses_on_the_migrated_database(notes: DatabaseUrls) -> None:
    """Tables, columns, functions and their arguments: PostgreSQL looks all of them up to prepare a statement."""
    checked = 0
    wrong: list[str] = []
    with psycopg.connect(notes.admin, autocommit=True) as connection:
        for where, text in statements():
            try:
                connection.execute(b"PREPARE checked AS " + compiled(text).text)
                connection.execute("DEALLOCATE checked")
            except psycopg.Error as error:
                # What a parameter is, is told with its value only, and operators may depend on it.
                untyped = isinstance(error, _UNTYPED) and (
                    "unknown" in str(error) or str(error).startswith("operator")
                )
                if not untyped and not isinstance(error, psycopg.errors.IndeterminateDatatype):
                    wrong.append(f"{where}: {error}")
            checked += 1
    assert wrong == []
    assert checked > 50


def test_the_notes_are_as_their_specs_say(app: PlatformDatabase) -> None:
    assert found(app, *SPECS.values()) == []


def test_what_the_code_expects_and_the_database_lacks_is_named(app: PlatformDatabase) -> None:
    for strategy, spec in SPECS.items():
        expected = TableSpec(spec.table, Note, {**COLUMNS, "rank": "bigint", "extra": "text"}, strategy)
        said = found(app, expected)
        assert f"{spec.table}.rank: is integer, not bigint" in said
        assert f"{spec.table}.extra: the column is missing" in said
    assert found(app, TableSpec("nowhere", Note, {})) == ["nowhere: the table is missing"]


def test_what_the_database_has_and_the_code_does_not_know_is_named(app: PlatformDatabase) -> None:
    fewer = {name: kind for name, kind in COLUMNS.items() if name != "due_at"}
    assert found(app, replace(SPECS[Strategy.SCD2], columns=fewer)) == [
        "versioned_note.due_at: the code knows no such column",
        "versioned_note_version.due_at: the code knows no such column",
    ]


@pytest.mark.parametrize(
    ("strategy", "change", "said"),
    [
        (
            Strategy.NONE,
            "ALTER TABLE plain_note NO FORCE ROW LEVEL SECURITY",
            "row-level security is not forced",
        ),
        (Strategy.NONE, "ALTER TABLE plain_note ALTER updated_by DROP NOT NULL", "updated_by: may be null"),
        (
            Strategy.NONE,
            "ALTER TABLE plain_note DROP CONSTRAINT plain_note_pkey",
            "does not begin with tenant_id",
        ),
        (Strategy.COPY_ON_CHANGE, "DROP TRIGGER keep_audit ON audited_note", "keep_audit is missing"),
        (
            Strategy.COPY_ON_CHANGE,
            "ALTER TABLE audited_note DISABLE TRIGGER versioned",
            "versioned is missing",
        ),
        (Strategy.COPY_ON_CHANGE, "DROP TRIGGER append_only ON audited_note_audit", "is not append-only"),
        (Strategy.SCD2, "DROP TRIGGER kept ON versioned_note_version", "versions can be forged"),
        (
            Strategy.SCD2,
            "ALTER TABLE versioned_note_version DROP CONSTRAINT versioned_note_version_no_overlap",
            "overlapping versions are not excluded",
        ),
        (
            Strategy.SCD2,
            "ALTER TABLE versioned_note RENAME rank TO grade",
            "versioned_note.rank: the column is missing",
        ),
    ],
)
def test_protection_that_was_taken_away_is_named(
    notes: DatabaseUrls, app: PlatformDatabase, strategy: Strategy, change: str, said: str
) -> None:
    """Seen from within the transaction that took it away, which is then rolled back."""
    with psycopg.connect(notes.admin) as connection:
        connection.execute(change.encode())
        told = differences(_Watching(connection), [SPECS[strategy]])  # type: ignore[arg-type]
        connection.rollback()
    assert any(re.search(re.escape(said), one) for one in told), told
    assert found(app, SPECS[strategy]) == []


class _Watching:
    """As much of a session as the drift check uses, on the connection that made the change."""

    def __init__(self, connection: psycopg.Connection[tuple[object, ...]]) -> None:
        self._connection = connection

    def fetch_one(self, query: str, params: tuple[object, ...], *, row: type[object]) -> object:
        cursor = self._connection.cursor(row_factory=psycopg.rows.class_row(row))
        return cursor.execute(query.encode(), params).fetchone()
