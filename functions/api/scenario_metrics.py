"""The newest value of each metric, from the roll-up in Postgres."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.http.envelopes import Envelope, answers, reply
from functions.api.http.routing import Router, needs
from functions.api.output_values import ValueBody
from sextant import bootstrap
from sextant.ids import ScenarioId
from sextant.outputs import service as outputs
from sextant.scenarios import service as scenarios
from sextant.settings.model import OUTPUTS_FLAG
from sextant.settings.service import FeatureDisabledError


class MetricBody(ValueBody):
    value: float
    run_id: UUID
    computed_at: datetime


class MetricList(Envelope[list[MetricBody]]): ...


router = Router()


@router.get(
    "/v1/scenarios/<scenario_id>/metrics/latest",
    summary="Newest value of each metric",
    tags=["Outputs"],
    responses={200: answers("The metrics", MetricList)},
)
@needs("outputs:read")
def latest_metrics(
    scenario_id: UUID,
    metric_name: Annotated[str | None, Query(description="One metric, or several with commas")] = None,
) -> Response[Any]:
    caller = router.caller
    if not bootstrap.remembered_settings().of(caller.tenant).flag(OUTPUTS_FLAG):
        raise FeatureDisabledError("Outputs are switched off at the moment.")
    names = [name.strip() for name in metric_name.split(",")] if metric_name else None
    with router.session() as session:
        metrics = outputs.latest_metrics(session, ScenarioId(scenario_id), names)
        if not metrics:
            scenarios.get(session, ScenarioId(scenario_id))
    return reply(MetricList.of(metrics, caller))
