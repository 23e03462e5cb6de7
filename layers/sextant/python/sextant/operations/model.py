"""What operations know: events, incidents, decisions, actions, kill switches, workflows, vendors, tenants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, NewType
from uuid import UUID

from sextant.ids import RunId, TenantId

WorkflowId = NewType("WorkflowId", UUID)
VendorId = NewType("VendorId", UUID)
OperationsEventId = NewType("OperationsEventId", UUID)
IncidentId = NewType("IncidentId", UUID)
DecisionId = NewType("DecisionId", UUID)
ActionId = NewType("ActionId", UUID)

PLATFORM_TENANT = TenantId("platform")
"""The tenant of what belongs to none: a dead outbox event of the platform itself, a message of no tenant."""

Severity = Literal["INFO", "WARNING", "ERROR", "CRITICAL"]
Source = Literal["API", "PLATFORM"]
IncidentState = Literal["NEW", "ANALYZING", "ACTIONED", "RESOLVED", "IGNORED"]
Change = Literal["OPENED", "REOPENED", "ESCALATED", "COUNTED"]
ActionType = Literal[
    "RETRY",
    "ESCALATE",
    "MANUAL",
    "BREAKER_OPEN",
    "BREAKER_CLOSE",
    "KILL_SWITCH_ON",
    "KILL_SWITCH_OFF",
    "WORKFLOW_PAUSE",
    "WORKFLOW_RESUME",
    "CANCEL_RUN",
]
ActionState = Literal["PENDING", "IN_PROGRESS", "SUCCEEDED", "FAILED", "SKIPPED"]
Maker = Literal["RULE", "AI", "PERSON"]
Verdict = Literal["ACTED", "ADVISORY", "REJECTED"]
SwitchScope = Literal["GLOBAL", "TENANT", "WORKFLOW", "VENDOR"]
WorkflowState = Literal["ACTIVE", "PAUSED"]

SEVERITIES: tuple[Severity, ...] = ("INFO", "WARNING", "ERROR", "CRITICAL")
INCIDENT_STATES: tuple[IncidentState, ...] = ("NEW", "ANALYZING", "ACTIONED", "RESOLVED", "IGNORED")
ACTION_STATES: tuple[ActionState, ...] = ("PENDING", "IN_PROGRESS", "SUCCEEDED", "FAILED", "SKIPPED")


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
    change: Change | None
    event_count: int | None


@dataclass(frozen=True, slots=True)
class Event:
    """An event as it is kept."""

    tenant_id: TenantId
    id: OperationsEventId
    workflow_id: WorkflowId
    vendor_id: VendorId | None
    run_id: RunId | None
    incident_id: IncidentId | None
    event_type: str
    severity: Severity
    source: Source
    payload: dict[str, Any]
    idempotency_key: str | None
    correlation_id: str
    occurred_at: datetime
    received_at: datetime


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
class Decision:
    """What ought to be done and why, by whom; never changed."""

    tenant_id: TenantId
    id: DecisionId
    incident_id: IncidentId
    event_id: OperationsEventId | None
    trigger_key: str
    decision_type: str
    maker: Maker
    maker_name: str
    confidence: float
    reasoning: str
    proposal: dict[str, Any]
    verdict: Verdict
    verdict_reason: str
    correlation_id: str
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class NewAction:
    """An action to take: `target` is the id of the run, vendor, workflow or incident that it is about."""

    action_type: ActionType
    target: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    delay_seconds: float = 0.0
    dry_run: bool = False


@dataclass(frozen=True, slots=True)
class Action:
    """An action as it is kept."""

    tenant_id: TenantId
    id: ActionId
    incident_id: IncidentId | None
    decision_id: DecisionId | None
    ordinal: int
    action_type: ActionType
    target: str
    parameters: dict[str, Any]
    state: ActionState
    result: dict[str, Any] | None
    dry_run: bool
    reverses_id: ActionId | None
    attempt: int
    postponed: int
    waits_for: dict[str, Any] | None
    requested_by: str
    correlation_id: str
    due_at: datetime
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    completed_by: str | None

    @property
    def result_unknown(self) -> bool:
        """Whether repeating it would not help or might do it twice."""
        return bool((self.result or {}).get("unknown"))


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """A switch: while it is active, nothing in its scope starts."""

    id: UUID
    scope: SwitchScope
    target: str
    active: bool
    by_platform: bool
    reason: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class SwitchChange:
    """Who set or lifted a switch, why and when."""

    id: UUID
    switch_id: UUID
    scope: SwitchScope
    target: str
    active: bool
    reason: str
    actor: str
    correlation_id: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Workflow:
    """A tenant's workflow: what events belong to, with its own retry limit."""

    tenant_id: TenantId
    id: WorkflowId
    name: str
    description: str
    state: WorkflowState
    max_retries: int
    dry_run: bool
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class Vendor:
    """An outside service that a tenant's work calls, with its breaker's and its limit's figures."""

    tenant_id: TenantId
    id: VendorId
    name: str
    description: str
    failure_threshold: int
    reset_seconds: int
    rate_per_minute: int | None
    max_retries: int
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class VendorStanding:
    """Where a vendor's breaker stands, and how many calls of the last minute count against its limit."""

    breaker: Literal["CLOSED", "OPEN", "HALF_OPEN"] = "CLOSED"
    failures: int = 0
    opened_at: datetime | None = None
    opened_by: str = ""
    calls_in_last_minute: int = 0


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant; `settings["operations"]` may override the policy of operations."""

    tenant_id: TenantId
    id: UUID
    name: str
    active: bool
    settings: dict[str, Any]
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """One thing that happened to an incident: `kind` is EVENT, TRANSITION, DECISION or ACTION."""

    id: UUID
    kind: Literal["EVENT", "TRANSITION", "DECISION", "ACTION"]
    at: datetime
    summary: str
    detail: dict[str, Any]
