"""Whether the database has what the code's `TableSpec`s expect: columns, keys, protection, history.

An upgrade compares a database with `migrations/schema.txt`; this compares the code with a migrated database, so that
file, tables and specs agree.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sextant.storage.session import Session
from sextant.storage.temporal.spec import SYSTEM_COLUMNS, Strategy, TableSpec

_TABLE = """
SELECT c.relrowsecurity AND c.relforcerowsecurity AS protected,
    coalesce((SELECT array_agg(a.attname::text ORDER BY k.position) FROM pg_index i
        CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(number, position)
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.number
        WHERE i.indrelid = c.oid AND i.indisprimary), '{}') AS key,
    (SELECT coalesce(jsonb_object_agg(a.attname, format_type(a.atttypid, a.atttypmod)), '{}') FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '') AS columns,
    coalesce((SELECT array_agg(a.attname::text) FROM pg_attribute a
        WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attnotnull AND a.attgenerated = ''), '{}') AS nullable,
    coalesce((SELECT array_agg(t.tgname::text) FROM pg_trigger t
        WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgenabled <> 'D'), '{}') AS triggers,
    coalesce((SELECT string_agg(p.prosrc, '') FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid
        WHERE t.tgrelid = c.oid AND t.tgname IN ('keep_audit', 'keep_version')), '') AS keeper,
    EXISTS (SELECT FROM pg_constraint x WHERE x.conrelid = c.oid AND x.contype = 'x') AS exclusive
FROM pg_class c WHERE c.oid = to_regclass(%s)
"""


@dataclass(frozen=True)
class _Table:
    protected: bool
    key: list[str]
    columns: dict[str, str]
    nullable: list[str]
    triggers: list[str]
    keeper: str
    exclusive: bool


def differences(session: Session, specs: Iterable[TableSpec[Any]]) -> list[str]:
    """A sentence for each thing in which the database is not as a spec needs it; empty when all is well."""
    return [difference for spec in specs for difference in _of_spec(session, spec)]


def _of_spec(session: Session, spec: TableSpec[Any]) -> Iterator[str]:
    for name, columns in spec.tables().items():
        table = session.fetch_one(_TABLE, (name,), row=_Table)
        if table is None:
            yield f"{name}: the table is missing"
            continue
        yield from _of_columns(name, table, columns)
        if not table.protected:
            yield f"{name}: row-level security is not forced"
        if table.key[:1] != ["tenant_id"]:
            yield f"{name}: the primary key does not begin with tenant_id"
        yield from _of_history(name, table, spec)


def _of_columns(name: str, table: _Table, expected: Mapping[str, str]) -> Iterator[str]:
    for column, kind in expected.items():
        type_ = table.columns.get(column)
        if type_ is None:
            yield f"{name}.{column}: the column is missing"
        elif type_.replace(" ", "") != kind.replace(" ", ""):
            yield f"{name}.{column}: is {type_}, not {kind}"
    for column in table.columns.keys() - expected.keys():
        yield f"{name}.{column}: the code knows no such column"
    for column in table.nullable:
        if column in SYSTEM_COLUMNS and column != "deleted_at":
            yield f"{name}.{column}: may be null"


def _of_history(name: str, table: _Table, spec: TableSpec[Any]) -> Iterator[str]:
    keeping = {Strategy.NONE: set(), Strategy.COPY_ON_CHANGE: {"keep_audit", "versioned"}}.get(
        spec.strategy, {"keep_version", "open_version", "versioned"}
    )
    if name == spec.table:
        for trigger in sorted(keeping - set(table.triggers)):
            yield f"{name}: the trigger {trigger} is missing"
        if keeping:
            for column in spec.columns:
                if f"NEW.{column}" not in table.keeper and f'NEW."{column}"' not in table.keeper:
                    yield f"{name}.{column}: its history is not kept; call keep_audit or keep_versions again"
    elif spec.strategy is Strategy.COPY_ON_CHANGE and "append_only" not in table.triggers:
        yield f"{name}: is not append-only"
    elif spec.strategy is Strategy.SCD2:
        if not table.exclusive:
            yield f"{name}: overlapping versions are not excluded"
        if "kept" not in table.triggers:
            yield f"{name}: versions can be forged"
