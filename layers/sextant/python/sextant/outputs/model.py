"""What is kept of outputs in the database: waiting files, batches, the roll-up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sextant.ids import BatchId, RunId, ScenarioId, TenantId


@dataclass(frozen=True, slots=True, eq=False)
class WaitingFile:
    """A data file in the open batch, as the worker that wrote it described it."""

    tenant_id: TenantId
    run_id: RunId
    scenario_id: ScenarioId
    fencing_token: int
    row_count: int
    byte_count: int
    descriptor: Any
    """JSON as it is stored; whatever it holds, reading it must fail for this file alone."""
    has_roll_up: bool
    """Whether the run's newest values can be kept as they are stored with the file."""

    @property
    def location(self) -> object:
        """Where the descriptor says that the file lies."""
        return self.descriptor.get("location") if isinstance(self.descriptor, dict) else None


@dataclass(frozen=True, slots=True)
class PublishedRun:
    """A run whose rows the lake must hold (`committed`), or may hold already."""

    tenant_id: TenantId
    scenario_id: ScenarioId
    run_id: RunId
    row_count: int
    committed: bool
    hourly_row_count: int


@dataclass(frozen=True, slots=True)
class OpenBatch:
    """The batch that this committer holds: its id stands in the snapshot that it becomes."""

    id: BatchId
    resumed: bool
    files: tuple[WaitingFile, ...]


@dataclass(frozen=True, slots=True)
class Readable:
    """A scenario whose outputs may be read: the tenant's output version (0: never changed)."""

    tenant_id: TenantId
    version: int
    unknown_runs: list[UUID]
    """Those of the runs asked for that the scenario does not have."""


@dataclass(frozen=True, slots=True)
class ResultRun:
    """A run whose values are read, and what it computed. `parameters` is canonical JSON."""

    tenant_id: TenantId
    id: RunId
    scenario_version: int
    parameters: str
    seed: int
    code_version: str


@dataclass(frozen=True, slots=True)
class ComputedRun:
    """A run with all that it was computed from, and what its model says of the result.

    `assumptions` and `parameters` are canonical JSON, `result` is the metadata and the attribution, None without a result.
    """

    tenant_id: TenantId
    id: RunId
    scenario_id: ScenarioId
    scenario_name: str
    scenario_version: int
    state: str
    is_part: bool
    assumptions: str
    parameters: str
    seed: int
    environment: str
    code_version: str
    version_hash: str
    completed_at: datetime | None
    output_rows: int | None
    result: dict[str, Any] | None

    @property
    def why_without_result(self) -> str | None:
        """Why there is nothing to read of the run; None where there is."""
        if self.is_part:
            return "it is a part of another run"
        return None if self.state == "SUCCEEDED" else f"it is {self.state}"

    @property
    def metadata(self) -> Mapping[str, Any]:
        """What the model says of the result; empty without one."""
        metadata: Mapping[str, Any] = (self.result or {}).get("metadata") or {}
        return metadata


@dataclass(frozen=True, slots=True)
class CommittedBatch:
    """What became of a batch in the lake: its snapshot, and why those files that are not in it are not."""

    snapshot_id: int
    refused: Mapping[WaitingFile, str]


@dataclass(frozen=True, slots=True)
class LatestMetric:
    """The newest value of one metric of a run."""

    tenant_id: TenantId
    scenario_id: ScenarioId
    metric: str
    tags: dict[str, str]
    asof_date: date
    value: float
    unit: str
    band_lower: float | None
    band_upper: float | None
    run_id: RunId
    computed_at: datetime
