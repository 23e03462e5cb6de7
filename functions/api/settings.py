"""Feature flags, rate limits, concurrency limits and configuration; and who changed them, why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from functions.api.http import cursors
from functions.api.http.envelopes import AnswerBody, Envelope, ListEnvelope, RequestBody, answers, reply
from functions.api.http.parameters import Limit
from functions.api.http.reasons import SettingReason
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.identity import Caller
from sextant.ids import TenantId
from sextant.paging import DEFAULT_LIMIT
from sextant.settings import service
from sextant.settings.model import JOURNAL, PLATFORM, Change, Kind, Name, Setting
from sextant.storage import ALL_TENANTS, Session

T = TypeVar("T")

Platform = Annotated[
    bool, Query(description="The default of every tenant instead of one's own; needs tenants:manage")
]


class NewValue(RequestBody):
    value: dict[str, Any]
    reason: SettingReason


class SettingBody(AnswerBody):
    kind: str
    name: str
    value: dict[str, Any]
    own: bool
    """Whether it was set for this tenant; otherwise it is the platform's."""
    updated_at: datetime
    updated_by: str
    reason: str
    by_platform: bool
    """Whether who manages tenants set it: then only they change it."""


class SettingChangeBody(AnswerBody, shows=Change, hides=("tenant_id",)): ...


class SettingEnvelope(Envelope[SettingBody]): ...


class SettingList(Envelope[list[SettingBody]]): ...


class SettingChangeList(ListEnvelope[SettingChangeBody]): ...


router = Router("Administration")


@router.get(
    "/v1/admin/config",
    summary="List the settings that hold",
    responses={200: answers("The settings", SettingList)},
)
@needs("config:write")
def list_settings(kind: Kind | None = None) -> Response[Any]:
    caller = router.caller
    with router.session() as session:
        settings = service.effective(session, caller.tenant, kind)
    return reply(SettingList.around([_shown(setting, caller.tenant) for setting in settings], caller))


@router.get(
    "/v1/admin/config-audit",
    summary="Read who changed which setting, and why",
    responses={200: answers("Changes, newest first", SettingChangeList)},
)
@needs("config:write")
def list_setting_changes(
    limit: Limit = DEFAULT_LIMIT,
    cursor: str | None = None,
    kind: Kind | None = None,
    platform: Platform = False,  # noqa: FBT002 a query parameter
) -> Response[Any]:
    caller = router.caller
    scope = f"config-audit {kind} {platform}"
    request = cursors.decode(cursor, limit, scope)
    page = _settle(
        caller, lambda session, tenant: service.audit(session, tenant, kind, request), platform=platform
    )
    return reply(SettingChangeList.of(page, scope, caller))


@router.put(
    "/v1/admin/config/<kind>/<name>",
    summary="Change a setting",
    responses={200: answers("The setting as it holds now", SettingEnvelope)},
)
@needs("config:write")
def put_setting(
    kind: Annotated[Kind, Path()],
    name: Annotated[Name, Path()],
    new: Annotated[NewValue, Body()],
    platform: Platform = False,  # noqa: FBT002
) -> Response[Any]:
    caller = router.caller
    changed = _settle(
        caller,
        lambda session, tenant: service.put(session, tenant, kind, name, new.value, new.reason, caller),
        platform=platform,
    )
    bootstrap.remembered_settings().forget(caller.tenant)
    _copy_switch(caller, kind, name, platform=platform)
    bootstrap.nudge_relay()
    body = _shown(changed, PLATFORM if platform else caller.tenant)
    return reply(SettingEnvelope.around(body, caller))


@router.delete(
    "/v1/admin/config/<kind>/<name>",
    summary="Remove a setting, so that the platform's holds again",
    responses={204: {"description": "Removed"}},
)
@needs("config:write")
def remove_setting(
    kind: Annotated[Kind, Path()],
    name: Annotated[Name, Path()],
    reason: Annotated[SettingReason, Query()],
    platform: Platform = False,  # noqa: FBT002
) -> Response[Any]:
    caller = router.caller
    _settle(
        caller,
        lambda session, tenant: service.remove(session, tenant, kind, name, reason, caller),
        platform=platform,
    )
    bootstrap.remembered_settings().forget(caller.tenant)
    _copy_switch(caller, kind, name, platform=platform)
    return Response(status_code=204, body="")


def _settle(caller: Caller, work: Callable[[Session, TenantId], T], *, platform: bool) -> T:
    """The result of `work` on the caller's own settings, or on the platform's: those are no tenant's."""
    if platform:
        caller.require("tenants:manage")
        return bootstrap.platform_database().run(ALL_TENANTS, lambda session: work(session, PLATFORM))
    return router.transaction(lambda session: work(session, caller.tenant))


def _copy_switch(caller: Caller, kind: Kind, name: str, *, platform: bool) -> None:
    """Copy the journal's switch to where it can be read without the database, if it was that which changed."""
    if (kind, name) == JOURNAL:
        from functions.api import journaling

        journaling.copy_switch(caller, platform=platform)


def _shown(setting: Setting, tenant: TenantId) -> SettingBody:
    return SettingBody.of(setting, own=setting.tenant_id == tenant)
