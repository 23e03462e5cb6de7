"""Two hours' worth of a team's work in a quarter of an hour, in three equal parts, and what is left behind after each.

Three analysts write, run, compare, export and follow; an operator's events come in; the schedules tick. After each part the
system rests, and is measured: memory, files and connections of its processes, dead rows of its tables, and what it does
while nobody asks. What grows from the second part to the third would grow for ever: the first one warms up.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import uuid4

import httpx
import psutil
import psycopg

from local.running import RunningSystem, throwaway
from tests.chaos.judging import wake
from tests.chaos.verdict import Verdict
from tests.waiting import until

MINUTES = float(os.environ.get("SOAK_MINUTES", "15"))
PARTS = 3
ROUNDS = max(1, int(MINUTES * 4 / PARTS))
"""Of each analyst in each part: at the full length 60 rounds, as many as in two hours with one every two minutes."""
RESTS = 20.0
TENANTS = ("wind", "sun", "water")
SCENARIO = {
    "assumptions": [
        {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
    ],
    "parameters": {"shock_bp": 25, "end_year": 2032, "attribution": False},
}
SCHEDULED = ("outbox-relay", "committer", "run-recovery", "operations", "journal")

# How much a figure may be larger after the third part than after the second: as a share, and beyond it in its unit.
BOUNDS = {
    "MiB of": (0.10, 16.0),
    "open files": (0.10, 8.0),
    "connections": (0.0, 2.0),
    "dead rows": (0.25, 2000.0),
    "rows that wait": (0.0, 0.0),
    "idle, CPU s": (0.30, 1.0),
    "idle, transactions": (0.30, 40.0),
}


def main() -> int:
    seed = int(os.environ.get("CHAOS_SEED", str(random.randrange(10**6))))
    sys.stdout.write(
        f"seed {seed} (CHAOS_SEED={seed} repeats it), {PARTS} × {ROUNDS} rounds of {len(TENANTS)} analysts\n"
    )
    verdict = Verdict("soak", seed)
    figures: list[dict[str, float]] = []
    with throwaway({"POWERTOOLS_LOG_LEVEL": "WARNING"}) as system:
        for part in range(PARTS):
            began = time.monotonic()
            verdict.injected |= {
                what: verdict.injected.get(what, 0) + count
                for what, count in _work(system, seed + part).items()
            }
            verdict.found[f"part {part + 1}, s"] = round(time.monotonic() - began, 1)
            _settle(system)
            figures.append(_measure(system))
        verdict.wrong["runs not succeeded"] = _one(
            system, "SELECT count(*) FROM scenario_run WHERE state <> 'SUCCEEDED' AND state <> 'CANCELLED'"
        )
    before, after = figures[-2:]
    for what in sorted(before.keys() | after.keys()):
        verdict.found |= {
            f"{what}, before": round(before.get(what, 0), 1),
            f"{what}, after": round(after.get(what, 0), 1),
        }
        verdict.wrong[f"growth of {what}"] = int(_grew(what, before.get(what, 0), after.get(what, 0)))
    return verdict.conclude()


def _grew(what: str, before: float, after: float) -> bool:
    share, beyond = next(bound for name, bound in BOUNDS.items() if what.startswith(name))
    return after > before * (1 + share) + beyond


# ----------------------------------------------------------------------------------------------- the work


def _work(system: RunningSystem, seed: int) -> Counter[str]:
    """One part: every analyst's rounds beside each other, with the schedules; what was done."""
    done: Counter[str] = Counter()
    over = threading.Event()
    ticking = threading.Thread(target=_tick, args=(system, over))
    ticking.start()
    try:
        with ThreadPoolExecutor(len(TENANTS)) as pool:
            for counts in pool.map(lambda tenant: _rounds(system, tenant, seed), TENANTS):
                done.update(counts)
    finally:
        over.set()
        ticking.join()
    return done


def _rounds(system: RunningSystem, tenant: str, seed: int) -> Counter[str]:
    done: Counter[str] = Counter()
    choose = random.Random(f"{tenant} {seed}")
    with system.client(tenant, "admin", timeout=60) as client:
        for _ in range(ROUNDS):
            done.update(_round(client, choose))
    return done


def _round(client: httpx.Client, choose: random.Random) -> Iterator[str]:
    """What an analyst does with one idea: write it, change it, run both, compare, look, and throw it away."""
    name, seed = f"idea {uuid4()}", choose.randrange(10**9)
    scenario = _asked(client, "POST", "/v1/scenarios", {"name": name, **SCENARIO})["id"]
    yield "scenarios written"
    first = _asked(client, "POST", f"/v1/scenarios/{scenario}/run", {"seed": seed})["id"]
    yield "runs"
    cursor = client.get("/v1/changes").raise_for_status().json()["meta"]["cursor"]
    _asked(client, "PATCH", f"/v1/scenarios/{scenario}", {"parameters": {"shock_bp": choose.randrange(100)}})
    yield "scenarios changed"
    second = _asked(client, "POST", f"/v1/scenarios/{scenario}/run", {"seed": seed})["id"]
    yield "runs"
    if choose.random() < 0.2:
        swept = {"sweep": {"discount_rate": [0.04, 0.06, 0.08]}, "seed": seed}
        _end(client, _asked(client, "POST", f"/v1/scenarios/{scenario}/run", swept)["id"])
        yield "sweeps"
    for run in (first, second):
        _end(client, run)
    client.get("/v1/changes", params={"after": cursor, "wait": 5}).raise_for_status()
    yield "changes followed"
    client.get("/v1/compare", params={"runs": second, "baseline": first}).raise_for_status()
    yield "comparisons"
    for how in ({"limit": "100"}, {"format": "csv"}):
        client.get(f"/v1/scenarios/{scenario}/outputs", params={"run_id": second, **how}).raise_for_status()
        yield "results read"
    if choose.random() < 0.3:
        _asked(client, "DELETE", f"/v1/scenarios/{scenario}")
        yield "scenarios deleted"


def _asked(client: httpx.Client, method: str, path: str, body: Any = None) -> dict[str, Any]:
    answer = client.request(method, path, json=body).raise_for_status()
    document: dict[str, Any] = answer.json() if answer.content else {}
    return document.get("data") or {}


def _end(client: httpx.Client, run: str) -> None:
    """Wait for the run's end, as a page does that shows it."""

    def ended() -> bool:
        state: str = (
            client.get(f"/v1/runs/{run}", params={"wait": 20}).raise_for_status().json()["data"]["state"]
        )
        return state not in ("QUEUED", "RUNNING")

    until(ended, within=300)


def _tick(system: RunningSystem, over: threading.Event) -> None:
    """The schedules, ten times as often: the work is ten times as dense."""
    while not over.wait(6.0):
        wake(system, *SCHEDULED)


# ----------------------------------------------------------------------------------------------- the figures


def _settle(system: RunningSystem) -> None:
    """Let what is under way end, and the tables be tidied as they are each hour."""
    query = "SELECT (SELECT count(*) FROM outbox_pending) + (SELECT count(*) FROM output_batch WHERE state = 'OPEN')"
    until(lambda: _one(system, query) == 0, within=120)
    system.invoke("maintenance")
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    until(lambda: not any(one.busy for one in system.environments()), within=120)


def _measure(system: RunningSystem) -> dict[str, float]:
    figures: dict[str, float] = {}
    functions = {one.pid: one.function for one in system.environments()}
    whole = psutil.Process(system.process.pid)
    everyone = [whole, *whole.children(recursive=True)]
    cpu, transactions = _cpu(everyone), _transactions(system)
    time.sleep(RESTS)
    figures["idle, CPU s"] = _cpu(everyone) - cpu
    figures["idle, transactions"] = _transactions(system) - transactions
    for process in everyone:
        with suppress(psutil.NoSuchProcess):
            name = functions.get(process.pid) or ("the gateway" if process is whole else None)
            if name is None:
                continue
            own = process.memory_full_info().uss / 2**20
            # Of several processes of a function the largest one counts.
            figures[f"MiB of {name}"] = max(own, figures.get(f"MiB of {name}", 0))
            figures[f"open files of {name}"] = max(process.num_fds(), figures.get(f"open files of {name}", 0))
    figures["connections"] = _one(
        system, "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
    )
    figures["dead rows"] = _one(system, "SELECT sum(n_dead_tup) FROM pg_stat_user_tables")
    figures["rows that wait"] = _one(
        system,
        "SELECT (SELECT count(*) FROM outbox_pending) + (SELECT count(*) FROM outbox_delayed)"
        " + (SELECT count(*) FROM outbox_dead)",
    )
    return figures


def _cpu(everyone: list[psutil.Process]) -> float:
    spent = 0.0
    for process in everyone:
        with suppress(psutil.NoSuchProcess):
            times = process.cpu_times()
            spent += times.user + times.system
    return spent


def _transactions(system: RunningSystem) -> int:
    return _one(system, "SELECT sum(xact_commit) FROM pg_stat_database WHERE datname = current_database()")


def _one(system: RunningSystem, query: str) -> int:
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        row = connection.execute(query).fetchone()
    return int(row[0] or 0) if row else 0
