"""The result of a run: all that its model says of it, beside the values that the outputs hold."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from pydantic import ConfigDict, Field, ValidationError

from functions.api.http.envelopes import AnswerBody, Deferred, Envelope, answers, reply
from functions.api.http.routing import Router, needs
from functions.api.output_parameters import check_switched_on
from sextant.canonical import decode
from sextant.ids import RunId, ScenarioId
from sextant.outputs import service
from sextant.outputs.model import ComputedRun


class _Said(Deferred):
    """Something that the model says; a later version, or a plug-in, may say more."""

    model_config = ConfigDict(extra="allow")


class ResultBaselineBody(_Said):
    """The system that was computed."""

    name: str
    """Its name."""
    version: str | None = None
    """Its version."""
    digest: str | None = None
    """SHA-256 of its tables: equal digests are equal systems."""
    illustrative: bool | None = None
    """Whether its numbers are made up to show the model, as the built-in baseline's are."""


class BandsBody(_Said):
    """Which percentiles of the draws `band_lower`, `value` and `band_upper` of the outputs are."""

    lower: str
    """Of `band_lower`, such as `P5`."""
    value: str
    """Of `value`, such as `P50`."""
    upper: str
    """Of `band_upper`, such as `P95`."""


class PercentileBody(_Said):
    """A percentile of the draws."""

    percent: float
    """Which one, above 0 and below 100."""
    value: float
    """Linear between draws."""
    standard_error: float | None = None
    """Null for one draw."""
    cvar: float | None = None
    """The mean of the share of draws beyond it, below for less than 50 and above for more; null for the median."""


class StatisticsBody(_Said):
    """What the draws say of a value that stands for all years, and how sure that is."""

    unit: str
    """The currency."""
    mean: float
    """Of the draws."""
    standard_error: float | None = None
    """Of the mean; null for one draw."""
    percentiles: list[PercentileBody]
    """5, 50, 95 and those that the parameter `percentiles` names, in order."""


class ShareBody(_Said):
    """What one assumption adds to the change in NPV."""

    label: str
    """The path of the assumption, or what else adds to the change."""
    driver_type: str
    """Its kind."""
    eur: float
    """In whole cents of the result's currency."""


class AttributionBody(_Said):
    """How the change in NPV against the untouched baseline divides: the shares add up to it to the cent."""

    metric: str
    """What is divided: `npv`."""
    reference: float
    """The metric of the untouched baseline."""
    result: float
    """The metric of the run."""
    change: float
    """`result` − `reference`."""
    shares: list[ShareBody]
    """One for each assumption, and for what else adds to the change."""
    method: str
    """How it was divided."""


class ModelSaysBody(AnswerBody):
    """What a model says of its result; what it does not say is null or empty."""

    model: str | None = None
    """Its name."""
    model_version: str | None = None
    """Its version."""
    limits: list[str] = Field(default_factory=list)
    """What the model leaves out, one sentence each."""
    warnings: list[Any] = Field(default_factory=list)
    """What the reader should know of the inputs, such as a driver that acts in no year of the horizon."""
    baseline: ResultBaselineBody | None = None
    """The system that was computed."""
    currency: str | None = None
    """ISO 4217; all money of the result is in it."""
    price_year: int | None = None
    """The year of whose money all money is."""
    parameters: dict[str, Any] = Field(default_factory=dict)
    """As the model completed them; those that were asked for where it does not say."""
    draws: int | None = None
    """How many draws the bands are of; 0 where nothing is random."""
    bands: BandsBody | None = None
    """Which percentiles the bands are; null where nothing is random."""
    statistics: dict[str, StatisticsBody] | None = None
    """By metric, `npv` and `system_cost_npv`; those of yearly values are outputs of the metric `<metric>.statistics`. Null where nothing is random."""
    certificate: Any = None
    """The proof that the result is optimal, where the model gives one."""


class ResultBody(ModelSaysBody):
    """What was computed, from what and with which limits."""

    run_id: UUID
    scenario_id: UUID
    scenario_name: str
    """The scenario's present name."""
    scenario_version: int
    """The version that was computed."""
    version_hash: str
    """SHA-256 of all that decides the result."""
    completed_at: datetime | None
    """When the run ended."""
    code_version: str
    """The version of the code that computed it."""
    seed: int
    """The seed of the draws."""
    output_rows: int | None
    """How many rows the outputs have."""
    attribution: AttributionBody | None
    """Null where the run asked for none."""
    metadata: dict[str, Any]
    """All that the model says, in its own words."""


class ResultEnvelope(Envelope[ResultBody]): ...


router = Router("Outputs")

_RESULT = answers("The result", ResultEnvelope)


@router.get(
    "/v1/scenarios/<scenario_id>/runs/<run_id>/result",
    summary="Get what the model says of a run's result",
    responses={200: _RESULT},
)
@needs("outputs:read")
def get_scenario_run_result(scenario_id: UUID, run_id: UUID) -> Response[Any]:
    """Model, version and limits, the baseline with its digest, currency, parameters as resolved, seed, draws, warnings, statistics
    of the draws, and how the change in NPV divides among the assumptions. The values are the outputs'. A run without a result is 409.
    """
    return result_answer(router, run_id, scenario_id)


def result_answer(router: Router, run_id: UUID, scenario_id: UUID | None = None) -> Response[Any]:
    """The result of the run, where it is one of the scenario if one is given."""
    caller = router.caller
    check_switched_on(caller)
    with router.session() as session:
        run = service.result_of(
            session, RunId(run_id), None if scenario_id is None else ScenarioId(scenario_id)
        )
    return reply(ResultEnvelope.around(_body(run), caller))


def _body(run: ComputedRun) -> ResultBody:
    said = _understood(run.metadata)
    values = {name: getattr(said, name) for name in ModelSaysBody.model_fields}
    attribution = (run.result or {}).get("attribution")
    return ResultBody.of(
        run,
        **values | {"parameters": said.parameters or decode(run.parameters)},
        run_id=run.id,
        attribution=None if attribution is None else AttributionBody.model_validate(attribution),
        metadata=dict(run.metadata),
    )


def _understood(metadata: Mapping[str, Any]) -> ModelSaysBody:
    """What the metadata says in our words: a plug-in may mean something else by one of them."""
    known = {name: metadata[name] for name in ModelSaysBody.model_fields if name in metadata}
    try:
        return ModelSaysBody.model_validate(known)
    except ValidationError as error:
        others = {item["loc"][0] for item in error.errors(include_url=False, include_input=False)}
        return ModelSaysBody.model_validate({name: known[name] for name in known if name not in others})
