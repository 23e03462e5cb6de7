"""An endpoint, a delivery of an event to it, and the attempts that were made."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sextant.ids import TenantId, WebhookId

EventType = Literal[
    "run.succeeded",
    "run.failed",
    "run.cancelled",
    "run.timeout",
    "incident.opened",
    "incident.escalated",
    "incident.resolved",
    "incident.reopened",
    "export.ready",
    "export.failed",
]
EVENT_TYPES: tuple[EventType, ...] = get_args(EventType)
TEST_EVENT = "webhook.test"

Signing = Literal["hmac", "ed25519"]

WebhookState = Literal["ENABLED", "PAUSED", "DISABLED"]
WEBHOOK_STATES: tuple[WebhookState, ...] = get_args(WebhookState)

DeliveryState = Literal["PENDING", "DELIVERED", "FAILED", "CANCELLED"]
DELIVERY_STATES: tuple[DeliveryState, ...] = get_args(DeliveryState)

Outcome = Literal["DELIVERED", "RETRY", "FAILED", "GONE", "UNSENT"]

MOST_WEBHOOKS = 100
"""Of one tenant."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """An endpoint of the tenant that is told of events."""

    tenant_id: TenantId
    id: WebhookId
    url: str
    """Where events are posted to."""
    description: str
    """What it is for, in your words."""
    event_types: list[str]
    """The types of events that it is told of; empty: all."""
    scenario_ids: list[UUID]
    """Only of runs and exports of these scenarios; empty: of everything."""
    tags: list[str]
    """Only of runs and exports of scenarios that have one of these tags; empty: of everything."""
    ordered: bool
    """Whether one event is delivered before the next is sent."""
    signing: Signing
    """By what requests are signed: `hmac`, with a secret that both sides have (`v1`), or `ed25519`, whose `public_key` verifies (`v1a`)."""
    public_key: str
    """With `ed25519` what signatures are verified with, `whpk_…`; empty with `hmac`."""
    state: WebhookState
    """PAUSED keeps what comes until it is ENABLED again; DISABLED is sent nothing, and keeps nothing."""
    state_reason: str
    """Why it was disabled, where that was not by hand."""
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event for one endpoint."""

    tenant_id: TenantId
    id: UUID
    webhook_id: WebhookId
    event_id: UUID
    """The `webhook-id` under which it is sent, each time the same."""
    event_type: str
    """What happened."""
    state: DeliveryState
    """FAILED was given up; CANCELLED was not sent as the endpoint was disabled or deleted."""
    attempts: int
    """How often it was sent."""
    due_at: datetime
    """When it is sent next, while it is PENDING."""
    status: int | None
    """The HTTP status of the last answer; null where there was none."""
    error: str | None
    """Why the last attempt failed; null where it did not."""
    created_at: datetime
    """When the event happened."""
    completed_at: datetime | None
    """When it was DELIVERED, FAILED or CANCELLED."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One time that a delivery was sent, and what came back."""

    number: int
    """From 1."""
    url: str
    """Where it was sent to."""
    headers: dict[str, str]
    """What was sent as headers."""
    started_at: datetime
    """When it was sent."""
    status: int | None
    """The HTTP status of the answer; null where there was none."""
    answer_head: dict[str, str] | None
    """The headers of the answer."""
    answer_body: str | None
    """The beginning of the answer's body."""
    error: str | None
    """Why it failed; null where it did not."""
    timing: dict[str, float]
    """Milliseconds until the name was resolved, the connection and TLS stood, the first byte and the whole answer came."""


@dataclass(frozen=True, slots=True)
class DeliveryFilter:
    """Which deliveries; everything given narrows."""

    state: tuple[DeliveryState, ...] | None = None
    event_type: str | None = None


@dataclass(frozen=True, slots=True)
class Resent:
    """What a resend takes in, or would."""

    matching: int
    """How many deliveries fit."""
    delivery_ids: list[UUID]
    """The oldest of them."""


@dataclass(frozen=True, slots=True)
class Claimed:
    """A delivery that is to be sent now."""

    id: UUID
    event_id: UUID
    turn: int
    """Attempts since it was begun."""
    age_seconds: float
    """Since it was begun."""
    body: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries of one endpoint, leased under `token`, in the order in which they are to be sent."""

    tenant: TenantId
    webhook: WebhookId
    token: UUID
    url: str
    ordered: bool
    deliveries: list[Claimed]


@dataclass(frozen=True, slots=True)
class Result:
    """What became of one delivery of a batch."""

    id: UUID
    outcome: Outcome
    delay: float = 0.0
    """Seconds until it is due again."""
    url: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    started_at: datetime | None = None
    status: int | None = None
    answer_head: dict[str, str] | None = None
    answer_body: str | None = None
    error: str | None = None
    timing: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Totals:
    """How deliveries stand over all tenants."""

    pending: int
    """That are due and not sent, of endpoints that are enabled and whose breaker is closed."""
    oldest_seconds: float
    """How long the oldest of those has been due; 0 where there is none."""
