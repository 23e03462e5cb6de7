"""Actions: request, claim, finish, list, and what the limits on actions count."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from sextant.ids import ActionId, DecisionId, IncidentId, RunId
from sextant.operations.actions.model import Action, ActionFilter, ActionState, NewAction
from sextant.paging import PageRequest
from sextant.runs.model import Run
from sextant.storage import Session
from sextant.storage.keyset import columns_of, fetch_page, params_of

# The action and the message that has it performed, stored together or not at all.
_REQUEST = sql.SQL("""
WITH made AS (
    INSERT INTO action (tenant_id, id, incident_id, decision_id, ordinal, action_type, target, parameters, dry_run, reverses_id, attempt,
                        requested_by, correlation_id, due_at)
    VALUES (%(tenant_id)s, %(id)s, %(incident)s, %(decision)s, %(ordinal)s, %(action_type)s, %(target)s, %(parameters)s, %(dry_run)s,
            %(reverses)s, %(attempt)s, %(requested_by)s, %(correlation_id)s, clock_timestamp() + %(delay)s)
    RETURNING *
), message AS (
    SELECT outbox_enqueue(
        made.tenant_id, 'action.requested', 'action:' || made.id || ':0',
        jsonb_build_object('tenant_id', made.tenant_id, 'action_id', made.id),
        jsonb_build_object('correlation-id', made.correlation_id), %(delay)s, false) FROM made
)
SELECT {columns} FROM made, message
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
_REPLAY = sql.SQL("SELECT outcome, {columns} FROM replay_run(%s, %s, %s, %s, %s, %s)").format(
    columns=columns_of(Run, within="run")
)


@dataclass(frozen=True, slots=True)
class Taken:
    """What has been done lately, as far as limits ask."""

    same: int
    """Actions of this type on this target within the cooldown. One that failed keeps none from being tried."""
    in_hour: int
    """Actions of this tenant within the last hour."""


@dataclass(frozen=True, slots=True)
class AlertRoom:
    """How many alerts of a tenant went out within a window, when the first of them leaves it, and what gathers more."""

    alerts: int
    seconds: float
    gatherer: UUID | None


def store(
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
    stored = session.fetch_one(
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
    assert stored is not None
    return stored


def find(session: Session, action: UUID) -> Action | None:
    return session.fetch_one(_GET, (session.tenant_id, action), row=Action)


def lock(session: Session, action: UUID) -> Action | None:
    return session.fetch_one(_LOCK, (session.tenant_id, action), row=Action)


def lock_due(session: Session, action: UUID) -> Action | None:
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
        AND (%(incident_id)s::uuid IS NULL OR incident_id = %(incident_id)s)""",
        params=params_of(session, where),
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
    seconds = session.fetch_one(
        "SELECT extract(epoch FROM clock_timestamp() - created_at)::double precision FROM action WHERE tenant_id = %s AND id = %s",
        (session.tenant_id, action),
        row=float,
    )
    assert seconds is not None
    return timedelta(seconds=seconds)


def taken(session: Session, action: Action, cooldown: float) -> Taken:
    """What counts against limits; the caller holds the tenant's lock (`lock_limits`)."""
    counts = session.fetch_one(
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
    assert counts is not None
    return counts


def alert_room(session: Session, action: ActionId, window: timedelta) -> AlertRoom:
    """What was told of the tenant lately; the caller holds the tenant's lock (`lock_limits`)."""
    room = session.fetch_one(
        """
        SELECT count(*) AS alerts, coalesce(extract(epoch FROM min(started_at) + %(window)s - clock_timestamp()), 0)::float8 AS seconds,
               (SELECT id FROM action WHERE tenant_id = %(tenant_id)s AND action_type = 'ESCALATE' AND state = 'PENDING' AND id <> %(id)s
                AND waits_for ->> 'reason' = 'alert_limit' ORDER BY id LIMIT 1) AS gatherer
        FROM action WHERE tenant_id = %(tenant_id)s AND action_type = 'ESCALATE' AND state IN ('IN_PROGRESS', 'SUCCEEDED', 'FAILED')
          AND started_at > clock_timestamp() - %(window)s
        """,
        {"tenant_id": session.tenant_id, "id": action, "window": window},
        row=AlertRoom,
    )
    assert room is not None
    return room


def gathered(session: Session, gatherer: str, limit: int) -> list[str]:
    """The titles of the incidents whose escalations `gatherer` tells of, of up to `limit` escalations."""
    return session.fetch_all(
        """
        SELECT coalesce(i.title, a.target) FROM action a
        LEFT JOIN incident i ON i.tenant_id = a.tenant_id AND i.id = a.incident_id
        WHERE a.tenant_id = %s AND a.action_type = 'ESCALATE' AND a.state = 'SKIPPED' AND a.result ->> 'gathered_by' = %s
        ORDER BY a.id LIMIT %s
        """,
        (session.tenant_id, gatherer, limit),
        row=str,
    )


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


def run_state(session: Session, run: RunId) -> str | None:
    """Where a run stands; PART for one that is part of another, which alone is run again."""
    return session.fetch_one(
        """SELECT CASE WHEN to_jsonb(r) ->> 'parent_run_id' IS NULL THEN r.state ELSE 'PART' END
           FROM scenario_run r WHERE r.tenant_id = %s AND r.id = %s""",
        (session.tenant_id, run),
        row=str,
    )


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of the wish to run a run again."""

    outcome: str
    run: Run | None
    refusal: dict[str, object] | None


def replay(
    session: Session, run: RunId, new: RunId, *, actor: str, correlation_id: str, action: ActionId | None
) -> Replay:
    """Run a run again that ended without success."""
    row = session.fetch_one(_REPLAY, (session.tenant_id, run, new, actor, correlation_id, action), row=dict)
    assert row is not None
    outcome = str(row.pop("outcome"))
    if outcome in ("CREATED", "EXISTING", "NOT_ENDED"):
        return Replay(outcome, Run(**row), None)
    return Replay(outcome, None, row["error"])
