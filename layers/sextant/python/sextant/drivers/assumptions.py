"""A scenario's assumptions: the eight drivers by name, those that hold other drivers, and what must fit together.

A new driver is a file with its payload, a line in `PAYLOADS`, and what `sextant.engine.transform` makes of it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, reduce
from operator import or_
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    Discriminator,
    Field,
    GetCoreSchemaHandler,
    Tag,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from sextant.drivers.conditions import ConditionBlock
from sextant.drivers.correlation import correlations
from sextant.drivers.errors import ModelInputError
from sextant.drivers.fields import LOWER, UPPER, Contract, Driver, Number, broken, optional, required
from sextant.drivers.fleet_change import FleetChangePayload
from sextant.drivers.fuel_curve import FuelCurvePayload
from sextant.drivers.load_growth import LoadGrowthPayload
from sextant.drivers.policy import PolicyPayload
from sextant.drivers.rules import fault_of
from sextant.drivers.stochastic import StochasticPayload
from sextant.drivers.time_series import TimeSeriesPayload

MAX_NESTING = 3
MAX_ASSUMPTIONS = 50


class Assumption(Contract):
    """A driver by its type, and its payload."""

    driver_type: str
    payload: Driver


class Component(Assumption):
    """A driver of a composite, with its weight."""

    weight: Annotated[Number, Field(ge=-10, le=10)] = optional("wᵢ below", default=1.0)
    when: ConditionBlock | None = optional("CONDITIONAL: required; otherwise forbidden")


class _OneOf:
    """Has pydantic read an assumption, or a component, as one of the eight that `driver_type` names."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return handler.generate_schema(_kinds(source))


AnyAssumption = Annotated[Assumption, _OneOf()]
AnyComponent = Annotated[Component, _OneOf()]


class CompositePayload(Driver):
    """Several drivers put together with weights."""

    mode: Annotated[Literal["ADDITIVE", "MULTIPLICATIVE", "CONDITIONAL"], UPPER] = required(
        "how the components are put together"
    )
    components: Annotated[list[AnyComponent], Field(min_length=1, max_length=20)] = required(
        "drivers, each with its `weight`"
    )

    @model_validator(mode="after")
    def _conditions_fit_the_mode(self) -> Self:
        for index, component in enumerate(self.components):
            if (component.when is None) == (self.mode == "CONDITIONAL"):
                broken(
                    f"components[{index}].when",
                    "missing" if component.when is None else "not_applicable",
                    "when is required in mode CONDITIONAL and forbidden in the others",
                )
        return self


class ConditionalPayload(ConditionBlock, Driver):
    """Drivers that act in the years in which a condition holds."""

    then: Annotated[list[AnyAssumption], Field(min_length=1, max_length=20)] = required(
        "drivers applied in the years in which the condition holds"
    )
    otherwise: Annotated[list[AnyAssumption], Field(max_length=20)] = optional(
        "drivers applied in the other years", default=[]
    )


PAYLOADS: dict[str, type[Driver]] = {
    "policy": PolicyPayload,
    "load_growth": LoadGrowthPayload,
    "fuel_curve": FuelCurvePayload,
    "fleet_change": FleetChangePayload,
    "composite": CompositePayload,
    "stochastic": StochasticPayload,
    "conditional": ConditionalPayload,
    "time_series": TimeSeriesPayload,
}


def _driver_type(value: Any) -> str | None:
    name = value.get("driver_type") if isinstance(value, dict) else getattr(value, "driver_type", None)
    return name.lower() if isinstance(name, str) and name.lower() in PAYLOADS else None


@cache
def _kinds(base: type[Assumption]) -> Any:
    """The union of the eight kinds of `base`, told apart by `driver_type`; made when it is first read with."""
    pattern = "{}Assumption" if base is Assumption else "{}Component"
    literal: Any = Literal
    kinds: list[Any] = [
        Annotated[
            create_model(
                pattern.format(name.title().replace("_", "")),
                __base__=base,
                __module__=__name__,
                driver_type=(Annotated[literal[name], LOWER], required("which driver")),
                payload=(payload, required("what it does")),
            ),
            Tag(name),
        ]
        for name, payload in PAYLOADS.items()
    ]
    return Annotated[
        reduce(or_, kinds),
        Discriminator(
            _driver_type,
            custom_error_type="unknown_driver",
            custom_error_message="driver_type must be one of " + ", ".join(PAYLOADS),
            custom_error_context={"field": "driver_type"},
        ),
    ]


@dataclass(frozen=True)
class PlacedDriver:
    """A driver and where it stands (`assumptions[2].payload.then[0]`), which is also its random stream's name."""

    path: str
    driver_type: str
    driver: Driver

    def inside(self) -> list[PlacedDriver]:
        """The drivers directly inside this one."""
        lists: dict[str, Sequence[Assumption]] = {}
        if isinstance(self.driver, CompositePayload):
            lists = {"components": self.driver.components}
        elif isinstance(self.driver, ConditionalPayload):
            lists = {"then": self.driver.then, "otherwise": self.driver.otherwise}
        return [inner for name, held in lists.items() for inner in place(held, f"{self.path}.payload.{name}")]

    def walk(self) -> Iterator[PlacedDriver]:
        """This one and everything nested in it, in reading order."""
        yield self
        for inner in self.inside():
            yield from inner.walk()

    def depth(self) -> int:
        """1 for a plain driver, 1 + the deepest inside for the others."""
        return 1 + max((inner.depth() for inner in self.inside()), default=0)


def place(assumptions: Sequence[Assumption], path: str = "assumptions") -> tuple[PlacedDriver, ...]:
    """The drivers of a list, each with its path."""
    return tuple(
        PlacedDriver(f"{path}[{index}]", assumption.driver_type, assumption.payload)
        for index, assumption in enumerate(assumptions)
    )


def _fit_together(assumptions: list[Assumption]) -> list[Assumption]:
    """Refuse what no assumption shows alone: too deep a nest, names used twice, correlations that contradict."""
    placed = place(assumptions, "")
    for driver in placed:
        if driver.depth() > MAX_NESTING:
            raise PydanticCustomError(
                "too_deep", f"drivers nest at most {MAX_NESTING} deep", {"field": driver.path}
            )
    walked = {inner.path: inner.driver for outer in placed for inner in outer.walk()}
    units: set[str] = set()
    for path, payload in walked.items():
        if isinstance(payload, FleetChangePayload) and payload.action == "ADD" and payload.unit is not None:
            if payload.unit in units:
                broken(f"{path}.payload.unit", "unique", "two added units have the same name")
            units.add(payload.unit)
    try:
        correlations({path: p for path, p in walked.items() if isinstance(p, StochasticPayload)})
    except ModelInputError as error:
        broken(error.path, "correlations", error.rule.replace("{", "(").replace("}", ")"))
    return assumptions


Assumptions = Annotated[list[AnyAssumption], Field(max_length=MAX_ASSUMPTIONS), AfterValidator(_fit_together)]


@cache
def _adapter() -> TypeAdapter[list[Assumption]]:
    # Built once and late: it takes some 30 ms, and only who reads assumptions should pay them.
    return TypeAdapter(Assumptions)


def read_assumptions(assumptions: Sequence[Any]) -> tuple[PlacedDriver, ...]:
    """The drivers of JSON objects or of `Assumption`s, each with its path.

    Raises ModelInputError for the first field that breaks the contract.
    """
    try:
        return place(_adapter().validate_python(list(assumptions)))
    except ValidationError as error:
        path, _, message = fault_of(error.errors(include_url=False, include_input=False)[0], "assumptions")
        raise ModelInputError(path, message) from None
