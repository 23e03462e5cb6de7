"""Reports: comparisons that were frozen, the links that show one to somebody without an account, and what such a link opens."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header
from pydantic import BaseModel, Field

from functions.api.comparison_bodies import ComparisonBody
from functions.api.http.envelopes import (
    AnswerBody,
    Envelope,
    ListEnvelope,
    RequestBody,
    answers,
    reply,
)
from functions.api.http.etag import etag
from functions.api.http.headers import ETAG, LOCATION
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit
from functions.api.http.routing import Router, needs, public
from sextant import bootstrap
from sextant.paging import DEFAULT_LIMIT
from sextant.reports import service
from sextant.reports.errors import SharedReportNotFoundError
from sextant.reports.keys import Key
from sextant.reports.model import LONGEST_DAYS, Report, ReportLink
from sextant.settings import service as settings
from sextant.settings.service import RateLimitedError

# Whoever holds a link spends of this alone, so that it takes nothing from the tenant's own requests.
_SHARED = "shared-report"


class LinkRequest(RequestBody):
    """How long a link opens its report."""

    days: Annotated[int, Field(strict=True, ge=1, le=LONGEST_DAYS)] = 30
    """From now on."""


class ReportBody(AnswerBody, shows=Report, hides=("tenant_id",)): ...


class ReportLinkBody(AnswerBody, shows=ReportLink, hides=("tenant_id", "report_id")): ...


class WholeReportBody(ReportBody):
    links: list[ReportLinkBody]
    """The last 100, newest first, with those that open nothing any more."""


class NewLinkBody(ReportLinkBody):
    key: str
    """Opens the report, as the header `X-Report-Key` of `GET /v1/shared-report`; it is shown this once."""


class ReportDocument(BaseModel):
    """A report as it was frozen: always the same bytes."""

    title: str
    """What it is called."""
    notes: str
    """What its author says of it."""
    frozen_at: str
    """When it was frozen."""
    snapshot_id: str
    """The state of the table that was read."""
    comparison: ComparisonBody
    """As `GET /v1/compare` answered it with `shape=series`."""


class ReportEnvelope(Envelope[ReportBody]): ...


class WholeReportEnvelope(Envelope[WholeReportBody]): ...


class NewLinkEnvelope(Envelope[NewLinkBody]): ...


class ReportList(ListEnvelope[ReportBody]): ...


router = Router("Reports")

CREATED = answers("The report", ReportEnvelope, LOCATION)
_DOCUMENT = answers("The document", ReportDocument, ETAG)


@router.get(
    "/v1/reports", summary="List reports", responses={200: answers("Reports, newest first", ReportList)}
)
@needs("outputs:read")
def list_reports(limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response[Any]:
    """Newest first."""
    return listing(router, ReportList, "reports", limit, cursor, service.list_reports)


@router.get(
    "/v1/reports/<report_id>",
    summary="Get a report with its links",
    responses={200: answers("The report", WholeReportEnvelope)},
)
@needs("outputs:read")
def get_report(report_id: UUID) -> Response[Any]:
    """What was frozen, when and by whom, and which links open it. The document itself is its `content`."""
    with router.session() as session:
        report = service.get(session, report_id)
        links = service.links(session, report_id)
    body = WholeReportBody.of(report, links=[ReportLinkBody.of(link) for link in links])
    return reply(WholeReportEnvelope.around(body, router.caller))


@router.get("/v1/reports/<report_id>/content", summary="Get a report's document", responses={200: _DOCUMENT})
@needs("outputs:read")
def get_report_content(report_id: UUID) -> Response[Any]:
    """The same bytes, however long ago it was frozen and whatever became of the runs."""
    with router.session() as session:
        report = service.get(session, report_id)
        return _document(report, service.content(session, report_id))


@router.delete(
    "/v1/reports/<report_id>", summary="Delete a report", responses={204: {"description": "Deleted"}}
)
@needs("scenarios:write")
def delete_report(report_id: UUID) -> Response[Any]:
    """Its links open nothing any more."""
    actor = router.caller.subject
    router.transaction(lambda session: service.delete(session, report_id, actor))
    return Response(status_code=204, body="")


@router.post(
    "/v1/reports/<report_id>/links",
    summary="Make a link that opens a report",
    responses={201: answers("The link with its key", NewLinkEnvelope)},
)
@needs("scenarios:write")
def create_report_link(report_id: UUID, document: Annotated[LinkRequest, Body()]) -> Response[Any]:
    """Whoever has its key reads the report, and nothing else, without a token, until it expires or is revoked. The answer alone shows
    the key.
    """
    caller = router.caller
    lasts = timedelta(days=document.days)
    link, key = router.transaction(lambda session: service.share(session, report_id, lasts, caller.subject))
    return reply(NewLinkEnvelope.around(NewLinkBody.of(link, key=str(key)), caller), 201)


@router.delete(
    "/v1/reports/<report_id>/links/<link_id>",
    summary="Revoke a link",
    responses={204: {"description": "Revoked"}},
)
@needs("scenarios:write")
def revoke_report_link(report_id: UUID, link_id: UUID) -> Response[Any]:
    """It opens nothing any more; who made it and who revoked it stays."""
    actor = router.caller.subject
    router.transaction(lambda session: service.revoke(session, report_id, link_id, actor))
    return Response(status_code=204, body="")


@router.get("/v1/shared-report", summary="Read a report by a link", responses={200: _DOCUMENT})
@public
def get_shared_report(
    key: Annotated[str, Header(alias="X-Report-Key", description="The key of a link")] = "",
) -> Response[Any]:
    """The report's document, without a token. A key that is none, has expired or was revoked is answered alike. It stands in a header
    since paths are logged.
    """
    parts = Key.of(key)
    if parts is None:
        raise SharedReportNotFoundError
    with bootstrap.database().autocommit(parts.tenant) as session:
        report_id = service.opened(session, parts)
        admission = settings.admit(session, [_SHARED])
        if not admission.admitted:
            raise RateLimitedError(admission)
        return _document(service.get(session, report_id), service.content(session, report_id))


def _document(report: Report, document: bytes) -> Response[Any]:
    headers = {"ETag": etag(report.id, report.sha256)}
    return Response(status_code=200, content_type="application/json", body=document.decode(), headers=headers)
