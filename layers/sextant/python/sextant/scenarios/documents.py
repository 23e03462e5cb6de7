"""The document by which a tenant says what a scenario is, or what is to be different about it."""

from __future__ import annotations

from typing import Annotated, ClassVar, cast

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from sextant.canonical import canonical, decode
from sextant.drivers.assumptions import AnyAssumption, Assumptions
from sextant.drivers.fields import UPPER
from sextant.drivers.parameters import BuiltInParameters, RunParameters, ScenarioParameters, parameter_faults
from sextant.errors import FieldError, ValidationError
from sextant.scenarios.model import Scenario, ScenarioValues, Status

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
    _about: ClassVar[type] = Scenario

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
            assumptions=_canonical(self.assumptions),
            parameters=canonical(self.parameters.values()),
            tags=self.tags,
        )


class ScenarioChanges(BaseModel):
    """What is to be different, as a JSON merge patch (RFC 7396).

    A field that is absent stays as it is, and one that is null gets its default. `parameters` are merged by name: those
    that are absent stay, and those that are null are taken away.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)
    _about: ClassVar[type] = Scenario

    name: Name = Field(default_factory=str)
    description: Description | None = None
    assumptions: Assumptions | None = None
    parameters: RunParameters | None = None
    """Merged by name: absent stays, null takes it away."""
    tags: Tags | None = None
    status: Annotated[Status | None, UPPER] = None

    @property
    def depends_on_present(self) -> bool:
        """Whether what is stored then depends on what is stored now."""
        return self.parameters is not None

    @property
    def decides_results(self) -> bool:
        """Whether it says anything of what a run computes."""
        return not self.model_fields_set.isdisjoint({"assumptions", "parameters"})

    def values(self, present: str = "{}") -> ScenarioValues:
        """What the named fields are to be, where `present` are the parameters now.

        Raises `ValidationError` for parameters that don't go together with those that stay.
        """
        values = ScenarioValues(
            name=self.name,
            description=self.description or "",
            status=self.status or "ACTIVE",
            assumptions=_canonical(self.assumptions or []),
            parameters=self._parameters(present),
            tags=self.tags or [],
        )
        return cast(
            ScenarioValues, {name: value for name, value in values.items() if name in self.model_fields_set}
        )

    def _parameters(self, present: str) -> str:
        if self.parameters is None:
            return canonical({})
        merged = self.parameters.merged_over(decode(present))
        if faults := parameter_faults(merged):
            path, _, message = faults[0]
            raise ValidationError(f"{path}: {message}", errors=[FieldError(*fault) for fault in faults])
        return canonical(merged)


def _canonical(assumptions: list[AnyAssumption]) -> str:
    return canonical([assumption.model_dump(mode="json", exclude_none=True) for assumption in assumptions])
