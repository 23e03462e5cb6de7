"""The document by which a tenant says what a scenario is, or what is to be different about it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from sextant.canonical import canonical
from sextant.drivers.assumptions import Assumptions
from sextant.drivers.fields import UPPER
from sextant.drivers.parameters import BuiltInParameters, ScenarioParameters
from sextant.scenarios.model import ScenarioValues, Status

Tag = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=64)]

MAX_TAGS = 20


def _each_once(value: list[str]) -> list[str]:
    return list(dict.fromkeys(value))


Name = Annotated[str, StringConstraints(strict=True, strip_whitespace=True, min_length=1, max_length=200)]
Description = Annotated[str, StringConstraints(strict=True, max_length=10_000)]
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_each_once)]


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
        return _values(self, self.model_fields_set)


class ScenarioDocument(ScenarioChanges):
    """What a tenant says a scenario is."""

    name: Name

    def values(self) -> ScenarioValues:
        return _values(self, ScenarioDocument.model_fields.keys())


def _values(document: ScenarioChanges, given: Collection[str]) -> ScenarioValues:
    assumptions = [
        assumption.model_dump(mode="json", exclude_none=True) for assumption in document.assumptions
    ]
    values = ScenarioValues(
        name=document.name,
        description=document.description,
        status=document.status,
        assumptions=canonical(assumptions),
        parameters=canonical(document.parameters.values()),
        tags=document.tags,
    )
    return cast(ScenarioValues, {name: value for name, value in values.items() if name in given})
