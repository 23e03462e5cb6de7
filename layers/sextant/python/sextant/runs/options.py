"""The options that a run may be requested with, and what their results are known by."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from typing import Annotated, Any, Self

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
from sextant.ids import ScenarioId
from sextant.runs.model import DEFAULT_TIMEOUT_MINUTES, Priority

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
    timeout_minutes: Annotated[int, Field(strict=True, ge=1, le=1440)] = DEFAULT_TIMEOUT_MINUTES
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
