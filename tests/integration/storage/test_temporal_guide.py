"""A guide to `sextant.storage.temporal`: a noun of one's own, from its migration to its past.

The noun is a tariff: what a tenant pays for a megawatt hour in a region. docs/storage.md says what each table must have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

import psycopg
import pytest

from local.database import DatabaseUrls
from sextant.ids import TenantId
from sextant.storage import ALL_TENANTS, Database, PlatformDatabase
from sextant.storage.errors import RecordNotFound, UniqueViolation, VersionConflict
from sextant.storage.temporal import (
    FieldDifference,
    LogEntry,
    LogTable,
    Strategy,
    TableSpec,
    TemporalRepository,
)
from tests.integration.storage.spec_drift import differences

# 1. The migration: the table, its versions, and a log of what was done.
MIGRATION = """
CREATE TABLE tariff (
    tenant_id text NOT NULL, id uuid NOT NULL, version integer NOT NULL DEFAULT 1,
    name text NOT NULL, region text NOT NULL, price numeric(10,2) NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), updated_by text NOT NULL, deleted_at timestamptz,
    CONSTRAINT tariff_pkey PRIMARY KEY (tenant_id, id)
);
CREATE UNIQUE INDEX tariff_name_unique ON tariff (tenant_id, name) WHERE deleted_at IS NULL;
CREATE INDEX tariff_region ON tariff (tenant_id, region, id) WHERE deleted_at IS NULL;

CREATE TABLE tariff_version (
    tenant_id text NOT NULL, id uuid NOT NULL, version integer NOT NULL, valid tstzrange NOT NULL,
    name text NOT NULL, region text NOT NULL, price numeric(10,2) NOT NULL,
    deleted_at timestamptz, changed_by text NOT NULL, transaction_id bigint NOT NULL,
    CONSTRAINT tariff_version_pkey PRIMARY KEY (tenant_id, id, version),
    CONSTRAINT tariff_version_no_overlap EXCLUDE USING gist (
        int8range(uuid_high(id), uuid_high(id), '[]') WITH &&, int8range(uuid_low(id), uuid_low(id), '[]') WITH &&, valid WITH &&
    ) WHERE (NOT upper_inf(valid)),
    CONSTRAINT tariff_version_valid_check CHECK (NOT isempty(valid))
);
CREATE UNIQUE INDEX tariff_version_one_open ON tariff_version (tenant_id, id) WHERE upper_inf(valid);

CREATE TABLE tariff_log (
    tenant_id text NOT NULL, tariff_id uuid NOT NULL, happened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    what text NOT NULL, actor text NOT NULL, price_before numeric, price_after numeric,
    CONSTRAINT tariff_log_pkey PRIMARY KEY (tenant_id, tariff_id, happened_at)
);
SELECT protect_tenant_table(t) FROM unnest(ARRAY['tariff', 'tariff_version', 'tariff_log']::regclass[]) AS t;
SELECT protect_append_only('tariff_log');
SELECT keep_versions('tariff');
"""


# 2. The record, with the system's columns and its own.
@dataclass(frozen=True)
class Tariff:
    tenant_id: TenantId
    id: UUID
    version: int
    name: str
    region: str
    price: Decimal
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None


# 3. The repository.
TARIFFS: TemporalRepository[Tariff] = TemporalRepository(
    TableSpec(
        table="tariff",
        record=Tariff,
        columns={"name": "text", "region": "text", "price": "numeric(10,2)"},
        strategy=Strategy.SCD2,
        filters=frozenset({"region"}),
        conditions={"price_from": "price >= {value}::numeric"},
    )
)

PRICE_CHANGED = LogTable(
    "tariff_log",
    {
        "tariff_id": "after.id",
        "what": "%(what)s::text",
        "actor": "after.updated_by",
        "price_before": "before.price",
        "price_after": "after.price",
    },
)


@pytest.fixture(scope="module", autouse=True)
def _migrated(notes: DatabaseUrls) -> Iterator[None]:
    with psycopg.connect(notes.admin, autocommit=True) as admin:
        admin.execute(MIGRATION.encode())
        yield
        admin.execute("DROP TABLE tariff, tariff_version, tariff_log CASCADE")


def test_the_database_has_what_the_spec_expects(platform: PlatformDatabase) -> None:
    with platform.autocommit(ALL_TENANTS) as session:
        assert differences(session, [TARIFFS.spec]) == []


def test_a_record_is_created_changed_deleted_and_restored(app: Database, tenant: TenantId) -> None:
    with app.transaction(tenant) as session:
        tariff = TARIFFS.create(
            session, {"name": "base", "region": "north", "price": Decimal("40.00")}, actor="ana"
        )
        assert TARIFFS.get(session, tariff.id) == tariff

        # Whoever has read version 1 changes version 1; what changes nothing makes no version.
        raised = TARIFFS.update(
            session, tariff.id, {"price": Decimal("41.50")}, actor="ben", expected_version=1
        )
        assert (raised.version, raised.price, raised.updated_by) == (2, Decimal("41.50"), "ben")
        assert TARIFFS.update(session, tariff.id, {"price": Decimal("41.50")}, actor="eve") == raised
        with pytest.raises(VersionConflict):
            TARIFFS.update(session, tariff.id, {"region": "south"}, actor="ana", expected_version=1)

        # A deleted record is gone, and comes back as it was.
        TARIFFS.delete(session, tariff.id, actor="ana")
        assert TARIFFS.get(session, tariff.id) is None
        with pytest.raises(RecordNotFound):
            TARIFFS.update(session, tariff.id, {"region": "south"}, actor="ana")
        restored = TARIFFS.restore(session, tariff.id, actor="ana")
        assert (restored.version, restored.price, restored.deleted_at) == (4, Decimal("41.50"), None)


def test_a_name_that_is_taken_is_an_error_named_by_its_constraint(app: Database, tenant: TenantId) -> None:
    values = {"name": "base", "region": "north", "price": Decimal(40)}
    with pytest.raises(UniqueViolation) as taken, app.transaction(tenant) as session:
        TARIFFS.create_many(session, [values, values], actor="ana")
    assert taken.value.constraint == "tariff_name_unique"


def test_many_are_created_at_once_and_listed_page_by_page(app: Database, tenant: TenantId) -> None:
    rows = [
        {"name": f"tariff {n}", "region": "north" if n % 2 else "south", "price": Decimal(n)}
        for n in range(6)
    ]
    with app.transaction(tenant) as session:
        ids = TARIFFS.create_many(session, rows, actor="ana")
        tariffs = TARIFFS.get_many(session, ids)
        assert [tariffs[one].name for one in ids] == [row["name"] for row in rows]

        # Newest first; the next page begins behind the last id of the one before.
        first = TARIFFS.list_page(session, limit=4)
        second = TARIFFS.list_page(session, limit=4, after=first[-1].id)
        assert [tariff.id for tariff in first + second] == ids[::-1]

        # Narrowed by a column that is a filter, and by a condition of the spec.
        where = {"region": "north", "price_from": Decimal(2)}
        assert [tariff.name for tariff in TARIFFS.list_page(session, limit=4, where=where)] == [
            "tariff 5",
            "tariff 3",
        ]


def test_the_past_is_read_at_an_instant_and_by_version(app: Database, tenant: TenantId) -> None:
    with app.transaction(tenant) as session:
        first = TARIFFS.create(
            session, {"name": "base", "region": "north", "price": Decimal(40)}, actor="ana"
        )
        second = TARIFFS.update(session, first.id, {"price": Decimal(45)}, actor="ben")
        TARIFFS.delete(session, first.id, actor="cem")

        # As of an instant: one record, and all that there were.
        then = TARIFFS.as_of(session, first.id, first.updated_at)
        assert then is not None
        assert (then.record, then.valid_from, then.valid_to) == (first, first.updated_at, second.updated_at)
        assert TARIFFS.list_as_of(session, first.updated_at, limit=10) == [then]

        # By version: all of them, one of them, and what differs between two.
        assert [(version.version, version.changed_by) for version in TARIFFS.history(session, first.id)] == [
            (3, "cem"),
            (2, "ben"),
            (1, "ana"),
        ]
        assert TARIFFS.version(session, first.id, 1) == then
        assert TARIFFS.compare(session, first.id, 1, 2) == [
            FieldDifference("price", Decimal(40), Decimal(45))
        ]


def test_a_change_and_its_entry_in_a_log_are_one_statement(app: Database, tenant: TenantId) -> None:
    with app.transaction(tenant) as session:
        tariff = TARIFFS.create(
            session, {"name": "base", "region": "north", "price": Decimal(40)}, actor="ana"
        )
        entry = LogEntry(PRICE_CHANGED, {"what": "index raised"})
        for price in (44, 44):  # the second changes nothing, so it is not logged
            TARIFFS.update(session, tariff.id, {"price": Decimal(price)}, actor="ben", entry=entry)
        assert session.fetch_all(
            "SELECT what, actor, price_before, price_after FROM tariff_log WHERE tenant_id = %s",
            (tenant,),
            row=tuple,
        ) == [("index raised", "ben", Decimal(40), Decimal(44))]


def test_reads_may_be_kept_and_are_never_older_than_a_write_of_this_process(
    app: Database, tenant: TenantId
) -> None:
    cached = TemporalRepository(TARIFFS.spec, cache_ttl=60)
    with app.transaction(tenant) as session:
        tariff = TARIFFS.create(
            session, {"name": "base", "region": "north", "price": Decimal(40)}, actor="ana"
        )
    with app.transaction(tenant) as session:
        assert cached.get(session, tariff.id) == tariff
    with app.transaction(tenant) as session:
        raised = TARIFFS.update(session, tariff.id, {"price": Decimal(50)}, actor="ana")
    with app.transaction(tenant) as session:
        assert cached.get(session, tariff.id) == raised


def test_another_tenants_records_do_not_exist(
    app: Database, tenant: TenantId, other_tenant: TenantId
) -> None:
    with app.transaction(tenant) as session:
        tariff = TARIFFS.create(
            session, {"name": "base", "region": "north", "price": Decimal(40)}, actor="ana"
        )
    with app.transaction(other_tenant) as session:
        assert TARIFFS.get(session, tariff.id) is None
        assert TARIFFS.history(session, tariff.id) == []
        with pytest.raises(RecordNotFound):
            TARIFFS.update(session, tariff.id, {"price": Decimal(1)}, actor="mallory")
