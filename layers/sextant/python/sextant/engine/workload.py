"""How much a run computes, and about how long each piece takes: by this it is divided, and refused where it cannot end in time."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sextant.drivers.assumptions import CompositePayload, ConditionalPayload, PlacedDriver
from sextant.drivers.conditions import ConditionBlock
from sextant.drivers.policy import PolicyPayload
from sextant.engine.transform import RESULT_METRICS

PER_HOUR, PER_UNIT_HOUR = 250e-9, 2.5e-9
"""Seconds on the machine of docs/performance.md to clear an hour, and more for each unit in it."""
PER_STORAGE_HOUR = 3e-6
"""More for one storage, compiled."""
PER_HOUR_TOGETHER, PER_HOUR_CUBED = 40e-6, 1.5e-6
"""More for each of several storages that work together, and for the third power of their number."""
STANDARD = 3.0
"""A renewable portfolio standard takes so many times as long."""


@dataclass(frozen=True)
class Workload:
    """What a run evaluates: draws where it is random, and coalitions where it attributes; each takes about `seconds`.

    The seconds are those of a typical machine and follow from the request alone; pieces begin at multiples of `block`.
    """

    draws: int
    coalitions: int
    seconds: float
    block: int

    @property
    def evaluations(self) -> int:
        """Of the market over all years; one where nothing is random."""
        return max(self.draws, 1) + self.coalitions


def seconds_of_evaluation(
    assumptions: Iterable[PlacedDriver], years: int, hours: int, units: int, storages: int
) -> float:
    """About how long the market takes to clear once over all years, dispatches for conditions on results included."""
    walked = [inner.driver for outer in assumptions for inner in outer.walk()]
    dispatches = 1
    standard = False
    for driver in walked:
        if isinstance(driver, ConditionalPayload):
            dispatches += _asks_for_results(driver)
        elif isinstance(driver, CompositePayload):
            whens = [component.when for component in driver.components]
            dispatches += sum(when is not None and _asks_for_results(when) for when in whens)
        elif isinstance(driver, PolicyPayload):
            standard = standard or driver.policy_name == "RPS"
    hourly = PER_HOUR + PER_UNIT_HOUR * units + PER_STORAGE_HOUR * storages
    if storages > 1:
        hourly += PER_HOUR_TOGETHER * storages + PER_HOUR_CUBED * storages**3
    return years * hours * hourly * dispatches * (STANDARD if standard else 1.0)


def _asks_for_results(block: ConditionBlock) -> bool:
    return any(condition.metric in RESULT_METRICS for condition in block.conditions)
