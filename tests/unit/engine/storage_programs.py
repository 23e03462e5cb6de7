"""Storage as a linear program for HiGHS, and random systems to ask both about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, identity, vstack

from sextant.engine.dispatch import DispatchProblem, dispatch
from sextant.engine.storage.exact import Reservoir
from sextant.engine.storage.several import Storages
from sextant.engine.system import Storage

Floats = NDArray[np.float64]
PRECISE = {"primal_feasibility_tolerance": 1e-10, "dual_feasibility_tolerance": 1e-10}


def least_cost(problem: DispatchProblem, reservoirs: Sequence[Reservoir]) -> float:
    """The optimum of row 0 with the storages, hours of one hour, one period."""
    solved = linprog(**program(problem, reservoirs), method="highs", options=PRECISE)
    assert solved.status == 0, solved.message
    return float(solved.fun)


def program(problem: DispatchProblem, reservoirs: Sequence[Reservoir]) -> dict[str, Any]:
    """What linprog takes of it."""
    hours = problem.load.shape[1]
    offered = problem.capacity[0][:, None] * problem.profiles[problem.profile_of]
    bids = problem.bids[0][problem.season].T
    one, none = identity(hours, format="csr"), csr_array((hours, hours))
    earlier, later = hstack([one, csr_array((hours, 1))]), hstack([csr_array((hours, 1)), one])
    costs: list[Floats] = [(bids * problem.weights).ravel(), problem.value_of_lost_load * problem.weights]
    most: list[Floats] = [offered.ravel(), np.full(hours, np.inf)]
    least: list[Floats] = [np.zeros(offered.size + hours)]
    balance: list[Any] = [one] * (len(offered) + 1)
    before = offered.size + hours
    size = before + len(reservoirs) * (4 * hours + 1)
    rows, right = [], [problem.load[0]]
    for number, storage in enumerate(reservoirs):
        # Charge, discharge, spill, and the levels from the beginning to the end.
        balance += [-one, one, none, csr_array((hours, hours + 1))]
        costs.append(np.zeros(4 * hours + 1))
        level_least, level_most = np.zeros(hours + 1), np.full(hours + 1, storage.energy)
        if storage.initial is not None and storage.final is not None:
            level_least[0] = level_most[0] = storage.initial
            level_least[-1] = storage.final
        most += [
            np.full(hours, storage.charge),
            np.full(hours, storage.discharge),
            storage.inflow,
            level_most,
        ]
        least += [np.zeros(3 * hours), level_least]
        at = before + number * (4 * hours + 1)
        own = [-storage.charge_efficiency * one, one / storage.discharge_efficiency, one, later - earlier]
        rows.append(
            hstack(
                [csr_array((hours, at)), *own, csr_array((hours, size - at - 4 * hours - 1))], format="csr"
            )
        )
        right.append(storage.inflow)
        if storage.initial is None:
            ring = np.zeros((1, size))
            ring[0, at + 3 * hours], ring[0, at + 4 * hours] = 1.0, -1.0
            rows.append(csr_array(ring))
            right.append(np.zeros(1))
    return {
        "c": np.concatenate(costs),
        "A_eq": vstack([hstack(balance, format="csr"), *rows], format="csr"),
        "b_eq": np.concatenate(right),
        "bounds": np.stack([np.concatenate(least), np.concatenate(most)], axis=1),
    }


def cost(problem: DispatchProblem, net: Floats) -> float:
    """What the units cost that serve the net load [H]."""
    served = dispatch(replace(problem, load=np.maximum(net, 0.0)[None]))
    unserved = float((served.unserved * problem.weights).sum())
    return float((served.energy * problem.bids).sum()) + problem.value_of_lost_load * unserved


def random_system(rng: np.random.Generator, hours: int) -> DispatchProblem:
    """Ties, prices below zero, hours without load, shortages."""
    units = int(rng.integers(2, 8))
    bids = rng.choice(np.append(rng.uniform(-20.0, 80.0, 4), [0.0, 30.0]), units)
    load = rng.uniform(0.0, 200.0, hours) * (rng.random(hours) > 0.1)
    if rng.random() < 0.3:
        load = np.round(load, -1)
    return DispatchProblem(
        load=load[None],
        capacity=np.round(rng.uniform(0.0, 120.0, (1, units))),
        bids=bids[None, None],
        ranking=bids[None, None],
        profiles=np.stack([np.ones(hours), rng.random(hours), np.round(rng.random(hours), 1)]),
        profile_of=rng.integers(0, 3, units),
        must_take=np.zeros(units, dtype=np.bool_),
        weights=np.ones(hours),
        season=np.zeros(hours, dtype=np.int64),
        value_of_lost_load=3_000.0,
    )


def random_reservoir(rng: np.random.Generator, hours: int) -> Reservoir:
    """With levels or cyclic; with and without losses, inflow and pump."""
    energy = float(rng.choice([20.0, 50.0, 100.0, 400.0]))
    flows = rng.random() < 0.5
    inflow = rng.uniform(0.0, 30.0, hours) * (rng.random(hours) > 0.5) if flows else np.zeros(hours)
    initial = final = None
    if rng.random() < 0.5:
        initial = energy * float(rng.choice([0.0, 0.5, 1.0]))
        final = min(initial, energy * float(rng.choice([0.0, 0.25, 0.5])))
    return Reservoir(
        discharge=float(rng.choice([10.0, 25.0, 60.0])),
        charge=0.0 if flows and rng.random() < 0.5 else float(rng.choice([10.0, 33.3, 50.0])),
        energy=energy,
        charge_efficiency=float(rng.choice([0.8, 0.9, 0.95, 1.0])),
        discharge_efficiency=float(rng.choice([0.8, 0.9, 0.95, 1.0])),
        inflow=inflow,
        initial=initial,
        final=final,
    )


def storages_of(reservoirs: Sequence[Reservoir], hours: int) -> Storages:
    """The same reservoirs as one row of the engine's storages."""
    kinds = tuple(
        Storage(
            energy_hours=each.energy / each.discharge,
            charge_ratio=each.charge / each.discharge,
            charge_efficiency=each.charge_efficiency,
            discharge_efficiency=each.discharge_efficiency,
            initial_level=None if each.initial is None else each.initial / each.energy,
            final_level=None if each.final is None else each.final / each.energy,
            inflow="inflow" if each.inflow.any() else None,
            inflow_ratio=1.0 / each.discharge if each.inflow.any() else 0.0,
        )
        for each in reservoirs
    )
    power = np.array([[each.discharge for each in reservoirs]])
    return Storages(
        kinds=kinds,
        units=np.arange(len(kinds)),
        power=power,
        installed=power,
        inflow=np.array([each.inflow for each in reservoirs]),
        period=hours,
        step=1.0,
    )
