"""What assumptions name that must exist in the baseline, checked before anything is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sextant.drivers.assumptions import PlacedDriver
from sextant.drivers.errors import ModelInputError
from sextant.drivers.hourly import hourly_faults
from sextant.drivers.references import Remark, faults, warnings
from sextant.engine.system import SystemData
from sextant.engine.vocabulary import vocabulary_of


def check_references(
    assumptions: Sequence[PlacedDriver],
    system: SystemData,
    years: Sequence[int],
    parameters: Mapping[str, Any],
) -> tuple[Remark, ...]:
    """The warnings about drivers that act in none of the years.

    Raises ModelInputError for the first fuel, technology or unit that the system does not have, and for more hourly
    values than there may be.
    """
    as_stored = stored(assumptions)
    vocabulary = vocabulary_of(system)
    for fault in (*faults(as_stored, vocabulary), *hourly_faults(as_stored, [parameters], vocabulary)):
        raise ModelInputError(fault.path, fault.message)
    return tuple(warnings(as_stored, (years[0], years[-1]), vocabulary))


def stored(assumptions: Sequence[PlacedDriver]) -> list[dict[str, Any]]:
    """The assumptions as they are kept with a scenario."""
    return [
        {
            "driver_type": placed.driver_type,
            "payload": placed.driver.model_dump(mode="json", exclude_none=True),
        }
        for placed in assumptions
    ]
