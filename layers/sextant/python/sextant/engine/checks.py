"""Names in assumptions that must exist in the baseline, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from sextant.drivers.assumptions import CompositePayload, ConditionalPayload, PlacedDriver
from sextant.drivers.conditions import ConditionBlock
from sextant.drivers.errors import ModelInputError
from sextant.drivers.fleet_change import FleetChangePayload
from sextant.drivers.fuel_curve import FuelCurvePayload
from sextant.drivers.quantity import Quantity
from sextant.engine.inputs import Fleet
from sextant.engine.transform import retiring_units


def check_references(assumptions: Sequence[PlacedDriver], fleet: Fleet) -> None:
    """Raise ModelInputError for the first fuel, technology or unit that the fleet does not know."""
    for placed in (inner for outer in assumptions for inner in outer.walk()):
        driver, path = placed.driver, f"{placed.path}.payload"
        if isinstance(driver, FuelCurvePayload):
            _fuel(driver.fuel, path, fleet)
        elif isinstance(driver, FleetChangePayload):
            if driver.action == "RETIRE" and not retiring_units(driver, fleet).any():
                field = "technology" if driver.technology is not None else "unit"
                raise ModelInputError(f"{path}.{field}", "present in the fleet")
        elif isinstance(driver, Quantity):
            _fuel(driver.fuel, path, fleet)
            _technology(driver.technology, path, fleet)
        elif isinstance(driver, ConditionalPayload):
            _conditions(driver, path, fleet)
        elif isinstance(driver, CompositePayload):
            for index, component in enumerate(driver.components):
                if component.when is not None:
                    _conditions(component.when, f"{path}.components[{index}].when", fleet)


def _conditions(block: ConditionBlock, path: str, fleet: Fleet) -> None:
    for index, condition in enumerate(block.conditions):
        place = f"{path}.conditions[{index}]"
        _fuel(condition.fuel, place, fleet)
        _technology(condition.technology, place, fleet)


def _fuel(fuel: str | None, path: str, fleet: Fleet) -> None:
    if fuel is not None and fuel not in fleet.fuels:
        raise ModelInputError(f"{path}.fuel", f"one of {', '.join(fleet.fuels)}")


def _technology(technology: str | None, path: str, fleet: Fleet) -> None:
    if technology is not None and technology not in fleet.technologies:
        raise ModelInputError(f"{path}.technology", f"one of {', '.join(sorted(fleet.technologies))}")
