"""Decisions and actions: record, claim, finish, list, and what the limits on actions count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from sextant.ids import RunId
from sextant.operations.model import (
    Action,
    ActionId,
    ActionState,
    ActionType,
    Decision,
    DecisionId,
    IncidentId,
    Maker,
    NewAction,
    OperationsEventId,
    Verdict,
)
from sextant.operations.repository.listing import columns_of, fetch_page
from sextant.paging import PageRequest
from sextant.storage import Session

_DECIDE = """
INSERT INTO decision (tenant_id, id, incident_id, event_id, trigger_key, decision_type, maker, maker_name, confidence, reasoning,
                      proposal, verdict, verdict_reason, correlation_id)
VALUES (%(tenant_id)s, %(id)s, %(incident)s, %(event)s, %(trigger)s, %(decision_type)s, %(maker)s, %(maker_name)s, %(confidence)s,
        %(reasoning)s, %(proposal)s, %(verdict)s, %(verdict_reason)s, %(correlation_id)s)
ON CONFLICT ON CONSTRAINT decision_once DO NOTHING
"""
# The action and the message that has it performed, stored together or not at all.
_REQUEST = sql.SQL("""
WITH made AS (
    INSERT INTO action (tenant_id, id, incident_id, decision_id, ordinal, action_type, target, parameters, dry_run, reverses_id, attempt,
                        requested_by, correlation_id, due_at)
    VALUES (%(tenant_id)s, %(id)s, %(incident)s, %(decision)s, %(ordinal)s, %(action_type)s, %(target)s, %(parameters)s, %(dry_run)s,
            %(reverses)s, %(attempt)s, %(requested_by)s, %(correlation_id)s, clock_timestamp() + %(delay)s)
    RETURNING *
), told AS (
    SELECT outbox_enqueue(
        made.tenant_id, 'action.requested', 'action:' || made.id || ':0',
        jsonb_build_object('tenant_id', made.tenant_id, 'action_id', made.id),
        jsonb_build_object('correlation-id', made.correlation_id), %(delay)s, false) FROM made
)
SELECT {columns} FROM made, told
""").format(columns=columns_of(Action))
_POSTPONE = """
WITH moved AS (
    UPDATE action SET due_at = clock_timestamp() + %(delay)s, postponed = postponed + 1, waits_for = %(waits_for)s
    WHERE tenant_id = %(tenant_id)s AND id = %(action)s AND state = 'PENDING' RETURNING *
)
SELECT outbox_enqueue(
    moved.tenant_id, 'action.requested', 'action:' || moved.id || ':' || moved.postponed,
    jsonb_build_object('tenant_id', moved.tenant_id, 'action_id', moved.id),
    jsonb_build_object('correlation-id', moved.correlation_id), %(delay)s, false) FROM moved
"""
_GET = sql.SQL("SELECT {columns} FROM action WHERE tenant_id = %s AND id = %s").format(
    columns=columns_of(Action)
)
_LOCK = sql.SQL("{query} FOR UPDATE").format(query=_GET)
_LOCK_DUE = sql.SQL("{query} AND state = 'PENDING' AND due_at <= clock_timestamp() FOR UPDATE").format(
    query=_GET
)
_BEGIN = """
UPDATE action SET state = 'IN_PROGRESS', started_at = clock_timestamp()
WHERE tenant_id = %s AND id = %s AND state = 'PENDING'
"""
_FINISH = sql.SQL("""
UPDATE action SET state = %(state)s, result = %(result)s, completed_at = clock_timestamp(), completed_by = %(actor)s
WHERE tenant_id = %(tenant_id)s AND id = %(action)s AND state = ANY (%(from)s)
RETURNING {columns}
""").format(columns=columns_of(Action))
_DECISION = sql.SQL("SELECT {columns} FROM decision WHERE tenant_id = %s AND id = %s").format(
    columns=columns_of(Decision)
)


@dataclass(frozen=True, slots=True)
class NewDecision:
    """A decision to record, with the actions that it is carried out by."""

    decision_type: str
    maker: Maker
    maker_name: str
    confidence: float
    reasoning: str
    proposal: Mapping[str, Any]
    verdict: Verdict
    verdict_reason: str = ""


@dataclass(frozen=True, slots=True)
class ActionFilter:
    """Which actions to list; every field narrows."""

    states: tuple[ActionState, ...] | None = None
    action_type: ActionType | None = None
    incident_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Taken:
    """What has been done lately, as far as limits ask."""

    same: int
    """Actions of this type on this target within the cooldown. One that failed keeps none from being tried."""
    in_hour: int
    """Actions of this tenant within the last hour."""


def decide(
    session: Session,
    decision_id: DecisionId,
    incident: IncidentId,
    *,
    event: OperationsEventId | None,
    trigger: str,
    correlation_id: str,
    decision: NewDecision,
) -> bool:
    """Record a decision; False where this trigger has been decided by this maker before."""
    return (
        session.execute(
            _DECIDE,
            {
                "tenant_id": session.tenant_id,
                "id": decision_id,
                "incident": incident,
                "event": event,
                "trigger": trigger,
                "decision_type": decision.decision_type,
                "maker": decision.maker,
                "maker_name": decision.maker_name,
                "confidence": decision.confidence,
                "reasoning": decision.reasoning,
                "proposal": Jsonb(dict(decision.proposal)),
                "verdict": decision.verdict,
                "verdict_reason": decision.verdict_reason,
                "correlation_id": correlation_id,
            },
        )
        == 1
    )


def is_decided(session: Session, incident: IncidentId, trigger: str) -> bool:
    return bool(
        session.fetch_one(
            "SELECT EXISTS (SELECT FROM decision WHERE tenant_id = %s AND incident_id = %s AND trigger_key = %s)",
            (session.tenant_id, incident, trigger),
            row=bool,
        )
    )


def get_decision(session: Session, decision: UUID) -> Decision | None:
    return session.fetch_one(_DECISION, (session.tenant_id, decision), row=Decision)


def list_decisions(session: Session, incident: UUID | None, request: PageRequest) -> list[Decision]:
    return fetch_page(
        session,
        Decision,
        "decision",
        conditions="tenant_id = %(tenant_id)s AND (%(incident)s::uuid IS NULL OR incident_id = %(incident)s)",
        params={"tenant_id": session.tenant_id, "incident": incident},
        request=request,
    )


def request_action(
    session: Session,
    action_id: ActionId,
    action: NewAction,
    *,
    incident: IncidentId | None,
    decision: DecisionId | None,
    ordinal: int,
    requested_by: str,
    correlation_id: str,
    reverses: ActionId | None = None,
    attempt: int = 1,
) -> Action:
    """Store a PENDING action with the message that has it performed, no sooner than after its delay."""
    found = session.fetch_one(
        _REQUEST,
        {
            "tenant_id": session.tenant_id,
            "id": action_id,
            "incident": incident,
            "decision": decision,
            "ordinal": ordinal,
            "action_type": action.action_type,
            "target": action.target,
            "parameters": Jsonb(dict(action.parameters)),
            "dry_run": action.dry_run,
            "reverses": reverses,
            "attempt": attempt,
            "requested_by": requested_by,
            "correlation_id": correlation_id,
            "delay": timedelta(seconds=action.delay_seconds),
        },
        row=Action,
    )
    assert found is not None
    return found


def get_action(session: Session, action: UUID) -> Action | None:
    return session.fetch_one(_GET, (session.tenant_id, action), row=Action)


def lock_action(session: Session, action: UUID) -> Action | None:
    return session.fetch_one(_LOCK, (session.tenant_id, action), row=Action)


def lock_due_action(session: Session, action: UUID) -> Action | None:
    """An action that is PENDING and whose time has come; None else. A message that comes early changes nothing."""
    return session.fetch_one(_LOCK_DUE, (session.tenant_id, action), row=Action)


def list_actions(session: Session, where: ActionFilter, request: PageRequest) -> list[Action]:
    return fetch_page(
        session,
        Action,
        "action",
        conditions="""tenant_id = %(tenant_id)s
        AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s::text[]))
        AND (%(action_type)s::text IS NULL OR action_type = %(action_type)s)
        AND (%(incident)s::uuid IS NULL OR incident_id = %(incident)s)""",
        params={
            "tenant_id": session.tenant_id,
            "states": list(where.states) if where.states else None,
            "action_type": where.action_type,
            "incident": where.incident_id,
        },
        request=request,
    )


def begin(session: Session, action: ActionId) -> bool:
    """Take a PENDING action to perform it; False for everyone but the first."""
    return session.execute(_BEGIN, (session.tenant_id, action)) == 1


def finish(
    session: Session,
    action: ActionId,
    state: ActionState,
    result: Mapping[str, Any],
    *,
    actor: str,
    origins: tuple[ActionState, ...] = ("IN_PROGRESS",),
) -> Action | None:
    """End an action; None where it stands in none of `origins`."""
    return session.fetch_one(
        _FINISH,
        {
            "tenant_id": session.tenant_id,
            "action": action,
            "state": state,
            "result": Jsonb(dict(result)),
            "actor": actor,
            "from": list(origins),
        },
        row=Action,
    )


def postpone(session: Session, action: ActionId, delay: float, waits_for: Mapping[str, Any]) -> None:
    """Put a PENDING action off, with a new message and the reason."""
    session.execute(
        _POSTPONE,
        {
            "tenant_id": session.tenant_id,
            "action": action,
            "delay": timedelta(seconds=delay),
            "waits_for": Jsonb(dict(waits_for)),
        },
    )


def age(session: Session, action: ActionId) -> timedelta:
    """How long ago an action was asked for."""
    found = session.fetch_one(
        "SELECT extract(epoch FROM clock_timestamp() - created_at)::double precision FROM action WHERE tenant_id = %s AND id = %s",
        (session.tenant_id, action),
        row=float,
    )
    assert found is not None
    return timedelta(seconds=found)


def taken(session: Session, action: Action, cooldown: float) -> Taken:
    """What counts against limits; the caller holds the tenant's lock (`lock_limits`)."""
    found = session.fetch_one(
        """
        SELECT (SELECT count(*) FROM action WHERE tenant_id = %(tenant_id)s AND action_type = %(action_type)s AND target = %(target)s
                AND id <> %(id)s AND state IN ('IN_PROGRESS', 'SUCCEEDED')
                AND started_at > clock_timestamp() - %(cooldown)s) AS same,
               (SELECT count(*) FROM action WHERE tenant_id = %(tenant_id)s AND state IN ('IN_PROGRESS', 'SUCCEEDED', 'FAILED')
                AND started_at > clock_timestamp() - interval '1 hour') AS in_hour
        """,
        {
            "tenant_id": session.tenant_id,
            "action_type": action.action_type,
            "target": action.target,
            "id": action.id,
            "cooldown": timedelta(seconds=cooldown),
        },
        row=Taken,
    )
    assert found is not None
    return found


def lock_limits(session: Session) -> None:
    """Until the transaction ends, nobody else counts or begins actions of this tenant."""
    session.execute(
        "SELECT pg_advisory_xact_lock(hashtextextended('actions of ' || %s, 5))", (session.tenant_id,)
    )


def was_escalated(session: Session, incident: IncidentId, since: datetime) -> bool:
    """Whether an escalation of the incident has been asked for since `since`."""
    return bool(
        session.fetch_one(
            """SELECT EXISTS (SELECT FROM action WHERE tenant_id = %s AND incident_id = %s AND action_type = 'ESCALATE'
                              AND created_at >= %s)""",
            (session.tenant_id, incident, since),
            row=bool,
        )
    )


def retries_of(session: Session, run: RunId) -> int:
    """How many times the chain that `run` belongs to has been run again."""
    return (
        session.fetch_one(
            "SELECT generation FROM run_replay WHERE tenant_id = %s AND run_id = %s",
            (session.tenant_id, run),
            row=int,
        )
        or 0
    )


def incidents_of_equals(session: Session, run: RunId) -> list[IncidentId]:
    """The incidents of failed runs that `run` is equal to, whoever asked for it: a retry of ours or a person.

    Resolved ones too: when several runs succeed at once, word of the first resolves what the others belong to.
    """
    found = session.fetch_all(
        """
        SELECT DISTINCT i.id FROM scenario_run mine
        JOIN scenario_run failed ON failed.tenant_id = mine.tenant_id AND failed.scenario_id = mine.scenario_id
             AND failed.version_hash = mine.version_hash AND failed.state IN ('FAILED', 'TIMEOUT')
        CROSS JOIN LATERAL (
            SELECT e.tenant_id, e.incident_id FROM event e
            WHERE e.tenant_id = failed.tenant_id AND e.idempotency_key = 'run:' || failed.id || ':ended' AND e.source = 'PLATFORM'
            LIMIT 1
        ) AS e
        JOIN incident i ON i.tenant_id = e.tenant_id AND i.id = e.incident_id AND i.state <> 'IGNORED'
        WHERE mine.tenant_id = %s AND mine.id = %s ORDER BY i.id
        """,
        (session.tenant_id, run),
        row=UUID,
    )
    return [IncidentId(each) for each in found]


def is_repaired(session: Session, incident: IncidentId) -> bool:
    """Whether nothing of the incident is left open: no action waits, and of each failed run an equal one succeeded.

    False for an incident without runs: whether that is repaired only people know. The caller holds the incident's
    lock, so that no failure is counted meanwhile.
    """
    return bool(
        session.fetch_one(
            """
            SELECT EXISTS (SELECT FROM event WHERE tenant_id = %(tenant_id)s AND incident_id = %(incident)s AND run_id IS NOT NULL)
               AND NOT EXISTS (SELECT FROM action WHERE tenant_id = %(tenant_id)s AND incident_id = %(incident)s
                               AND state IN ('PENDING', 'IN_PROGRESS'))
               AND NOT EXISTS (
                   SELECT FROM incident i JOIN event e ON e.tenant_id = i.tenant_id AND e.incident_id = i.id
                   JOIN scenario_run r ON r.tenant_id = e.tenant_id AND r.id = e.run_id
                   WHERE i.tenant_id = %(tenant_id)s AND i.id = %(incident)s AND r.state IN ('FAILED', 'TIMEOUT')
                     AND e.received_at >= coalesce(i.reopened_at, i.opened_at) - interval '1 second'
                     AND NOT EXISTS (SELECT FROM scenario_run s WHERE s.tenant_id = r.tenant_id AND s.scenario_id = r.scenario_id
                                     AND s.version_hash = r.version_hash AND s.state = 'SUCCEEDED'))
            """,
            {"tenant_id": session.tenant_id, "incident": incident},
            row=bool,
        )
    )
