"""What a scenario is: the document a tenant sends, the row that is kept, and one version of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

import rfc8785
from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    TypeAdapter,
    model_validator,
)
from pydantic_core import PydanticCustomError

from sextant.ids import ScenarioId, TenantId
from sextant.scenarios.drivers import MAX_NESTING, UPPER, Assumption, Number, Year, nesting

Status = Literal["ACTIVE", "ARCHIVED"]
Scalar = str | bool | int | float
Tag = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=64)]

MAX_ASSUMPTIONS = 50
MAX_PARAMETERS = 100
MAX_TAGS = 20
# The largest integer that JSON keeps exactly everywhere (RFC 8785 section 3.2.2.3).
MAX_SAFE_INTEGER = 2**53 - 1


class RunParameters(BaseModel):
    """The parameters of the built-in model; a plug-in model may take others, each a scalar."""

    model_config = ConfigDict(extra="allow", frozen=True, defer_build=True)

    shock_bp: Annotated[Number, Field(ge=-10_000, le=100_000)] | None = None
    discount_rate: Annotated[Number, Field(gt=-0.5, le=1)] | None = None
    discount_basis: Annotated[Literal["REAL", "NOMINAL"], UPPER] | None = None
    inflation: Annotated[Number, Field(ge=-0.5, le=1)] | None = None
    base_year: Year | None = None
    start_year: Year | None = None
    end_year: Year | None = None
    value_of_lost_load: Annotated[Number, Field(gt=0, le=1e6)] | None = None
    draws: Annotated[int, Field(strict=True, ge=1, le=10_000)] | None = None
    attribution: Annotated[bool, Field(strict=True)] | None = None
    model: Annotated[str, Field(strict=True, pattern=r"^[a-z][a-z0-9_]{0,63}$")] | None = None

    @model_validator(mode="before")
    @classmethod
    def _few_scalars(cls, value: Any) -> Any:
        if isinstance(value, RunParameters) or not isinstance(value, Mapping):
            return value
        if len(value) > MAX_PARAMETERS:
            raise PydanticCustomError("too_long", f"at most {MAX_PARAMETERS} parameters are allowed")
        for name, item in value.items():
            if not isinstance(name, str) or not name.isidentifier() or not name.isascii() or len(name) > 64:
                raise PydanticCustomError(
                    "name",
                    "a parameter's name is 1 to 64 of A-Z, a-z, 0-9 and '_', not beginning with a digit",
                )
            if not isinstance(item, Scalar) or (isinstance(item, str) and len(item) > 1000):
                raise PydanticCustomError(
                    "scalar",
                    "a parameter is a number, a boolean or a string of at most 1000 characters",
                    {"field": name},
                )
            if isinstance(item, int) and abs(item) > MAX_SAFE_INTEGER:
                raise PydanticCustomError(
                    "too_large", f"an integer must lie within ±{MAX_SAFE_INTEGER}", {"field": name}
                )
        return value

    @model_validator(mode="after")
    def _years_in_order(self) -> Self:
        if self.start_year is not None and self.end_year is not None and self.end_year < self.start_year:
            raise PydanticCustomError(
                "year_order", "end_year must not lie before start_year", {"field": "end_year"}
            )
        return self


def _not_too_deep(value: list[Assumption]) -> list[Assumption]:
    for index, assumption in enumerate(value):
        if nesting(assumption) > MAX_NESTING:
            raise PydanticCustomError(
                "too_deep", f"drivers nest at most {MAX_NESTING} deep", {"field": f"[{index}]"}
            )
    return value


def _each_once(value: list[str]) -> list[str]:
    return list(dict.fromkeys(value))


Name = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200)]
Description = Annotated[str, StringConstraints(strict=True, max_length=10_000)]
Assumptions = Annotated[list[Assumption], Field(max_length=MAX_ASSUMPTIONS), AfterValidator(_not_too_deep)]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_each_once)]


class ScenarioDocument(BaseModel):
    """What a tenant says a scenario is."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: Name
    description: Description = ""
    assumptions: Assumptions = []
    parameters: RunParameters = Field(default_factory=RunParameters)
    tags: Tags = []
    status: Annotated[Status, UPPER] = "ACTIVE"

    def values(self) -> ScenarioValues:
        return ScenarioValues(
            name=self.name,
            description=self.description,
            status=self.status,
            assumptions=canonical_assumptions(self.assumptions),
            parameters=canonical_parameters(self.parameters),
            tags=self.tags,
        )


class ScenarioChanges(BaseModel):
    """What is to be different; a field that is absent stays as it is."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: Name = ""
    description: Description = ""
    assumptions: Assumptions = []
    parameters: RunParameters = Field(default_factory=RunParameters)
    tags: Tags = []
    status: Annotated[Status, UPPER] = "ACTIVE"

    def values(self) -> ScenarioValues:
        given = self.model_fields_set
        return ScenarioValues(
            name=self.name if "name" in given else None,
            description=self.description if "description" in given else None,
            status=self.status if "status" in given else None,
            assumptions=canonical_assumptions(self.assumptions) if "assumptions" in given else None,
            parameters=canonical_parameters(self.parameters) if "parameters" in given else None,
            tags=self.tags if "tags" in given else None,
        )


@dataclass(frozen=True, slots=True)
class ScenarioValues:
    """The fields of a scenario as they are kept; None leaves one as it is."""

    name: str | None = None
    description: str | None = None
    status: Status | None = None
    assumptions: str | None = None
    parameters: str | None = None
    tags: list[str] | None = None


def canonical_assumptions(value: list[Assumption]) -> str:
    return canonical([assumption.model_dump(mode="json", exclude_none=True) for assumption in value])


def canonical_parameters(value: RunParameters) -> str:
    return canonical(value.model_dump(mode="json", exclude_none=True))


def canonical(value: Any) -> str:
    """`value` as canonical JSON (RFC 8785): equal values have equal text."""
    return rfc8785.dumps(value).decode()


@dataclass(frozen=True, slots=True)
class Scenario:
    """The current version of a scenario, as it is kept. `assumptions` and `parameters` are canonical JSON."""

    tenant_id: TenantId
    id: ScenarioId
    version: int
    name: str
    description: str
    status: Status
    assumptions: str
    parameters: str
    tags: list[str]
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None = None

    @property
    def etag(self) -> str:
        """The strong entity tag of this version (RFC 9110 section 8.8.3)."""
        return f'"{self.id}.{self.version}"'


@dataclass(frozen=True, slots=True)
class ScenarioVersion:
    """A scenario as it stood from `valid_from` until `valid_to`; None is until now."""

    tenant_id: TenantId
    id: ScenarioId
    version: int
    name: str
    description: str
    status: Status
    assumptions: str
    parameters: str
    tags: list[str]
    deleted_at: datetime | None
    changed_by: str
    valid_from: datetime
    valid_to: datetime | None


@dataclass(frozen=True, slots=True)
class ScenarioEvent:
    """One entry of a scenario's trail."""

    tenant_id: TenantId
    id: UUID
    scenario_id: ScenarioId
    run_id: UUID | None
    event_type: str
    actor: str
    correlation_id: str
    data: dict[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class ScenarioFilter:
    """Which scenarios to list; every field narrows."""

    status: Status | None = None
    name: str | None = None
    tag: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None


ASSUMPTIONS: TypeAdapter[list[Assumption]] = TypeAdapter(
    list[Assumption], config=ConfigDict(defer_build=True)
)


def decode(text: str) -> Any:
    """The value of a canonical JSON text from the database."""
    return json.loads(text)
