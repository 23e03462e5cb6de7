"""Versions and the audit trail of temporal repositories, on the real database as the application."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pytest

from local.database import DatabaseUrls
from sextant.ids import TenantId, new_id
from sextant.paging import PageRequest
from sextant.storage import Database
from sextant.storage.errors import (
    ConstraintViolation,
    HistoryNotKept,
    InvalidValue,
    RecordNotFound,
)
from sextant.storage.temporal import FieldDifference, TemporalRepository
from tests.integration.storage.tables import AUDITED, PLAIN, VERSIONED, Note

Repository = TemporalRepository[Note]


def audit_rows(
    database: Database, tenant: TenantId, record: UUID
) -> list[tuple[int, str, object, object, int]]:
    with database.transaction(tenant) as session:
        return [
            (change.version, change.field, change.old_value, change.new_value, change.transaction_id)
            for change in TemporalRepository(AUDITED).changes(session, record, PageRequest(100)).items
        ]


class TestHistory:
    def test_as_of_reads_each_state_at_its_time(
        self, app: Database, tenant: TenantId, historical: Repository
    ) -> None:
        with app.transaction(tenant) as session:
            first = historical.create(session, {"name": "a", "payload": {"x": 1}, "tags": ["p"]}, actor="ann")
        with app.transaction(tenant) as session:
            renamed = historical.update(session, first.id, {"name": "b"}, actor="bob")
            emptied = historical.update(session, first.id, {"payload": None, "tags": []}, actor="cyd")
        with app.transaction(tenant) as session:
            deleted = historical.delete(session, first.id, actor="dan")
        with app.transaction(tenant) as session:
            restored = historical.restore(session, first.id, actor="eve")
        states = [first, renamed, emptied, deleted, restored]
        step = timedelta(microseconds=1)
        with app.transaction(tenant) as session:
            assert historical.as_of(session, first.id, first.created_at - step) is None
            for state, following in zip(states, [*states[1:], None], strict=True):
                expected = None if state.deleted_at else state
                last = following.updated_at - step if following else datetime.now(UTC) + timedelta(days=1)
                for instant in (state.updated_at, last):
                    version = historical.as_of(session, first.id, instant)
                    assert (version and version.record) == expected
                    assert historical.list_as_of(session, instant, limit=5) == ([version] if version else [])

    def test_list_as_of_pages_through_what_stood_then(
        self, app: Database, tenant: TenantId, historical: Repository
    ) -> None:
        with app.transaction(tenant) as session:
            ids = historical.create_many(
                session, [{"name": f"n{n}", "rank": n} for n in range(9)], actor="ann"
            )
        with app.transaction(tenant) as session:
            moment = historical.update(session, ids[8], {"rank": 80}, actor="ann").updated_at
            historical.update(session, ids[2], {"rank": 20}, actor="ann")
            historical.delete(session, ids[3], actor="ann")
            historical.create(session, {"name": "later"}, actor="ann", record_id=new_id())
        with app.transaction(tenant) as session:
            page = historical.list_as_of(session, moment, limit=4)
            rest = historical.list_as_of(session, moment, limit=10, after=page[-1].record.id)
        assert [(version.record.id, version.record.rank) for version in page + rest][:9] == [
            *[(ids[n], n) for n in range(8)],
            (ids[8], 80),
        ]

    def test_history_has_contiguous_versions_with_their_authors(
        self, app: Database, tenant: TenantId, historical: Repository
    ) -> None:
        with app.transaction(tenant) as session:
            made = historical.create(session, {"name": "a"}, actor="ann")
            second = historical.update(session, made.id, {"name": "b", "rank": 1}, actor="bob")
            historical.update(session, made.id, {"name": "b"}, actor="nobody")
        with app.transaction(tenant) as session:
            third = historical.delete(session, made.id, actor="cyd")
        with app.transaction(tenant) as session:
            history = historical.history(session, made.id)
            assert historical.history(session, made.id, limit=1, after=3) == history[1:2]
            assert historical.history(session, made.id, after=1, descending=False) == history[1::-1]
            assert historical.version(session, made.id, 2) == history[1]
            with pytest.raises(RecordNotFound):
                historical.version(session, made.id, 4)
        assert [entry.record for entry in history] == [third, second, made]
        assert [entry.changed_by for entry in history] == ["cyd", "bob", "ann"]
        assert history[0].valid_to is None
        assert [entry.valid_to for entry in history[1:]] == [entry.valid_from for entry in history[:-1]]
        assert history[0].transaction_id != history[1].transaction_id

    def test_compare_names_the_fields_that_differ(
        self, app: Database, tenant: TenantId, historical: Repository
    ) -> None:
        with app.transaction(tenant) as session:
            made = historical.create(session, {"name": "a", "rank": 1, "tags": ["x"]}, actor="ann")
            historical.update(session, made.id, {"rank": 2}, actor="ann")
            historical.update(session, made.id, {"tags": ["y"], "rank": 3}, actor="ann")
            assert historical.compare(session, made.id, 1, 3) == [
                FieldDifference("rank", 1, 3),
                FieldDifference("tags", ["x"], ["y"]),
            ]
            assert historical.compare(session, made.id, 2, 2) == []
            with pytest.raises(RecordNotFound):
                historical.compare(session, made.id, 1, 9)

    def test_without_a_strategy_there_is_no_history(self, app: Database, tenant: TenantId) -> None:
        repository = TemporalRepository(PLAIN)
        with app.transaction(tenant) as session:
            for ask in (
                lambda: repository.as_of(session, new_id(), datetime.now(UTC)),
                lambda: repository.list_as_of(session, datetime.now(UTC), limit=1),
                lambda: repository.history(session, new_id()),
                lambda: repository.changes(session, new_id(), PageRequest()),
            ):
                with pytest.raises(HistoryNotKept):
                    ask()

    def test_an_instant_without_a_zone_is_refused(
        self, app: Database, tenant: TenantId, historical: Repository
    ) -> None:
        with app.transaction(tenant) as session, pytest.raises(InvalidValue):
            historical.as_of(session, new_id(), datetime(2030, 1, 1))  # noqa: DTZ001


class TestAuditTrail:
    def test_one_row_for_each_field_that_changed_grouped_by_transaction(
        self, app: Database, tenant: TenantId
    ) -> None:
        repository = TemporalRepository(AUDITED)
        with app.transaction(tenant) as session:
            made = repository.create(session, {"name": "a", "rank": 1, "payload": {"x": 1}}, actor="ann")
        with app.transaction(tenant) as session:
            repository.update(
                session, made.id, {"name": "b", "rank": 1, "payload": {"x": 2}, "amount": 0.5}, actor="bob"
            )
            repository.update(session, made.id, {"rank": 2}, actor="bob")
        with app.transaction(tenant) as session:
            repository.delete(session, made.id, actor="cyd")
        rows = audit_rows(app, tenant, made.id)
        assert [row[:2] for row in rows] == [
            (4, "deleted_at"),
            (3, "rank"),
            (2, "amount"),
            (2, "name"),
            (2, "payload"),
        ]
        assert rows[2][2:4] == (None, 0.5)
        assert rows[4][2:4] == ({"x": 1}, {"x": 2})
        transactions = [row[4] for row in rows]
        assert len(set(transactions[1:])) == 1
        assert transactions[0] != transactions[1]

    def test_the_trail_cannot_be_changed(self, notes: DatabaseUrls, app: Database, tenant: TenantId) -> None:
        repository = TemporalRepository(AUDITED)
        with app.transaction(tenant) as session:
            made = repository.create(session, {"name": "a"}, actor="ann")
            repository.update(session, made.id, {"rank": 1}, actor="ann")
        with psycopg.connect(notes.admin) as admin, pytest.raises(psycopg.errors.IntegrityError):
            admin.execute("DELETE FROM audited_note_audit")


class TestVersions:
    FORGED = (
        "INSERT INTO versioned_note_version (tenant_id, id, version, valid, name, rank, tags, changed_by, transaction_id)"
        " SELECT tenant_id, id, 99, {valid}, name, rank, tags, 'x', 1 FROM versioned_note_version"
        " WHERE tenant_id = %s AND id = %s AND version = 1"
    )

    def test_the_application_cannot_write_versions(self, app: Database, tenant: TenantId) -> None:
        with app.transaction(tenant) as session:
            made = TemporalRepository(VERSIONED).create(session, {"name": "a"}, actor="ann")
        for statement in (
            self.FORGED.format(valid="tstzrange('2000-01-01', '2001-01-01')"),
            "UPDATE versioned_note_version SET name = 'forged' WHERE tenant_id = %s AND id = %s",
            "DELETE FROM versioned_note_version WHERE tenant_id = %s AND id = %s",
        ):
            with pytest.raises(ConstraintViolation) as refused, app.transaction(tenant) as session:
                session.execute(statement, (tenant, made.id))
            assert refused.value.constraint == "versioned_note_version_kept"

    def test_the_database_refuses_overlapping_versions(
        self, notes: DatabaseUrls, app: Database, tenant: TenantId
    ) -> None:
        """Even from the owner with the guard taken off: two open ones, or closed ones that overlap."""
        repository = TemporalRepository(VERSIONED)
        with app.transaction(tenant) as session:
            made = repository.create(session, {"name": "a"}, actor="ann")
            repository.update(session, made.id, {"rank": 1}, actor="ann")
        for valid, constraint in (
            ("tstzrange(now(), NULL)", "versioned_note_version_one_open"),
            ("valid", "versioned_note_version_no_overlap"),
            ("'empty'", "versioned_note_version_valid_check"),
        ):
            with psycopg.connect(notes.admin) as admin:
                admin.execute("ALTER TABLE versioned_note_version DISABLE TRIGGER kept")
                with pytest.raises(psycopg.errors.IntegrityError) as refused:
                    admin.execute(self.FORGED.format(valid=valid).encode(), (tenant, made.id))
                assert refused.value.diag.constraint_name == constraint
                admin.rollback()

    def test_a_change_that_hides_from_history_is_refused(
        self, app: Database, tenant: TenantId, historical: Repository
    ) -> None:
        table = historical.spec.table
        with app.transaction(tenant) as session:
            made = historical.create(session, {"name": "a"}, actor="ann")
        with pytest.raises(ConstraintViolation) as refused, app.transaction(tenant) as session:
            session.execute(
                f"UPDATE {table} SET rank = 7 WHERE tenant_id = %s AND id = %s", (tenant, made.id)
            )
        assert refused.value.constraint == f"{table}_versioned"
