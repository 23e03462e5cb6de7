"""What a temporal repository tells of a record's past."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from sextant.storage.errors import StorageError

T = TypeVar("T")


class HistoryNotKept(StorageError):  # noqa: N818  (it is the statement that it says)
    """This table keeps no history."""

    code = "history_not_kept"


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
    field: str
    old_value: object
    new_value: object
    changed_at: datetime
    changed_by: str
    transaction_id: int


@dataclass(frozen=True)
class FieldDifference:
    """A field in which two versions of a record differ."""

    field: str
    left: object
    right: object
