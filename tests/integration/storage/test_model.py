"""A temporal repository against a plain-Python model, driven by hypothesis.

Two tenants, random operations singly and several in one transaction, rolled back at times; after each step
every read must say what the model says, and in the end all of the past must.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from sextant.ids import TenantId
from sextant.storage import Database, Session
from sextant.storage.errors import RecordNotFound, UniqueViolation, VersionConflict
from sextant.storage.temporal import Strategy, TemporalRepository
from tests.integration.storage.tables import SPECS, Note

NAMES = st.sampled_from(["a", "b", "c", "A"])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": NAMES,
        "rank": st.integers(0, 3),
        "amount": st.sampled_from([None, 0.0, 0.1, float("inf")]),
        "payload": st.sampled_from([None, {}, {"x": 1}, {"x": [1, 2]}, [], "text"]),
        "tags": st.sampled_from([[], ["x"], ["x", "y"]]),
    },
)


@dataclass
class Expected:
    """What the model knows of one record: its states, the last of which is now."""

    states: list[Note] = field(default_factory=list)

    @property
    def now(self) -> Note:
        return self.states[-1]


def machine_of(strategy: Strategy, database: Database) -> type[RuleBasedStateMachine]:
    repository: TemporalRepository[Note] = TemporalRepository(SPECS[strategy], cache_ttl=3600)

    class Machine(RuleBasedStateMachine):
        records = Bundle("records")

        def __init__(self) -> None:
            super().__init__()
            self.tenants = [TenantId(f"model-{uuid.uuid4().hex[:12]}") for _ in range(2)]
            self.model: dict[UUID, Expected] = {}

        @contextmanager
        def session(self, tenant: TenantId, *, fails: bool = False) -> Iterator[Session]:
            """A unit of work; with `fails`, one that is rolled back in the end together with the model."""
            before = {one: list(expected.states) for one, expected in self.model.items()}
            try:
                with database.transaction(tenant) as session:
                    yield session
                    if fails:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                self.model = {one: Expected(states) for one, states in before.items()}

        def live(self, tenant: TenantId) -> list[Note]:
            now = [expected.now for expected in self.model.values()]
            return sorted(
                (note for note in now if note.tenant_id == tenant and not note.deleted_at), key=lambda n: n.id
            )

        def taken(self, tenant: TenantId, name: str, but: UUID | None = None) -> bool:
            return any(note.name.lower() == name.lower() and note.id != but for note in self.live(tenant))

        @rule(target=records, tenant=st.integers(0, 1), name=NAMES, values=CHANGES, fails=st.booleans())
        def create(self, tenant: int, name: str, values: dict[str, Any], fails: bool) -> Any:
            who = self.tenants[tenant]
            given = {**values, "name": name}
            if self.taken(who, name):
                with pytest.raises(UniqueViolation), database.transaction(who) as session:
                    repository.create(session, given, actor="ann")
                return multiple()
            with self.session(who, fails=fails) as session:
                made = repository.create(session, given, actor="ann")
                self.model[made.id] = Expected([made])
            assert {key: getattr(made, key) for key in given} == given
            assert (made.version, made.tenant_id, made.created_at) == (1, who, made.updated_at)
            return multiple() if fails else made.id

        @rule(
            target=records,
            tenant=st.integers(0, 1),
            ranks=st.lists(st.integers(0, 3), min_size=1, max_size=5),
        )
        def create_many(self, tenant: int, ranks: list[int]) -> Any:
            who = self.tenants[tenant]
            rows = [{"name": uuid.uuid4().hex, "rank": rank} for rank in ranks]
            with self.session(who) as session:
                ids = repository.create_many(session, rows, actor="bob")
                notes = repository.get_many(session, ids)
            for one, row in zip(ids, rows, strict=True):
                assert (notes[one].name, notes[one].rank) == (row["name"], row["rank"])
                self.model[one] = Expected([notes[one]])
            return multiple(*ids)

        @rule(record=records, changes=st.lists(CHANGES, min_size=1, max_size=3), fails=st.booleans())
        def update(self, record: UUID, changes: list[dict[str, Any]], fails: bool) -> None:
            expected = self.model[record]
            who = TenantId(expected.now.tenant_id)
            for change in changes:
                if (
                    "name" in change
                    and not expected.now.deleted_at
                    and self.taken(who, change["name"], but=record)
                ):
                    with pytest.raises(UniqueViolation), database.transaction(who) as session:
                        repository.update(session, record, change, actor="cyd")
                    return
            with self.session(who, fails=fails) as session:
                for change in changes:
                    before = expected.now
                    if before.deleted_at:
                        with pytest.raises(RecordNotFound):
                            repository.update(session, record, change, actor="cyd")
                        continue
                    after = repository.update(session, record, change, actor="cyd")
                    if all(getattr(before, key) == value for key, value in change.items()):
                        assert after == before
                    else:
                        self._follows(before, after, change, "cyd")
                        expected.states.append(after)

        @rule(record=records, changes=CHANGES, behind=st.integers(1, 3))
        def update_a_version_that_is_not_current(
            self, record: UUID, changes: dict[str, Any], behind: int
        ) -> None:
            now = self.model[record].now
            if not now.deleted_at:
                with pytest.raises(VersionConflict), database.transaction(TenantId(now.tenant_id)) as session:
                    repository.update(
                        session, record, changes, actor="x", expected_version=now.version + behind
                    )

        @rule(record=records, fails=st.booleans())
        def delete(self, record: UUID, fails: bool) -> None:
            expected = self.model[record]
            with self.session(TenantId(expected.now.tenant_id), fails=fails) as session:
                before = expected.now
                if before.deleted_at:
                    with pytest.raises(RecordNotFound):
                        repository.delete(session, record, actor="dan")
                    return
                after = repository.delete(session, record, actor="dan")
                self._follows(before, after, {"deleted_at": after.updated_at}, "dan")
                expected.states.append(after)

        @rule(record=records)
        def restore(self, record: UUID) -> None:
            expected = self.model[record]
            before = expected.now
            who = TenantId(before.tenant_id)
            if before.deleted_at and self.taken(who, before.name):
                with pytest.raises(UniqueViolation), database.transaction(who) as session:
                    repository.restore(session, record, actor="eve")
                return
            with self.session(who) as session:
                after = repository.restore(session, record, actor="eve")
            if before.deleted_at:
                self._follows(before, after, {"deleted_at": None}, "eve")
                expected.states.append(after)
            else:
                assert after == before

        @rule(record=consumes(records))
        def look_as_a_stranger(self, record: UUID) -> None:
            owner = self.model[record].now.tenant_id
            stranger = next(tenant for tenant in self.tenants if tenant != owner)
            with database.transaction(stranger) as session:
                assert repository.get(session, record, include_deleted=True) is None
                with pytest.raises(RecordNotFound):
                    repository.update(session, record, {"rank": 3}, actor="x")
                with pytest.raises(RecordNotFound):
                    repository.delete(session, record, actor="x")

        @invariant()
        def the_present_is_as_expected(self) -> None:
            for tenant in self.tenants:
                with database.transaction(tenant) as session:
                    assert repository.list_page(session, limit=1000, descending=False) == self.live(tenant)
                    for one, expected in self.model.items():
                        if expected.now.tenant_id == tenant:
                            now = expected.now
                            assert repository.get(session, one) == (None if now.deleted_at else now)
                            assert repository.get(session, one, include_deleted=True) == now

        def teardown(self) -> None:
            """All of the past, at every instant at which something changed and just before it."""
            if strategy is Strategy.NONE:
                return
            instants = [note.updated_at for expected in self.model.values() for note in expected.states]
            for tenant in self.tenants:
                own = {one: it for one, it in self.model.items() if it.now.tenant_id == tenant}
                with database.transaction(tenant) as session:
                    for one, expected in own.items():
                        history = repository.history(session, one, limit=1000)
                        assert [entry.record for entry in history] == expected.states[::-1]
                    for instant in instants:
                        for moment in (instant, instant - timedelta(microseconds=1)):
                            then = [self._at(expected, moment) for expected in own.values()]
                            standing = sorted((note for note in then if note), key=lambda note: note.id)
                            versions = repository.list_as_of(session, moment, limit=1000)
                            assert [version.record for version in versions] == standing
            super().teardown()

        @staticmethod
        def _at(expected: Expected, moment: datetime) -> Note | None:
            past = [state for state in expected.states if state.updated_at <= moment]
            return past[-1] if past and not past[-1].deleted_at else None

        @staticmethod
        def _follows(before: Note, after: Note, changes: dict[str, Any], actor: str) -> None:
            assert after.updated_at > before.updated_at
            assert after == replace(
                before, **changes, version=before.version + 1, updated_at=after.updated_at, updated_by=actor
            )

    return Machine


@pytest.mark.parametrize("strategy", list(Strategy))
def test_repository_behaves_like_the_model(app: Database, strategy: Strategy) -> None:
    run_state_machine_as_test(
        machine_of(strategy, app),
        settings=settings(
            max_examples=20,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            database=None,
        ),
    )
