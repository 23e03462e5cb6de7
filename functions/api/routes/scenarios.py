"""Scenarios: create, get, list, delete."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from pydantic import AwareDatetime, ConfigDict

from functions.api.app import Api, InvalidParameterError, needs, reply
from functions.api.schemas import ScenarioBody, ScenarioEnvelope, ScenarioList, meta, page_meta
from sextant import bootstrap
from sextant.errors import FieldError, ForbiddenError, VersionConflictError
from sextant.http import cursors
from sextant.ids import ScenarioId
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.scenarios import service
from sextant.scenarios.drivers import UPPER
from sextant.scenarios.model import ScenarioDocument, ScenarioFilter, Status
from sextant.storage.errors import UniqueViolation
from sextant.tenancy import Caller

Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT)]
Moment = AwareDatetime


class NewScenario(ScenarioDocument):
    """A scenario to be stored; `tenant_id`, where given, must be the token's."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    tenant_id: str | None = None


def check_tenant(given: str | None, caller: Caller) -> None:
    """A body cannot choose its tenant: it may only repeat the token's."""
    if given is not None and given != caller.tenant:
        raise ForbiddenError(
            "tenant_id in the body is not the caller's tenant.",
            errors=[FieldError("tenant_id", "own_tenant", "must equal the tenant of the token")],
        )


def check_span(after: datetime | None, before: datetime | None) -> None:
    if after is not None and before is not None and after > before:
        raise InvalidParameterError(
            "created_after must not lie after created_before.",
            errors=[FieldError("created_after", "order", "must not lie after created_before")],
        )


def expected_version(if_match: str | None, scenario: UUID) -> int | None:
    """The version that `If-Match` demands; None where any will do."""
    if if_match is None or if_match.strip() == "*":
        return None
    tag = if_match.strip().strip('"')
    name, _, version = tag.rpartition(".")
    if name != str(scenario) or not version.isdigit():
        raise VersionConflictError("If-Match names another entity.")
    return int(version)


def register(api: Api) -> None:
    @api.post("/v1/scenarios", summary="Create a scenario", tags=["Scenarios"], responses={201: _OK})
    @needs("scenarios:write")
    def create_scenario(document: Annotated[NewScenario, Body()]) -> Response[Any]:
        caller = api.caller
        check_tenant(document.tenant_id, caller)
        database = bootstrap.database()
        try:
            created = database.run(caller.tenant, lambda session: service.create(session, document, caller))
        except UniqueViolation as violation:
            raise database.run(
                caller.tenant, lambda session: service.name_taken(session, document.name, violation)
            ) from violation
        return reply(
            ScenarioEnvelope.model_construct(data=ScenarioBody.of(created), meta=meta(caller)),
            201,
            {"Location": f"/v1/scenarios/{created.id}", "ETag": created.etag},
        )

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
        "/v1/scenarios/<scenario_id>", summary="Get a scenario", tags=["Scenarios"], responses={200: _OK}
    )
    @needs("scenarios:read")
    def get_scenario(
        scenario_id: Annotated[UUID, Path()],
        if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None,
    ) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = service.get(session, ScenarioId(scenario_id))
        if if_none_match is not None and found.etag in if_none_match:
            return Response(status_code=304, body="", headers={"ETag": found.etag})
        return reply(
            ScenarioEnvelope.model_construct(data=ScenarioBody.of(found), meta=meta(caller)),
            headers={"ETag": found.etag},
        )

    @api.delete(
        "/v1/scenarios/<scenario_id>",
        summary="Delete a scenario",
        tags=["Scenarios"],
        responses={204: {"description": "Deleted"}},
    )
    @needs("scenarios:delete")
    def delete_scenario(
        scenario_id: Annotated[UUID, Path()],
        if_match: Annotated[str | None, Header(alias="If-Match")] = None,
    ) -> Response[Any]:
        caller = api.caller
        version = expected_version(if_match, scenario_id)
        bootstrap.database().run(
            caller.tenant, lambda session: service.delete(session, ScenarioId(scenario_id), version, caller)
        )
        bootstrap.nudge_relay()
        return Response(status_code=204, body="")


_OK = {"description": "The scenario", "content": {"application/json": {"model": ScenarioEnvelope}}}
_LIST = {"description": "Scenarios, newest first", "content": {"application/json": {"model": ScenarioList}}}
