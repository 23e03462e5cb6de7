"""Events for endpoints of every temper through the whole local system, while relay, deliverer and sender are killed (kill -9).

Endpoints are well, ordered, slow, failing for a while, flapping, hanging, or answer 410. Events are stored in transactions of
their own, some of which roll back. First all is calm but for the endpoints, and latency is judged; then processes are killed. In the end every
committed event must have come to every endpoint that is well again, in order where that is asked, and repeats under the same id alone.

CHAOS_EVENTS, CHAOS_ENDPOINTS and CHAOS_RATE change the size, CHAOS_SEED repeats a run's choices.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import psycopg

from local.aws import client_for
from local.running import RunningSystem, running
from sextant.outbox import service as outbox
from sextant.outbox.model import Call
from sextant.outbox.nudge import COALESCE, Nudger
from sextant.storage import ALL_TENANTS, DatabaseSettings, PlatformDatabase
from tests.chaos.verdict import Verdict
from tests.waiting import until

EVENTS = int(os.environ.get("CHAOS_EVENTS", "10000"))
ENDPOINTS = int(os.environ.get("CHAOS_ENDPOINTS", "50"))
TENANT = "chaos"
ROLLED_BACK = 0.1
KILLS = 0.02
RATE = float(os.environ.get("CHAOS_RATE", "4"))
"""Events a second, each for every endpoint."""
KILLED = ("outbox-relay", "webhook-deliverer", "webhook-sender")
LATENCY = 2.0
WITHIN = 900.0
TEMPERS = (
    "well",
    "well",
    "well",
    "ordered",
    "slow",
    "failing",
    "flapping",
    "hanging",
    "gone",
    "ordered failing",
)


@dataclass
class Consumers:
    """One server; an endpoint is a path, and its temper the path's first word."""

    random: random.Random
    failing: bool = True
    """Whether those that fail for a while still do."""
    arrivals: dict[str, list[tuple[str, float]]] = field(default_factory=lambda: defaultdict(list))
    """By path: event id and moment of each request that was answered well."""
    gone_at: dict[str, float] = field(default_factory=dict)
    late: list[str] = field(default_factory=list)
    """Requests that came to an endpoint more than a while after it was gone."""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def status(self, path: str, event: str) -> int:
        now, temper = time.monotonic(), path.strip("/").rpartition("-")[0]
        if temper == "hanging" and self.failing:
            threading.Event().wait(30)
            return 204
        if temper == "slow":
            threading.Event().wait(0.3)
        with self.lock:
            if temper == "gone":
                first = self.gone_at.setdefault(path, now)
                if now - first > 30:
                    self.late.append(path)
                return 410
            bad = (temper.endswith("failing") and self.failing) or (
                temper == "flapping" and self.random.random() < 0.3
            )
            if bad:
                return 500
            self.arrivals[path].append((event, now))
            return 204


def main() -> int:
    seed = int(os.environ.get("CHAOS_SEED", str(random.randrange(10**6))))
    sys.stdout.write(f"seed {seed} (CHAOS_SEED={seed} repeats it), {EVENTS} events, {ENDPOINTS} endpoints\n")
    verdict = Verdict("webhooks", seed)
    consumers = Consumers(random.Random(seed))
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(consumers))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="sextant-chaos-") as home, running(Path(home)) as system:
        url = f"http://127.0.0.1:{server.server_address[1]}"
        webhooks = _endpoints(system, url)
        committed = _storm(system, consumers, webhooks, random.Random(seed), verdict)
        _judge(system, consumers, webhooks, committed, verdict)
    server.shutdown()
    return verdict.conclude()


def _handler(consumers: Consumers) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            status = consumers.status(self.path, self.headers["webhook-id"])
            self.send_response(status)
            if status != 204:
                self.send_header("Content-Length", "0")
            with suppress(OSError):
                self.end_headers()

        def log_message(self, *_: object) -> None: ...

    return Handler


def _endpoints(system: RunningSystem, url: str) -> dict[str, str]:
    """Their ids, by path."""
    made = {}
    with system.client(TENANT, "operator") as client:
        for number in range(ENDPOINTS):
            temper = TEMPERS[number % len(TEMPERS)]
            path = f"/{temper.replace(' ', '')}-{number}"
            body = {
                "url": f"{url}{path}",
                "ordered": temper.startswith("ordered"),
                # Those that are gone make incidents, which are not what is counted here.
                "event_types": ["run.succeeded"],
            }
            answer = client.post("/v1/webhooks", json=body)
            assert answer.status_code == 201, answer.text
            made[path] = str(answer.json()["data"]["id"])
    return made


def _storm(
    system: RunningSystem,
    consumers: Consumers,
    webhooks: dict[str, str],
    draw: random.Random,
    verdict: Verdict,
) -> dict[str, float]:
    """Store the events, half of them while processes are killed; the moment of each commit, by id."""
    calm = _store(system, EVENTS // 2, draw, verdict, killing=False)
    well = [path for path in webhooks if path.startswith("/well")]
    until(lambda: all(calm.keys() <= _ids(consumers, path) for path in well), within=WITHIN, every=0.2)
    waited = sorted(
        next(at for event, at in consumers.arrivals[path] if event == known) - moment
        for path in well
        for known, moment in calm.items()
    )
    p99 = waited[int(len(waited) * 0.99)]
    verdict.found["deliveries to healthy endpoints while others hang"] = len(waited)
    verdict.found["their p50 from the commit, s"] = round(waited[len(waited) // 2], 3)
    verdict.found["their p99 from the commit, s"] = round(p99, 3)
    verdict.wrong[f"p99 above {LATENCY:g} s"] = int(p99 > LATENCY)
    return calm | _store(system, EVENTS - EVENTS // 2, draw, verdict, killing=True)


def _store(
    system: RunningSystem, count: int, draw: random.Random, verdict: Verdict, *, killing: bool
) -> dict[str, float]:
    """Each in a transaction of its own, with the nudge that follows a commit."""
    committed: dict[str, float] = {}
    nudge = _nudger(system)
    began = time.monotonic()
    statement = "SELECT publish_webhook_event(%s, 'run.succeeded', gen_random_uuid(), NULL, %s::jsonb)::text"
    with psycopg.connect(system.endpoints.database.platform) as connection:
        for number in range(count):
            threading.Event().wait(max(0.0, began + number / RATE - time.monotonic()))
            row = connection.execute(statement, (TENANT, '{"links": {}}')).fetchone()
            assert row is not None
            if draw.random() < ROLLED_BACK:
                connection.rollback()
                verdict.inject("transactions rolled back")
                continue
            connection.commit()
            committed[row[0]] = time.monotonic()
            nudge()
            if killing and draw.random() < KILLS:
                function = draw.choice(KILLED)
                _kill(system, function)
                verdict.inject(f"kill -9 of {function}")
    return committed


def _nudger(system: RunningSystem) -> Callable[[], object]:
    """Tells the relay after a commit as any function does: by the one question, and not while a relay looks on."""
    client = client_for("lambda", system.endpoints.functions)
    database = PlatformDatabase.connect(
        DatabaseSettings.from_env({"DATABASE_URL": system.endpoints.database.platform})
    )

    def ask() -> Call:
        with database.autocommit(ALL_TENANTS) as session:
            return outbox.call_relay(session, COALESCE)

    def invoke() -> None:
        client.invoke(FunctionName="outbox-relay:live", InvocationType="Event", Payload=b"{}")

    return Nudger(ask, invoke).nudge


def _kill(system: RunningSystem, function: str) -> None:
    for state in system.environments(function):
        with suppress(ProcessLookupError):
            os.kill(state.pid, signal.SIGKILL)


def _ids(consumers: Consumers, path: str) -> set[str]:
    with consumers.lock:
        return {event for event, _ in consumers.arrivals[path]}


def _judge(
    system: RunningSystem,
    consumers: Consumers,
    webhooks: dict[str, str],
    committed: dict[str, float],
    verdict: Verdict,
) -> None:
    consumers.failing = False
    lasting = [path for path in webhooks if not path.startswith("/gone")]

    def through() -> bool:
        # Their pauses are minutes by now; the campaign has less time than an endpoint's owner.
        with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
            connection.execute("UPDATE webhook_state SET open_until = NULL")
            connection.execute(
                "UPDATE webhook_delivery SET due_at = least(due_at, now()) WHERE state = 'PENDING'"
            )
        with suppress(Exception):
            system.invoke("webhook-deliverer")
        return all(committed.keys() <= _ids(consumers, path) for path in lasting)

    with suppress(AssertionError):
        until(through, within=WITHIN, every=0.5)
    lost = sum(len(committed.keys() - _ids(consumers, path)) for path in lasting)
    verdict.found["deliveries owed"] = len(committed) * len(lasting)
    verdict.wrong["lost"] = lost
    verdict.wrong["told of and rolled back"] = sum(
        len(_ids(consumers, path) - committed.keys()) for path in lasting
    )
    order = list(committed)
    disordered = 0
    for path in (one for one in lasting if one.startswith("/ordered")):
        first = list(dict.fromkeys(event for event, _ in consumers.arrivals[path]))
        disordered += first != [event for event in order if event in set(first)]
    verdict.wrong["ordered endpoints out of order"] = disordered
    arrived = consumers.arrivals.values()
    verdict.found["repeats, each under the same id"] = sum(
        len(events) - len({event for event, _ in events}) for events in arrived
    )
    verdict.wrong["requests to an endpoint that was gone"] = len(consumers.late)
    states: dict[str, Any] = {}
    with system.client(TENANT, "operator") as client:
        for path, webhook in webhooks.items():
            states[path] = client.get(f"/v1/webhooks/{webhook}").json()["data"]["state"]
    verdict.wrong["endpoints in the wrong state"] = sum(
        state != ("DISABLED" if path.startswith("/gone") else "ENABLED") for path, state in states.items()
    )
