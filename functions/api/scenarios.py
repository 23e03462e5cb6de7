"""Scenarios: create, check, get, list, replace, change, fork, delete, restore."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import ConfigDict, Field

from functions.api.http import cursors
from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import meta, page_meta
from functions.api.http.idempotency import Key, once
from functions.api.http.parameters import IfMatch, Limit, Moment, check_span, check_tenant, expected_version
from functions.api.scenario_schemas import (
    ScenarioBody,
    ScenarioDraft,
    ScenarioEnvelope,
    ScenarioList,
    ScenarioPreview,
    VersionBody,
    VersionEnvelope,
)
from sextant import bootstrap
from sextant.drivers.fields import UPPER
from sextant.identity import Caller
from sextant.ids import ScenarioId
from sextant.paging import DEFAULT_LIMIT
from sextant.scenarios import service
from sextant.scenarios.documents import Name, ScenarioChanges, ScenarioDocument
from sextant.scenarios.model import Scenario, ScenarioFilter, Status
from sextant.storage import Session
from sextant.storage.errors import UniqueViolation


class NewScenario(ScenarioDocument):
    """A scenario to be stored; `tenant_id`, where given, must be the token's."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    tenant_id: str | None = None


class ChangedScenario(ScenarioChanges):
    """What is to be different; `tenant_id`, where given, must be the token's."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    tenant_id: str | None = None


class Fork(ChangedScenario):
    """What the copy has different, its name above all; `version` says which version is copied."""

    name: Name
    version: Annotated[int, Field(strict=True, ge=1)] | None = None


def change(
    caller: Caller, scenario: UUID, document: ScenarioDocument | ScenarioChanges, if_match: str | None
) -> Scenario:
    version = expected_version(if_match, scenario)
    return named(
        caller,
        document.name,
        lambda session: service.update(session, ScenarioId(scenario), document, version, caller),
    )


def answer(scenario: Scenario, caller: Caller, status: int = 200) -> Response[Any]:
    """The scenario with its entity tag, and where it was created its place."""
    headers = {"ETag": scenario.etag}
    if status == HTTPStatus.CREATED:
        headers["Location"] = f"/v1/scenarios/{scenario.id}"
    return reply(
        ScenarioEnvelope.model_construct(data=ScenarioBody.of(scenario), meta=meta(caller)), status, headers
    )


def named(caller: Caller, name: str | None, work: Callable[[Session], Scenario]) -> Scenario:
    """The result of `work`, or the error that says which scenario has the `name` it would take."""
    database = bootstrap.database()
    try:
        return database.run(caller.tenant, work)
    except UniqueViolation as violation:
        refused = violation
    raise database.run(
        caller.tenant, lambda session: service.name_taken(session, name or "", refused)
    ) from refused


def register(api: Api) -> None:
    _register_writing(api)
    _register_reading(api)


def _register_writing(api: Api) -> None:
    @api.post("/v1/scenarios", summary="Create a scenario", tags=["Scenarios"], responses={201: _OK})
    @needs("scenarios:write")
    def create_scenario(
        document: Annotated[NewScenario, Body()], idempotency_key: Key = None
    ) -> Response[Any]:
        caller = api.caller
        check_tenant(document.tenant_id, caller)

        def create() -> Response[Any]:
            created = named(caller, document.name, lambda session: service.create(session, document, caller))
            return answer(created, caller, 201)

        return once(api, idempotency_key, create)

    @api.put(
        "/v1/scenarios/<scenario_id>", summary="Replace a scenario", tags=["Scenarios"], responses={200: _OK}
    )
    @needs("scenarios:write")
    def replace_scenario(
        scenario_id: Annotated[UUID, Path()],
        document: Annotated[NewScenario, Body()],
        if_match: IfMatch = None,
    ) -> Response[Any]:
        caller = api.caller
        check_tenant(document.tenant_id, caller)
        return answer(change(caller, scenario_id, document, if_match), caller)

    @api.patch(
        "/v1/scenarios/<scenario_id>",
        summary="Change some fields of a scenario",
        tags=["Scenarios"],
        responses={200: _OK},
    )
    @needs("scenarios:write")
    def update_scenario(
        scenario_id: Annotated[UUID, Path()],
        changes: Annotated[ChangedScenario, Body()],
        if_match: IfMatch = None,
    ) -> Response[Any]:
        check_tenant(changes.tenant_id, api.caller)
        return answer(change(api.caller, scenario_id, changes, if_match), api.caller)

    @api.post(
        "/v1/scenarios/<scenario_id>/restore",
        summary="Restore a deleted scenario",
        tags=["Scenarios"],
        responses={200: _OK},
    )
    @needs("scenarios:delete")
    def restore_scenario(scenario_id: Annotated[UUID, Path()]) -> Response[Any]:
        caller = api.caller
        restored = named(
            caller, None, lambda session: service.restore(session, ScenarioId(scenario_id), caller)
        )
        return answer(restored, caller)

    @api.post(
        "/v1/scenarios:validate",
        summary="Check a scenario without storing it",
        tags=["Scenarios"],
        responses={200: _DRAFT},
    )
    @needs("scenarios:write")
    def validate_scenario(document: Annotated[NewScenario, Body()]) -> Response[Any]:
        caller = api.caller
        check_tenant(document.tenant_id, caller)
        with bootstrap.database().autocommit(caller.tenant) as session:
            taken_by = service.holder_of(session, document.name)
        return reply(
            ScenarioPreview.model_construct(data=ScenarioDraft.of(document, taken_by), meta=meta(caller))
        )

    @api.post(
        "/v1/scenarios/<scenario_id>/fork",
        summary="Copy a scenario with changes",
        tags=["Scenarios"],
        responses={201: _OK},
    )
    @needs("scenarios:write")
    def fork_scenario(
        scenario_id: Annotated[UUID, Path()],
        fork: Annotated[Fork, Body()],
        idempotency_key: Key = None,
    ) -> Response[Any]:
        caller = api.caller
        check_tenant(fork.tenant_id, caller)

        def create() -> Response[Any]:
            forked = named(
                caller,
                fork.name,
                lambda session: service.fork(session, ScenarioId(scenario_id), fork.version, fork, caller),
            )
            return answer(forked, caller, 201)

        return once(api, idempotency_key, create)

    @api.delete(
        "/v1/scenarios/<scenario_id>",
        summary="Delete a scenario",
        tags=["Scenarios"],
        responses={204: {"description": "Deleted"}},
    )
    @needs("scenarios:delete")
    def delete_scenario(
        scenario_id: Annotated[UUID, Path()],
        if_match: IfMatch = None,
    ) -> Response[Any]:
        caller = api.caller
        version = expected_version(if_match, scenario_id)
        bootstrap.database().run(
            caller.tenant, lambda session: service.delete(session, ScenarioId(scenario_id), version, caller)
        )
        bootstrap.nudge_relay()
        return Response(status_code=204, body="")


def _register_reading(api: Api) -> None:
    @api.get("/v1/scenarios", summary="List scenarios", tags=["Scenarios"], responses={200: _LIST})
    @needs("scenarios:read")
    def list_scenarios(
        limit: Limit = DEFAULT_LIMIT,
        cursor: str | None = None,
        status: Annotated[Status | None, UPPER, Query()] = None,
        name: Annotated[str | None, Query(max_length=200)] = None,
        tag: Annotated[str | None, Query(max_length=64)] = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
    ) -> Response[Any]:
        caller = api.caller
        check_span(created_after, created_before)
        where = ScenarioFilter(status, name, tag, created_after, created_before)
        scope = f"scenarios {where}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = service.list_scenarios(session, where, request)
        return reply(
            ScenarioList.model_construct(
                data=[ScenarioBody.of(scenario) for scenario in found.items],
                meta=page_meta(caller, found, scope),
            )
        )

    @api.get(
        "/v1/scenarios/<scenario_id>",
        summary="Get a scenario, as it is or as it stood",
        tags=["Scenarios"],
        responses={200: _AT_ANY_TIME},
    )
    @needs("scenarios:read")
    def get_scenario(
        scenario_id: Annotated[UUID, Path()],
        as_of: Annotated[Moment | None, Query(description="The scenario as it stood at this instant")] = None,
        if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None,
    ) -> Response[Any]:
        caller = api.caller
        if as_of is not None:
            with bootstrap.database().autocommit(caller.tenant) as session:
                then = service.get_as_of(session, ScenarioId(scenario_id), as_of)
            return reply(VersionEnvelope.model_construct(data=VersionBody.of(then), meta=meta(caller)))
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = service.get(session, ScenarioId(scenario_id))
        if if_none_match is not None and found.etag in if_none_match:
            return Response(status_code=304, body="", headers={"ETag": found.etag})
        return answer(found, caller)


_DRAFT = answers("The scenario as it would be stored", ScenarioPreview)
_OK = answers("The scenario", ScenarioEnvelope)
_AT_ANY_TIME: OpenAPIResponse = {
    "description": "The scenario; with as_of the version that stood then",
    "content": {"application/json": {"model": ScenarioEnvelope | VersionEnvelope}},
}
_LIST = answers("Scenarios, newest first", ScenarioList)
