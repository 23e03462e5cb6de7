"""The outbox for those who run it: what waits and failed, replays, quotas, and who did what."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import Field, StringConstraints

from functions.api.http.envelopes import AnswerBody, Envelope, Flag, ListEnvelope, RequestBody, answers, reply
from functions.api.http.listing import listing
from functions.api.http.parameters import (
    CreatedAfter,
    CreatedBefore,
    Cursor,
    InvalidParameterError,
    Limit,
    check_span,
)
from functions.api.http.reasons import OutboxReason
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.drivers.fields import UPPER
from sextant.errors import FieldError
from sextant.ids import TenantId, tenant_id
from sextant.moments import Moment
from sextant.outbox.administration import service
from sextant.outbox.administration.model import AuditEntry, Entry, Quota, QuotaChange, Selection, Status
from sextant.outbox.model import Statistics
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT, Key
from sextant.storage import ALL_TENANTS, Session

EVERYBODY = "*"

Whose = Annotated[
    str | None,
    Query(description="Another tenant, or * for all of them; needs tenants:manage", max_length=63),
]


class EntryBody(AnswerBody, shows=Entry): ...


class EntryList(ListEnvelope[EntryBody]): ...


class OutboxEventBody(AnswerBody):
    event: EntryBody
    """Where it stands."""
    payload: Any
    """What it says."""
    headers: dict[str, str]
    """What goes with it."""
    published_at: list[datetime]
    """Each time it was published."""


class OutboxEventEnvelope(Envelope[OutboxEventBody]): ...


class FiguresBody(AnswerBody, shows=Statistics): ...


class FiguresList(ListEnvelope[FiguresBody]): ...


class ReplayRequest(RequestBody):
    """Which events to send again: all that satisfy every field given."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=1000)] | None = None
    """These events."""
    status: Annotated[Status, UPPER] | None = None
    """Those that stand so."""
    topic: Annotated[str, StringConstraints(max_length=100)] | None = None
    """Those that go there."""
    created_after: Moment | None = None
    """Stored at this moment or later."""
    created_before: Moment | None = None
    """Stored before this moment."""
    reason: OutboxReason
    preview: Flag = False
    """Only say how many they are."""

    def selection(self) -> Selection:
        return Selection(self.ids, self.status, self.topic, self.created_after, self.created_before)


class ReplayBody(AnswerBody):
    replay_id: UUID | None
    """In the header `replay-id` of each; null of a preview."""
    events: int
    """How many."""
    preview: bool
    """Whether nothing was ordered."""


class ReplayEnvelope(Envelope[ReplayBody]): ...


class QuotaRequest(RequestBody):
    _about = Quota

    max_events: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] | None = None
    window_seconds: Annotated[int, Field(strict=True, ge=1, le=3600)] | None = None
    backoff_seconds: Annotated[int, Field(strict=True, ge=0, le=3600)] | None = None
    batch_limit: Annotated[int, Field(strict=True, ge=1, le=1000)] | None = None
    max_pending: Annotated[int, Field(strict=True, ge=1, le=10_000_000)] | None = None
    reason: OutboxReason


class ResetRequest(RequestBody):
    reason: OutboxReason


class QuotaBody(AnswerBody, shows=Quota): ...


class QuotaList(ListEnvelope[QuotaBody]): ...


class QuotaEnvelope(Envelope[QuotaBody]): ...


class AuditBody(AnswerBody, shows=AuditEntry): ...


class AuditList(ListEnvelope[AuditBody]): ...


router = Router("Administration")


@router.get(
    "/v1/admin/outbox",
    summary="List outbox events and where they stand",
    responses={200: answers("Events, newest first", EntryList)},
)
@needs("outbox:read")
def list_outbox(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    status: Annotated[Status | None, UPPER, Query(description="Those that stand so")] = None,
    topic: Annotated[str | None, Query(max_length=100, description="Those that go there")] = None,
    created_after: CreatedAfter = None,
    created_before: CreatedBefore = None,
    tenant: Whose = None,
) -> Response[Any]:
    """Newest first; everything given narrows."""
    check_span(created_after, created_before)
    selection = Selection(None, status, topic, created_after, created_before)
    owner = _owner(tenant)
    scope = f"outbox {owner} {selection}"
    read = service.list_events
    return listing(router, EntryList, scope, limit, cursor, read, owner, selection, opened=_session())


@router.get(
    "/v1/admin/outbox/summary",
    summary="What waits, failed and was sent",
    responses={200: answers("One item a tenant", FiguresList)},
)
@needs("outbox:read")
def summarise_outbox(
    since: Annotated[Moment | None, Query(description="Count what was sent from then on")] = None,
    tenant: Whose = None,
    limit: Limit = MAX_LIMIT,
    cursor: Cursor = None,
) -> Response[Any]:
    """One item for each tenant that is meant."""
    owner = _owner(tenant)
    scope = f"outbox summary {owner} {since}"
    return listing(
        router,
        FiguresList,
        scope,
        limit,
        cursor,
        service.summary,
        owner,
        since,
        opened=_session(),
        key_of=_tenant_key,
    )


@router.post(
    "/v1/admin/outbox/replay",
    summary="Send events again, or count how many that would be",
    responses={200: answers("What was ordered", ReplayEnvelope)},
)
@needs("outbox:write")
def replay_outbox(document: Annotated[ReplayRequest, Body()], tenant: Whose = None) -> Response[Any]:
    """Events that fit are published again, each with the header `replay-id`. With `preview` they are only counted. A selection
    without any condition is 422.
    """
    caller = router.caller
    owner, selection = _owner(tenant), document.selection()
    check_span(selection.created_after, selection.created_before)
    database = bootstrap.platform_database()
    if document.preview:
        events = database.run(ALL_TENANTS, lambda session: service.preview_replay(session, owner, selection))
        body = ReplayBody.model_construct(replay_id=None, events=events, preview=True)
    else:
        ordered = database.run(
            ALL_TENANTS,
            lambda session: service.replay(
                session, owner, selection, actor=caller.subject, reason=document.reason
            ),
        )
        body = ReplayBody.model_construct(replay_id=ordered.id, events=ordered.events, preview=False)
        bootstrap.nudge_relay()
    return reply(ReplayEnvelope.around(body, caller))


@router.get(
    "/v1/admin/outbox/<event_id>",
    summary="Get one outbox event, whole",
    responses={200: answers("The event", OutboxEventEnvelope)},
)
@needs("outbox:read")
def get_outbox_event(event_id: UUID, tenant: Whose = None) -> Response[Any]:
    """The event with its payload, its headers and each time it was published."""
    owner = _owner(tenant) or router.caller.tenant
    with _session() as session:
        event = service.get_event(session, owner, event_id)
    body = OutboxEventBody.of(event, event=EntryBody.of(event.entry), headers=dict(event.headers))
    return reply(OutboxEventEnvelope.around(body, router.caller))


@router.get(
    "/v1/admin/outbox-audit",
    summary="Read who replayed events and changed quotas, and why",
    responses={200: answers("Newest first", AuditList)},
)
@needs("outbox:read")
def list_outbox_audit(
    limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None, tenant: Whose = None
) -> Response[Any]:
    """Newest first: replays and changes of quotas, by whom and why."""
    owner = _owner(tenant)
    scope = f"outbox-audit {owner}"
    return listing(router, AuditList, scope, limit, cursor, service.audit_log, owner, opened=_session())


@router.get(
    "/v1/admin/quotas",
    summary="What tenants may publish, and what of it is used",
    responses={200: answers("One item a tenant", QuotaList)},
)
@needs("outbox:read")
def list_quotas(tenant: Whose = None, limit: Limit = MAX_LIMIT, cursor: Cursor = None) -> Response[Any]:
    """What each tenant that is meant may publish, with the defaults filled in, and what of it is used."""
    owner = _owner(tenant)
    scope, read = f"quotas {owner}", service.list_quotas
    return listing(
        router, QuotaList, scope, limit, cursor, read, owner, opened=_session(), key_of=_tenant_key
    )


def _tenant_key(value: Any) -> Key:
    """The key of a listing of tenants; raises ValueError or TypeError for what is none."""
    (tenant,) = value
    if not isinstance(tenant, str) or "\0" in tenant:
        raise ValueError("no tenant")
    return (tenant,)


@router.put(
    "/v1/admin/quotas",
    summary="Adjust a quota: less than the defaults, or, for who manages tenants, anything",
    responses={200: answers("The quota as it now is", QuotaEnvelope)},
)
@needs("outbox:write")
def adjust_quota(document: Annotated[QuotaRequest, Body()], tenant: Whose = None) -> Response[Any]:
    """What is left out stays. A tenant's own people may only go below the defaults."""
    caller = router.caller
    owner = _owner(tenant)
    change = QuotaChange(**document.model_dump(exclude={"reason"}))
    adjusted = bootstrap.platform_database().run(
        ALL_TENANTS,
        lambda session: service.adjust_quota(
            session,
            owner,
            change,
            actor=caller.subject,
            reason=document.reason,
            by_platform=caller.may("tenants:manage"),
        ),
    )
    return reply(QuotaEnvelope.of(adjusted, caller))


@router.post(
    "/v1/admin/quotas/reset",
    summary="Give a tenant the default quota again, with nothing used",
    responses={200: answers("The quota as it now is", QuotaEnvelope)},
)
@needs("tenants:manage")
def reset_quota(document: Annotated[ResetRequest, Body()], tenant: Whose = None) -> Response[Any]:
    """The defaults hold again, and nothing of them is used."""
    caller = router.caller
    owner = _owner(tenant) or caller.tenant
    reset = bootstrap.platform_database().run(
        ALL_TENANTS,
        lambda session: service.reset_quota(session, owner, actor=caller.subject, reason=document.reason),
    )
    return reply(QuotaEnvelope.of(reset, caller))


def _owner(tenant: str | None) -> TenantId | None:
    """The tenant whose outbox is meant: the caller's own, or, for those who manage tenants, another's or (None) all."""
    caller = router.caller
    if tenant is None or tenant == caller.tenant:
        return caller.tenant
    caller.require("tenants:manage")
    if tenant == EVERYBODY:
        return None
    try:
        return tenant_id(tenant)
    except ValueError as error:
        raise InvalidParameterError(
            f"tenant: {error}.", errors=[FieldError("tenant", "tenant_id", str(error))]
        ) from error


def _session() -> AbstractContextManager[Session]:
    """A session that sees every tenant's events: each statement says whose it means."""
    return bootstrap.platform_database().autocommit(ALL_TENANTS)
