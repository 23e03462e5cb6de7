"""What each driver does to the inputs: one function a driver, Inputs in, Inputs out."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from sextant.drivers.assumptions import CompositePayload, ConditionalPayload, PlacedDriver
from sextant.drivers.conditions import Condition, ConditionBlock, ConditionMetric
from sextant.drivers.fields import Span
from sextant.drivers.fleet_change import FleetChangePayload
from sextant.drivers.fuel_curve import FuelCurvePayload
from sextant.drivers.load_growth import LoadGrowthPayload
from sextant.drivers.policy import PolicyPayload
from sextant.drivers.quantity import Quantity
from sextant.drivers.stochastic import StochasticPayload
from sextant.drivers.time_series import TimeSeriesPayload
from sextant.engine.inputs import Fleet, Inputs
from sextant.engine.system import BoolArray, FloatArray, IntArray

RESULT_METRICS: tuple[ConditionMetric, ...] = ("PRICE", "RENEWABLE_SHARE", "EMISSIONS", "UNSERVED_ENERGY")


@dataclass(frozen=True)
class Setting:
    """What drivers need to know beside the inputs.

    `random` holds, by the driver's path, the values [D, Y] of this block of draws; `evaluate` dispatches a state and
    gives its results [D, Y], for conditions on results.
    """

    fleet: Fleet
    years: IntArray  # [Y]
    month: IntArray  # [H] 1–12
    weights: FloatArray  # [H] hours of the year
    random: Mapping[str, FloatArray]
    evaluate: Callable[[Inputs], Mapping[ConditionMetric, FloatArray]]

    def active(self, driver: Span) -> BoolArray:
        """[Y] years in which the driver is in force."""
        start = self.years[0] if driver.start_year is None else driver.start_year
        end = self.years[-1] if driver.end_year is None else driver.end_year
        return np.asarray((self.years >= start) & (self.years <= end))

    def since(self, start: int | None) -> FloatArray:
        """[Y] years passed since the start (the horizon's first year when None)."""
        return np.asarray(self.years - (self.years[0] if start is None else start), dtype=np.float64)


def apply_all(drivers: Sequence[PlacedDriver], inputs: Inputs, setting: Setting) -> Inputs:
    """The inputs as the drivers leave them, one after another."""
    for driver in drivers:
        inputs = apply(driver, inputs, setting)
    return inputs


def apply(placed: PlacedDriver, inputs: Inputs, setting: Setting) -> Inputs:
    """The inputs as this driver leaves them, within the physical limits.

    Raises ModelInputError where an input grows out of all bounds.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        moved = _moved(placed, inputs, setting).sane()
    moved.check(placed.path)
    return moved


def _moved(placed: PlacedDriver, inputs: Inputs, setting: Setting) -> Inputs:
    driver, path = placed.driver, placed.path
    if isinstance(driver, PolicyPayload):
        policy = _renewable_standard if driver.policy_name == "RPS" else _carbon_price
        moved = policy(driver, inputs, setting)
    elif isinstance(driver, LoadGrowthPayload):
        moved = _load_growth(driver, inputs, setting)
    elif isinstance(driver, FuelCurvePayload):
        moved = _fuel_curve(driver, inputs, setting)
    elif isinstance(driver, FleetChangePayload):
        unit = setting.fleet.additions.get(path)
        moved = (
            _retirement(driver, inputs, setting) if unit is None else _addition(driver, unit, inputs, setting)
        )
    elif isinstance(driver, CompositePayload):
        moved = _composite(placed, driver, inputs, setting)
    elif isinstance(driver, StochasticPayload):
        moved = _stochastic(driver, setting.random[path], inputs, setting)
    elif isinstance(driver, ConditionalPayload):
        inside = placed.inside()
        then, otherwise = inside[: len(driver.then)], inside[len(driver.then) :]
        moved = apply_all(then, inputs, setting).where(
            holds(driver, inputs, setting), apply_all(otherwise, inputs, setting)
        )
    elif isinstance(driver, TimeSeriesPayload):
        moved = _time_series(driver, setting.random.get(path), inputs, setting)
    else:
        raise TypeError(f"{path}: no model of {placed.driver_type}")
    return moved


def _renewable_standard(driver: PolicyPayload, inputs: Inputs, setting: Setting) -> Inputs:
    ramp = np.clip((setting.since(driver.start_year) + 1.0) / (driver.ramp_years + 1.0), 0.0, 1.0)
    target = np.where(setting.active(driver), driver.effective("target") * ramp, 0.0)
    stricter = (target > inputs.rps_target) | ((target >= inputs.rps_target) & (target > 0.0))
    mix = inputs.build_mix
    if (shares := driver.shares) is not None:
        own = np.zeros(len(setting.fleet.units))
        for technology, share in shares.items():
            own[setting.fleet.builds[technology]] = share
        mix = np.where(stricter[..., None], own, mix)
    return replace(
        inputs,
        rps_target=np.maximum(inputs.rps_target, target),
        compliance_rate=np.where(
            stricter, driver.effective("alternative_compliance_payment"), inputs.compliance_rate
        ),
        build_mix=mix,
    )


def _carbon_price(driver: PolicyPayload, inputs: Inputs, setting: Setting) -> Inputs:
    passed = setting.since(driver.start_year)
    path = driver.effective("price") * (1.0 + driver.effective("annual_escalation")) ** np.maximum(
        passed, 0.0
    )
    ramp = np.clip((passed + 1.0) / (driver.ramp_years + 1.0), 0.0, 1.0)
    priced = inputs.carbon_price + ramp[:, None] * (path[:, None] - inputs.carbon_price)
    active = setting.active(driver)[..., None]
    return replace(inputs, carbon_price=np.where(active, priced, inputs.carbon_price))


def _load_growth(driver: LoadGrowthPayload, inputs: Inputs, setting: Setting) -> Inputs:
    start = setting.years[0] if driver.start_year is None else driver.start_year
    end = setting.years[-1] if driver.end_year is None else driver.end_year
    passed = np.clip(setting.years - start, 0, max(end - start, 0)).astype(np.float64)
    factor = (1.0 + driver.annual_rate) ** passed
    block = np.where(setting.years >= start, driver.flat_mw, 0.0)
    return replace(inputs, load=inputs.load * factor[:, None] + block[:, None])


def _fuel_curve(driver: FuelCurvePayload, inputs: Inputs, setting: Setting) -> Inputs:
    fuel = setting.fleet.fuels.index(driver.fuel)
    curve = inputs.fuel_price[..., fuel]
    if driver.points:
        knots = [float(point.year) for point in driver.points]
        level = np.interp(setting.years.astype(np.float64), knots, [point.price for point in driver.points])
        curve = np.broadcast_to(level[:, None], curve.shape)
    curve = curve * driver.effective("multiplier") + driver.effective("shift")
    prices = inputs.fuel_price.copy()
    active = setting.active(driver)
    prices[..., fuel] = np.where(active[:, None], curve, prices[..., fuel])
    return replace(inputs, fuel_price=prices)


def _addition(driver: FleetChangePayload, unit: int, inputs: Inputs, setting: Setting) -> Inputs:
    running = setting.years >= driver.year
    if driver.out_year is not None:
        running &= setting.years < driver.out_year
    capacity, financed = inputs.capacity.copy(), inputs.financed.copy()
    added = setting.fleet.units[unit].capacity_mw
    capacity[..., unit] += np.where(running, added, 0.0)
    financed[..., unit] += np.where(setting.years >= driver.year, added, 0.0)
    return replace(inputs, capacity=capacity, financed=financed)


def retiring_units(driver: FleetChangePayload, fleet: Fleet) -> BoolArray:
    """[U] the units that a retirement names; never what an RPS builds."""
    if driver.technology is not None:
        named = fleet.of_technology(driver.technology)
    else:
        named = np.array([(unit.block_of or unit.name) == driver.unit for unit in fleet.units])
    named[list(fleet.builds.values())] = False
    return named


def _retirement(driver: FleetChangePayload, inputs: Inputs, setting: Setting) -> Inputs:
    leaving = retiring_units(driver, setting.fleet)
    installed = np.where(leaving, inputs.capacity, 0.0).sum(axis=-1)
    gone = installed if driver.capacity_mw is None else np.minimum(driver.capacity_mw, installed)
    kept = np.where(installed > 0.0, 1.0 - gone / np.where(installed > 0.0, installed, 1.0), 1.0)
    kept = np.where(setting.years >= driver.year, kept, 1.0)
    remaining = np.where(leaving, kept[..., None], 1.0)
    # What closes before it enters is never paid for; what closes later has been.
    spared = np.where(setting.fleet.in_year >= driver.year, remaining, 1.0)
    return replace(inputs, capacity=inputs.capacity * remaining, financed=inputs.financed * spared)


def _composite(placed: PlacedDriver, driver: CompositePayload, inputs: Inputs, setting: Setting) -> Inputs:
    moved = inputs
    for inner, component in zip(placed.inside(), driver.components, strict=True):
        alone, weight = apply(inner, inputs, setting), component.weight
        if component.when is not None:
            alone = alone.where(holds(component.when, inputs, setting), inputs)
        if driver.mode == "MULTIPLICATIVE":
            ratio = alone.merge(inputs, lambda new, old, w=weight: _power_ratio(new, old, w))  # type: ignore[misc]
            change = alone.merge(inputs, lambda new, old, w=weight: _unratioed(new, old, w))  # type: ignore[misc]
            moved = moved.merge(ratio, lambda total, part: total * part)
        else:
            change = alone.merge(inputs, lambda new, old, w=weight: w * (new - old))  # type: ignore[misc]
        moved = moved.merge(change, lambda total, part: total + part)
    return moved


def _power_ratio(new: FloatArray, old: FloatArray, weight: float) -> FloatArray:
    usable = (new > 0.0) & (old > 0.0)
    return np.where(usable, (np.where(usable, new, 1.0) / np.where(usable, old, 1.0)) ** weight, 1.0)


def _unratioed(new: FloatArray, old: FloatArray, weight: float) -> FloatArray:
    usable = (new > 0.0) & (old > 0.0)
    return np.where(usable, 0.0, weight * (new - old))


def move(
    inputs: Inputs,
    target: Quantity,
    change: Callable[[FloatArray], FloatArray],
    active: BoolArray,
    setting: Setting,
) -> Inputs:
    """Put one quantity through `change` in the active years.

    `change` takes and gives an array whose axes begin with [D, Y]; LOAD comes as [D, Y, H], FUEL_PRICE and CARBON_PRICE as [D, Y, M].
    """

    def within(new: FloatArray, old: FloatArray) -> FloatArray:
        return np.where(active.reshape(active.shape + (1,) * (old.ndim - 2)), new, old)

    if target.quantity == "LOAD":
        return replace(inputs, load=within(change(inputs.load), inputs.load))
    if target.quantity == "CARBON_PRICE":
        return replace(inputs, carbon_price=within(change(inputs.carbon_price), inputs.carbon_price))
    if target.quantity == "AVAILABILITY":
        chosen = np.ones(len(setting.fleet.units), dtype=np.bool_)
        if target.technology is not None:
            chosen = setting.fleet.of_technology(target.technology)
        moved = within(change(inputs.availability), inputs.availability)
        return replace(inputs, availability=np.where(chosen, moved, inputs.availability))
    columns = []
    for index, fuel in enumerate(setting.fleet.fuels):
        old = inputs.fuel_price[..., index]
        columns.append(within(change(old), old) if target.fuel in (None, fuel) else old)
    shape = np.broadcast_shapes(*(column.shape for column in columns))
    return replace(inputs, fuel_price=np.stack([np.broadcast_to(c, shape) for c in columns], axis=-1))


def _stochastic(driver: StochasticPayload, values: FloatArray, inputs: Inputs, setting: Setting) -> Inputs:
    def change(old: FloatArray) -> FloatArray:
        drawn = values.reshape(values.shape + (1,) * (old.ndim - 2))
        return old * drawn if driver.operation == "MULTIPLY" else old + drawn

    return move(inputs, driver, change, setting.active(driver), setting)


def _time_series(
    driver: TimeSeriesPayload, noise: FloatArray | None, inputs: Inputs, setting: Setting
) -> Inputs:
    passed = setting.since(driver.start_year)[None, :, None]
    parts: list[FloatArray] = []
    if driver.trend is not None:
        rate = driver.trend.rate
        linear = driver.trend.kind == "LINEAR"
        parts.append(rate * passed if linear else (1.0 + rate) ** passed - 1.0)
    if driver.seasonal is not None:
        parts.append(np.array(driver.seasonal.deviations())[None, None, :])
    if driver.cyclical is not None:
        turn = 2.0 * math.pi * (passed - driver.cyclical.phase_years) / driver.cyclical.period_years
        parts.append(driver.cyclical.amplitude * np.sin(turn))
    if driver.irregular is not None and noise is not None:
        parts.append(noise[:, :, None])
    factor = np.ones((1, 1, 1))
    for part in parts:
        factor = factor + part if driver.combination == "ADDITIVE" else factor * (1.0 + part)
    factor = np.maximum(factor, 0.0)

    def change(old: FloatArray) -> FloatArray:
        if driver.quantity == "LOAD":
            return old * (factor[:, :, setting.month - 1] if factor.shape[2] == 12 else factor)
        if driver.quantity in ("FUEL_PRICE", "CARBON_PRICE"):
            return old * factor
        return old * factor.reshape(factor.shape[:2] + (1,) * (old.ndim - 2))

    return move(inputs, driver, change, setting.active(driver), setting)


def holds(block: ConditionBlock, inputs: Inputs, setting: Setting) -> BoolArray:
    """[D, Y] where the block's conditions hold, all or any of them."""
    results: Mapping[ConditionMetric, FloatArray] = {}
    if any(condition.metric in RESULT_METRICS for condition in block.conditions):
        results = setting.evaluate(inputs)
    judged = [_judge(c, _measure(c, inputs, setting, results)) for c in block.conditions]
    verdict = judged[0]
    for one in judged[1:]:
        verdict = verdict & one if block.logic == "ALL" else verdict | one
    return verdict


def _measure(
    condition: Condition, inputs: Inputs, setting: Setting, results: Mapping[ConditionMetric, FloatArray]
) -> FloatArray:
    metric = condition.metric
    if metric in RESULT_METRICS:
        return results[metric]
    if metric == "YEAR":
        return setting.years[None, :].astype(np.float64)
    if metric == "PEAK_LOAD":
        return np.asarray(inputs.load.max(axis=-1))
    if metric == "LOAD_ENERGY":
        return np.asarray(np.einsum("dyh,h->dy", inputs.load, setting.weights))
    if metric == "CARBON_PRICE":
        return np.asarray(inputs.carbon_price.mean(axis=-1))
    if metric == "FUEL_PRICE":
        assert condition.fuel is not None
        return np.asarray(inputs.fuel_price[..., setting.fleet.fuels.index(condition.fuel)].mean(axis=-1))
    chosen = np.ones(len(setting.fleet.units), dtype=np.bool_)
    if condition.technology is not None:
        chosen = setting.fleet.of_technology(condition.technology)
    return np.asarray(np.where(chosen, inputs.capacity, 0.0).sum(axis=-1))


def _judge(condition: Condition, measured: FloatArray) -> BoolArray:
    value = condition.value
    comparisons: dict[str, Callable[[], BoolArray]] = {
        "GT": lambda: measured > value,
        "GE": lambda: measured >= value,
        "LT": lambda: measured < value,
        "LE": lambda: measured <= value,
        "EQ": lambda: np.isclose(measured, value, rtol=1e-9, atol=1e-12),
        "NE": lambda: ~np.isclose(measured, value, rtol=1e-9, atol=1e-12),
    }
    return np.asarray(comparisons[condition.operator]())
