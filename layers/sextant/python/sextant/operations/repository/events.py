"""Events and incidents: ingest, look up, list, move."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import LiteralString
from uuid import UUID

from psycopg import sql

from sextant.ids import RunId, TenantId
from sextant.operations.model import (
    Event,
    Incident,
    IncidentId,
    IncidentState,
    Ingested,
    NewEvent,
    OperationsEventId,
    Severity,
    TimelineEntry,
)
from sextant.operations.policy import OperationsPolicy
from sextant.operations.repository.listing import columns_of, fetch_page
from sextant.operations.signature import ALGORITHM
from sextant.paging import PageRequest
from sextant.storage import Session

_INGEST = """
SELECT ingest_event(
    %(tenant_id)s, %(id)s, %(workflow)s, %(vendor)s, %(run)s, %(incident)s, %(event_type)s, %(severity)s, %(source)s, %(payload)s,
    %(idempotency_key)s, %(request_hash)s, %(correlation_id)s, %(traceparent)s, %(occurred_at)s,
    %(signature)s, %(algorithm)s, %(title)s, %(grouping)s, %(reopening)s, %(escalate_at)s, %(review_at)s)
"""
_EVENT = sql.SQL("SELECT {columns} FROM event WHERE tenant_id = %s AND id = %s").format(
    columns=columns_of(Event)
)
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
    """SELECT tenant_id, id, 'TRANSITION', occurred_at, coalesce(from_state || ' → ', '') || to_state,
           jsonb_build_object('from', from_state, 'to', to_state, 'actor', actor, 'reason', reason)
       FROM incident_transition WHERE tenant_id = %(tenant_id)s AND incident_id = %(incident)s""",
    """SELECT tenant_id, id, 'DECISION', decided_at, decision_type,
           jsonb_build_object('maker', maker, 'maker_name', maker_name, 'confidence', confidence, 'reasoning', reasoning,
                              'verdict', verdict, 'verdict_reason', verdict_reason, 'event_id', event_id)
       FROM decision WHERE tenant_id = %(tenant_id)s AND incident_id = %(incident)s""",
    """SELECT tenant_id, id, 'ACTION', created_at, action_type,
           jsonb_build_object('state', state, 'target', target, 'result', result, 'decision_id', decision_id, 'due_at', due_at,
                              'started_at', started_at, 'completed_at', completed_at, 'requested_by', requested_by,
                              'reverses_id', reverses_id, 'dry_run', dry_run, 'postponed', postponed, 'waits_for', waits_for)
       FROM action WHERE tenant_id = %(tenant_id)s AND incident_id = %(incident)s""",
)
_PART_OF_PAGE = """(
    {part} AND (%(key)s::uuid IS NULL OR id {beyond} %(key)s::uuid)
    ORDER BY id {order} LIMIT %(fetch)s
)"""


@cache
def timeline_page(*, ascending: bool) -> sql.Composed:
    """The statement of a timeline's page: of `incident`, beyond `key`, at most `fetch` rows."""
    order = {"beyond": sql.SQL(">" if ascending else "<"), "order": sql.SQL("ASC" if ascending else "DESC")}
    parts = [sql.SQL(_PART_OF_PAGE).format(part=sql.SQL(part), **order) for part in _TIMELINE_OF]
    return sql.SQL(
        "SELECT id, kind, at, summary, detail FROM ({parts}) AS entry ORDER BY id {order} LIMIT %(fetch)s"
    ).format(parts=sql.SQL(" UNION ALL ").join(parts), order=order["order"])


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events to list; every field narrows."""

    event_type: str | None = None
    severity: Severity | None = None
    workflow_id: UUID | None = None
    incident_id: UUID | None = None
    run_id: UUID | None = None
    occurred_after: datetime | None = None
    occurred_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class IncidentFilter:
    """Which incidents to list; every field narrows."""

    states: tuple[IncidentState, ...] | None = None
    severity: Severity | None = None
    workflow_id: UUID | None = None
    vendor_id: UUID | None = None


def ingest(
    session: Session,
    tenant: TenantId,
    event_id: OperationsEventId,
    event: NewEvent,
    *,
    severity: Severity,
    signature: str | None,
    title: str | None,
    payload: str,
    request_hash: str | None,
    policy: OperationsPolicy,
) -> Ingested:
    """Store an event and count it, in one statement that enters the tenant itself. `payload` is JSON text."""
    found = session.fetch_one(
        _INGEST,
        {
            "tenant_id": tenant,
            "id": event_id,
            "workflow": event.workflow_id,
            "vendor": event.vendor_id,
            "run": event.run_id,
            "incident": event.incident_id,
            "event_type": event.event_type,
            "severity": severity,
            "source": event.source,
            "payload": payload,
            "idempotency_key": event.idempotency_key,
            "request_hash": request_hash,
            "correlation_id": event.correlation_id,
            "traceparent": event.traceparent,
            "occurred_at": event.occurred_at,
            "signature": signature,
            "algorithm": ALGORITHM,
            "title": title,
            "grouping": policy.grouping,
            "reopening": policy.reopening,
            "escalate_at": policy.escalate_at,
            "review_at": policy.review_at,
        },
        row=tuple,
    )
    assert found is not None
    outcome, stored, incident, change, count = found[0]
    return Ingested(
        outcome,
        OperationsEventId(UUID(stored)) if stored else None,
        IncidentId(UUID(incident)) if incident else None,
        change,
        int(count) if count else None,
    )


def get_event(session: Session, event: UUID) -> Event | None:
    return session.fetch_one(_EVENT, (session.tenant_id, event), row=Event)


def list_events(session: Session, where: EventFilter, request: PageRequest) -> list[Event]:
    return fetch_page(
        session,
        Event,
        "event",
        conditions="""tenant_id = %(tenant_id)s
        AND (%(event_type)s::text IS NULL OR event_type = %(event_type)s)
        AND (%(severity)s::text IS NULL OR severity = %(severity)s)
        AND (%(workflow)s::uuid IS NULL OR workflow_id = %(workflow)s)
        AND (%(incident)s::uuid IS NULL OR incident_id = %(incident)s)
        AND (%(run)s::uuid IS NULL OR run_id = %(run)s)
        AND (%(occurred_after)s::timestamptz IS NULL OR occurred_at >= %(occurred_after)s)
        AND (%(occurred_before)s::timestamptz IS NULL OR occurred_at < %(occurred_before)s)""",
        params={
            "tenant_id": session.tenant_id,
            "event_type": where.event_type,
            "severity": where.severity,
            "workflow": where.workflow_id,
            "incident": where.incident_id,
            "run": where.run_id,
            "occurred_after": where.occurred_after,
            "occurred_before": where.occurred_before,
        },
        request=request,
    )


def get_incident(session: Session, incident: UUID) -> Incident | None:
    return session.fetch_one(_INCIDENT, (session.tenant_id, incident), row=Incident)


def lock_incident(session: Session, incident: UUID) -> Incident | None:
    return session.fetch_one(_LOCK, (session.tenant_id, incident), row=Incident)


def list_incidents(session: Session, where: IncidentFilter, request: PageRequest) -> list[Incident]:
    return fetch_page(
        session,
        Incident,
        "incident",
        conditions="""tenant_id = %(tenant_id)s
        AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s::text[]))
        AND (%(severity)s::text IS NULL OR severity = %(severity)s)
        AND (%(workflow)s::uuid IS NULL OR workflow_id = %(workflow)s)
        AND (%(vendor)s::uuid IS NULL OR vendor_id = %(vendor)s)""",
        params={
            "tenant_id": session.tenant_id,
            "states": list(where.states) if where.states else None,
            "severity": where.severity,
            "workflow": where.workflow_id,
            "vendor": where.vendor_id,
        },
        request=request,
    )


def move_incident(
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


def ask_for_analysis(session: Session, incident: Incident) -> None:
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
    """What happened to an incident, oldest first: events, transitions, decisions, actions."""
    return session.fetch_all(
        timeline_page(ascending=not request.backwards),
        {
            "tenant_id": session.tenant_id,
            "incident": incident,
            "key": request.key,
            "fetch": request.fetch,
        },
        row=TimelineEntry,
    )


def run_state(session: Session, run: RunId) -> str | None:
    """Where a run stands; PART for one that is part of another, which alone is run again."""
    return session.fetch_one(
        """SELECT CASE WHEN to_jsonb(r) ->> 'parent_run_id' IS NULL THEN r.state ELSE 'PART' END
           FROM scenario_run r WHERE r.tenant_id = %s AND r.id = %s""",
        (session.tenant_id, run),
        row=str,
    )
