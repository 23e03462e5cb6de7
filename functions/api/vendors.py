"""Vendors: create, get, list, change, delete, and what was changed."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query

from functions.api.http import cursors
from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import meta, page_meta
from functions.api.http.idempotency import Key, once
from functions.api.http.parameters import Limit, check_tenant, expected_version
from functions.api.operations_schemas import (
    ChangeBody,
    ChangeList,
    VendorBody,
    VendorChanges,
    VendorDocument,
    VendorEnvelope,
    VendorList,
    VendorStandingBody,
    VendorStandingEnvelope,
)
from sextant import bootstrap
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.vendors import service as vendors
from sextant.vendors.model import Vendor

_TAGS = ["Vendors"]


def etag(vendor: Vendor) -> str:
    return f'"{vendor.id}.{vendor.version}"'


def register(api: Api) -> None:
    def shown(vendor: Vendor, status: int = 200) -> Response[Any]:
        body = VendorEnvelope.model_construct(data=VendorBody.of(vendor), meta=meta(api.caller))
        return reply(body, status, {"ETag": etag(vendor), "Location": f"/v1/vendors/{vendor.id}"})

    @api.post("/v1/vendors", summary="Create a vendor", tags=_TAGS, responses={201: _OK})
    @needs("operations:write")
    def create_vendor(
        document: Annotated[VendorDocument, Body()], idempotency_key: Key = None
    ) -> Response[Any]:
        caller = api.caller
        check_tenant(document.tenant_id, caller)
        values = document.model_dump(exclude={"tenant_id"})

        def create() -> Response[Any]:
            return shown(
                bootstrap.database().run(
                    caller.tenant, lambda session: vendors.create(session, values, caller.subject)
                ),
                201,
            )

        return once(api, idempotency_key, create)

    @api.get("/v1/vendors", summary="List vendors", tags=_TAGS, responses={200: _LIST})
    @needs("scenarios:read")
    def list_vendors(limit: Limit = DEFAULT_LIMIT, cursor: str | None = None) -> Response[Any]:
        caller = api.caller
        request = cursors.decode(cursor, limit, "vendors")
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = vendors.list_vendors(session, request)
        return reply(
            VendorList.model_construct(
                data=[VendorBody.of(vendor) for vendor in found.items],
                meta=page_meta(caller, found, "vendors"),
            )
        )

    @api.get("/v1/vendors/<vendor_id>", summary="Get a vendor", tags=_TAGS, responses={200: _OK})
    @needs("scenarios:read")
    def get_vendor(vendor_id: Annotated[UUID, Path()]) -> Response[Any]:
        with bootstrap.database().autocommit(api.caller.tenant) as session:
            return shown(vendors.get(session, vendor_id))

    @api.patch("/v1/vendors/<vendor_id>", summary="Change a vendor", tags=_TAGS, responses={200: _OK})
    @needs("operations:write")
    def change_vendor(
        vendor_id: Annotated[UUID, Path()],
        document: Annotated[VendorChanges, Body()],
        if_match: Annotated[str | None, Header(alias="If-Match")] = None,
    ) -> Response[Any]:
        caller = api.caller
        changes = document.model_dump(exclude_unset=True)
        expected = expected_version(if_match, vendor_id)
        changed = bootstrap.database().run(
            caller.tenant,
            lambda session: vendors.change(
                session, vendor_id, changes, actor=caller.subject, expected=expected
            ),
        )

        return shown(changed)

    @api.delete(
        "/v1/vendors/<vendor_id>",
        summary="Delete a vendor",
        tags=_TAGS,
        responses={204: {"description": "Deleted"}},
    )
    @needs("operations:write")
    def delete_vendor(
        vendor_id: Annotated[UUID, Path()],
        if_match: Annotated[str | None, Header(alias="If-Match")] = None,
    ) -> Response[Any]:
        caller = api.caller
        expected = expected_version(if_match, vendor_id)
        bootstrap.database().run(
            caller.tenant,
            lambda session: vendors.delete(session, vendor_id, caller.subject, expected),
        )
        return Response(status_code=204, body="")

    @api.get(
        "/v1/vendors/<vendor_id>/changes",
        summary="What was changed of a vendor, field by field, newest first",
        tags=_TAGS,
        responses={200: _CHANGES},
    )
    @needs("scenarios:read")
    def vendor_changes(
        vendor_id: Annotated[UUID, Path()],
        limit: Limit = MAX_LIMIT,
        before_version: Annotated[int | None, Query(ge=1)] = None,
    ) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = vendors.changes(session, vendor_id, limit, before_version)
        return reply(
            ChangeList.model_construct(data=[ChangeBody.of(change) for change in found], meta=meta(caller))
        )

    @api.get(
        "/v1/vendors/<vendor_id>/breaker",
        summary="Where a vendor's breaker and limit stand",
        tags=_TAGS,
        responses={200: _STANDING},
    )
    @needs("scenarios:read")
    def vendor_breaker(vendor_id: Annotated[UUID, Path()]) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = vendors.standing(session, vendor_id)
        return reply(
            VendorStandingEnvelope.model_construct(data=VendorStandingBody.of(found), meta=meta(caller))
        )


_OK = answers("The vendor", VendorEnvelope)
_LIST = answers("Vendors, newest first", VendorList)
_CHANGES = answers("Changes of single fields", ChangeList)
_STANDING = answers("The breaker and the limit", VendorStandingEnvelope)
