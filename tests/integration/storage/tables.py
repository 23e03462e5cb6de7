"""One small table for each strategy, as docs/storage.md says a migration writes them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg

from sextant.storage.temporal import Strategy, TableSpec

_CURRENT = """
CREATE TABLE {table} (
    tenant_id  text        NOT NULL,
    id         uuid        NOT NULL,
    version    integer     NOT NULL DEFAULT 1,
    name       text        NOT NULL,
    amount     double precision,
    price      numeric(12, 2),
    rank       integer     NOT NULL DEFAULT 0,
    payload    jsonb,
    tags       text[]      NOT NULL DEFAULT '{{}}',
    due_at     timestamptz,
    created_at timestamptz NOT NULL DEFAULT now(),
    created_by text        NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    updated_by text        NOT NULL,
    deleted_at timestamptz,
    CONSTRAINT {table}_pkey PRIMARY KEY (tenant_id, id),
    CONSTRAINT {table}_rank_check CHECK (rank >= 0)
);
CREATE UNIQUE INDEX {table}_tenant_name_unique ON {table} (tenant_id, lower(name)) WHERE deleted_at IS NULL;
CREATE INDEX {table}_rank ON {table} (tenant_id, rank, id) WHERE deleted_at IS NULL;
SELECT protect_tenant_table('{table}');
"""

_AUDIT = """
CREATE TABLE {table}_audit (
    tenant_id      text        NOT NULL,
    record_id      uuid        NOT NULL,
    version        integer     NOT NULL,
    field          text        NOT NULL,
    old_value      jsonb,
    new_value      jsonb,
    changed_at     timestamptz NOT NULL,
    changed_by     text        NOT NULL,
    transaction_id bigint      NOT NULL,
    CONSTRAINT {table}_audit_pkey PRIMARY KEY (tenant_id, record_id, version, field)
);
SELECT protect_tenant_table('{table}_audit');
SELECT protect_append_only('{table}_audit');
SELECT keep_audit('{table}');
"""

_VERSION = """
CREATE TABLE {table}_version (
    tenant_id      text        NOT NULL,
    id             uuid        NOT NULL,
    version        integer     NOT NULL,
    valid          tstzrange   NOT NULL,
    name           text        NOT NULL,
    amount         double precision,
    price          numeric(12, 2),
    rank           integer     NOT NULL,
    payload        jsonb,
    tags           text[]      NOT NULL,
    due_at         timestamptz,
    deleted_at     timestamptz,
    changed_by     text        NOT NULL,
    transaction_id bigint      NOT NULL,
    CONSTRAINT {table}_version_pkey PRIMARY KEY (tenant_id, id, version),
    CONSTRAINT {table}_version_no_overlap EXCLUDE USING gist (
        int8range(uuid_high(id), uuid_high(id), '[]') WITH &&, int8range(uuid_low(id), uuid_low(id), '[]') WITH &&, valid WITH &&
    ) WHERE (NOT upper_inf(valid)),
    CONSTRAINT {table}_version_valid_check CHECK (NOT isempty(valid))
);
CREATE UNIQUE INDEX {table}_version_one_open ON {table}_version (tenant_id, id) WHERE upper_inf(valid);
SELECT protect_tenant_table('{table}_version');
SELECT keep_versions('{table}');
"""


@dataclass(frozen=True)
class Note:
    tenant_id: str
    id: UUID
    version: int
    name: str
    amount: float | None
    price: Any
    rank: int
    payload: Any
    tags: list[str]
    due_at: datetime | None
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None


COLUMNS = {
    "name": "text",
    "amount": "double precision",
    "price": "numeric(12,2)",
    "rank": "integer",
    "payload": "jsonb",
    "tags": "text[]",
    "due_at": "timestamp with time zone",
}


def _spec(table: str, strategy: Strategy) -> TableSpec[Note]:
    return TableSpec(table, Note, COLUMNS, strategy, filters=frozenset({"rank"}))


PLAIN = _spec("plain_note", Strategy.NONE)
AUDITED = _spec("audited_note", Strategy.COPY_ON_CHANGE)
VERSIONED = _spec("versioned_note", Strategy.SCD2)
SPECS = {spec.strategy: spec for spec in (PLAIN, AUDITED, VERSIONED)}


# What a test cannot wait for. A test's own function may set what a statement of the application may not.
_SHORTEN_WAITS = """
CREATE FUNCTION shorten_waits() RETURNS void LANGUAGE sql AS
$$ SELECT set_config('lock_timeout', '50ms', true), set_config('statement_timeout', '200ms', true); SELECT $$;
GRANT EXECUTE ON FUNCTION shorten_waits() TO PUBLIC;
"""


def create_tables(admin_url: str) -> None:
    with psycopg.connect(admin_url, autocommit=True) as connection:
        connection.execute(_SHORTEN_WAITS)
        for spec in SPECS.values():
            parts = [_CURRENT]
            if spec.strategy is Strategy.COPY_ON_CHANGE:
                parts.append(_AUDIT)
            elif spec.strategy is Strategy.SCD2:
                parts.append(_VERSION)
            for part in parts:
                connection.execute(part.format(table=spec.table).encode())
