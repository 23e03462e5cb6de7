"""What a client sees of scenarios, their versions, differences and trail."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from functions.api.http.envelopes import Body, Envelope, ListEnvelope, Meta
from sextant.canonical import decode
from sextant.scenarios.differences import Difference
from sextant.scenarios.model import Scenario, ScenarioEvent, ScenarioVersion

if TYPE_CHECKING:
    from sextant.scenarios.documents import ScenarioDocument


class ScenarioBody(Body):
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


class ScenarioDraft(Body):
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


class VersionBody(Body):
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


class DifferenceBody(Body):
    path: str
    change: Literal["ADDED", "REMOVED", "CHANGED"]
    before: Any
    after: Any

    @classmethod
    def of(cls, difference: Difference) -> DifferenceBody:
        return cls.model_construct(**{name: getattr(difference, name) for name in cls.model_fields})


class EventBody(Body):
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


class ScenarioEnvelope(Envelope[ScenarioBody]): ...


class ScenarioList(ListEnvelope[ScenarioBody]): ...


class ScenarioPreview(Body):
    data: ScenarioDraft
    meta: Meta


class VersionEnvelope(Envelope[VersionBody]): ...


class VersionList(ListEnvelope[VersionBody]): ...


class DifferenceList(Body):
    data: list[DifferenceBody]
    meta: Meta


class EventList(ListEnvelope[EventBody]): ...
