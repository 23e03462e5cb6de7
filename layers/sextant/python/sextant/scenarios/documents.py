"""The document by which a tenant says what a scenario is, or what is to be different about it."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from sextant.canonical import canonical
from sextant.drivers.assumptions import Assumption, Assumptions
from sextant.drivers.fields import UPPER
from sextant.drivers.parameters import BuiltInParameters, PlugInParameters, ScenarioParameters
from sextant.scenarios.model import ScenarioValues, Status

Tag = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=64)]

MAX_TAGS = 20


def _each_once(value: list[str]) -> list[str]:
    return list(dict.fromkeys(value))


Name = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200)]
Description = Annotated[str, StringConstraints(strict=True, max_length=10_000)]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_each_once)]


class ScenarioDocument(BaseModel):
    """What a tenant says a scenario is."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    name: Name
    description: Description = ""
    assumptions: Assumptions = []
    parameters: ScenarioParameters = Field(default_factory=BuiltInParameters)
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
    parameters: ScenarioParameters = Field(default_factory=BuiltInParameters)
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


def canonical_assumptions(value: list[Assumption]) -> str:
    return canonical([assumption.model_dump(mode="json", exclude_none=True) for assumption in value])


def canonical_parameters(value: BuiltInParameters | PlugInParameters) -> str:
    return canonical(value.values())
