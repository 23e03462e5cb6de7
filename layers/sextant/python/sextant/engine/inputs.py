"""What the drivers move: the model's inputs as arrays on one fixed fleet.

The fleet holds every unit that any driver may add and every technology that an RPS may build, from the start and with
no capacity, so that all states of the inputs line up and can be blended. Axes: D draws (1 when nothing is random),
Y years, M seasons of fuel prices (1, or 12 months), H hours, F fuels, U units.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace

import numpy as np

from sextant.drivers.assumptions import PlacedDriver
from sextant.drivers.errors import ModelInputError
from sextant.drivers.fleet_change import OVERRIDES, FleetChangePayload
from sextant.drivers.policy import PolicyPayload
from sextant.engine.system import FLAT, NO_FUEL, BoolArray, FloatArray, IntArray, Storage, SystemData, Unit
from sextant.engine.templates import Template, technology_template

MOST_INPUT = 1e15
"""No input of the model is larger, in its unit: beyond, a year's sums are no longer exact to the cent."""


@dataclass(frozen=True)
class Fleet:
    """The units' constants as arrays [U], and where each unit and fuel stands."""

    units: tuple[Unit, ...]
    fuels: tuple[str, ...]
    profiles: FloatArray  # [P, H] share of the capacity
    profile_of: IntArray  # index into profiles
    fuel_of: IntArray  # index into fuels, −1 without fuel
    heat_rate: FloatArray  # GJ/MWh
    variable_cost: FloatArray  # EUR/MWh beside fuel and carbon
    fixed_cost: FloatArray  # EUR/MW/year
    emission_factor: FloatArray  # t CO2/MWh
    outage_rate: FloatArray  # share of the year
    capex: FloatArray  # EUR/MW
    life_years: FloatArray  # years
    renewable: BoolArray
    must_take: BoolArray
    variable: BoolArray  # its unused energy counts as curtailed
    charged: BoolArray  # enters after the baseline's first year, so its capital is charged
    in_year: IntArray  # first year in which it runs
    reinvests_from: IntArray  # first year in which its capital is spent again, −1 never
    additions: Mapping[str, int]  # path of a fleet addition → its unit
    builds: Mapping[str, int]  # technology → the unit that an RPS builds
    storages: IntArray  # places of the units that are storages
    inflow: FloatArray  # [storages, H] share of each one's inflow

    @property
    def is_storage(self) -> BoolArray:
        """[U] whether the unit is a storage."""
        return np.array([unit.storage is not None for unit in self.units], dtype=np.bool_)

    @property
    def technologies(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(unit.technology for unit in self.units))

    def of_technology(self, technology: str) -> BoolArray:
        """[U] the units of the technology."""
        return np.array([unit.technology == technology for unit in self.units])


@dataclass(frozen=True)
class Inputs:
    """The state that assumptions transform. Every leading D may be 1 and broadcasts."""

    load: FloatArray  # [D, Y, H] MW
    fuel_price: FloatArray  # [D, Y, M, F] EUR/GJ
    carbon_price: FloatArray  # [D, Y, M] EUR/t
    capacity: FloatArray  # [D, Y, U] MW installed
    financed: FloatArray  # [D, Y, U] MW that would stand had nothing closed once it had entered
    availability: FloatArray  # [D, Y, U] factor on outage and profile
    rps_target: FloatArray  # [D, Y] share
    compliance_rate: FloatArray  # [D, Y] EUR/MWh of shortfall
    build_mix: FloatArray  # [D, Y, U] shares of RPS builds

    def merge(self, other: Inputs, blend: Callable[[FloatArray, FloatArray], FloatArray]) -> Inputs:
        """Field by field `blend(self.field, other.field)`."""
        return Inputs(*(blend(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)))

    def where(self, holds: BoolArray, other: Inputs) -> Inputs:
        """self in the years (and draws) [D, Y] where it holds, the other elsewhere."""

        def pick(mine: FloatArray, others: FloatArray) -> FloatArray:
            mask = holds.reshape(holds.shape + (1,) * (mine.ndim - 2))
            return np.where(mask, mine, others)

        return self.merge(other, pick)

    def sane(self) -> Inputs:
        """Cut off at the physical limits: nothing negative, shares within 0–1."""
        return replace(
            self,
            load=np.maximum(self.load, 0.0),
            fuel_price=np.maximum(self.fuel_price, 0.0),
            carbon_price=np.maximum(self.carbon_price, 0.0),
            capacity=np.maximum(self.capacity, 0.0),
            financed=np.maximum(self.financed, 0.0),
            availability=np.maximum(self.availability, 0.0),
            rps_target=np.clip(self.rps_target, 0.0, 1.0),
            compliance_rate=np.maximum(self.compliance_rate, 0.0),
            build_mix=np.maximum(self.build_mix, 0.0),
        )

    def check(self, path: str) -> None:
        """Raise ModelInputError where the driver at `path` leaves an input that is no number to compute with."""
        for field in fields(self):
            if not np.all(getattr(self, field.name) <= MOST_INPUT):
                raise ModelInputError(path, f"below {MOST_INPUT:g} on this baseline: {field.name}")


def stacked(states: Sequence[Inputs]) -> Inputs:
    """Several states as one, along the draws."""
    columns = []
    for field in fields(Inputs):
        parts = [getattr(state, field.name) for state in states]
        shape = np.broadcast_shapes(*(part.shape for part in parts))
        columns.append(np.concatenate([np.broadcast_to(part, shape) for part in parts]))
    return Inputs(*columns)


def build_fleet(system: SystemData, assumptions: Sequence[PlacedDriver], years: Sequence[int]) -> Fleet:
    """The baseline's units, then those that drivers may add, then those that an RPS may build."""
    units = list(system.units)
    shapes: list[FloatArray | None] = [None] * len(units)
    charged = [unit.in_year > system.years[0] for unit in units]
    names = {name for unit in units for name in (unit.name, unit.block_of) if name}
    additions: dict[str, int] = {}
    build_technologies: list[str] = []
    for placed in (inner for outer in assumptions for inner in outer.walk()):
        driver, path = placed.driver, f"{placed.path}.payload"
        if isinstance(driver, FleetChangePayload) and driver.action == "ADD":
            added = _added_unit(system, driver, path, names)
            names.add(added.unit.name)
            additions[placed.path] = len(units)
            units.append(added.unit)
            shapes.append(added.profile)
            charged.append(True)
        elif isinstance(driver, PolicyPayload) and driver.policy_name == "RPS":
            shares = driver.shares or {}
            build_technologies += list(shares or system.build_mix)
            if not (shares or system.build_mix):
                raise ModelInputError(f"{path}.build_mix", "required: the baseline names no build mix")
            for technology in shares:
                template = technology_template(system, technology)
                if template is None or not template.unit.renewable:
                    raise ModelInputError(
                        f"{path}.build_mix.{technology}", "a renewable technology of the baseline"
                    )
    builds: dict[str, int] = {}
    for technology in dict.fromkeys(build_technologies):
        template = technology_template(system, technology)
        if template is None:
            raise ModelInputError(f"build_mix.{technology}", "a technology of the baseline")
        builds[technology] = len(units)
        name = f"RPS build: {technology}"
        units.append(replace(template.unit, name=name, capacity_mw=0.0, in_year=years[0], out_year=None))
        shapes.append(template.profile)
        charged.append(True)
    return _arrays(system, tuple(units), shapes, tuple(charged), additions, builds)


def _added_unit(system: SystemData, driver: FleetChangePayload, path: str, names: set[str]) -> Template:
    """The unit that an ADD builds: its technology's numbers, and its own where it gives them."""
    assert driver.technology is not None
    assert driver.capacity_mw is not None
    template = technology_template(system, driver.technology)
    if driver.storage is not None:
        template = _storage_template(driver, template)
    if template is None:
        template = Template(Unit(driver.technology, driver.technology, driver.capacity_mw))
    name = driver.unit or f"{driver.technology} {driver.year}"
    if driver.unit is not None and driver.unit in names:
        raise ModelInputError(f"{path}.unit", f"a new name, {driver.unit!r} is taken")
    base, count = name, 1
    while name in names:
        count += 1
        name = f"{base} ({count})"
    overrides = {key: value for key in OVERRIDES if (value := getattr(driver, key)) is not None}
    if template.unit.fuel == NO_FUEL and driver.fuel is None and overrides.get("heat_rate"):
        raise ModelInputError(f"{path}.heat_rate", f"{driver.technology} burns no fuel")
    unit = replace(
        template.unit,
        name=name,
        capacity_mw=driver.capacity_mw,
        in_year=driver.year,
        out_year=driver.out_year,
        **overrides,
    )
    return Template(unit, template.profile if driver.profile is None else None)


def _storage_template(driver: FleetChangePayload, kin: Template | None) -> Template:
    """A storage as the driver describes it; its costs are those of its technology in the baseline, where it has any."""
    assert driver.technology is not None
    assert driver.capacity_mw is not None
    described = driver.storage
    assert described is not None
    power = driver.capacity_mw
    unit = kin.unit if kin else Unit(driver.technology, driver.technology, power)
    storage = Storage(
        energy_hours=described.energy_mwh / power,
        charge_ratio=1.0 if described.charge_mw is None else described.charge_mw / power,
        charge_efficiency=described.charge_efficiency,
        discharge_efficiency=described.discharge_efficiency,
        initial_level=described.initial_level,
        final_level=described.final_level,
        inflow=described.inflow,
        inflow_ratio=(described.inflow_mw or 0.0) / power,
    )
    return Template(replace(unit, storage=storage))


def _arrays(
    system: SystemData,
    units: tuple[Unit, ...],
    shapes: Sequence[FloatArray | None],
    charged: tuple[bool, ...],
    additions: Mapping[str, int],
    builds: Mapping[str, int],
) -> Fleet:
    fuels = tuple(sorted(system.fuel_prices))
    names = sorted(system.profiles)
    at = {name: index for index, name in enumerate(names)}
    own = [shape for shape in shapes if shape is not None]
    places = iter(range(len(names), len(names) + len(own)))
    profile_of = [
        at[unit.profile] if shape is None else next(places) for unit, shape in zip(units, shapes, strict=True)
    ]
    return Fleet(
        units=units,
        fuels=fuels,
        profiles=np.array([*(system.profiles[name] for name in names), *own], dtype=np.float64),
        profile_of=np.array(profile_of, dtype=np.int64),
        fuel_of=np.array(
            [-1 if unit.fuel == NO_FUEL else fuels.index(unit.fuel) for unit in units], dtype=np.int64
        ),
        heat_rate=np.array([unit.heat_rate for unit in units], dtype=np.float64),
        variable_cost=np.array([unit.variable_cost for unit in units], dtype=np.float64),
        fixed_cost=np.array([unit.fixed_cost for unit in units], dtype=np.float64),
        emission_factor=np.array([unit.emission_factor for unit in units], dtype=np.float64),
        outage_rate=np.array([unit.outage_rate for unit in units], dtype=np.float64),
        capex=np.array([unit.capex for unit in units], dtype=np.float64),
        life_years=np.array([unit.life_years for unit in units], dtype=np.float64),
        renewable=np.array([unit.renewable for unit in units], dtype=np.bool_),
        must_take=np.array([unit.must_take for unit in units], dtype=np.bool_),
        variable=np.array(
            [
                unit.must_take or (unit.fuel == NO_FUEL and (shape is not None or unit.profile != FLAT))
                for unit, shape in zip(units, shapes, strict=True)
            ],
            dtype=np.bool_,
        ),
        charged=np.array(charged, dtype=np.bool_),
        in_year=np.array([unit.in_year for unit in units], dtype=np.int64),
        reinvests_from=np.array(
            [
                _reinvestment(unit, -1 if paid else system.years[0])
                for unit, paid in zip(units, charged, strict=True)
            ],
            dtype=np.int64,
        ),
        additions=additions,
        builds=builds,
        storages=np.array([at for at, unit in enumerate(units) if unit.storage is not None], dtype=np.int64),
        inflow=np.array(
            [
                system.profiles[unit.storage.inflow] if unit.storage.inflow else np.zeros(len(system.weights))
                for unit in units
                if unit.storage is not None
            ],
            dtype=np.float64,
        ).reshape(-1, len(system.weights)),
    )


def _reinvestment(unit: Unit, sunk_until: int) -> int:
    """The first year after what is sunk in which the unit's capital is spent again, −1 where it never is."""
    if not unit.reinvest:
        return -1
    year = unit.in_year + unit.life_years
    return year + max(0, (sunk_until - year) // unit.life_years + 1) * unit.life_years


def initial_inputs(system: SystemData, fleet: Fleet, years: Sequence[int], shock_bp: float) -> Inputs:
    """The baseline's inputs on the fleet in these years, with every fuel curve moved in parallel by the shock (bp)."""
    at = np.array([system.years.index(year) for year in years])
    by_year = [system.fuel_prices[name].reshape(len(system.years), -1) for name in fleet.fuels]
    seasons = max((curve.shape[1] for curve in by_year), default=1)
    curves = np.empty((len(by_year), len(system.years), seasons))  # [F, Y, M]
    for fuel, curve in enumerate(by_year):
        curves[fuel] = curve
    first = curves[:, :1].mean(axis=2, keepdims=True)
    shocked = np.maximum(curves + shock_bp / 10_000.0 * first, 0.0)
    capacity = np.array(
        [[unit.capacity_in(year) for unit in fleet.units] for year in years], dtype=np.float64
    )
    entered = np.array(years)[:, None] >= fleet.in_year
    financed = np.where(entered, np.array([unit.capacity_mw for unit in fleet.units]), 0.0)
    later = sorted([*fleet.additions.values(), *fleet.builds.values()])
    capacity[:, later], financed[:, later] = 0.0, 0.0
    mix = np.zeros((len(years), len(fleet.units)))
    for technology, share in system.build_mix.items():
        if technology in fleet.builds:
            mix[:, fleet.builds[technology]] = share
    return Inputs(
        load=system.load[None, at, :],
        fuel_price=np.moveaxis(shocked, 0, -1)[None, at],
        carbon_price=system.carbon_price.reshape(len(system.years), -1)[None, at],
        capacity=capacity[None],
        financed=financed[None],
        availability=np.ones((1, len(years), len(fleet.units))),
        rps_target=np.zeros((1, len(years))),
        compliance_rate=np.zeros((1, len(years))),
        build_mix=mix[None],
    )
