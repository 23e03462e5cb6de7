"""Events: ingest, look up, list."""

from __future__ import annotations

from uuid import UUID

from psycopg import sql

from sextant.ids import IncidentId, OperationsEventId, TenantId
from sextant.operations.events.model import Event, EventFilter, Ingested, NewEvent, Severity
from sextant.operations.incidents.signature import ALGORITHM
from sextant.operations.policy import OperationsPolicy
from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.keyset import columns_of, fetch_page, params_of

_INGEST = """
SELECT ingest_event(
    %(tenant_id)s, %(id)s, %(workflow)s, %(vendor)s, %(run)s, %(incident)s, %(event_type)s, %(severity)s, %(source)s, %(payload)s,
    %(idempotency_key)s, %(request_hash)s, %(correlation_id)s, %(traceparent)s, %(occurred_at)s,
    %(signature)s, %(algorithm)s, %(title)s, %(grouping)s, %(reopening)s, %(escalate_at)s, %(review_at)s)
"""
_EVENT = sql.SQL("SELECT {columns} FROM event WHERE tenant_id = %s AND id = %s").format(
    columns=columns_of(Event)
)


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
    row = session.fetch_one(
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
    assert row is not None
    outcome, stored, incident, change, count = row[0]
    return Ingested(
        outcome,
        OperationsEventId(UUID(stored)) if stored else None,
        IncidentId(UUID(incident)) if incident else None,
        change,
        int(count) if count else None,
    )


def find(session: Session, event: UUID) -> Event | None:
    return session.fetch_one(_EVENT, (session.tenant_id, event), row=Event)


def list_events(session: Session, where: EventFilter, request: PageRequest) -> list[Event]:
    return fetch_page(
        session,
        Event,
        "event",
        conditions="""tenant_id = %(tenant_id)s
        AND (%(event_type)s::text IS NULL OR event_type = %(event_type)s)
        AND (%(severity)s::text IS NULL OR severity = %(severity)s)
        AND (%(workflow_id)s::uuid IS NULL OR workflow_id = %(workflow_id)s)
        AND (%(incident_id)s::uuid IS NULL OR incident_id = %(incident_id)s)
        AND (%(run_id)s::uuid IS NULL OR run_id = %(run_id)s)
        AND (%(occurred_after)s::timestamptz IS NULL OR occurred_at >= %(occurred_after)s)
        AND (%(occurred_before)s::timestamptz IS NULL OR occurred_at < %(occurred_before)s)""",
        params=params_of(session, where),
        request=request,
    )
