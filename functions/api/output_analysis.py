"""Aggregates over a scenario's values, and runs side by side."""

from __future__ import annotations

import json
from typing import Annotated, Any, get_args
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel

from functions.api.http.envelopes import Meta, answers
from functions.api.http.parameters import broken
from functions.api.http.routing import Router, needs
from functions.api.http.spelling import NUMBER
from functions.api.output_query import (
    Day,
    MetricName,
    RunIds,
    SnapshotId,
    TagPairs,
    Value,
    check_names,
    filter_of,
    readable,
    reader,
)
from sextant.ids import ScenarioId
from sextant.lake.errors import ResultTooLargeError
from sextant.lake.read.aggregate import GroupBy

MAX_COMPARED = 20
# A Lambda answers with at most 6 MB, and what is larger is no answer at all.
MAX_ANSWER_BYTES = 5 * 1024 * 1024
_GROUPS: tuple[GroupBy, ...] = get_args(GroupBy)


class SnapshotMeta(Meta):
    snapshot_id: str | None = None


class AggregateBody(BaseModel):
    metric: str | None = None
    asof_date: str | None = None
    run_id: str | None = None
    tags: dict[str, str] | None = None
    unit: str
    count: int
    min: float | None
    max: float | None
    mean: float | None
    percentiles: dict[str, float]


class AggregateList(BaseModel):
    data: list[AggregateBody]
    meta: SnapshotMeta


class DeltaBody(BaseModel):
    run_id: str
    value: float | None
    delta: float | None
    relative: float | None


class ComparedBody(BaseModel):
    metric: str
    asof_date: str
    tags: dict[str, str]
    unit: str
    baseline: float | None
    runs: list[DeltaBody]


class ComparedList(BaseModel):
    data: list[ComparedBody]
    meta: SnapshotMeta


_AGGREGATES = answers("One item a group", AggregateList)
_COMPARED = answers(
    "One item a metric, date and tags, with each run's difference to the baseline", ComparedList
)


router = Router("Outputs")


@router.get(
    "/v1/scenarios/<scenario_id>/outputs/aggregates",
    summary="Counts, means and percentiles of a scenario's values",
    responses={200: _AGGREGATES},
)
@needs("outputs:read")
def aggregate_outputs(
    scenario_id: UUID,
    by: Annotated[
        str,
        Query(
            description="Of metric, asof_date, run_id, tags; with commas. Each group has one unit and one point of a "
            "sweep; without `run_id` chosen, one run"
        ),
    ] = "metric",
    percentiles: Annotated[str, Query(description="Ranks from 0 to 100, with commas")] = "5,50,95",
    metric_name: MetricName = None,
    run_id: RunIds = None,
    start: Day = None,
    end: Day = None,
    min_value: Value = None,
    max_value: Value = None,
    tags: TagPairs = None,
    snapshot_id: SnapshotId = None,
) -> Response[Any]:
    caller = router.caller
    where = filter_of(
        metric=metric_name,
        runs=run_id,
        start=start,
        end=end,
        min_value=min_value,
        max_value=max_value,
        tags=tags,
    )
    groups, ranks = groups_of(by), ranks_of(percentiles)
    readable(caller, scenario_id, where.run_ids)
    aggregates, snapshot = reader().aggregates(
        caller.tenant, ScenarioId(scenario_id), where, by=groups, ranks=ranks, snapshot=snapshot_id
    )
    if not aggregates:
        check_names(caller, scenario_id, where, snapshot_id)
    return _answer([group.to_json() for group in aggregates], caller.request_id, snapshot)


@router.get(
    "/v1/scenarios/<scenario_id>/outputs/compare",
    summary="Compare runs with a baseline",
    responses={200: _COMPARED},
)
@needs("outputs:read")
def compare_outputs(
    scenario_id: UUID,
    baseline: Annotated[UUID, Query(description="A run of this scenario")],
    runs: Annotated[
        str,
        Query(
            description="Runs: id of this scenario, or scenario:id of another; with commas",
            max_length=4000,
        ),
    ],
    metric_name: MetricName = None,
    start: Day = None,
    end: Day = None,
    tags: TagPairs = None,
    snapshot_id: SnapshotId = None,
) -> Response[Any]:
    caller = router.caller
    others = references(runs, scenario_id)
    where = filter_of(
        metric=metric_name, runs=None, start=start, end=end, min_value=None, max_value=None, tags=tags
    )
    readable(caller, scenario_id, [baseline], parameter="baseline")
    for scenario in {other for other, _ in others}:
        readable(caller, scenario, [run for of, run in others if of == scenario], parameter="runs")
    comparison = reader().comparison(
        caller.tenant, (ScenarioId(scenario_id), baseline), others, where, snapshot_id
    )
    if not comparison.rows:
        check_names(caller, scenario_id, where, snapshot_id)
    return _answer([row.to_json() for row in comparison.rows], caller.request_id, comparison.snapshot_id)


def groups_of(text: str) -> list[GroupBy]:
    names = [name.strip() for name in text.split(",")]
    groups = [group for group in _GROUPS if group in names]
    if len(groups) != len(set(names)):
        raise broken("by", "enum", f"must be of {', '.join(_GROUPS)}")
    return groups


def ranks_of(text: str) -> list[float]:
    parts = [part.strip() for part in text.split(",")]
    if not all(map(NUMBER.pattern.fullmatch, parts)):
        raise broken("percentiles", "number", "must be numbers from 0 to 100, with commas")
    ranks = [float(part) for part in parts]
    if any(not 0 <= rank <= 100 for rank in ranks) or len(ranks) > 20:
        raise broken("percentiles", "range", "must be at most 20 numbers from 0 to 100")
    return ranks


def references(text: str, scenario: UUID) -> list[tuple[ScenarioId, UUID]]:
    """Runs as `run` or `scenario:run`, with commas."""
    runs = []
    try:
        for part in text.split(","):
            head, colon, tail = part.strip().partition(":")
            runs.append((ScenarioId(UUID(head) if colon else scenario), UUID(tail if colon else head)))
    except ValueError as error:
        raise broken("runs", "uuid", "must be run ids, or scenario:run, with commas") from error
    if len(runs) > MAX_COMPARED:
        raise broken("runs", "too_long", f"must be at most {MAX_COMPARED} runs")
    return runs


def _answer(data: list[dict[str, Any]], request_id: str, snapshot: int | None) -> Response[Any]:
    meta = {"request_id": request_id} | ({} if snapshot is None else {"snapshot_id": str(snapshot)})
    body = json.dumps({"data": data, "meta": meta}, ensure_ascii=False, separators=(",", ":"))
    if len(body.encode()) > MAX_ANSWER_BYTES:
        raise ResultTooLargeError
    return Response(status_code=200, content_type="application/json", body=body)
