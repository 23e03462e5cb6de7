"""Vendors: create, get, list, change, delete, and what was changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import Field

from functions.api.http.changes import CHANGES, ChangeList, Changes
from functions.api.http.envelopes import (
    AnswerBody,
    Description,
    Envelope,
    ListEnvelope,
    RequestBody,
    Retries,
    ShortName,
    answers,
    reply,
)
from functions.api.http.etag import IfMatch, etag, expected_version
from functions.api.http.idempotency import Key, once
from functions.api.http.listing import listing
from functions.api.http.parameters import Limit, check_tenant
from functions.api.http.routing import Router, needs
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.vendors import service
from sextant.vendors.model import Vendor

Threshold = Annotated[int, Field(strict=True, ge=1, le=1000)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=86_400)]
Rate = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


class VendorDocument(RequestBody):
    name: ShortName
    description: Description = ""
    failure_threshold: Threshold = 5
    reset_seconds: Seconds = 60
    rate_per_minute: Rate | None = None
    max_retries: Retries = 3
    tenant_id: str | None = None


class VendorChanges(Changes):
    _clearable = frozenset({"rate_per_minute"})

    name: ShortName | None = None
    description: Description | None = None
    failure_threshold: Threshold | None = None
    reset_seconds: Seconds | None = None
    rate_per_minute: Rate | None = None
    max_retries: Retries | None = None


class VendorBody(AnswerBody):
    id: UUID
    name: str
    description: str
    failure_threshold: int
    reset_seconds: int
    rate_per_minute: int | None
    max_retries: int
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class VendorStandingBody(AnswerBody):
    breaker: str
    failures: int
    opened_at: datetime | None
    opened_by: str
    calls_in_last_minute: int


class VendorEnvelope(Envelope[VendorBody]): ...


class VendorList(ListEnvelope[VendorBody]): ...


class VendorStandingEnvelope(Envelope[VendorStandingBody]): ...


router = Router()

_TAGS = ["Vendors"]
_OK = answers("The vendor", VendorEnvelope)
_LIST = answers("Vendors, newest first", VendorList)
_STANDING = answers("The breaker and the limit", VendorStandingEnvelope)


@router.post("/v1/vendors", summary="Create a vendor", tags=_TAGS, responses={201: _OK})
@needs("operations:write")
def create_vendor(document: Annotated[VendorDocument, Body()], idempotency_key: Key = None) -> Response[Any]:
    caller = router.caller
    check_tenant(document.tenant_id, caller)
    values = document.model_dump(exclude={"tenant_id"})

    def create() -> Response[Any]:
        return _shown(
            router.transaction(lambda session: service.create(session, values, caller.subject)), 201
        )

    return once(router, idempotency_key, create)


@router.get("/v1/vendors", summary="List vendors", tags=_TAGS, responses={200: _LIST})
@needs("scenarios:read")
def list_vendors(limit: Limit = DEFAULT_LIMIT, cursor: str | None = None) -> Response[Any]:
    return listing(router, VendorList, "vendors", limit, cursor, service.list_vendors)


@router.get("/v1/vendors/<vendor_id>", summary="Get a vendor", tags=_TAGS, responses={200: _OK})
@needs("scenarios:read")
def get_vendor(vendor_id: UUID) -> Response[Any]:
    with router.session() as session:
        return _shown(service.get(session, vendor_id))


@router.patch("/v1/vendors/<vendor_id>", summary="Change a vendor", tags=_TAGS, responses={200: _OK})
@needs("operations:write")
def change_vendor(
    vendor_id: UUID, document: Annotated[VendorChanges, Body()], if_match: IfMatch = None
) -> Response[Any]:
    caller = router.caller
    changes = document.model_dump(exclude_unset=True)
    expected = expected_version(if_match, vendor_id)
    return _shown(
        router.transaction(
            lambda session: service.change(
                session, vendor_id, changes, actor=caller.subject, expected=expected
            )
        )
    )


@router.delete(
    "/v1/vendors/<vendor_id>",
    summary="Delete a vendor",
    tags=_TAGS,
    responses={204: {"description": "Deleted"}},
)
@needs("operations:write")
def delete_vendor(vendor_id: UUID, if_match: IfMatch = None) -> Response[Any]:
    caller = router.caller
    expected = expected_version(if_match, vendor_id)
    router.transaction(lambda session: service.delete(session, vendor_id, caller.subject, expected))
    return Response(status_code=204, body="")


@router.get(
    "/v1/vendors/<vendor_id>/changes",
    summary="What was changed of a vendor, field by field, newest first",
    tags=_TAGS,
    responses={200: CHANGES},
)
@needs("scenarios:read")
def vendor_changes(
    vendor_id: UUID,
    limit: Limit = MAX_LIMIT,
    before_version: Annotated[int | None, Query(ge=1)] = None,
) -> Response[Any]:
    with router.session() as session:
        changes = service.changes(session, vendor_id, limit, before_version)
    return reply(ChangeList.of(changes, router.caller))


@router.get(
    "/v1/vendors/<vendor_id>/breaker",
    summary="Where a vendor's breaker and limit stand",
    tags=_TAGS,
    responses={200: _STANDING},
)
@needs("scenarios:read")
def vendor_breaker(vendor_id: UUID) -> Response[Any]:
    with router.session() as session:
        standing = service.status(session, vendor_id)
    return reply(VendorStandingEnvelope.of(standing, router.caller))


def _shown(vendor: Vendor, status: int = 200) -> Response[Any]:
    headers = {"ETag": etag(vendor.id, vendor.version), "Location": f"/v1/vendors/{vendor.id}"}
    return reply(VendorEnvelope.of(vendor, router.caller), status, headers)
