"""How many relays work at once while runs are triggered all the time, and how soon what was triggered is in its queue.

Fifty runs a second are asked for over HTTP, of a local system that may start as many processes of each function as it
likes. Their messages go to the queue of events, whose function leaves them alone: this machine could not work off the runs.
"""

from __future__ import annotations

import statistics
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg

from bench.report import Row, publish
from local.running import RunningSystem, throwaway

RATE = 50
WARM_UP = 20
"""Seconds in which processes start, of which each takes seconds here: not counted."""
SECONDS = 30
CLIENTS = 20
PROCESSES = 10


def main() -> None:
    environment = {
        "POWERTOOLS_LOG_LEVEL": "WARNING",
        "SEXTANT_LOCAL_PROCESSES": str(PROCESSES),
        "SEXTANT_ROUTES": "*=events",
    }
    with throwaway(environment) as system:
        busy = _Busy(system)
        rate = _trigger(system, busy)
        waits = _waits(system, busy.since)
    ordered = sorted(waits)
    publish(
        "relays",
        [
            Row("runs triggered", "1/s", rate, target=0.9 * RATE),
            Row("relays at work, mean", "", statistics.mean(busy.counts), target=2, better="lower"),
            Row("relays at work, most", "", max(busy.counts), target=2, better="lower"),
            Row("relays called", "1/s", busy.called / SECONDS, better="lower"),
            Row("trigger to queue, p50", "ms", statistics.median(ordered), better="lower"),
            Row("trigger to queue, p95", "ms", ordered[round(0.95 * (len(ordered) - 1))], better="lower"),
        ],
    )


class _Busy:
    """Looks twenty times a second how many relays are at work."""

    def __init__(self, system: RunningSystem) -> None:
        self._system = system
        self._log = system.home / "logs" / "outbox-relay.log"
        self.since = datetime.now(UTC) + timedelta(seconds=WARM_UP)
        self.counts: list[int] = []
        self.called = 0
        self._stopped = threading.Event()

    def watch(self) -> None:
        self._stopped.wait(WARM_UP)
        before = self._calls()
        while not self._stopped.wait(0.05):
            states = self._system.environments("outbox-relay")
            self.counts.append(sum(state.busy for state in states))
        self.called = self._calls() - before

    def stop(self) -> None:
        self._stopped.set()

    def _calls(self) -> int:
        return self._log.read_text(errors="replace").count("START RequestId")


def _trigger(system: RunningSystem, busy: _Busy) -> float:
    """Runs a second that were accepted."""
    with ThreadPoolExecutor(CLIENTS + 1) as pool:
        watching = pool.submit(busy.watch)
        began = time.monotonic()
        done = list(pool.map(lambda number: _client(system, number, began), range(CLIENTS)))
        seconds = time.monotonic() - began
        busy.stop()
        watching.result()
    return sum(done) / seconds


def _client(system: RunningSystem, number: int, began: float) -> int:
    """One client's share, each request at its time: the runs of a tenant of its own."""
    accepted = 0
    with system.client(f"tenant-{number}", "admin") as client:
        created = client.post("/v1/scenarios", json={"name": "relays", "assumptions": [], "parameters": {}})
        scenario = created.raise_for_status().json()["data"]["id"]
        for turn in range((WARM_UP + SECONDS) * RATE // CLIENTS):
            due = began + (turn * CLIENTS + number) / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            accepted += _ask(client, scenario, turn * CLIENTS + number)
    return accepted


def _ask(client: httpx.Client, scenario: str, seed: int) -> bool:
    return client.post(f"/v1/scenarios/{scenario}/run", json={"seed": seed}).status_code == 202


def _waits(system: RunningSystem, since: datetime) -> list[float]:
    """Milliseconds from the moment that each event of a run was stored to that at which its batch was recorded as sent."""
    query = """
        SELECT extract(epoch FROM u.published_at - e.created_at)::float8 * 1000 FROM outbox_event e
        JOIN outbox_publication u ON u.tenant_id = e.tenant_id AND e.id = ANY (u.event_ids)
        WHERE e.topic = 'run.requested' AND e.created_at > %s
    """
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        _until_sent(connection)
        return [row[0] for row in connection.execute(query, [since]).fetchall()]


def _until_sent(connection: psycopg.Connection[Any]) -> None:
    deadline = time.monotonic() + 90
    while connection.execute("SELECT EXISTS (SELECT FROM outbox_pending)").fetchone() != (False,):
        if time.monotonic() > deadline:
            raise TimeoutError("events wait still after 90 seconds")
        time.sleep(0.1)
