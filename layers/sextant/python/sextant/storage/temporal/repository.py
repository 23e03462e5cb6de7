"""A repository over one temporal table."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Generic, LiteralString, TypeVar, cast
from uuid import UUID

from psycopg.types.json import Json, Jsonb

from sextant.ids import new_id
from sextant.storage.errors import (
    InvalidValue,
    RecordNotFound,
    StatementRejected,
    TransactionConflict,
    VersionConflict,
)
from sextant.storage.session import Session
from sextant.storage.temporal import reads, writes
from sextant.storage.temporal.cache import PROCESS_CACHE, QueryCache, Scope
from sextant.storage.temporal.encoding import json_rows
from sextant.storage.temporal.history import FieldChange, FieldDifference, RecordVersion
from sextant.storage.temporal.spec import TableSpec

T = TypeVar("T")
R = TypeVar("R")

Values = Mapping[str, object]

_TURNS = 5


class TemporalRepository(Generic[T]):
    """The records of the session's tenant in one table, with the history the table's strategy keeps.

    Every method works in the caller's unit of work. Reads are kept for `cache_ttl` seconds where that is
    above 0; whoever writes the table by other statements calls `written`.
    """

    def __init__(
        self,
        spec: TableSpec[T],
        *,
        cache_ttl: float = 0.0,
        cache: QueryCache = PROCESS_CACHE,
        make_id: Callable[[], UUID] = new_id,
    ) -> None:
        self.spec = spec
        self._cache_ttl = cache_ttl
        self._cache = cache
        self._make_id = make_id

    # Writes ------------------------------------------------------------------------------------------

    def create(self, session: Session, values: Values, *, actor: str, record_id: UUID | None = None) -> T:
        """Store a new record. Columns left out take their default.

        Raises `ConstraintViolation` by the name of the rule that is broken.
        """
        created = self._write(
            session,
            writes.insert(self.spec, self._columns(values)),
            {"id": record_id or self._make_id(), "actor": actor, **self._parameters(values)},
        )
        assert created is not None
        return created

    def create_many(self, session: Session, rows: Sequence[Values], *, actor: str) -> list[UUID]:
        """Store all `rows` or, when one breaks a rule, none; their ids, in the order of `rows`.

        All give the same columns. It is one statement of one round trip for 10,000 rows as for one.
        """
        if not rows:
            return []
        columns = self._columns(rows[0])
        if any(row.keys() != rows[0].keys() for row in rows):
            raise InvalidValue("All rows must give the same fields.")
        ids = [self._make_id() for _ in rows]
        self.written(session)
        session.execute(
            writes.insert_many(self.spec, columns),
            {
                "tenant_id": session.tenant_id,
                "actor": actor,
                "rows": json_rows([{"id": one, **row} for one, row in zip(ids, rows, strict=True)]),
            },
        )
        return ids

    def update(
        self,
        session: Session,
        record_id: UUID,
        changes: Values,
        *,
        actor: str,
        expected_version: int | None = None,
    ) -> T:
        """Change the given fields; the record as it is then.

        Where nothing would differ nothing is written: no version, no audit row, no new `updated_at`. Raises
        `VersionConflict` when `expected_version` is given and not the current one, and `RecordNotFound`.
        """
        write = writes.update(self.spec, self._columns(changes))
        return self._change(
            session,
            write,
            record_id,
            actor=actor,
            expected=expected_version,
            values=self._parameters(changes),
        )

    def delete(
        self,
        session: Session,
        record_id: UUID,
        *,
        actor: str,
        expected_version: int | None = None,
    ) -> T:
        """Mark the record as deleted: reads no longer see it, its history stays. Raises as `update` does."""
        return self._change(
            session, writes.delete(self.spec), record_id, actor=actor, expected=expected_version
        )

    def restore(
        self,
        session: Session,
        record_id: UUID,
        *,
        actor: str,
        expected_version: int | None = None,
    ) -> T:
        """Bring a deleted record back as it was; one that is live stays as it is. Raises as `update` does."""
        return self._change(
            session, writes.restore(self.spec), record_id, actor=actor, expected=expected_version
        )

    def written(self, session: Session) -> None:
        """Say that this unit of work writes the table: its reads bypass the cache, and so do all that follow."""
        if not session.has_written(self.spec.table):
            session.mark_written(self.spec.table)
            scope = self._scope(session)
            session.when_ended(lambda: self._cache.invalidate(scope))

    # Reads -------------------------------------------------------------------------------------------

    def get(self, session: Session, record_id: UUID, *, include_deleted: bool = False) -> T | None:
        """The record, or None where the tenant has none of this id."""
        key = ("get", record_id, include_deleted)
        return self._cached(
            session, key, lambda: self._get(session, record_id, include_deleted=include_deleted)
        )

    def get_many(self, session: Session, ids: Sequence[UUID]) -> dict[UUID, T]:
        """Those of the records that there are, in one query."""
        if not ids:
            return {}
        key = ("get_many", tuple(ids))
        records = self._cached(
            session,
            key,
            lambda: session.fetch_all(
                reads.get_many(self.spec),
                {"tenant_id": session.tenant_id, "ids": list(ids)},
                row=self.spec.record,
            ),
        )
        return {cast(Any, record).id: record for record in records}

    def list_page(
        self,
        session: Session,
        *,
        limit: int,
        after: UUID | None = None,
        descending: bool = True,
        where: Values | None = None,
    ) -> list[T]:
        """Live records in order of creation, newest first by default, beyond the id `after`.

        `where` narrows to records that equal it in columns that the spec names as filters.
        """
        where = where or {}
        if unknown := where.keys() - self.spec.filters:
            raise StatementRejected(f"{', '.join(sorted(unknown))}: not a filter of {self.spec.table}")
        query = reads.list_page(self.spec, tuple(where), descending=descending)
        parameters = {"limit": limit, "after": after, **self._parameters(where)}
        return self._cached(
            session,
            ("list", query, json.dumps(parameters, default=str)),
            lambda: self._fetch_all(session, query, parameters),
        )

    # The past ----------------------------------------------------------------------------------------

    def as_of(self, session: Session, record_id: UUID, instant: datetime) -> T | None:
        """The record as it stood at `instant`, or None where it did not exist or was deleted then.

        A change counts from the moment it was made, which lies a little before its commit.
        """
        return session.fetch_one(
            reads.as_of(self.spec),
            {"tenant_id": session.tenant_id, "id": record_id, "instant": _aware(instant)},
            row=self.spec.record,
        )

    def list_as_of(
        self, session: Session, instant: datetime, *, limit: int, after: UUID | None = None
    ) -> list[T]:
        """The records that stood at `instant`, as they stood then, in order of creation."""
        return self._fetch_all(
            session,
            reads.list_as_of(self.spec),
            {"instant": _aware(instant), "limit": limit, "after": after},
        )

    def history(
        self,
        session: Session,
        record_id: UUID,
        *,
        limit: int = 100,
        before: int | None = None,
    ) -> list[RecordVersion[T]]:
        """The record's versions, newest first, deletions included; `before` a version number, for paging."""
        return self._versions(
            session, reads.versions(self.spec), record_id, {"limit": limit, "before": before}
        )

    def version(self, session: Session, record_id: UUID, number: int) -> RecordVersion[T]:
        """One version; raises `RecordNotFound` where the tenant's record never had it."""
        found = self._versions(session, reads.chosen_versions(self.spec), record_id, {"versions": [number]})
        if not found:
            raise RecordNotFound
        return found[0]

    def compare(self, session: Session, record_id: UUID, left: int, right: int) -> list[FieldDifference]:
        """The fields in which two versions differ, deletion included, in the order of the spec's columns.

        Raises `RecordNotFound` where the tenant's record never had one of them.
        """
        found = {
            version.version: version.record
            for version in self._versions(
                session, reads.chosen_versions(self.spec), record_id, {"versions": [left, right]}
            )
        }
        if found.keys() != {left, right}:
            raise RecordNotFound
        pairs = (
            FieldDifference(field, getattr(found[left], field), getattr(found[right], field))
            for field in (*self.spec.columns, "deleted_at")
        )
        return [pair for pair in pairs if pair.left != pair.right]

    def changes(
        self,
        session: Session,
        record_id: UUID,
        *,
        limit: int = 100,
        before: int | None = None,
    ) -> list[FieldChange]:
        """The fields' changes, newest first, under copy_on_change; elsewhere raises `HistoryNotKept`."""
        return session.fetch_all(
            reads.changes(self.spec),
            {"tenant_id": session.tenant_id, "id": record_id, "limit": limit, "before": before},
            row=FieldChange,
        )

    # -------------------------------------------------------------------------------------------------

    def _columns(self, values: Values) -> tuple[str, ...]:
        if unknown := values.keys() - self.spec.columns.keys():
            raise StatementRejected(f"{self.spec.table} has no column {', '.join(sorted(unknown))}")
        return tuple(values)

    def _parameters(self, values: Values) -> dict[str, object]:
        return {f"v_{column}": self._adapted(column, value) for column, value in values.items()}

    def _adapted(self, column: str, value: object) -> object:
        if value is None or not self.spec.is_json(column):
            return value
        return (Jsonb if self.spec.columns[column] == "jsonb" else Json)(value)

    def _write(self, session: Session, query: LiteralString, parameters: dict[str, object]) -> T | None:
        self.written(session)
        parameters["tenant_id"] = session.tenant_id
        return session.fetch_one(query, parameters, row=self.spec.record)

    def _change(
        self,
        session: Session,
        change: writes.Change,
        record_id: UUID,
        *,
        actor: str,
        expected: int | None,
        values: Mapping[str, object] = MappingProxyType({}),
    ) -> T:
        """Write the change or, where nothing was written, find out why; the record as it is then."""
        parameters = {"id": record_id, "actor": actor, "expected": expected, **values}
        for _ in range(_TURNS):
            changed = self._write(session, change.write, parameters)
            if changed is not None:
                return changed
            row = session.fetch_one(change.explain, parameters, row=cast(type[dict[str, Any]], dict))
            if row is None:
                raise RecordNotFound
            if expected is not None and row["version"] != expected:
                raise VersionConflict(expected, row["version"])
            if not row.pop("__pending"):
                return self.spec.record(**row)
            # Another writer came between the two statements, and now there is something to write.
        raise TransactionConflict

    def _get(self, session: Session, record_id: UUID, *, include_deleted: bool) -> T | None:
        return session.fetch_one(
            reads.get(self.spec),
            {"tenant_id": session.tenant_id, "id": record_id, "deleted": include_deleted},
            row=self.spec.record,
        )

    def _fetch_all(self, session: Session, query: LiteralString, parameters: dict[str, object]) -> list[T]:
        parameters["tenant_id"] = session.tenant_id
        return session.fetch_all(query, parameters, row=self.spec.record)

    def _versions(
        self,
        session: Session,
        query: LiteralString,
        record_id: UUID,
        parameters: dict[str, object],
    ) -> list[RecordVersion[T]]:
        rows = session.fetch_all(
            query,
            {"tenant_id": session.tenant_id, "id": record_id, **parameters},
            row=cast(type[dict[str, Any]], dict),
        )
        return [
            RecordVersion(
                version=row["version"],
                valid_from=row.pop("valid_from"),
                valid_to=row.pop("valid_to"),
                changed_by=row["updated_by"],
                transaction_id=row.pop("transaction_id"),
                record=self.spec.record(**row),
            )
            for row in rows
        ]

    def _scope(self, session: Session) -> Scope:
        return Scope(session.database_key, self.spec.table, session.tenant_id)

    def _cached(self, session: Session, key: Hashable, read: Callable[[], R]) -> R:
        if self._cache_ttl <= 0 or session.has_written(self.spec.table):
            return read()
        scope = self._scope(session)
        found, value, generation = self._cache.get(scope, key)
        if not found:
            value = read()
            self._cache.put(scope, key, value, generation=generation, ttl=self._cache_ttl)
        return cast(R, self._own_copy(value))

    def _own_copy(self, value: Any) -> Any:
        """`value` for the caller alone: what it could change in place is copied."""
        if isinstance(value, list):
            return [self._own_copy(record) for record in value]
        if value is None or not self.spec.mutable_columns:
            return value
        record = copy.copy(value)
        for column in self.spec.mutable_columns:
            # Records are frozen; this one is not yet anybody's.
            object.__setattr__(record, column, copy.deepcopy(getattr(record, column)))
        return record


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise InvalidValue("An instant needs a time zone.")
    return instant
