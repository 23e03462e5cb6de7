"""The outbox for those who run it: what waits and failed, replays, quotas, and who did what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

from functions.api.http import cursors
from functions.api.http.app import Api, InvalidParameterError, answers, needs, reply
from functions.api.http.envelopes import ListEnvelope, Meta, meta, page_meta
from functions.api.http.parameters import Limit, Moment, check_span
from sextant import bootstrap
from sextant.drivers.fields import UPPER
from sextant.errors import FieldError
from sextant.identity import Caller
from sextant.ids import TenantId, tenant_id
from sextant.outbox.administration import service as administration
from sextant.outbox.administration.model import Entry, QuotaChange, Selection, Status
from sextant.paging import DEFAULT_LIMIT
from sextant.storage import ALL_TENANTS

EVERYBODY = "*"

Whose = Annotated[
    str | None,
    Query(description="Another tenant, or * for all of them; needs tenants:manage", max_length=63),
]
Reason = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=3, max_length=500)]


class _Body(BaseModel):
    model_config = ConfigDict(defer_build=True)


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class EntryBody(_Body):
    tenant_id: str
    id: UUID
    topic: str
    dedupe_key: str | None
    created_at: datetime
    status: str
    attempts: int
    last_error: str | None
    retry_at: datetime | None
    failed_at: datetime | None

    @classmethod
    def of(cls, entry: Entry) -> EntryBody:
        return cls.model_construct(**{name: getattr(entry, name) for name in cls.model_fields})


class EntryList(ListEnvelope[EntryBody]): ...


class EventBody(_Body):
    event: EntryBody
    payload: Any
    headers: dict[str, str]
    published_at: list[datetime]


class EventEnvelope(_Body):
    data: EventBody
    meta: Meta


class FiguresBody(_Body):
    tenant_id: str
    pending: int
    leased: int
    delayed: int
    dead: int
    oldest_pending_at: datetime | None
    published: int
    last_published_at: datetime | None
    claimed_in_window: int
    allowance: int


class FiguresList(_Body):
    data: list[FiguresBody]
    meta: Meta


class ReplayRequest(_Request):
    """Which events to send again: all that satisfy every field given."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)] | None = None
    status: Annotated[Status, UPPER] | None = None
    topic: Annotated[str, StringConstraints(max_length=100)] | None = None
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None
    reason: Reason
    preview: bool = False

    def selection(self) -> Selection:
        return Selection(self.ids, self.status, self.topic, self.created_after, self.created_before)


class ReplayBody(_Body):
    replay_id: UUID | None
    events: int
    preview: bool


class ReplayEnvelope(_Body):
    data: ReplayBody
    meta: Meta


class QuotaRequest(_Request):
    max_events: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] | None = None
    window_seconds: Annotated[int, Field(strict=True, ge=1, le=3600)] | None = None
    backoff_seconds: Annotated[int, Field(strict=True, ge=0, le=3600)] | None = None
    batch_limit: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    max_pending: Annotated[int, Field(strict=True, ge=1, le=10_000_000)] | None = None
    reason: Reason


class ResetRequest(_Request):
    reason: Reason


class QuotaBody(_Body):
    tenant_id: str
    max_events: int
    window_seconds: int
    backoff_seconds: int
    batch_limit: int
    max_pending: int
    overridden: list[str]
    used: int
    remaining: int
    updated_at: datetime
    updated_by: str
    reason: str


class QuotaList(_Body):
    data: list[QuotaBody]
    meta: Meta


class QuotaEnvelope(_Body):
    data: QuotaBody
    meta: Meta


class AuditBody(_Body):
    tenant_id: str
    id: UUID
    action: str
    actor: str
    reason: str
    detail: dict[str, Any]
    occurred_at: datetime


class AuditList(ListEnvelope[AuditBody]): ...


def whose(caller: Caller, asked: str | None) -> TenantId | None:
    """The tenant whose outbox is meant: the caller's own, or, for those who manage tenants, another's or (None) all."""
    if asked is None or asked == caller.tenant:
        return caller.tenant
    caller.require("tenants:manage")
    if asked == EVERYBODY:
        return None
    try:
        return tenant_id(asked)
    except ValueError as error:
        raise InvalidParameterError(
            f"tenant: {error}.", errors=[FieldError("tenant", "tenant_id", str(error))]
        ) from error


def copied(model: type[_Body], thing: object) -> Any:
    return model.model_construct(**{name: getattr(thing, name) for name in model.model_fields})


def register(api: Api) -> None:
    _register_events(api)
    _register_quotas(api)


def _register_events(api: Api) -> None:
    @api.get(
        "/v1/admin/outbox",
        summary="List outbox events and where they stand",
        tags=["Administration"],
        responses={200: answers("Events, newest first", EntryList)},
    )
    @needs("outbox:read")
    def list_outbox(
        limit: Limit = DEFAULT_LIMIT,
        cursor: str | None = None,
        status: Annotated[Status | None, UPPER, Query()] = None,
        topic: Annotated[str | None, Query(max_length=100)] = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        tenant: Whose = None,
    ) -> Response[Any]:
        caller = api.caller
        check_span(created_after, created_before)
        selection = Selection(None, status, topic, created_after, created_before)
        owner = whose(caller, tenant)
        scope = f"outbox {owner} {selection}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.platform_database().autocommit(ALL_TENANTS) as session:
            found = administration.list_events(session, owner, selection, request)
        return reply(
            EntryList.model_construct(
                data=[EntryBody.of(entry) for entry in found.items], meta=page_meta(caller, found, scope)
            )
        )

    @api.get(
        "/v1/admin/outbox/summary",
        summary="What waits, failed and was sent",
        tags=["Administration"],
        responses={200: answers("One item a tenant", FiguresList)},
    )
    @needs("outbox:read")
    def summarise_outbox(since: Moment | None = None, tenant: Whose = None) -> Response[Any]:
        caller = api.caller
        with bootstrap.platform_database().autocommit(ALL_TENANTS) as session:
            found = administration.summary(session, whose(caller, tenant), since)
        data = [copied(FiguresBody, item) for item in found]
        return reply(FiguresList.model_construct(data=data, meta=meta(caller)))

    @api.post(
        "/v1/admin/outbox/replay",
        summary="Send events again, or count how many that would be",
        tags=["Administration"],
        responses={200: answers("What was ordered", ReplayEnvelope)},
    )
    @needs("outbox:write")
    def replay_outbox(document: Annotated[ReplayRequest, Body()], tenant: Whose = None) -> Response[Any]:
        caller = api.caller
        owner, selection = whose(caller, tenant), document.selection()
        database = bootstrap.platform_database()
        if document.preview:
            events = database.run(ALL_TENANTS, lambda s: administration.preview_replay(s, owner, selection))
            body = ReplayBody(replay_id=None, events=events, preview=True)
        else:
            ordered = database.run(
                ALL_TENANTS,
                lambda s: administration.replay(
                    s, owner, selection, actor=caller.subject, reason=document.reason
                ),
            )
            body = ReplayBody(replay_id=ordered.id, events=ordered.events, preview=False)
            bootstrap.nudge_relay()
        return reply(ReplayEnvelope.model_construct(data=body, meta=meta(caller)))

    @api.get(
        "/v1/admin/outbox/<event_id>",
        summary="Get one outbox event, whole",
        tags=["Administration"],
        responses={200: answers("The event", EventEnvelope)},
    )
    @needs("outbox:read")
    def get_outbox_event(event_id: Annotated[UUID, Path()], tenant: Whose = None) -> Response[Any]:
        caller = api.caller
        owner = whose(caller, tenant) or caller.tenant
        with bootstrap.platform_database().autocommit(ALL_TENANTS) as session:
            found = administration.get_event(session, owner, event_id)
        body = EventBody.model_construct(
            event=EntryBody.of(found.entry),
            payload=found.payload,
            headers=dict(found.headers),
            published_at=found.published_at,
        )
        return reply(EventEnvelope.model_construct(data=body, meta=meta(caller)))

    @api.get(
        "/v1/admin/outbox-audit",
        summary="Read who replayed events and changed quotas, and why",
        tags=["Administration"],
        responses={200: answers("Newest first", AuditList)},
    )
    @needs("outbox:read")
    def read_outbox_audit(
        limit: Limit = DEFAULT_LIMIT, cursor: str | None = None, tenant: Whose = None
    ) -> Response[Any]:
        caller = api.caller
        owner = whose(caller, tenant)
        scope = f"outbox-audit {owner}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.platform_database().autocommit(ALL_TENANTS) as session:
            found = administration.audit_trail(session, owner, request)
        data = [copied(AuditBody, entry) for entry in found.items]
        return reply(AuditList.model_construct(data=data, meta=page_meta(caller, found, scope)))


def _register_quotas(api: Api) -> None:
    @api.get(
        "/v1/admin/quotas",
        summary="What tenants may publish, and what of it is used",
        tags=["Administration"],
        responses={200: answers("One item a tenant", QuotaList)},
    )
    @needs("outbox:read")
    def list_quotas(tenant: Whose = None) -> Response[Any]:
        caller = api.caller
        with bootstrap.platform_database().autocommit(ALL_TENANTS) as session:
            found = administration.list_quotas(session, whose(caller, tenant))
        data = [copied(QuotaBody, quota) for quota in found]
        return reply(QuotaList.model_construct(data=data, meta=meta(caller)))

    @api.put(
        "/v1/admin/quotas",
        summary="Adjust a quota",
        tags=["Administration"],
        responses={200: answers("The quota as it now is", QuotaEnvelope)},
    )
    @needs("outbox:write")
    def adjust_quota(document: Annotated[QuotaRequest, Body()], tenant: Whose = None) -> Response[Any]:
        caller = api.caller
        owner = whose(caller, tenant)
        change = QuotaChange(**document.model_dump(exclude={"reason"}))
        adjusted = bootstrap.platform_database().run(
            ALL_TENANTS,
            lambda s: administration.adjust_quota(
                s, owner, change, actor=caller.subject, reason=document.reason
            ),
        )
        return reply(QuotaEnvelope.model_construct(data=copied(QuotaBody, adjusted), meta=meta(caller)))

    @api.post(
        "/v1/admin/quotas/reset",
        summary="Give a tenant the default quota again, with nothing used",
        tags=["Administration"],
        responses={200: answers("The quota as it now is", QuotaEnvelope)},
    )
    @needs("outbox:write")
    def reset_quota(document: Annotated[ResetRequest, Body()], tenant: Whose = None) -> Response[Any]:
        caller = api.caller
        owner = whose(caller, tenant) or caller.tenant
        reset = bootstrap.platform_database().run(
            ALL_TENANTS,
            lambda s: administration.reset_quota(s, owner, actor=caller.subject, reason=document.reason),
        )
        return reply(QuotaEnvelope.model_construct(data=copied(QuotaBody, reset), meta=meta(caller)))
