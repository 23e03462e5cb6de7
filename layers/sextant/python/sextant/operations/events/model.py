"""Events as they are sent and as they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sextant.ids import IncidentId, OperationsEventId, RunId, TenantId, VendorId, WorkflowId

PLATFORM_TENANT = TenantId("platform")
"""The tenant of what belongs to none: a dead outbox event of the platform itself, a message of no tenant."""
Severity = Literal["INFO", "WARNING", "ERROR", "CRITICAL"]
Source = Literal["API", "PLATFORM"]
Change = Literal["OPENED", "REOPENED", "ESCALATED", "COUNTED"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True, slots=True)
class NewEvent:
    """Something that happened. `severity` is what the sender says; the rules of the policy may raise it.

    `fingerprint` overrides the signature made of the payload; `incident_id` links an event that is no failure.
    Without `workflow_id` it belongs to the platform's own workflow.
    """

    event_type: str
    payload: Mapping[str, Any]
    occurred_at: datetime
    severity: Severity = "INFO"
    source: Source = "API"
    workflow_id: WorkflowId | None = None
    vendor_id: VendorId | None = None
    run_id: RunId | None = None
    incident_id: IncidentId | None = None
    fingerprint: str | None = None
    idempotency_key: str | None = None
    correlation_id: str = ""
    traceparent: str = ""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What became of an event: its id, and the incident it counts into with what that changed there."""

    outcome: str
    event_id: OperationsEventId | None
    incident_id: IncidentId | None
    """The incident that it counts into; null where it is no failure."""
    change: Change | None
    """What it did to its incident."""
    event_count: int | None
    """How many events that incident has; null without one."""


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it is kept."""

    tenant_id: TenantId
    id: OperationsEventId
    workflow_id: WorkflowId
    vendor_id: VendorId | None
    """The vendor that it is about."""
    run_id: RunId | None
    """The run that it is about."""
    incident_id: IncidentId | None
    """The incident that it counts into."""
    event_type: str
    """What happened."""
    severity: Severity
    """How bad it is, as the sender or the rules say."""
    source: Source
    """Who sent it: somebody by the API, or the platform itself."""
    payload: dict[str, Any]
    """What the sender says of it; `error.code` and `error.message` are read."""
    idempotency_key: str | None
    """The key that it came with."""
    correlation_id: str
    occurred_at: datetime
    """When it happened, by the sender."""
    received_at: datetime
    """When it was stored."""


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list; every field narrows."""

    event_type: str | None = None
    severity: Severity | None = None
    workflow_id: UUID | None = None
    incident_id: UUID | None = None
    run_id: UUID | None = None
    occurred_after: datetime | None = None
    occurred_before: datetime | None = None
