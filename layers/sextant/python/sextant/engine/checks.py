"""Names in assumptions that must exist in the baseline, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Sequence

from sextant.engine.drivers import (
    Assumption,
    Composite,
    Conditional,
    ConditionBlock,
    FleetRetirement,
    FuelCurve,
    Stochastic,
    TimeSeries,
)
from sextant.engine.errors import ModelInputError
from sextant.engine.inputs import Fleet
from sextant.engine.transform import retiring_units


def check_references(assumptions: Sequence[Assumption], fleet: Fleet) -> None:
    """ModelInputError names the first fuel, technology or unit that the fleet does not know."""
    for assumption in (inner for outer in assumptions for inner in outer.walk()):
        driver, path = assumption.driver, f"{assumption.path}.payload"
        if isinstance(driver, FuelCurve):
            _fuel(driver.fuel, path, fleet)
        elif isinstance(driver, FleetRetirement):
            if not retiring_units(driver, fleet).any():
                field = "technology" if driver.technology is not None else "unit"
                raise ModelInputError(f"{path}.{field}", "present in the fleet")
        elif isinstance(driver, Stochastic | TimeSeries):
            _fuel(driver.target.fuel, path, fleet)
            _technology(driver.target.technology, path, fleet)
        elif isinstance(driver, Conditional):
            _conditions(driver.when, path, fleet)
        elif isinstance(driver, Composite):
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
