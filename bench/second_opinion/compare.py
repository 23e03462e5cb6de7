"""A second opinion on the dispatch: PyPSA's single-bus optimum on the reference system and on random ones.

Run it as `python bench/second_opinion/compare.py`. PyPSA brings some fifty packages (1 GB) and takes seconds to import, so it stays
out of the tests: this script makes an environment for it under `.tools/pypsa`, runs itself in there, prints a table and
exits with 1 when anything differs.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sextant.engine.dispatch import DispatchProblem

ROOT = Path(__file__).resolve().parents[2]
HOME = ROOT / ".tools" / "pypsa"
RANDOM_SYSTEMS = 20
REFERENCE_YEARS = (2026, 2035, 2045)


def outside() -> int:
    """Make the environment where it is missing, and go on in it."""
    python = HOME / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
    wanted = Path(__file__).with_name("requirements.txt")
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", "--require-hashes", "-r", str(wanted)], check=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "layers" / "sextant" / "python")}
    return subprocess.run([str(python), __file__, "--inside"], check=False, env=environment).returncode


def random_problem(seed: int) -> DispatchProblem:
    """A thermal fleet with wind and must-take units, short of capacity in some hours."""
    import numpy as np

    from sextant.engine.dispatch import DispatchProblem

    rng = np.random.default_rng(seed)
    units, hours = int(rng.integers(3, 15)), int(rng.integers(5, 60))
    must_take = rng.random(units) < 0.2
    bids = np.where(must_take, -2.0, rng.uniform(0, 120, units))
    return DispatchProblem(
        load=rng.uniform(0, 70 * units, (1, hours)),
        capacity=rng.uniform(0, 100, (1, units)),
        bids=bids[None, None],
        ranking=bids[None, None],
        profiles=np.array([np.ones(hours), rng.uniform(0, 1, hours)]),
        profile_of=rng.integers(0, 2, units),
        must_take=must_take,
        weights=rng.choice([1.0, 30.0, 365.0], hours),
        season=np.zeros(hours, dtype=np.int64),
        value_of_lost_load=3_000.0,
    )


def reference_problem(year: int) -> DispatchProblem:
    """A year of the built-in reference system, as the model dispatches it."""
    import numpy as np

    from sextant.engine import SimulationRequest, reference_system
    from sextant.engine.dispatch import DispatchProblem
    from sextant.engine.market import unit_bids
    from sextant.engine.merit_order import prepare

    scenario = prepare(SimulationRequest([], reference_system(), {"start_year": year, "end_year": year}))
    inputs, fleet = scenario.inputs((), 0.0, {}), scenario.fleet
    bids, _ = unit_bids(inputs, fleet, scenario.terms)
    return DispatchProblem(
        load=inputs.load[0],
        capacity=inputs.capacity[0] * (1.0 - fleet.outage_rate),
        bids=bids[0],
        ranking=bids[0],
        profiles=fleet.profiles,
        profile_of=fleet.profile_of,
        must_take=fleet.must_take,
        weights=scenario.terms.weights,
        season=np.zeros(len(scenario.terms.weights), dtype=np.int64),
        value_of_lost_load=scenario.terms.value_of_lost_load,
    )


def differences(problem: DispatchProblem) -> tuple[float, float]:
    """Relative difference of the objective, and the largest of the prices away from their steps."""
    import numpy as np
    import pypsa  # type: ignore[import-not-found]

    from sextant.engine.dispatch import dispatch

    network = pypsa.Network()
    hours = range(len(problem.weights))
    network.set_snapshots(hours)
    for column in network.snapshot_weightings.columns:
        network.snapshot_weightings[column] = problem.weights
    network.add("Carrier", "AC")
    network.add("Bus", "zone")
    network.add("Load", "load", bus="zone", p_set=problem.load[0])
    network.add("Generator", "shed", bus="zone", p_nom=1e7, marginal_cost=problem.value_of_lost_load)
    for unit, bid in enumerate(problem.bids[0, 0]):
        network.add(
            "Generator",
            f"unit {unit}",
            bus="zone",
            p_nom=problem.capacity[0, unit],
            marginal_cost=bid,
            p_max_pu=problem.profiles[problem.profile_of[unit]],
        )
    status, condition = network.optimize(
        solver_name="highs", output_flag=False, include_objective_constant=False
    )
    if (status, condition) != ("ok", "optimal"):
        raise RuntimeError(f"PyPSA ended with {status}, {condition}")
    found = dispatch(problem)
    cost = float((found.energy[0, 0] * problem.bids[0, 0]).sum())
    cost += problem.value_of_lost_load * float(found.unserved[0] @ problem.weights)
    theirs = float(network.objective)
    offered = problem.capacity[0][:, None] * problem.profiles[problem.profile_of]
    order = np.argsort(problem.bids[0, 0], kind="stable")
    steps = np.vstack([np.zeros((1, len(problem.weights))), np.cumsum(offered[order], axis=0)])
    unique = np.abs(steps - problem.load[0]).min(axis=0) > 1e-6
    prices = network.buses_t.marginal_price["zone"].to_numpy()
    return abs(cost - theirs) / max(abs(theirs), 1.0), float(
        np.abs(prices - found.price[0])[unique].max(initial=0.0)
    )


def inside() -> int:
    """Compare and print."""
    for name in ("pypsa", "linopy"):
        logging.getLogger(name).setLevel(logging.ERROR)
    problems = {f"reference system, {year}": reference_problem(year) for year in REFERENCE_YEARS}
    problems |= {f"random system {seed}": random_problem(seed) for seed in range(RANDOM_SYSTEMS)}
    worst = 0
    sys.stdout.write(f"{'system':28}{'objective':>12}{'price EUR/MWh':>16}\n")
    for name, problem in problems.items():
        objective, price = differences(problem)
        good = objective <= 1e-9 and price <= 1e-6
        worst |= not good
        sys.stdout.write(f"{name:28}{objective:12.1e}{price:16.1e}{'' if good else '  DIFFERS'}\n")
    return int(worst)


if __name__ == "__main__":
    sys.exit(inside() if "--inside" in sys.argv else outside())
