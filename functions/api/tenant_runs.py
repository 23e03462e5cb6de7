"""The runs of all of a tenant's scenarios: list, get, cancel, and what came of one."""

from __future__ import annotations

from typing import Annotated, Any, Self
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.http.envelopes import ListEnvelope, answers
from functions.api.http.etag import IfNoneMatch
from functions.api.http.listing import listing
from functions.api.http.parameters import (
    CreatedAfter,
    CreatedBefore,
    Cursor,
    Limit,
    States,
    check_span,
    several,
)
from functions.api.http.routing import Router, needs
from functions.api.results import ResultEnvelope, result_answer
from functions.api.runs import LIVE, OK, RunBody, Wait, cancelled, watched
from sextant.drivers.parameters import BUILT_IN
from sextant.ids import RunId, ScenarioId
from sextant.paging import DEFAULT_LIMIT
from sextant.runs import service
from sextant.runs.model import STATES, ListedRun, Run, TenantRunFilter


class ListedRunBody(RunBody):
    scenario_name: str
    """The scenario's present name."""
    model: str
    """The model that computes it."""

    @classmethod
    def of(cls, thing: ListedRun, **values: Any) -> Self:
        body = super().of(thing, model="", **values)
        body.model = body.parameters.get("model", BUILT_IN)
        return body


class ListedRunList(ListEnvelope[ListedRunBody]): ...


router = Router("Runs")


@router.get(
    "/v1/runs",
    summary="List the runs of all scenarios",
    responses={200: answers("Runs, newest first", ListedRunList)},
)
@needs("scenarios:read")
def list_runs(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    state: States = None,
    scenario_id: Annotated[UUID | None, Query(description="The runs of this scenario")] = None,
    model: Annotated[
        str | None,
        Query(description=f"The runs of this model; those that name none are of {BUILT_IN}", max_length=64),
    ] = None,
    created_by: Annotated[
        str | None, Query(description="Who asked for the run, exactly", max_length=255)
    ] = None,
    created_after: CreatedAfter = None,
    created_before: CreatedBefore = None,
) -> Response[Any]:
    """Newest first; the parts of split runs are left out. Everything given narrows."""
    check_span(created_after, created_before)
    where = TenantRunFilter(
        several("state", state, STATES),
        None if scenario_id is None else ScenarioId(scenario_id),
        model,
        created_by,
        created_after,
        created_before,
    )
    return listing(router, ListedRunList, f"all runs {where}", limit, cursor, service.list_of_tenant, where)


@router.get(
    "/v1/runs/<run_id>",
    summary="Get a run of any scenario, or wait for it to change",
    responses={200: LIVE},
)
@needs("scenarios:read")
def get_run(run_id: UUID, wait: Wait = 0, if_none_match: IfNoneMatch = None) -> Response[Any]:
    """With `wait` the answer comes when the run has ended, or with `If-None-Match` when it has changed, at the latest after so many
    seconds. A run that has ended is answered at once.
    """

    def look() -> Run:
        with router.session() as session:
            return service.get_anywhere(session, RunId(run_id))

    return watched(router, look, wait, if_none_match)


@router.post(
    "/v1/runs/<run_id>/cancel",
    summary="Cancel a run of any scenario",
    responses={200: OK},
)
@needs("runs:cancel")
def cancel_run(run_id: UUID) -> Response[Any]:
    """Cancelling twice is the same as once. A run that has ended, or is being published, is 409."""
    return cancelled(router, run_id)


@router.get(
    "/v1/runs/<run_id>/result",
    summary="Get what the model says of the result of a run of any scenario",
    responses={200: answers("The result", ResultEnvelope)},
)
@needs("outputs:read")
def get_run_result(run_id: UUID) -> Response[Any]:
    """The same as under the run's scenario."""
    return result_answer(router, run_id)
