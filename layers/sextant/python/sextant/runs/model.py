"""What a run is, and the options it may be requested with."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self, get_args
from uuid import UUID

import pydantic
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator
from pydantic_core import PydanticCustomError

from sextant.canonical import canonical, decode
from sextant.config import CODE_VERSION
from sextant.drivers.fields import MAX_SAFE_INTEGER, UPPER, broken
from sextant.drivers.parameters import (
    DEPENDENT,
    RESERVED,
    InheritedParameters,
    PlugInParameters,
    RunParameters,
    Scalar,
    parameter_faults,
    point_text,
    points_of,
)
from sextant.drivers.rules import rule_of
from sextant.ids import CancellationId, RunId, ScenarioId, TenantId
from sextant.moments import Moment

State = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"]
Priority = Literal["LOW", "NORMAL", "HIGH", "CRITICAL"]
STATES: tuple[State, ...] = get_args(State)

DEFAULT_RETRIES: dict[Priority, int] = {"LOW": 1, "NORMAL": 3, "HIGH": 5, "CRITICAL": 8}

Label = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$")]
IdempotencyKey = Annotated[str, StringConstraints(strict=True, min_length=1, max_length=255)]


MAX_SWEEP_POINTS = 1000
ParameterName = Annotated[str, StringConstraints(strict=True, pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$")]
SweepValues = Annotated[list[Scalar], Field(min_length=1, max_length=MAX_SWEEP_POINTS)]


class RunOptions(BaseModel):
    """How a scenario is to be run; every field has a default, and an empty body asks for just those."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    parameters: RunParameters = Field(default_factory=InheritedParameters)
    """Over the scenario's, by name: absent stays, null takes it away."""
    seed: Annotated[int, Field(strict=True, ge=0, le=MAX_SAFE_INTEGER)] = 0
    """The seed of the draws: the same seed gives the same numbers."""
    code_version: Label | None = None
    """The only one there is, to be sure of it."""
    environment: Label = "default"
    """A mark of yours: runs of different environments never share a result."""
    priority: Annotated[Priority, UPPER] = "NORMAL"
    """How much earlier than others it is begun."""
    timeout_minutes: Annotated[int, Field(strict=True, ge=1, le=1440)] = 60
    """Minutes from its start after which it is ended as TIMEOUT."""
    max_retries: Annotated[int, Field(strict=True, ge=0, le=10)] | None = None
    """Attempts after the first; without it, as many as the priority is worth."""
    idempotency_key: IdempotencyKey | None = None
    """The same as the header `Idempotency-Key`."""
    tenant_id: str | None = None
    sweep: Annotated[dict[ParameterName, SweepValues], Field(max_length=5)] | None = None
    """Parameters and the values each is to take: the run computes every combination, each on a worker of its own."""

    @field_validator("code_version")
    @classmethod
    def _some_worker_has_it(cls, value: str | None) -> str | None:
        if value not in (None, CODE_VERSION):
            raise PydanticCustomError(
                "known_version", f"no worker computes with this version; there is {CODE_VERSION}"
            )
        return value

    @model_validator(mode="after")
    def _grid_is_bearable(self) -> Self:
        sweep = self.sweep or {}
        for name, values in sweep.items():
            if name == "baseline":
                broken(f"sweep.{name}", "not_applicable", "a sweep cannot run over baselines")
            first: dict[str, int] = {}
            for index, item in enumerate(values):
                text = self._check_point(name, item, f"sweep.{name}[{index}]")
                if (same := first.setdefault(text, index)) != index:
                    rule = f"a sweep takes each value once; sweep.{name}[{same}] is the same"
                    broken(f"sweep.{name}[{index}]", "unique", rule)
        if math.prod(map(len, sweep.values())) > MAX_SWEEP_POINTS:
            broken("sweep", "too_long", f"a sweep has at most {MAX_SWEEP_POINTS} points")
        return self

    def _check_point(self, name: str, item: Scalar, path: str) -> str:
        """What tells the value from others; refuses one that would be refused as a parameter."""
        model = {} if self.parameters.model is None else {"model": self.parameters.model}
        taker = PlugInParameters if name == "model" else type(self.parameters)
        try:
            checked = taker.model_validate({**model, name: item})
        except pydantic.ValidationError as error:
            rule, message = rule_of(error.errors(include_url=False, include_input=False)[0])
            broken(path, rule, message.replace("{", "(").replace("}", ")"))
        return point_text(decode(canonical(checked.values()[name])))

    def unknown_parameters(self) -> list[str]:
        """The paths of names that the built-in model does not have, where these options leave the model open."""
        swept = self.sweep or {}
        if not isinstance(self.parameters, InheritedParameters) or "model" in swept:
            return []
        unknown = sorted(name for name in swept if name not in InheritedParameters.model_fields)
        return [
            *(f"parameters.{name}" for name in self.parameters.unknown()),
            *(f"sweep.{name}" for name in unknown),
        ]

    def depends_on_scenario(self) -> bool:
        """Whether what these options say may contradict what the scenario says."""
        given = {*self.parameters.values(), *(self.sweep or {})}
        return not given.isdisjoint(DEPENDENT)

    def contradictions(self, scenario_parameters: Mapping[str, Any]) -> list[tuple[str, str, str]]:
        """Of the parameters over the scenario's, or of the sweep's points, what no model could compute: path, rule, why."""
        whole = self.parameters.merged_over(scenario_parameters)
        if not self.sweep:
            return parameter_faults(whole)
        return [
            ("sweep", rule, f"at the point {canonical(point)}: {why}")
            for point in points_of(self.sweep)
            for _, rule, why in parameter_faults({**whole, **point})
        ]

    def canonical_parameters(self) -> str:
        """The parameters with the sweep among them: both decide the result, so both are hashed."""
        swept = {RESERVED: self.sweep} if self.sweep else {}
        return canonical({**self.parameters.changes(), **swept})

    @property
    def retries(self) -> int:
        return DEFAULT_RETRIES[self.priority] if self.max_retries is None else self.max_retries

    def request_hash(self, scenario: ScenarioId) -> str:
        """What an idempotency key is bound to: the scenario and all options."""
        options = self.model_dump(
            mode="json", exclude_none=True, exclude={"idempotency_key", "tenant_id", "parameters"}
        )
        document = {**options, "scenario_id": str(scenario), "parameters": self.parameters.changes()}
        return hashlib.sha256(canonical(document).encode()).hexdigest()

    def stored(self, scenario: ScenarioId, code_version: str) -> dict[str, Any]:
        """The columns of a run that its options decide, by name; `code_version` where they name none."""
        return {
            **self.model_dump(exclude={"tenant_id", "sweep", "parameters"}),
            "parameters": self.canonical_parameters(),
            "code_version": self.code_version or code_version,
            "max_retries": self.retries,
            "request_hash": self.request_hash(scenario),
        }


@dataclass(frozen=True, slots=True)
class Run:
    """A run as it is kept. `parameters` is canonical JSON; `error` says why it did not succeed."""

    tenant_id: TenantId
    id: RunId
    scenario_id: ScenarioId
    scenario_version: int
    """The version that is computed."""
    state: State
    """Where it stands."""
    priority: Priority
    """How much earlier than others it is begun."""
    progress_percent: int
    """How much of the present attempt is done, 0 to 100."""
    attempt: int
    """Which attempt this is, from 1; 0 before the first."""
    fencing_token: int
    lease_until: datetime | None
    version_hash: str
    """SHA-256 of all that decides the result: equal hashes are equal results."""
    parameters: str
    """What it was asked for with, over the scenario's; a sweep's points are under `sweep`."""
    code_version: str
    """The version of the code that computes it."""
    environment: str
    """A mark of yours: runs of different environments never share a result."""
    seed: int
    """The seed of the draws."""
    timeout_minutes: int
    """Minutes from its start after which it is ended as TIMEOUT."""
    max_retries: int
    """Attempts after the first."""
    idempotency_key: str | None
    """The key that the request came with: a repeat gets this run."""
    request_hash: str
    correlation_id: str
    created_at: datetime
    created_by: str
    started_at: datetime | None
    """When its first attempt began; null before."""
    completed_at: datetime | None
    """When it ended; null before."""
    updated_at: datetime
    error: dict[str, Any] | None
    """Why it did not succeed, or why the last attempt did not; null without a failure."""
    output_rows: int | None
    """How many rows its result has; null before there is one."""
    output_bytes: int | None
    """Bytes of the file of its result; null before there is one."""
    gb_seconds: float
    """Computing time of all its attempts, in gigabytes of memory times seconds."""
    parts: int | None
    """Of a run that was split: into how many parts."""
    parent_run_id: RunId | None
    """Of a part: the run that it belongs to."""
    part: dict[str, Any] | None
    """Of a part: which one."""

    @property
    def deadline(self) -> datetime | None:
        """When the run must be over; None before it has started."""
        return self.started_at and self.started_at + timedelta(minutes=self.timeout_minutes)

    @property
    def timeout_message(self) -> str:
        """What the run's error says when the deadline has passed; `end_overdue_run` says the same."""
        return f"the run exceeded its {self.timeout_minutes} minutes"


@dataclass(frozen=True, slots=True)
class LiveRun(Run):
    """A run, and for what it waits: a switch, a paused workflow, its tenant's limit, a retry's time, its turn."""

    waits_for: dict[str, Any] | None
    """None where it is not queued."""


@dataclass(frozen=True, slots=True)
class ListedRun(Run):
    """A run among those of all scenarios."""

    scenario_name: str


@dataclass(frozen=True, slots=True)
class RequestedRun(Run):
    """The answer to a request: the run, and whether it is new."""

    outcome: str
    context: dict[str, Any]
    """What it was asked for with: `sextant.runs.fit` reads it."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Who asked for a run, and the trace of the request; it travels with the run's messages."""

    actor: str
    correlation_id: str
    traceparent: str


@dataclass(frozen=True, slots=True)
class Attempt:
    """One attempt of a worker at a run; `outcome` is None while it lasts."""

    tenant_id: TenantId
    run_id: RunId
    attempt: int
    """Which attempt, from 1."""
    fencing_token: int
    worker: str
    """The worker that made it."""
    outcome: str | None
    """How it ended: SUCCEEDED, FAILED, CANCELLED, TIMEOUT, or LOST where its worker died; null while it lasts."""
    error: dict[str, Any] | None
    """Why it failed; null otherwise."""
    started_at: datetime
    """When it began."""
    ended_at: datetime | None
    """When it ended; null while it lasts."""


class RunSelection(BaseModel):
    """Which of a tenant's runs to cancel or to replay together; every field narrows."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    scenario_id: UUID | None = None
    """Of this scenario."""
    states: Annotated[list[Annotated[State, UPPER]], Field(min_length=1, max_length=6)] | None = None
    """In one of these states."""
    priority: Annotated[Priority | None, UPPER] = None
    """Of this priority."""
    created_after: Moment | None = None
    """Asked for at this moment or later."""
    created_before: Moment | None = None
    """Asked for before this moment."""


@dataclass(frozen=True, slots=True)
class Cancellation:
    """Runs that are cancelled together, by a filter or with their deleted scenario: more than one request ends, so it goes on."""

    tenant_id: TenantId
    id: CancellationId
    scenario_id: ScenarioId | None
    """The scenario that was deleted, or that the filter names; null means of every scenario."""
    deletion: bool
    states: list[State] | None
    """In one of these states; null means any that has not ended."""
    priority: Priority | None
    """Of this priority; null means any."""
    created_after: datetime | None
    """Asked for at this moment or later; null means any."""
    created_before: datetime | None
    """Asked for before this moment; null means any."""
    matching: int | None
    """How many runs fitted when it was asked for; null where that was not counted."""
    cancelled: int
    """How many are cancelled by now. In the end some may be missing that ended otherwise meanwhile."""
    actor: str
    requested_at: datetime
    """When it was asked for. Runs asked for later are not cancelled."""
    completed_at: datetime | None
    """When the last of its runs was cancelled; null while it goes on."""


@dataclass(frozen=True, slots=True)
class RunStatistics:
    """How many runs are in a state, and the age of the oldest."""

    state: State
    runs: int
    oldest_seconds: float


@dataclass(frozen=True, slots=True)
class RunLimits:
    """How many of a tenant's runs may be in work at once, how many are, and how many wait."""

    max_running: int
    """How many runs may be in work at once."""
    in_work: int
    """How many are."""
    queued: int
    """How many wait."""


@dataclass(frozen=True, slots=True)
class RunFilter:
    """Which runs of a scenario to list; every field narrows."""

    states: tuple[State, ...] | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    parent: RunId | None = None
    """List the parts of this run; without it, runs that are no parts."""


@dataclass(frozen=True, slots=True)
class TenantRunFilter:
    """Which of a tenant's runs to list, parts left out; every field narrows."""

    states: tuple[State, ...] | None = None
    scenario: ScenarioId | None = None
    model: str | None = None
    """The built-in one is that of runs that name none."""
    created_by: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


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
