"""A repository over one temporal table: writes, and reads of the present. Reads of the past are `history`'s."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any, TypeVar, cast
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
from sextant.storage.temporal.history import RecordHistory
from sextant.storage.temporal.spec import TableSpec
from sextant.storage.temporal.writes import LogEntry, LogTable

T = TypeVar("T")
R = TypeVar("R")

Values = Mapping[str, object]

_ATTEMPTS = 5


class TemporalRepository(RecordHistory[T]):
    """The records of the session's tenant in one table, with the history the table's strategy keeps.

    Every method works in the caller's unit of work. A write is one statement, and one more where it changes nothing. Reads of the present are kept for
    `cache_ttl` seconds where that is above 0; whoever writes the table by other statements calls `written`.
    """

    def __init__(
        self,
        spec: TableSpec[T],
        *,
        cache_ttl: float = 0.0,
        cache: QueryCache = PROCESS_CACHE,
        make_id: Callable[[], UUID] = new_id,
    ) -> None:
        super().__init__(spec)
        self._cache_ttl = cache_ttl
        self._cache = cache
        self._make_id = make_id

    # Writes ------------------------------------------------------------------------------------------

    def create(
        self,
        session: Session,
        values: Values,
        *,
        actor: str,
        record_id: UUID | None = None,
        entry: LogEntry | None = None,
    ) -> T:
        """Store a new record. Columns left out take their default.

        Raises `ConstraintViolation` by the name of the rule that is broken.
        """
        query = writes.insert(self.spec, self._columns(values), _table(entry))
        parameters = {"id": record_id or self._make_id(), "actor": actor, **self._parameters(values)}
        self.written(session)
        record = session.fetch_one(query, _with(session, parameters, entry), row=self.spec.record)
        assert record is not None
        return record

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
        values = json_rows([{"id": one, **row} for one, row in zip(ids, rows, strict=True)])
        self.written(session)
        session.execute(
            writes.insert_many(self.spec, columns), _with(session, {"actor": actor, "rows": values})
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
        entry: LogEntry | None = None,
    ) -> T:
        """Change the given fields; the record as it is then.

        Where nothing would differ nothing is written: no version, no audit row, no log entry, no new `updated_at`.
        Raises `VersionConflict` when `expected_version` is given and not the current one, and `RecordNotFound`.
        """
        query = writes.update(self.spec, self._columns(changes), _table(entry))
        parameters = {"id": record_id, "actor": actor, **self._parameters(changes)}
        return self._change(session, query, parameters, expected_version, entry)

    def delete(
        self,
        session: Session,
        record_id: UUID,
        *,
        actor: str,
        expected_version: int | None = None,
        entry: LogEntry | None = None,
    ) -> T:
        """Mark the record as deleted: reads no longer see it, its history stays. Raises as `update` does."""
        query = writes.delete(self.spec, _table(entry))
        return self._change(session, query, {"id": record_id, "actor": actor}, expected_version, entry)

    def restore(
        self,
        session: Session,
        record_id: UUID,
        values: Values | None = None,
        *,
        actor: str,
        expected_version: int | None = None,
        entry: LogEntry | None = None,
    ) -> T:
        """Bring a deleted record back as it was but for `values`; one that is live stays as it is. Raises as `update` does."""
        values = values or {}
        query = writes.restore(self.spec, self._columns(values), _table(entry))
        parameters = {"id": record_id, "actor": actor, **self._parameters(values)}
        return self._change(session, query, parameters, expected_version, entry)

    def written(self, session: Session) -> None:
        """Say that this unit of work writes the table: its reads bypass the cache, and so do all that follow."""
        if not session.has_written(self.spec.table):
            session.mark_written(self.spec.table)
            scope = self._scope(session)
            session.when_ended(lambda: self._cache.invalidate(scope))

    # Reads -------------------------------------------------------------------------------------------

    def get(self, session: Session, record_id: UUID, *, include_deleted: bool = False) -> T | None:
        """The record, or None where the tenant has none of this id."""
        return self._cached(
            session,
            ("get", record_id, include_deleted),
            lambda: session.fetch_one(
                reads.get(self.spec),
                _with(session, {"id": record_id, "deleted": include_deleted}),
                row=self.spec.record,
            ),
        )

    def get_many(self, session: Session, ids: Sequence[UUID]) -> dict[UUID, T]:
        """Those of the records that there are, in one query."""
        if not ids:
            return {}
        records = self._cached(
            session,
            ("get_many", tuple(ids)),
            lambda: session.fetch_all(
                reads.get_many(self.spec), _with(session, {"ids": list(ids)}), row=self.spec.record
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

        `where` narrows by the filters and conditions of the spec; each is given its value.
        """
        where = where or {}
        query = reads.list_page(self.spec, tuple(where), descending=descending)
        values = {f"w_{name}": self._adapted(name, value) for name, value in where.items()}
        parameters = {"limit": limit, "after": after, **values}
        return self._cached(
            session,
            ("list", query, json.dumps(parameters, default=str)),
            lambda: session.fetch_all(query, _with(session, parameters), row=self.spec.record),
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

    def _change(
        self,
        session: Session,
        change: writes.Change,
        parameters: Values,
        expected: int | None,
        entry: LogEntry | None,
    ) -> T:
        """Make the change or, where there was none to make, find out why; the record as it is then."""
        self.written(session)
        parameters = _with(session, {"expected": expected, **parameters}, entry)
        for _ in range(_ATTEMPTS):
            record = session.fetch_one(change.write, parameters, row=self.spec.record)
            if record is not None:
                return record
            row = session.fetch_one(change.explain, parameters, row=cast(type[dict[str, Any]], dict))
            if row is None:
                raise RecordNotFound
            if expected is not None and row["version"] != expected:
                raise VersionConflict(expected, row["version"])
            if not row.pop("__pending"):
                return self.spec.record(**row)
            # Another writer came between the two statements, and now there is something to write.
        raise TransactionConflict

    def _scope(self, session: Session) -> Scope:
        return Scope(session.database_key, self.spec.table, session.tenant_id)

    def _cached(self, session: Session, key: Hashable, read: Callable[[], R]) -> R:
        if self._cache_ttl <= 0 or session.has_written(self.spec.table):
            return read()
        scope = self._scope(session)
        hit, value, generation = self._cache.get(scope, key)
        if not hit:
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


def _table(entry: LogEntry | None) -> LogTable | None:
    return entry.log if entry else None


def _with(session: Session, parameters: Values, entry: LogEntry | None = None) -> dict[str, object]:
    """The parameters of a statement with those of its log entry and, strictly, the session's tenant."""
    return {**(entry.values if entry else {}), **parameters, "tenant_id": session.tenant_id}
