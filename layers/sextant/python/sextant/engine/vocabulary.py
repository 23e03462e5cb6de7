"""The names and years of a system, as `sextant.drivers.vocabulary` keeps them for who has no numpy."""

from __future__ import annotations

from sextant.drivers.vocabulary import Technology, UnitYears, Vocabulary
from sextant.engine.blocks import whole_units
from sextant.engine.storage.chronology import is_chronological
from sextant.engine.system import SystemData
from sextant.engine.templates import technology_template


def vocabulary_of(system: SystemData) -> Vocabulary:
    """What a scenario on the system may name."""
    names = dict.fromkeys([*(unit.technology for unit in system.units), *system.templates])
    return Vocabulary(
        name=system.name,
        version=system.version,
        years=(int(system.years[0]), int(system.years[-1])),
        fuels=tuple(sorted(system.fuel_prices)),
        technologies={name: _technology(system, name) for name in sorted(names)},
        units={
            name: UnitYears(unit.technology, unit.in_year, unit.out_year)
            for name, unit in whole_units(system.units).items()
        },
        profiles=tuple(sorted(system.profiles)),
        build_mix=dict(sorted(system.build_mix.items())),
        chronological=is_chronological(system.weights),
        hours=len(system.weights),
        weather_years=tuple(weather.year for weather in system.weather),
    )


def _technology(system: SystemData, name: str) -> Technology:
    units = [unit for unit in system.units if unit.technology == name]
    template = technology_template(system, name)
    assert template is not None
    return Technology(
        units=len(whole_units(units)),
        capacity_mw=sum(unit.capacity_mw for unit in units),
        fuel=template.unit.fuel,
        renewable=template.unit.renewable,
        storage=template.unit.storage is not None,
    )
