"""The same questions as linear programs for HiGHS: what the engine's answers are held against."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, hstack, vstack

from sextant.engine.dispatch import DispatchProblem
from sextant.engine.stack import Problem

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LpDispatch:
    objective: float
    price: Floats  # [H]
    unserved: Floats  # [H]
    unique_price: NDArray[np.bool_]  # [H] whether the balance's dual is one number


def availability(problem: DispatchProblem | Problem) -> Floats:
    """[U, H] of the first row, per MW."""
    return np.asarray(problem.profiles[problem.profile_of])


def hourly_bids(problem: DispatchProblem | Problem) -> Floats:
    """[U, H] of the first row."""
    return np.asarray(problem.bids[0][problem.season].T)


def solve_dispatch(problem: DispatchProblem) -> LpDispatch:
    """Row 0 as one block-diagonal program; prices are the duals of the balances per weighted hour."""
    units, hours = problem.capacity.shape[1], problem.load.shape[1]
    offered = problem.capacity[0][:, None] * availability(problem)
    bids = hourly_bids(problem)
    cost = np.concatenate([(bids * problem.weights).ravel(), problem.value_of_lost_load * problem.weights])
    identity = csr_array(np.eye(hours))
    balance = hstack([identity] * (units + 1), format="csr")
    upper = np.concatenate([offered.ravel(), np.full(hours, np.inf)])
    bounds = np.stack([np.zeros_like(upper), upper], axis=1)
    solved = linprog(cost, A_eq=balance, b_eq=problem.load[0], bounds=bounds, method="highs")
    assert solved.status == 0, solved.message
    cumulated = _levels(problem, offered, bids)
    away = np.abs(cumulated - problem.load[0][None, :]).min(axis=0) > 1e-6
    return LpDispatch(
        objective=float(solved.fun),
        price=np.asarray(solved.eqlin.marginals) / problem.weights,
        unserved=np.asarray(solved.x[units * hours :]),
        unique_price=away,
    )


def _levels(problem: DispatchProblem, offered: Floats, bids: Floats) -> Floats:
    """[U+1, H] loads at which the price steps: the dual there is an interval."""
    hours = offered.shape[1]
    levels = np.zeros((offered.shape[0] + 1, hours))
    for hour in range(hours):
        usable = np.where(bids[:, hour] <= problem.value_of_lost_load, offered[:, hour], 0.0)
        levels[1:, hour] = np.cumsum(usable[np.argsort(bids[:, hour], kind="stable")])
    return levels


@dataclass(frozen=True)
class LpBuild:
    objective: float
    built: float
    shortfall: float
    credit: float


def solve_build(problem: Problem, *, most: float | None = None) -> LpBuild:
    """Row 0 of the RPS problem with the build x as a variable (x ≤ most where given)."""
    units, hours = problem.capacity.shape[1], problem.load.shape[1]
    shape = availability(problem)
    offered, per_mw = problem.capacity[0][:, None] * shape, problem.mix[0][:, None] * shape
    bids, size = hourly_bids(problem), units * hours
    cost = np.concatenate(
        [
            (bids * problem.weights).ravel(),
            problem.value_of_lost_load * problem.weights,
            problem.yearly_cost[:1],
            problem.compliance_rate[:1],
        ]
    )
    identity = csr_array(np.eye(hours))
    balance = hstack([identity] * (units + 1) + [csr_array((hours, 2))], format="csr")
    limits = hstack(
        [
            csr_array(np.eye(size)),
            csr_array((size, hours)),
            csr_array(-per_mw.reshape(size, 1)),
            csr_array((size, 1)),
        ],
        format="csr",
    )
    green = np.concatenate(
        [-(problem.renewable[:, None] * problem.weights).ravel(), np.zeros(hours), [0.0], [-1.0]]
    )
    solved = linprog(
        cost,
        A_eq=balance,
        b_eq=problem.load[0],
        A_ub=vstack([limits, csr_array(green[None, :])], format="csr"),
        b_ub=np.concatenate([offered.ravel(), [-problem.energy[0]]]),
        bounds=[(0.0, None)] * (size + hours) + [(0.0, most), (0.0, None)],
        method="highs",
    )
    assert solved.status == 0, solved.message
    return LpBuild(
        objective=float(solved.fun),
        built=float(solved.x[size + hours]),
        shortfall=float(solved.x[size + hours + 1]),
        credit=-float(solved.ineqlin.marginals[-1]),
    )
