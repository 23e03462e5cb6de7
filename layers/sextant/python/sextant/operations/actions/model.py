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
    """What is done."""
    target: str
    """The id of what it is done to."""
    parameters: dict[str, Any]
    """How, by the type."""
    state: ActionState
    """Where it stands."""
    result: dict[str, Any] | None
    """What came of it; null before."""
    dry_run: bool
    """Whether it only says what it would do."""
    reverses_id: ActionId | None
    """The action that this one undoes."""
    attempt: int
    """Which attempt this is; 0 before the first."""
    postponed: int
    """How often it was put off."""
    waits_for: dict[str, Any] | None
    """Why it was put off last: its vendor's breaker, or a kill switch."""
    requested_by: str
    """Who asked for it, or the decision that did."""
    correlation_id: str
    due_at: datetime
    """When it is to be done."""
    created_at: datetime
    started_at: datetime | None
    """When it began; null before."""
    completed_at: datetime | None
    """When it ended; null before."""
    completed_by: str | None
    """Who ended it, where a person did."""

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
