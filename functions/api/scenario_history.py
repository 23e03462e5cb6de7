"""What became of a scenario: its versions, what differs between them, its trail."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from functions.api.http import cursors
from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import meta, page_meta
from functions.api.http.parameters import Limit
from functions.api.scenario_schemas import (
    DifferenceBody,
    DifferenceList,
    EventBody,
    EventList,
    VersionBody,
    VersionEnvelope,
    VersionList,
)
from sextant import bootstrap
from sextant.ids import RunId, ScenarioId
from sextant.paging import DEFAULT_LIMIT
from sextant.scenarios import service
from sextant.scenarios.model import Scenario, ScenarioVersion
from sextant.storage import Session

Number = Annotated[int, Query(ge=1, le=2**31 - 1)]


def register(api: Api) -> None:
    @api.get(
        "/v1/scenarios/<scenario_id>/versions",
        summary="List the versions of a scenario",
        tags=["Scenarios"],
        responses={200: answers("Versions, newest first", VersionList)},
    )
    @needs("scenarios:read")
    def list_versions(
        scenario_id: Annotated[UUID, Path()], limit: Limit = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Response[Any]:
        caller = api.caller
        scope = f"versions {scenario_id}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = service.list_versions(session, ScenarioId(scenario_id), request)
        return reply(
            VersionList.model_construct(
                data=[VersionBody.of(version) for version in found.items],
                meta=page_meta(caller, found, scope),
            )
        )

    @api.get(
        "/v1/scenarios/<scenario_id>/versions/<version>",
        summary="Get a version of a scenario",
        tags=["Scenarios"],
        responses={200: answers("The version", VersionEnvelope)},
    )
    @needs("scenarios:read")
    def get_version(
        scenario_id: Annotated[UUID, Path()], version: Annotated[int, Path(ge=1, le=2**31 - 1)]
    ) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = service.get_version(session, ScenarioId(scenario_id), version)
        return reply(VersionEnvelope.model_construct(data=VersionBody.of(found), meta=meta(caller)))

    @api.get(
        "/v1/scenarios/<scenario_id>/diff",
        summary="Differences between two versions, or between two scenarios",
        tags=["Scenarios"],
        responses={200: answers("The differences only", DifferenceList)},
    )
    @needs("scenarios:read")
    def compare(
        scenario_id: Annotated[UUID, Path()],
        from_version: Annotated[Number | None, Query(description="Without it, the present one")] = None,
        to_version: Annotated[Number | None, Query(description="Without it, the present one")] = None,
        other_id: Annotated[UUID | None, Query(description="Compare with this scenario instead")] = None,
    ) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            before = _stand(session, scenario_id, from_version)
            after = _stand(session, other_id or scenario_id, to_version)
        return reply(
            DifferenceList.model_construct(
                data=[DifferenceBody.of(item) for item in service.compare(before, after)], meta=meta(caller)
            )
        )

    @api.get(
        "/v1/scenarios/<scenario_id>/events",
        summary="Read the trail of a scenario and its runs",
        tags=["Scenarios"],
        responses={200: answers("What happened, newest first", EventList)},
    )
    @needs("scenarios:read")
    def list_events(
        scenario_id: Annotated[UUID, Path()],
        run_id: Annotated[UUID | None, Query()] = None,
        limit: Limit = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Response[Any]:
        caller = api.caller
        scope = f"events {scenario_id} {run_id}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = service.list_events(
                session, ScenarioId(scenario_id), RunId(run_id) if run_id else None, request
            )
        return reply(
            EventList.model_construct(
                data=[EventBody.of(event) for event in found.items], meta=page_meta(caller, found, scope)
            )
        )


def _stand(session: Session, scenario: UUID, version: int | None) -> Scenario | ScenarioVersion:
    if version is None:
        return service.get(session, ScenarioId(scenario))
    return service.get_version(session, ScenarioId(scenario), version)
