"""The eight assumption drivers as frozen dataclasses.

Fields, units and ranges are the contract of docs/model.md, "Driver payloads"; `payloads` reads them from JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeAlias

from sextant.engine.reading import Years


class DriverType(StrEnum):
    POLICY = "policy"
    LOAD_GROWTH = "load_growth"
    FUEL_CURVE = "fuel_curve"
    FLEET_CHANGE = "fleet_change"
    COMPOSITE = "composite"
    STOCHASTIC = "stochastic"
    CONDITIONAL = "conditional"
    TIME_SERIES = "time_series"


class PolicyName(StrEnum):
    RPS = "RPS"
    CARBON_PRICE = "CARBON_PRICE"


class FleetAction(StrEnum):
    ADD = "ADD"
    RETIRE = "RETIRE"


class CompositeMode(StrEnum):
    ADDITIVE = "ADDITIVE"
    MULTIPLICATIVE = "MULTIPLICATIVE"
    CONDITIONAL = "CONDITIONAL"


class Quantity(StrEnum):
    LOAD = "LOAD"
    FUEL_PRICE = "FUEL_PRICE"
    CARBON_PRICE = "CARBON_PRICE"
    AVAILABILITY = "AVAILABILITY"


class Distribution(StrEnum):
    NORMAL = "NORMAL"
    LOGNORMAL = "LOGNORMAL"
    UNIFORM = "UNIFORM"
    TRIANGULAR = "TRIANGULAR"


class Operation(StrEnum):
    MULTIPLY = "MULTIPLY"
    ADD = "ADD"


class Variation(StrEnum):
    PER_RUN = "PER_RUN"
    PER_YEAR = "PER_YEAR"
    AUTOREGRESSIVE = "AUTOREGRESSIVE"


class Logic(StrEnum):
    ALL = "ALL"
    ANY = "ANY"


class ConditionMetric(StrEnum):
    YEAR = "YEAR"
    PEAK_LOAD = "PEAK_LOAD"
    LOAD_ENERGY = "LOAD_ENERGY"
    FUEL_PRICE = "FUEL_PRICE"
    CARBON_PRICE = "CARBON_PRICE"
    CAPACITY = "CAPACITY"
    PRICE = "PRICE"
    RENEWABLE_SHARE = "RENEWABLE_SHARE"
    EMISSIONS = "EMISSIONS"
    UNSERVED_ENERGY = "UNSERVED_ENERGY"


class Operator(StrEnum):
    GT = "GT"
    GE = "GE"
    LT = "LT"
    LE = "LE"
    EQ = "EQ"
    NE = "NE"


class Combination(StrEnum):
    MULTIPLICATIVE = "MULTIPLICATIVE"
    ADDITIVE = "ADDITIVE"


class TrendKind(StrEnum):
    LINEAR = "LINEAR"
    EXPONENTIAL = "EXPONENTIAL"


@dataclass(frozen=True)
class RenewableStandard:
    years: Years
    target: float
    ramp_years: int = 0
    alternative_compliance_payment: float = 150.0
    build_mix: Mapping[str, float] | None = None


@dataclass(frozen=True)
class CarbonPrice:
    years: Years
    price: float
    ramp_years: int = 0
    annual_escalation: float = 0.0


@dataclass(frozen=True)
class LoadGrowth:
    years: Years
    annual_rate: float
    flat_mw: float = 0.0


@dataclass(frozen=True)
class CurvePoint:
    year: int
    price: float


@dataclass(frozen=True)
class FuelCurve:
    years: Years
    fuel: str
    points: tuple[CurvePoint, ...] = ()
    multiplier: float = 1.0
    shift: float = 0.0


@dataclass(frozen=True)
class FleetAddition:
    """Numbers left None are the technology's own."""

    year: int
    technology: str
    capacity_mw: float
    unit: str | None = None
    out_year: int | None = None
    heat_rate: float | None = None
    variable_cost: float | None = None
    fixed_cost: float | None = None
    emission_factor: float | None = None
    outage_rate: float | None = None
    capex: float | None = None
    life_years: int | None = None


@dataclass(frozen=True)
class FleetRetirement:
    year: int
    technology: str | None = None
    unit: str | None = None
    capacity_mw: float | None = None


@dataclass(frozen=True)
class Target:
    quantity: Quantity
    fuel: str | None = None
    technology: str | None = None


@dataclass(frozen=True)
class CorrelationWith:
    name: str
    coefficient: float


@dataclass(frozen=True)
class Stochastic:
    target: Target
    distribution: Distribution
    years: Years
    mean: float = 0.0
    std: float = 0.0
    low: float = 0.0
    high: float = 0.0
    mode: float = 0.0
    operation: Operation = Operation.MULTIPLY
    variation: Variation = Variation.PER_RUN
    persistence: float = 0.7
    minimum: float | None = None
    maximum: float | None = None
    name: str | None = None
    correlations: tuple[CorrelationWith, ...] = ()


@dataclass(frozen=True)
class Condition:
    metric: ConditionMetric
    operator: Operator
    value: float
    fuel: str | None = None
    technology: str | None = None


@dataclass(frozen=True)
class ConditionBlock:
    logic: Logic
    conditions: tuple[Condition, ...]


@dataclass(frozen=True)
class Conditional:
    when: ConditionBlock
    then: tuple[Assumption, ...]
    otherwise: tuple[Assumption, ...] = ()


@dataclass(frozen=True)
class Component:
    assumption: Assumption
    weight: float = 1.0
    when: ConditionBlock | None = None


@dataclass(frozen=True)
class Composite:
    mode: CompositeMode
    components: tuple[Component, ...]


@dataclass(frozen=True)
class Trend:
    kind: TrendKind
    rate: float


@dataclass(frozen=True)
class Seasonal:
    """Deviation from 1 by month, January first."""

    monthly: tuple[float, ...]


@dataclass(frozen=True)
class Cyclical:
    amplitude: float
    period_years: float
    phase_years: float = 0.0


@dataclass(frozen=True)
class Irregular:
    std: float
    persistence: float = 0.0


@dataclass(frozen=True)
class TimeSeries:
    target: Target
    years: Years
    combination: Combination = Combination.MULTIPLICATIVE
    trend: Trend | None = None
    seasonal: Seasonal | None = None
    cyclical: Cyclical | None = None
    irregular: Irregular | None = None


Driver: TypeAlias = (
    RenewableStandard
    | CarbonPrice
    | LoadGrowth
    | FuelCurve
    | FleetAddition
    | FleetRetirement
    | Composite
    | Stochastic
    | Conditional
    | TimeSeries
)


@dataclass(frozen=True)
class Assumption:
    """A driver and where it stands (`assumptions[2].payload.then[0]`), which is also its random stream's name."""

    path: str
    driver_type: DriverType
    driver: Driver = field(repr=False)

    def nested(self) -> tuple[Assumption, ...]:
        """The drivers directly inside this one."""
        if isinstance(self.driver, Composite):
            return tuple(component.assumption for component in self.driver.components)
        if isinstance(self.driver, Conditional):
            return self.driver.then + self.driver.otherwise
        return ()

    def walk(self) -> list[Assumption]:
        """This one and everything nested in it, in reading order."""
        found = [self]
        for inner in self.nested():
            found += inner.walk()
        return found
