"""Incidents: look up, list, move, and whether nothing of one is left open."""

from __future__ import annotations

from functools import cache
from typing import LiteralString
from uuid import UUID

from psycopg import sql

from sextant.ids import IncidentId, RunId
from sextant.operations.incidents.model import Incident, IncidentFilter, IncidentState, TimelineEntry
from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.keyset import columns_of, fetch_page, params_of

_INCIDENT = sql.SQL("SELECT {columns} FROM incident WHERE tenant_id = %s AND id = %s").format(
    columns=columns_of(Incident)
)
_LOCK = sql.SQL("{query} FOR UPDATE").format(query=_INCIDENT)
_MOVE = sql.SQL("""
UPDATE incident SET
    state = %(to)s, state_reason = %(reason)s, updated_by = %(actor)s, updated_at = clock_timestamp(),
    resolved_at = CASE WHEN %(to)s = 'RESOLVED' THEN clock_timestamp() END,
    reopened_at = CASE WHEN %(to)s = 'NEW' THEN clock_timestamp() ELSE reopened_at END,
    cycle = cycle + (%(to)s = 'NEW')::integer,
    cycle_events = CASE WHEN %(to)s = 'NEW' THEN 0 ELSE cycle_events END,
    escalated_at = CASE WHEN %(to)s = 'NEW' THEN NULL ELSE escalated_at END
WHERE tenant_id = %(tenant_id)s AND id = %(incident)s AND state = ANY (%(from)s)
RETURNING {columns}
""").format(columns=columns_of(Incident))
# Every kind of thing that belongs to the incident. From each no more is read than may stand on the page, in the order of an
# index, so that a page of a large incident costs what one of a small one does.
_TIMELINE_OF: tuple[LiteralString, ...] = (
    """SELECT tenant_id, id, 'EVENT' AS kind, received_at AS at, event_type AS summary,
           jsonb_build_object('severity', severity, 'payload', payload, 'occurred_at', occurred_at, 'run_id', run_id, 'vendor_id', vendor_id,
                              'source', source, 'correlation_id', correlation_id) AS detail
       FROM event WHERE tenant_id = %(tenant_id)s AND incident_id = %(incident)s""",
    """SELECT tenant_id, id, 'TRANSITION' AS kind, occurred_at AS at, coalesce(from_state || ' → ', '') || to_state AS summary,
           jsonb_build_object('from', from_state, 'to', to_state, 'actor', actor, 'reason', reason) AS detail
       FROM incident_transition WHERE tenant_id = %(tenant_id)s AND incident_id = %(incident)s""",
    """SELECT tenant_id, id, 'DECISION' AS kind, decided_at AS at, decision_type AS summary,
           jsonb_build_object('maker', maker, 'maker_name', maker_name, 'confidence', confidence, 'reasoning', reasoning,
                              'verdict', verdict, 'verdict_reason', verdict_reason, 'event_id', event_id) AS detail
       FROM decision WHERE tenant_id = %(tenant_id)s AND incident_id = %(incident)s""",
    """SELECT tenant_id, id, 'ACTION' AS kind, created_at AS at, action_type AS summary,
           jsonb_build_object('state', state, 'target', target, 'result', result, 'decision_id', decision_id, 'due_at', due_at,
                              'started_at', started_at, 'completed_at', completed_at, 'requested_by', requested_by,
                              'reverses_id', reverses_id, 'dry_run', dry_run, 'postponed', postponed, 'waits_for', waits_for) AS detail
       FROM action WHERE tenant_id = %(tenant_id)s AND incident_id = %(incident)s""",
)
_PART_OF_PAGE = """(
    SELECT * FROM ({part}) AS part
    WHERE %(key)s::uuid IS NULL OR (at, id) {beyond} (%(at)s::timestamptz, %(key)s::uuid)
    ORDER BY at {order}, id {order} LIMIT %(fetch)s
)"""


def incidents_of_equals(session: Session, run: RunId) -> list[IncidentId]:
    """The incidents of failed runs that `run` is equal to, whoever asked for it: a retry of ours or a person.

    Resolved ones too: when several runs succeed at once, word of the first resolves what the others belong to.
    """
    ids = session.fetch_all(
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
        WHERE mine.tenant_id = %s AND mine.id = %s AND mine.state = 'SUCCEEDED' ORDER BY i.id
        """,
        (session.tenant_id, run),
        row=UUID,
    )
    return [IncidentId(each) for each in ids]


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


@cache
def timeline_page(*, ascending: bool) -> sql.Composed:
    """The statement of a timeline's page: of `incident`, beyond the moment `at` and the id `key`, at most `fetch` rows."""
    order = {"beyond": sql.SQL(">" if ascending else "<"), "order": sql.SQL("ASC" if ascending else "DESC")}
    parts = [sql.SQL(_PART_OF_PAGE).format(part=sql.SQL(part), **order) for part in _TIMELINE_OF]
    return sql.SQL(
        "SELECT id, kind, at, summary, detail FROM ({parts}) AS entry ORDER BY at {order}, id {order}"
        " LIMIT %(fetch)s"
    ).format(parts=sql.SQL(" UNION ALL ").join(parts), order=order["order"])


def find(session: Session, incident: UUID) -> Incident | None:
    return session.fetch_one(_INCIDENT, (session.tenant_id, incident), row=Incident)


def lock(session: Session, incident: UUID) -> Incident | None:
    return session.fetch_one(_LOCK, (session.tenant_id, incident), row=Incident)


def list_incidents(session: Session, where: IncidentFilter, request: PageRequest) -> list[Incident]:
    return fetch_page(
        session,
        Incident,
        "incident",
        conditions="""tenant_id = %(tenant_id)s
        AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s::text[]))
        AND (%(severity)s::text IS NULL OR severity = %(severity)s)
        AND (%(workflow_id)s::uuid IS NULL OR workflow_id = %(workflow_id)s)
        AND (%(vendor_id)s::uuid IS NULL OR vendor_id = %(vendor_id)s)""",
        params=params_of(session, where),
        request=request,
    )


def transition(
    session: Session,
    incident: UUID,
    origins: tuple[IncidentState, ...],
    to: IncidentState,
    *,
    actor: str,
    reason: str,
) -> Incident | None:
    """Move an incident from one of `origins`; None where it stands elsewhere."""
    return session.fetch_one(
        _MOVE,
        {
            "tenant_id": session.tenant_id,
            "incident": incident,
            "from": list(origins),
            "to": to,
            "actor": actor,
            "reason": reason[:1000],
        },
        row=Incident,
    )


def request_analysis(session: Session, incident: Incident) -> None:
    """Have an incident that is NEW again looked at."""
    session.execute(
        """SELECT outbox_enqueue(
            %(tenant_id)s, 'incident.changed', format('incident:%%s:cycle:%%s', %(incident)s::uuid, %(cycle)s::integer),
            jsonb_build_object('tenant_id', %(tenant_id)s::text, 'incident_id', %(incident)s::uuid, 'change', 'REOPENED'),
            jsonb_build_object('correlation-id', %(correlation_id)s::text), p_refusable => false)""",
        {
            "tenant_id": session.tenant_id,
            "incident": incident.id,
            "cycle": incident.cycle,
            "correlation_id": incident.correlation_id,
        },
    )


def timeline(session: Session, incident: UUID, request: PageRequest) -> list[TimelineEntry]:
    """What happened to an incident, oldest first: events, transitions, decisions, actions. A page's key is moment and id."""
    at, key = request.key if isinstance(request.key, tuple) else (None, None)
    return session.fetch_all(
        timeline_page(ascending=not request.backwards),
        {
            "tenant_id": session.tenant_id,
            "incident": incident,
            "at": at,
            "key": key,
            "fetch": request.fetch,
        },
        row=TimelineEntry,
    )
