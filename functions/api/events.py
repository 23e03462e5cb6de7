"""Events: ingest, get, list."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

from functions.api.http.envelopes import AnswerBody, Envelope, ListEnvelope, RequestBody, answers, reply
from functions.api.http.headers import LOCATION
from functions.api.http.idempotency import Key
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit, check_span, check_tenant, one_key
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.drivers.fields import UPPER
from sextant.ids import RunId, VendorId, WorkflowId
from sextant.moments import Moment
from sextant.operations.events import service as events
from sextant.operations.events.model import Change, Event, EventFilter, Ingested, NewEvent, Severity
from sextant.paging import DEFAULT_LIMIT


def _storable(moment: datetime) -> datetime:
    """Refuse what lies beyond the years that every reader of the row can hold, in whatever time zone."""
    if not 1900 <= moment.year <= 2200:
        raise PydanticCustomError("year_range", "must lie in the years 1900 to 2200")
    return moment


class EventDocument(RequestBody):
    """An event. A failure (by its severity, which rules may raise) counts into the incident of its signature."""

    _about = Event

    event_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_.:-]{0,99}$")]
    workflow_id: UUID
    payload: dict[str, Any] = Field(default_factory=dict)
    occurred_at: Annotated[Moment, AfterValidator(_storable)]
    severity: Annotated[Severity, UPPER] = "INFO"
    """How bad it is; rules may raise it."""
    vendor_id: UUID | None = None
    run_id: UUID | None = None
    fingerprint: Annotated[str, StringConstraints(min_length=1, max_length=255)] | None = None
    """Overrides the signature made of type, workflow and error."""
    idempotency_key: Annotated[str, StringConstraints(min_length=1, max_length=200)] | None = None
    tenant_id: str | None = None


class IngestedBody(AnswerBody, shows=Ingested, hides=("outcome",)):
    event_id: UUID
    change: Change | None


class EventBody(AnswerBody, shows=Event, hides=("tenant_id",)): ...


class IngestedEnvelope(Envelope[IngestedBody]): ...


class EventEnvelope(Envelope[EventBody]): ...


class EventList(ListEnvelope[EventBody]): ...


router = Router("Events")

_INGESTED = answers("The event's id and its incident", IngestedEnvelope, LOCATION)
_OK = answers("The event", EventEnvelope)
_LIST = answers("Events, newest first", EventList)


@router.post("/v1/events", summary="Ingest an event", responses={201: _INGESTED, 200: _INGESTED})
@needs("operations:write")
def ingest_event(document: Annotated[EventDocument, Body()], idempotency_key: Key = None) -> Response[Any]:
    """Stores what happened in a workflow. A failure counts into the incident of its signature, and may open one. The same key with the
    same event is 200 with the first; with another event 422.
    """
    caller = router.caller
    check_tenant(document.tenant_id, caller)
    key = one_key(idempotency_key, document.idempotency_key)
    event = NewEvent(
        event_type=document.event_type,
        payload=document.payload,
        occurred_at=document.occurred_at,
        severity=document.severity,
        workflow_id=WorkflowId(document.workflow_id),
        vendor_id=VendorId(document.vendor_id) if document.vendor_id else None,
        run_id=RunId(document.run_id) if document.run_id else None,
        fingerprint=document.fingerprint,
        idempotency_key=key,
        correlation_id=caller.correlation_id,
        traceparent=caller.traceparent,
    )
    with router.session() as session:
        policy = bootstrap.operations_policies().of(session)
        stored = events.ingest(session, event, policy)
    if stored.change in ("OPENED", "REOPENED", "ESCALATED"):
        bootstrap.nudge_relay()
    return reply(
        IngestedEnvelope.of(stored, caller),
        201 if stored.outcome == "CREATED" else 200,
        {"Location": f"/v1/events/{stored.event_id}"},
    )


@router.get("/v1/events", summary="List events", responses={200: _LIST})
@needs("scenarios:read")
def list_events(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    event_type: Annotated[str | None, Query(max_length=100, description="Of this type")] = None,
    severity: Annotated[Severity | None, UPPER, Query(description="Of this severity")] = None,
    workflow_id: UUID | None = None,
    incident_id: UUID | None = None,
    run_id: UUID | None = None,
    occurred_after: Annotated[Moment | None, Query(description="Happened at this moment or later")] = None,
    occurred_before: Annotated[Moment | None, Query(description="Happened before this moment")] = None,
) -> Response[Any]:
    """Newest first; everything given narrows."""
    check_span(occurred_after, occurred_before, "occurred")
    where = EventFilter(
        event_type, severity, workflow_id, incident_id, run_id, occurred_after, occurred_before
    )
    scope = f"events {where}"
    return listing(router, EventList, scope, limit, cursor, events.list_events, where)


@router.get("/v1/events/<event_id>", summary="Get an event", responses={200: _OK})
@needs("scenarios:read")
def get_event(event_id: UUID) -> Response[Any]:
    """The event as it was ingested. Events never change."""
    with router.session() as session:
        event = events.get(session, event_id)
    return reply(EventEnvelope.of(event, router.caller))
