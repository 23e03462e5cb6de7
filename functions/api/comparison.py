"""Runs side by side, of one scenario or several: which is better, by how much, and what differs in their inputs."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import BaseModel

from functions.api.compared_values import ComparedRowBody, ComparedSeriesBody
from functions.api.comparison_bodies import ComparedRunBody, ComparisonBody
from functions.api.differences import DifferenceBody
from functions.api.http.envelopes import answers
from functions.api.http.headers import DISPOSITION
from functions.api.http.parameters import broken, renamed
from functions.api.http.routing import Router, needs
from functions.api.output_parameters import (
    Bom,
    Decimal,
    End,
    Metrics,
    OldMetric,
    Separator,
    SnapshotId,
    Start,
    TagPairs,
    check_switched_on,
    snapshot_of,
)
from functions.api.output_query import (
    SnapshotMeta,
    check_metrics,
    check_names,
    csv_style,
    filter_of,
    json_answer,
    readable,
    reader,
    tag_pairs,
)
from functions.api.outputs import LINK, accepted, file_answer, media_types
from sextant.errors import FieldError
from sextant.identity import Caller
from sextant.ids import ScenarioId
from sextant.lake.read.compare import Comparison, RunReference
from sextant.lake.read.export import CsvStyle, ExportFormat
from sextant.lake.read.query import OutputFilter
from sextant.outputs import comparison as service
from sextant.outputs.model import ComputedRun
from sextant.runs.errors import RunNotFoundError
from sextant.storage import Session

MAX_COMPARED = 20
_FORMATS = {"csv": ExportFormat.CSV, "parquet": ExportFormat.PARQUET}
_YEARS = re.compile(r"([0-9]{4})(?:-([0-9]{4}))?")


class ComparisonEnvelope(BaseModel):
    data: ComparisonBody
    meta: SnapshotMeta


class ComparedList(BaseModel):
    data: list[ComparedRowBody] | list[ComparedSeriesBody]
    """Rows; with `shape=series` one item for each metric, tags and unit."""
    meta: SnapshotMeta


_COMPARISON = answers(
    "The runs, what differs in their inputs, and their values; or the values as a file",
    ComparisonEnvelope,
    DISPOSITION,
    **media_types(_FORMATS),
)
_ROWS = answers(
    "One item a metric, date and tags, with each run's difference to the baseline; or the values as a file",
    ComparedList,
    DISPOSITION,
    **media_types(_FORMATS),
)

Runs = Annotated[
    str, Query(description=f"The runs to compare: ids with commas, {MAX_COMPARED} at most", max_length=4000)
]
Years = Annotated[
    str | None, Query(description="A year, or the first and the last: 2030, or 2026-2035", max_length=9)
]

Form = Annotated[Literal["json", "csv", "parquet"] | None, Query(description="A file of the rows instead")]
Shape = Annotated[
    Literal["rows", "series"] | None,
    Query(
        description="`series`: one item a metric, tags and unit, with its dates `t`, and of the baseline and each run values `v`,"
        " differences, and where there are bands `lo` (P5) and `hi` (P95)"
    ),
]

router = Router("Outputs")


@router.get(
    "/v1/compare",
    summary="Compare runs of any scenarios with a baseline run",
    responses={200: _COMPARISON, 303: LINK},
)
@needs("outputs:read")
def compare_runs(
    runs: Runs,
    baseline: Annotated[UUID, Query(description="The run that the others are compared with")],
    metric: Metrics = None,
    technology: Annotated[
        str | None, Query(description="The same as the tag `technology`", max_length=100)
    ] = None,
    years: Years = None,
    tags: TagPairs = None,
    snapshot_id: SnapshotId = None,
    format: Form = None,  # noqa: A002 (public name)
    separator: Separator = None,
    decimal: Decimal = None,
    bom: Bom = None,
    shape: Shape = None,
    accept: Annotated[str, Header()] = "",
) -> Response[Any]:
    """Answers which run is better, by how much and why: per metric, date and tags the value of each run, its difference to the baseline
    run and the relative one, and beside them what differs in the assumptions, parameters, model, baseline and seed. All values are read
    from one snapshot. A run that the tenant does not have is 404, one that has no result 409; both name it.
    """
    caller = router.caller
    others = references(runs)
    start, end = span_of(years)
    if technology is not None:
        if "technology" in tag_pairs(tags):
            raise broken("technology", "unique_key", "must not stand beside a tag of this name")
        tags = f"{tags},technology:{technology}" if tags else f"technology:{technology}"
    where = filter_of(start=start, end=end, tags=tags)
    form = _form_of(format, accept, shape)
    style = csv_style(form, separator, decimal, bom=bom)
    check_switched_on(caller)
    with router.session() as session:
        base, *compared = named_runs(session, baseline, others)
    question = Question(caller, base, compared, metric, where, snapshot_of(snapshot_id))
    if form is not None:
        return question.file(form, style)
    comparison = question.answer()
    return json_answer(
        comparison_of(base, compared, comparison, shape), caller.request_id, comparison.snapshot_id
    )


@router.get(
    "/v1/scenarios/<scenario_id>/outputs/compare",
    summary="Compare runs with a baseline run: the values only",
    responses={200: _ROWS, 303: LINK},
)
@needs("outputs:read")
def compare_outputs(
    scenario_id: UUID,
    baseline: Annotated[UUID, Query(description="The run that the others are compared with")],
    runs: Annotated[
        str,
        Query(
            description="Runs of the tenant: ids with commas; an id may have its scenario's and a colon before it",
            max_length=4000,
        ),
    ],
    metric: Metrics = None,
    metric_name: OldMetric = None,
    start: Start = None,
    end: End = None,
    tags: TagPairs = None,
    snapshot_id: SnapshotId = None,
    format: Form = None,  # noqa: A002 (public name)
    separator: Separator = None,
    decimal: Decimal = None,
    bom: Bom = None,
    shape: Shape = None,
    accept: Annotated[str, Header()] = "",
) -> Response[Any]:
    """The rows of `GET /v1/compare`, which also says what differs in the inputs; or the same as CSV or Parquet."""
    caller = router.caller
    others = references(runs)
    metric = renamed("metric", metric, "metric_name", metric_name)
    where = filter_of(start=start, end=end, tags=tags)
    form = _form_of(format, accept, shape)
    style = csv_style(form, separator, decimal, bom=bom)
    readable(caller, scenario_id)
    with router.session() as session:
        base, *compared = named_runs(session, baseline, others)
    question = Question(caller, base, compared, metric, where, snapshot_of(snapshot_id))
    if form is not None:
        return question.file(form, style)
    comparison = question.answer()
    data = _values(comparison, shape)["series" if shape == "series" else "rows"]
    return json_answer(data, caller.request_id, comparison.snapshot_id)


def references(text: str) -> list[tuple[UUID, UUID | None]]:
    """Runs as `run` or `scenario:run`, with commas: each run, and its scenario where it is named."""
    runs: list[tuple[UUID, UUID | None]] = []
    try:
        for part in text.split(","):
            head, colon, tail = part.strip().partition(":")
            runs.append((UUID(tail), UUID(head)) if colon else (UUID(head), None))
    except ValueError as error:
        raise broken("runs", "uuid", "must be run ids with commas") from error
    if len(runs) > MAX_COMPARED:
        raise broken("runs", "too_long", f"must be at most {MAX_COMPARED} runs")
    if len({run for run, _ in runs}) != len(runs):
        raise broken("runs", "unique", "must name each run once")
    return runs


def span_of(years: str | None) -> tuple[date | None, date | None]:
    """The first and the last day of `2030` or `2026-2035`."""
    if years is None:
        return None, None
    match = _YEARS.fullmatch(years.strip())
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not 1 <= first <= last:
        raise broken("years", "format", "must be a year, or the first and the last: 2030, or 2026-2035")
    return date(first, 1, 1), date(last, 12, 31)


def named_runs(
    session: Session, baseline: UUID, others: Sequence[tuple[UUID, UUID | None]]
) -> list[ComputedRun]:
    """The baseline run and the others. Raises `RunNotFoundError` and `RunWithoutResultError`, which name them."""
    named = {"baseline": baseline, **{f"runs[{place}]": run for place, (run, _) in enumerate(others)}}
    runs = service.runs_to_compare(session, named)
    for place, (run, (_, scenario)) in enumerate(zip(runs[1:], others, strict=True)):
        if scenario not in (None, run.scenario_id):
            message = f"names {run.id}, which is no run of the scenario {scenario}"
            raise RunNotFoundError(
                f"runs[{place}] {message}.", errors=[FieldError(f"runs[{place}]", "exists", message)]
            )
    return runs


def _form_of(name: str | None, accept: str, shape: str | None) -> ExportFormat | None:
    """The file that is asked for; None for JSON. Raises `InvalidParameterError` for a file of a shape."""
    form = _FORMATS.get(name or "", None if name else accepted(accept, _FORMATS.values()))
    if form is not None and shape is not None:
        raise broken("shape", "not_applicable", "goes only with JSON: a file holds rows")
    return form


@dataclass(frozen=True)
class Question:
    """Runs to be compared with one of them."""

    caller: Caller
    baseline: ComputedRun
    runs: Sequence[ComputedRun]
    metric: str | None
    where: OutputFilter
    snapshot: int | None

    def answer(self) -> Comparison:
        """The runs' values. Raises `InvalidParameterError` for a metric or tag that none of their scenarios has."""
        comparison = reader().comparison(self.caller.tenant, *self._what())
        missing = set(self._metrics).difference(row.metric for row in comparison.rows)
        if missing or not comparison.rows:
            self._check_names(missing)
        return comparison

    def file(self, form: ExportFormat, style: CsvStyle) -> Response[Any]:
        """The same as a file; raises as `answer` does."""
        self._check_names(self._metrics)
        file = reader().comparison_file(self.caller.tenant, *self._what(), form=form, style=style)
        return file_answer(self.caller, file, form, "comparison")

    @property
    def _metrics(self) -> list[str]:
        return [name.strip() for name in self.metric.split(",")] if self.metric else []

    def _what(
        self,
    ) -> tuple[RunReference, list[RunReference], list[str], OutputFilter, int | None]:
        reference, *others = (RunReference(run.scenario_id, run.id) for run in (self.baseline, *self.runs))
        return reference, others, self._metrics, self.where, self.snapshot

    def _check_names(self, metrics: Collection[str]) -> None:
        scenarios = {ScenarioId(run.scenario_id) for run in (self.baseline, *self.runs)}
        if metrics:
            check_metrics(self.caller, scenarios, metrics, self.snapshot)
        check_names(self.caller, scenarios, self.where, self.snapshot)


def comparison_of(
    base: ComputedRun, compared: Sequence[ComputedRun], comparison: Comparison, shape: str | None
) -> dict[str, Any]:
    """What is answered of a comparison: the runs, what differs in their inputs, and their values."""
    return {
        "baseline": _shown(base),
        "runs": [
            {
                **_shown(run),
                "differences": [
                    DifferenceBody.of(difference).model_dump(mode="json")
                    for difference in service.inputs_that_differ(base, run)
                ],
            }
            for run in compared
        ],
        **_values(comparison, shape),
    }


def _values(comparison: Comparison, shape: str | None) -> dict[str, Any]:
    if shape == "series":
        return {"rows": [], "series": comparison.series()}
    return {"rows": [row.to_json() for row in comparison.rows]}


def _shown(run: ComputedRun) -> dict[str, Any]:
    said = {name: run.metadata.get(name) for name in ("model", "model_version")}
    body = ComparedRunBody.of(run, run_id=run.id, **said)
    return body.model_dump(mode="json")
