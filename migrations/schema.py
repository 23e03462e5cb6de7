"""What the database of this release is made of, and in what a database differs from it.

`schema.txt` lists every column, constraint, index, trigger, policy and right, as the migrations make them on an
empty database; `python -m tools.docs schema` writes it. `history` is what `keep_audit` and `keep_versions` wrote. An upgrade to the newest revision ends with `check`, which
compares the database with it and keeps the result in the table `schema_check`, for readiness to look at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from migrations import sql_functions
from migrations.sql_functions import Connection

_HERE = Path(__file__).resolve().parent
FILE = _HERE / "schema.txt"

# The owner has another name in each database; NOT NULL stands with the column.
_PARTS = """
SELECT 'column', c.relname || '.' || a.attname, concat_ws(' ', format_type(a.atttypid, a.atttypmod),
    CASE WHEN a.attnotnull THEN 'NOT NULL' END,
    CASE a.attgenerated WHEN 's' THEN 'GENERATED ' ELSE 'DEFAULT ' END || pg_get_expr(d.adbin, d.adrelid))
FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum
WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'c') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT 'constraint', conrelid::regclass || '.' || conname, pg_get_constraintdef(oid)
FROM pg_constraint WHERE connamespace = 'public'::regnamespace AND conrelid <> 0 AND contype <> 'n'
UNION ALL
SELECT 'index', i.indrelid::regclass || '.' || i.indexrelid::regclass, pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace
UNION ALL
SELECT 'trigger', tgrelid::regclass || '.' || tgname, concat(pg_get_triggerdef(oid), CASE tgenabled WHEN 'O' THEN '' ELSE ' disabled' END)
FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'history', proname, md5(prosrc) FROM pg_proc
WHERE pronamespace = 'public'::regnamespace AND proname ~ '_(keep_audit|open_version|keep_version)$'
UNION ALL
SELECT 'policy', tablename || '.' || policyname, concat_ws(' ', cmd, 'TO',
    array_to_string(ARRAY(SELECT CASE r WHEN t.tableowner THEN 'owner' ELSE r END FROM unnest(roles) r), ', '),
    'USING ' || qual, 'CHECK ' || with_check)
FROM pg_policies JOIN pg_tables t USING (schemaname, tablename) WHERE schemaname = 'public'
UNION ALL
SELECT CASE c.relkind WHEN 'S' THEN 'sequence' WHEN 'c' THEN 'type' ELSE 'table' END, c.relname, concat_ws(', ',
    CASE WHEN c.relrowsecurity THEN 'row security' END, CASE WHEN c.relforcerowsecurity THEN 'forced' END,
    CASE c.relpersistence WHEN 'u' THEN 'unlogged' END, array_to_string(c.reloptions, ', '), (
        SELECT string_agg(grantee || ' ' || rights, ', ' ORDER BY grantee) FROM (
            SELECT coalesce(r.rolname, 'PUBLIC') AS grantee, string_agg(a.privilege_type, ' ' ORDER BY a.privilege_type) AS rights
            FROM aclexplode(c.relacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee <> c.relowner GROUP BY 1) g))
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'S', 'c')
UNION ALL
SELECT 'range', t.typname, format_type(r.rngsubtype, NULL) FROM pg_range r JOIN pg_type t ON t.oid = r.rngtypid
WHERE t.typnamespace = 'public'::regnamespace
"""


class SchemaDriftError(Exception):
    """The database is not as this release expects it, though every migration has run."""

    def __init__(self, differences: list[str]) -> None:
        super().__init__(f"the database is not as this release expects it: {'; '.join(differences)}")
        self.differences = differences


@dataclass(frozen=True)
class Release:
    """What a release expects of a database: the newest revision, and its functions as one digest."""

    revision: str
    functions: str


@cache
def of_this_release() -> Release:
    newest = max(file.stem for file in (_HERE / "versions").glob("[0-9]*.py"))
    digests = "".join(function.digest for function in sql_functions.of_files())
    return Release(newest, hashlib.sha256(digests.encode()).hexdigest())


def parts(connection: Connection) -> dict[str, str]:
    """Everything the database's schema is made of, by name: `column scenario.name` → `text NOT NULL`."""
    return {
        f"{kind} {name}": definition
        for kind, name, definition in connection.execute(_PARTS)
        if not name.startswith("alembic_version.")
    }


def written(parts: dict[str, str]) -> str:
    """The text of `schema.txt`."""
    return "".join(f"{name}: {definition}\n" for name, definition in sorted(parts.items()))


def differences(connection: Connection) -> list[str]:
    """A sentence for each thing in which the database is not as this release expects it."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    expected = dict(line.split(": ", 1) for line in lines)
    return [*_of_schema(parts(connection), expected), *sql_functions.differences(connection)]


def _of_schema(actual: dict[str, str], expected: dict[str, str]) -> Iterator[str]:
    for name, definition in expected.items():
        if name not in actual:
            yield f"{name} is missing"
        elif actual[name] != definition:
            yield f"{name} is {actual[name]!r}, not {definition!r}"
    tables = {name.split(" ")[1] for name in expected if name.startswith("table ")}
    for name in sorted(actual.keys() - expected.keys()):
        kind, _, rest = name.partition(" ")
        # Somebody's own table, and an index that only makes something faster, are no business of ours.
        if kind in {"column", "constraint", "trigger", "policy"} and rest.split(".")[0] in tables:
            yield f"{name} is unknown to this release"


def check(connection: Connection) -> list[str]:
    """The differences, which are also kept for readiness to look at."""
    found = differences(connection)
    connection.execute(
        """INSERT INTO schema_check (functions, differences) VALUES (%s, %s)
           ON CONFLICT (only_row) DO UPDATE SET
               functions = EXCLUDED.functions, differences = EXCLUDED.differences, checked_at = clock_timestamp()""",
        [of_this_release().functions, found],
    )
    return found
