"""Events for endpoints of every temper through the whole local system, while relay, deliverer and sender are killed (kill -9).

Endpoints are well, ordered, slow, failing for a while, flapping, hanging, answer 410, or have a name whose address changes from one
question to the next, now a public one, now one that nobody may reach (`tests/own_network.py`; without root these are well). Each asks for the runs of one of
`SCENARIOS` scenarios, so that an event is told at ten endpoints, one of each temper; with CHAOS_SCENARIOS=1 at all of them. Events are stored in
transactions of their own, some of which roll back. First all is calm but for the endpoints, and latency is judged; then processes are killed. In the
end every committed event must have come to every endpoint that is well again, in order where that is asked, and repeats under the same id alone;
and nobody was at an address that is refused.

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
import uuid
from collections import defaultdict
from collections.abc import Callable, Mapping
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
from tests import own_network
from tests.chaos.verdict import Verdict
from tests.waiting import until

EVENTS = int(os.environ.get("CHAOS_EVENTS", "10000"))
ENDPOINTS = int(os.environ.get("CHAOS_ENDPOINTS", "50"))
TENANT = "chaos"
ROLLED_BACK = 0.1
KILLS = 0.02
RATE = float(os.environ.get("CHAOS_RATE", "10"))
"""Events a second, each for one endpoint of every temper."""
KILLED = ("outbox-relay", "webhook-deliverer", "webhook-sender")
LATENCY = 2.0
WITHIN = 900.0
REBINDING = own_network.may_be_made()
TEMPERS = (
    "well",
    "well",
    "rebinding" if REBINDING else "well",
    "ordered",
    "slow",
    "failing",
    "flapping",
    "hanging",
    "gone",
    "ordered failing",
)
SCENARIOS = tuple(
    str(uuid.UUID(int=number + 1))
    for number in range(int(os.environ.get("CHAOS_SCENARIOS", "0")) or max(1, ENDPOINTS // len(TEMPERS)))
)


@dataclass(frozen=True)
class Told:
    """A committed event."""

    at: float
    scenario: str


@dataclass(frozen=True)
class Endpoint:
    """One that is told of the runs of a scenario."""

    id: str
    scenario: str

    def owed(self, committed: Mapping[str, Told]) -> dict[str, Told]:
        """The events that it asked for, by id, in their order."""
        return {event: told for event, told in committed.items() if told.scenario == self.scenario}


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
    handler = _handler(consumers)
    with tempfile.TemporaryDirectory(prefix="sextant-chaos-") as home:
        # First of all: what is started after it is inside.
        names = own_network.enter(Path(home), handler, random.Random(seed)) if REBINDING else None
        server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with running(Path(home)) as system:
            webhooks = _endpoints(system, server.server_address[1])
            if names is not None:
                names.changing = True
            committed = _storm(system, consumers, webhooks, random.Random(seed), verdict)
            consumers.failing = False
            if names is not None:
                _judge_names(system, names, verdict)
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


def _endpoints(system: RunningSystem, port: int) -> dict[str, Endpoint]:
    """By path."""
    made = {}
    with system.client(TENANT, "operator") as client:
        for number in range(ENDPOINTS):
            temper = TEMPERS[number % len(TEMPERS)]
            path = f"/{temper.replace(' ', '')}-{number}"
            origin = f"http://127.0.0.1:{port}"
            if temper == "rebinding":
                origin = f"https://endpoint-{number}.{own_network.DOMAIN}:{own_network.PORT}"
            scenario = SCENARIOS[number // len(TEMPERS) % len(SCENARIOS)]
            body = {
                "url": f"{origin}{path}",
                "ordered": temper.startswith("ordered"),
                # Those that are gone make incidents, which are not what is counted here.
                "event_types": ["run.succeeded"],
                "scenario_ids": [scenario],
            }
            answer = client.post("/v1/webhooks", json=body)
            assert answer.status_code == 201, answer.text
            made[path] = Endpoint(str(answer.json()["data"]["id"]), scenario)
    return made


def _storm(
    system: RunningSystem,
    consumers: Consumers,
    webhooks: dict[str, Endpoint],
    draw: random.Random,
    verdict: Verdict,
) -> dict[str, Told]:
    """Store the events, half of them while processes are killed; what was committed, by id."""
    calm = _store(system, EVENTS // 2, draw, verdict, killing=False)
    well = {path: endpoint.owed(calm) for path, endpoint in webhooks.items() if path.startswith("/well")}
    until(
        lambda: all(owed.keys() <= _ids(consumers, path) for path, owed in well.items()),
        within=WITHIN,
        every=0.5,
    )
    waited = sorted(
        at - owed[event].at for path, owed in well.items() for event, at in _first(consumers, path).items()
    )
    p99 = waited[int(len(waited) * 0.99)]
    verdict.found["load of the machine, on average"] = round(os.getloadavg()[1], 1)
    verdict.found["deliveries to healthy endpoints while others hang"] = len(waited)
    verdict.found["their p50 from the commit, s"] = round(waited[len(waited) // 2], 3)
    verdict.found["their p99 from the commit, s"] = round(p99, 3)
    verdict.found["the slowest, s"] = round(waited[-1], 3)
    verdict.wrong[f"p99 above {LATENCY:g} s"] = int(p99 > LATENCY)
    return calm | _store(system, EVENTS - EVENTS // 2, draw, verdict, killing=True)


def _store(
    system: RunningSystem, count: int, draw: random.Random, verdict: Verdict, *, killing: bool
) -> dict[str, Told]:
    """Each in a transaction of its own, with the nudge that follows a commit."""
    committed: dict[str, Told] = {}
    nudge = _nudger(system)
    began = time.monotonic()
    statement = "SELECT publish_webhook_event(%s, 'run.succeeded', gen_random_uuid(), %s, %s::jsonb)::text"
    with psycopg.connect(system.endpoints.database.platform) as connection:
        for number in range(count):
            threading.Event().wait(max(0.0, began + number / RATE - time.monotonic()))
            scenario = draw.choice(SCENARIOS)
            row = connection.execute(statement, (TENANT, scenario, '{"links": {}}')).fetchone()
            assert row is not None
            if draw.random() < ROLLED_BACK:
                connection.rollback()
                verdict.inject("transactions rolled back")
                continue
            connection.commit()
            committed[row[0]] = Told(time.monotonic(), scenario)
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


def _first(consumers: Consumers, path: str) -> dict[str, float]:
    """When each event came first, in the order in which they came."""
    arrived: dict[str, float] = {}
    with consumers.lock:
        for event, at in consumers.arrivals[path]:
            arrived.setdefault(event, at)
    return arrived


def _judge_names(system: RunningSystem, names: own_network.Rebinding, verdict: Verdict) -> None:
    """Whom the names that change led where; from now on they stay."""
    names.changing = False
    verdict.injected["questions answered with an address that is refused"] = names.private_answers
    with psycopg.connect(system.endpoints.database.admin) as connection:
        row = connection.execute(
            "SELECT count(*) FILTER (WHERE error LIKE 'refused:%%'), count(*) FILTER (WHERE status = 204)"
            " FROM webhook_attempt WHERE url LIKE %s",
            (f"%.{own_network.DOMAIN}%",),
        ).fetchone()
    assert row is not None
    verdict.found["attempts refused for where a name led"], verdict.found["and made, while names change"] = (
        row
    )
    verdict.wrong["connections to addresses that are refused"] = len(names.reached)
    verdict.wrong["names that led nowhere good, or nowhere bad"] = int(0 in row)


def _judge(
    system: RunningSystem,
    consumers: Consumers,
    webhooks: dict[str, Endpoint],
    committed: dict[str, Told],
    verdict: Verdict,
) -> None:
    lasting = {
        path: endpoint.owed(committed) for path, endpoint in webhooks.items() if not path.startswith("/gone")
    }

    def through() -> bool:
        # Their pauses are minutes by now; the campaign has less time than an endpoint's owner.
        with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
            connection.execute("UPDATE webhook_state SET open_until = NULL")
            connection.execute(
                "UPDATE webhook_delivery SET due_at = now() WHERE state = 'PENDING' AND due_at > now()"
            )
        with suppress(Exception):
            system.invoke("webhook-deliverer")
        return all(owed.keys() <= _ids(consumers, path) for path, owed in lasting.items())

    with suppress(AssertionError):
        until(through, within=WITHIN, every=0.5)
    verdict.found["events committed"] = len(committed)
    verdict.found["deliveries owed"] = sum(map(len, lasting.values()))
    verdict.wrong["lost"] = sum(len(owed.keys() - _ids(consumers, path)) for path, owed in lasting.items())
    verdict.wrong["told of and rolled back, or not asked for"] = sum(
        len(_ids(consumers, path) - owed.keys()) for path, owed in lasting.items()
    )
    disordered = 0
    for path, owed in lasting.items():
        arrived = _first(consumers, path)
        in_order = list(arrived) == [event for event in owed if event in arrived]
        disordered += path.startswith("/ordered") and not in_order
    verdict.wrong["ordered endpoints out of order"] = disordered
    verdict.found["repeats, each under the same id"] = sum(
        len(events) - len({event for event, _ in events}) for events in consumers.arrivals.values()
    )
    verdict.wrong["requests to an endpoint that was gone"] = len(consumers.late)
    states: dict[str, Any] = {}
    with system.client(TENANT, "operator") as client:
        for path, endpoint in webhooks.items():
            states[path] = client.get(f"/v1/webhooks/{endpoint.id}").json()["data"]["state"]
    verdict.wrong["endpoints in the wrong state"] = sum(
        state != ("DISABLED" if path.startswith("/gone") else "ENABLED") for path, state in states.items()
    )
