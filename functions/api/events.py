"""Events: ingest, get, list."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from functions.api.http import cursors
from functions.api.http.app import Api, InvalidParameterError, answers, needs, reply
from functions.api.http.envelopes import meta, page_meta
from functions.api.http.idempotency import Key
from functions.api.http.parameters import Limit, Moment, check_tenant
from functions.api.operations_schemas import (
    EventBody,
    EventDocument,
    EventEnvelope,
    EventList,
    IngestedBody,
    IngestedEnvelope,
)
from sextant import bootstrap
from sextant.drivers.fields import UPPER
from sextant.errors import FieldError
from sextant.ids import RunId, VendorId, WorkflowId
from sextant.operations.events import service as events
from sextant.operations.events.model import EventFilter, NewEvent, Severity
from sextant.paging import DEFAULT_LIMIT

_TAGS = ["Events"]


def register(api: Api) -> None:
    @api.post("/v1/events", summary="Ingest an event", tags=_TAGS, responses={201: _INGESTED, 200: _INGESTED})
    @needs("operations:write")
    def ingest_event(
        document: Annotated[EventDocument, Body()], idempotency_key: Key = None
    ) -> Response[Any]:
        caller = api.caller
        check_tenant(document.tenant_id, caller)
        key = document.idempotency_key or idempotency_key
        if idempotency_key is not None and key != idempotency_key:
            raise InvalidParameterError(
                "The Idempotency-Key header and idempotency_key in the body differ.",
                errors=[FieldError("Idempotency-Key", "equal", "must equal idempotency_key in the body")],
            )
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
        with bootstrap.database().autocommit(caller.tenant) as session:
            policy = bootstrap.operations_policies().of(session)
            stored = events.ingest(session, event, policy)
        if stored.change in ("OPENED", "REOPENED", "ESCALATED"):
            bootstrap.nudge_relay()
        return reply(
            IngestedEnvelope.model_construct(data=IngestedBody.of(stored), meta=meta(caller)),
            201 if stored.outcome == "CREATED" else 200,
            {"Location": f"/v1/events/{stored.event_id}"},
        )

    @api.get("/v1/events", summary="List events", tags=_TAGS, responses={200: _LIST})
    @needs("scenarios:read")
    def list_events(
        limit: Limit = DEFAULT_LIMIT,
        cursor: str | None = None,
        event_type: Annotated[str | None, Query(max_length=100)] = None,
        severity: Annotated[Severity | None, UPPER, Query()] = None,
        workflow_id: UUID | None = None,
        incident_id: UUID | None = None,
        run_id: UUID | None = None,
        occurred_after: Moment | None = None,
        occurred_before: Moment | None = None,
    ) -> Response[Any]:
        caller = api.caller
        where = EventFilter(
            event_type, severity, workflow_id, incident_id, run_id, occurred_after, occurred_before
        )
        scope = f"events {where}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = events.list_events(session, where, request)
        return reply(
            EventList.model_construct(
                data=[EventBody.of(event) for event in found.items], meta=page_meta(caller, found, scope)
            )
        )

    @api.get("/v1/events/<event_id>", summary="Get an event", tags=_TAGS, responses={200: _OK})
    @needs("scenarios:read")
    def get_event(event_id: Annotated[UUID, Path()]) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = events.get(session, event_id)
        return reply(EventEnvelope.model_construct(data=EventBody.of(found), meta=meta(caller)))


_INGESTED = answers("The event's id and its incident", IngestedEnvelope)
_OK = answers("The event", EventEnvelope)
_LIST = answers("Events, newest first", EventList)
