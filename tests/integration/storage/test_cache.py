"""Cached repositories on the real database: what is served, and that no write is missed."""

from __future__ import annotations

import pytest

from sextant.ids import TenantId
from sextant.storage import Database, PlatformDatabase
from sextant.storage.temporal import QueryCache, TemporalRepository
from tests.integration.storage.tables import Note

Repository = TemporalRepository[Note]


@pytest.fixture
def writer(repository: Repository) -> Repository:
    """A repository of the same table that caches nothing itself; both share the process's cache."""
    return TemporalRepository(repository.spec)


@pytest.fixture
def cached(repository: Repository) -> Repository:
    return TemporalRepository(repository.spec, cache_ttl=3600)


def hand_written(app: Database, tenant: TenantId, note: Note, table: str) -> None:
    """A change that no repository knows of."""
    with app.transaction(tenant) as session:
        session.execute(
            f"UPDATE {table} SET rank = 77, version = version + 1, updated_at = clock_timestamp()"
            " WHERE tenant_id = %s AND id = %s",
            (tenant, note.id),
        )


def test_reads_are_served_without_the_database(app: Database, tenant: TenantId, cached: Repository) -> None:
    with app.transaction(tenant) as session:
        made = cached.create(session, {"name": "a"}, actor="ann")

    def read() -> list[object]:
        with app.transaction(tenant) as session:
            return [
                cached.get(session, made.id),
                cached.get_many(session, [made.id]),
                cached.list_page(session, limit=5),
            ]

    first = read()
    statements = app.statement_statistics.statements
    assert read() == first == [made, {made.id: made}, [made]]
    assert app.statement_statistics.statements == statements


def test_every_kind_of_write_of_another_instance_is_seen(
    app: Database, tenant: TenantId, cached: Repository, writer: Repository
) -> None:
    with app.transaction(tenant) as session:
        made = writer.create(session, {"name": "a"}, actor="ann")

    def seen() -> tuple[Note | None, list[Note]]:
        with app.transaction(tenant) as session:
            return cached.get(session, made.id), cached.list_page(session, limit=9, descending=False)

    assert seen() == (made, [made])
    with app.transaction(tenant) as session:
        changed = writer.update(session, made.id, {"rank": 1}, actor="ann")
    assert seen() == (changed, [changed])
    with app.transaction(tenant) as session:
        writer.delete(session, made.id, actor="ann")
    assert seen() == (None, [])
    with app.transaction(tenant) as session:
        back = writer.restore(session, made.id, actor="ann")
    assert seen() == (back, [back])
    with app.transaction(tenant) as session:
        writer.create(session, {"name": "b"}, actor="ann")
    assert len(seen()[1]) == 2
    with app.transaction(tenant) as session:
        writer.create_many(session, [{"name": "c"}, {"name": "d"}], actor="ann")
    assert len(seen()[1]) == 4
    with app.autocommit(tenant) as session:
        writer.create(session, {"name": "e"}, actor="ann")
    assert len(seen()[1]) == 5


def test_a_write_through_another_role_is_seen(
    app: Database, platform: PlatformDatabase, tenant: TenantId, cached: Repository, writer: Repository
) -> None:
    with app.transaction(tenant) as session:
        made = cached.create(session, {"name": "a"}, actor="ann")
    with app.transaction(tenant) as session:
        cached.get(session, made.id)
    with platform.transaction(tenant) as session:
        changed = writer.update(session, made.id, {"rank": 1}, actor="worker")
    with app.transaction(tenant) as session:
        assert cached.get(session, made.id) == changed


def test_a_transaction_reads_its_own_writes_and_nobody_elses_before_the_commit(
    app: Database, tenant: TenantId, cached: Repository, writer: Repository
) -> None:
    with app.transaction(tenant) as session:
        made = cached.create(session, {"name": "a"}, actor="ann")
    with app.transaction(tenant) as session:
        cached.get(session, made.id)
    with app.transaction(tenant) as session:
        changed = writer.update(session, made.id, {"rank": 1}, actor="ann")
        assert cached.get(session, made.id) == changed
        with app.transaction(tenant) as other:
            assert cached.get(other, made.id) == made
    with app.transaction(tenant) as session:
        assert cached.get(session, made.id) == changed


def test_a_rolled_back_write_is_never_served(
    app: Database, tenant: TenantId, cached: Repository, writer: Repository
) -> None:
    with app.transaction(tenant) as session:
        made = cached.create(session, {"name": "a"}, actor="ann")
    with pytest.raises(ZeroDivisionError), app.transaction(tenant) as session:  # noqa: PT012
        writer.update(session, made.id, {"rank": 1}, actor="ann")
        cached.get(session, made.id)
        raise ZeroDivisionError
    with app.transaction(tenant) as session:
        assert cached.get(session, made.id) == made


def test_hand_written_changes_are_announced(app: Database, tenant: TenantId, cached: Repository) -> None:
    with app.transaction(tenant) as session:
        made = cached.create(session, {"name": "a"}, actor="ann")
    with app.transaction(tenant) as session:
        cached.get(session, made.id)
    hand_written(app, tenant, made, cached.spec.table)
    with app.transaction(tenant) as session:
        stale = cached.get(session, made.id)
        cached.written(session)
    with app.transaction(tenant) as session:
        fresh = cached.get(session, made.id)
    assert stale is not None
    assert fresh is not None
    assert (stale.rank, fresh.rank) == (0, 77)


def test_without_an_announcement_time_is_the_bound(
    app: Database, tenant: TenantId, repository: Repository
) -> None:
    now = [0.0]
    cached = TemporalRepository(repository.spec, cache_ttl=10, cache=QueryCache(clock=lambda: now[0]))
    with app.transaction(tenant) as session:
        made = cached.create(session, {"name": "a"}, actor="ann")
    with app.transaction(tenant) as session:
        cached.get(session, made.id)
    hand_written(app, tenant, made, cached.spec.table)
    for moment, rank in ((9.9, 0), (10.0, 77)):
        now[0] = moment
        with app.transaction(tenant) as session:
            note = cached.get(session, made.id)
        assert note is not None
        assert note.rank == rank


def test_what_is_served_is_the_callers_own(app: Database, tenant: TenantId, cached: Repository) -> None:
    with app.transaction(tenant) as session:
        made = cached.create(session, {"name": "a", "payload": {"x": [1]}, "tags": ["t"]}, actor="ann")
    for _ in range(3):
        with app.transaction(tenant) as session:
            note = cached.get(session, made.id)
        assert note is not None
        assert (note.payload, note.tags) == ({"x": [1]}, ["t"])
        note.payload["x"].append(2)
        note.tags.append("u")


def test_a_tenant_is_not_served_anothers(
    app: Database, tenant: TenantId, other_tenant: TenantId, cached: Repository
) -> None:
    with app.transaction(tenant) as session:
        made = cached.create(session, {"name": "a"}, actor="ann")
    with app.transaction(tenant) as session:
        assert cached.get(session, made.id) == made
    with app.transaction(other_tenant) as session:
        assert cached.get(session, made.id) is None
        assert cached.list_page(session, limit=5) == []
