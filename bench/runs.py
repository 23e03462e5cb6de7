"""The main job on the local system: how soon a run has succeeded, and how many a second a backlog yields."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import psycopg

from bench.report import Row, publish
from local.running import RunningSystem, throwaway

SINGLE_RUNS = 30
BACKLOG = 500
TENANTS = tuple(f"tenant-{number}" for number in range(5))
GUIDE: dict[str, Any] = {
    "assumptions": [
        {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
    ],
    "parameters": {"shock_bp": 25},
}


def main() -> None:
    with throwaway({"POWERTOOLS_LOG_LEVEL": "WARNING"}) as system:
        waits = sorted(_one_by_one(system))
        rate, visible = _backlog(system)
    publish(
        "runs",
        [
            Row("trigger to SUCCEEDED, idle system, p50", "s", statistics.median(waits), better="lower"),
            Row("trigger to SUCCEEDED, idle system, p95", "s", _p95(waits), better="lower"),
            Row(f"runs a second, backlog of {BACKLOG}", "1/s", rate),
            Row("file stored to visible, in the backlog, p95", "s", visible, better="lower"),
        ],
    )


def _one_by_one(system: RunningSystem) -> list[float]:
    """Seconds from the request of a run to the answer that says SUCCEEDED; the first is warm-up."""
    found = []
    with system.client("demo", "admin") as client:
        scenario = _scenario(client)
        for seed in range(SINGLE_RUNS + 1):
            began = time.perf_counter()
            run = client.post(f"/v1/scenarios/{scenario}/run", json={"seed": seed}).json()["data"]["id"]
            while client.get(f"/v1/scenarios/{scenario}/runs/{run}").json()["data"]["state"] != "SUCCEEDED":
                if time.perf_counter() - began > 60:
                    raise TimeoutError(f"run {run} did not succeed within a minute")
                time.sleep(0.02)
            found.append(time.perf_counter() - began)
    return found[1:]


def _backlog(system: RunningSystem) -> tuple[float, float]:
    """Runs a second from the first request to the last success, and p95 of stored to committed."""
    began = time.perf_counter()
    with ThreadPoolExecutor(len(TENANTS)) as pool:
        list(pool.map(lambda tenant: _request(system, tenant), TENANTS))
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        while _count(connection, "SELECT count(*) FROM scenario_run WHERE state <> 'SUCCEEDED'"):
            if time.perf_counter() - began > 600:
                raise TimeoutError("the backlog was not worked off within ten minutes")
            time.sleep(0.1)
        seconds = time.perf_counter() - began
        visible = _count(
            connection,
            "SELECT percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM committed_at - created_at))"
            " FROM output_file WHERE tenant_id LIKE 'tenant-%'",
        )
    return BACKLOG / seconds, visible


def _request(system: RunningSystem, tenant: str) -> None:
    with system.client(tenant, "admin") as client:
        scenario = _scenario(client)
        for seed in range(BACKLOG // len(TENANTS)):
            client.post(f"/v1/scenarios/{scenario}/run", json={"seed": seed}).raise_for_status()


def _scenario(client: httpx.Client) -> str:
    created = client.post("/v1/scenarios", json={"name": "bench", **GUIDE})
    created.raise_for_status()
    return str(created.json()["data"]["id"])


def _count(connection: psycopg.Connection[Any], query: str) -> float:
    found = connection.execute(query).fetchone()
    return float(found[0]) if found else 0.0


def _p95(ordered: list[float]) -> float:
    return ordered[min(len(ordered) - 1, round(0.95 * (len(ordered) - 1)))]
