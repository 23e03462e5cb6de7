"""Actions that people ask for, complete and reverse."""

from __future__ import annotations

from uuid import UUID

from sextant.identity import Caller
from sextant.ids import ActionId, IncidentId, RunId, new_id
from sextant.kill_switches.targets import check_target, invalid_target, target_id
from sextant.operations.actions import repository
from sextant.operations.actions.effects import KINDS
from sextant.operations.actions.errors import ActionNotFoundError, NotReversibleError
from sextant.operations.actions.model import Action, ActionFilter, ActionState, NewAction
from sextant.operations.actions.repository import retries_of as retries_of
from sextant.operations.actions.repository import run_state as run_state
from sextant.operations.actions.repository import store as store
from sextant.operations.actions.repository import was_escalated as was_escalated
from sextant.operations.incidents import service as incidents
from sextant.operations.incidents.errors import IllegalTransitionError, IncidentNotFoundError
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session
from sextant.storage.errors import UniqueViolation
from sextant.vendors import service as vendors
from sextant.workflows import service as workflows


def get(session: Session, action: UUID) -> Action:
    stored = repository.find(session, action)
    if stored is None:
        raise ActionNotFoundError
    return stored


def list_actions(session: Session, where: ActionFilter, request: PageRequest) -> Page[Action]:
    return page(repository.list_actions(session, where, request), request, lambda action: action.id)


def request(session: Session, action: NewAction, incident: IncidentId | None, caller: Caller) -> Action:
    """Ask for an action; raises `InvalidTargetError` or `IncidentNotFoundError`. It is performed in a moment."""
    if incident is not None and incidents.find(session, incident) is None:
        raise IncidentNotFoundError
    _check_target(session, action, incident)
    return store(
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
    action = repository.lock(session, action_id)
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
        incidents.transition(
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
    opposite = KINDS[action.action_type].opposite
    if opposite is None or action.state != "SUCCEEDED" or action.reverses_id is not None:
        raise NotReversibleError(f"A {action.action_type} action that is {action.state} cannot be reversed.")
    target = str((action.result or {}).get("run_id", "")) if action.action_type == "RETRY" else action.target
    try:
        return store(
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


def give_up(session: Session, action: ActionId, actor: str) -> bool:
    """End an action whose performer died between doing and recording; whether it was still open."""
    result = {"reason": "outcome_unknown", "unknown": True}
    return repository.finish(session, action, "FAILED", result, actor=actor) is not None


def _check_target(session: Session, action: NewAction, incident: IncidentId | None) -> None:
    about = KINDS[action.action_type].about
    if about == "INCIDENT":
        if incident is None:
            raise invalid_target("incident_id", "this type of action is about an incident")
        return
    if about == "KILL_SWITCH":
        check_target(session, str(action.parameters.get("scope")), action.target)
        return
    target = target_id(action.target)
    exists: object
    if about == "RUN":
        exists = run_state(session, RunId(target))
    elif about == "VENDOR":
        exists = vendors.find(session, target)
    else:
        exists = workflows.find(session, target)
    if exists is None:
        raise invalid_target(
            "target", f"there is nothing of this id that a {action.action_type} action could be about"
        )
    if exists == "PART":
        raise invalid_target("target", "it is a part of a split run: name the run that it is a part of")
