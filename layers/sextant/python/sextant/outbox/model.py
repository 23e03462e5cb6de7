"""Events, claims of them, and what became of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sextant.bus.message import NO_TENANT, OutboundMessage
from sextant.config import Settings, count, parsed
from sextant.ids import TenantId

PLATFORM = TenantId(NO_TENANT)
"""The tenant of the platform's own events."""


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event to store.

    A repeat of `dedupe_key` within the tenant changes nothing. `headers` travel as they are, beside those the
    relay sets; `traceparent` and `correlation-id` belong here. With `delay` it is published no sooner.
    """

    topic: str
    payload: Mapping[str, Any]
    dedupe_key: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: timedelta | None = None


class ClaimedEvent(NamedTuple):
    """An event leased to a relay, as it came from the database: its position in its tenant's queue, and its content."""

    position: int
    expired_leases: int
    """How many relays leased it before and did not settle it in time."""
    tenant_id: str
    event_id: UUID
    topic: str
    dedupe_key: str | None
    payload: str
    created_at: datetime
    retry_count: int
    replay_id: UUID | None
    headers: str
    """JSON."""
    waited: float
    """Seconds since it was stored, by the database's clock."""

    @property
    def message(self) -> OutboundMessage:
        """What it is published as; made anew each time, by the publishing thread and not by the one that claims."""
        return OutboundMessage._make((*self[2:10], json.loads(self.headers)))


def _seconds(given: str) -> timedelta:
    return timedelta(seconds=float(given))


@dataclass(frozen=True)
class RetryRule(Settings):
    """When what failed is tried again: after `base`, twice that, … up to `cap`; refused for the `attempts`th time it is dead."""

    attempts: int = count("SEXTANT_RELAY_MAX_ATTEMPTS", "A refused event is dead after so many attempts", 8)
    base: timedelta = parsed(
        "SEXTANT_RELAY_RETRY_BASE",
        "The pause after the first refusal",
        "seconds",
        _seconds,
        timedelta(seconds=2),
    )
    cap: timedelta = parsed(
        "SEXTANT_RELAY_RETRY_CAP",
        "The longest pause after a refusal",
        "seconds",
        _seconds,
        timedelta(minutes=5),
    )
    queue_base: timedelta = timedelta(milliseconds=500)
    """How long a tenant queue waits after the broker could not take its head; twice that, … up to `queue_cap`."""
    queue_cap: timedelta = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Kept:
    """Which relay keeps the watch over the outbox, and for how many seconds still."""

    relay: UUID
    seconds: float


@dataclass(frozen=True, slots=True)
class Call:
    """Whether a relay has to be called for what was just committed, and for how many seconds none has to for what comes."""

    due: bool
    silent_for: float


@dataclass(frozen=True, slots=True)
class Settled:
    """How many events of a claim went where. `lost`: the lease had expired and another relay holds them."""

    sent: int = 0
    released: int = 0
    delayed: int = 0
    dead: int = 0
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """The last position given out, who was writing just after, and whether the writers watched have finished."""

    position: int
    writers: list[str]
    complete: bool


@dataclass(frozen=True, slots=True)
class Statistics:
    """What one tenant's outbox holds. `published` counts since the time given to the query."""

    tenant_id: str
    pending: int
    """Events that wait."""
    leased: int
    """Events that a relay holds."""
    delayed: int
    """Events that were refused and are tried again."""
    dead: int
    """Events that were given up."""
    oldest_pending_at: datetime | None
    """Since when the oldest waits."""
    published: int
    """Events sent, `since` the time asked for."""
    last_published_at: datetime | None
    """When one was sent last."""
    claimed_in_window: int
    """Events taken in the present window."""
    allowance: int
    """Events that may be taken in it."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What waits in the whole outbox."""

    pending: int
    delayed: int
    dead: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class Purged:
    """How many rows were forgotten."""

    events: int
    publications: int
    usages: int
