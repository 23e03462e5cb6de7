"""Decisions: record, look up, list."""

from __future__ import annotations

from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from sextant.ids import DecisionId, IncidentId, OperationsEventId
from sextant.operations.decisions.model import Decision, NewDecision
from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.keyset import columns_of, fetch_page

_DECIDE = """
INSERT INTO decision (tenant_id, id, incident_id, event_id, trigger_key, decision_type, maker, maker_name, confidence, reasoning,
                      proposal, verdict, verdict_reason, correlation_id)
VALUES (%(tenant_id)s, %(id)s, %(incident)s, %(event)s, %(trigger)s, %(decision_type)s, %(maker)s, %(maker_name)s, %(confidence)s,
        %(reasoning)s, %(proposal)s, %(verdict)s, %(verdict_reason)s, %(correlation_id)s)
ON CONFLICT ON CONSTRAINT decision_once DO NOTHING
"""
_DECISION = sql.SQL("SELECT {columns} FROM decision WHERE tenant_id = %s AND id = %s").format(
    columns=columns_of(Decision)
)


def record(
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


def find(session: Session, decision: UUID) -> Decision | None:
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
