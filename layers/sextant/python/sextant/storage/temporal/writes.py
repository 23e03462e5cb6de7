"""The statements that write a temporal table. Each is one statement, so one round trip can be a transaction.

Time: a change is stamped with the clock's time after the row's lock was taken, and always later than the
change before it, so that ranges never turn round when writers queue up or a clock steps back.
"""

# ruff: noqa: S608  (names come from a TableSpec, which validated them; values travel as parameters)

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any, LiteralString

from sextant.storage.temporal.spec import Strategy, TableSpec, quoted, statement

Columns = tuple[str, ...]

_MOMENT = "greatest(clock_timestamp(), t.updated_at + interval '1 microsecond')"
_XID = "(pg_current_xact_id()::text)::bigint"


@lru_cache(maxsize=256)
def insert(spec: TableSpec[Any], columns: Columns) -> LiteralString:
    """Insert one record that gives `columns`; returns it."""
    created = f"""
        INSERT INTO "{spec.table}" ({_each("tenant_id, id, created_by, updated_by", columns)})
        VALUES ({", ".join(["%(tenant_id)s, %(id)s, %(actor)s, %(actor)s", *map(spec.parameter, columns)])})
        RETURNING {quoted(spec.all_columns)}"""
    if spec.strategy is not Strategy.SCD2:
        return statement(created)
    return statement(
        f"WITH changed AS ({created}), opened AS ({_open_version(spec)}) SELECT {quoted(spec.all_columns)} FROM changed"
    )


@lru_cache(maxsize=256)
def insert_many(spec: TableSpec[Any], columns: Columns) -> LiteralString:
    """Insert the records of one JSON array: one statement, and a short one, however many they are."""
    fields = ", ".join(["id uuid", *(f'"{column}" {spec.columns[column]}' for column in columns)])
    created = f"""
        INSERT INTO "{spec.table}" ({_each("tenant_id, created_by, updated_by, id", columns)})
        SELECT {_each("%(tenant_id)s, %(actor)s, %(actor)s, r.id", columns, "r.")}
        FROM json_to_recordset(%(rows)s::json) AS r({fields})"""
    if spec.strategy is not Strategy.SCD2:
        return statement(created)
    return statement(f"WITH changed AS ({created} RETURNING *) {_open_version(spec)}")


@dataclass(frozen=True)
class Change:
    """`write` returns the record if it changed it. `lock`, where there is one, goes ahead of it, because a
    statement sees only what was committed when it began: without it a writer that had to wait for another
    one's row would not see the version which that one opened, and could not close it. `explain` tells what stands where it did not: the record,
    and in `__pending` whether there is something to write now. Only a restoration sees deleted records.
    """

    write: LiteralString
    lock: LiteralString | None
    explain: LiteralString


@lru_cache(maxsize=512)
def update(spec: TableSpec[Any], columns: Columns) -> Change:
    """Give `columns` of a live record new values, where that makes a difference."""
    if not columns:
        return _change(spec, "updated_at = t.updated_at", "false", audited=(), sees="t.deleted_at IS NULL")
    new = ", ".join(map(spec.parameter, columns))
    return _change(
        spec,
        assignments=", ".join(f'"{column}" = {spec.parameter(column)}' for column in columns)
        + f", updated_at = {_MOMENT}",
        condition=f"t.deleted_at IS NULL AND ROW({quoted(columns, 't.')}) IS DISTINCT FROM ROW({new})",
        audited=columns,
        sees="t.deleted_at IS NULL",
    )


@lru_cache(maxsize=64)
def delete(spec: TableSpec[Any]) -> Change:
    """Mark a live record as deleted."""
    return _change(
        spec,
        assignments=f"(deleted_at, updated_at) = (SELECT m.moment, m.moment FROM (SELECT {_MOMENT}) AS m(moment))",
        condition="t.deleted_at IS NULL",
        audited=("deleted_at",),
        sees="t.deleted_at IS NULL",
    )


@lru_cache(maxsize=64)
def restore(spec: TableSpec[Any]) -> Change:
    """Bring a deleted record back."""
    return _change(
        spec,
        assignments=f"deleted_at = NULL, updated_at = {_MOMENT}",
        condition="t.deleted_at IS NOT NULL",
        audited=("deleted_at",),
        sees="true",
    )


def _change(spec: TableSpec[Any], assignments: str, condition: str, audited: Columns, sees: str) -> Change:
    """An UPDATE with the history its strategy keeps.

    After waiting for another writer's lock PostgreSQL judges the condition on the row as that one left it.
    """
    of_record = "t.tenant_id = %(tenant_id)s AND t.id = %(id)s"
    source = " FROM held" if spec.strategy is Strategy.COPY_ON_CHANGE and audited else ""
    write = f"""
        UPDATE "{spec.table}" t SET {assignments}, version = t.version + 1, updated_by = %(actor)s{source}
        WHERE {of_record} AND (%(expected)s::integer IS NULL OR t.version = %(expected)s) AND {condition}
        RETURNING {quoted(spec.all_columns, "t.")}"""
    if spec.strategy is Strategy.SCD2:
        write = f"WITH {_versioned(spec, write)} SELECT {quoted(spec.all_columns)} FROM changed"
    elif source:
        write = f"WITH {_audited(spec, write, audited)} SELECT {quoted(spec.all_columns)} FROM changed"
    lock = f"""SELECT FROM "{spec.table}" t WHERE {of_record} FOR NO KEY UPDATE"""
    return Change(
        statement(write),
        statement(lock) if spec.strategy is Strategy.SCD2 else None,
        statement(f"""
            SELECT {quoted(spec.all_columns, "t.")}, ({condition}) AS __pending FROM "{spec.table}" t
            WHERE {of_record} AND {sees}"""),
    )


def _versioned(spec: TableSpec[Any], changed: str) -> str:
    """Close the version that was current and open the new one.

    In this order, by the join: the exclusion constraint is checked as each row is written. The version
    comes from a sub-select so that it is part of the index condition, however many versions there are.
    """
    return f"""
        changed AS ({changed}),
        closed AS (
            UPDATE "{spec.table}_version" v SET valid = tstzrange(lower(v.valid), changed.updated_at) FROM changed
            WHERE v.tenant_id = %(tenant_id)s AND v.id = %(id)s AND v.version = (SELECT c.version - 1 FROM changed c)
            RETURNING v.version
        ),
        opened AS ({_open_version(spec)} LEFT JOIN closed ON true)"""


def _open_version(spec: TableSpec[Any]) -> str:
    """Insert the rows of `changed` as versions that are valid from now on."""
    columns = tuple(spec.columns)
    return f"""
        INSERT INTO "{spec.table}_version"
            ({_each("tenant_id, id, version, valid, deleted_at, changed_by, transaction_id", columns)})
        SELECT changed.tenant_id, changed.id, changed.version, tstzrange(changed.updated_at, NULL),
            {_each(f"changed.deleted_at, changed.updated_by, {_XID}", columns, "changed.")}
        FROM changed"""


def _audited(spec: TableSpec[Any], changed: str, audited: Columns) -> str:
    """Write a row for each field that changed.

    The old values are those the row had when its lock was got, not when the statement began.
    """
    olds = ", ".join(f'held."{column}" AS __old_{number}' for number, column in enumerate(audited))
    pairs = ", ".join(
        f"""('{column}', to_jsonb(changed.__old_{number}), to_jsonb(changed."{column}"))"""
        for number, column in enumerate(audited)
    )
    return f"""
        held AS MATERIALIZED (
            SELECT {quoted(audited, "t.")} FROM "{spec.table}" t
            WHERE t.tenant_id = %(tenant_id)s AND t.id = %(id)s FOR NO KEY UPDATE
        ),
        changed AS ({changed}, {olds}),
        trail AS (
            INSERT INTO "{spec.table}_audit"
                (tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id)
            SELECT changed.tenant_id, changed.id, changed.version, f.field, f.old_value, f.new_value,
                changed.updated_at, changed.updated_by, {_XID}
            FROM changed CROSS JOIN LATERAL (VALUES {pairs}) AS f(field, old_value, new_value)
            WHERE f.old_value IS DISTINCT FROM f.new_value
        )"""


def _each(first: str, columns: Columns, prefix: str = "") -> str:
    return f"{first}, {quoted(columns, prefix)}" if columns else first
