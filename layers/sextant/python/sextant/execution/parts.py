"""Runs in parts: how a sweep or a Monte Carlo run is divided, what a part's result looks like, how parts are merged.

A part's result is one NumPy archive without pickles: arrays, and a JSON text for the rest. A Monte Carlo run in
parts gives the same bytes as one computed whole. A sweep gives the rows of every point, distinguished by tags.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np

from sextant.drivers.parameters import point_text, points_of
from sextant.engine import (
    Measured,
    MetricValue,
    OutputRows,
    SimulationRequest,
    SimulationResult,
    draws_to_split,
    merge_draws,
    simulate,
    simulate_draws,
)
from sextant.engine.results import Column
from sextant.lake.table.columns import SWEEP_TAG

SWEEP = "sweep"
# The columns of a result's rows, which a point's archive holds as they are.
_ARRAYS = tuple(field.name for field in fields(OutputRows) if field.name != "tag_sets")

Part = Mapping[str, Any]


def divide(
    request: SimulationRequest, sweep: Mapping[str, Sequence[Any]] | None, draws_per_part: int
) -> list[dict[str, Any]]:
    """The parts of a run; none where one worker computes it whole. A sweep's parts are not divided further."""
    if sweep:
        return [{"kind": "point", "parameters": point} for point in points_of(sweep)]
    draws = draws_to_split(request)
    if draws <= draws_per_part:
        return []
    return [
        {"kind": "draws", "first": first, "last": min(first + draws_per_part, draws)}
        for first in range(0, draws, draws_per_part)
    ]


def compute(request: SimulationRequest, part: Part) -> bytes:
    """One part's result, as it is stored."""
    if part["kind"] == "draws":
        return _pack_draws(simulate_draws(request, part["first"], part["last"]))
    at_point = replace(request, parameters={**request.parameters, **part["parameters"]})
    return _pack_point(simulate(at_point), part["parameters"])


def merge(request: SimulationRequest, stored: Sequence[bytes]) -> SimulationResult:
    """The whole run's result from its parts in order."""
    archives = [np.load(io.BytesIO(content), allow_pickle=False) for content in stored]
    notes = [json.loads(str(archive["notes"])) for archive in archives]
    if notes[0]["kind"] == "draws":
        return merge_draws(
            request, [_unpack_draws(archive, note) for archive, note in zip(archives, notes, strict=True)]
        )
    return _merge_points(archives, notes)


def _pack(notes: Mapping[str, Any], **arrays: Any) -> bytes:
    sink = io.BytesIO()
    np.savez_compressed(sink, notes=np.array(json.dumps(notes)), **arrays)
    return sink.getvalue()


def _pack_draws(measured: Measured) -> bytes:
    columns = [asdict(column) for column in measured.columns]
    values = {f"values{number}": value for number, value in enumerate(measured.values)}
    return _pack({"kind": "draws", "columns": columns}, **values)


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
    notes = {
        "kind": "point",
        "point": dict(point),
        "tag_sets": [dict(tags) for tags in rows.tag_sets],
        "metrics": metrics,
        "metadata": dict(result.metadata),
    }
    return _pack(notes, **{name: getattr(rows, name) for name in _ARRAYS})


def _merge_points(archives: Sequence[Any], notes: Sequence[Mapping[str, Any]]) -> SimulationResult:
    tag_sets: list[Mapping[str, str]] = []
    indexes: list[Any] = []
    metrics: list[MetricValue] = []
    for archive, note in zip(archives, notes, strict=True):
        at_point = {f"{SWEEP_TAG}{name}": point_text(value) for name, value in note["point"].items()}
        indexes.append(archive["tag_index"] + len(tag_sets))
        tag_sets += [{**tags, **at_point} for tags in note["tag_sets"]]
        metrics += [
            MetricValue(
                **{
                    **item,
                    "asof_date": np.datetime64(item["asof_date"], "D"),
                    "tags": {**item["tags"], **at_point},
                }
            )
            for item in note["metrics"]
        ]

    joined = {name: np.concatenate([archive[name] for archive in archives]) for name in _ARRAYS}
    rows = OutputRows(**{**joined, "tag_index": np.concatenate(indexes)}, tag_sets=tuple(tag_sets))
    metadata = {**notes[0]["metadata"], SWEEP: [note["point"] for note in notes]}
    return SimulationResult(rows, tuple(metrics), metadata)
