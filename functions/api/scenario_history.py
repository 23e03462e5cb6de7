"""What became of a scenario: its versions, what differs between them, its audit log."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from functions.api.differences import DifferenceBody
from functions.api.http.envelopes import AnswerBody, Envelope, ListEnvelope, answers, reply
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit
from functions.api.http.routing import Router, needs
from functions.api.scenarios import VersionBody, VersionEnvelope
from sextant.ids import RunId, ScenarioId
from sextant.paging import DEFAULT_LIMIT
from sextant.scenarios import service
from sextant.scenarios.model import Scenario, ScenarioEvent
from sextant.storage import Session

Number = Annotated[int, Query(ge=1, le=2**31 - 1)]


class VersionList(ListEnvelope[VersionBody]): ...


class ScenarioEventBody(AnswerBody, shows=ScenarioEvent, hides=("tenant_id",)): ...


class DifferenceList(Envelope[list[DifferenceBody]]): ...


class ScenarioEventList(ListEnvelope[ScenarioEventBody]): ...


router = Router("Scenarios")


@router.get(
    "/v1/scenarios/<scenario_id>/versions",
    summary="List the versions of a scenario",
    responses={200: answers("Versions, newest first", VersionList)},
)
@needs("scenarios:read")
def list_scenario_versions(
    scenario_id: UUID, limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None
) -> Response[Any]:
    """Newest first."""
    scope = f"versions {scenario_id}"
    return listing(router, VersionList, scope, limit, cursor, service.list_versions, ScenarioId(scenario_id))


@router.get(
    "/v1/scenarios/<scenario_id>/versions/<version>",
    summary="Get a version of a scenario",
    responses={200: answers("The version", VersionEnvelope)},
)
@needs("scenarios:read")
def get_scenario_version(
    scenario_id: UUID, version: Annotated[int, Path(ge=1, le=2**31 - 1, description="Which version, from 1")]
) -> Response[Any]:
    """The version as it was, whatever became of the scenario since."""
    with router.session() as session:
        scenario = service.get_version(session, ScenarioId(scenario_id), version)
    return reply(VersionEnvelope.of(scenario, router.caller))


@router.get(
    "/v1/scenarios/<scenario_id>/diff",
    summary="Differences between two versions, or between two scenarios",
    responses={200: answers("The differences only", DifferenceList)},
)
@needs("scenarios:read")
def diff_scenarios(
    scenario_id: UUID,
    from_version: Annotated[Number | None, Query(description="Without it, the present one")] = None,
    to_version: Annotated[Number | None, Query(description="Without it, the present one")] = None,
    other_id: Annotated[UUID | None, Query(description="Compare with this scenario instead")] = None,
) -> Response[Any]:
    """What differs between two versions, or with `other_id` between two scenarios. Drivers that only moved are MOVED."""
    with router.session() as session:
        before = _version(session, scenario_id, from_version)
        after = _version(session, other_id or scenario_id, to_version)
    return reply(DifferenceList.of(service.compare(before, after), router.caller))


@router.get(
    "/v1/scenarios/<scenario_id>/events",
    summary="Read the trail of a scenario and its runs",
    responses={200: answers("What happened, newest first", ScenarioEventList)},
)
@needs("scenarios:read")
def list_scenario_events(
    scenario_id: UUID,
    run_id: Annotated[UUID | None, Query()] = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Response[Any]:
    """Newest first: what was done to the scenario and what its runs went through."""
    scope = f"events {scenario_id} {run_id}"
    run = RunId(run_id) if run_id else None
    return listing(
        router, ScenarioEventList, scope, limit, cursor, service.list_events, ScenarioId(scenario_id), run
    )


def _version(session: Session, scenario: UUID, version: int | None) -> Scenario:
    if version is None:
        return service.get(session, ScenarioId(scenario))
    return service.get_version(session, ScenarioId(scenario), version).record
