"""What a scheduled check finds, and its report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in a dead-letter queue."""

    queue: str
    message_id: str
    headers: Mapping[str, str]
    body: str


@dataclass
class Report:
    """What a round of the scheduled checks found and did."""

    dead_events: int = 0
    dead_letters: int = 0
    unreadable_settings: int = 0
    incidents: int = 0
    performed: int = 0
    abandoned: int = 0
    failed: int = 0
    """What could not be handled, for the reason that the log gives."""
    left: int = 0
    """What there was no time for."""


@dataclass(frozen=True, slots=True)
class DeadEvent:
    """An event that the outbox gave up."""

    tenant_id: str
    event_id: UUID
    topic: str
    failed_at: datetime
    attempts: int
    last_error: str
    correlation_id: str
    key: str
    """What it is ingested once by: an event that dies again after a replay is another one."""


@dataclass(frozen=True, slots=True)
class UnreadableSetting:
    """A setting whose value has not the fields that it should have; until it is set again it counts as not set."""

    tenant_id: str
    """`*`: the platform's."""
    kind: str
    name: str
    value: str
    updated_at: datetime
    updated_by: str
    key: str
    """What it is ingested once by: another value is another one."""


@dataclass(frozen=True, slots=True)
class Unfinished:
    """Something of a tenant that waits."""

    tenant_id: str
    id: UUID
