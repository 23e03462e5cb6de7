"""Temporal repositories as a service uses them, in each strategy, on the real database as the application."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest

from local.database import DatabaseUrls
from sextant.ids import TenantId, new_id
from sextant.storage import Database
from sextant.storage.errors import (
    CheckViolation,
    ConstraintViolation,
    InvalidValue,
    RecordNotFound,
    StatementRejected,
    UniqueViolation,
    VersionConflict,
)
from sextant.storage.temporal import Strategy, TemporalRepository
from tests.integration.storage.tables import PLAIN, Note

Repository = TemporalRepository[Note]


class TestCurrentState:
    def test_created_record_reads_back_with_every_type(
        self, app: Database, tenant: TenantId, repository: Repository
    ) -> None:
        due = datetime(2030, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
        values = {
            "name": "Łódź \"quoted\" \\ 'x'",
            "amount": 0.1,
            "price": Decimal("12.34"),
            "rank": 3,
            "payload": {"a": [1, None, "ü"]},
            "tags": ["x", 'y"z', "a,b"],
            "due_at": due,
        }
        with app.transaction(tenant) as session:
            made = repository.create(session, values, actor="ann")
        with app.transaction(tenant) as session:
            record = repository.get(session, made.id)
        assert record == made
        assert {name: getattr(made, name) for name in values} == values
        assert (made.version, made.created_by, made.updated_by, made.deleted_at) == (1, "ann", "ann", None)

    def test_update_changes_the_fields_given_and_no_other(
        self, app: Database, tenant: TenantId, repository: Repository
    ) -> None:
        with app.transaction(tenant) as session:
            made = repository.create(session, {"name": "a", "rank": 1, "tags": ["t"]}, actor="ann")
        with app.transaction(tenant) as session:
            changed = repository.update(session, made.id, {"rank": 2}, actor="bob")
        assert (changed.name, changed.rank, changed.tags, changed.version) == ("a", 2, ["t"], 2)
        assert (changed.created_by, changed.updated_by) == ("ann", "bob")
        assert changed.updated_at > made.updated_at

    def test_update_that_changes_nothing_writes_nothing(
        self, app: Database, tenant: TenantId, repository: Repository
    ) -> None:
        values = {"name": "a", "amount": None, "price": Decimal("1.50"), "payload": {"b": 1, "a": 2}}
        with app.transaction(tenant) as session:
            made = repository.create(session, values, actor="ann")
        same = {**values, "price": Decimal("1.5"), "payload": {"a": 2, "b": 1}}
        for changes in (same, {}):
            with app.transaction(tenant) as session:
                assert repository.update(session, made.id, changes, actor="bob") == made

    def test_expected_version_that_is_not_current_is_a_conflict(
        self, app: Database, tenant: TenantId, repository: Repository
    ) -> None:
        with app.transaction(tenant) as session:
            made = repository.create(session, {"name": "a"}, actor="ann")
            repository.update(session, made.id, {"rank": 1}, actor="ann", expected_version=1)
        with pytest.raises(VersionConflict) as conflict, app.transaction(tenant) as session:
            repository.update(session, made.id, {"rank": 9}, actor="bob", expected_version=1)
        assert (conflict.value.expected, conflict.value.actual) == (1, 2)
        with pytest.raises(VersionConflict), app.transaction(tenant) as session:
            repository.delete(session, made.id, actor="bob", expected_version=1)
        with app.transaction(tenant) as session:
            assert repository.get(session, made.id) is not None

    def test_deleted_record_is_unseen_until_restored(
        self, app: Database, tenant: TenantId, repository: Repository
    ) -> None:
        with app.transaction(tenant) as session:
            made = repository.create(session, {"name": "a", "rank": 5}, actor="ann")
            gone = repository.delete(session, made.id, actor="bob")
        assert gone.deleted_at == gone.updated_at
        assert gone.version == 2
        with app.transaction(tenant) as session:
            assert repository.get(session, made.id) is None
            assert repository.get(session, made.id, include_deleted=True) == gone
            assert repository.get_many(session, [made.id]) == {}
            assert repository.list_page(session, limit=10) == []
            with pytest.raises(RecordNotFound):
                repository.delete(session, made.id, actor="bob")
            with pytest.raises(RecordNotFound):
                repository.update(session, made.id, {"rank": 1}, actor="bob")
        with app.transaction(tenant) as session:
            back = repository.restore(session, made.id, actor="cyd")
            assert repository.restore(session, made.id, actor="cyd") == back
        assert (back.name, back.rank, back.version, back.deleted_at, back.updated_by) == (
            "a",
            5,
            3,
            None,
            "cyd",
        )

    def test_restoring_what_never_was_is_not_found(
        self, app: Database, tenant: TenantId, repository: Repository
    ) -> None:
        with pytest.raises(RecordNotFound), app.transaction(tenant) as session:
            repository.restore(session, new_id(), actor="ann")

    def test_broken_rules_are_named(self, app: Database, tenant: TenantId, repository: Repository) -> None:
        table = repository.spec.table
        with app.transaction(tenant) as session:
            made = repository.create(session, {"name": "Name"}, actor="ann")
        with pytest.raises(UniqueViolation) as twice, app.transaction(tenant) as session:
            repository.create(session, {"name": "NAME"}, actor="ann")
        assert twice.value.constraint == f"{table}_tenant_name_unique"
        with pytest.raises(CheckViolation) as check, app.transaction(tenant) as session:
            repository.update(session, made.id, {"rank": -1}, actor="ann")
        assert check.value.constraint == f"{table}_rank_check"
        with app.transaction(tenant) as session:
            repository.delete(session, made.id, actor="ann")
            repository.create(session, {"name": "name"}, actor="ann")
        with pytest.raises(UniqueViolation), app.transaction(tenant) as session:
            repository.restore(session, made.id, actor="ann")

    def test_unknown_columns_and_filters_are_refused(
        self, app: Database, tenant: TenantId, repository: Repository
    ) -> None:
        with app.transaction(tenant) as session:
            for column in ("nope", "version", 'name"; DROP TABLE x; --'):
                with pytest.raises(StatementRejected):
                    repository.create(session, {column: 1}, actor="ann")
                with pytest.raises(StatementRejected):
                    repository.update(session, new_id(), {column: 1}, actor="ann")
                with pytest.raises(StatementRejected):
                    repository.list_page(session, limit=1, where={column: 1})

    def test_values_the_database_cannot_hold_are_invalid(
        self, app: Database, tenant: TenantId, repository: Repository
    ) -> None:
        for values in ({"name": "nul\0"}, {"name": "a", "rank": 2**40}, {"name": "a", "price": "much"}):
            with pytest.raises(InvalidValue), app.transaction(tenant) as session:
                repository.create(session, values, actor="ann")
            with pytest.raises(InvalidValue), app.transaction(tenant) as session:
                repository.create_many(session, [values], actor="ann")


class TestMany:
    def test_ten_thousand_rows_in_one_call(
        self, app: Database, tenant: TenantId, repository: Repository
    ) -> None:
        rows = [
            {
                "name": f"n{number}",
                "amount": float("nan") if number == 7 else number / 3,
                "price": Decimal(number) / 4,
                "rank": number,
                "payload": {"number": number},
                "tags": [f"t{number}"],
                "due_at": datetime(2030, 1, 1, tzinfo=UTC) + timedelta(seconds=number),
            }
            for number in range(10_000)
        ]
        with app.transaction(tenant) as session:
            ids = repository.create_many(session, rows, actor="ann")
        with app.transaction(tenant) as session:
            records = repository.get_many(session, ids)
        assert len(records) == 10_000
        for number in (0, 1, 5_000, 9_999):
            made = records[ids[number]]
            assert {name: getattr(made, name) for name in rows[number]} == rows[number]
            assert (made.version, made.created_by) == (1, "ann")
        assert str(records[ids[7]].amount) == "nan"
        with app.transaction(tenant) as session:
            assert repository.update(session, ids[3], {"rank": 1}, actor="bob").version == 2

    def test_one_bad_row_stores_none(self, app: Database, tenant: TenantId, repository: Repository) -> None:
        rows = [{"name": f"n{number}", "rank": number} for number in range(100)]
        rows[57]["rank"] = -1
        with pytest.raises(CheckViolation), app.transaction(tenant) as session:
            repository.create_many(session, rows, actor="ann")
        with app.transaction(tenant) as session:
            assert repository.list_page(session, limit=10) == []

    def test_rows_of_unequal_shape_are_refused(
        self, app: Database, tenant: TenantId, repository: Repository
    ) -> None:
        with pytest.raises(InvalidValue), app.transaction(tenant) as session:
            repository.create_many(session, [{"name": "a"}, {"name": "b", "rank": 1}], actor="ann")

    def test_pages_by_key_show_each_live_record_once(
        self, app: Database, tenant: TenantId, repository: Repository
    ) -> None:
        with app.transaction(tenant) as session:
            ids = repository.create_many(
                session, [{"name": f"n{n}", "rank": n % 2} for n in range(25)], actor="ann"
            )
            repository.delete(session, ids[4], actor="ann")
        live = [one for one in ids if one != ids[4]]

        def walk(*, descending: bool = True, where: dict[str, object] | None = None) -> list[UUID]:
            seen: list[UUID] = []
            with app.transaction(tenant) as session:
                while page := repository.list_page(
                    session, limit=7, after=seen[-1] if seen else None, descending=descending, where=where
                ):
                    seen += [record.id for record in page]
            return seen

        assert walk() == live[::-1]
        assert walk(descending=False) == live
        assert walk(descending=False, where={"rank": 1}) == [one for one in live if ids.index(one) % 2]


class TestConcurrentWriters:
    WRITERS = 16
    TURNS = 12

    def test_every_write_of_sixteen_writers_on_one_row_counts_once(
        self,
        notes: DatabaseUrls,
        open_database: Callable[..., Database],
        tenant: TenantId,
        repository: Repository,
    ) -> None:
        """Each reads a counter and writes it back raised by one under the version it read."""
        database = open_database(notes.app, pool_max_size=self.WRITERS, pool_timeout=30)
        with database.transaction(tenant) as session:
            made = repository.create(session, {"name": "counter", "rank": 0}, actor="ann")

        def count() -> None:
            for _ in range(self.TURNS):
                while True:
                    with database.transaction(tenant) as session:
                        seen = repository.get(session, made.id)
                    assert seen is not None
                    try:
                        with database.transaction(tenant) as session:
                            repository.update(
                                session,
                                made.id,
                                {"rank": seen.rank + 1},
                                actor="w",
                                expected_version=seen.version,
                            )
                        break
                    except VersionConflict:
                        continue

        self._together(count)
        total = self.WRITERS * self.TURNS
        with database.transaction(tenant) as session:
            last = repository.get(session, made.id)
            assert last is not None
            assert (last.rank, last.version) == (total, total + 1)
            if repository.spec.strategy is not Strategy.NONE:
                history = repository.history(session, made.id, limit=1000)
                assert [entry.record.rank for entry in history] == list(range(total, -1, -1))

    def test_blind_writers_each_leave_a_version_and_no_gap(
        self,
        notes: DatabaseUrls,
        open_database: Callable[..., Database],
        tenant: TenantId,
        historical: Repository,
    ) -> None:
        database = open_database(notes.app, pool_max_size=self.WRITERS, pool_timeout=30)
        with database.autocommit(tenant) as session:
            made = historical.create(session, {"name": "a"}, actor="ann")
        numbers = iter(range(1, 10_000))
        lock = threading.Lock()

        def write() -> None:
            for _ in range(self.TURNS):
                with lock:
                    number = next(numbers)
                with database.autocommit(tenant) as session:
                    historical.update(session, made.id, {"rank": number}, actor="w")

        self._together(write)
        total = self.WRITERS * self.TURNS
        with database.transaction(tenant) as session:
            history = historical.history(session, made.id, limit=1000)
        assert [entry.version for entry in history] == list(range(total + 1, 0, -1))
        assert {entry.record.rank for entry in history} == set(range(total + 1))
        assert all(newer.valid_from == older.valid_to for newer, older in itertools.pairwise(history))

    def _together(self, work: Callable[[], None]) -> None:
        failures: list[BaseException] = []

        def guarded() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  (handed to the test, which fails)
                failures.append(error)

        threads = [threading.Thread(target=guarded) for _ in range(self.WRITERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []


def test_constraint_errors_carry_what_services_map(app: Database, tenant: TenantId) -> None:
    with pytest.raises(ConstraintViolation) as violation, app.transaction(tenant) as session:
        TemporalRepository(PLAIN).create(session, {"rank": 1}, actor="ann")
    assert (violation.value.column, violation.value.table, violation.value.status) == (
        "name",
        "plain_note",
        422,
    )
