"""A thousand clients of five tenants at once for a minute, over real HTTP, on the whole local system.

They create scenarios, ask for runs (some with an `Idempotency-Key` that others send too, some equal to others' runs) and
read. Afterwards no answer may have been a server error, every run that was accepted must have reached an end, none
may have been made twice, and its rows must stand once.
"""

from __future__ import annotations

import asyncio
import os
import random
import sys
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from statistics import quantiles
from typing import Any
from uuid import uuid4

import aiohttp
import psycopg

from local.running import RunningSystem, throwaway
from tests.chaos.judging import wake
from tests.chaos.verdict import Verdict

CLIENTS = int(os.environ.get("LOAD_CLIENTS", "1000"))
SECONDS = float(os.environ.get("LOAD_SECONDS", "60"))
WITHIN = float(os.environ.get("LOAD_WITHIN", "420"))
TENANTS = tuple(f"load-{number}" for number in range(5))
# Small models: what is tried is the way to the workers and back, not the workers.
SMALL = {"start_year": 2026, "end_year": 2026, "attribution": False}
# A client waits as long as a gateway lets it: what queues is slow, what is turned away has failed.
PATIENCE = aiohttp.ClientTimeout(total=40)
SHARES = {"read": 70, "list": 15, "create": 8, "run": 4, "raced": 3}
"""Of a hundred requests. Runs are few, since each must still be computed afterwards."""


@dataclass
class Ledger:
    """What the clients were told."""

    statuses: Counter[str] = field(default_factory=Counter)
    bad: Counter[str] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    runs: dict[str, str] = field(default_factory=dict)
    by_key: dict[tuple[str, str], set[str]] = field(default_factory=lambda: defaultdict(set))
    by_request: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    scenarios: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    created: set[str] = field(default_factory=set)


def main() -> int:
    seed = int(os.environ.get("CHAOS_SEED", str(random.randrange(10**6))))
    sys.stdout.write(f"seed {seed} (CHAOS_SEED={seed} repeats it), {CLIENTS} clients for {SECONDS:.0f} s\n")
    verdict = Verdict("load", seed)
    ledger = Ledger()
    with throwaway({"POWERTOOLS_LOG_LEVEL": "WARNING"}) as system:
        _let_through(system)
        for tenant in TENANTS:
            _prepare(system, tenant, ledger)
        began = time.monotonic()
        asyncio.run(_crowd(system, seed, ledger))
        verdict.found["seconds of load"] = round(time.monotonic() - began, 1)
        ended = _wait_until_ended(system, ledger)
        verdict.found["seconds until the last run ended"] = round(time.monotonic() - began, 1)
        _judge(system, ledger, ended, verdict)
    return verdict.conclude()


def _let_through(system: RunningSystem) -> None:
    """Raise the platform's rate limit, so that the load reaches the handlers; a tenant cannot raise its own."""
    with system.client("platform", "super_admin") as client:
        limit = {"value": {"limit": 1_000_000, "window_seconds": 60}, "reason": "a thousand clients"}
        client.put(
            "/v1/admin/config/rate-limit/all", json=limit, params={"platform": True}
        ).raise_for_status()


def _prepare(system: RunningSystem, tenant: str, ledger: Ledger) -> None:
    """Give the tenant something to read and to run."""
    with system.client(tenant, "admin") as client:
        created = client.post("/v1/scenarios", json={"name": "first", "parameters": SMALL})
        created.raise_for_status()
        ledger.scenarios[tenant].append(created.json()["data"]["id"])


async def _crowd(system: RunningSystem, seed: int, ledger: Ledger) -> None:
    until = time.monotonic() + SECONDS
    tokens = {tenant: system.token(tenant, "admin") for tenant in TENANTS}
    # Each client has a connection of its own, as strangers have.
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(system.url, connector=connector, timeout=PATIENCE) as session:
        await asyncio.gather(
            *(
                _Client(number, session, tokens, random.Random(seed * 10_000 + number), ledger).behave(until)
                for number in range(CLIENTS)
            )
        )


@dataclass
class _Client:
    number: int
    session: aiohttp.ClientSession
    tokens: dict[str, str]
    choose: random.Random
    ledger: Ledger

    async def behave(self, until: float) -> None:
        # They come within the first seconds, not in the same millisecond.
        await asyncio.sleep(self.choose.uniform(0, min(5.0, SECONDS / 4)))
        while time.monotonic() < until:
            action = self.choose.choices(list(SHARES), weights=list(SHARES.values()))[0]
            await getattr(self, f"_{action}")()
            # What a user does between two requests; without it a thousand clients would be a queue of a thousand.
            await asyncio.sleep(self.choose.uniform(0.5, 2.0))

    @property
    def tenant(self) -> str:
        return TENANTS[self.number % len(TENANTS)]

    def _scenario(self) -> str:
        return self.choose.choice(self.ledger.scenarios[self.tenant])

    async def _read(self) -> None:
        await self._ask("GET", f"/v1/scenarios/{self._scenario()}", 200)

    async def _list(self) -> None:
        await self._ask("GET", f"/v1/scenarios/{self._scenario()}/runs?limit=10", 200)

    async def _create(self) -> None:
        name = f"s {self.number} {uuid4()}"
        data = await self._ask("POST", "/v1/scenarios", 201, {"name": name, "parameters": SMALL})
        if data is not None:
            self.ledger.created.add(data["id"])
            self.ledger.scenarios[self.tenant].append(data["id"])

    async def _run(self) -> None:
        """A run that others may ask for too: equal requests must have the same answer."""
        scenario, seed = self.ledger.scenarios[self.tenant][0], self.choose.randrange(60)
        data = await self._ask("POST", f"/v1/scenarios/{scenario}/run", 202, {"seed": seed})
        if data is not None:
            self.ledger.runs[data["id"]] = self.tenant
            self.ledger.by_request[self.tenant, seed].add(data["id"])

    async def _raced(self) -> None:
        """The same key from several clients at about the same time."""
        number = int(time.monotonic()) * 2 + self.choose.randrange(2)
        scenario, key = self.ledger.scenarios[self.tenant][0], f"key-{number % 100}"
        body = {"seed": 1_000_000 + number % 100}
        path = f"/v1/scenarios/{scenario}/run"
        data = await self._ask("POST", path, 202, body, {"Idempotency-Key": key})
        if data is not None:
            self.ledger.runs[data["id"]] = self.tenant
            self.ledger.by_key[self.tenant, key].add(data["id"])

    async def _ask(
        self, method: str, path: str, expected: int, body: Any = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any] | None:
        began = time.monotonic()
        sent = {"Authorization": f"Bearer {self.tokens[self.tenant]}", **(headers or {})}
        try:
            async with self.session.request(method, path, json=body, headers=sent) as answer:
                status, document = answer.status, await answer.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError) as error:
            self.ledger.bad[f"no answer: {type(error).__name__}"] += 1
            return None
        self.ledger.seconds.append(time.monotonic() - began)
        self.ledger.statuses[str(status)] += 1
        if status in (expected, 200):
            data: dict[str, Any] = document["data"] if isinstance(document["data"], dict) else {}
            return data
        self.ledger.bad[f"{status} {document.get('code', document.get('message'))}"] += 1
        return None


def _wait_until_ended(system: RunningSystem, ledger: Ledger) -> dict[str, str]:
    """The state of every run in the database, once all have ended or the time is over."""
    deadline = time.monotonic() + WITHIN
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        while True:
            states: dict[str, str] = dict(
                connection.execute("SELECT id::text, state FROM scenario_run").fetchall()
            )
            live = [run for run, state in states.items() if state in ("QUEUED", "RUNNING")]
            if not live or time.monotonic() > deadline:
                return states
            # What the schedules do once a minute.
            wake(system, "outbox-relay", "committer", "run-recovery")
            time.sleep(2)


def _judge(system: RunningSystem, ledger: Ledger, states: dict[str, str], verdict: Verdict) -> None:
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:

        def one(query: str) -> int:
            found = connection.execute(query).fetchone()
            return int(found[0]) if found else 0

        stored = {str(row[0]) for row in connection.execute("SELECT id FROM scenario").fetchall()}
        doubled = one(
            "SELECT count(*) FROM (SELECT FROM scenario_run WHERE state IN ('QUEUED', 'RUNNING', 'SUCCEEDED')"
            " GROUP BY tenant_id, scenario_id, version_hash HAVING count(*) > 1) AS twice"
        )
        files = one("SELECT count(*) FROM (SELECT FROM output_file GROUP BY run_id HAVING count(*) > 1) AS t")
        completions = one(
            "SELECT count(*) FROM (SELECT FROM scenario_event WHERE event_type = 'RUN_SUCCEEDED'"
            " GROUP BY tenant_id, run_id HAVING count(*) > 1) AS twice"
        )
    answers = sum(ledger.statuses.values())
    ordered = quantiles(ledger.seconds, n=100) if len(ledger.seconds) > 1 else [0.0] * 99
    ended = Counter(states.values())
    verdict.injected |= {"clients": CLIENTS, "tenants": len(TENANTS), "requests": answers}
    verdict.found |= {
        **{f"answers {status}": count for status, count in sorted(ledger.statuses.items())},
        "requests a second": round(answers / SECONDS, 1),
        "answered within, p50, s": round(ordered[49], 3),
        "answered within, p99, s": round(ordered[98], 3),
        "scenarios created": len(ledger.created),
        "runs accepted": len(ledger.runs),
        "keys sent by several": len(ledger.by_key),
        **{f"runs {state}": count for state, count in sorted(ended.items())},
    }
    verdict.wrong |= {
        **{f"answers: {what}": count for what, count in sorted(ledger.bad.items())},
        "server errors": sum(count for status, count in ledger.statuses.items() if status >= "500"),
        "runs lost": sum(1 for run in ledger.runs if run not in states),
        "runs that nobody was told of": sum(1 for run in states if run not in ledger.runs),
        "runs not succeeded": sum(1 for run in ledger.runs if states.get(run) != "SUCCEEDED"),
        "keys with two runs": sum(1 for runs in ledger.by_key.values() if len(runs) > 1),
        "requests with two runs": sum(1 for runs in ledger.by_request.values() if len(runs) > 1),
        "equal runs": doubled,
        "runs with two files": files,
        "runs completed twice": completions,
        "scenarios lost": sum(1 for scenario in ledger.created if scenario not in stored),
    }
