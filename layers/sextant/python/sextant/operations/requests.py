"""Actions that people ask for, complete and reverse."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sextant.errors import FieldError
from sextant.ids import RunId, new_id
from sextant.operations import incidents
from sextant.operations.errors import (
    ActionNotFoundError,
    DecisionNotFoundError,
    IllegalTransitionError,
    IncidentNotFoundError,
    InvalidTargetError,
    NotReversibleError,
)
from sextant.operations.model import (
    Action,
    ActionId,
    ActionState,
    ActionType,
    Decision,
    IncidentId,
    NewAction,
)
from sextant.operations.repository import actions as repository
from sextant.operations.repository import catalogue, events
from sextant.operations.repository.actions import ActionFilter
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session
from sextant.storage.errors import UniqueViolation
from sextant.tenancy import Caller

_REVERSALS: Mapping[ActionType, ActionType] = {
    "BREAKER_OPEN": "BREAKER_CLOSE",
    "BREAKER_CLOSE": "BREAKER_OPEN",
    "KILL_SWITCH_ON": "KILL_SWITCH_OFF",
    "KILL_SWITCH_OFF": "KILL_SWITCH_ON",
    "WORKFLOW_PAUSE": "WORKFLOW_RESUME",
    "WORKFLOW_RESUME": "WORKFLOW_PAUSE",
    "RETRY": "CANCEL_RUN",
}


def get(session: Session, action: UUID) -> Action:
    found = repository.get_action(session, action)
    if found is None:
        raise ActionNotFoundError
    return found


def list_actions(session: Session, where: ActionFilter, request: PageRequest) -> Page[Action]:
    return page(repository.list_actions(session, where, request), request, lambda action: action.id)


def get_decision(session: Session, decision: UUID) -> Decision:
    found = repository.get_decision(session, decision)
    if found is None:
        raise DecisionNotFoundError
    return found


def list_decisions(session: Session, incident: UUID | None, request: PageRequest) -> Page[Decision]:
    return page(repository.list_decisions(session, incident, request), request, lambda decision: decision.id)


def request(session: Session, action: NewAction, incident: IncidentId | None, caller: Caller) -> Action:
    """Ask for an action; raises `InvalidTargetError` or `IncidentNotFoundError`. It is performed in a moment."""
    if incident is not None and events.get_incident(session, incident) is None:
        raise IncidentNotFoundError
    _check_target(session, action, incident)
    return repository.request_action(
        session,
        ActionId(new_id()),
        action,
        incident=incident,
        decision=None,
        ordinal=0,
        requested_by=caller.subject,
        correlation_id=caller.correlation_id,
    )


def complete(session: Session, action_id: UUID, state: ActionState, note: str, caller: Caller) -> Action:
    """End a manual action, or skip one that has not begun; raises `IllegalTransitionError` where it is too late."""
    action = repository.lock_action(session, action_id)
    if action is None:
        raise ActionNotFoundError
    if action.state != "PENDING" or (action.action_type != "MANUAL" and state != "SKIPPED"):
        raise IllegalTransitionError(
            f"A {action.action_type} action that is {action.state} cannot be set to {state}.",
            extra={"state": action.state},
        )
    if state != "SKIPPED":
        repository.begin(session, action.id)
    ended = repository.finish(
        session, action.id, state, {"note": note}, actor=caller.subject, origins=("PENDING", "IN_PROGRESS")
    )
    assert ended is not None
    if ended.incident_id is not None and incidents.settle(session, ended.incident_id, caller.subject):
        return ended
    if state == "SUCCEEDED" and ended.incident_id is not None:
        events.move_incident(
            session,
            ended.incident_id,
            ("ANALYZING",),
            "ACTIONED",
            actor=caller.subject,
            reason=note or "done by hand",
        )
    return ended


def reverse(session: Session, action_id: UUID, reason: str, caller: Caller) -> Action:
    """Undo an action that succeeded, by a new one.

    Raises `NotReversibleError` for what cannot be taken back, or has been already.
    """
    action = get(session, action_id)
    opposite = _REVERSALS.get(action.action_type)
    if opposite is None or action.state != "SUCCEEDED" or action.reverses_id is not None:
        raise NotReversibleError(f"A {action.action_type} action that is {action.state} cannot be reversed.")
    target = str((action.result or {}).get("run_id", "")) if action.action_type == "RETRY" else action.target
    try:
        return repository.request_action(
            session,
            ActionId(new_id()),
            NewAction(opposite, target, {**action.parameters, "reason": reason}),
            incident=action.incident_id,
            decision=None,
            ordinal=0,
            requested_by=caller.subject,
            correlation_id=caller.correlation_id,
            reverses=action.id,
        )
    except UniqueViolation as violation:
        raise NotReversibleError("The action has been reversed already.") from violation


def _check_target(session: Session, action: NewAction, incident: IncidentId | None) -> None:
    kind = action.action_type
    if kind in ("ESCALATE", "MANUAL"):
        if incident is None:
            raise _invalid("incident_id", "this type of action is about an incident")
        return
    if kind in ("KILL_SWITCH_ON", "KILL_SWITCH_OFF"):
        check_switch_target(session, str(action.parameters.get("scope")), action.target)
        return
    target = _uuid(action.target)
    exists: Any
    if kind in ("RETRY", "CANCEL_RUN"):
        exists = events.run_state(session, RunId(target))
    elif kind in ("BREAKER_OPEN", "BREAKER_CLOSE"):
        exists = catalogue.VENDORS.get(session, target)
    else:
        exists = catalogue.WORKFLOWS.get(session, target)
    if exists is None:
        raise _invalid("target", f"there is nothing of this id that a {kind} action could be about")
    if exists == "PART":
        raise _invalid("target", "it is a part of a split run: name the run that it is a part of")


def check_switch_target(session: Session, scope: str, target: str) -> None:
    """Raise `InvalidTargetError` unless the tenant has what a switch of `scope` names."""
    if scope == "TENANT" and target == session.tenant_id:
        return
    if scope == "WORKFLOW" and catalogue.WORKFLOWS.get(session, _uuid(target)) is not None:
        return
    if scope == "VENDOR" and catalogue.VENDORS.get(session, _uuid(target)) is not None:
        return
    raise _invalid("target", f"the tenant has no {scope.lower()} of this id")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise _invalid("target", "must be an id") from error


def _invalid(path: str, message: str) -> InvalidTargetError:
    return InvalidTargetError(f"{path}: {message}.", errors=[FieldError(path, "target", message)])
