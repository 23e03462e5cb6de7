"""The payload schemas of the eight assumption drivers, as `docs/model.md` defines them.

A payload that passes here is one the engine computes: unknown fields, wrong types and values out of
range are errors that name the path. Enumerations are taken in either case and kept in upper case.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from sextant.drivers.fields import DRIVER_TYPES, LOWER, UPPER, Bounded, Integer, Number, Year, broken
from sextant.drivers.fields import ShortName as Name

MAX_NESTING = 3


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class _Span(_Strict):
    """Something in force from `start_year` to `end_year`, both inclusive."""

    start_year: Year | None = None
    end_year: Year | None = None

    @model_validator(mode="after")
    def _years_in_order(self) -> Self:
        if self.start_year is not None and self.end_year is not None and self.end_year < self.start_year:
            broken("end_year", "year_order", "end_year must not lie before start_year")
        return self


class _Quantity(_Span):
    """A driver that moves one input of the model."""

    quantity: Annotated[Literal["LOAD", "FUEL_PRICE", "CARBON_PRICE", "AVAILABILITY"], UPPER]
    fuel: Name | None = None
    technology: Name | None = None

    @model_validator(mode="after")
    def _selector_fits(self) -> Self:
        if self.fuel is not None and self.quantity != "FUEL_PRICE":
            broken("fuel", "not_applicable", "fuel goes only with quantity FUEL_PRICE")
        if self.technology is not None and self.quantity != "AVAILABILITY":
            broken("technology", "not_applicable", "technology goes only with quantity AVAILABILITY")
        return self


_RPS_ONLY = ("target", "alternative_compliance_payment", "build_mix")
_CARBON_ONLY = ("price", "annual_escalation")


class PolicyPayload(_Span):
    """A renewable portfolio standard, or a price on carbon."""

    policy_name: Annotated[Literal["RPS", "CARBON_PRICE"], UPPER]
    start_year: Year
    target: Annotated[Number, Field(ge=0, le=1)] | None = None
    ramp_years: Annotated[Integer, Field(ge=0, le=50)] = 0
    alternative_compliance_payment: Annotated[Number, Field(ge=0, le=10_000)] | None = None
    build_mix: (
        Annotated[dict[Name, Annotated[Number, Field(gt=0, le=1e12)]], Field(min_length=1, max_length=10)]
        | None
    ) = None
    price: Annotated[Number, Field(ge=0, le=10_000)] | None = None
    annual_escalation: Annotated[Number, Field(ge=-0.5, le=0.5)] | None = None

    @model_validator(mode="after")
    def _fields_fit_the_policy(self) -> Self:
        required, foreign = ("target", _CARBON_ONLY) if self.policy_name == "RPS" else ("price", _RPS_ONLY)
        if getattr(self, required) is None:
            broken(required, "missing", f"{required} is required for policy {self.policy_name}")
        for name in foreign:
            if getattr(self, name) is not None:
                broken(name, "not_applicable", f"{name} does not apply to policy {self.policy_name}")
        return self


class LoadGrowthPayload(_Span):
    """Growth of the load on top of the baseline."""

    annual_rate: Annotated[Number, Field(ge=-0.5, le=0.5)]
    flat_mw: Annotated[Number, Field(ge=-1e6, le=1e6)] = 0.0


class CurvePoint(_Strict):
    year: Year
    price: Annotated[Number, Field(ge=0, le=10_000)]


class FuelCurvePayload(_Span):
    """Another price curve for a fuel, or a change of the present one."""

    fuel: Name
    points: Annotated[list[CurvePoint], Field(min_length=1, max_length=200)] | None = None
    multiplier: Annotated[Number, Field(gt=0, le=100)] | None = None
    shift: Annotated[Number, Field(ge=-1000, le=1000)] | None = None

    @model_validator(mode="after")
    def _changes_something(self) -> Self:
        if self.points is None and self.multiplier is None and self.shift is None:
            broken("points", "missing", "at least one of points, multiplier, shift is required")
        years = [point.year for point in self.points or ()]
        if any(later <= earlier for earlier, later in pairwise(years)):
            broken("points", "year_order", "the years of points must increase strictly")
        return self


_ADD_ONLY = (
    "out_year",
    "heat_rate",
    "variable_cost",
    "fixed_cost",
    "emission_factor",
    "outage_rate",
    "capex",
    "life_years",
)


class FleetChangePayload(_Strict):
    """A unit that is built or retired."""

    action: Annotated[Literal["ADD", "RETIRE"], UPPER]
    year: Year
    technology: Name | None = None
    unit: Name | None = None
    capacity_mw: Annotated[Number, Field(gt=0, le=1e6)] | None = None
    out_year: Year | None = None
    heat_rate: Annotated[Number, Field(ge=0, le=100)] | None = None
    variable_cost: Annotated[Number, Field(ge=0, le=10_000)] | None = None
    fixed_cost: Annotated[Number, Field(ge=0, le=1e7)] | None = None
    emission_factor: Annotated[Number, Field(ge=0, le=10)] | None = None
    outage_rate: Annotated[Number, Field(ge=0, le=1)] | None = None
    capex: Annotated[Number, Field(ge=0, le=1e8)] | None = None
    life_years: Annotated[Integer, Field(ge=1, le=100)] | None = None

    @model_validator(mode="after")
    def _fields_fit_the_action(self) -> Self:
        if self.action == "ADD":
            for name in ("technology", "capacity_mw"):
                if getattr(self, name) is None:
                    broken(name, "missing", f"{name} is required for action ADD")
            if self.out_year is not None and self.out_year <= self.year:
                broken("out_year", "year_order", "out_year must lie after year")
            return self
        if (self.unit is None) == (self.technology is None):
            broken("unit", "one_of", "action RETIRE needs unit or technology, and not both")
        for name in _ADD_ONLY:
            if getattr(self, name) is not None:
                broken(name, "not_applicable", f"{name} goes only with action ADD")
        return self


class Condition(_Strict):
    metric: Annotated[
        Literal[
            "YEAR",
            "PEAK_LOAD",
            "LOAD_ENERGY",
            "FUEL_PRICE",
            "CARBON_PRICE",
            "CAPACITY",
            "PRICE",
            "RENEWABLE_SHARE",
            "EMISSIONS",
            "UNSERVED_ENERGY",
        ],
        UPPER,
    ]
    operator: Annotated[Literal["GT", "GE", "LT", "LE", "EQ", "NE"], UPPER]
    value: Number
    fuel: Name | None = None
    technology: Name | None = None

    @model_validator(mode="after")
    def _selector_fits(self) -> Self:
        if (self.fuel is None) == (self.metric == "FUEL_PRICE"):
            broken("fuel", "not_applicable", "fuel goes with metric FUEL_PRICE, and only with it")
        if self.technology is not None and self.metric != "CAPACITY":
            broken("technology", "not_applicable", "technology goes only with metric CAPACITY")
        return self


class ConditionBlock(_Strict):
    logic: Annotated[Literal["ALL", "ANY"], UPPER]
    conditions: Annotated[list[Condition], Field(min_length=1, max_length=20)]


class CompositePayload(_Strict):
    """Several drivers put together with weights."""

    mode: Annotated[Literal["ADDITIVE", "MULTIPLICATIVE", "CONDITIONAL"], UPPER]
    components: Annotated[list[Component], Field(min_length=1, max_length=20)]

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


class Correlation(_Strict):
    name: Name
    coefficient: Annotated[Number, Field(ge=-1, le=1)]


_PARAMETERS_OF = {
    "NORMAL": ("mean", "std"),
    "LOGNORMAL": ("mean", "std"),
    "UNIFORM": ("low", "high"),
    "TRIANGULAR": ("low", "high", "mode"),
}


class StochasticPayload(_Quantity):
    """An input that is random; bands come from the run's draws."""

    distribution: Annotated[Literal["NORMAL", "LOGNORMAL", "UNIFORM", "TRIANGULAR"], UPPER]
    mean: Bounded | None = None
    std: Annotated[Number, Field(ge=0, le=1e6)] | None = None
    low: Bounded | None = None
    high: Bounded | None = None
    mode: Bounded | None = None
    operation: Annotated[Literal["MULTIPLY", "ADD"], UPPER] = "MULTIPLY"
    variation: Annotated[Literal["PER_RUN", "PER_YEAR", "AUTOREGRESSIVE"], UPPER] = "PER_RUN"
    persistence: Annotated[Number, Field(ge=-0.99, le=0.99)] | None = None
    minimum: Bounded | None = None
    maximum: Bounded | None = None
    name: Name | None = None
    correlations: Annotated[list[Correlation], Field(max_length=20)] = []

    @model_validator(mode="after")
    def _parameters_fit_the_distribution(self) -> Self:
        wanted = _PARAMETERS_OF[self.distribution]
        for name in ("mean", "std", "low", "high", "mode"):
            if (getattr(self, name) is None) == (name in wanted):
                rule = "missing" if name in wanted else "not_applicable"
                word = "is required for" if name in wanted else "does not apply to"
                broken(name, rule, f"{name} {word} distribution {self.distribution}")
        if self.distribution == "LOGNORMAL" and (self.mean or 0) <= 0:
            broken("mean", "greater_than", "mean must be greater than 0 for distribution LOGNORMAL")
        if self.low is not None and self.high is not None and self.low > self.high:
            broken("high", "order", "high must not be less than low")
        if self.mode is not None and not (self.low or 0) <= self.mode <= (self.high or 0):
            broken("mode", "order", "mode must lie between low and high")
        if self.persistence is not None and self.variation != "AUTOREGRESSIVE":
            broken("persistence", "not_applicable", "persistence goes only with variation AUTOREGRESSIVE")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            broken("maximum", "order", "maximum must not be less than minimum")
        return self


class ConditionalPayload(ConditionBlock):
    """Drivers that act in the years in which a condition holds."""

    then: Annotated[list[Assumption], Field(min_length=1, max_length=20)]
    otherwise: Annotated[list[Assumption], Field(max_length=20)] = []


class Trend(_Strict):
    kind: Annotated[Literal["LINEAR", "EXPONENTIAL"], UPPER]
    rate: Annotated[Number, Field(ge=-0.5, le=0.5)]


class Seasonal(_Strict):
    amplitude: Annotated[Number, Field(ge=0, le=1)] | None = None
    peak_month: Annotated[Integer, Field(ge=1, le=12)] | None = None
    monthly: (
        Annotated[list[Annotated[Number, Field(ge=-1, le=10)]], Field(min_length=12, max_length=12)] | None
    ) = None

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        wave = self.amplitude is not None and self.peak_month is not None
        if (self.monthly is None) != wave or (self.monthly is not None and self.amplitude is not None):
            broken("monthly", "one_of", "give amplitude and peak_month, or monthly")
        return self


class Cyclical(_Strict):
    amplitude: Annotated[Number, Field(ge=0, le=1)]
    period_years: Annotated[Number, Field(ge=1, le=100)]
    phase_years: Annotated[Number, Field(ge=-100, le=100)] = 0.0


class Irregular(_Strict):
    std: Annotated[Number, Field(ge=0, le=1)]
    persistence: Annotated[Number, Field(ge=-0.99, le=0.99)] = 0.0


class TimeSeriesPayload(_Quantity):
    """A course over time: trend, seasons, cycles and noise."""

    combination: Annotated[Literal["MULTIPLICATIVE", "ADDITIVE"], UPPER] = "MULTIPLICATIVE"
    trend: Trend | None = None
    seasonal: Seasonal | None = None
    cyclical: Cyclical | None = None
    irregular: Irregular | None = None

    @model_validator(mode="after")
    def _has_a_component(self) -> Self:
        if self.trend is None and self.seasonal is None and self.cyclical is None and self.irregular is None:
            broken("trend", "missing", "at least one of trend, seasonal, cyclical, irregular is required")
        if self.seasonal is not None and self.quantity not in ("LOAD", "FUEL_PRICE"):
            broken("seasonal", "not_applicable", "seasonal goes only with quantity LOAD or FUEL_PRICE")
        return self


class PolicyAssumption(_Strict):
    driver_type: Annotated[Literal["policy"], LOWER]
    payload: PolicyPayload


class LoadGrowthAssumption(_Strict):
    driver_type: Annotated[Literal["load_growth"], LOWER]
    payload: LoadGrowthPayload


class FuelCurveAssumption(_Strict):
    driver_type: Annotated[Literal["fuel_curve"], LOWER]
    payload: FuelCurvePayload


class FleetChangeAssumption(_Strict):
    driver_type: Annotated[Literal["fleet_change"], LOWER]
    payload: FleetChangePayload


class CompositeAssumption(_Strict):
    driver_type: Annotated[Literal["composite"], LOWER]
    payload: CompositePayload


class StochasticAssumption(_Strict):
    driver_type: Annotated[Literal["stochastic"], LOWER]
    payload: StochasticPayload


class ConditionalAssumption(_Strict):
    driver_type: Annotated[Literal["conditional"], LOWER]
    payload: ConditionalPayload


class TimeSeriesAssumption(_Strict):
    driver_type: Annotated[Literal["time_series"], LOWER]
    payload: TimeSeriesPayload


def _driver_type(value: Any) -> str | None:
    found = value.get("driver_type") if isinstance(value, dict) else getattr(value, "driver_type", None)
    return found.lower() if isinstance(found, str) and found.lower() in DRIVER_TYPES else None


Assumption = Annotated[
    Annotated[PolicyAssumption, Tag("policy")]
    | Annotated[LoadGrowthAssumption, Tag("load_growth")]
    | Annotated[FuelCurveAssumption, Tag("fuel_curve")]
    | Annotated[FleetChangeAssumption, Tag("fleet_change")]
    | Annotated[CompositeAssumption, Tag("composite")]
    | Annotated[StochasticAssumption, Tag("stochastic")]
    | Annotated[ConditionalAssumption, Tag("conditional")]
    | Annotated[TimeSeriesAssumption, Tag("time_series")],
    Discriminator(
        _driver_type,
        custom_error_type="unknown_driver",
        custom_error_message="driver_type must be one of " + ", ".join(DRIVER_TYPES),
        custom_error_context={"field": "driver_type"},
    ),
]


class _ComponentPlace(_Strict):
    weight: Annotated[Number, Field(ge=-10, le=10)] = 1.0
    when: ConditionBlock | None = None


class _PolicyComponent(PolicyAssumption, _ComponentPlace): ...


class _LoadGrowthComponent(LoadGrowthAssumption, _ComponentPlace): ...


class _FuelCurveComponent(FuelCurveAssumption, _ComponentPlace): ...


class _FleetChangeComponent(FleetChangeAssumption, _ComponentPlace): ...


class _CompositeComponent(CompositeAssumption, _ComponentPlace): ...


class _StochasticComponent(StochasticAssumption, _ComponentPlace): ...


class _ConditionalComponent(ConditionalAssumption, _ComponentPlace): ...


class _TimeSeriesComponent(TimeSeriesAssumption, _ComponentPlace): ...


Component = Annotated[
    Annotated[_PolicyComponent, Tag("policy")]
    | Annotated[_LoadGrowthComponent, Tag("load_growth")]
    | Annotated[_FuelCurveComponent, Tag("fuel_curve")]
    | Annotated[_FleetChangeComponent, Tag("fleet_change")]
    | Annotated[_CompositeComponent, Tag("composite")]
    | Annotated[_StochasticComponent, Tag("stochastic")]
    | Annotated[_ConditionalComponent, Tag("conditional")]
    | Annotated[_TimeSeriesComponent, Tag("time_series")],
    Discriminator(
        _driver_type,
        custom_error_type="unknown_driver",
        custom_error_message="driver_type must be one of " + ", ".join(DRIVER_TYPES),
        custom_error_context={"field": "driver_type"},
    ),
]


def nesting(assumption: BaseModel) -> int:
    """How deep an assumption nests: 1 for a plain driver, 1 + the deepest inside for the others."""
    payload = assumption.payload  # type: ignore[attr-defined]
    inside: list[BaseModel] = []
    if isinstance(payload, CompositePayload):
        inside = list(payload.components)
    elif isinstance(payload, ConditionalPayload):
        inside = [*payload.then, *payload.otherwise]
    return 1 + max((nesting(driver) for driver in inside), default=0)
