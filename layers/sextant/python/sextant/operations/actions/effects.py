"""What each type of action is about, and what it does in the database, in the transaction that ends the action.

A new type of action is a name in `model.ActionType`, an entry in `KINDS` and, in a migration, a value that the column
`action.action_type` allows.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sextant.ids import RunId, new_id
from sextant.kill_switches import service as kill_switches
from sextant.operations.actions import repository
from sextant.operations.actions.model import Action, ActionState, ActionType
from sextant.runs import service as runs
from sextant.storage import Session
from sextant.storage.errors import RecordNotFound
from sextant.vendors import service as vendors
from sextant.workflows import service as workflows
from sextant.workflows.errors import WorkflowNotFoundError


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended."""

    state: ActionState
    result: Mapping[str, Any]


Effect = Callable[[Session, Action, str], Outcome]
"""Acts as the actor it is given."""


@dataclass(frozen=True, slots=True)
class ActionKind:
    """What holds for every action of a type."""

    about: Literal["RUN", "VENDOR", "WORKFLOW", "KILL_SWITCH", "INCIDENT"]
    """What the action's `target` is the id of."""
    effect: Effect | None = None
    """None for what is done outside the database: an alert, or a person's work."""
    opposite: ActionType | None = None
    """The type of the action that reverses it."""
    limited: bool = True
    """Whether the cap on actions an hour holds it back; the cooldown holds back each."""

    @property
    def stopped_by_switches(self) -> bool:
        """A kill switch stops neither telling people nor switching."""
        return self.about not in ("INCIDENT", "KILL_SWITCH")


class StoppedError(Exception):
    """A kill switch was set between the look and the act: nothing may be left of the attempt."""


def _retry(session: Session, action: Action, actor: str) -> Outcome:
    replay = repository.replay(
        session,
        RunId(UUID(action.target)),
        RunId(new_id()),
        actor=actor,
        correlation_id=action.correlation_id,
        action=action.id,
    )
    if replay.outcome == "CREATED" and replay.run is not None:
        return Outcome("SUCCEEDED", {"run_id": str(replay.run.id), "replays": action.target})
    if replay.run is not None:
        return Outcome(
            "SKIPPED", {"reason": "run_moved_on", "run_id": str(replay.run.id), "state": replay.run.state}
        )
    if replay.outcome == "NOT_ADMITTED":
        raise StoppedError
    return Outcome("FAILED", {"reason": replay.outcome.lower()})


def _cancel_run(session: Session, action: Action, actor: str) -> Outcome:
    outcome, run = runs.try_cancel(session, RunId(UUID(action.target)), actor)
    if outcome == "CANCELLED":
        return Outcome("SUCCEEDED", {"run_id": action.target})
    return Outcome("FAILED", {"reason": outcome.lower(), "state": run.state if run else None})


def _breaker(session: Session, action: Action, actor: str) -> Outcome:
    opened = action.action_type == "BREAKER_OPEN"
    reason = str(action.parameters.get("reason", ""))
    if vendors.find(session, UUID(action.target)) is None:
        return Outcome("FAILED", {"reason": "vendor_not_found"})
    moved = vendors.move_breaker(
        session,
        UUID(action.target),
        opened=opened,
        actor=actor,
        reason=reason,
        correlation_id=action.correlation_id,
    )
    if not moved:
        return Outcome("SKIPPED", {"reason": "already_open" if opened else "already_closed"})
    return Outcome("SUCCEEDED", {"breaker": "OPEN" if opened else "CLOSED"})


def _switch(session: Session, action: Action, actor: str) -> Outcome:
    active = action.action_type == "KILL_SWITCH_ON"
    outcome, switch = kill_switches.set_switch(
        session,
        session.tenant_id,
        action.parameters["scope"],
        action.target,
        active=active,
        reason=str(action.parameters.get("reason") or "by an action of operations"),
        actor=action.requested_by if action.decision_id is None else actor,
        platform=False,
        correlation_id=action.correlation_id,
    )
    if outcome != "CHANGED":
        return Outcome("SKIPPED", {"reason": outcome.lower()})
    return Outcome("SUCCEEDED", {"switch_id": str(switch.id), "active": switch.active})


def _workflow(session: Session, action: Action, actor: str) -> Outcome:
    state = "PAUSED" if action.action_type == "WORKFLOW_PAUSE" else "ACTIVE"
    try:
        workflow = workflows.get(session, UUID(action.target))
        if workflow.state == state:
            return Outcome("SKIPPED", {"reason": f"already_{state.lower()}"})
        changed = workflows.change(session, workflow.id, {"state": state}, actor=actor)
    except (WorkflowNotFoundError, RecordNotFound):
        return Outcome("FAILED", {"reason": "workflow_not_found"})
    return Outcome("SUCCEEDED", {"state": changed.state, "version": changed.version})


KINDS: Mapping[ActionType, ActionKind] = {
    "RETRY": ActionKind("RUN", _retry, opposite="CANCEL_RUN"),
    "CANCEL_RUN": ActionKind("RUN", _cancel_run),
    "BREAKER_OPEN": ActionKind("VENDOR", _breaker, opposite="BREAKER_CLOSE"),
    "BREAKER_CLOSE": ActionKind("VENDOR", _breaker, opposite="BREAKER_OPEN"),
    "WORKFLOW_PAUSE": ActionKind("WORKFLOW", _workflow, opposite="WORKFLOW_RESUME"),
    "WORKFLOW_RESUME": ActionKind("WORKFLOW", _workflow, opposite="WORKFLOW_PAUSE"),
    "KILL_SWITCH_ON": ActionKind("KILL_SWITCH", _switch, opposite="KILL_SWITCH_OFF"),
    "KILL_SWITCH_OFF": ActionKind("KILL_SWITCH", _switch, opposite="KILL_SWITCH_ON"),
    "ESCALATE": ActionKind("INCIDENT", limited=False),
    "MANUAL": ActionKind("INCIDENT", limited=False),
}
