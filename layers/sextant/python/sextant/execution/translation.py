"""From a claimed run to the engine's request, and from the engine's result to rows, roll-up and metadata."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from functools import cache
from typing import Any

from sextant.baselines.model import BaselineReference
from sextant.baselines.systems import Systems
from sextant.canonical import canonical, decode
from sextant.engine import OutputRows as EngineRows
from sextant.engine import Progress, SimulationRequest, SimulationResult, SystemData, reference_system
from sextant.execution.model import ClaimedRun
from sextant.execution.parts import SWEEP
from sextant.lake.write.hourly import HourlyColumn, HourlyValues
from sextant.lake.write.rows import OutputRows, RunIdentity
from sextant.runs.model import Run

# What the engine's rows and the lake's have under the same name.
_SAME_COLUMNS = {field.name for field in fields(OutputRows)} & {field.name for field in fields(EngineRows)}
# Bytes; an entry of a B-tree holds 2,704 with all its columns.
_LONGEST_KEY = 1500


@cache
def _reference() -> SystemData:
    return reference_system()


def request_of(claimed: ClaimedRun, progress: Progress, systems: Systems) -> SimulationRequest:
    """The engine's request: the pinned version's assumptions and baseline, the run's parameters and seed."""
    parameters = decode(claimed.run.parameters)
    pinned = parameters.pop("baseline", None)
    parameters.pop(SWEEP, None)
    return SimulationRequest(
        assumptions=decode(claimed.assumptions),
        baseline=systems.get(claimed.run.tenant_id, BaselineReference.parse(pinned))
        if pinned
        else _reference(),
        parameters=parameters,
        seed=claimed.run.seed,
        progress=progress,
    )


def sweep_of(claimed: ClaimedRun) -> dict[str, list[Any]] | None:
    """The values that each swept parameter is to take; None where the run is no sweep."""
    sweep: dict[str, list[Any]] | None = decode(claimed.run.parameters).get(SWEEP)
    return sweep


def rows_of(run: Run, result: SimulationResult, computed_at: datetime) -> tuple[OutputRows, RunIdentity]:
    """The result's rows for the lake; the row of the NPV carries the attribution of its change."""
    rows = result.rows
    attribution = json.dumps(asdict(result.attribution)) if result.attribution else None
    identity = RunIdentity(
        tenant_id=run.tenant_id,
        scenario_id=run.scenario_id,
        run_id=run.id,
        version_hash=run.version_hash,
        computed_ts=computed_at,
    )
    return (
        OutputRows(
            **{name: getattr(rows, name) for name in _SAME_COLUMNS},
            tags=[rows.tag_sets[index] for index in rows.tag_index],
            attribution=[attribution if metric == "npv" else None for metric in rows.metric],
        ),
        identity,
    )


def hours_of(result: SimulationResult) -> HourlyValues | None:
    """The result's hourly values for the lake; None where it has none."""
    hourly = result.hourly
    if hourly is None or not hourly.columns:
        return None
    columns = [HourlyColumn(column.metric, column.unit, column.tag_map) for column in hourly.columns]
    return HourlyValues(columns, hourly.dates, hourly.weights, hourly.values)


def metrics_of(result: SimulationResult) -> list[dict[str, object]]:
    """The newest value of each series, as the roll-up in Postgres keeps it."""
    return [
        {
            **{field.name: _null_for_nan(getattr(metric, field.name)) for field in fields(metric)},
            "tags_key": _key(metric.tags),
            "tags": dict(metric.tags),
            "asof_date": str(metric.asof_date),
        }
        for metric in result.metrics
    ]


def _key(tags: Mapping[str, str]) -> str:
    """What tells the tags apart: their canonical JSON, or where no index could hold that its digest."""
    text = canonical(dict(tags))
    return text if len(text.encode()) <= _LONGEST_KEY else hashlib.sha256(text.encode()).hexdigest()


def metadata_of(result: SimulationResult) -> dict[str, Any]:
    """What a reader must know of the result: the model, its version and limits, and the attribution."""
    return {
        "metadata": dict(result.metadata),
        "attribution": asdict(result.attribution) if result.attribution else None,
    }


def _null_for_nan(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value
