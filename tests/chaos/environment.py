"""The whole system under a world that misbehaves: one fault after the other, with runs asked for in the midst of each.

Clients do as the guide says: they repeat what failed with the same `Idempotency-Key`. After each fault nobody restarts anything,
and every run must end SUCCEEDED within minutes. At the end a ledger as in the other campaigns: nothing lost, nothing twice. Then
objects of the lake are deleted and cut: the others' results stay readable, and somebody is told.
"""

from __future__ import annotations

import json
import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psycopg

from local.running import RunningSystem, running
from local.state import forget
from tests.chaos import environment_faults as faults
from tests.chaos.environment_faults import World
from tests.chaos.judging import judge, settle, wake
from tests.chaos.proxied_system import CLOCKS
from tests.chaos.proxies import Proxies
from tests.chaos.verdict import Verdict
from tools.environment import python_of

SECONDS = float(os.environ.get("CHAOS_SECONDS", "20"))
"""How long each fault lasts; a minute and more for what is slow to be noticed."""
RECOVERS_WITHIN = 240.0
TENANTS = ("alpha", "beta", "gamma")
SCENARIO = {
    "assumptions": [
        {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
    ],
    "parameters": {"shock_bp": 25, "end_year": 2032, "attribution": False},
}
# Short leases, so that what a dead process held is taken up within seconds; workers may die often.
ENVIRONMENT = {
    "SEXTANT_RUN_LEASE": "6",
    "SEXTANT_QUEUED_SILENCE": "15",
    "SEXTANT_COMMIT_LEASE": "6",
    "SEXTANT_RELAY_LEASE": "8",
    "SEXTANT_RELAY_PUBLISH_TIMEOUT": "2",
    "SEXTANT_RELAY_MARGIN": "1",
    "DB_RESET_TIMEOUT": "0.5",
    "POWERTOOLS_LOG_LEVEL": "WARNING",
}
FAULTS: tuple[Callable[[World], AbstractContextManager[None]], ...] = (
    faults.object_store,
    faults.queues,
    faults.records,
    faults.read_only_database,
    faults.restarting_database,
    faults.far_database,
    faults.full_database,
    faults.wrong_clocks,
    faults.files_used_up,
    faults.full_disks,
    faults.killed_for_memory,
    faults.held_tenants,
    faults.garbage,
)


def main() -> int:
    seed = int(os.environ.get("CHAOS_SEED", str(random.randrange(10**6))))
    chosen = os.environ.get("CHAOS_FAULTS", "").split()
    sys.stdout.write(f"seed {seed} (CHAOS_SEED={seed} repeats it), {SECONDS:.0f} s a fault\n")
    verdict = Verdict("environment", seed)
    with _world(seed, verdict) as world:
        over = threading.Event()
        ticking = threading.Thread(target=_tick, args=(world.system, over))
        ticking.start()
        asked: dict[UUID, str] = {}
        try:
            scenarios = {tenant: _scenario(world.system, tenant) for tenant in TENANTS}
            for fault in FAULTS:
                if not chosen or fault.__name__ in chosen:
                    _under(world, fault, scenarios, asked)
            verdict.injected["messages days late"] = world.proxies.send_late()
            states = _until_ended(world, asked)
            _spend_receives(world)
        finally:
            over.set()
            ticking.join()
        _judge_dead_letters(world)
        settle(world.system)
        judge(world.system, asked, states, verdict)
        verdict.injected |= {f"calls to {what}": n for what, n in sorted(world.proxies.aws.met.items())}
        _damage_the_lake(world, asked)
        _tell_incidents(world)
    return verdict.conclude()


@contextmanager
def _world(seed: int, verdict: Verdict) -> Iterator[World]:
    python = python_of("faketime", Path(__file__).with_name("faketime.txt"))
    (library,) = python.parents[1].glob("lib/*/site-packages/libfaketime/vendor/**/libfaketime.so.1")
    with tempfile.TemporaryDirectory(prefix="sextant-") as directory:
        home, clocks = Path(directory) / "home", Path(directory) / "clocks"
        clocks.mkdir()
        for name in CLOCKS:
            faults.set_clock(clocks, name, 0)
        proxies = Proxies(home, seed)
        environment = {
            **ENVIRONMENT,
            "PROXY_AWS": str(proxies.aws.port),
            "PROXY_POSTGRES": str(proxies.postgres.port),
            "CLOCKS": str(clocks),
            "FAKETIME": str(library),
        }
        try:
            # Durable: a database that is ended must keep what it has committed.
            with running(
                home, throwaway=False, environment=environment, module="tests.chaos.proxied_system"
            ) as system:
                yield World(system, proxies, clocks, random.Random(seed), verdict, TENANTS)
        finally:
            proxies.close()
            forget(home)


def _scenario(system: RunningSystem, tenant: str) -> str:
    with system.client(tenant, "admin") as client:
        answer = client.post("/v1/scenarios", json={"name": "chaos", **SCENARIO})
        return str(answer.raise_for_status().json()["data"]["id"])


def _tick(system: RunningSystem, over: threading.Event) -> None:
    """What the schedules do once a minute, more often."""
    while not over.wait(2.0):
        wake(system, "run-recovery", "outbox-relay", "committer", "operations", "journal")


# ------------------------------------------------------------------------------------------------ a fault


def _under(
    world: World,
    fault: Callable[[World], AbstractContextManager[None]],
    scenarios: dict[str, str],
    asked: dict[UUID, str],
) -> None:
    name, statuses = fault.__name__.replace("_", " "), Counter[str]()
    over = threading.Event()
    with ThreadPoolExecutor(len(TENANTS)) as pool:
        with fault(world):
            clients = [
                pool.submit(_ask, world.system, tenant, scenario, over, statuses)
                for tenant, scenario in scenarios.items()
            ]
            time.sleep(SECONDS)  # the fault lasts as long as it lasts
            over.set()
        lifted = time.monotonic()
        for tenant, client in zip(scenarios, clients, strict=True):
            runs, unanswered = client.result()
            asked |= dict.fromkeys(runs, tenant)
            _add(world.verdict.wrong, "requests never accepted", unanswered)
    _until_ended(world, asked)
    seconds = time.monotonic() - lifted
    world.verdict.found[f"{name}: runs"] = statuses["202"]
    world.verdict.found[f"{name}: requests that failed and were repeated"] = (
        statuses.total() - statuses["202"]
    )
    world.verdict.found[f"{name}: s until all was done"] = round(seconds, 1)
    sys.stdout.write(f"  {name}: all done {seconds:.1f} s after it; answers {dict(statuses)}\n")
    sys.stdout.flush()


def _ask(
    system: RunningSystem, tenant: str, scenario: str, over: threading.Event, statuses: Counter[str]
) -> tuple[list[UUID], int]:
    """Ask for runs until the fault is over, each until it is accepted; the runs, and how many requests never were."""
    runs, unanswered = [], 0
    with system.client(tenant, "admin") as client:
        while not over.is_set():
            body = {"seed": uuid4().int % 10**9, "max_retries": 10}
            run = _repeated(client, f"/v1/scenarios/{scenario}/run", body, statuses)
            if run is None:
                unanswered += 1
            else:
                runs.append(run)
            over.wait(1.0)
    return runs, unanswered


def _repeated(client: httpx.Client, path: str, body: dict[str, int], statuses: Counter[str]) -> UUID | None:
    key, deadline = str(uuid4()), time.monotonic() + RECOVERS_WITHIN
    while time.monotonic() < deadline:
        pause = 1.0
        try:
            answer = client.post(path, json=body, headers={"Idempotency-Key": key})
        except httpx.TransportError as error:
            statuses[type(error).__name__] += 1
        else:
            statuses[str(answer.status_code)] += 1
            if answer.status_code == 202:
                return UUID(answer.json()["data"]["id"])
            if answer.status_code < 500 and "retry-after" not in answer.headers:
                raise RuntimeError(f"refused: {answer.status_code} {answer.text}")
            pause = min(float(answer.headers.get("retry-after", "1")), 3.0)
        time.sleep(pause)  # as the answer says
    return None


def _until_ended(world: World, asked: dict[UUID, str]) -> Counter[str]:
    """The states of the runs, once they have all ended or time is up."""
    deadline = time.monotonic() + RECOVERS_WITHIN
    while True:
        try:
            with world.connection() as connection:
                states = Counter(
                    state
                    for (state,) in connection.execute(
                        "SELECT state FROM scenario_run WHERE id = ANY (%s)", (list(asked),)
                    )
                )
        except psycopg.OperationalError:  # it is just starting again
            states = Counter(QUEUED=1)
        if (not states["QUEUED"] and not states["RUNNING"]) or time.monotonic() > deadline:
            return states
        time.sleep(0.3)


def _add(counts: dict[str, int], what: str, more: int) -> None:
    counts[what] = counts.get(what, 0) + more


# ------------------------------------------------------------------------------------------- the judgement


def _judge_dead_letters(world: World) -> None:
    """Only what was poison may lie among the dead letters, and somebody is told of it."""
    client, dead = world.system.aws_client("sqs"), 0
    for queue in world.poison:
        url = world.system.queue_url(f"{queue}-dlq")
        bodies: list[str] = []
        # What the operations function has just looked at is hidden for seconds.
        deadline = time.monotonic() + 60
        while len(bodies) < sum(_counts(world, url)) and time.monotonic() < deadline:
            letters = client.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600, WaitTimeSeconds=2
            )
            bodies += [letter["Body"] for letter in letters.get("Messages", [])]
        strange = sum(1 for body in bodies if faults.POISON not in body)
        _add(world.verdict.wrong, "good messages among the dead letters", strange)
        world.verdict.found[f"dead letters of {queue}"] = len(bodies)
        dead += len(bodies)
    if dead:
        with world.connection() as connection:
            (incidents,) = connection.execute(
                "SELECT count(DISTINCT incident_id) FROM event WHERE event_type = 'queue.dead_letter'"
            ).fetchone() or (0,)
        world.verdict.found["incidents of dead letters"] = incidents
        world.verdict.wrong["dead letters without an incident"] = int(incidents == 0)


def _spend_receives(world: World) -> None:
    """Let the poison that is still on its way be received for the last time."""
    client = world.system.aws_client("sqs")
    urls = {queue: world.system.queue_url(queue) for queue in world.poison}
    for url in urls.values():
        given = client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
        policy = json.dumps({**json.loads(given["RedrivePolicy"]), "maxReceiveCount": 3})
        client.set_queue_attributes(
            QueueUrl=url, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "5"}
        )
    deadline = time.monotonic() + RECOVERS_WITHIN
    while any(sum(_counts(world, url)) for url in urls.values()) and time.monotonic() < deadline:
        time.sleep(1)
    for queue, url in urls.items():
        seen, hidden = _counts(world, url)
        world.verdict.wrong[f"messages for {queue} that nobody takes"] = seen
        # Whose process was killed: they are seen again once the queue's visibility timeout is over.
        world.verdict.found[f"messages for {queue} still hidden"] = hidden


def _counts(world: World, url: str) -> tuple[int, int]:
    """How many messages of a queue can be seen, and how many are hidden."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    given = world.system.aws_client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)
    seen, hidden = (int(given["Attributes"][name]) for name in names)
    return seen, hidden


def _damage_the_lake(world: World, asked: dict[UUID, str]) -> None:
    """Delete an object of the first tenant and cut one of the second: both are told, and the third reads on."""
    store, bucket = world.system.aws_client("s3"), world.system.names.warehouse_bucket
    with world.connection() as connection:
        files = connection.execute(
            "SELECT DISTINCT ON (tenant_id) tenant_id, scenario_id, run_id, descriptor ->> 'location' FROM output_file"
            " WHERE run_id = ANY (%s) ORDER BY tenant_id, created_at DESC",
            (list(asked),),
        ).fetchall()
    for (_, _, _, location), how in zip(files, ("deleted", "cut"), strict=False):
        key = location.split(f"{bucket}/", 1)[1]
        body = store.get_object(Bucket=bucket, Key=key)["Body"].read()
        if how == "deleted":
            store.delete_object(Bucket=bucket, Key=key)
        else:
            store.put_object(Bucket=bucket, Key=key, Body=body[: len(body) // 2])
        world.verdict.inject(f"objects {how}")
    codes = ("output_file_missing", "output_file_corrupt", None)
    for (tenant, scenario, run, _), expected in zip(files, codes, strict=True):
        with world.system.client(tenant, "admin") as client:
            answer = client.get(f"/v1/scenarios/{scenario}/outputs", params={"run_id": str(run)})
        as_expected = answer.json()["code"] == expected if expected else len(answer.json()["data"]) > 0
        _add(world.verdict.wrong, "readers told another thing than what is", int(not as_expected))
    wake(world.system, "maintenance")
    told = _until_told(world, {tenant for tenant, *_ in files[:2]})
    _add(world.verdict.wrong, "damaged files without an incident", 2 - told)


def _until_told(world: World, tenants: set[str]) -> int:
    """How many of the tenants have an incident of a file that cannot be read, once all have or time is up."""
    deadline = time.monotonic() + 60
    while True:
        with world.connection() as connection:
            rows = connection.execute(
                "SELECT DISTINCT tenant_id FROM event WHERE event_type = 'output.file_unreadable' AND incident_id IS NOT NULL"
            ).fetchall()
        told = len(tenants & {tenant for (tenant,) in rows})
        if told == len(tenants) or time.monotonic() > deadline:
            return told
        time.sleep(0.5)


def _tell_incidents(world: World) -> None:
    with world.connection() as connection:
        incidents = connection.execute(
            "SELECT tenant_id, severity, state, title, event_count FROM incident ORDER BY first_seen"
        ).fetchall()
    world.verdict.found["incidents"] = len(incidents)
    for tenant, severity, state, title, events in incidents:
        sys.stdout.write(f"  incident of {tenant}: {severity} {state} ×{events}: {title}\n")
