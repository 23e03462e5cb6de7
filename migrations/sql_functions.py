"""The SQL functions: one file each, `functions/<noun>/<name>.sql`, loaded by an upgrade when its text has changed.

The table `sql_function` keeps, for each function, the digest of the text that was loaded and a digest of what the
database made of it. A function is loaded when either differs, so a file that was edited, a function that
somebody replaced by hand and one that is missing all come out as the file says. A function whose file is gone
is dropped. A file holds the function's rights too: who may execute it is granted there by name, and what it does is
what that role may do. One that grants nothing is executed by triggers and migrations alone.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

_HERE = Path(__file__).resolve().parent

_DEFINED = re.compile(
    r"^CREATE (?:OR REPLACE )?FUNCTION (?P<name>\w+)\((?:(?!\$\$).)*\$\$.*?\$\$;\n(?:COMMENT ON FUNCTION (?P=name)\(.*?';\n)?",
    re.DOTALL | re.MULTILINE,
)

# What the database knows of the functions of a schema: where they are, and a digest of what they do and who may
# execute them. Function names are unique, so that a name is enough to find the one that a file replaces.
_IN_DATABASE = """
SELECT p.proname::text, array_agg(p.oid::regprocedure::text), md5(string_agg(concat_ws(E'\\n',
    p.prosrc, pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), l.lanname, p.provolatile, p.proisstrict,
    p.prosecdef, p.proparallel, p.proconfig,
    (SELECT array_agg(CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END ORDER BY a.grantee)
     FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee <> p.proowner)), ''))
FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang
WHERE p.pronamespace = 'public'::regnamespace GROUP BY p.proname
"""

_WITHOUT_GRANTS = sql.SQL("REVOKE ALL ON FUNCTION {0} FROM PUBLIC, sextant_app, sextant_platform")

# A trigger's function is executed by nobody but its trigger.
_SAYS_WHO = re.compile(r"RETURNS trigger\n|^(?:GRANT EXECUTE|REVOKE ALL) ON FUNCTION ", re.MULTILINE)

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class SqlFunction:
    """A function's name and the statements that make it, with its comment and its grants."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.text.encode()).hexdigest()


def of_files() -> list[SqlFunction]:
    """The functions of this release."""
    files = sorted((_HERE / "functions").glob("*/*.sql"), key=lambda file: file.stem)
    functions = [SqlFunction(file.stem, file.read_text(encoding="utf-8")) for file in files]
    for function in functions:
        if not _SAYS_WHO.search(function.text):
            raise ValueError(
                f"the file of {function.name} does not say who may execute it: end it with GRANT EXECUTE ON FUNCTION"
                f" {function.name}(its types) TO the roles; REVOKE ALL … FROM PUBLIC where only migrations do"
            )
    return functions


def of_migrations() -> list[SqlFunction]:
    """The functions as the migrations left them before functions became files."""
    latest: dict[str, SqlFunction] = {}
    for file in sorted((_HERE / "sql").glob("*.up.sql")):
        for match in _DEFINED.finditer(file.read_text(encoding="utf-8")):
            text = re.sub(r"^CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", match[0])
            latest[match["name"]] = SqlFunction(match["name"], text)
    return list(latest.values())


def load(connection: Connection, functions: Iterable[SqlFunction]) -> None:
    """Make the database's functions these, in the transaction under way; what is as it should be is left alone."""
    functions = list(functions)
    recorded, in_database = _recorded(connection), _in_database(connection)
    changed = [
        function
        for function in functions
        if recorded.get(function.name) != (function.digest, in_database[function.name].definition)
    ]
    # In the first round a body may call what is loaded only after it; the second checks every body.
    connection.execute("SET LOCAL check_function_bodies = off")
    for function in changed:
        _replace(connection, function, in_database[function.name])
    replaced = _in_database(connection)
    for function in changed:
        signatures = replaced[function.name].signatures
        if not signatures:
            raise ValueError(f"the file of {function.name} makes no function of that name")
        if len(signatures) > 1:
            # Its parameters have other types: the new function stands beside the old one.
            _drop(connection, in_database[function.name].signatures)
    connection.execute("SET LOCAL check_function_bodies = on")
    for function in changed:
        connection.execute(function.text.encode())
    removed = recorded.keys() - {function.name for function in functions}
    for name in removed:
        _drop(connection, in_database[name].signatures)
    connection.execute("DELETE FROM sql_function WHERE name = ANY (%s)", [list(removed)])
    _record(connection, changed)


def open_to_all(connection: Connection, functions: Iterable[SqlFunction]) -> None:
    """Let every role execute these, as it could before functions were granted by name."""
    in_database = _in_database(connection)
    for function in functions:
        for signature in in_database[function.name].signatures:
            connection.execute(sql.SQL("GRANT EXECUTE ON FUNCTION {} TO PUBLIC").format(sql.SQL(signature)))


def differences(connection: Connection) -> Iterator[str]:
    """A sentence for each function that is not as its file says."""
    recorded, in_database = _recorded(connection), _in_database(connection)
    for function in of_files():
        digest, definition = recorded.pop(function.name, ("", ""))
        if function.name not in in_database:
            yield f"function {function.name} is missing"
        elif digest != function.digest:
            yield f"function {function.name} is not the one of this release"
        elif definition != in_database[function.name].definition:
            yield f"function {function.name} is not as it was loaded"
    for name in recorded:
        yield f"function {name} is unknown to this release"


@dataclass(frozen=True)
class _InDatabase:
    """The function or, after its parameters' types have changed, the functions of one name."""

    signatures: list[str] = field(default_factory=list)
    definition: str = ""


def _recorded(connection: Connection) -> dict[str, tuple[str, str]]:
    rows = connection.execute("SELECT name, digest, definition FROM sql_function ORDER BY name")
    return {name: (digest, definition) for name, digest, definition in rows}


def _in_database(connection: Connection) -> defaultdict[str, _InDatabase]:
    rows = connection.execute(_IN_DATABASE)
    return defaultdict(_InDatabase, {name: _InDatabase(*known) for name, *known in rows})


def _replace(connection: Connection, function: SqlFunction, before: _InDatabase) -> None:
    # Rights that the file no longer names must not outlive it.
    for signature in before.signatures:
        connection.execute(_WITHOUT_GRANTS.format(sql.SQL(signature)))
    try:
        with connection.transaction():
            connection.execute(function.text.encode())
    except psycopg.errors.InvalidFunctionDefinition:
        # It returns something else, or its parameters have other names: that cannot be replaced in place.
        _drop(connection, before.signatures)
        connection.execute(function.text.encode())


def _drop(connection: Connection, signatures: Iterable[str]) -> None:
    for signature in signatures:
        connection.execute(sql.SQL("DROP FUNCTION {}").format(sql.SQL(signature)))


def _record(connection: Connection, functions: Iterable[SqlFunction]) -> None:
    in_database = _in_database(connection)
    for function in functions:
        connection.execute(
            """INSERT INTO sql_function (name, digest, definition) VALUES (%s, %s, %s)
               ON CONFLICT (name) DO UPDATE SET digest = EXCLUDED.digest, definition = EXCLUDED.definition,
                   loaded_at = clock_timestamp()""",
            [function.name, function.digest, in_database[function.name].definition],
        )
