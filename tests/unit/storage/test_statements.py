"""What would pin a proxied session, what an identifier is, and how placeholders are numbered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from psycopg import sql

from sextant.storage.errors import StatementRejected
from sextant.storage.statements import MAX_STATEMENT_BYTES, MOST_COMPOSED, compiled, identifier, pinning


@pytest.mark.parametrize(
    "text",
    [
        "SET statement_timeout = 1",
        "  set local role x",
        "-- why\nSET x = 1",
        "/* why */ RESET ALL",
        "PREPARE p AS SELECT 1",
        "EXECUTE p",
        "DEALLOCATE ALL",
        "DISCARD ALL",
        "DECLARE c CURSOR FOR SELECT 1",
        "LISTEN x",
        "UNLISTEN *",
        "LOAD 'auto_explain'",
        "CREATE TEMP TABLE t (x int)",
        "create temporary view v as select 1",
        "SELECT 1 INTO TEMP t",
        "SELECT set_config('a', 'b', true)",
        "WITH x AS (SELECT nextval ('s')) SELECT * FROM x",
        "SELECT setval('s', 1)",
        "SELECT pg_advisory_lock(1)",
        "SELECT pg_try_advisory_lock(1)",
        "SELECT pg_advisory_unlock_all()",
        "SELECT pg_advisory_lock_shared(1)",
    ],
)
def test_pinning_statements_are_found(text: str) -> None:
    assert pinning(text)
    with pytest.raises(StatementRejected):
        compiled(text)


@pytest.mark.parametrize(
    "text",
    [
        "UPDATE t SET x = 1",
        "SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock(2)",
        "SELECT enter_tenant(%s)",
        "SELECT 'SET x', 'nextval('",
        "INSERT INTO t DEFAULT VALUES -- nextval(",
        "SELECT settings FROM t",
        "SELECT offset_config(1)",
        "BEGIN",
        "COMMIT",
    ],
)
def test_others_pass(text: str) -> None:
    assert pinning(text) is None


def test_the_size_limit_is_in_bytes() -> None:
    compiled("SELECT '" + "x" * (MAX_STATEMENT_BYTES - 9) + "'")
    with pytest.raises(StatementRejected, match="bytes"):
        compiled("SELECT '" + "ü" * (MAX_STATEMENT_BYTES // 2) + "'")


def test_named_placeholders_are_numbered_once_each() -> None:
    statement = compiled("SELECT %(a)s, %(b)s, %(a)s::int, 5 %% 2")
    assert statement.text == b"SELECT $1, $2, $1::int, 5 % 2"
    assert statement.arrange({"a": 1, "b": 2, "unused": 3}) == [1, 2]


def test_positional_placeholders_are_numbered_in_order() -> None:
    statement = compiled("SELECT %s, %s")
    assert statement.text == b"SELECT $1, $2"
    assert statement.arrange((1, 2)) == (1, 2)


@pytest.mark.parametrize("text", ["SELECT %d", "SELECT %", "SELECT 100% FROM t"])
def test_a_bare_percent_sign_is_refused(text: str) -> None:
    with pytest.raises(StatementRejected):
        compiled(text)


def test_composed_statements_are_taken() -> None:
    query = sql.SQL("SELECT {} FROM {} WHERE x = %s").format(identifier("a"), identifier("t"))
    assert compiled(query).text == b'SELECT "a" FROM "t" WHERE x = $1'


@pytest.mark.parametrize("name", ["", "A", "a b", 'a"; DROP TABLE t; --', "1a", "a" * 64, "é", "a.b", "a\n"])
def test_identifiers_are_plain(name: str) -> None:
    with pytest.raises(StatementRejected):
        identifier(name)


@given(st.text(max_size=70))
def test_no_identifier_breaks_out_of_its_quotes(name: str) -> None:
    try:
        accepted = identifier(name).as_string()
    except StatementRejected:
        return
    assert accepted == f'"{name}"'
    assert name.isascii()
    assert '"' not in name


def test_a_composed_statement_is_spelled_out_once_and_never_taken_for_another() -> None:
    query = sql.SQL("SELECT {} FROM t WHERE a = %s").format(sql.Identifier("a"))
    assert compiled(query) is compiled(query)
    # More than are kept, each gone before the next is made, so that ids come again
    for number in range(MOST_COMPOSED + 10):
        made = sql.SQL("SELECT {}").format(sql.Literal(number))
        assert compiled(made).text == f"SELECT {number}".encode()
    assert compiled(query).text == b'SELECT "a" FROM t WHERE a = $1'
