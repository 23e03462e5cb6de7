"""The engine against HiGHS on the same year, and the memory of a large Monte Carlo.

The peer is HiGHS through scipy's linprog, in the best of the settings tried first in this very run: dual simplex or interior
point, the year as one block-diagonal program or as one per week. Only its solving is timed, not the assembling of matrices.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog
from scipy.sparse import csr_array, eye_array, hstack

from bench.report import Row, publish
from sextant.engine import SimulationRequest, reference_system, simulate
from sextant.engine.dispatch import DispatchProblem, dispatch

HOURS, UNITS = 8_784, 73
WEEK = 168
ROUNDS = 5
DRAWS = 1_000
UNCERTAIN = [
    {
        "driver_type": "stochastic",
        "payload": {
            "quantity": "FUEL_PRICE",
            "fuel": "gas",
            "distribution": "LOGNORMAL",
            "mean": 1.0,
            "std": 0.3,
            "variation": "AUTOREGRESSIVE",
            "name": "gas",
        },
    },
    {
        "driver_type": "stochastic",
        "payload": {
            "quantity": "LOAD",
            "distribution": "NORMAL",
            "mean": 1.0,
            "std": 0.03,
            "correlations": [{"name": "gas", "coefficient": 0.4}],
        },
    },
]
STANDARD = {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}

Floats = NDArray[np.float64]


def year() -> DispatchProblem:
    """A leap year of hours with a thermal fleet, wind and sun, some scarcity and some surplus."""
    rng = np.random.default_rng(8_784)
    hour = np.arange(HOURS)
    load = 9_000 + 1_800 * np.sin(2 * np.pi * (hour - 7) / 24) + 900 * np.cos(2 * np.pi * hour / HOURS)
    load += rng.normal(0, 250, HOURS)
    sun = np.maximum(0.0, np.sin(np.pi * ((hour % 24) - 6) / 12)) * rng.uniform(0.2, 0.9, HOURS)
    wind = np.clip(0.3 + 0.25 * np.sin(2 * np.pi * hour / 97) + rng.normal(0, 0.1, HOURS), 0.0, 0.95)
    profile_of = np.array([1] * 8 + [2] * 10 + [0] * (UNITS - 18))
    capacity = np.concatenate([rng.uniform(100, 700, 18), rng.uniform(30, 450, UNITS - 18)])
    bids = np.concatenate([rng.uniform(0, 4, 18), rng.uniform(8, 180, UNITS - 18)])
    return DispatchProblem(
        load=load[None],
        capacity=capacity[None],
        bids=bids[None, None],
        ranking=bids[None, None],
        profiles=np.array([np.ones(HOURS), sun, wind]),
        profile_of=profile_of,
        must_take=np.zeros(UNITS, dtype=np.bool_),
        weights=np.ones(HOURS),
        season=np.zeros(HOURS, dtype=np.int64),
        value_of_lost_load=10_000.0,
    )


def programs(problem: DispatchProblem, block: int) -> list[dict[str, object]]:
    """The year as linear programs of so many hours each, ready for linprog."""
    offered = problem.capacity[0][:, None] * problem.profiles[problem.profile_of]
    found: list[dict[str, object]] = []
    for start in range(0, HOURS, block):
        at = slice(start, min(start + block, HOURS))
        hours = len(problem.load[0, at])
        cost = np.concatenate(
            [np.repeat(problem.bids[0, 0], hours), np.full(hours, problem.value_of_lost_load)]
        )
        upper = np.concatenate([offered[:, at].ravel(), np.full(hours, np.inf)])
        found.append(
            {
                "c": cost,
                "A_eq": csr_array(hstack([eye_array(hours)] * (UNITS + 1))),
                "b_eq": problem.load[0, at],
                "bounds": np.stack([np.zeros_like(upper), upper], axis=1),
            }
        )
    return found


def solve(prepared: list[dict[str, object]], method: str) -> tuple[float, Floats]:
    """Objective and prices."""
    objective, prices = 0.0, []
    for program in prepared:
        answer = linprog(method=method, **program)
        if answer.status != 0:
            raise RuntimeError(answer.message)
        objective += float(answer.fun)
        prices.append(np.asarray(answer.eqlin.marginals))
    return objective, np.concatenate(prices)


def seconds(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def against_highs() -> list[Row]:
    problem = year()
    settings = {
        f"HiGHS {method}, {name}": (programs(problem, block), method)
        for method in ("highs-ds", "highs-ipm")
        for name, block in (("one program", HOURS), ("one a week", WEEK))
    }
    tried = {name: seconds(lambda s=setting: solve(*s)) for name, setting in settings.items()}  # type: ignore[misc]
    for name, taken in tried.items():
        print(f"  {name}: {taken:.2f} s")
    best = min(tried, key=lambda name: tried[name])
    prepared, method = settings[best]
    dispatch(problem)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        ours.append(seconds(lambda: dispatch(problem)))
        theirs.append(seconds(lambda: solve(prepared, method)))
    objective, prices = solve(prepared, method)
    found = dispatch(problem)
    cost = float((found.energy[0, 0] * problem.bids[0, 0]).sum() + 10_000.0 * found.unserved.sum())
    label = f"year of {HOURS:,} h × {UNITS} units"
    return [
        Row(label, "s", median(ours), median(theirs), best, target=0.01, better="lower"),
        Row("relative difference of objectives", "1", abs(cost / objective - 1.0), target=1e-9, better="lower"),
        Row("largest difference of prices", "EUR/MWh", float(np.abs(found.price[0] - prices).max()), target=1e-6, better="lower"),
    ]  # fmt: skip


def monte_carlo(*, standard: bool) -> list[Row]:
    """1,000 draws in a process of their own: its time and its peak of resident memory."""
    code = f"import bench.engine as b; b.child(standard={standard})"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    told = json.loads(done.stdout.splitlines()[-1])
    name = f"{DRAWS:,} draws × 20 years × 864 h" + (", with RPS" if standard else "")
    return [
        Row(f"{name}: time", "s", told["seconds"], better="lower"),
        Row(f"{name}: peak memory", "MB", told["peak_mb"], target=2_000.0, better="lower"),
    ]


def child(*, standard: bool) -> None:
    """What the process of `monte_carlo` does."""
    assumptions = [STANDARD, *UNCERTAIN] if standard else UNCERTAIN
    request = SimulationRequest(assumptions, reference_system(), {"draws": DRAWS, "attribution": False}, 1)
    taken = seconds(lambda: simulate(request))
    print(json.dumps({"seconds": taken, "peak_mb": peak_mb()}))


def peak_mb() -> float:
    """This process's own peak; getrusage's would include what its parent had when it forked."""
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20


def scenario() -> Row:
    """The guide's scenario from request to rows, with attribution."""
    request = SimulationRequest([STANDARD], reference_system(), {"shock_bp": 25}, 1)
    simulate(request)
    taken = median(seconds(lambda: simulate(request)) for _ in range(ROUNDS))
    return Row("the guide's scenario with attribution", "s", taken, better="lower")


def main() -> None:
    publish(
        "engine", [*against_highs(), scenario(), *monte_carlo(standard=False), *monte_carlo(standard=True)]
    )


if __name__ == "__main__":
    main()
