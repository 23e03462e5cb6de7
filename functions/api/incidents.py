"""Incidents: get, list, move, timeline."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from functions.api.http.envelopes import AnswerBody, Envelope, ListEnvelope, RequestBody, answers, reply
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit, States, several
from functions.api.http.reasons import Reason
from functions.api.http.routing import Router, needs
from sextant.drivers.fields import UPPER
from sextant.operations.events.model import Severity
from sextant.operations.incidents import service as incidents
from sextant.operations.incidents.model import (
    INCIDENT_STATES,
    Incident,
    IncidentFilter,
    IncidentState,
    TimelineEntry,
)
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT, Key


class IncidentMove(RequestBody):
    state: Annotated[IncidentState, UPPER]
    """The state that it is to have."""
    reason: Reason


class IncidentBody(AnswerBody, shows=Incident, hides=("tenant_id", "correlation_id")): ...


class TimelineBody(AnswerBody, shows=TimelineEntry): ...


class IncidentEnvelope(Envelope[IncidentBody]): ...


class IncidentList(ListEnvelope[IncidentBody]): ...


class Timeline(ListEnvelope[TimelineBody]): ...


router = Router("Incidents")

_OK = answers("The incident", IncidentEnvelope)
_LIST = answers("Incidents, newest first", IncidentList)
_TIMELINE = answers("Events, transitions, decisions and actions, oldest first", Timeline)


@router.get("/v1/incidents", summary="List incidents", responses={200: _LIST})
@needs("scenarios:read")
def list_incidents(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    state: States = None,
    severity: Annotated[Severity | None, UPPER, Query(description="Of this severity")] = None,
    workflow_id: UUID | None = None,
    vendor_id: UUID | None = None,
) -> Response[Any]:
    """Newest first; everything given narrows."""
    where = IncidentFilter(several("state", state, INCIDENT_STATES), severity, workflow_id, vendor_id)
    scope = f"incidents {where}"
    return listing(router, IncidentList, scope, limit, cursor, incidents.list_incidents, where)


@router.get("/v1/incidents/<incident_id>", summary="Get an incident", responses={200: _OK})
@needs("scenarios:read")
def get_incident(incident_id: UUID) -> Response[Any]:
    """Failures of one signature, counted."""
    with router.session() as session:
        incident = incidents.get(session, incident_id)
    return reply(IncidentEnvelope.of(incident, router.caller))


@router.post("/v1/incidents/<incident_id>/state", summary="Move an incident by hand", responses={200: _OK})
@needs("operations:write")
def move_incident(incident_id: UUID, document: Annotated[IncidentMove, Body()]) -> Response[Any]:
    """Moves it to another state, with a reason. A move that its state does not allow is 409."""
    caller = router.caller
    moved = router.transaction(
        lambda session: incidents.move(session, incident_id, document.state, caller.subject, document.reason),
    )
    return reply(IncidentEnvelope.of(moved, caller))


@router.get(
    "/v1/incidents/<incident_id>/timeline",
    summary="Everything that happened to an incident, oldest first",
    responses={200: _TIMELINE},
)
@needs("scenarios:read")
def get_incident_timeline(
    incident_id: UUID, limit: Limit = MAX_LIMIT, cursor: Cursor = None
) -> Response[Any]:
    """Events, transitions, decisions and actions, oldest first."""
    scope = f"timeline {incident_id}"
    return listing(router, Timeline, scope, limit, cursor, incidents.timeline, incident_id, key_of=_entry_key)


def _entry_key(value: Any) -> Key:
    """The key of a timeline: moment and id; raises ValueError or TypeError for what is none."""
    at, entry = value
    if datetime.fromisoformat(at).tzinfo is None:
        raise ValueError("a moment without its zone")
    return (at, UUID(hex=entry).hex)
