"""The bodies of operations: what a client sends, and what it sees."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, ClassVar, Literal, Self, cast
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
)
from pydantic_core import PydanticCustomError

from functions.api.http.envelopes import Envelope, ListEnvelope
from sextant.drivers.fields import UPPER
from sextant.kill_switches.model import SwitchScope
from sextant.operations.actions.model import ActionType, NewAction
from sextant.operations.events.model import Severity
from sextant.operations.incidents.model import IncidentState
from sextant.workflows.model import WorkflowState

Reason = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=True)]
ShortName = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Description = Annotated[str, StringConstraints(max_length=2000)]
Retries = Annotated[int, Field(strict=True, ge=0, le=100)]


def _storable(moment: datetime) -> datetime:
    """Refuse what lies beyond the years that every reader of the row can hold, in whatever time zone."""
    if not 1900 <= moment.year <= 2200:
        raise PydanticCustomError("year_range", "must lie in the years 1900 to 2200")
    return moment


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class _Changes(_In):
    """Some fields of something: what is left out stays. null only where a field can be without a value."""

    _clearable: ClassVar[frozenset[str]] = frozenset()

    @field_validator("*")
    @classmethod
    def _not_null(cls, value: Any, info: ValidationInfo) -> Any:
        if value is None and info.field_name not in cls._clearable:
            raise PydanticCustomError("null", "must not be null; leave it out to keep it")
        return value


class _Out(BaseModel):
    """A body made of the attributes of the same names."""

    model_config = ConfigDict(defer_build=True)

    @classmethod
    def of(cls, thing: object) -> Self:
        values = {name: getattr(thing, name) for name in cls.model_fields}
        return cast("Self", cls.model_construct(None, **values))


# Sent --------------------------------------------------------------------------------------------------


class EventDocument(_In):
    """An event. A failure (by its severity, which rules may raise) counts into the incident of its signature."""

    event_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,99}$")]
    workflow_id: UUID
    payload: dict[str, Any] = Field(default_factory=dict)
    occurred_at: Annotated[AwareDatetime, AfterValidator(_storable)]
    severity: Annotated[Severity, UPPER] = "INFO"
    vendor_id: UUID | None = None
    run_id: UUID | None = None
    fingerprint: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    """Overrides the signature made of type, workflow and error."""
    idempotency_key: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    tenant_id: str | None = None


class IncidentMove(_In):
    state: Annotated[IncidentState, UPPER]
    reason: Reason


class ActionDocument(_In):
    """An action asked for by a person; it is performed within moments."""

    action_type: Annotated[ActionType, UPPER]
    target: Annotated[str, StringConstraints(max_length=200)] = ""
    incident_id: UUID | None = None
    scope: Annotated[Literal["TENANT", "WORKFLOW", "VENDOR"], UPPER] | None = None
    """Of a kill switch."""
    reason: Reason
    dry_run: bool = False

    def action(self) -> NewAction:
        parameters: dict[str, Any] = {"reason": self.reason}
        if self.scope is not None:
            parameters["scope"] = self.scope
        target = self.target or (str(self.incident_id) if self.incident_id else "")
        return NewAction(self.action_type, target, parameters, dry_run=self.dry_run)


class ActionCompletion(_In):
    state: Annotated[Literal["SUCCEEDED", "FAILED", "SKIPPED"], UPPER]
    note: Annotated[str, StringConstraints(max_length=2000)] = ""


class ReasonDocument(_In):
    reason: Reason


class KillSwitchDocument(_In):
    """A switch to set. `target` is a tenant, or the id of a workflow or vendor; of a global switch it is left out."""

    scope: Annotated[SwitchScope, UPPER]
    target: Annotated[str, StringConstraints(max_length=200)] = ""
    reason: Reason


class KillSwitchLift(_In):
    """`tenant_id` names the tenant whose switch it is, where that is not the caller's own."""

    reason: Reason
    tenant_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")] | None = None


class WorkflowDocument(_In):
    name: ShortName
    description: Description = ""
    max_retries: Retries = 3
    dry_run: bool = False
    tenant_id: str | None = None


class WorkflowChanges(_Changes):
    name: ShortName | None = None
    description: Description | None = None
    state: Annotated[WorkflowState, UPPER] | None = None
    max_retries: Retries | None = None
    dry_run: bool | None = None


class VendorDocument(_In):
    name: ShortName
    description: Description = ""
    failure_threshold: Annotated[int, Field(strict=True, ge=1, le=1000)] = 5
    reset_seconds: Annotated[int, Field(strict=True, ge=1, le=86_400)] = 60
    rate_per_minute: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    max_retries: Retries = 3
    tenant_id: str | None = None


class VendorChanges(_Changes):
    _clearable = frozenset({"rate_per_minute"})

    name: ShortName | None = None
    description: Description | None = None
    failure_threshold: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    reset_seconds: Annotated[int, Field(strict=True, ge=1, le=86_400)] | None = None
    rate_per_minute: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | None = None
    max_retries: Retries | None = None


class TenantDocument(_In):
    tenant_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    name: ShortName
    active: bool = True
    settings: dict[str, Any] = Field(default_factory=dict)


class TenantChanges(_Changes):
    name: ShortName | None = None
    active: bool | None = None
    settings: dict[str, Any] | None = None


# Seen --------------------------------------------------------------------------------------------------


class IngestedBody(_Out):
    event_id: UUID
    incident_id: UUID | None
    change: str | None
    """What it did to its incident: OPENED, REOPENED, ESCALATED or COUNTED."""
    event_count: int | None


class EventBody(_Out):
    id: UUID
    workflow_id: UUID
    vendor_id: UUID | None
    run_id: UUID | None
    incident_id: UUID | None
    event_type: str
    severity: str
    source: str
    payload: dict[str, Any]
    idempotency_key: str | None
    correlation_id: str
    occurred_at: datetime
    received_at: datetime


class IncidentBody(_Out):
    id: UUID
    signature: str
    algorithm: int
    previous_id: UUID | None
    title: str
    workflow_id: UUID
    vendor_id: UUID | None
    state: str
    state_reason: str
    severity: str
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


class TimelineBody(_Out):
    id: UUID
    kind: str
    at: datetime
    summary: str
    detail: dict[str, Any]


class DecisionBody(_Out):
    id: UUID
    incident_id: UUID
    event_id: UUID | None
    decision_type: str
    maker: str
    maker_name: str
    confidence: float
    reasoning: str
    proposal: dict[str, Any]
    verdict: str
    verdict_reason: str
    correlation_id: str
    decided_at: datetime


class ActionBody(_Out):
    id: UUID
    incident_id: UUID | None
    decision_id: UUID | None
    action_type: str
    target: str
    parameters: dict[str, Any]
    state: str
    result: dict[str, Any] | None
    dry_run: bool
    reverses_id: UUID | None
    attempt: int
    postponed: int
    waits_for: dict[str, Any] | None
    """Why it was put off last: its vendor's breaker, or a kill switch."""
    requested_by: str
    correlation_id: str
    due_at: datetime
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    completed_by: str | None


class KillSwitchBody(_Out):
    id: UUID
    scope: str
    target: str
    active: bool
    by_platform: bool
    reason: str
    changed_at: datetime
    changed_by: str


class SwitchChangeBody(_Out):
    id: UUID
    scope: str
    target: str
    active: bool
    reason: str
    actor: str
    correlation_id: str
    occurred_at: datetime


class WorkflowBody(_Out):
    id: UUID
    name: str
    description: str
    state: str
    max_retries: int
    dry_run: bool
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class VendorBody(_Out):
    id: UUID
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


class VendorStandingBody(_Out):
    breaker: str
    failures: int
    opened_at: datetime | None
    opened_by: str
    calls_in_last_minute: int


class TenantBody(_Out):
    tenant_id: str
    name: str
    active: bool
    settings: dict[str, Any]
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class ChangeBody(_Out):
    version: int
    field: str
    old_value: Any
    new_value: Any
    changed_at: datetime
    changed_by: str
    transaction_id: int


class IngestedEnvelope(Envelope[IngestedBody]): ...


class EventEnvelope(Envelope[EventBody]): ...


class EventList(ListEnvelope[EventBody]): ...


class IncidentEnvelope(Envelope[IncidentBody]): ...


class IncidentList(ListEnvelope[IncidentBody]): ...


class Timeline(ListEnvelope[TimelineBody]): ...


class DecisionEnvelope(Envelope[DecisionBody]): ...


class DecisionList(ListEnvelope[DecisionBody]): ...


class ActionEnvelope(Envelope[ActionBody]): ...


class ActionList(ListEnvelope[ActionBody]): ...


class KillSwitchEnvelope(Envelope[KillSwitchBody]): ...


class KillSwitchList(ListEnvelope[KillSwitchBody]): ...


class SwitchChangeList(ListEnvelope[SwitchChangeBody]): ...


class WorkflowEnvelope(Envelope[WorkflowBody]): ...


class WorkflowList(ListEnvelope[WorkflowBody]): ...


class VendorEnvelope(Envelope[VendorBody]): ...


class VendorList(ListEnvelope[VendorBody]): ...


class VendorStandingEnvelope(Envelope[VendorStandingBody]): ...


class TenantEnvelope(Envelope[TenantBody]): ...


class TenantList(ListEnvelope[TenantBody]): ...


class ChangeList(Envelope[list[ChangeBody]]): ...
