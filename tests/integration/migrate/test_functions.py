"""SQL functions are loaded from their files, in the upgrade's transaction, when their text has changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

import migrations
from local.database import DatabaseUrls
from migrations import sql_functions
from migrations.sql_functions import SqlFunction


def function(name: str, text: str) -> SqlFunction:
    return SqlFunction(name, f"CREATE OR REPLACE FUNCTION {name}{text};\n")


DOUBLE = function("double", "(n integer) RETURNS integer LANGUAGE sql AS $$ SELECT n * 2 $$")


@pytest.fixture
def connection(database: DatabaseUrls) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield connection


def load(connection: psycopg.Connection[Any], *more: SqlFunction) -> None:
    with connection.transaction():
        sql_functions.load(connection, [*sql_functions.of_files(), *more])


def one(connection: psycopg.Connection[Any], query: str) -> Any:
    row = connection.execute(query.encode()).fetchone()
    return row[0] if row else None


def signatures(connection: psycopg.Connection[Any], name: str) -> list[str]:
    query = "SELECT oid::regprocedure::text FROM pg_proc WHERE proname = %s"
    return [signature for (signature,) in connection.execute(query, [name])]


def loaded_at(connection: psycopg.Connection[Any]) -> dict[str, object]:
    return dict(connection.execute("SELECT name, loaded_at FROM sql_function").fetchall())


def test_every_function_stands_in_a_file_and_is_loaded(connection: psycopg.Connection[Any]) -> None:
    files = {function.name for function in sql_functions.of_files()}

    assert len(files) >= 76
    assert loaded_at(connection).keys() == files
    assert list(sql_functions.differences(connection)) == []


def test_what_has_not_changed_is_not_loaded_again(connection: psycopg.Connection[Any]) -> None:
    before = loaded_at(connection)

    load(connection)

    assert loaded_at(connection) == before


def test_a_changed_text_is_loaded_and_no_other(connection: psycopg.Connection[Any]) -> None:
    load(connection, DOUBLE)
    before = loaded_at(connection)

    load(connection, SqlFunction("double", DOUBLE.text.replace("* 2", "+ n")))

    assert one(connection, "SELECT double(4)") == 8
    assert {name for name, moment in loaded_at(connection).items() if moment != before[name]} == {"double"}


def test_functions_that_call_each_other_load_in_any_order(connection: psycopg.Connection[Any]) -> None:
    first = function("a_caller", "() RETURNS integer LANGUAGE sql AS $$ SELECT double(21) $$")

    load(connection, first, DOUBLE)

    assert one(connection, "SELECT a_caller()") == 42


def test_a_body_that_cannot_work_fails_the_upgrade(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.UndefinedFunction):
        load(connection, function("wrong", "() RETURNS integer LANGUAGE sql AS $$ SELECT nowhere() $$"))

    assert signatures(connection, "wrong") == []


@pytest.mark.parametrize(
    "changed",
    [
        "(n bigint) RETURNS bigint LANGUAGE sql AS $$ SELECT n * 2 $$",
        "(n integer) RETURNS text LANGUAGE sql AS $$ SELECT (n * 2)::text $$",
        "(number integer) RETURNS integer LANGUAGE sql AS $$ SELECT number * 2 $$",
        "(n integer, by integer DEFAULT 2) RETURNS integer LANGUAGE sql AS $$ SELECT n * by $$",
    ],
    ids=["parameter's type", "result", "parameter's name", "one more parameter"],
)
def test_another_signature_takes_the_place_of_the_old_one(
    connection: psycopg.Connection[Any], changed: str
) -> None:
    load(connection, DOUBLE)

    load(connection, function("double", changed))

    assert len(signatures(connection, "double")) == 1
    assert str(one(connection, "SELECT double(21)")) == "42"


def test_a_function_whose_file_is_gone_is_dropped(connection: psycopg.Connection[Any]) -> None:
    load(connection, DOUBLE)

    load(connection)

    assert signatures(connection, "double") == []


def test_a_function_that_a_table_holds_is_not_dropped_from_under_it(
    connection: psycopg.Connection[Any],
) -> None:
    load(connection, DOUBLE)
    connection.execute("CREATE TABLE held (n integer DEFAULT double(1))")

    with pytest.raises(psycopg.errors.DependentObjectsStillExist):
        load(connection)


def test_what_was_replaced_by_hand_is_noticed_and_loaded_again(connection: psycopg.Connection[Any]) -> None:
    load(connection)
    connection.execute(
        "CREATE OR REPLACE FUNCTION run_limit(p_tenant text) RETURNS integer LANGUAGE sql AS 'SELECT 1'"
    )
    connection.execute("DROP FUNCTION wake_runs")
    assert list(sql_functions.differences(connection)) == [
        "function run_limit is not as it was loaded",
        "function wake_runs is missing",
    ]

    load(connection)

    assert list(sql_functions.differences(connection)) == []


def test_a_files_grants_are_the_functions_grants(connection: psycopg.Connection[Any]) -> None:
    may = "SELECT has_function_privilege('sextant_app', 'double(integer)', 'EXECUTE')"
    load(
        connection, SqlFunction("double", f"{DOUBLE.text}REVOKE ALL ON FUNCTION double(integer) FROM PUBLIC;")
    )
    assert one(connection, may) is False
    granted = "REVOKE ALL ON FUNCTION double(integer) FROM PUBLIC; GRANT EXECUTE ON FUNCTION double(integer) TO sextant_app;"
    load(connection, SqlFunction("double", DOUBLE.text + granted))
    assert one(connection, may) is True

    load(connection, DOUBLE)

    for role in ("sextant_app", "sextant_platform"):
        assert (
            one(connection, f"SELECT has_function_privilege('{role}', 'double(integer)', 'EXECUTE')") is False
        )


def test_a_file_must_make_the_function_it_is_named_after(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(ValueError, match="triple"):
        load(connection, SqlFunction("triple", DOUBLE.text))


def test_the_way_back_brings_the_functions_of_the_migrations(database: DatabaseUrls) -> None:
    with psycopg.connect(database.admin) as connection:
        load(connection, DOUBLE)
        connection.execute("DROP FUNCTION run_limit")

    migrations.downgrade(database.admin, "0010_journal")

    with psycopg.connect(database.admin, autocommit=True) as connection:
        assert signatures(connection, "double") == []
        assert signatures(connection, "run_limit") == ["run_limit(text)"]
        assert one(connection, "SELECT to_regclass('sql_function')") is None
    migrations.upgrade(database.admin)
