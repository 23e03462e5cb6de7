"""Entries, selections and quotas as operators see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sextant.errors import NotFoundError, ValidationError

Status = Literal["PENDING", "DELAYED", "FAILED", "SENT"]
STATUSES: tuple[Status, ...] = get_args(Status)
DEFAULTS = "*"
"""The tenant of the quota row that holds the defaults."""


class ReplayTooLargeError(ValidationError):
    """The selection holds more events than one replay may send."""

    code, title = "replay_too_large", "Replay too large"
    remedy = "Narrow the selection, and replay it piece by piece."


class UnknownEventError(NotFoundError):
    """There is no such event."""

    code, title = "event_not_found", "Event not found"


@dataclass(frozen=True, slots=True)
class Entry:
    """An event and where it stands.

    PENDING waits for a relay or is held by one, DELAYED was refused and is tried again at `retry_at`, FAILED was
    given up, SENT is at the broker.
    """

    tenant_id: str
    id: UUID
    topic: str
    """Where it goes."""
    dedupe_key: str | None
    """By which a second one of it is told; null where every one counts."""
    created_at: datetime
    status: Status
    """Where it stands."""
    attempts: int
    """How often it was tried."""
    last_error: str | None
    """Why it was refused last."""
    retry_at: datetime | None
    """When it is tried again."""
    failed_at: datetime | None
    """When it was given up."""


@dataclass(frozen=True, slots=True)
class EntryDetail:
    """One event, whole, with every time it was published."""

    entry: Entry
    payload: Any
    headers: Mapping[str, str]
    published_at: list[datetime]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: all that satisfy every field given. Times bound `created_at`, the end excluded."""

    ids: Sequence[UUID] | None = None
    status: Status | None = None
    topic: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None

    @property
    def is_open(self) -> bool:
        """Whether it selects everything."""
        return self == Selection()


@dataclass(frozen=True, slots=True)
class Replay:
    """A replay that was ordered: its id goes out with each event in the header `replay-id`."""

    id: UUID
    events: int


@dataclass(frozen=True, slots=True)
class Quota:
    """What a tenant may publish, with the defaults filled in, and what of it is used."""

    tenant_id: str
    max_events: int
    """Events in a window."""
    window_seconds: int
    """Seconds of a window."""
    backoff_seconds: int
    """Seconds to wait once it is used up."""
    batch_limit: int
    """Events that are taken at once."""
    max_pending: int
    """Events that may wait before new ones are refused with 429."""
    overridden: list[str]
    """Which of these are the tenant's own."""
    used: int
    """Events published in the present window."""
    remaining: int
    """Events left in it."""
    updated_at: datetime
    """When it was changed last."""
    updated_by: str
    """Who changed it."""
    reason: str
    by_platform: bool
    """Whether who manages tenants set it: then only they change it."""


@dataclass(frozen=True, slots=True)
class QuotaChange:
    """New values; a field left None stays as it is."""

    max_events: int | None = None
    window_seconds: int | None = None
    backoff_seconds: int | None = None
    batch_limit: int | None = None
    max_pending: int | None = None

    def given(self) -> dict[str, int]:
        return {
            name: value
            for name in ("max_events", "window_seconds", "backoff_seconds", "batch_limit", "max_pending")
            if (value := getattr(self, name)) is not None
        }


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what, and why."""

    tenant_id: str
    id: UUID
    action: str
    """What was done."""
    actor: str
    reason: str
    detail: Mapping[str, Any]
    """What belongs to it."""
    occurred_at: datetime
