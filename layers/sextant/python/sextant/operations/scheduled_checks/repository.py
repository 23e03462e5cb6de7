"""What the schedule looks for, over all tenants: what a lost message or a dead process left behind."""

from __future__ import annotations

from datetime import timedelta

from sextant.operations.scheduled_checks.model import DeadEvent, DeadLetter, Unfinished, UnreadableSetting
from sextant.storage import Session


def overdue_actions(session: Session, late: timedelta, limit: int) -> list[Unfinished]:
    """Actions whose message must have been lost, the tenants taking turns; a platform statement."""
    return session.fetch_all(
        """SELECT tenant_id, id FROM (
               SELECT tenant_id, id, due_at, row_number() OVER (PARTITION BY tenant_id ORDER BY due_at) AS turn FROM action
               WHERE state = 'PENDING' AND action_type <> 'MANUAL' AND due_at < clock_timestamp() - %s
           ) AS waiting ORDER BY turn, due_at LIMIT %s""",
        (late, limit),
        row=Unfinished,
    )


def abandoned_actions(session: Session, silence: timedelta, limit: int) -> list[Unfinished]:
    """Actions whose performer died between doing and recording; a platform statement."""
    return session.fetch_all(
        """SELECT tenant_id, id FROM action WHERE state = 'IN_PROGRESS' AND action_type <> 'MANUAL'
             AND started_at < clock_timestamp() - %s ORDER BY due_at LIMIT %s""",
        (silence, limit),
        row=Unfinished,
    )


def unanalysed_incidents(session: Session, late: timedelta, limit: int) -> list[Unfinished]:
    """Incidents that nobody has looked at, the tenants taking turns; a platform statement."""
    return session.fetch_all(
        """SELECT tenant_id, id FROM (
               SELECT tenant_id, id, opened_at, row_number() OVER (PARTITION BY tenant_id ORDER BY opened_at) AS turn FROM incident
               WHERE state = 'NEW' AND opened_at < clock_timestamp() - %s
           ) AS waiting ORDER BY turn, opened_at LIMIT %s""",
        (late, limit),
        row=Unfinished,
    )


def stands_behind(session: Session, letter: DeadLetter) -> bool:
    """Whether the letter is the session's tenant's: an event of its outbox, or a journaled request for a scenario of its."""
    return bool(
        session.fetch_one(
            """SELECT EXISTS (SELECT FROM outbox_event o WHERE o.tenant_id = %(tenant_id)s AND o.id = %(event)s)
                   OR EXISTS (SELECT FROM scenario s WHERE s.tenant_id = %(tenant_id)s AND s.id = %(scenario)s)""",
            {"tenant_id": session.tenant_id, "event": letter.event_id, "scenario": letter.scenario_id},
            row=bool,
        )
    )


def dead_events(session: Session, limit: int) -> list[DeadEvent]:
    """Dead outbox events that have not been ingested; a platform statement."""
    return session.fetch_all(
        """
        SELECT d.tenant_id, d.event_id, o.topic, d.failed_at, d.attempts, d.last_error,
               coalesce(o.headers ->> 'correlation-id', '') AS correlation_id, k.key
        FROM outbox_dead d JOIN outbox_event o ON o.tenant_id = d.tenant_id AND o.id = d.event_id
        CROSS JOIN LATERAL (SELECT 'outbox:' || d.event_id || ':' || extract(epoch FROM d.failed_at) AS key) AS k
        WHERE NOT EXISTS (
            SELECT FROM event e
            WHERE e.tenant_id = CASE WHEN d.tenant_id = '-' THEN 'platform' ELSE d.tenant_id END AND e.idempotency_key = k.key AND e.source = 'PLATFORM')
        ORDER BY d.failed_at LIMIT %(limit)s
        """,
        {"limit": limit},
        row=DeadEvent,
    )


def unreadable_settings(session: Session, limit: int) -> list[UnreadableSetting]:
    """Settings whose value cannot be read and that have not been ingested; a platform statement."""
    return session.fetch_all(
        """
        SELECT s.tenant_id, s.kind, s.name, left(s.value::text, 500) AS value, s.updated_at, s.updated_by, k.key
        FROM setting s
        CROSS JOIN LATERAL (SELECT 'setting:' || s.kind || ':' || s.name || ':' || md5(s.value::text) AS key) AS k
        WHERE NOT setting_is_readable(s.kind, s.name, s.value) AND NOT EXISTS (
            SELECT FROM event e
            WHERE e.tenant_id = CASE WHEN s.tenant_id = '*' THEN 'platform' ELSE s.tenant_id END AND e.idempotency_key = k.key AND e.source = 'PLATFORM')
        ORDER BY s.updated_at LIMIT %(limit)s
        """,
        {"limit": limit},
        row=UnreadableSetting,
    )
