"""A second opinion on the dispatch: PyPSA's single-bus optimum on the reference system and on random ones, some with storages.

`make second-opinion` runs it. PyPSA brings some fifty packages (1 GB) and takes seconds to import, so it stays out of the
tests: this script makes an environment for it under `.tools/pypsa` from locked requirements, runs itself in there, prints a
table, keeps the largest differences under `bench/results/` and exits with 1 when anything differs.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sextant.engine.dispatch import DispatchProblem
    from sextant.engine.storage.exact import Reservoir

ROOT = Path(__file__).resolve().parents[2]
RANDOM_SYSTEMS = 20
# What may differ: the objective relatively, prices in EUR/MWh.
OBJECTIVE, PRICE = 1e-9, 1e-6
REFERENCE_YEARS = (2026, 2035, 2045)


def outside() -> int:
    """Go on in PyPSA's environment, and keep what came of it."""
    sys.path.insert(0, str(ROOT))
    from bench.report import Row, publish
    from tools.environment import PACKAGE, python_of

    python = python_of("pypsa", Path(__file__).with_name("requirements.txt"))
    environment = {**os.environ, "PYTHONPATH": f"{PACKAGE / 'python'}{os.pathsep}{ROOT}"}
    with tempfile.NamedTemporaryFile() as file:
        done = subprocess.run([python, __file__, "--inside", file.name], check=False, env=environment)
        found = json.loads(file.read() or b"{}")
    rows = [
        Row(f"{system}: largest difference of {what}", unit, worst, target=bound, better="lower")
        for system, differences in found.items()
        for (what, unit, bound), worst in zip(
            (("objectives", "1", OBJECTIVE), ("prices", "EUR/MWh", PRICE)), differences, strict=True
        )
        if worst is not None
    ]
    if rows:
        publish("second-opinion", rows)
    return done.returncode


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
    bids, _ = unit_bids(inputs, fleet, scenario.terms.spill_cost)
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


def random_reservoirs(seed: int, hours: int) -> list[Reservoir]:
    """One to three storages that end as they began, some with an inflow."""
    import numpy as np

    from sextant.engine.storage.exact import Reservoir

    rng = np.random.default_rng(seed)
    return [
        Reservoir(
            discharge=float(rng.uniform(10, 60)),
            charge=float(rng.choice([0.0, 20.0, 45.0])),
            energy=float(rng.uniform(50, 400)),
            charge_efficiency=float(rng.uniform(0.7, 1.0)),
            discharge_efficiency=float(rng.uniform(0.7, 1.0)),
            inflow=rng.uniform(0, 20, hours) * (rng.random() < 0.5),
        )
        for _ in range(int(rng.integers(1, 4)))
    ]


def unweighted(problem: DispatchProblem) -> DispatchProblem:
    """The same of hours that follow one another."""
    import numpy as np

    return replace(problem, weights=np.ones_like(problem.weights))


def differences(problem: DispatchProblem, reservoirs: Sequence[Reservoir] = ()) -> tuple[float, float | None]:
    """Relative difference of the objective, and the largest of the prices away from their steps; None of these with storages."""
    import numpy as np
    import pypsa

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
    for number, storage in enumerate(reservoirs):
        network.add(
            "StorageUnit",
            f"storage {number}",
            bus="zone",
            p_nom=storage.discharge,
            p_min_pu=-storage.charge / storage.discharge,
            max_hours=storage.energy / storage.discharge,
            efficiency_store=storage.charge_efficiency,
            efficiency_dispatch=storage.discharge_efficiency,
            inflow=storage.inflow,
            cyclic_state_of_charge=True,
        )
    status, condition = network.optimize(
        solver_name="highs", output_flag=False, include_objective_constant=False
    )
    if (status, condition) != ("ok", "optimal"):
        raise RuntimeError(f"PyPSA ended with {status}, {condition}")
    served = problem
    if reservoirs:
        from sextant.engine.storage.several import operate
        from tests.unit.engine.storage_programs import storages_of

        operation = operate(problem, storages_of(reservoirs, len(problem.weights)))
        served = replace(problem, load=np.maximum(problem.load + operation.position, 0.0))
    found = dispatch(served)
    cost = float((found.energy[0, 0] * problem.bids[0, 0]).sum())
    cost += problem.value_of_lost_load * float(found.unserved[0] @ problem.weights)
    theirs = float(network.objective)
    apart = abs(cost - theirs) / max(abs(theirs), 1.0)
    if reservoirs:
        return apart, None
    offered = problem.capacity[0][:, None] * problem.profiles[problem.profile_of]
    order = np.argsort(problem.bids[0, 0], kind="stable")
    steps = np.vstack([np.zeros((1, len(problem.weights))), np.cumsum(offered[order], axis=0)])
    unique = np.abs(steps - problem.load[0]).min(axis=0) > 1e-6
    prices = network.buses_t.marginal_price["zone"].to_numpy()
    return apart, float(np.abs(prices - found.price[0])[unique].max(initial=0.0))


def inside(results: Path) -> int:
    """Compare, print, and write the largest differences of each kind of system."""
    for name in ("pypsa", "linopy"):
        logging.getLogger(name).setLevel(logging.ERROR)
    random = [(seed, random_problem(seed)) for seed in range(RANDOM_SYSTEMS)]
    kinds: dict[str, list[tuple[str, DispatchProblem, Sequence[Reservoir]]]] = {
        f"reference system, {len(REFERENCE_YEARS)} years": [
            (str(year), reference_problem(year), ()) for year in REFERENCE_YEARS
        ],
        f"{RANDOM_SYSTEMS} random systems": [(f"random {seed}", problem, ()) for seed, problem in random],
        f"{RANDOM_SYSTEMS} with storages": [
            (
                f"random {seed} with storages",
                unweighted(problem),
                random_reservoirs(seed, len(problem.weights)),
            )
            for seed, problem in random
        ],
    }
    worst: dict[str, tuple[float, float | None]] = {}
    sys.stdout.write(f"{'system':28}{'objective':>12}{'price EUR/MWh':>16}\n")
    for kind, problems in kinds.items():
        for name, problem, reservoirs in problems:
            apart, price = differences(problem, reservoirs)
            before = worst.get(kind, (0.0, None))
            prices = [each for each in (before[1], price) if each is not None]
            worst[kind] = max(before[0], apart), max(prices, default=None)
            good = apart <= OBJECTIVE and (price is None or price <= PRICE)
            told = "" if price is None else f"{price:.1e}"
            sys.stdout.write(f"{name:28}{apart:12.1e}{told:>16}{'' if good else '  DIFFERS'}\n")
    results.write_text(json.dumps(worst))
    return int(any(one > OBJECTIVE or (price or 0.0) > PRICE for one, price in worst.values()))


if __name__ == "__main__":
    sys.exit(inside(Path(sys.argv[2])) if "--inside" in sys.argv else outside())
