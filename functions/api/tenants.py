"""Tenants: register, get, list, change. The platform's people see all, a tenant's people their own."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import Field, StringConstraints

from functions.api.http.changes import CHANGES, BeforeVersion, ChangeList, Changes, change_key
from functions.api.http.envelopes import (
    AnswerBody,
    Envelope,
    Flag,
    ListEnvelope,
    RequestBody,
    ShortName,
    answers,
    reply,
)
from functions.api.http.etag import IfMatch, etag, expected_version
from functions.api.http.headers import ETAG, LOCATION
from functions.api.http.idempotency import Key, once
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.identity import Caller
from sextant.ids import TenantId, tenant_id
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.storage import ALL_TENANTS, Database
from sextant.tenants import service
from sextant.tenants.errors import TenantNotFoundError
from sextant.tenants.model import Tenant

Named = Annotated[str, Path(description="The tenant's id")]


class TenantDocument(RequestBody):
    _about = Tenant

    tenant_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")]
    name: ShortName
    active: Flag = True
    settings: dict[str, Any] = Field(default_factory=dict)


class TenantChanges(Changes):
    _about = Tenant

    name: ShortName | None = None
    active: Flag | None = None
    settings: dict[str, Any] | None = None


class TenantBody(AnswerBody, shows=Tenant, hides=("id", "deleted_at")):
    version: int
    """Counts its changes, from 1; 0 of a tenant that works without having been registered."""
    created_at: datetime | None
    """When it was registered."""
    created_by: str | None
    """Who registered it."""
    updated_at: datetime | None
    """When it was changed last."""
    updated_by: str | None
    """Who changed it last."""


class TenantEnvelope(Envelope[TenantBody]): ...


class TenantList(ListEnvelope[TenantBody]): ...


router = Router("Tenants")

_OK = answers("The tenant", TenantEnvelope, ETAG, LOCATION)
_LIST = answers("Tenants, newest first", TenantList)


@router.post("/v1/tenants", summary="Register a tenant", responses={201: _OK})
@needs("tenants:manage")
def create_tenant(document: Annotated[TenantDocument, Body()], idempotency_key: Key = None) -> Response[Any]:
    """People whose tokens name it are served from now on."""
    caller = router.caller
    values = document.model_dump(exclude={"tenant_id"})

    def create() -> Response[Any]:
        return _shown(
            bootstrap.platform_database().run(
                TenantId(document.tenant_id),
                lambda session: service.create(session, values, caller.subject),
            ),
            201,
        )

    return once(router, idempotency_key, create)


@router.get("/v1/tenants", summary="List tenants", responses={200: _LIST})
@needs("tenants:manage")
def list_tenants(limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response[Any]:
    """Newest first."""
    session = bootstrap.platform_database().autocommit(ALL_TENANTS)
    return listing(router, TenantList, "tenants", limit, cursor, service.list_tenants, opened=session)


@router.get("/v1/tenants/<tenant>", summary="Get a tenant", responses={200: _OK})
@needs("scenarios:read")
def get_tenant(tenant: Named) -> Response[Any]:
    """The caller's own; for who manages tenants any."""
    database, owner = _as_whom(router.caller, tenant)
    with database.autocommit(owner) as session:
        registered = service.find(session)
    if registered is not None:
        return _shown(registered)
    if owner != router.caller.tenant:
        raise TenantNotFoundError
    return reply(TenantEnvelope.around(_unregistered(owner), router.caller))


@router.patch("/v1/tenants/<tenant>", summary="Change a tenant", responses={200: _OK})
@needs("config:write")
def change_tenant(
    tenant: Named, document: Annotated[TenantChanges, Body()], if_match: IfMatch = None
) -> Response[Any]:
    """What is left out stays. `active` is for who manages tenants: of one that is not active nothing is served or run."""
    caller = router.caller
    database, owner = _as_whom(caller, tenant)
    changes = document.model_dump(exclude_unset=True)
    if "active" in changes:
        caller.require("tenants:manage")
    expected = expected_version(if_match, tenant)
    changed = database.run(
        owner,
        lambda session: service.change(session, changes, actor=caller.subject, expected=expected),
    )
    bootstrap.nudge_relay()
    bootstrap.operations_policies().forget(owner)
    return _shown(changed)


@router.get(
    "/v1/tenants/<tenant>/changes",
    summary="What was changed of a tenant, field by field, newest first",
    responses={200: CHANGES},
)
@needs("scenarios:read")
def list_tenant_changes(
    tenant: Named,
    limit: Limit = MAX_LIMIT,
    cursor: Cursor = None,
    before_version: BeforeVersion = None,
) -> Response[Any]:
    """Newest first."""
    database, owner = _as_whom(router.caller, tenant)
    scope = f"changes of tenant {owner} {before_version}"
    return listing(
        router,
        ChangeList,
        scope,
        limit,
        cursor,
        service.changes,
        before_version,
        opened=database.autocommit(owner),
        key_of=change_key,
    )


def _shown(tenant: Tenant, status: int = 200) -> Response[Any]:
    headers = {"ETag": etag(tenant.tenant_id, tenant.version), "Location": f"/v1/tenants/{tenant.tenant_id}"}
    return reply(TenantEnvelope.of(tenant, router.caller), status, headers)


def _unregistered(tenant: TenantId) -> TenantBody:
    """What holds for a tenant that tokens name and nobody registered."""
    nobody: dict[str, Any] = dict.fromkeys(("created_at", "created_by", "updated_at", "updated_by"))
    return TenantBody.model_construct(
        tenant_id=tenant, name=tenant, active=True, settings={}, version=0, **nobody
    )


def _as_whom(caller: Caller, tenant: str) -> tuple[Database, TenantId]:
    """Where a tenant is looked at: another's is not there for who is not of the platform."""
    if tenant == caller.tenant:
        return bootstrap.database(), caller.tenant
    if not caller.may("tenants:manage"):
        raise TenantNotFoundError
    try:
        return bootstrap.platform_database(), tenant_id(tenant)
    except ValueError as error:
        raise TenantNotFoundError from error
