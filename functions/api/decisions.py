"""Decisions: get, list. They are made by the operations function and never change."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.api.http import cursors
from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import meta, page_meta
from functions.api.http.parameters import Limit
from functions.api.operations_schemas import DecisionBody, DecisionEnvelope, DecisionList
from sextant import bootstrap
from sextant.operations.decisions import service as decisions
from sextant.paging import DEFAULT_LIMIT

_TAGS = ["Decisions"]


def register(api: Api) -> None:
    @api.get("/v1/decisions", summary="List decisions", tags=_TAGS, responses={200: _LIST})
    @needs("scenarios:read")
    def list_decisions(
        limit: Limit = DEFAULT_LIMIT, cursor: str | None = None, incident_id: UUID | None = None
    ) -> Response[Any]:
        caller = api.caller
        scope = f"decisions {incident_id}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = decisions.list_decisions(session, incident_id, request)
        return reply(
            DecisionList.model_construct(
                data=[DecisionBody.of(decision) for decision in found.items],
                meta=page_meta(caller, found, scope),
            )
        )

    @api.get("/v1/decisions/<decision_id>", summary="Get a decision", tags=_TAGS, responses={200: _OK})
    @needs("scenarios:read")
    def get_decision(decision_id: Annotated[UUID, Path()]) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = decisions.get(session, decision_id)
        return reply(DecisionEnvelope.model_construct(data=DecisionBody.of(found), meta=meta(caller)))


_OK = answers("The decision", DecisionEnvelope)
_LIST = answers("Decisions, newest first", DecisionList)
