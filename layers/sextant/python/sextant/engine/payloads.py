"""Reading assumptions from JSON payloads.

Reading is complete (types, ranges, unknown fields), so that a model never computes on something it silently ignored.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from sextant.engine.drivers import (
    Assumption,
    CarbonPrice,
    Combination,
    Component,
    Composite,
    CompositeMode,
    Condition,
    Conditional,
    ConditionBlock,
    ConditionMetric,
    CorrelationWith,
    CurvePoint,
    Cyclical,
    Distribution,
    Driver,
    DriverType,
    FleetAction,
    FleetAddition,
    FleetRetirement,
    FuelCurve,
    Irregular,
    LoadGrowth,
    Logic,
    Operation,
    Operator,
    PolicyName,
    Quantity,
    RenewableStandard,
    Seasonal,
    Stochastic,
    Target,
    TimeSeries,
    Trend,
    TrendKind,
    Variation,
)
from sextant.engine.errors import ModelInputError
from sextant.engine.reading import Reader

MAX_NESTING = 3
MOST = 1e12
"""No parameter of a distribution is larger."""


def read_assumptions(items: Sequence[Mapping[str, Any]]) -> tuple[Assumption, ...]:
    """Read a scenario's assumptions; ModelInputError names the path of the first bad field."""
    return tuple(_assumption(item, f"assumptions[{index}]", 1) for index, item in enumerate(items))


def _assumption(item: Any, path: str, depth: int) -> Assumption:
    reader = Reader(item, path)
    kind = reader.choice("driver_type", DriverType, required=True)
    payload = reader.child("payload", required=True)
    reader.finish()
    return _read(kind, payload, path, depth)


def _read(kind: DriverType, payload: Reader, path: str, depth: int) -> Assumption:
    if depth > MAX_NESTING:
        raise ModelInputError(path, f"drivers nest at most {MAX_NESTING} deep")
    driver: Driver
    if kind is DriverType.POLICY:
        driver = _policy(payload)
    elif kind is DriverType.LOAD_GROWTH:
        driver = LoadGrowth(
            years=payload.years(),
            annual_rate=payload.number("annual_rate", -0.5, 0.5),
            flat_mw=payload.number("flat_mw", -1e6, 1e6, default=0.0),
        )
    elif kind is DriverType.FUEL_CURVE:
        driver = _fuel_curve(payload)
    elif kind is DriverType.FLEET_CHANGE:
        driver = _fleet_change(payload)
    elif kind is DriverType.COMPOSITE:
        driver = _composite(payload, depth)
    elif kind is DriverType.STOCHASTIC:
        driver = _stochastic(payload)
    elif kind is DriverType.CONDITIONAL:
        driver = Conditional(
            when=_condition_block(payload),
            then=_drivers(payload, "then", 1, depth),
            otherwise=_drivers(payload, "otherwise", 0, depth),
        )
    else:
        driver = _time_series(payload)
    payload.finish()
    return Assumption(path, kind, driver)


def _policy(payload: Reader) -> Driver:
    name = payload.choice("policy_name", PolicyName, required=True)
    years = payload.years(start_required=True)
    ramp_years = payload.integer("ramp_years", 0, 50, default=0)
    if name is PolicyName.CARBON_PRICE:
        return CarbonPrice(
            years=years,
            price=payload.number("price", 0.0, 10_000.0),
            ramp_years=ramp_years,
            annual_escalation=payload.number("annual_escalation", -0.5, 0.5, default=0.0),
        )
    return RenewableStandard(
        years=years,
        target=payload.number("target", 0.0, 1.0),
        ramp_years=ramp_years,
        alternative_compliance_payment=payload.number(
            "alternative_compliance_payment", 0.0, 10_000.0, default=150.0
        ),
        build_mix=payload.shares("build_mix", 10),
    )


def _fuel_curve(payload: Reader) -> FuelCurve:
    points = []
    for item in payload.children("points", 0, 200):
        points.append(CurvePoint(item.year("year", required=True), item.number("price", 0.0, 10_000.0)))
        item.finish()
    if any(b.year <= a.year for a, b in pairwise(points)):
        raise ModelInputError(payload.at("points"), "years strictly increasing")
    if not payload.has("points") and not payload.has("multiplier") and not payload.has("shift"):
        raise ModelInputError(payload.path, "at least one of points, multiplier, shift")
    if payload.has("points") and not points:
        raise ModelInputError(payload.at("points"), "1–200 entries")
    return FuelCurve(
        years=payload.years(),
        fuel=payload.text("fuel", required=True),
        points=tuple(points),
        multiplier=payload.number("multiplier", 0.0, 100.0, default=1.0, above=True),
        shift=payload.number("shift", -1000.0, 1000.0, default=0.0),
    )


def _fleet_change(payload: Reader) -> Driver:
    action = payload.choice("action", FleetAction, required=True)
    year = payload.year("year", required=True)
    if action is FleetAction.RETIRE:
        retirement = FleetRetirement(
            year=year,
            technology=payload.optional_text("technology"),
            unit=payload.optional_text("unit"),
            capacity_mw=payload.optional_number("capacity_mw", 0.0, 1e6, above=True),
        )
        if (retirement.technology is None) == (retirement.unit is None):
            raise ModelInputError(payload.path, "RETIRE needs unit or technology, not both")
        return retirement
    out_year = payload.optional_year("out_year")
    if out_year is not None and out_year <= year:
        raise ModelInputError(payload.at("out_year"), "after year")
    return FleetAddition(
        year=year,
        technology=payload.text("technology", required=True),
        capacity_mw=payload.number("capacity_mw", 0.0, 1e6, above=True),
        unit=payload.optional_text("unit"),
        out_year=out_year,
        heat_rate=payload.optional_number("heat_rate", 0.0, 100.0),
        variable_cost=payload.optional_number("variable_cost", 0.0, 10_000.0),
        fixed_cost=payload.optional_number("fixed_cost", 0.0, 1e7),
        emission_factor=payload.optional_number("emission_factor", 0.0, 10.0),
        outage_rate=payload.optional_number("outage_rate", 0.0, 1.0),
        capex=payload.optional_number("capex", 0.0, 1e8),
        life_years=payload.optional_integer("life_years", 1, 100),
    )


def _composite(payload: Reader, depth: int) -> Composite:
    mode = payload.choice("mode", CompositeMode, required=True)
    components = []
    for item in payload.children("components", 1, 20):
        kind = item.choice("driver_type", DriverType, required=True)
        inner = _read(kind, item.child("payload", required=True), item.path, depth + 1)
        if item.has("when") != (mode is CompositeMode.CONDITIONAL):
            rule = (
                "required when mode is CONDITIONAL"
                if not item.has("when")
                else "only when mode is CONDITIONAL"
            )
            raise ModelInputError(item.at("when"), rule)
        when = None
        if mode is CompositeMode.CONDITIONAL:
            block = item.child("when", required=True)
            when = _condition_block(block)
            block.finish()
        components.append(Component(inner, item.number("weight", -10.0, 10.0, default=1.0), when))
        item.finish()
    return Composite(mode, tuple(components))


def _drivers(payload: Reader, name: str, least: int, depth: int) -> tuple[Assumption, ...]:
    found = []
    for item in payload.children(name, least, 20):
        kind = item.choice("driver_type", DriverType, required=True)
        found.append(_read(kind, item.child("payload", required=True), item.path, depth + 1))
        item.finish()
    return tuple(found)


def _condition_block(payload: Reader) -> ConditionBlock:
    logic = payload.choice("logic", Logic, required=True)
    conditions = []
    for item in payload.children("conditions", 1, 20):
        condition = Condition(
            metric=item.choice("metric", ConditionMetric, required=True),
            operator=item.choice("operator", Operator, required=True),
            value=item.number("value", -1e300, 1e300),
            fuel=item.optional_text("fuel"),
            technology=item.optional_text("technology"),
        )
        if (condition.fuel is not None) != (condition.metric is ConditionMetric.FUEL_PRICE):
            raise ModelInputError(item.at("fuel"), "given exactly when metric is FUEL_PRICE")
        if condition.technology is not None and condition.metric is not ConditionMetric.CAPACITY:
            raise ModelInputError(item.at("technology"), "only when metric is CAPACITY")
        item.finish()
        conditions.append(condition)
    return ConditionBlock(logic, tuple(conditions))


def _target(payload: Reader) -> Target:
    target = Target(
        quantity=payload.choice("quantity", Quantity, required=True),
        fuel=payload.optional_text("fuel"),
        technology=payload.optional_text("technology"),
    )
    if target.fuel is not None and target.quantity is not Quantity.FUEL_PRICE:
        raise ModelInputError(payload.at("fuel"), "only when quantity is FUEL_PRICE")
    if target.technology is not None and target.quantity is not Quantity.AVAILABILITY:
        raise ModelInputError(payload.at("technology"), "only when quantity is AVAILABILITY")
    return target


def _stochastic(payload: Reader) -> Stochastic:
    distribution = payload.choice("distribution", Distribution, required=True)
    target = _target(payload)
    mean = std = low = high = mode = 0.0
    if distribution in (Distribution.NORMAL, Distribution.LOGNORMAL):
        positive = distribution is Distribution.LOGNORMAL
        mean = payload.number("mean", 0.0 if positive else -MOST, MOST, above=positive)
        std = payload.number("std", 0.0, 1e6)
    else:
        low = payload.number("low", -MOST, MOST)
        high = payload.number("high", low, MOST)
        if distribution is Distribution.TRIANGULAR:
            mode = payload.number("mode", low, high)
    variation = payload.choice("variation", Variation, default=Variation.PER_RUN)
    if payload.has("persistence") and variation is not Variation.AUTOREGRESSIVE:
        raise ModelInputError(payload.at("persistence"), "only when variation is AUTOREGRESSIVE")
    correlations = []
    for item in payload.children("correlations", 0, 20):
        correlations.append(
            CorrelationWith(item.text("name", required=True), item.number("coefficient", -1.0, 1.0))
        )
        item.finish()
    minimum = payload.optional_number("minimum", -MOST, MOST)
    return Stochastic(
        target=target,
        distribution=distribution,
        years=payload.years(),
        mean=mean,
        std=std,
        low=low,
        high=high,
        mode=mode,
        operation=payload.choice("operation", Operation, default=Operation.MULTIPLY),
        variation=variation,
        persistence=payload.number("persistence", -0.99, 0.99, default=0.7),
        minimum=minimum,
        maximum=payload.optional_number("maximum", -MOST if minimum is None else minimum, MOST),
        name=payload.optional_text("name"),
        correlations=tuple(correlations),
    )


def _time_series(payload: Reader) -> TimeSeries:
    target = _target(payload)
    trend = seasonal = cyclical = irregular = None
    if payload.has("trend"):
        part = payload.child("trend", required=True)
        trend = Trend(part.choice("kind", TrendKind, required=True), part.number("rate", -0.5, 0.5))
        part.finish()
    if payload.has("seasonal"):
        part = payload.child("seasonal", required=True)
        if target.quantity not in (Quantity.LOAD, Quantity.FUEL_PRICE):
            raise ModelInputError(part.path, "only when quantity is LOAD or FUEL_PRICE")
        seasonal = Seasonal(part.monthly())
        part.finish()
    if payload.has("cyclical"):
        part = payload.child("cyclical", required=True)
        cyclical = Cyclical(
            amplitude=part.number("amplitude", 0.0, 1.0),
            period_years=part.number("period_years", 1.0, 100.0),
            phase_years=part.number("phase_years", -100.0, 100.0, default=0.0),
        )
        part.finish()
    if payload.has("irregular"):
        part = payload.child("irregular", required=True)
        irregular = Irregular(
            std=part.number("std", 0.0, 1.0), persistence=part.number("persistence", -0.99, 0.99, default=0.0)
        )
        part.finish()
    if trend is None and seasonal is None and cyclical is None and irregular is None:
        raise ModelInputError(payload.path, "at least one of trend, seasonal, cyclical, irregular")
    return TimeSeries(
        target=target,
        years=payload.years(),
        combination=payload.choice("combination", Combination, default=Combination.MULTIPLICATIVE),
        trend=trend,
        seasonal=seasonal,
        cyclical=cyclical,
        irregular=irregular,
    )
