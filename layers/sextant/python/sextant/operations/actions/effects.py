"""What each type of action does in the database, in the transaction that ends the action."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sextant.ids import RunId, new_id
from sextant.kill_switches import repository as kill_switches_repository
from sextant.operations.actions import repository
from sextant.operations.actions.model import Action, ActionState, ActionType
from sextant.runs import repository as runs
from sextant.storage import Session
from sextant.storage.errors import RecordNotFound
from sextant.vendors import repository as vendors_repository
from sextant.workflows import repository as workflows_repository

UNGUARDED: frozenset[ActionType] = frozenset({"ESCALATE", "MANUAL", "KILL_SWITCH_ON", "KILL_SWITCH_OFF"})
"""What a kill switch does not stop: telling people, and switching."""


UNLIMITED: frozenset[ActionType] = frozenset({"ESCALATE", "MANUAL"})
"""What the cap on actions an hour does not hold back; the cooldown does."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended."""

    state: ActionState
    result: Mapping[str, Any]


Effect = Callable[[Session, Action, str], Outcome]


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
    outcome, run = runs.cancel(session, RunId(UUID(action.target)), actor)
    if outcome == "CANCELLED":
        return Outcome("SUCCEEDED", {"run_id": action.target})
    return Outcome("FAILED", {"reason": outcome.lower(), "state": run.state if run else None})


def _breaker(session: Session, action: Action, actor: str) -> Outcome:
    opened = action.action_type == "BREAKER_OPEN"
    reason = str(action.parameters.get("reason", ""))
    if vendors_repository.VENDORS.get(session, UUID(action.target)) is None:
        return Outcome("FAILED", {"reason": "vendor_not_found"})
    moved = vendors_repository.move_breaker(
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
    outcome, switch = kill_switches_repository.set_switch(
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
    workflow_id = UUID(action.target)
    found = workflows_repository.WORKFLOWS.get(session, workflow_id)
    if found is None:
        return Outcome("FAILED", {"reason": "workflow_not_found"})
    if found.state == state:
        return Outcome("SKIPPED", {"reason": f"already_{state.lower()}"})
    try:
        changed = workflows_repository.WORKFLOWS.update(session, workflow_id, {"state": state}, actor=actor)
    except RecordNotFound:
        return Outcome("FAILED", {"reason": "workflow_not_found"})
    if state == "ACTIVE":
        kill_switches_repository.resume_runs(session)
    return Outcome("SUCCEEDED", {"state": changed.state, "version": changed.version})


EFFECTS: Mapping[ActionType, Effect] = {
    "RETRY": _retry,
    "CANCEL_RUN": _cancel_run,
    "BREAKER_OPEN": _breaker,
    "BREAKER_CLOSE": _breaker,
    "KILL_SWITCH_ON": _switch,
    "KILL_SWITCH_OFF": _switch,
    "WORKFLOW_PAUSE": _workflow,
    "WORKFLOW_RESUME": _workflow,
}
