"""The statements that read a temporal table, as it is and as it was.

`copy_on_change` keeps what each field was before it changed. The record at version v is the record of
today with the first old value after v put back into each field that changed since.
"""

# ruff: noqa: S608  (names come from a TableSpec, which validated them; values travel as parameters)

from __future__ import annotations

from functools import lru_cache
from typing import Any, LiteralString

from sextant.storage.errors import HistoryNotKept
from sextant.storage.temporal.spec import Strategy, TableSpec, quoted, statement

_THEN = "h.valid_from <= %(instant)s::timestamptz AND (h.valid_to IS NULL OR h.valid_to > %(instant)s::timestamptz)"
_RECORD = "h.tenant_id = %(tenant_id)s AND h.id = %(id)s"


@lru_cache(maxsize=64)
def get(spec: TableSpec[Any]) -> LiteralString:
    return statement(f"""
        SELECT {quoted(spec.all_columns)} FROM "{spec.table}"
        WHERE tenant_id = %(tenant_id)s AND id = %(id)s AND (deleted_at IS NULL OR %(deleted)s)""")


@lru_cache(maxsize=64)
def get_many(spec: TableSpec[Any]) -> LiteralString:
    return statement(f"""
        SELECT {quoted(spec.all_columns)} FROM "{spec.table}"
        WHERE tenant_id = %(tenant_id)s AND id = ANY(%(ids)s::uuid[]) AND deleted_at IS NULL""")


@lru_cache(maxsize=256)
def list_page(spec: TableSpec[Any], filters: tuple[str, ...], *, descending: bool) -> LiteralString:
    """Live records by id beyond `%(after)s` where given; ids are UUIDv7, so that is the order of creation."""
    narrowed = "".join(f" AND {spec.condition(name)}" for name in filters)
    beyond, order = ("<", "DESC") if descending else (">", "ASC")
    return statement(f"""
        SELECT {quoted(spec.all_columns)} FROM "{spec.table}"
        WHERE tenant_id = %(tenant_id)s AND deleted_at IS NULL{narrowed}
          AND (%(after)s::uuid IS NULL OR id {beyond} %(after)s::uuid)
        ORDER BY id {order} LIMIT %(limit)s""")


@lru_cache(maxsize=64)
def as_of(spec: TableSpec[Any]) -> LiteralString:
    """The version that was valid at `%(instant)s`, unless the record was deleted then."""
    return statement(f"""
        SELECT {_version(spec)} FROM ({_history(spec)}) h
        WHERE {_RECORD} AND {_THEN} AND h.deleted_at IS NULL""")


@lru_cache(maxsize=64)
def list_as_of(spec: TableSpec[Any]) -> LiteralString:
    """The versions that were valid at `%(instant)s`, without deleted records, by id after `%(after)s`."""
    return statement(f"""
        SELECT {_version(spec)} FROM ({_history(spec)}) h
        WHERE h.tenant_id = %(tenant_id)s AND (%(after)s::uuid IS NULL OR h.id > %(after)s::uuid)
          AND {_THEN} AND h.deleted_at IS NULL
        ORDER BY h.id LIMIT %(limit)s""")


@lru_cache(maxsize=64)
def versions(spec: TableSpec[Any], *, descending: bool) -> LiteralString:
    """A record's versions by number, beyond version `%(after)s` where given."""
    beyond, order = ("<", "DESC") if descending else (">", "ASC")
    return statement(f"""
        SELECT {_version(spec)} FROM ({_history(spec)}) h
        WHERE {_RECORD} AND (%(after)s::integer IS NULL OR h.version {beyond} %(after)s)
        ORDER BY h.version {order} LIMIT %(limit)s""")


@lru_cache(maxsize=64)
def chosen_versions(spec: TableSpec[Any]) -> LiteralString:
    """Those of a record's versions that are among `%(versions)s`."""
    return statement(f"""
        SELECT {_version(spec)} FROM ({_history(spec)}) h
        WHERE {_RECORD} AND h.version = ANY(%(versions)s::integer[])""")


@lru_cache(maxsize=64)
def changes(spec: TableSpec[Any], *, backwards: bool) -> LiteralString:
    """A page of a record's audit rows, newest first, behind `%(version)s` and `%(field)s`; or, turned round, before them."""
    if spec.strategy is not Strategy.COPY_ON_CHANGE:
        raise HistoryNotKept("Changes of single fields are kept by copy_on_change only.")
    beyond, after, newest, fields = (">", "<", "ASC", "DESC") if backwards else ("<", ">", "DESC", "ASC")
    return statement(f"""
        SELECT tenant_id, record_id, version, field, old_value, new_value, changed_at, changed_by, transaction_id
        FROM "{spec.table}_audit"
        WHERE tenant_id = %(tenant_id)s AND record_id = %(id)s
          AND (%(before)s::integer IS NULL OR version < %(before)s)
          AND (%(version)s::integer IS NULL OR version {beyond} %(version)s::integer
               OR (version = %(version)s::integer AND field {after} %(field)s::text))
        ORDER BY version {newest}, field {fields} LIMIT %(limit)s""")


def _version(spec: TableSpec[Any]) -> str:
    return f"{quoted(spec.all_columns, 'h.')}, h.valid_from, h.valid_to, h.transaction_id"


def _history(spec: TableSpec[Any]) -> str:
    """A query for every version of every record: the record's columns, and those of `_version`."""
    if spec.strategy is Strategy.NONE:
        raise HistoryNotKept
    return _scd2_history(spec) if spec.strategy is Strategy.SCD2 else _audit_history(spec)


def _scd2_history(spec: TableSpec[Any]) -> str:
    own = "".join(f', v."{column}"' for column in spec.columns)
    return f"""
        SELECT v.tenant_id, v.id, v.version{own}, t.created_at, t.created_by,
            lower(v.valid) AS updated_at, v.changed_by AS updated_by, v.deleted_at,
            lower(v.valid) AS valid_from, upper(v.valid) AS valid_to, v.transaction_id
        FROM "{spec.table}_version" v JOIN "{spec.table}" t ON t.tenant_id = v.tenant_id AND t.id = v.id"""


def _audit_history(spec: TableSpec[Any]) -> str:
    own = "".join(f', s."{column}"' for column in spec.columns)
    return f"""
        SELECT t.tenant_id, t.id, n.version{own}, t.created_at, t.created_by,
            n.valid_from AS updated_at, n.changed_by AS updated_by, s.deleted_at,
            n.valid_from, n.valid_to, n.transaction_id
        FROM "{spec.table}" t
        CROSS JOIN LATERAL (
            SELECT w.*, lead(w.valid_from) OVER (ORDER BY w.version) AS valid_to FROM (
                SELECT 1 AS version, t.created_at AS valid_from, t.created_by AS changed_by, NULL::bigint AS transaction_id
                UNION ALL
                SELECT a.version, min(a.changed_at), min(a.changed_by), min(a.transaction_id)
                FROM "{spec.table}_audit" a WHERE a.tenant_id = t.tenant_id AND a.record_id = t.id GROUP BY a.version
            ) w
        ) n
        CROSS JOIN LATERAL jsonb_populate_record(t, (
            SELECT coalesce(jsonb_object_agg(f.field, f.old_value), '{{}}') FROM (
                SELECT DISTINCT ON (a.field) a.field, a.old_value FROM "{spec.table}_audit" a
                WHERE a.tenant_id = t.tenant_id AND a.record_id = t.id AND a.version > n.version
                ORDER BY a.field, a.version
            ) f
        )) s"""
