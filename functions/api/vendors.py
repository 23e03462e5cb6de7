"""Vendors: create, get, list, change, delete, and what was changed."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field

from functions.api.http.changes import CHANGES, BeforeVersion, Changes
from functions.api.http.envelopes import (
    AnswerBody,
    Description,
    Envelope,
    ListEnvelope,
    Retries,
    ShortName,
    answers,
    reply,
)
from functions.api.http.etag import IfMatch
from functions.api.http.headers import ETAG, LOCATION
from functions.api.http.idempotency import Key
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit
from functions.api.http.plain_noun import NewThing, PlainNoun
from functions.api.http.routing import Router, needs
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.vendors import service
from sextant.vendors.model import Vendor, VendorStatus

Threshold = Annotated[int, Field(strict=True, ge=1, le=1000)]
Seconds = Annotated[int, Field(strict=True, ge=1, le=86_400)]
Rate = Annotated[int, Field(strict=True, ge=1, le=1_000_000)]


class VendorDocument(NewThing):
    _about = Vendor

    name: ShortName
    description: Description = ""
    failure_threshold: Threshold = 5
    reset_seconds: Seconds = 60
    rate_per_minute: Rate | None = None
    max_retries: Retries = 3


class VendorChanges(Changes):
    _about = Vendor
    _clearable = frozenset({"rate_per_minute"})

    name: ShortName | None = None
    description: Description | None = None
    failure_threshold: Threshold | None = None
    reset_seconds: Seconds | None = None
    rate_per_minute: Rate | None = None
    max_retries: Retries | None = None


class VendorBody(AnswerBody, shows=Vendor, hides=("tenant_id", "deleted_at")): ...


class VendorStandingBody(AnswerBody, shows=VendorStatus): ...


class VendorEnvelope(Envelope[VendorBody]): ...


class VendorList(ListEnvelope[VendorBody]): ...


class VendorStandingEnvelope(Envelope[VendorStandingBody]): ...


router = Router("Vendors")
vendors = PlainNoun(router, "/v1/vendors", VendorEnvelope, service)

_OK = answers("The vendor", VendorEnvelope, ETAG, LOCATION)
_LIST = answers("Vendors, newest first", VendorList)
_STANDING = answers("The breaker and the limit", VendorStandingEnvelope)


@router.post("/v1/vendors", summary="Create a vendor", responses={201: _OK})
@needs("operations:write")
def create_vendor(document: Annotated[VendorDocument, Body()], idempotency_key: Key = None) -> Response[Any]:
    """A name that is taken is 409."""
    return vendors.create(document, idempotency_key)


@router.get("/v1/vendors", summary="List vendors", responses={200: _LIST})
@needs("scenarios:read")
def list_vendors(limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response[Any]:
    """Newest first."""
    return listing(router, VendorList, "vendors", limit, cursor, service.list_vendors)


@router.get("/v1/vendors/<vendor_id>", summary="Get a vendor", responses={200: _OK})
@needs("scenarios:read")
def get_vendor(vendor_id: UUID) -> Response[Any]:
    """Its settings; `/breaker` says how it stands."""
    return vendors.get(vendor_id)


@router.patch("/v1/vendors/<vendor_id>", summary="Change a vendor", responses={200: _OK})
@needs("operations:write")
def change_vendor(
    vendor_id: UUID, document: Annotated[VendorChanges, Body()], if_match: IfMatch = None
) -> Response[Any]:
    """What is left out stays. With `If-Match` only where nobody changed it since: else 412."""
    return vendors.change(vendor_id, document, if_match)


@router.delete(
    "/v1/vendors/<vendor_id>", summary="Delete a vendor", responses={204: {"description": "Deleted"}}
)
@needs("operations:write")
def delete_vendor(vendor_id: UUID, if_match: IfMatch = None) -> Response[Any]:
    """With `If-Match` only where nobody changed it since: else 412."""
    return vendors.delete(vendor_id, if_match)


@router.get(
    "/v1/vendors/<vendor_id>/changes",
    summary="What was changed of a vendor, field by field, newest first",
    responses={200: CHANGES},
)
@needs("scenarios:read")
def list_vendor_changes(
    vendor_id: UUID,
    limit: Limit = MAX_LIMIT,
    cursor: Cursor = None,
    before_version: BeforeVersion = None,
) -> Response[Any]:
    """Newest first."""
    return vendors.changes(vendor_id, limit, cursor, before_version)


@router.get(
    "/v1/vendors/<vendor_id>/breaker",
    summary="Where a vendor's breaker and limit stand",
    responses={200: _STANDING},
)
@needs("scenarios:read")
def get_vendor_breaker(vendor_id: UUID) -> Response[Any]:
    """Whether calls are let through, and how many count against the limit."""
    with router.session() as session:
        standing = service.status(session, vendor_id)
    return reply(VendorStandingEnvelope.of(standing, router.caller))
