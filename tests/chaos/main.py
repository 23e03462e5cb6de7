"""200 runs of 3 tenants while relay, worker, committer and recovery are killed at random (kill -9).

Afterwards every run must have ended SUCCEEDED once, its rows stand once in the table (counted through
Iceberg, not through our reader), every event have been sent at least once and applied once.
"""

from __future__ import annotations

import contextlib
import os
import random
import signal
import sys
import threading
import time
from collections import Counter
from uuid import UUID

import psycopg

from local.running import RunningSystem, throwaway
from tests.chaos.judging import judge, settle, wake
from tests.chaos.verdict import Verdict

RUNS = int(os.environ.get("CHAOS_RUNS", "200"))
TENANTS = ("alpha", "beta", "gamma")
WITHIN = 600.0
TARGETS = {
    "relay": "outbox-relay",
    "worker": "run-worker",
    "committer": "committer",
    "recovery": "run-recovery",
}
# Short leases, so that what a killed process held is taken up within seconds; workers may die often.
ENVIRONMENT = {
    "SEXTANT_RUN_LEASE": "4",
    "SEXTANT_QUEUED_SILENCE": "15",
    "SEXTANT_COMMIT_LEASE": "4",
    "SEXTANT_RELAY_LEASE": "8",
    "SEXTANT_RELAY_PUBLISH_TIMEOUT": "2",
    "SEXTANT_RELAY_MARGIN": "1",
    "POWERTOOLS_LOG_LEVEL": "WARNING",
}
SCENARIO = {
    "assumptions": [
        {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
    ],
    "parameters": {"shock_bp": 25},
}


def main() -> int:
    seed = int(os.environ.get("CHAOS_SEED", str(random.randrange(10**6))))
    sys.stdout.write(f"seed {seed} (CHAOS_SEED={seed} repeats it), {RUNS} runs\n")
    verdict = Verdict("main", seed)
    with throwaway(ENVIRONMENT) as system:
        asked = _request_runs(system)
        began = time.monotonic()
        done = threading.Event()
        killer = threading.Thread(target=_kill_at_random, args=(system, random.Random(seed), verdict, done))
        helper = threading.Thread(target=_tick, args=(system, done))
        killer.start()
        helper.start()
        try:
            states = _wait_until_ended(system, asked)
        finally:
            done.set()
            killer.join()
            helper.join()
        verdict.found["seconds"] = time.monotonic() - began
        settle(system)
        judge(system, asked, states, verdict)
    return verdict.conclude()


def _request_runs(system: RunningSystem) -> dict[UUID, str]:
    """Ask for every run; the tenant of each run id."""
    asked: dict[UUID, str] = {}
    for number, tenant in enumerate(TENANTS):
        with system.client(tenant, "admin") as client:
            created = client.post("/v1/scenarios", json={"name": "chaos", **SCENARIO})
            created.raise_for_status()
            scenario = created.json()["data"]["id"]
            for turn in range(number, RUNS, len(TENANTS)):
                answer = client.post(f"/v1/scenarios/{scenario}/run", json={"seed": turn, "max_retries": 10})
                answer.raise_for_status()
                asked[UUID(answer.json()["data"]["id"])] = tenant
    return asked


def _kill_at_random(
    system: RunningSystem, choose: random.Random, verdict: Verdict, done: threading.Event
) -> None:
    while not done.wait(choose.uniform(0.2, 1.5)):
        target = choose.choices(list(TARGETS), weights=(2, 4, 2, 1))[0]
        if environments := system.environments(TARGETS[target]):
            with contextlib.suppress(ProcessLookupError):  # it ended by itself just now
                os.kill(choose.choice(environments).pid, signal.SIGKILL)
                verdict.inject(f"{target} killed")


def _tick(system: RunningSystem, done: threading.Event) -> None:
    """What the schedules do once a minute, more often."""
    while not done.wait(2.0):
        wake(system, "run-recovery", "outbox-relay", "committer")


def _wait_until_ended(system: RunningSystem, asked: dict[UUID, str]) -> Counter[str]:
    deadline = time.monotonic() + WITHIN
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        while True:
            states = Counter(state for (state,) in connection.execute("SELECT state FROM scenario_run"))
            if (not states["QUEUED"] and not states["RUNNING"]) or time.monotonic() > deadline:
                return states
            time.sleep(0.5)
