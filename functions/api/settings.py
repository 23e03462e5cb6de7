"""Feature flags, rate limits, concurrency limits and configuration; and who changed them, why."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query

from functions.api.http import cursors
from functions.api.http.envelopes import AnswerBody, Envelope, ListEnvelope, RequestBody, answers, reply
from functions.api.http.listing import small_listing
from functions.api.http.parameters import Cursor, Limit
from functions.api.http.reasons import SettingReason
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.identity import Caller
from sextant.ids import TenantId
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.settings import service
from sextant.settings.model import JOURNAL, PLATFORM, Change, Kind, Name, Setting
from sextant.storage import ALL_TENANTS, Session

T = TypeVar("T")

Platform = Annotated[
    bool, Query(description="The default of every tenant instead of one's own; needs tenants:manage")
]


OfKind = Annotated[Kind | None, Query(description="Of this kind")]


class NewValue(RequestBody):
    value: dict[str, Any]
    """Its members are those of its kind: a flag has `enabled`, a rate limit `limit` and `window_seconds`."""
    reason: SettingReason


class SettingBody(AnswerBody, shows=Setting, hides=("tenant_id",)):
    own: bool
    """Whether it was set for this tenant; otherwise it is the platform's."""


class SettingChangeBody(AnswerBody, shows=Change, hides=("tenant_id",)): ...


class SettingEnvelope(Envelope[SettingBody]): ...


class SettingList(ListEnvelope[SettingBody]): ...


class SettingChangeList(ListEnvelope[SettingChangeBody]): ...


router = Router("Administration")


@router.get(
    "/v1/admin/config",
    summary="List the settings that hold",
    responses={200: answers("The settings", SettingList)},
)
@needs("config:write")
def list_settings(kind: OfKind = None, limit: Limit = MAX_LIMIT, cursor: Cursor = None) -> Response[Any]:
    """The tenant's own settings, and the platform's where it has none."""
    caller = router.caller
    with router.session() as session:
        settings = service.effective(session, caller.tenant, kind)
    bodies = [_shown(setting, caller.tenant) for setting in settings]
    return small_listing(
        router, SettingList, f"config {kind}", limit, cursor, bodies, lambda one: (one.kind, one.name)
    )


@router.get(
    "/v1/admin/config-audit",
    summary="Read who changed which setting, and why",
    responses={200: answers("Changes, newest first", SettingChangeList)},
)
@needs("config:write")
def list_setting_changes(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    kind: OfKind = None,
    platform: Platform = False,  # noqa: FBT002 a query parameter
) -> Response[Any]:
    """Newest first: what held before and since, who changed it and why."""
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
    kind: Annotated[Kind, Path(description="Of which kind the setting is")],
    name: Annotated[Name, Path(description="Which setting, such as `outputs` or `scenarios.run`")],
    new: Annotated[NewValue, Body()],
    platform: Platform = False,  # noqa: FBT002
) -> Response[Any]:
    """Sets the tenant's own value, which holds within seconds; with `platform` the default of every tenant."""
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
    kind: Annotated[Kind, Path(description="Of which kind the setting is")],
    name: Annotated[Name, Path(description="Which setting, such as `outputs` or `scenarios.run`")],
    reason: Annotated[SettingReason, Query(description="Why; it is kept with the change")],
    platform: Platform = False,  # noqa: FBT002
) -> Response[Any]:
    """Removes the tenant's own value, so that the platform's holds again."""
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
