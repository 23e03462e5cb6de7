"""Kill switches: set, lift, list, and who did it and why."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from functions.api.http import cursors
from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import meta, page_meta
from functions.api.http.parameters import Limit
from functions.api.operations_schemas import (
    KillSwitchBody,
    KillSwitchDocument,
    KillSwitchEnvelope,
    KillSwitchLift,
    KillSwitchList,
    SwitchChangeBody,
    SwitchChangeList,
)
from sextant import bootstrap
from sextant.identity import Caller, Permission
from sextant.ids import TenantId, tenant_id
from sextant.kill_switches import service as kill_switches
from sextant.kill_switches.errors import InvalidTargetError
from sextant.kill_switches.model import KillSwitch, SwitchScope
from sextant.paging import DEFAULT_LIMIT
from sextant.storage import Database

_TAGS = ["Kill switches"]
_PERMISSIONS: dict[SwitchScope, Permission] = {
    "GLOBAL": "tenants:manage",
    "TENANT": "config:write",
    "WORKFLOW": "operations:write",
    "VENDOR": "operations:write",
}


def as_whom(caller: Caller, scope: SwitchScope, target: str) -> tuple[Database, TenantId, bool]:
    """Where a switch of this scope is set, for which tenant, and whether by the platform.

    The platform sets the global switch and those of any tenant; a tenant's own people set theirs.
    """
    caller.require(_PERMISSIONS[scope])
    if scope == "GLOBAL":
        return bootstrap.platform_database(), caller.tenant, True
    if scope == "TENANT" and target not in ("", caller.tenant):
        caller.require("tenants:manage")
        try:
            return bootstrap.platform_database(), tenant_id(target), True
        except ValueError as error:
            raise InvalidTargetError("target is no tenant's id.") from error
    return bootstrap.database(), caller.tenant, False


def register(api: Api) -> None:
    def shown(switch: KillSwitch) -> Response[Any]:
        bootstrap.nudge_relay()
        return reply(
            KillSwitchEnvelope.model_construct(data=KillSwitchBody.of(switch), meta=meta(api.caller))
        )

    @api.post("/v1/kill-switches", summary="Set a kill switch", tags=_TAGS, responses={200: _OK})
    @needs("operations:write")
    def activate(document: Annotated[KillSwitchDocument, Body()]) -> Response[Any]:
        caller = api.caller
        database, tenant, platform = as_whom(caller, document.scope, document.target)
        return shown(
            database.run(
                tenant,
                lambda session: kill_switches.activate(
                    session,
                    document.scope,
                    document.target,
                    reason=document.reason,
                    caller=caller,
                    platform=platform,
                ),
                idempotent=True,
            )
        )

    @api.post(
        "/v1/kill-switches/<switch_id>/lift", summary="Lift a kill switch", tags=_TAGS, responses={200: _OK}
    )
    @needs("operations:write")
    def lift(
        switch_id: Annotated[UUID, Path()], document: Annotated[KillSwitchLift, Body()]
    ) -> Response[Any]:
        caller = api.caller
        platform = caller.may("tenants:manage")
        tenant = caller.tenant
        if document.tenant_id not in (None, tenant):
            caller.require("tenants:manage")
            tenant = TenantId(document.tenant_id or "")
        database = bootstrap.platform_database() if platform else bootstrap.database()
        with database.autocommit(tenant) as session:
            held = kill_switches.get(session, switch_id)
        caller.require(_PERMISSIONS[held.scope])
        return shown(
            database.run(
                tenant,
                lambda session: kill_switches.lift(
                    session, switch_id, document.reason, caller, platform=platform
                ),
                idempotent=True,
            )
        )

    @api.get("/v1/kill-switches", summary="List kill switches", tags=_TAGS, responses={200: _LIST})
    @needs("scenarios:read")
    def list_switches(
        limit: Limit = DEFAULT_LIMIT,
        cursor: str | None = None,
        *,
        active: Annotated[bool | None, Query()] = None,
    ) -> Response[Any]:
        caller = api.caller
        scope = f"kill switches {active}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = kill_switches.list_switches(session, request, active=active)
        return reply(
            KillSwitchList.model_construct(
                data=[KillSwitchBody.of(switch) for switch in found.items],
                meta=page_meta(caller, found, scope),
            )
        )

    @api.get("/v1/kill-switches/<switch_id>", summary="Get a kill switch", tags=_TAGS, responses={200: _OK})
    @needs("scenarios:read")
    def get_switch(switch_id: Annotated[UUID, Path()]) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = kill_switches.get(session, switch_id)
        return reply(KillSwitchEnvelope.model_construct(data=KillSwitchBody.of(found), meta=meta(caller)))

    @api.get(
        "/v1/kill-switches/<switch_id>/changes",
        summary="Who set and lifted a kill switch, and why",
        tags=_TAGS,
        responses={200: _CHANGES},
    )
    @needs("scenarios:read")
    def list_changes(
        switch_id: Annotated[UUID, Path()], limit: Limit = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Response[Any]:
        caller = api.caller
        scope = f"kill switch {switch_id}"
        request = cursors.decode(cursor, limit, scope)
        # Who moved the global switch is for the platform's own people.
        database = bootstrap.platform_database() if caller.may("tenants:manage") else bootstrap.database()
        with database.autocommit(caller.tenant) as session:
            found = kill_switches.list_changes(session, switch_id, request)
        return reply(
            SwitchChangeList.model_construct(
                data=[SwitchChangeBody.of(change) for change in found.items],
                meta=page_meta(caller, found, scope),
            )
        )


_OK = answers("The kill switch", KillSwitchEnvelope)
_LIST = answers("Kill switches, newest first", KillSwitchList)
_CHANGES = answers("Changes of a kill switch, newest first", SwitchChangeList)
