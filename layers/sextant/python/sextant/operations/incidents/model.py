"""Incidents and their timelines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sextant.ids import IncidentId, TenantId, VendorId, WorkflowId
from sextant.operations.events.model import Severity

IncidentState = Literal["NEW", "ANALYZING", "ACTIONED", "RESOLVED", "IGNORED"]
INCIDENT_STATES: tuple[IncidentState, ...] = get_args(IncidentState)


@dataclass(frozen=True, slots=True)
class Incident:
    """Failures of one signature, counted."""

    tenant_id: TenantId
    id: IncidentId
    signature: str
    algorithm: int
    previous_id: IncidentId | None
    title: str
    workflow_id: WorkflowId
    vendor_id: VendorId | None
    state: IncidentState
    state_reason: str
    severity: Severity
    event_count: int
    cycle: int
    cycle_events: int
    first_seen: datetime
    last_seen: datetime
    opened_at: datetime
    escalated_at: datetime | None
    reopened_at: datetime | None
    resolved_at: datetime | None
    updated_at: datetime
    updated_by: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened to an incident: `kind` is EVENT, TRANSITION, DECISION or ACTION."""

    id: UUID
    kind: Literal["EVENT", "TRANSITION", "DECISION", "ACTION"]
    at: datetime
    summary: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents to list; every field narrows."""

    states: tuple[IncidentState, ...] | None = None
    severity: Severity | None = None
    workflow_id: UUID | None = None
    vendor_id: UUID | None = None
