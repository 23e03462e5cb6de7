"""Incidents: get, list, move, timeline."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from functions.api.http import cursors
from functions.api.http.app import Api, InvalidParameterError, answers, needs, reply
from functions.api.http.envelopes import meta, page_meta
from functions.api.http.parameters import Limit
from functions.api.operations_schemas import (
    IncidentBody,
    IncidentEnvelope,
    IncidentList,
    IncidentMove,
    Timeline,
    TimelineBody,
)
from sextant import bootstrap
from sextant.drivers.fields import UPPER
from sextant.errors import FieldError
from sextant.operations.events.model import Severity
from sextant.operations.incidents import service as incidents
from sextant.operations.incidents.model import INCIDENT_STATES, IncidentFilter, IncidentState
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT

_TAGS = ["Incidents"]


def states_of(text: str | None) -> tuple[IncidentState, ...] | None:
    """The states in `NEW,analyzing`; raises `InvalidParameterError` for one that does not exist."""
    if text is None:
        return None
    names = [name.strip().upper() for name in text.split(",")]
    if unknown := [name for name in names if name not in INCIDENT_STATES]:
        raise InvalidParameterError(
            f"state must be of {', '.join(INCIDENT_STATES)}, not {unknown[0]!r}.",
            errors=[FieldError("state", "enum", f"must be of {', '.join(INCIDENT_STATES)}")],
        )
    return tuple(state for state in INCIDENT_STATES if state in names)


def register(api: Api) -> None:
    @api.get("/v1/incidents", summary="List incidents", tags=_TAGS, responses={200: _LIST})
    @needs("scenarios:read")
    def list_incidents(
        limit: Limit = DEFAULT_LIMIT,
        cursor: str | None = None,
        state: Annotated[str | None, Query(description="One state, or several with commas")] = None,
        severity: Annotated[Severity | None, UPPER, Query()] = None,
        workflow_id: UUID | None = None,
        vendor_id: UUID | None = None,
    ) -> Response[Any]:
        caller = api.caller
        where = IncidentFilter(states_of(state), severity, workflow_id, vendor_id)
        scope = f"incidents {where}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = incidents.list_incidents(session, where, request)
        return reply(
            IncidentList.model_construct(
                data=[IncidentBody.of(incident) for incident in found.items],
                meta=page_meta(caller, found, scope),
            )
        )

    @api.get("/v1/incidents/<incident_id>", summary="Get an incident", tags=_TAGS, responses={200: _OK})
    @needs("scenarios:read")
    def get_incident(incident_id: Annotated[UUID, Path()]) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = incidents.get(session, incident_id)
        return reply(IncidentEnvelope.model_construct(data=IncidentBody.of(found), meta=meta(caller)))

    @api.post(
        "/v1/incidents/<incident_id>/state",
        summary="Move an incident by hand",
        tags=_TAGS,
        responses={200: _OK},
    )
    @needs("operations:write")
    def move_incident(
        incident_id: Annotated[UUID, Path()], document: Annotated[IncidentMove, Body()]
    ) -> Response[Any]:
        caller = api.caller
        moved = bootstrap.database().run(
            caller.tenant,
            lambda session: incidents.move(
                session, incident_id, document.state, caller.subject, document.reason
            ),
        )
        return reply(IncidentEnvelope.model_construct(data=IncidentBody.of(moved), meta=meta(caller)))

    @api.get(
        "/v1/incidents/<incident_id>/timeline",
        summary="Everything that happened to an incident, oldest first",
        tags=_TAGS,
        responses={200: _TIMELINE},
    )
    @needs("scenarios:read")
    def timeline(
        incident_id: Annotated[UUID, Path()], limit: Limit = MAX_LIMIT, cursor: str | None = None
    ) -> Response[Any]:
        caller = api.caller
        scope = f"timeline {incident_id}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = incidents.timeline(session, incident_id, request)
        return reply(
            Timeline.model_construct(
                data=[TimelineBody.of(entry) for entry in found.items], meta=page_meta(caller, found, scope)
            )
        )


_OK = answers("The incident", IncidentEnvelope)
_LIST = answers("Incidents, newest first", IncidentList)
_TIMELINE = answers("Events, transitions, decisions and actions, oldest first", Timeline)
