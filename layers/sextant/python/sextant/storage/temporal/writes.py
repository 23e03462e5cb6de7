"""The statements that write a temporal table. Its triggers write the history (`keep_audit`, `keep_versions`).

Time: a change is stamped with the clock's time after the row's lock was taken, and always later than the
change before it, so that ranges never turn round when writers queue up or a clock steps back.
"""

# ruff: noqa: S608  (names come from a TableSpec, which validated them; values travel as parameters)

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, LiteralString

from sextant.storage.temporal.spec import TableSpec, quoted, statement

Columns = tuple[str, ...]

_MOMENT = "greatest(clock_timestamp(), t.updated_at + interval '1 microsecond')"


@lru_cache(maxsize=256)
def insert(spec: TableSpec[Any], columns: Columns) -> LiteralString:
    """Insert one record that gives `columns`; returns it."""
    return statement(f"""
        INSERT INTO "{spec.table}" ({_each("tenant_id, id, created_by, updated_by", columns)})
        VALUES ({", ".join(["%(tenant_id)s, %(id)s, %(actor)s, %(actor)s", *map(spec.parameter, columns)])})
        RETURNING {quoted(spec.all_columns)}""")


@lru_cache(maxsize=256)
def insert_many(spec: TableSpec[Any], columns: Columns) -> LiteralString:
    """Insert the records of one JSON array: one statement, and a short one, however many they are."""
    fields = ", ".join(["id uuid", *(f'"{column}" {spec.columns[column]}' for column in columns)])
    return statement(f"""
        INSERT INTO "{spec.table}" ({_each("tenant_id, created_by, updated_by, id", columns)})
        SELECT {_each("%(tenant_id)s, %(actor)s, %(actor)s, r.id", columns, "r.")}
        FROM json_to_recordset(%(rows)s::json) AS r({fields})""")


@dataclass(frozen=True)
class Change:
    """`write` returns the record if it changed it. `explain` tells what stands where it did not: the record,
    and in `__pending` whether there is something to write now. Only a restoration sees deleted records.
    """

    write: LiteralString
    explain: LiteralString


@lru_cache(maxsize=512)
def update(spec: TableSpec[Any], columns: Columns) -> Change:
    """Give `columns` of a live record new values, where that makes a difference."""
    assignments = [f'"{column}" = {spec.parameter(column)}' for column in columns]
    differs = " OR ".join(f't."{column}" IS DISTINCT FROM {spec.parameter(column)}' for column in columns)
    return _change(
        spec,
        assignments=", ".join([*assignments, f"updated_at = {_MOMENT}"]),
        condition=f"t.deleted_at IS NULL AND ({differs or 'false'})",
        sees="t.deleted_at IS NULL",
    )


@lru_cache(maxsize=64)
def delete(spec: TableSpec[Any]) -> Change:
    """Mark a live record as deleted."""
    return _change(
        spec,
        assignments=f"(deleted_at, updated_at) = (SELECT m.moment, m.moment FROM (SELECT {_MOMENT}) AS m(moment))",
        condition="t.deleted_at IS NULL",
        sees="t.deleted_at IS NULL",
    )


@lru_cache(maxsize=64)
def restore(spec: TableSpec[Any]) -> Change:
    """Bring a deleted record back."""
    return _change(
        spec,
        assignments=f"deleted_at = NULL, updated_at = {_MOMENT}",
        condition="t.deleted_at IS NOT NULL",
        sees="true",
    )


def _change(spec: TableSpec[Any], *, assignments: str, condition: str, sees: str) -> Change:
    """After waiting for another writer's lock PostgreSQL judges the condition on the row as that one left it."""
    record = "t.tenant_id = %(tenant_id)s AND t.id = %(id)s"
    return Change(
        statement(f"""
            UPDATE "{spec.table}" t SET {assignments}, version = t.version + 1, updated_by = %(actor)s
            WHERE {record} AND (%(expected)s::integer IS NULL OR t.version = %(expected)s) AND {condition}
            RETURNING {quoted(spec.all_columns, "t.")}"""),
        statement(f"""
            SELECT {quoted(spec.all_columns, "t.")}, ({condition}) AS __pending FROM "{spec.table}" t
            WHERE {record} AND {sees}"""),
    )


def _each(first: str, columns: Columns, prefix: str = "") -> str:
    return f"{first}, {quoted(columns, prefix)}" if columns else first
