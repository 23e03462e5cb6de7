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
from typing import Any
from uuid import UUID

import psycopg

from local.aws import REGION, client_for
from local.running import RunningSystem, throwaway
from sextant.lake.table.catalog import disconnect, load_table
from sextant.lake.table.settings import LakeSettings
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
        _settle(system)
        _judge(system, asked, states, verdict)
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
        for function in ("run-recovery", "outbox-relay", "committer"):
            _wake(system, function)


def _wake(system: RunningSystem, function: str) -> None:
    """Invoke a function as its schedule does, without waiting for it."""
    client_for("lambda", system.endpoints.functions).invoke(FunctionName=function, InvocationType="Event")


def _lake_of(system: RunningSystem) -> LakeSettings:
    return LakeSettings(
        warehouse=f"s3://{system.names.warehouse_bucket}/warehouse",
        catalog="sql",
        catalog_url=system.endpoints.database.catalog,
        region=REGION,
        endpoint_url=system.endpoints.aws,
    )


def _wait_until_ended(system: RunningSystem, asked: dict[UUID, str]) -> Counter[str]:
    deadline = time.monotonic() + WITHIN
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        while True:
            states = Counter(state for (state,) in connection.execute("SELECT state FROM scenario_run"))
            if (not states["QUEUED"] and not states["RUNNING"]) or time.monotonic() > deadline:
                return states
            time.sleep(0.5)


def _settle(system: RunningSystem) -> None:
    """Let the relay send what is left, unharmed."""
    deadline = time.monotonic() + 60
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        while time.monotonic() < deadline:
            waiting = connection.execute(
                "SELECT (SELECT count(*) FROM outbox_pending) + (SELECT count(*) FROM outbox_delayed)"
            ).fetchone()
            if waiting == (0,):
                return
            _wake(system, "outbox-relay")
            time.sleep(1)


def _judge(system: RunningSystem, asked: dict[UUID, str], states: Counter[str], verdict: Verdict) -> None:
    expected, attempts = _in_database(system, verdict)
    # Whoever reads the lake from outside needs some credentials; the local AWS takes any.
    os.environ.update({"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
    lake = _lake_of(system)
    table = load_table(lake)
    counted = (
        table.scan(selected_fields=("run_id",)).to_arrow().group_by("run_id").aggregate([([], "count_all")])
    )
    rows = {UUID(row["run_id"]): row["count_all"] for row in counted.to_pylist()}
    disconnect(lake)

    verdict.found |= {
        "runs asked for": len(asked),
        **{f"runs {state.lower()}": runs for state, runs in sorted(states.items())},
        "attempts in all": attempts,
        "snapshots": len(table.metadata.snapshots),
    }
    verdict.wrong |= {
        "runs not succeeded": len(asked) - states["SUCCEEDED"],
        "runs with rows missing": sum(1 for run in asked if rows.get(run, 0) < expected.get(run, 1)),
        "runs with rows twice": sum(1 for run in asked if rows.get(run, 0) > expected.get(run, 1)),
        "rows of unknown runs": sum(1 for run in rows if run not in asked),
    }


def _in_database(system: RunningSystem, verdict: Verdict) -> tuple[dict[UUID, int], int]:
    """How many rows each run should have, and how many attempts there were; the outbox is judged here."""

    def one(connection: psycopg.Connection[Any], query: str) -> int:
        found = connection.execute(query).fetchone()
        return int(found[0]) if found else 0

    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        expected: dict[UUID, int] = dict(
            connection.execute(
                "SELECT id, output_rows FROM scenario_run WHERE output_rows IS NOT NULL"
            ).fetchall()
        )
        verdict.wrong |= {
            "events never sent": one(
                connection,
                """
                SELECT count(*) FROM outbox_event e WHERE NOT EXISTS (
                    SELECT FROM outbox_publication p WHERE p.tenant_id = e.tenant_id AND e.id = ANY (p.event_ids))""",
            ),
            "events given up": one(connection, "SELECT count(*) FROM outbox_dead"),
            "runs without one completion sent": one(
                connection,
                """
                SELECT count(*) FROM scenario_run r WHERE 1 <> (
                    SELECT count(*) FROM outbox_event e JOIN outbox_publication p
                    ON p.tenant_id = e.tenant_id AND e.id = ANY (p.event_ids)
                    WHERE e.tenant_id = r.tenant_id AND e.topic = 'run.completed' AND e.payload ->> 'run_id' = r.id::text)""",
            ),
            "completions applied twice": one(
                connection,
                """
                SELECT count(*) FROM (SELECT FROM scenario_event WHERE event_type = 'RUN_SUCCEEDED'
                GROUP BY tenant_id, run_id HAVING count(*) > 1) AS twice""",
            ),
            "batches left open": one(connection, "SELECT count(*) FROM output_batch WHERE state = 'OPEN'"),
        }
        return expected, one(connection, "SELECT count(*) FROM run_attempt")
