"""What a scenario is in the database: the record that is kept, and the entries of its audit log.

The document that a tenant sends is in `documents`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypedDict
from uuid import UUID

from sextant.drivers.references import Remark
from sextant.ids import ScenarioId, TenantId

Status = Literal["ACTIVE", "ARCHIVED"]


class ScenarioValues(TypedDict, total=False):
    """What a tenant says of a scenario, as it is kept; a change leaves out what stays as it is."""

    name: str
    description: str
    status: Status
    assumptions: str
    parameters: str
    tags: list[str]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario at one version, as it is kept. `assumptions` and `parameters` are canonical JSON."""

    tenant_id: TenantId
    id: ScenarioId
    version: int
    name: str
    """Unique among the tenant's scenarios, whatever its case."""
    description: str
    """What it is for, in your words."""
    status: Status
    """Whether it is in use."""
    assumptions: str
    """Drivers that change the baseline, in the order in which they act."""
    parameters: str
    """By name; what a run says goes before them."""
    tags: list[str]
    """To find it by, at most 20."""
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None = None
    """When it was deleted; null where it stands."""

    @property
    def etag(self) -> str:
        """The strong entity tag of this version (RFC 9110 section 8.8.3)."""
        return f'"{self.id}.{self.version}"'


@dataclass(frozen=True, slots=True)
class WrittenScenario(Scenario):
    """A scenario as it was just stored, and what its author should know of it."""

    warnings: tuple[Remark, ...] = ()


@dataclass(frozen=True, slots=True)
class ScenarioEvent:
    """One entry of a scenario's audit log."""

    tenant_id: TenantId
    id: UUID
    scenario_id: ScenarioId
    run_id: UUID | None
    event_type: str
    """What happened: `SCENARIO_CREATED`, `RUN_REQUESTED`, `RUN_SUCCEEDED` …"""
    actor: str
    correlation_id: str
    data: dict[str, Any]
    """What belongs to it, by the type."""
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class ScenarioFilter:
    """Which scenarios to list; every field narrows."""

    status: Status | None = None
    name: str | None = None
    tag: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
