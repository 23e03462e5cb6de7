"""The storages of many rows, and the price that they and the units agree on.

One storage is solved exactly, and so are several that differ only in size. Others first find a compromise
(`sextant.engine.storage.interior`), from which each in turn does its best against the others, which never costs more. How far the
end can be from the optimum is told by the certificate (`sextant.engine.certificate`), from the published prices and the values of
stored energy.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from sextant.engine.dispatch import Dispatch, DispatchProblem
from sextant.engine.stack import Problem
from sextant.engine.storage import interior, joint
from sextant.engine.storage.curves import SupplyCurves, supply_curves
from sextant.engine.storage.exact import Reservoir, Schedule
from sextant.engine.storage.native import solve
from sextant.engine.system import FloatArray, IntArray, Storage

NOTHING_MW = 1e-6
EDGE_MW = 1e-6
"""A load this near to the end of a block may be priced at the next one."""


@dataclass(frozen=True)
class Storages:
    """S storages in B rows: what they are, and how much of them stands."""

    kinds: tuple[Storage, ...]
    units: IntArray  # [S] their places among the units
    power: FloatArray  # [B, S] MW of discharge, net of outages
    installed: FloatArray  # [B, S] MW of discharge: what the energy, the inflow and the levels go by
    inflow: FloatArray  # [S, H] share of the inflow
    period: int  # hours from one beginning to the next
    step: float  # hours that each hour lasts

    def rows(self, at: IntArray) -> Storages:
        """The storages of these rows."""
        return replace(self, power=self.power[at], installed=self.installed[at])

    def reservoirs(self, row: int) -> list[Reservoir | None]:
        """The row's storages; None for what does not stand."""
        return [
            _reservoir(kind, float(self.power[row, at]), float(self.installed[row, at]), self.inflow[at])
            if self.installed[row, at] > 0.0
            else None
            for at, kind in enumerate(self.kinds)
        ]


def _reservoir(kind: Storage, power: float, installed: float, inflow: FloatArray) -> Reservoir:
    energy = installed * kind.energy_hours
    return Reservoir(
        discharge=power,
        charge=power * kind.charge_ratio,
        energy=energy,
        charge_efficiency=kind.charge_efficiency,
        discharge_efficiency=kind.discharge_efficiency,
        inflow=installed * kind.inflow_ratio * inflow,
        initial=None if kind.initial_level is None else kind.initial_level * energy,
        final=None if kind.final_level is None else kind.final_level * energy,
    )


@dataclass(frozen=True)
class Operation:
    """What the storages do in B rows."""

    storages: Storages
    charge: FloatArray  # [B, S, H] MW
    discharge: FloatArray  # [B, S, H] MW
    level: FloatArray  # [B, S, H] MWh at the hour's end
    value: FloatArray  # [B, S, H] EUR/MWh of stored energy
    start: FloatArray  # [B, S, periods] MWh at the period's beginning

    @classmethod
    def idle(cls, storages: Storages, hours: int) -> Operation:
        """Storages that do nothing, and are empty."""
        shape = (*storages.installed.shape, hours)
        start = np.zeros((*shape[:2], hours // storages.period))
        charge, discharge, level, value = (np.zeros(shape) for _ in range(4))
        return cls(storages, charge, discharge, level, value, start)

    def put(self, at: IntArray, other: Operation) -> None:
        """Write what is done in the rows `at`."""
        for field in fields(Schedule):
            getattr(self, field.name)[at] = getattr(other, field.name)

    @property
    def position(self) -> FloatArray:
        """[B, H] MW that all of them take, less what they give."""
        return np.asarray((self.charge - self.discharge).sum(axis=1))


def operate(problem: DispatchProblem, storages: Storages) -> Operation:
    """The operation that serves the load at the least cost, row by row."""
    worked = Operation.idle(storages, problem.load.shape[1])
    for row in range(len(problem.load)):
        fleets = _fleets(storages, row)
        if not fleets:
            continue
        curves, load = supply_curves(problem, row), problem.load[row]
        reservoirs = [fleet.reservoir for fleet in fleets]
        if len(fleets) == 1:
            plans = [solve(curves, load, reservoirs[0], storages.period, storages.step)]
        else:
            plans = _together(curves, load, reservoirs, storages.period, storages.step)
        _divide(worked, row, fleets, plans)
    return worked


def operate_and_build(problem: Problem, storages: Storages) -> tuple[Operation, FloatArray, FloatArray]:
    """What the storages do at the least cost of each row's dispatch and build for its renewable target, that build and its credit price [R].

    Unlike `sextant.engine.renewables`, it builds beyond the target where that pays. Nothing is said of rows without a target,
    without storages, or whose optimum was not reached.
    """
    worked = Operation.idle(storages, problem.load.shape[1])
    built, credit = np.full((2, len(problem.load)), np.nan)
    for row in np.flatnonzero(problem.energy > 0.0).tolist():
        fleets = _fleets(storages, row)
        if fleets:
            reservoirs = [fleet.reservoir for fleet in fleets]
            solution = joint.solve(problem, row, reservoirs, storages.period, storages.step)
            if not solution.reached:
                continue
            built[row], credit[row] = solution.mw, solution.credit
            _divide(worked, row, fleets, solution.schedules)
    return worked, built, credit


def _divide(worked: Operation, row: int, fleets: list[_Fleet], plans: list[Schedule]) -> None:
    """Write to each storage its share of what its fleet does."""
    for fleet, plan in zip(fleets, plans, strict=True):
        for at, share in fleet.members.items():
            for field in fields(plan):
                part = getattr(plan, field.name) * (1.0 if field.name == "value" else share)
                getattr(worked, field.name)[row, at] = part


@dataclass(frozen=True)
class _Fleet:
    """Storages of one kind, which do best what one storage of their size would."""

    reservoir: Reservoir
    members: dict[int, float]  # the share of each


def _fleets(storages: Storages, row: int) -> list[_Fleet]:
    """The row's storages that stand; those as one that differ in nothing but size."""
    alike: dict[tuple[object, ...], list[int]] = {}
    for at, kind in enumerate(storages.kinds):
        installed = storages.installed[row, at]
        if installed > 0.0:
            numbers = (kind.energy_hours, kind.charge_ratio, storages.power[row, at] / installed)
            flows = storages.inflow[at].tobytes() if kind.inflow is not None else b""
            key = (
                *(f"{number:.12g}" for number in (*numbers, kind.inflow_ratio)),
                *(kind.charge_efficiency, kind.discharge_efficiency, kind.initial_level, kind.final_level),
                flows,
            )
            alike.setdefault(key, []).append(at)
    fleets = []
    for members in alike.values():
        installed = storages.installed[row, members]
        whole = _reservoir(
            storages.kinds[members[0]],
            float(storages.power[row, members].sum()),
            float(installed.sum()),
            storages.inflow[members[0]],
        )
        shares = (installed / installed.sum()).tolist()
        fleets.append(_Fleet(whole, dict(zip(members, shares, strict=True))))
    return fleets


def _together(
    curves: SupplyCurves, load: FloatArray, reservoirs: list[Reservoir], period: int, step: float
) -> list[Schedule]:
    """Schedules of several storages: their compromise, from which each in turn does its best against the others."""
    compromise = interior.solve(curves, load, reservoirs, period, step)
    positions = compromise.position.copy()
    plans = []
    for at, reservoir in enumerate(reservoirs):
        others = np.delete(positions, at, axis=0).sum(axis=0)
        plan = solve(curves, np.maximum(load + others, -reservoir.charge), reservoir, period, step)
        positions[at] = plan.charge - plan.discharge
        # The values of the compromise hold for all of them at once, those of a turn only for its own.
        plans.append(replace(plan, value=compromise.value[at]))
    return plans


def agreed_price(problem: DispatchProblem, outcome: Dispatch, operation: Operation) -> FloatArray:
    """The price [B, H] of a dispatch of the load and the storages: what both the units and the storages accept.

    Where the units' prices leave room, between the last block called and the next, a storage that neither stands still nor
    works at its limit sets the price by the value of what it stores.
    """
    prices = outcome.price.copy()
    for row in range(len(prices)):
        net = problem.load[row] + operation.position[row]
        low, high = price_limits(supply_curves(problem, row), np.maximum(net, 0.0))
        least, most = accepted(operation, row)
        # Where rounding has the two disagree, halfway.
        agreed = 0.5 * (
            np.maximum(np.minimum(prices[row], most), least)
            + np.minimum(np.maximum(prices[row], least), most)
        )
        prices[row] = np.clip(agreed, low, high)
    return prices


def accepted(operation: Operation, row: int) -> tuple[FloatArray, FloatArray]:
    """Between which prices [H] each the storages of a row do what they do, by the value of what they store."""
    hours = operation.value.shape[2]
    least, most = np.full(hours, -np.inf), np.full(hours, np.inf)
    for at, reservoir in enumerate(operation.storages.reservoirs(row)):
        if reservoir is None:
            continue
        taking = operation.value[row, at] * reservoir.charge_efficiency
        giving = operation.value[row, at] / reservoir.discharge_efficiency
        charge, discharge = operation.charge[row, at], operation.discharge[row, at]
        least = np.maximum(least, np.where(charge < reservoir.charge - NOTHING_MW, taking, -np.inf))
        least = np.maximum(least, np.where(discharge > NOTHING_MW, giving, -np.inf))
        most = np.minimum(most, np.where(charge > NOTHING_MW, taking, np.inf))
        most = np.minimum(most, np.where(discharge < reservoir.discharge - NOTHING_MW, giving, np.inf))
    return least, most


def price_limits(curves: SupplyCurves, net: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Between which prices [H] each the units serve the net load [H]: of the last block called, and of the next."""
    values = np.concatenate(
        [curves.values, np.full((len(curves.values), 1), curves.value_of_lost_load)], axis=1
    )
    # Block by block over all hours: what is looked at stays in the processor's caches.
    edge, below, above = np.zeros(len(net)), net - EDGE_MW, net + EDGE_MW
    last, following = np.zeros((2, len(net)), dtype=np.int64)
    for block in range(curves.values.shape[1]):
        edge += curves.offered_by(block)
        last += edge < below
        following += edge <= above
    low = np.where(net > EDGE_MW, values[curves.season, last], -np.inf)
    return low, values[curves.season, following]
