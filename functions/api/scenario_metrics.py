"""The newest value of each metric, from the roll-up in Postgres."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import Body, Meta, meta
from sextant import bootstrap
from sextant.ids import ScenarioId
from sextant.outputs import service as outputs
from sextant.outputs.model import LatestMetric
from sextant.scenarios import service as scenarios
from sextant.settings.model import OUTPUTS_FLAG
from sextant.settings.service import FeatureDisabledError


class MetricBody(Body):
    metric: str
    tags: dict[str, str]
    asof_date: date
    value: float
    unit: str
    band_lower: float | None
    band_upper: float | None
    run_id: UUID
    computed_at: datetime

    @classmethod
    def of(cls, metric: LatestMetric) -> MetricBody:
        return cls.model_construct(**{name: getattr(metric, name) for name in cls.model_fields})


class MetricList(Body):
    data: list[MetricBody]
    meta: Meta


def register(api: Api) -> None:
    @api.get(
        "/v1/scenarios/<scenario_id>/metrics/latest",
        summary="Newest value of each metric",
        tags=["Outputs"],
        responses={200: answers("The metrics", MetricList)},
    )
    @needs("outputs:read")
    def latest_metrics(
        scenario_id: Annotated[UUID, Path()],
        metric_name: Annotated[str | None, Query(description="One metric, or several with commas")] = None,
    ) -> Response[Any]:
        caller = api.caller
        if not bootstrap.remembered_settings().of(caller.tenant).flag(OUTPUTS_FLAG):
            raise FeatureDisabledError("Outputs are switched off at the moment.")
        names = [name.strip() for name in metric_name.split(",")] if metric_name else None
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = outputs.latest_metrics(session, ScenarioId(scenario_id), names)
            if not found:
                scenarios.get(session, ScenarioId(scenario_id))
        return reply(
            MetricList.model_construct(data=[MetricBody.of(metric) for metric in found], meta=meta(caller))
        )
