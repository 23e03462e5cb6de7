"""Feature flags, rate limits, concurrency limits and configuration; and who changed them, why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path, Query
from pydantic import BaseModel, ConfigDict

from functions.api.http import cursors
from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import Envelope, ListEnvelope, Meta, meta, page_meta
from functions.api.http.parameters import Limit
from sextant import bootstrap
from sextant.identity import Caller
from sextant.ids import TenantId
from sextant.paging import DEFAULT_LIMIT
from sextant.settings import service
from sextant.settings.model import JOURNAL, PLATFORM, Change, Kind, Name, Reason, Setting
from sextant.storage import ALL_TENANTS, Session

T = TypeVar("T")

Platform = Annotated[
    bool, Query(description="The default of every tenant instead of one's own; needs tenants:manage")
]


class NewValue(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    value: dict[str, Any]
    reason: Reason


class SettingBody(BaseModel):
    model_config = ConfigDict(defer_build=True)

    kind: str
    name: str
    value: dict[str, Any]
    own: bool
    """Whether it was set for this tenant; otherwise it is the platform's."""
    updated_at: datetime
    updated_by: str
    reason: str

    @classmethod
    def of(cls, setting: Setting, tenant: TenantId) -> SettingBody:
        return cls.model_construct(
            own=setting.tenant_id == tenant,
            **{name: getattr(setting, name) for name in cls.model_fields if name != "own"},
        )


class ChangeBody(BaseModel):
    model_config = ConfigDict(defer_build=True)

    id: UUID
    kind: str
    name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    actor: str
    reason: str
    occurred_at: datetime

    @classmethod
    def of(cls, change: Change) -> ChangeBody:
        return cls.model_construct(**{name: getattr(change, name) for name in cls.model_fields})


class SettingEnvelope(Envelope[SettingBody]): ...


class SettingList(BaseModel):
    model_config = ConfigDict(defer_build=True)

    data: list[SettingBody]
    meta: Meta


class ChangeList(ListEnvelope[ChangeBody]): ...


def settle(caller: Caller, work: Callable[[Session, TenantId], T], *, platform: bool) -> T:
    """The result of `work` on the caller's own settings, or on the platform's: those are no tenant's."""
    if platform:
        caller.require("tenants:manage")
        return bootstrap.platform_database().run(ALL_TENANTS, lambda session: work(session, PLATFORM))
    return bootstrap.database().run(caller.tenant, lambda session: work(session, caller.tenant))


def copy_switch(caller: Caller, kind: Kind, name: str, *, platform: bool) -> None:
    """Copy the journal's switch to where it can be read without the database, if it was that which changed."""
    if (kind, name) == JOURNAL:
        from functions.api import journaling

        journaling.copy_switch(caller, platform=platform)


def register(api: Api) -> None:
    @api.get(
        "/v1/admin/config",
        summary="List the settings that hold",
        tags=["Administration"],
        responses={200: answers("The settings", SettingList)},
    )
    @needs("config:write")
    def list_settings(kind: Kind | None = None) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = service.effective(session, caller.tenant, kind)
        return reply(
            SettingList.model_construct(
                data=[SettingBody.of(setting, caller.tenant) for setting in found], meta=meta(caller)
            )
        )

    @api.get(
        "/v1/admin/config-audit",
        summary="Read who changed which setting, and why",
        tags=["Administration"],
        responses={200: answers("Changes, newest first", ChangeList)},
    )
    @needs("config:write")
    def read_audit(
        limit: Limit = DEFAULT_LIMIT,
        cursor: str | None = None,
        kind: Kind | None = None,
        platform: Platform = False,  # noqa: FBT002 a query parameter
    ) -> Response[Any]:
        caller = api.caller
        scope = f"config-audit {kind} {platform}"
        request = cursors.decode(cursor, limit, scope)
        found = settle(
            caller, lambda session, tenant: service.audit(session, tenant, kind, request), platform=platform
        )
        return reply(
            ChangeList.model_construct(
                data=[ChangeBody.of(change) for change in found.items], meta=page_meta(caller, found, scope)
            )
        )

    @api.put(
        "/v1/admin/config/<kind>/<name>",
        summary="Change a setting",
        tags=["Administration"],
        responses={200: answers("The setting as it holds now", SettingEnvelope)},
    )
    @needs("config:write")
    def put_setting(
        kind: Annotated[Kind, Path()],
        name: Annotated[Name, Path()],
        new: Annotated[NewValue, Body()],
        platform: Platform = False,  # noqa: FBT002
    ) -> Response[Any]:
        caller = api.caller
        changed = settle(
            caller,
            lambda session, tenant: service.put(session, tenant, kind, name, new.value, new.reason, caller),
            platform=platform,
        )
        bootstrap.remembered_settings().forget(caller.tenant)
        copy_switch(caller, kind, name, platform=platform)
        bootstrap.nudge_relay()
        return reply(
            SettingEnvelope.model_construct(
                data=SettingBody.of(changed, PLATFORM if platform else caller.tenant), meta=meta(caller)
            )
        )

    @api.delete(
        "/v1/admin/config/<kind>/<name>",
        summary="Remove a setting, so that the platform's holds again",
        tags=["Administration"],
        responses={204: {"description": "Removed"}},
    )
    @needs("config:write")
    def remove_setting(
        kind: Annotated[Kind, Path()],
        name: Annotated[Name, Path()],
        reason: Annotated[Reason, Query()],
        platform: Platform = False,  # noqa: FBT002
    ) -> Response[Any]:
        caller = api.caller
        settle(
            caller,
            lambda session, tenant: service.remove(session, tenant, kind, name, reason, caller),
            platform=platform,
        )
        bootstrap.remembered_settings().forget(caller.tenant)
        copy_switch(caller, kind, name, platform=platform)
        return Response(status_code=204, body="")
