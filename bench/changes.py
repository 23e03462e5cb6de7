"""Watching: tabs that follow everything of a tenant by `GET /v1/changes`, through the local gateway.

One tenant has a hundred live runs, whose states are moved in the database by a clock of the benchmark's own, each in its own
transaction; when it was committed is known there. Each tab sends the next request when it has an answer, as the console does. A
change is seen when the answer that tells it is read. The calm load is what a hundred runs of five minutes make that are requested
anew when they end. In the busy one runs take a minute: there answers are two seconds apart once ten seconds of credit are used up.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from uuid import UUID

import psycopg

from bench.report import Row, publish
from local.running import RunningSystem, throwaway

TABS, LIVE, SECONDS = 10, 100, 90.0
# Changes a second (a run is requested, starts and ends), and within how many seconds they are to be seen at p95.
_LOADS = (("calm", 3 * LIVE / 300, 1.5), ("busy", 3 * LIVE / 60, None))
_MOVES = {
    "QUEUED": "UPDATE scenario_run SET state = 'RUNNING', started_at = now() WHERE id = %s",
    "RUNNING": "UPDATE scenario_run SET state = 'CANCELLED', completed_at = now() WHERE id = %s",
}


@dataclass
class Tab:
    """One reader: how many requests it sent, and when it saw which change, on this process's clock."""

    requests: int = 0
    seen: dict[tuple[str, str], float] = field(default_factory=dict)

    def follow(
        self, system: RunningSystem, tenant: str, ready: threading.Barrier, over: threading.Event
    ) -> None:
        with system.client(tenant, "viewer") as client:
            cursor = client.get("/v1/changes").json()["meta"]["cursor"]
            ready.wait()
            while not over.is_set():
                answer = client.get("/v1/changes", params={"after": cursor, "wait": 20}).raise_for_status()
                now, body = time.monotonic(), answer.json()
                cursor = body["meta"]["cursor"]
                self.requests += 1
                over.wait(float(answer.headers.get("Retry-After", 0)))
                self.seen |= {(change["id"], change["state"]): now for change in body["data"]}


def main() -> None:
    with throwaway({"POWERTOOLS_LOG_LEVEL": "WARNING"}) as system:
        rows = [row for name, rate, bar in _LOADS for row in _load(system, name, rate, bar)]
    publish("changes", rows)


def _load(system: RunningSystem, name: str, rate: float, bar: float | None) -> list[Row]:
    tenant = f"tabs-{name}"
    with system.client(tenant, "admin") as client:
        created = client.post("/v1/scenarios", json={"name": "bench", "assumptions": []}).raise_for_status()
        scenario = created.json()["data"]["id"]
        bulk = f"/v1/scenarios/{scenario}/runs:bulk"
        for start in range(0, 5 * LIVE, 100):
            items = [{"seed": start + seed} for seed in range(100)]
            client.post(bulk, json={"items": items}).raise_for_status()
        switch = {"scope": "TENANT", "reason": "the benchmark moves the runs"}
        client.post("/v1/kill-switches", json=switch).raise_for_status()
        time.sleep(10)
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        of_tenant = "SELECT id FROM scenario_run WHERE tenant_id = %s AND state = 'QUEUED' ORDER BY id"
        runs = [run for (run,) in connection.execute(of_tenant, (tenant,))]
        tabs, ready, over = [Tab() for _ in range(TABS)], threading.Barrier(TABS + 1), threading.Event()
        with ThreadPoolExecutor(TABS) as pool:
            following = [pool.submit(tab.follow, system, tenant, ready, over) for tab in tabs]
            ready.wait()
            committed = _move(connection, runs, rate)
            time.sleep(3)
            over.set()
            connection.execute(_MOVES["RUNNING"], (runs[-1],))
            for one in following:
                one.result()
    delays = sorted(tab.seen[change] - at for tab in tabs for change, at in committed.items())
    a_minute = [tab.requests * 60 / (SECONDS + 3) for tab in tabs]
    load = f"{name} ({rate * 60:.0f} changes a minute)"
    return [
        Row(
            f"{load}: requests a minute, the tab with most",
            "1/min",
            max(a_minute),
            target=bar and 30,
            better="lower",
        ),
        Row(f"{load}: commit to seen, p50", "s", delays[len(delays) // 2], better="lower"),
        Row(f"{load}: commit to seen, p95", "s", delays[int(0.95 * len(delays))], target=bar, better="lower"),
    ]


def _move(
    connection: psycopg.Connection[object], runs: Sequence[UUID], rate: float
) -> dict[tuple[str, str], float]:
    """Move runs at random moments, `rate` a second; when each change was committed."""
    dice, committed = random.Random(7), dict[tuple[str, str], float]()
    waiting, live = list(runs), list[tuple[UUID, str]]()
    began = at = time.monotonic()
    while at < began + SECONDS:
        live += [(waiting.pop(), "QUEUED") for _ in range(LIVE - len(live))]
        run, state = live.pop(dice.randrange(len(live)))
        at += dice.expovariate(rate)
        time.sleep(max(0.0, at - time.monotonic()))
        connection.execute(_MOVES[state], (run,))
        committed[str(run), "RUNNING" if state == "QUEUED" else "CANCELLED"] = time.monotonic()
        if state == "QUEUED":
            live.append((run, "RUNNING"))
    return committed


if __name__ == "__main__":
    main()
