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
    """Hash of what is the same of its failures."""
    algorithm: int
    """The version of how signatures are made."""
    previous_id: IncidentId | None
    """The incident of the same signature before it."""
    title: str
    """Its first failure, in short."""
    workflow_id: WorkflowId
    vendor_id: VendorId | None
    state: IncidentState
    """Where it stands."""
    state_reason: str
    """Why it stands there."""
    severity: Severity
    """The worst of its events."""
    event_count: int
    """How many failures it has."""
    cycle: int
    """How often it was opened, from 1."""
    cycle_events: int
    """Failures since it was opened last."""
    first_seen: datetime
    """When the first failure happened."""
    last_seen: datetime
    """When the last one did."""
    opened_at: datetime
    """When it was opened last."""
    escalated_at: datetime | None
    """When its severity was raised last."""
    reopened_at: datetime | None
    """When it came back after it was closed."""
    resolved_at: datetime | None
    """When it was closed; null while it is open."""
    updated_at: datetime
    updated_by: str
    correlation_id: str


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened to an incident: `kind` is EVENT, TRANSITION, DECISION or ACTION."""

    id: UUID
    kind: Literal["EVENT", "TRANSITION", "DECISION", "ACTION"]
    """What it is."""
    at: datetime
    """When it happened."""
    summary: str
    """In one line."""
    detail: dict[str, Any]
    """The whole, by the kind."""


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents to list; every field narrows."""

    states: tuple[IncidentState, ...] | None = None
    severity: Severity | None = None
    workflow_id: UUID | None = None
    vendor_id: UUID | None = None
