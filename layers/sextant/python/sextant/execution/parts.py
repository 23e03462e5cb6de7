"""Runs in parts: how a run is divided by the time it takes, what a part's result looks like, how parts are merged.

A part's result is one NumPy archive without pickles: arrays, and a JSON text for the rest. A run in parts gives the same
bytes as one computed whole. A sweep gives the rows of every point, distinguished by tags, and no attribution.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from itertools import groupby
from typing import Any

import numpy as np

from sextant.drivers.errors import ModelInputError
from sextant.drivers.hourly import MOST_ROWS, hourly_faults
from sextant.drivers.parameters import BUILT_IN, point_text, points_of
from sextant.engine import (
    Hourly,
    Measured,
    MetricValue,
    OutputRows,
    Series,
    SimulationRequest,
    SimulationResult,
    Workload,
    measured_seconds,
    merge_parts,
    simulate,
    simulate_coalitions,
    simulate_draws,
    workload,
)
from sextant.engine.results import Column
from sextant.engine.vocabulary import vocabulary_of
from sextant.lake.table.columns import SWEEP_TAG

SWEEP = "sweep"
MOST_PARTS = 2_000
"""Of one run: all are stored in one transaction."""
# The columns of a result's rows, which a point's archive holds as they are.
_ARRAYS = tuple(field.name for field in fields(OutputRows) if field.name != "tag_sets")
_HOURLY_ARRAYS = tuple(field.name for field in fields(Hourly) if field.name != "columns")
# What makes one point of a sweep longer than another.
_SIZES = {"start_year", "end_year", "weather_year", "draws"}

Part = Mapping[str, Any]


@dataclass(frozen=True)
class Division:
    """The parts of a run, none where one worker computes it whole, and about how long they take."""

    parts: Sequence[dict[str, Any]]
    seconds: float = 0.0
    """All of them together; 0 where nothing is known of it."""
    longest: float = 0.0
    """The longest part."""


def divide(
    request: SimulationRequest, sweep: Mapping[str, Sequence[Any]] | None, seconds_per_part: float
) -> Division:
    """Divide a run so that parts take about so many seconds.

    What takes longer, by the size of the run, is measured first on a few draws: machines and systems differ. Raises
    ModelInputError for more hourly values than the points of a sweep may have together.
    """
    points = points_of(sweep) if sweep else [{}]
    if sweep:
        _check_hours(request, points)
    works = _workloads(request, points, _SIZES & set(sweep or ()))
    expected = sum(work.evaluations * work.seconds for work in works if work is not None)
    if expected < seconds_per_part / 2.0:
        return Division([{"kind": "point", "parameters": point} for point in points] if sweep else [])
    slowness = 1.0
    if works[0] is not None:
        slowness = measured_seconds(_at_point(request, points[0], swept=bool(sweep))) / works[0].seconds
    total = expected * slowness
    piece = max(seconds_per_part, total / MOST_PARTS)
    divided: list[dict[str, Any]] = []
    longest = 0.0
    for point, work in zip(points, works, strict=True):
        seconds = 0.0 if work is None else work.seconds * slowness
        if work is None or work.evaluations * seconds <= piece:
            divided.append({"kind": "point", "parameters": point})
            longest = max(longest, 0.0 if work is None else work.evaluations * seconds)
            continue
        sizes_of = {
            kind: max(work.block, math.floor(piece / seconds / times / work.block) * work.block)
            for kind, times in (("draws", 1), ("coalitions", work.weathers))
        }
        longest = max(
            longest,
            min(sizes_of["draws"], work.draws) * seconds,
            min(sizes_of["coalitions"], work.coalitions) * work.weathers * seconds,
        )
        divided += [
            {
                "kind": kind,
                "first": first,
                "last": min(first + sizes_of[kind], count),
                "parameters": point,
            }
            for kind, count in (("draws", work.draws), ("coalitions", work.coalitions))
            for first in range(0, count, sizes_of[kind])
        ]
    return Division(divided if len(divided) > 1 else [], total, longest)


def _check_hours(request: SimulationRequest, points: Sequence[Mapping[str, Any]]) -> None:
    """Before any point is computed: of an old baseline, which does not tell how many hours it has, nobody could say it sooner."""
    whole = [{**request.parameters, **point} for point in points]
    asking = [
        point for point in whole if point.get("hourly") and (point.get("model") or BUILT_IN) == BUILT_IN
    ]
    if asking:
        for fault in hourly_faults(request.assumptions, asking, vocabulary_of(request.baseline)):
            raise ModelInputError(fault.path, fault.message)


def _workloads(
    request: SimulationRequest, points: Sequence[Mapping[str, Any]], sizes: set[str]
) -> list[Workload | None]:
    """Each point's, computed once for all where none is longer than another."""
    if "model" in points[0]:
        return [None] * len(points)
    swept = bool(points[0])
    if not sizes:
        return [workload(_at_point(request, points[0], swept=swept))] * len(points)
    return [workload(_at_point(request, point, swept=swept)) for point in points]


def _at_point(request: SimulationRequest, point: Mapping[str, Any], *, swept: bool) -> SimulationRequest:
    parameters = {**request.parameters, **point}
    if swept and (parameters.get("model") or BUILT_IN) == BUILT_IN:
        parameters["attribution"] = False
    return replace(request, parameters=parameters)


def compute(request: SimulationRequest, part: Part) -> bytes:
    """One part's result, as it is stored."""
    point = part.get("parameters") or {}
    at_point = _at_point(request, point, swept=bool(point))
    if part["kind"] == "draws":
        return _pack_draws(simulate_draws(at_point, part["first"], part["last"]), point)
    if part["kind"] == "coalitions":
        worths = simulate_coalitions(at_point, part["first"], part["last"])
        return _pack({"kind": "coalitions", "point": dict(point)}, worths=worths)
    return _pack_point(simulate(at_point), point)


def merge(request: SimulationRequest, stored: Sequence[bytes]) -> SimulationResult:
    """The whole run's result from its parts in order."""
    archives = [np.load(io.BytesIO(content), allow_pickle=False) for content in stored]
    notes = [json.loads(str(archive["notes"])) for archive in archives]
    points: list[Mapping[str, Any]] = []
    results: list[SimulationResult] = []
    for _, pieces in groupby(
        zip(notes, archives, strict=True), key=lambda piece: json.dumps(piece[0]["point"])
    ):
        part = list(pieces)
        point = part[0][0]["point"]
        points.append(point)
        results.append(_result_at(_at_point(request, point, swept=bool(point)), part))
    return _merge_points(points, results) if points[0] else results[0]


def _result_at(
    request: SimulationRequest, pieces: Sequence[tuple[Mapping[str, Any], Any]]
) -> SimulationResult:
    """The result at one point of a sweep, or of the whole run where it is none."""
    if pieces[0][0]["kind"] == "point":
        return _unpack_point(pieces[0][1], pieces[0][0])
    blocks = [_unpack_draws(archive, note) for note, archive in pieces if note["kind"] == "draws"]
    worths = [archive["worths"] for note, archive in pieces if note["kind"] == "coalitions"]
    return merge_parts(request, blocks, np.concatenate(worths).tolist() if worths else None)


def _pack(notes: Mapping[str, Any], **arrays: Any) -> bytes:
    sink = io.BytesIO()
    np.savez_compressed(sink, notes=np.array(json.dumps(notes)), **arrays)
    return sink.getvalue()


def _pack_draws(measured: Measured, point: Mapping[str, Any]) -> bytes:
    columns = [asdict(column) for column in measured.columns]
    values = {f"values{number}": value for number, value in enumerate(measured.values)}
    return _pack({"kind": "draws", "point": dict(point), "columns": columns}, **values)


def _unpack_draws(archive: Any, notes: Mapping[str, Any]) -> Measured:
    columns = tuple(
        Column(
            item["metric"], item["unit"], tuple((key, value) for key, value in item["tags"]), item["yearly"]
        )
        for item in notes["columns"]
    )
    return Measured(columns, tuple(archive[f"values{number}"] for number in range(len(columns))))


def _pack_point(result: SimulationResult, point: Mapping[str, Any]) -> bytes:
    rows = result.rows
    metrics = [
        {**asdict(item), "asof_date": str(item.asof_date), "tags": dict(item.tags)} for item in result.metrics
    ]
    notes: dict[str, Any] = {
        "kind": "point",
        "point": dict(point),
        "tag_sets": [dict(tags) for tags in rows.tag_sets],
        "metrics": metrics,
        "metadata": dict(result.metadata),
    }
    arrays = {name: getattr(rows, name) for name in _ARRAYS}
    if (hourly := result.hourly) is not None:
        notes["hourly"] = [[series.metric, series.unit, dict(series.tags)] for series in hourly.columns]
        arrays |= {f"hourly_{name}": getattr(hourly, name) for name in _HOURLY_ARRAYS}
    return _pack(notes, **arrays)


def _unpack_point(archive: Any, notes: Mapping[str, Any]) -> SimulationResult:
    rows = OutputRows(**{name: archive[name] for name in _ARRAYS}, tag_sets=tuple(notes["tag_sets"]))
    metrics = tuple(
        MetricValue(**{**item, "asof_date": np.datetime64(item["asof_date"], "D")})
        for item in notes["metrics"]
    )
    hourly = None
    if "hourly" in notes:
        series = tuple(Series(metric, unit, tuple(tags.items())) for metric, unit, tags in notes["hourly"])
        hourly = Hourly(series, **{name: archive[f"hourly_{name}"] for name in _HOURLY_ARRAYS})
    return SimulationResult(rows, metrics, notes["metadata"], hourly=hourly)


def _merge_points(
    points: Sequence[Mapping[str, Any]], results: Sequence[SimulationResult]
) -> SimulationResult:
    tag_sets: list[Mapping[str, str]] = []
    indexes: list[Any] = []
    metrics: list[MetricValue] = []
    for point, result in zip(points, results, strict=True):
        at_point = {f"{SWEEP_TAG}{name}": point_text(value) for name, value in point.items()}
        indexes.append(result.rows.tag_index + len(tag_sets))
        tag_sets += [{**tags, **at_point} for tags in result.rows.tag_sets]
        metrics += [replace(item, tags={**item.tags, **at_point}) for item in result.metrics]
    joined = {name: np.concatenate([getattr(result.rows, name) for result in results]) for name in _ARRAYS}
    rows = OutputRows(**{**joined, "tag_index": np.concatenate(indexes)}, tag_sets=tuple(tag_sets))
    metadata = _merge_metadata(points, [result.metadata for result in results])
    return SimulationResult(rows, tuple(metrics), metadata, hourly=_merge_hours(points, results))


def _merge_metadata(points: Sequence[Mapping[str, Any]], each: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What holds for every point: parameters that were not swept, the warnings of any point, the certificate's largest gap."""
    of_each = {"statistics"}  # what one point says holds for no other; the rows have it for all
    merged = {name: value for name, value in each[0].items() if name not in of_each}
    swept = {name for point in points for name in point}
    if not swept.isdisjoint({"start_year", "end_year"}):
        swept |= {"years", "base_year"}
    if "parameters" in merged:
        parameters = merged["parameters"].items()
        merged["parameters"] = {name: value for name, value in parameters if name not in swept}
    if "warnings" in merged:
        warnings = [warning for metadata in each for warning in metadata.get("warnings", ())]
        merged["warnings"] = list({json.dumps(warning): warning for warning in warnings}.values())
    if "certificate" in merged:
        # A model of somebody else's may say something else there, which holds for its point alone.
        said = [metadata.get("certificate") or {} for metadata in each]
        gaps: list[float] = [one["largest_gap"] for one in said if "largest_gap" in one]
        merged["certificate"] = {"largest_gap": max(gaps)} if len(gaps) == len(each) else None
    return {**merged, SWEEP: [dict(point) for point in points]}


def _merge_hours(points: Sequence[Mapping[str, Any]], results: Sequence[SimulationResult]) -> Hourly | None:
    """The hours of all points, each series with its point's tags. Where points have other years, what one lacks is undefined."""
    hours = [
        (point, result.hourly)
        for point, result in zip(points, results, strict=True)
        if result.hourly is not None
    ]
    if not hours:
        return None
    # A baseline's hours fall on the same days in each year, whatever the point; the days tell the years apart.
    dates = {str(days[0])[:4]: days for _, hourly in hours for days in hourly.dates}
    years = sorted(dates)
    weights = hours[0][1].weights
    # Of a model of one's own nobody could tell before.
    if sum(len(hourly.columns) for _, hourly in hours) * len(years) * len(weights) > MOST_ROWS:
        raise ModelInputError(
            "parameters.hourly", f"of at most {MOST_ROWS:,} values, those of all points together"
        )
    columns: list[Series] = []
    values: list[Any] = []
    for point, hourly in hours:
        at_point = {f"{SWEEP_TAG}{name}": point_text(value) for name, value in point.items()}
        columns += [
            replace(series, tags=tuple({**series.tag_map, **at_point}.items())) for series in hourly.columns
        ]
        own = [years.index(str(days[0])[:4]) for days in hourly.dates]
        whole = np.full((len(hourly.columns), len(years), len(hourly.weights)), np.nan)
        whole[:, own] = hourly.values
        values.append(whole)
    return Hourly(tuple(columns), np.array([dates[year] for year in years]), weights, np.concatenate(values))
