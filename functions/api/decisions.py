"""Decisions: get, list. They are made by the operations function and never change."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response

from functions.api.http.envelopes import AnswerBody, Envelope, ListEnvelope, answers, reply
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit
from functions.api.http.routing import Router, needs
from sextant.operations.decisions import service as decisions
from sextant.operations.decisions.model import Decision
from sextant.paging import DEFAULT_LIMIT


class DecisionBody(AnswerBody, shows=Decision, hides=("tenant_id", "trigger_key")): ...


class DecisionEnvelope(Envelope[DecisionBody]): ...


class DecisionList(ListEnvelope[DecisionBody]): ...


router = Router("Decisions")

_OK = answers("The decision", DecisionEnvelope)
_LIST = answers("Decisions, newest first", DecisionList)


@router.get("/v1/decisions", summary="List decisions", responses={200: _LIST})
@needs("scenarios:read")
def list_decisions(
    limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None, incident_id: UUID | None = None
) -> Response[Any]:
    """Newest first."""
    scope = f"decisions {incident_id}"
    return listing(router, DecisionList, scope, limit, cursor, decisions.list_decisions, incident_id)


@router.get("/v1/decisions/<decision_id>", summary="Get a decision", responses={200: _OK})
@needs("scenarios:read")
def get_decision(decision_id: UUID) -> Response[Any]:
    """What was decided, by whom, why, and whether it was acted on. A decision never changes."""
    with router.session() as session:
        decision = decisions.get(session, decision_id)
    return reply(DecisionEnvelope.of(decision, router.caller))
