"""What a scheduled check finds, and its report."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sextant.bus.message import EVENT_ID


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message in a dead-letter queue."""

    queue: str
    message_id: str
    headers: Mapping[str, str]
    body: str

    @property
    def event_id(self) -> UUID | None:
        """The outbox's event that it says it is."""
        return _id(self.headers.get(EVENT_ID))

    @property
    def scenario_id(self) -> UUID | None:
        """The scenario of the journaled request that it says it is."""
        try:
            return _id(json.loads(self.body)["payload"]["scenario_id"])
        except (ValueError, TypeError, KeyError, IndexError, RecursionError):
            return None


def _id(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:
        return None


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
