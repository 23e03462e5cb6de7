"""What a new unit of a technology is like: the baseline's template, or the mean of the units it has."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from sextant.engine.system import FloatArray, Storage, SystemData, Unit


@dataclass(frozen=True)
class Template:
    """A technology's numbers, and its profile where that is no single profile of the system."""

    unit: Unit
    profile: FloatArray | None = None  # [H] share of the capacity; None: the unit's, by name


def technology_template(system: SystemData, technology: str) -> Template | None:
    """The baseline's template of the technology, or its units' mean weighted by their capacity; None where it has none.

    The mean is over the units that burn what the largest burns. Their profiles are averaged too, so that a new MW makes
    what the fleet's MW makes.
    """
    if technology in system.templates:
        return Template(system.templates[technology])
    kin = [unit for unit in system.units if unit.technology == technology]
    if not kin:
        return None
    largest = max(kin, key=lambda unit: unit.capacity_mw)
    same = [
        unit
        for unit in kin
        if unit.fuel == largest.fuel and (unit.storage is None) == (largest.storage is None)
    ]
    total = sum(unit.capacity_mw for unit in same)
    if total <= 0.0:
        return Template(largest)

    def mean(name: str) -> float:
        return sum(float(getattr(unit, name)) * unit.capacity_mw for unit in same) / total

    profile = None
    if len({unit.profile for unit in same if unit.capacity_mw > 0.0}) > 1:
        weights = np.array([unit.capacity_mw / total for unit in same])
        # Rounding may carry a mean of ones past 1.
        profile = np.minimum(weights @ np.array([system.profiles[unit.profile] for unit in same]), 1.0)
    unit = replace(
        largest,
        heat_rate=mean("heat_rate"),
        variable_cost=mean("variable_cost"),
        fixed_cost=mean("fixed_cost"),
        emission_factor=mean("emission_factor"),
        outage_rate=mean("outage_rate"),
        capex=mean("capex"),
        life_years=round(mean("life_years")),
        reinvest=False,
        block_of="",
        storage=_mean_storage(same, total),
    )
    return Template(unit, profile)


def _mean_storage(units: list[Unit], total: float) -> Storage | None:
    """The storage of a new MW: powers, energies and efficiencies averaged; levels and inflow those of the largest."""
    kinds = [(unit.storage, unit.capacity_mw / total) for unit in units if unit.storage is not None]
    if not kinds:
        return None
    largest = max(kinds, key=lambda kind: kind[1])[0]
    averaged = ("energy_hours", "charge_ratio", "charge_efficiency", "discharge_efficiency")
    return replace(
        largest, **{name: sum(getattr(kind, name) * share for kind, share in kinds) for name in averaged}
    )
