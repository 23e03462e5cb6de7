"""What a run is, what may be asked of it, and what a worker is given to do."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints, field_validator
from pydantic_core import PydanticCustomError

from sextant.ids import RunId, ScenarioId, TenantId
from sextant.scenarios.drivers import UPPER
from sextant.scenarios.model import MAX_SAFE_INTEGER, RunParameters, Scalar, canonical

State = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"]
Priority = Literal["LOW", "NORMAL", "HIGH", "CRITICAL"]
STATES: tuple[State, ...] = ("QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT")

DEFAULT_RETRIES: dict[Priority, int] = {"LOW": 1, "NORMAL": 3, "HIGH": 5, "CRITICAL": 8}

Label = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
IdempotencyKey = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255)]


MAX_SWEEP_POINTS = 1000
ParameterName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
SweepValues = Annotated[list[Scalar], Field(min_length=1, max_length=MAX_SWEEP_POINTS)]


class RunOptions(BaseModel):
    """How a scenario is to be run; every field has a default, and an empty body asks for just those."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    parameters: RunParameters = Field(default_factory=RunParameters)
    seed: Annotated[int, Field(strict=True, ge=0, le=MAX_SAFE_INTEGER)] = 0
    code_version: Label | None = None
    environment: Label = "default"
    priority: Annotated[Priority, UPPER] = "NORMAL"
    timeout_minutes: Annotated[int, Field(strict=True, ge=1, le=1440)] = 60
    max_retries: Annotated[int, Field(strict=True, ge=0, le=10)] | None = None
    """Attempts after the first; without it, as many as the priority is worth."""
    idempotency_key: IdempotencyKey | None = None
    tenant_id: str | None = None
    sweep: Annotated[dict[ParameterName, SweepValues], Field(max_length=5)] | None = None
    """Parameters and the values each is to take: the run computes every combination, each on a worker of its own."""

    @field_validator("sweep")
    @classmethod
    def _grid_is_bearable(cls, value: dict[str, list[Scalar]] | None) -> dict[str, list[Scalar]] | None:
        for name, values in (value or {}).items():
            if name == "baseline":
                raise PydanticCustomError("not_applicable", "a sweep cannot run over baselines")
            for item in values:
                RunParameters.model_validate({name: item})
        if value and math.prod(map(len, value.values())) > MAX_SWEEP_POINTS:
            raise PydanticCustomError("too_long", f"a sweep has at most {MAX_SWEEP_POINTS} points")
        return value

    def canonical_parameters(self) -> str:
        """The parameters with the sweep among them: both decide the result, so both are hashed."""
        swept = {"sweep": self.sweep} if self.sweep else {}
        return canonical({**self.parameters.model_dump(mode="json", exclude_none=True), **swept})

    @property
    def retries(self) -> int:
        return DEFAULT_RETRIES[self.priority] if self.max_retries is None else self.max_retries

    def request_hash(self, scenario: ScenarioId) -> str:
        """What an idempotency key is bound to: the scenario and all that was asked."""
        asked = self.model_dump(mode="json", exclude_none=True, exclude={"idempotency_key", "tenant_id"})
        return hashlib.sha256(canonical({"scenario_id": str(scenario), **asked}).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is kept. `parameters` is canonical JSON; `error` says why it did not succeed."""

    tenant_id: TenantId
    id: RunId
    scenario_id: ScenarioId
    scenario_version: int
    state: State
    priority: Priority
    version_hash: str
    parameters: str
    code_version: str
    environment: str
    seed: int
    timeout_minutes: int
    max_retries: int
    idempotency_key: str | None
    request_hash: str
    attempt: int
    progress_percent: int
    fencing_token: int
    lease_until: datetime | None
    error: dict[str, Any] | None
    gb_seconds: float
    output_rows: int | None
    output_bytes: int | None
    correlation_id: str
    created_at: datetime
    created_by: str
    started_at: datetime | None
    completed_at: datetime | None
    updated_at: datetime
    parent_run_id: RunId | None
    """Of a part: the run it is a part of."""
    part: dict[str, Any] | None
    """Of a part: which one."""
    parts: int | None
    """Of a run that was split: into how many parts."""


@dataclass(frozen=True, slots=True)
class RequestedRun(Run):
    """The answer to a request: the run, and whether it is new."""

    outcome: str


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked, and the trace that the question belongs to; it travels with the run's messages."""

    actor: str
    correlation_id: str
    traceparent: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of a worker at a run; `outcome` is None while it is at it."""

    tenant_id: TenantId
    run_id: RunId
    attempt: int
    fencing_token: int
    worker: str
    outcome: str | None
    error: dict[str, Any] | None
    started_at: datetime
    ended_at: datetime | None


class RunSelection(BaseModel):
    """Which of a tenant's runs to cancel or to replay together; every field narrows."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    scenario_id: UUID | None = None
    states: Annotated[list[Annotated[State, UPPER]], Field(min_length=1, max_length=6)] | None = None
    priority: Annotated[Priority | None, UPPER] = None
    created_after: AwareDatetime | None = None
    created_before: AwareDatetime | None = None


@dataclass(frozen=True, slots=True)
class RunFigures:
    """How many runs are in a state, and the age of the oldest."""

    state: State
    runs: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs of a scenario to list; every field narrows."""

    states: tuple[State, ...] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    parent: RunId | None = None
    """List the parts of this run; without it, runs that are no parts."""


@dataclass(frozen=True, slots=True)
class ClaimedRun:
    """A run that this worker holds, with the assumptions of the version it pins."""

    run: Run
    assumptions: str


def version_hash(
    *,
    tenant: str,
    scenario: ScenarioId,
    scenario_version: int,
    assumptions: Any,
    parameters: Any,
    environment: str,
    code_version: str,
    seed: int,
) -> str:
    """sha256 of the canonical JSON (RFC 8785) of all that decides a run's result.

    The database computes the same in `run_version_hash` when a run is requested.
    """
    document = {
        "assumptions": assumptions,
        "code_version": code_version,
        "environment": environment,
        "parameters": parameters,
        "scenario_id": str(scenario),
        "scenario_version": scenario_version,
        "seed": seed,
        "tenant_id": tenant,
    }
    return hashlib.sha256(canonical(document).encode()).hexdigest()
