"""What a run is, and which runs a request may choose."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, get_args
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from sextant.drivers.fields import UPPER
from sextant.ids import CancellationId, RunId, ScenarioId, TenantId
from sextant.moments import Moment

State = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"]
Priority = Literal["LOW", "NORMAL", "HIGH", "CRITICAL"]
STATES: tuple[State, ...] = get_args(State)
DEFAULT_TIMEOUT_MINUTES = 60


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
