"""Each way in which the world misbehaves, as a context manager that puts it right again at its end."""

from __future__ import annotations

import contextlib
import json
import os
import random
import resource
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import psycopg

from functions.declaration import QUEUES
from local.postgres import data_directory
from local.running import RunningSystem
from tests.chaos.proxied_system import CLOCKS
from tests.chaos.proxies import Proxies, Storm
from tests.chaos.verdict import Verdict

HELD_TENANTS = int(os.environ.get("CHAOS_HELD_TENANTS", "500"))
HELD_RUNS = int(os.environ.get("CHAOS_HELD_RUNS", "100000"))
POISON = "poison"
"""Stands in every message that no function can read."""


@dataclass
class World:
    """The system, what stands between it and its servers, and what was done to it."""

    system: RunningSystem
    proxies: Proxies
    clocks: Path
    choose: random.Random
    verdict: Verdict
    tenants: tuple[str, ...]
    poison: dict[str, int] = field(default_factory=dict)
    """Messages that can only be dead letters, by queue."""

    def connection(self) -> psycopg.Connection[Any]:
        """To the database itself, and able to write whatever the server's settings say."""
        return psycopg.connect(
            self.system.endpoints.database.admin,
            autocommit=True,
            options="-c default_transaction_read_only=off",
        )

    def pids(self, *functions: str) -> list[int]:
        return [one.pid for name in functions for one in self.system.environments(name)]


@contextmanager
def _storm(world: World, **shares: dict[str, float]) -> Iterator[None]:
    world.proxies.aws.storm = Storm(shares)
    try:
        yield
    finally:
        world.proxies.aws.storm = Storm()


def object_store(world: World) -> contextlib.AbstractContextManager[None]:
    """S3 fails, is slow, or cuts a body in three of ten calls."""
    return _storm(world, s3={"unavailable": 0.14, "slow": 0.03, "cut": 0.08, "answer lost": 0.05})


def queues(world: World) -> contextlib.AbstractContextManager[None]:
    """SQS refuses entries of a batch, takes a message twice, loses its answer, and brings messages again days later."""
    shares = {"in part": 0.15, "twice": 0.15, "late": 0.1, "answer lost": 0.1, "unavailable": 0.1}
    return _storm(world, sqs=shares)


def records(world: World) -> contextlib.AbstractContextManager[None]:
    """DynamoDB is away."""
    return _storm(world, dynamodb={"away": 1.0})


@contextmanager
def read_only_database(world: World) -> Iterator[None]:
    """Postgres takes no writes, as a standby or a full disk has it."""

    def put(value: str) -> None:
        with world.connection() as connection:
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            connection.execute("SELECT pg_reload_conf()")
        world.verdict.inject(f"database read-only {value}")

    put("on")
    try:
        yield
    finally:
        put("off")


@contextmanager
def restarting_database(world: World) -> Iterator[None]:
    """Postgres ends every few seconds, orderly or not; the system starts it again."""
    with _meanwhile(lambda: _end_postgres(world), world.choose, 4, 10):
        yield


def _end_postgres(world: World) -> None:
    with contextlib.suppress(OSError, ValueError, IndexError):  # it is just starting
        pid = int((data_directory(world.system.home) / "postmaster.pid").read_text().splitlines()[0])
        os.kill(pid, world.choose.choice((signal.SIGINT, signal.SIGQUIT)))
        world.verdict.inject("database ended")


@contextmanager
def far_database(world: World) -> Iterator[None]:
    """Postgres is 200 ms away, and its connections are cut now and then."""
    world.proxies.postgres.delay = 0.1

    def cut() -> None:
        for _ in range(world.proxies.cut_connections()):
            world.verdict.inject("connections cut")

    try:
        with _meanwhile(cut, world.choose, 3, 9):
            yield
    finally:
        world.proxies.postgres.delay = 0.0


@contextmanager
def full_database(world: World) -> Iterator[None]:
    """Others hold every connection that Postgres has, and the application's own are ended."""
    held: list[psycopg.Connection[Any]] = []
    url = world.system.endpoints.database.app

    def take() -> None:
        with contextlib.suppress(psycopg.OperationalError):
            while True:
                held.append(psycopg.connect(url, connect_timeout=5))

    try:
        with world.connection() as connection:
            take()
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE usename LIKE 'sextant%%' AND pid <> pg_backend_pid() AND pid <> ALL (%s)",
                ([one.info.backend_pid for one in held],),
            )
            with _meanwhile(take, world.choose, 0.05, 0.2):
                yield
    finally:
        world.verdict.injected["connections of others"] = len(held)
        for one in held:
            one.close()


@contextmanager
def wrong_clocks(world: World) -> Iterator[None]:
    """Worker, relay, committer and recovery are hours ahead or behind, each by its own, and change their minds."""

    def turn() -> None:
        for name in CLOCKS:
            set_clock(world.clocks, name, world.choose.choice((-5, -3, -1, 0, 2, 3, 7)))
            world.verdict.inject("clocks set")

    turn()
    try:
        with _meanwhile(turn, world.choose, 6, 10):
            yield
    finally:
        for name in CLOCKS:
            set_clock(world.clocks, name, 0)


def set_clock(clocks: Path, function: str, hours: int) -> None:
    """At once for whoever reads it: a file that is half written is no time."""
    new = clocks / f"{function}.new"
    new.write_text(f"{hours * 3600:+d}\n")
    new.replace(clocks / function)


@contextmanager
def garbage(world: World) -> Iterator[None]:
    """Messages on every queue that nobody of us sent: no JSON, of another kind, of runs that are not there, huge."""
    client = world.system.aws_client("sqs")
    bodies = (
        f"{POISON}, and no JSON",
        json.dumps([POISON]),
        json.dumps({POISON: None, "run_id": 7}),
        json.dumps({POISON: 1, "run_id": str(uuid4()), "tenant_id": "nobody"}),
        json.dumps({POISON: "x" * 200_000}),
    )
    attributes: tuple[dict[str, str], ...] = (
        {},
        {"headers": "not json", "event-topic": "run.requested"},
        {"tenant-id": "a" * 5000, "event-topic": "\U0001f480", "event-id": "7"},
        {
            "event-id": str(uuid4()),
            "event-topic": "run.failed",
            "tenant-id": world.tenants[0],
            "event-created-at": "yesterday",
        },
    )
    for queue in QUEUES:
        for body in bodies:
            for given in attributes:
                client.send_message(
                    QueueUrl=world.system.queue_url(queue.name),
                    MessageBody=body,
                    MessageAttributes={
                        name: {"DataType": "String", "StringValue": value} for name, value in given.items()
                    },
                )
                world.verdict.inject("messages of nobody")
                world.poison[queue.name] = world.poison.get(queue.name, 0) + 1
    yield


def files_used_up(world: World) -> contextlib.AbstractContextManager[None]:
    """The processes may open no file and no connection more."""

    def limit(pid: int) -> None:
        most = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (psutil.Process(pid).num_fds(), most))

    def lift(pid: int) -> None:
        most = resource.prlimit(pid, resource.RLIMIT_NOFILE)[1]
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (most, most))

    return _limited(world, limit, lift, "run-worker", "committer", "outbox-relay", "api")


def full_disks(world: World) -> contextlib.AbstractContextManager[None]:
    """No file of a worker, committer or reader grows beyond 1 kB."""

    def limit(pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (1024, resource.RLIM_INFINITY))

    def lift(pid: int) -> None:
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

    return _limited(world, limit, lift, "run-worker", "committer", "outputs-api")


@contextmanager
def _limited(
    world: World, limit: Callable[[int], None], lift: Callable[[int], None], *functions: str
) -> Iterator[None]:
    limited: set[int] = set()

    def each() -> None:
        for pid in set(world.pids(*functions)) - limited:
            with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
                limit(pid)
                limited.add(pid)
                world.verdict.inject("processes limited")

    each()
    try:
        with _meanwhile(each, world.choose, 0.3, 0.6):
            yield
    finally:
        for pid in limited:
            with contextlib.suppress(ProcessLookupError):
                lift(pid)


@contextmanager
def killed_for_memory(world: World) -> Iterator[None]:
    """The kernel ends processes that took too much, whatever they are at."""

    def kill() -> None:
        if pids := world.pids("run-worker", "committer", "outbox-relay", "api", "run-recovery"):
            with contextlib.suppress(ProcessLookupError):
                os.kill(world.choose.choice(pids), signal.SIGKILL)
                world.verdict.inject("processes killed")

    with _meanwhile(kill, world.choose, 0.3, 1.5):
        yield


@contextmanager
def held_tenants(world: World) -> Iterator[None]:
    """Hundreds of tenants may not run, each with a run that waits, and one of them with very many."""
    names = [f"held-{number}" for number in range(HELD_TENANTS)]
    scenario = uuid4()
    with world.connection() as connection:
        connection.execute(
            "INSERT INTO scenario (tenant_id, id, name, assumptions, parameters, created_by, updated_by)"
            " SELECT t, %s, 's', '[]', '{}', 'chaos', 'chaos' FROM unnest(%s::text[]) AS t",
            (scenario, names),
        )
        for name in names:
            connection.execute(
                "SELECT set_kill_switch(%s, 'TENANT', %s, true, 'held', 'chaos', false, '')", (name, name)
            )
        for tenants, runs in ((names, 1), (names[:1], HELD_RUNS)):
            connection.execute(
                "INSERT INTO scenario_run (tenant_id, id, scenario_id, scenario_version, version_hash, parameters,"
                " code_version, environment, seed, timeout_minutes, max_retries, request_hash, created_by, claim_order)"
                " SELECT t, gen_random_uuid(), %s, 1, gen_random_uuid()::text, '{}', '1', 'e', 0, 60, 0, '', 'chaos',"
                " now() - interval '1 day' + n * interval '1 ms' FROM unnest(%s::text[]) AS t, generate_series(1, %s) AS n",
                (scenario, tenants, runs),
            )
        world.verdict.injected["runs of held tenants"] = HELD_TENANTS + HELD_RUNS
    try:
        yield
    finally:
        with world.connection() as connection:
            connection.execute("DELETE FROM scenario_run WHERE tenant_id = ANY (%s)", (names,))


@contextmanager
def _meanwhile(
    doing: Callable[[], None], choose: random.Random, shortest: float, longest: float
) -> Iterator[None]:
    """Do it again and again, between `shortest` and `longest` seconds after the last time; what it raises comes out here."""
    over, raised = threading.Event(), []

    def repeat() -> None:
        while not over.wait(choose.uniform(shortest, longest)):
            try:
                doing()
            except Exception as error:  # noqa: BLE001 it is raised below
                raised.append(error)
                return

    thread = threading.Thread(target=repeat)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if raised:
        raise raised[0]
