"""Performs actions: each at most once, however often its message is delivered.

What acts in the database (a retry, a breaker, a switch, a workflow) is done in the transaction that moves the action from
PENDING to SUCCEEDED: both happen or neither. What acts outside (an escalation) is claimed in one transaction, done,
and recorded in another; a process that dies in between leaves the action IN_PROGRESS, which a scheduled check ends as
FAILED, outcome unknown, and never repeats by itself.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID

from sextant.ids import ActionId, TenantId, new_id
from sextant.kill_switches import admission
from sextant.operations.actions import repository
from sextant.operations.actions.effects import KINDS, Outcome, StoppedError
from sextant.operations.actions.model import Action, ActionState, NewAction
from sextant.operations.incidents import service as incidents
from sextant.operations.policy import OperationsSettings
from sextant.operations.tenant_policies import Policies
from sextant.storage import Database, Session
from sextant.vendors import service as vendors
from sextant.workflows import service as workflows

KILL_SWITCH_POLL = 300.0
"""Seconds after which a retry that a kill switch stopped looks again, should the lifting not have woken it."""
MAX_ESCALATIONS = 3

ALERT_WINDOW = timedelta(minutes=10)
"""In which people are told of one tenant so often; what comes beyond that is told of together, once there is room."""
MOST_NAMED = 20
ALERT_LIMIT = "alert_limit"

_HOUR = timedelta(hours=1)
_MOST_COUNTED = 10_000

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
class Postponement:
    """How long an action is put off, and why."""

    seconds: float
    reason: Mapping[str, Any]


class Performer:
    """Performs actions, as `name` in what it leaves behind."""

    def __init__(
        self,
        database: Database,
        policies: Policies,
        alerts: Alerts | None,
        name: str,
        most_alerts: int = OperationsSettings.alerts_per_tenant,
    ) -> None:
        self._database = database
        self._policies = policies
        self._alerts = alerts
        self._name = name
        self._most_alerts = most_alerts

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
        action = repository.lock_due(session, action_id)
        if action is None or action.action_type == "MANUAL":
            return None
        stopped = self._stopped(session, action)
        wait = _until_lifted(action, stopped) if stopped else None
        if wait is None:
            # One that others were gathered in is told, whatever has become of its own incident.
            refusal = stopped or (None if _gathers(action) else self._refusal(session, action))
            if refusal is not None:
                return self._skip(session, action, refusal)
            if action.action_type == "ESCALATE":
                room = repository.alert_room(session, action.id, ALERT_WINDOW)
                if room.alerts >= self._most_alerts and room.gatherer is not None and not _gathers(action):
                    return self._skip(
                        session, action, {"reason": ALERT_LIMIT, "gathered_by": str(room.gatherer)}
                    )
                wait = self._until_room(room)
            else:
                wait = self._for_the_vendor(session, action)
        if wait is not None:
            longest = timedelta(hours=self._policies.of(session).postpone_hours)
            if repository.age(session, action.id) > longest:
                return self._skip(session, action, {**wait.reason, "waited_hours": longest / _HOUR})
            repository.postpone(session, action.id, wait.seconds, wait.reason)
            return None
        if not repository.begin(session, action.id):
            return None
        effect = KINDS[action.action_type].effect
        if effect is None:
            return repository.find(session, action.id)
        return self._end(session, action, effect(session, action, self._name))

    def _stopped(self, session: Session, action: Action) -> dict[str, Any] | None:
        """The kill switch over the action, as what it is skipped with or put off for; None where none is."""
        if not KINDS[action.action_type].stopped_by_switches:
            return None
        workflow, vendor = _scopes(session, action)
        stopped = admission.over(session, session.tenant_id, workflow, vendor)
        if stopped is None and action.action_type == "RETRY":
            # What stops the start of any run stops a retry: also a paused workflow, an inactive tenant.
            stopped = admission.over_runs(session)
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
        incident = incidents.find(session, action.incident_id) if action.incident_id else None
        if incident is not None and incident.state == "IGNORED":
            return {"reason": "incident_ignored"}
        policy = self._policies.of(session)
        cooldown = policy.cooldown_seconds.get(action.action_type, 0.0)
        taken = repository.taken(session, action, cooldown)
        if cooldown and taken.same:
            return {"reason": "cooldown", "cooldown_seconds": cooldown}
        if KINDS[action.action_type].limited and taken.in_hour >= policy.max_actions_per_hour:
            return {"reason": "rate_cap", "max_actions_per_hour": policy.max_actions_per_hour}
        return None

    def _for_the_vendor(self, session: Session, action: Action) -> Postponement | None:
        """Whether a retry waits for the vendor that its run failed on: until it may be tried, and then one goes first."""
        if action.action_type != "RETRY" or action.incident_id is None:
            return None
        incident = incidents.find(session, action.incident_id)
        if incident is None or incident.vendor_id is None:
            return None
        wait = vendors.seconds_until_retry(session, incident.vendor_id)
        if wait <= 0:
            return None
        return Postponement(wait, {"reason": "vendor_breaker", "vendor_id": str(incident.vendor_id)})

    def _until_room(self, room: repository.AlertRoom) -> Postponement | None:
        """How long an escalation waits because people were told of its tenant so often: the tenant's policy has no say in it."""
        if room.alerts < self._most_alerts:
            return None
        reason = {"reason": ALERT_LIMIT, "alerts": room.alerts, "minutes": ALERT_WINDOW.total_seconds() / 60}
        return Postponement(max(room.seconds, 1.0), reason)

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
            incidents.transition(
                session, ended.incident_id, ("ANALYZING",), "ACTIONED", actor=self._name, reason=what
            )
        elif ended.state == "SKIPPED" and ended.action_type == "RETRY":
            incidents.settle(session, ended.incident_id, self._name)
        elif ended.action_type == "ESCALATE" and ended.attempt < MAX_ESCALATIONS and not ended.result_unknown:
            repository.store(
                session,
                ActionId(new_id()),
                NewAction("ESCALATE", ended.target, _told_again(ended), 30.0 * 2 ** (ended.attempt - 1)),
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
            incident = incidents.find(session, action.incident_id) if action.incident_id else None
            others = (
                repository.gathered(session, str(action.parameters.get("gathers", action.id)), _MOST_COUNTED)
                if _gathers(action)
                else []
            )
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
        if others:
            lines.append(
                f"and {len(others)} more escalations of this tenant, gathered because there were so many:"
            )
            named = list(dict.fromkeys(others))
            lines += [f"- {name}" for name in named[:MOST_NAMED]]
            if len(named) > MOST_NAMED:
                lines.append(f"- and {len(named) - MOST_NAMED} more: GET /v1/incidents")
        many = f" (+{len(others)})" if others else ""
        try:
            message_id = self._alerts.publish(
                f"[Sextant] {severity}{many}: {title}",
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

    Its other decisions are out of date by then. A person who asks while a switch is active gets that answer at once.
    """
    if action.action_type != "RETRY" or action.decision_id is None or action.dry_run:
        return None
    return Postponement(KILL_SWITCH_POLL, stopped)


def _gathers(action: Action) -> bool:
    """Whether an escalation waited for room, and tells of those that came meanwhile too."""
    return (action.waits_for or {}).get("reason") == ALERT_LIMIT or "gathers" in action.parameters


def _told_again(action: Action) -> dict[str, Any]:
    """The parameters of the escalation that repeats one which nobody took."""
    if not _gathers(action):
        return action.parameters
    return {**action.parameters, "gathers": action.parameters.get("gathers", str(action.id))}


def _scopes(session: Session, action: Action) -> tuple[UUID | None, UUID | None]:
    """The workflow and the vendor whose kill switches stop the action."""
    incident = incidents.find(session, action.incident_id) if action.incident_id else None
    workflow: UUID | None = incident.workflow_id if incident else None
    vendor: UUID | None = incident.vendor_id if incident else None
    about = KINDS[action.action_type].about
    if about == "WORKFLOW":
        workflow = UUID(action.target)
    elif about == "VENDOR":
        vendor = UUID(action.target)
    elif workflow is None and about == "RUN":
        workflow = workflows.built_in(session)
    return workflow, vendor
