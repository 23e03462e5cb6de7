"""The statements that write a temporal table. Its triggers write the history (`keep_audit`, `keep_versions`).

A change is one statement, so one round trip, together with its entry in a log. It is stamped with the clock's time after
the row's lock was taken, and always later than the change before it: ranges stay in order when writers queue up or a
clock steps back.
"""

# ruff: noqa: S608  (names come from a TableSpec, which validated them; values travel as parameters)

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, LiteralString

from sextant.storage.statements import identifier
from sextant.storage.temporal.spec import TableSpec, quoted, statement

Columns = tuple[str, ...]

_MOMENT = "greatest(clock_timestamp(), t.updated_at + interval '1 microsecond')"


@dataclass(frozen=True, eq=False)
class LogTable:
    """An append-only table that gets a row with each change of a record, in the statement that makes the change.

    `columns` are SQL expressions: over the record `after` the change, over the record `before` it (not for a
    creation), and over parameters. `tenant_id` is the record's.
    """

    table: str
    columns: Mapping[str, LiteralString]

    def __post_init__(self) -> None:
        for name in (self.table, *self.columns):
            identifier(name)


@dataclass(frozen=True)
class LogEntry:
    """A row for `log`: the values of the parameters that its expressions name. No row is written without a change."""

    log: LogTable
    values: Mapping[str, object] = field(default_factory=dict)


def changed_columns(spec: TableSpec[Any]) -> LiteralString:
    """An expression for a log: the record's own columns that the change has changed, as text[] in alphabetical order."""
    names = (
        f"""CASE WHEN after."{column}" IS DISTINCT FROM before."{column}" THEN '{column}' END"""
        for column in sorted(spec.columns)
    )
    return statement(f"array_remove(ARRAY[{', '.join(names)}]::text[], NULL)")


@lru_cache(maxsize=256)
def insert(spec: TableSpec[Any], columns: Columns, log: LogTable | None) -> LiteralString:
    """Insert one record that gives `columns`; returns it."""
    insertion = f"""
        INSERT INTO "{spec.table}" ({_each("tenant_id, id, created_by, updated_by", columns)})
        VALUES ({", ".join(["%(tenant_id)s, %(id)s, %(actor)s, %(actor)s", *map(spec.parameter, columns)])})
        RETURNING {quoted(spec.all_columns)}"""
    if log is None:
        return statement(insertion)
    return statement(
        f"WITH after AS ({insertion}){_logged(log, 'after')} SELECT {quoted(spec.all_columns)} FROM after"
    )


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
    """`write` returns the record if it changed it. Where it returns nothing, `explain` returns the record, and in
    `__pending` whether there is something to write now. Only a restoration sees deleted records.
    """

    write: LiteralString
    explain: LiteralString


@lru_cache(maxsize=512)
def update(spec: TableSpec[Any], columns: Columns, log: LogTable | None) -> Change:
    """Give `columns` of a live record new values, where that makes a difference."""
    assignments = [f'"{column}" = {spec.parameter(column)}' for column in columns]
    differs = " OR ".join(f't."{column}" IS DISTINCT FROM {spec.parameter(column)}' for column in columns)
    return _change(
        spec,
        log,
        assignments=", ".join([*assignments, f"updated_at = {_MOMENT}"]),
        condition=f"t.deleted_at IS NULL AND ({differs or 'false'})",
        sees="t.deleted_at IS NULL",
    )


@lru_cache(maxsize=64)
def delete(spec: TableSpec[Any], log: LogTable | None) -> Change:
    """Mark a live record as deleted."""
    return _change(
        spec,
        log,
        assignments=f"(deleted_at, updated_at) = (SELECT m.moment, m.moment FROM (SELECT {_MOMENT}) AS m(moment))",
        condition="t.deleted_at IS NULL",
        sees="t.deleted_at IS NULL",
    )


@lru_cache(maxsize=64)
def restore(spec: TableSpec[Any], columns: Columns, log: LogTable | None) -> Change:
    """Bring a deleted record back, with new values for `columns`."""
    assignments = [f'"{column}" = {spec.parameter(column)}' for column in columns]
    return _change(
        spec,
        log,
        assignments=", ".join([*assignments, f"deleted_at = NULL, updated_at = {_MOMENT}"]),
        condition="t.deleted_at IS NOT NULL",
        sees="true",
    )


def _change(
    spec: TableSpec[Any], log: LogTable | None, *, assignments: str, condition: str, sees: str
) -> Change:
    """After waiting for another writer's lock PostgreSQL judges the condition on the row as that one left it."""
    columns = quoted(spec.all_columns, "t.")
    record = "t.tenant_id = %(tenant_id)s AND t.id = %(id)s"
    update = f"""
        UPDATE "{spec.table}" t SET {assignments}, version = t.version + 1, updated_by = %(actor)s
        {"FROM before" if log else ""}
        WHERE {record} AND (%(expected)s::integer IS NULL OR t.version = %(expected)s) AND {condition}
        RETURNING {columns}"""
    if log is not None:
        # Locked first, so that `before` too is the row as another writer left it.
        update = f"""
            WITH before AS (SELECT {columns} FROM "{spec.table}" t WHERE {record} FOR UPDATE),
            after AS ({update}){_logged(log, "after, before")}
            SELECT {quoted(spec.all_columns)} FROM after"""
    explain = f"""
        SELECT {columns}, ({condition}) AS __pending FROM "{spec.table}" t
        WHERE {record} AND {sees}"""
    return Change(statement(update), statement(explain))


def _logged(log: LogTable, records: str) -> str:
    return f""", logged AS (
        INSERT INTO "{log.table}" ({_each("tenant_id", tuple(log.columns))})
        SELECT {", ".join(["after.tenant_id", *log.columns.values()])} FROM {records})"""


def _each(first: str, columns: Columns, prefix: str = "") -> str:
    return f"{first}, {quoted(columns, prefix)}" if columns else first
