"""Aggregates over a scenario's values."""

from __future__ import annotations

from typing import Annotated, Any, get_args
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel

from functions.api.http.envelopes import answers
from functions.api.http.parameters import broken, renamed
from functions.api.http.routing import Router, needs
from functions.api.http.spelling import NUMBER
from functions.api.output_parameters import (
    End,
    LeastValue,
    Metric,
    MostValue,
    OldMetric,
    OldRuns,
    Resolution,
    Runs,
    SnapshotId,
    Start,
    TagPairs,
    snapshot_of,
)
from functions.api.output_query import SnapshotMeta, check_names, filter_of, json_answer, readable, reader_of
from sextant.ids import ScenarioId
from sextant.lake.read.aggregate import GroupBy

_GROUPS: tuple[GroupBy, ...] = get_args(GroupBy)


class AggregateBody(BaseModel):
    metric: str | None = None
    """Of the group, where `by` has it."""
    asof_date: str | None = None
    """Of the group, where `by` has it: the first day of the period."""
    run_id: str | None = None
    """The run, where `by` has it or none was chosen."""
    tags: dict[str, str] | None = None
    """Of the group: where `by` has them all, else those of the point of a sweep."""
    hour: int | None = None
    """Of the group, where `by` has it: which of the year's hours, from 1."""
    unit: str
    """Of the values."""
    count: int
    """How many values."""
    min: float | None
    """The smallest; null without a finite value."""
    max: float | None
    """The largest; null without a finite value."""
    mean: float | None
    """Their mean; null without a finite value."""
    percentiles: dict[str, float]
    """By rank, linear between values."""


class AggregateList(BaseModel):
    data: list[AggregateBody]
    meta: SnapshotMeta


_AGGREGATES = answers("One item a group", AggregateList)


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
            description="Of metric, asof_date, run_id, tags, and with `resolution=hour` hour; with commas. Each group has one unit and one point of a "
            "sweep; without `runs` chosen, one run"
        ),
    ] = "metric",
    percentiles: Annotated[str, Query(description="Ranks from 0 to 100, with commas")] = "5,50,95",
    metric: Metric = None,
    runs: Runs = None,
    start: Start = None,
    end: End = None,
    min_value: LeastValue = None,
    max_value: MostValue = None,
    tags: TagPairs = None,
    metric_name: OldMetric = None,
    run_id: OldRuns = None,
    snapshot_id: SnapshotId = None,
    resolution: Resolution = None,
) -> Response[Any]:
    """Each group has one unit. Bands are no values and are left out."""
    caller = router.caller
    where = filter_of(
        metric=renamed("metric", metric, "metric_name", metric_name),
        runs=renamed("runs", runs, "run_id", run_id),
        start=start,
        end=end,
        min_value=min_value,
        max_value=max_value,
        tags=tags,
    )
    outputs, pinned = reader_of(resolution), snapshot_of(snapshot_id)
    groups, ranks = groups_of(by, by_hour=outputs.definition.by_hour), ranks_of(percentiles)
    readable(caller, scenario_id, where.run_ids)
    aggregates, snapshot = outputs.aggregates(
        caller.tenant, ScenarioId(scenario_id), where, by=groups, ranks=ranks, snapshot=pinned
    )
    if not aggregates:
        check_names(caller, [ScenarioId(scenario_id)], where, pinned, outputs)
    return json_answer([group.to_json() for group in aggregates], caller.request_id, snapshot)


def groups_of(text: str, *, by_hour: bool) -> list[GroupBy]:
    names = [name.strip() for name in text.split(",")]
    known = [group for group in _GROUPS if by_hour or group != "hour"]
    groups = [group for group in known if group in names]
    if len(groups) != len(set(names)):
        raise broken("by", "enum", f"must be of {', '.join(known)}")
    return groups


def ranks_of(text: str) -> list[float]:
    parts = [part.strip() for part in text.split(",")]
    if not all(map(NUMBER.pattern.fullmatch, parts)):
        raise broken("percentiles", "number", "must be numbers from 0 to 100, with commas")
    ranks = [float(part) for part in parts]
    if any(not 0 <= rank <= 100 for rank in ranks) or len(ranks) > 20:
        raise broken("percentiles", "range", "must be at most 20 numbers from 0 to 100")
    return ranks
