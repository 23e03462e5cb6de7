"""What a record of a temporal table was, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, LiteralString, TypeVar, cast
from uuid import UUID

from sextant.paging import Page, PageRequest, page
from sextant.storage.errors import InvalidValue, RecordNotFound
from sextant.storage.session import Session
from sextant.storage.temporal import reads
from sextant.storage.temporal.spec import TableSpec

T = TypeVar("T")


@dataclass(frozen=True)
class RecordVersion(Generic[T]):
    """A record as it was from `valid_from` until `valid_to` (None: until now).

    `transaction_id` is None for the creation under copy_on_change, which writes no audit row for it.
    """

    version: int
    valid_from: datetime
    valid_to: datetime | None
    changed_by: str
    transaction_id: int | None
    record: T


@dataclass(frozen=True)
class FieldChange:
    """One field's change, its values as JSON has them; those of one transaction share `transaction_id`.

    A deletion and a restoration are changes of `deleted_at`.
    """

    tenant_id: str
    record_id: UUID
    version: int
    """The version that it made."""
    field: str
    """Which field."""
    old_value: object
    """What stood there."""
    new_value: object
    """What stands there since."""
    changed_at: datetime
    """When."""
    changed_by: str
    """Who."""
    transaction_id: int
    """Changes of one request share it."""


@dataclass(frozen=True)
class FieldDifference:
    """A field in which two versions of a record differ."""

    field: str
    left: object
    right: object


class RecordHistory(Generic[T]):
    """The past of the records of the session's tenant in one table.

    Every method raises `HistoryNotKept` where the table's strategy keeps no such history. A change counts from the
    moment it was made, which lies a little before its commit.
    """

    def __init__(self, spec: TableSpec[T]) -> None:
        self.spec = spec

    def as_of(self, session: Session, record_id: UUID, instant: datetime) -> RecordVersion[T] | None:
        """The version that was valid at `instant`; None where the record did not exist or was deleted then."""
        versions = self._versions(session, reads.as_of(self.spec), id=record_id, instant=_aware(instant))
        return versions[0] if versions else None

    def list_as_of(
        self, session: Session, instant: datetime, *, limit: int, after: UUID | None = None
    ) -> list[RecordVersion[T]]:
        """The versions that were valid at `instant`, in order of the records' creation, beyond the id `after`."""
        return self._versions(
            session, reads.list_as_of(self.spec), instant=_aware(instant), limit=limit, after=after
        )

    def history(
        self,
        session: Session,
        record_id: UUID,
        *,
        limit: int = 100,
        after: int | None = None,
        descending: bool = True,
    ) -> list[RecordVersion[T]]:
        """The record's versions, newest first by default, deletions included, beyond the version `after`."""
        query = reads.versions(self.spec, descending=descending)
        return self._versions(session, query, id=record_id, limit=limit, after=after)

    def version(self, session: Session, record_id: UUID, number: int) -> RecordVersion[T]:
        """One version; raises `RecordNotFound` where the tenant's record never had it."""
        return self._chosen(session, record_id, number)[number]

    def compare(self, session: Session, record_id: UUID, left: int, right: int) -> list[FieldDifference]:
        """The fields in which two versions differ, deletion included, in the order of the spec's columns.

        Raises `RecordNotFound` where the tenant's record never had one of them.
        """
        versions = self._chosen(session, record_id, left, right)
        fields = (
            FieldDifference(name, getattr(versions[left].record, name), getattr(versions[right].record, name))
            for name in (*self.spec.columns, "deleted_at")
        )
        return [field for field in fields if field.left != field.right]

    def changes(
        self, session: Session, record_id: UUID, request: PageRequest, *, before: int | None = None
    ) -> Page[FieldChange]:
        """The changes of single fields, newest first; the key of a page is version and field. Kept by copy_on_change only."""
        version, field = request.key if isinstance(request.key, tuple) else (None, None)
        rows = session.fetch_all(
            reads.changes(self.spec, backwards=request.backwards),
            {
                "tenant_id": session.tenant_id,
                "id": record_id,
                "before": before,
                "version": version,
                "field": field,
                "limit": request.fetch,
            },
            row=FieldChange,
        )
        return page(rows, request, lambda change: (change.version, change.field))

    def _chosen(self, session: Session, record_id: UUID, *numbers: int) -> Mapping[int, RecordVersion[T]]:
        query = reads.chosen_versions(self.spec)
        rows = self._versions(session, query, id=record_id, versions=list(numbers))
        versions = {row.version: row for row in rows}
        if versions.keys() != {*numbers}:
            raise RecordNotFound
        return versions

    def _versions(
        self, session: Session, query: LiteralString, **parameters: object
    ) -> list[RecordVersion[T]]:
        rows = session.fetch_all(
            query, {"tenant_id": session.tenant_id, **parameters}, row=cast(type[dict[str, Any]], dict)
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


def _aware(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise InvalidValue("An instant needs a time zone.")
    return instant
