"""Actions as they are asked for and as they are kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args
from uuid import UUID

from sextant.ids import ActionId, DecisionId, IncidentId, TenantId

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
ACTION_STATES: tuple[ActionState, ...] = get_args(ActionState)


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
    """Why it was put off last: its vendor's breaker, or a kill switch."""
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
class ActionFilter:
    """Which actions to list; every field narrows."""

    states: tuple[ActionState, ...] | None = None
    action_type: ActionType | None = None
    incident_id: UUID | None = None
