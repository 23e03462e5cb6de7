"""Tenants: register, get, list, change. The platform's people see all, a tenant's people their own."""

from __future__ import annotations

from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query

from functions.api.http import cursors
from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import meta, page_meta
from functions.api.http.idempotency import Key, once
from functions.api.http.parameters import Limit, expected_version
from functions.api.operations_schemas import (
    ChangeBody,
    ChangeList,
    TenantBody,
    TenantChanges,
    TenantDocument,
    TenantEnvelope,
    TenantList,
)
from sextant import bootstrap
from sextant.identity import Caller
from sextant.ids import TenantId, tenant_id
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.storage import ALL_TENANTS, Database
from sextant.tenants import service as tenants
from sextant.tenants.errors import TenantNotFoundError
from sextant.tenants.model import Tenant

_TAGS = ["Tenants"]


def as_whom(caller: Caller, tenant: str) -> tuple[Database, TenantId]:
    """Where a tenant is looked at: another's is not there for who is not of the platform."""
    if tenant == caller.tenant:
        return bootstrap.database(), caller.tenant
    if not caller.may("tenants:manage"):
        raise TenantNotFoundError
    try:
        return bootstrap.platform_database(), tenant_id(tenant)
    except ValueError as error:
        raise TenantNotFoundError from error


def etag(tenant: Tenant) -> str:
    return f'"{tenant.tenant_id}.{tenant.version}"'


def register(api: Api) -> None:
    def shown(tenant: Tenant, status: int = 200) -> Response[Any]:
        body = TenantEnvelope.model_construct(data=TenantBody.of(tenant), meta=meta(api.caller))
        return reply(body, status, {"ETag": etag(tenant), "Location": f"/v1/tenants/{tenant.tenant_id}"})

    @api.post("/v1/tenants", summary="Register a tenant", tags=_TAGS, responses={201: _OK})
    @needs("tenants:manage")
    def create_tenant(
        document: Annotated[TenantDocument, Body()], idempotency_key: Key = None
    ) -> Response[Any]:
        caller = api.caller
        values = document.model_dump(exclude={"tenant_id"})

        def create() -> Response[Any]:
            return shown(
                bootstrap.platform_database().run(
                    TenantId(document.tenant_id),
                    lambda session: tenants.create(session, values, caller.subject),
                ),
                201,
            )

        return once(api, idempotency_key, create)

    @api.get("/v1/tenants", summary="List tenants", tags=_TAGS, responses={200: _LIST})
    @needs("tenants:manage")
    def list_tenants(limit: Limit = DEFAULT_LIMIT, cursor: str | None = None) -> Response[Any]:
        caller = api.caller
        request = cursors.decode(cursor, limit, "tenants")
        with bootstrap.platform_database().autocommit(ALL_TENANTS) as session:
            found = tenants.list_tenants(session, request)
        return reply(
            TenantList.model_construct(
                data=[TenantBody.of(tenant) for tenant in found.items],
                meta=page_meta(caller, found, "tenants"),
            )
        )

    @api.get("/v1/tenants/<tenant>", summary="Get a tenant", tags=_TAGS, responses={200: _OK})
    @needs("scenarios:read")
    def get_tenant(tenant: Annotated[str, Path()]) -> Response[Any]:
        database, asked = as_whom(api.caller, tenant)
        with database.autocommit(asked) as session:
            return shown(tenants.own(session))

    @api.patch("/v1/tenants/<tenant>", summary="Change a tenant", tags=_TAGS, responses={200: _OK})
    @needs("config:write")
    def change_tenant(
        tenant: Annotated[str, Path()],
        document: Annotated[TenantChanges, Body()],
        if_match: Annotated[str | None, Header(alias="If-Match")] = None,
    ) -> Response[Any]:
        caller = api.caller
        database, asked = as_whom(caller, tenant)
        changes = document.model_dump(exclude_unset=True)
        if "active" in changes:
            caller.require("tenants:manage")
        expected = expected_version(if_match, tenant)
        changed = database.run(
            asked,
            lambda session: tenants.change(session, changes, actor=caller.subject, expected=expected),
        )
        bootstrap.nudge_relay()
        bootstrap.operations_policies().forget(asked)
        return shown(changed)

    @api.get(
        "/v1/tenants/<tenant>/changes",
        summary="What was changed of a tenant, field by field, newest first",
        tags=_TAGS,
        responses={200: _CHANGES},
    )
    @needs("scenarios:read")
    def tenant_changes(
        tenant: Annotated[str, Path()],
        limit: Limit = MAX_LIMIT,
        before_version: Annotated[int | None, Query(ge=1)] = None,
    ) -> Response[Any]:
        caller = api.caller
        database, asked = as_whom(caller, tenant)
        with database.autocommit(asked) as session:
            found = tenants.changes(session, limit, before_version)
        return reply(
            ChangeList.model_construct(data=[ChangeBody.of(change) for change in found], meta=meta(caller))
        )


_OK = answers("The tenant", TenantEnvelope)
_LIST = answers("Tenants, newest first", TenantList)
_CHANGES = answers("Changes of single fields", ChangeList)
