"""Kill switches: set, lift, list, and who did it and why."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import StringConstraints

from functions.api.http.envelopes import AnswerBody, Envelope, ListEnvelope, RequestBody, answers, reply
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit
from functions.api.http.reasons import Reason
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.drivers.fields import UPPER
from sextant.identity import Caller, Permission
from sextant.ids import TenantId, tenant_id
from sextant.kill_switches import service as kill_switches
from sextant.kill_switches.errors import InvalidTargetError
from sextant.kill_switches.model import KillSwitch, SwitchChange, SwitchScope
from sextant.paging import DEFAULT_LIMIT
from sextant.storage import Database

_PERMISSIONS: dict[SwitchScope, Permission] = {
    "GLOBAL": "tenants:manage",
    "TENANT": "config:write",
    "WORKFLOW": "operations:write",
    "VENDOR": "operations:write",
}


class KillSwitchDocument(RequestBody):
    """A switch to set. `target` is a tenant, or the id of a workflow or vendor; of a global switch it is left out."""

    scope: Annotated[SwitchScope, UPPER]
    """What it is to stop."""
    target: Annotated[str, StringConstraints(max_length=200)] = ""
    """A tenant, or the id of a workflow or vendor; left out of a global switch."""
    reason: Reason


class KillSwitchLift(RequestBody):
    """`tenant_id` names the tenant whose switch it is, where that is not the caller's own."""

    reason: Reason
    tenant_id: Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$")] | None = None
    """The tenant whose switch it is, where it is not the caller's own."""


class KillSwitchBody(AnswerBody, shows=KillSwitch): ...


class SwitchChangeBody(AnswerBody, shows=SwitchChange, hides=("switch_id",)): ...


class KillSwitchEnvelope(Envelope[KillSwitchBody]): ...


class KillSwitchList(ListEnvelope[KillSwitchBody]): ...


class SwitchChangeList(ListEnvelope[SwitchChangeBody]): ...


router = Router("Kill switches")

_OK = answers("The kill switch", KillSwitchEnvelope)
_LIST = answers("Kill switches, newest first", KillSwitchList)
_CHANGES = answers("Changes of a kill switch, newest first", SwitchChangeList)


@router.post("/v1/kill-switches", summary="Set a kill switch", responses={200: _OK})
@needs("operations:write")
def set_kill_switch(document: Annotated[KillSwitchDocument, Body()]) -> Response[Any]:
    """Nothing in its scope starts from now on; what runs goes on. Setting one twice is the same as once."""
    caller = router.caller
    database, tenant, platform = _as_whom(caller, document.scope, document.target)
    return _shown(
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


@router.post("/v1/kill-switches/<switch_id>/lift", summary="Lift a kill switch", responses={200: _OK})
@needs("operations:write")
def lift_kill_switch(switch_id: UUID, document: Annotated[KillSwitchLift, Body()]) -> Response[Any]:
    """What waits in its scope starts again. One that the platform's own people set is lifted by them alone."""
    caller = router.caller
    platform = caller.may("tenants:manage")
    tenant = caller.tenant
    if document.tenant_id not in (None, tenant):
        caller.require("tenants:manage")
        tenant = TenantId(document.tenant_id or "")
    database = bootstrap.platform_database() if platform else bootstrap.database()
    with database.autocommit(tenant) as session:
        held = kill_switches.get(session, switch_id)
    caller.require(_PERMISSIONS[held.scope])
    return _shown(
        database.run(
            tenant,
            lambda session: kill_switches.lift(
                session, switch_id, document.reason, caller, platform=platform
            ),
            idempotent=True,
        )
    )


@router.get("/v1/kill-switches", summary="List kill switches", responses={200: _LIST})
@needs("scenarios:read")
def list_kill_switches(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    *,
    active: Annotated[bool | None, Query(description="Those that are set, or those that are lifted")] = None,
) -> Response[Any]:
    """Newest first: the tenant's own, and those of the platform that stop it."""
    read = partial(kill_switches.list_switches, active=active)
    return listing(router, KillSwitchList, f"kill switches {active}", limit, cursor, read)


@router.get("/v1/kill-switches/<switch_id>", summary="Get a kill switch", responses={200: _OK})
@needs("scenarios:read")
def get_kill_switch(switch_id: UUID) -> Response[Any]:
    """What it stops, and who set or lifted it last."""
    with router.session() as session:
        switch = kill_switches.get(session, switch_id)
    return reply(KillSwitchEnvelope.of(switch, router.caller))


@router.get(
    "/v1/kill-switches/<switch_id>/changes",
    summary="Who set and lifted a kill switch, and why",
    responses={200: _CHANGES},
)
@needs("scenarios:read")
def list_kill_switch_changes(
    switch_id: UUID, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response[Any]:
    """Newest first."""
    caller = router.caller
    scope = f"kill switch {switch_id}"
    # Who moved the global switch is for the platform's own people.
    database = bootstrap.platform_database() if caller.may("tenants:manage") else bootstrap.database()
    session = database.autocommit(caller.tenant)
    read = kill_switches.list_changes
    return listing(router, SwitchChangeList, scope, limit, cursor, read, switch_id, opened=session)


def _shown(switch: KillSwitch) -> Response[Any]:
    bootstrap.nudge_relay()
    return reply(KillSwitchEnvelope.of(switch, router.caller))


def _as_whom(caller: Caller, scope: SwitchScope, target: str) -> tuple[Database, TenantId, bool]:
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
