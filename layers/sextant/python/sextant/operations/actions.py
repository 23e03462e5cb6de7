"""Actions that act: each is performed at most once, however often its message is delivered.

What acts in the database (a retry, a breaker, a switch, a workflow) is done in the transaction that moves the action from
PENDING to SUCCEEDED: both happen or neither. What acts outside (an escalation) is claimed in one transaction, done,
and recorded in another; a process that dies in between leaves the action IN_PROGRESS, which a sweep ends as
FAILED, outcome unknown, and never repeats by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from sextant.ids import RunId, TenantId, new_id
from sextant.operations import incidents
from sextant.operations.events import Policies
from sextant.operations.model import Action, ActionId, ActionState, ActionType, NewAction
from sextant.operations.repository import actions as repository
from sextant.operations.repository import catalogue, events, switches, vendors
from sextant.runs import repository as runs
from sextant.storage import Database, Session
from sextant.storage.errors import RecordNotFound

UNGUARDED: frozenset[ActionType] = frozenset({"ESCALATE", "MANUAL", "KILL_SWITCH_ON", "KILL_SWITCH_OFF"})
"""What a kill switch does not stop: telling people, and switching."""
UNLIMITED: frozenset[ActionType] = frozenset({"ESCALATE", "MANUAL"})
"""What the cap on actions an hour does not hold back; the cooldown does."""
KILL_SWITCH_POLL = 300.0
"""How often a retry that a kill switch stopped looks again, should the lifting not have woken it."""
MAX_ESCALATIONS = 3

_HOUR = timedelta(hours=1)

logger = logging.getLogger("sextant.operations")


class AlertError(Exception):
    """An alert was not taken; or, where `unknown`, perhaps it was."""

    def __init__(self, message: str, *, unknown: bool = False) -> None:
        super().__init__(message)
        self.unknown = unknown


class Alerts(Protocol):
    """Where people are told."""

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> str:
        """The message's id; raises `AlertError` where it was not taken, or nobody knows whether it was."""
        ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended."""

    state: ActionState
    result: Mapping[str, Any]


Effect = Callable[[Session, Action, str], Outcome]


@dataclass(frozen=True, slots=True)
class Postponement:
    """How long an action is put off, and why."""

    seconds: float
    reason: Mapping[str, Any]


class StoppedError(Exception):
    """A kill switch was set between the look and the act: nothing may be left of the attempt."""


class Performer:
    """Performs actions, as `name` in what it leaves behind."""

    def __init__(self, database: Database, policies: Policies, alerts: Alerts | None, name: str) -> None:
        self._database = database
        self._policies = policies
        self._alerts = alerts
        self._name = name

    def perform(self, tenant: TenantId, action: ActionId) -> ActionState | None:
        """Perform an action that is PENDING and due; its state after that, None where there is nothing to do."""
        try:
            after = self._database.run(tenant, lambda session: self._within(session, action))
        except StoppedError:
            # Rolled back whole. Looking again finds the switch; should it be gone already, the action is performed.
            after = self._database.run(tenant, lambda session: self._within(session, action))
        if after is not None and after.state == "IN_PROGRESS":
            outcome = self._escalate(after)
            after = self._database.run(
                tenant, lambda session: self._end(session, after, outcome), idempotent=True
            )
        return after.state if after else None

    def _within(self, session: Session, action_id: ActionId) -> Action | None:
        """All of it in one transaction, but for an escalation, which is only claimed."""
        repository.lock_limits(session)
        action = repository.lock_due_action(session, action_id)
        if action is None or action.action_type == "MANUAL":
            return None
        stopped = self._stopped(session, action)
        wait = _until_lifted(action, stopped) if stopped else None
        if wait is None:
            refusal = stopped or self._refusal(session, action)
            if refusal is not None:
                return self._skip(session, action, refusal)
            wait = self._for_the_vendor(session, action)
        if wait is not None:
            longest = timedelta(hours=self._policies.of(session).postpone_hours)
            if repository.age(session, action.id) > longest:
                return self._skip(session, action, {**wait.reason, "waited_hours": longest / _HOUR})
            repository.postpone(session, action.id, wait.seconds, wait.reason)
            return None
        if not repository.begin(session, action.id):
            return None
        if action.action_type == "ESCALATE":
            return repository.get_action(session, action.id)
        return self._end(session, action, EFFECTS[action.action_type](session, action, self._name))

    def _stopped(self, session: Session, action: Action) -> dict[str, Any] | None:
        """The kill switch over the action, as what it is skipped with or put off for; None where none is."""
        if action.action_type in UNGUARDED:
            return None
        workflow, vendor = _scopes(session, action)
        stopped = switches.over(session, session.tenant_id, workflow, vendor)
        if stopped is None and action.action_type == "RETRY":
            # What stops the start of any run stops a retry: also a paused workflow, an inactive tenant.
            stopped = switches.over_runs(session)
        return {"reason": "kill_switch", "kill_switch": stopped} if stopped else None

    def _refusal(self, session: Session, action: Action) -> dict[str, Any] | None:
        """Why the action must not be taken: a dry run, an ignored incident, a cooldown, the cap. None: go on."""
        if action.dry_run:
            return {
                "reason": "dry_run",
                "would": {"action_type": action.action_type, "target": action.target},
            }
        if action.decision_id is None:
            return None
        incident = events.get_incident(session, action.incident_id) if action.incident_id else None
        if incident is not None and incident.state == "IGNORED":
            return {"reason": "incident_ignored"}
        policy = self._policies.of(session)
        cooldown = policy.cooldown_seconds.get(action.action_type, 0.0)
        taken = repository.taken(session, action, cooldown)
        if cooldown and taken.same:
            return {"reason": "cooldown", "cooldown_seconds": cooldown}
        if action.action_type not in UNLIMITED and taken.in_hour >= policy.max_actions_per_hour:
            return {"reason": "rate_cap", "max_actions_per_hour": policy.max_actions_per_hour}
        return None

    def _for_the_vendor(self, session: Session, action: Action) -> Postponement | None:
        """Whether a retry waits for the vendor that its run failed on: until it may be tried, and then one goes first."""
        if action.action_type != "RETRY" or action.incident_id is None:
            return None
        incident = events.get_incident(session, action.incident_id)
        if incident is None or incident.vendor_id is None:
            return None
        wait = vendors.seconds_until_retry(session, incident.vendor_id)
        if wait <= 0:
            return None
        return Postponement(wait, {"reason": "vendor_breaker", "vendor_id": str(incident.vendor_id)})

    def _skip(self, session: Session, action: Action, result: Mapping[str, Any]) -> Action | None:
        return repository.finish(
            session, action.id, "SKIPPED", result, actor=self._name, origins=("PENDING",)
        )

    def _end(self, session: Session, action: Action, outcome: Outcome) -> Action | None:
        ended = repository.finish(session, action.id, outcome.state, outcome.result, actor=self._name)
        if ended is None or ended.incident_id is None:
            return ended
        if ended.state == "SUCCEEDED":
            what = f"{ended.action_type} succeeded"
            events.move_incident(
                session, ended.incident_id, ("ANALYZING",), "ACTIONED", actor=self._name, reason=what
            )
        elif ended.state == "SKIPPED" and ended.action_type == "RETRY":
            incidents.settle(session, ended.incident_id, self._name)
        elif ended.action_type == "ESCALATE" and ended.attempt < MAX_ESCALATIONS and not ended.result_unknown:
            repository.request_action(
                session,
                ActionId(new_id()),
                NewAction("ESCALATE", ended.target, ended.parameters, 30.0 * 2 ** (ended.attempt - 1)),
                incident=ended.incident_id,
                decision=None,
                ordinal=0,
                requested_by=self._name,
                correlation_id=ended.correlation_id,
                attempt=ended.attempt + 1,
            )
        return ended

    def _escalate(self, action: Action) -> Outcome:
        if self._alerts is None:
            return Outcome("FAILED", {"reason": "no_alert_topic", "unknown": True})
        with self._database.autocommit(action.tenant_id) as session:
            incident = events.get_incident(session, action.incident_id) if action.incident_id else None
        title = incident.title if incident else str(action.parameters.get("reason", "escalation"))
        severity = incident.severity if incident else "ERROR"
        lines = [
            f"{severity}: {title}",
            f"tenant {action.tenant_id}, incident {action.incident_id}",
            f"why: {action.parameters.get('reason', '')}",
        ]
        if incident:
            lines.append(
                f"{incident.event_count} failures, first {incident.first_seen}, last {incident.last_seen}"
            )
        try:
            message_id = self._alerts.publish(
                f"[Sextant] {severity}: {title}",
                "\n".join(lines),
                {
                    "tenant-id": action.tenant_id,
                    "incident-id": str(action.incident_id or ""),
                    "severity": severity,
                    "correlation-id": action.correlation_id,
                },
            )
        except AlertError as error:
            logger.warning("escalation failed", exc_info=error)
            if error.unknown:
                return Outcome(
                    "FAILED", {"reason": "outcome_unknown", "unknown": True, "message": str(error)[:500]}
                )
            return Outcome("FAILED", {"reason": "alert_not_taken", "message": str(error)[:500]})
        return Outcome("SUCCEEDED", {"message_id": message_id})


def _until_lifted(action: Action, stopped: Mapping[str, Any]) -> Postponement | None:
    """A retry that the platform decided on goes on when the switch is lifted.

    What else it decided on is out of date by then; and a person who asks under a switch is told so at once.
    """
    if action.action_type != "RETRY" or action.decision_id is None or action.dry_run:
        return None
    return Postponement(KILL_SWITCH_POLL, stopped)


# What each type does, in the caller's transaction -----------------------------------------------------


def _retry(session: Session, action: Action, actor: str) -> Outcome:
    replay = vendors.replay(
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
    if catalogue.VENDORS.get(session, UUID(action.target)) is None:
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
    outcome, switch = switches.set_switch(
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
    found = catalogue.WORKFLOWS.get(session, workflow_id)
    if found is None:
        return Outcome("FAILED", {"reason": "workflow_not_found"})
    if found.state == state:
        return Outcome("SKIPPED", {"reason": f"already_{state.lower()}"})
    try:
        changed = catalogue.WORKFLOWS.update(session, workflow_id, {"state": state}, actor=actor)
    except RecordNotFound:
        return Outcome("FAILED", {"reason": "workflow_not_found"})
    if state == "ACTIVE":
        catalogue.resume_runs(session)
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


def _scopes(session: Session, action: Action) -> tuple[UUID | None, UUID | None]:
    """The workflow and the vendor whose kill switches stop the action."""
    incident = events.get_incident(session, action.incident_id) if action.incident_id else None
    workflow: UUID | None = incident.workflow_id if incident else None
    vendor: UUID | None = incident.vendor_id if incident else None
    if action.action_type in ("WORKFLOW_PAUSE", "WORKFLOW_RESUME"):
        workflow = UUID(action.target)
    elif action.action_type in ("BREAKER_OPEN", "BREAKER_CLOSE"):
        vendor = UUID(action.target)
    elif workflow is None and action.action_type in ("RETRY", "CANCEL_RUN"):
        workflow = catalogue.platform_workflow(session)
    return workflow, vendor
