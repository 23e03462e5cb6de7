"""The newest value of each metric of a run, from what Postgres keeps of it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.http.envelopes import Envelope, Meta, answers, reply
from functions.api.http.parameters import broken, listed, renamed
from functions.api.http.routing import Router, needs
from functions.api.output_parameters import Metrics, OldMetric, check_switched_on
from functions.api.output_values import ValueBody
from sextant.canonical import decode
from sextant.ids import RunId, ScenarioId
from sextant.outputs import service as outputs
from sextant.outputs.model import ResultRun
from sextant.scenarios import service as scenarios
from sextant.scenarios.model import Scenario


class MetricBody(ValueBody):
    value: float
    """In `unit`. Where something is random, the median of the draws."""
    run_id: UUID
    computed_at: datetime
    """When the run computed it."""


class MetricMeta(Meta):
    run_id: UUID | None
    """The run that is read; null where none of the scenario as it stands has a result."""
    scenario_version: int
    """The version that the run computed; without a run, the present one."""
    parameters: dict[str, Any]
    """The parameters that the run computed with; without a run, the scenario's."""
    seed: int | None
    """The run's; null without one."""
    code_version: str | None
    """The version of the code that computed it; null without a run."""


class MetricList(Envelope[list[MetricBody]]):
    meta: MetricMeta


router = Router("Outputs")


@router.get(
    "/v1/scenarios/<scenario_id>/metrics/latest",
    summary="Newest value of each metric of the scenario as it stands, or of a run",
    responses={200: answers("The metrics", MetricList)},
)
@needs("outputs:read")
def get_latest_metrics(
    scenario_id: UUID,
    metric: Metrics = None,
    metric_name: OldMetric = None,
    run_id: Annotated[
        UUID | None,
        Query(
            description="Without it, the newest run that succeeded with the scenario's present assumptions and parameters"
        ),
    ] = None,
) -> Response[Any]:
    """The values that a dashboard shows, from the newest run that succeeded with what the scenario says now; without one the list is
    empty and `meta` says so.
    """
    caller = router.caller
    check_switched_on(caller)
    metric = renamed("metric", metric, "metric_name", metric_name)
    names = [name.strip() for name in metric.split(",")] if metric else None
    with router.session() as session:
        run = outputs.result_run(session, ScenarioId(scenario_id), RunId(run_id) if run_id else None)
        metrics = outputs.latest_metrics(session, run.id, names) if run else []
        if run and names and (missing := set(names).difference(metric.metric for metric in metrics)):
            known = {metric.metric for metric in outputs.latest_metrics(session, run.id, None)}
            raise broken("metric", "exists", f"must be of {listed(known)}, not {min(missing)!r}")
        scenario = None if run else scenarios.get(session, ScenarioId(scenario_id))
    body = MetricList.of(metrics, caller)
    body.meta = _meta(caller.request_id, run, scenario)
    return reply(body)


def _meta(request_id: str, run: ResultRun | None, scenario: Scenario | None) -> MetricMeta:
    if run is None:
        assert scenario is not None, "read where there is no run"
        return MetricMeta.model_construct(
            request_id=request_id,
            run_id=None,
            scenario_version=scenario.version,
            parameters=decode(scenario.parameters),
            seed=None,
            code_version=None,
        )
    return MetricMeta.model_construct(
        request_id=request_id,
        run_id=run.id,
        scenario_version=run.scenario_version,
        parameters=decode(run.parameters),
        seed=run.seed,
        code_version=run.code_version,
    )
