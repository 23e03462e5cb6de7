"""The bodies that go back: what a client sees of scenarios, runs and metrics."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from sextant.http import cursors
from sextant.outputs.model import LatestMetric
from sextant.paging import Page
from sextant.runs.model import Attempt, Run
from sextant.scenarios.differences import Difference
from sextant.scenarios.model import Scenario, ScenarioDocument, ScenarioEvent, ScenarioVersion, decode
from sextant.tenancy import Caller

T = TypeVar("T")


class _Body(BaseModel):
    model_config = ConfigDict(defer_build=True)


class Meta(_Body):
    request_id: str


class PageMeta(Meta):
    next_cursor: str | None = None
    prev_cursor: str | None = None


class RunMeta(Meta):
    existing: bool
    """Whether an equal run, or the run of the same idempotency key, was there before."""


class Envelope(_Body, Generic[T]):
    data: T
    meta: Meta


class ListEnvelope(_Body, Generic[T]):
    data: list[T]
    meta: PageMeta


class ScenarioBody(_Body):
    id: UUID
    version: int
    name: str
    description: str
    status: str
    assumptions: list[dict[str, Any]]
    parameters: dict[str, Any]
    tags: list[str]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str

    @classmethod
    def of(cls, scenario: Scenario) -> ScenarioBody:
        return cls.model_construct(
            id=scenario.id,
            version=scenario.version,
            name=scenario.name,
            description=scenario.description,
            status=scenario.status,
            assumptions=decode(scenario.assumptions),
            parameters=decode(scenario.parameters),
            tags=scenario.tags,
            created_at=scenario.created_at,
            created_by=scenario.created_by,
            updated_at=scenario.updated_at,
            updated_by=scenario.updated_by,
        )


class ScenarioDraft(_Body):
    """A scenario as it would be stored."""

    name: str
    description: str
    status: str
    assumptions: list[dict[str, Any]]
    parameters: dict[str, Any]
    tags: list[str]
    name_taken_by: UUID | None
    """The scenario that has this name already: storing would be refused."""

    @classmethod
    def of(cls, document: ScenarioDocument, name_taken_by: UUID | None) -> ScenarioDraft:
        values = document.values()
        return cls.model_construct(
            name=document.name,
            description=document.description,
            status=document.status,
            assumptions=decode(values.assumptions or "[]"),
            parameters=decode(values.parameters or "{}"),
            tags=document.tags,
            name_taken_by=name_taken_by,
        )


class RunBody(_Body):
    id: UUID
    scenario_id: UUID
    scenario_version: int
    state: str
    priority: str
    progress_percent: int
    attempt: int
    version_hash: str
    parameters: dict[str, Any]
    code_version: str
    environment: str
    seed: int
    timeout_minutes: int
    max_retries: int
    created_at: datetime
    created_by: str
    started_at: datetime | None
    completed_at: datetime | None
    error: dict[str, Any] | None
    output_rows: int | None
    output_bytes: int | None
    gb_seconds: float
    parts: int | None
    parent_run_id: UUID | None
    part: dict[str, Any] | None

    @classmethod
    def of(cls, run: Run) -> RunBody:
        return cls.model_construct(
            parameters=decode(run.parameters),
            **{name: getattr(run, name) for name in cls.model_fields if name != "parameters"},
        )


class VersionBody(_Body):
    id: UUID
    version: int
    name: str
    description: str
    status: str
    assumptions: list[dict[str, Any]]
    parameters: dict[str, Any]
    tags: list[str]
    deleted_at: datetime | None
    changed_by: str
    valid_from: datetime
    valid_to: datetime | None

    @classmethod
    def of(cls, version: ScenarioVersion) -> VersionBody:
        return cls.model_construct(
            **{
                **{name: getattr(version, name) for name in cls.model_fields},
                "assumptions": decode(version.assumptions),
                "parameters": decode(version.parameters),
            }
        )


class DifferenceBody(_Body):
    path: str
    change: Literal["ADDED", "REMOVED", "CHANGED"]
    before: Any
    after: Any

    @classmethod
    def of(cls, difference: Difference) -> DifferenceBody:
        return cls.model_construct(**{name: getattr(difference, name) for name in cls.model_fields})


class EventBody(_Body):
    id: UUID
    scenario_id: UUID
    run_id: UUID | None
    event_type: str
    actor: str
    correlation_id: str
    data: dict[str, Any]
    occurred_at: datetime

    @classmethod
    def of(cls, event: ScenarioEvent) -> EventBody:
        return cls.model_construct(**{name: getattr(event, name) for name in cls.model_fields})


class AttemptBody(_Body):
    attempt: int
    worker: str
    outcome: str | None
    error: dict[str, Any] | None
    started_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptBody:
        return cls.model_construct(**{name: getattr(attempt, name) for name in cls.model_fields})


class BulkItemBody(_Body):
    index: int
    outcome: Literal["CREATED", "EXISTING", "REPLAYED", "DUPLICATE"]
    """DUPLICATE: equal to an item before it in the same request, whose run this is."""
    run: RunBody


class SelectionBody(_Body):
    matching: int
    """How many runs the filter fits."""
    preview: bool
    changed: int
    skipped: int
    run_ids: list[UUID]


class MetricBody(_Body):
    metric: str
    tags: dict[str, str]
    asof_date: date
    value: float
    unit: str
    band_lower: float | None
    band_upper: float | None
    run_id: UUID
    computed_at: datetime

    @classmethod
    def of(cls, metric: LatestMetric) -> MetricBody:
        return cls.model_construct(**{name: getattr(metric, name) for name in cls.model_fields})


class ScenarioEnvelope(Envelope[ScenarioBody]): ...


class ScenarioList(ListEnvelope[ScenarioBody]): ...


class RunEnvelope(Envelope[RunBody]): ...


class RequestedRunEnvelope(_Body):
    data: RunBody
    meta: RunMeta


class RunList(ListEnvelope[RunBody]): ...


class ScenarioPreview(_Body):
    data: ScenarioDraft
    meta: Meta


class VersionEnvelope(Envelope[VersionBody]): ...


class VersionList(ListEnvelope[VersionBody]): ...


class DifferenceList(_Body):
    data: list[DifferenceBody]
    meta: Meta


class EventList(ListEnvelope[EventBody]): ...


class AttemptList(_Body):
    data: list[AttemptBody]
    meta: Meta


class BulkEnvelope(_Body):
    data: list[BulkItemBody]
    meta: Meta


class SelectionEnvelope(Envelope[SelectionBody]): ...


class MetricList(_Body):
    data: list[MetricBody]
    meta: Meta


def meta(caller: Caller) -> Meta:
    return Meta.model_construct(request_id=caller.request_id)


def page_meta(caller: Caller, page: Page[Any], scope: str) -> PageMeta:
    edges: dict[str, Any] = dict(cursors.neighbours(page, scope))
    return PageMeta.model_construct(request_id=caller.request_id, **edges)
