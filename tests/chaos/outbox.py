"""100,000 events of 50 tenants through two relays into a real Kafka broker, while everything is broken at random.

Relays are killed (kill -9), the broker is killed and started again, cut off, or answers into the void, so that
acknowledgements are lost; Postgres is killed or restarted, its sessions ended; some transactions roll back.
Every kind of fault is made several times, in a random order, while events keep coming. Afterwards the broker's log
is read from its beginning and compared with what was committed.

CHAOS_EVENTS and CHAOS_TENANTS change the size, CHAOS_SEED repeats a run's choices.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg

from local import database as databases
from local import kafka_brokers as brokers
from local import processes
from local.postgres import Postgres
from sextant.errors import SextantError
from sextant.ids import TenantId
from sextant.outbox import repository
from sextant.outbox.model import NewEvent
from sextant.storage import Database, DatabaseSettings, Session
from tests.chaos.verdict import Verdict
from tests.integration.bus.faults import FaultProxy

EVENTS = int(os.environ.get("CHAOS_EVENTS", "100000"))
TENANTS = int(os.environ.get("CHAOS_TENANTS", "50"))
RELAYS = 2
PRODUCERS = 4
BATCH = 20
LEASE = 9.0
PUBLISH_TIMEOUT = 3.0
WITHIN = 900.0
TOPIC = "chaos.events"
ROOT = Path(__file__).parents[2]
_NAMED = 20  # of the events that come out of order


def main() -> int:
    seed = int(os.environ.get("CHAOS_SEED", str(random.randrange(10**6))))
    sys.stdout.write(f"seed {seed} (CHAOS_SEED={seed} repeats it), {EVENTS} events of {TENANTS} tenants\n")
    verdict = Verdict("outbox", seed)
    home = Path(tempfile.mkdtemp(prefix="sextant-chaos-"))
    try:
        with _Rig(home, verdict) as rig:
            _run(rig, random.Random(seed), verdict)
            _judge(rig, verdict)
    finally:
        if verdict.wrong and not any(verdict.wrong.values()):
            shutil.rmtree(home, ignore_errors=True)
        else:
            sys.stdout.write(f"what the relays and the broker said is in {home}\n")
    return verdict.conclude()


@dataclass
class _Rig:
    """Postgres, a broker behind a proxy, and relays; all of which may be hurt."""

    home: Path
    verdict: Verdict
    postgres: Postgres = field(init=False)
    broker: brokers.Broker = field(init=False)
    proxy: FaultProxy = field(init=False)
    urls: databases.DatabaseUrls = field(init=False)
    relays: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> _Rig:
        self.postgres = Postgres(self.home / "postgres")
        self.postgres.start()
        self.urls = databases.prepare(self.postgres, "chaos")
        with psycopg.connect(self.urls.admin, autocommit=True) as admin:
            admin.execute(
                "UPDATE tenant_quota SET max_events = 2147483647, max_pending = 2147483647 WHERE tenant_id = '*'"
            )
        self.proxy = FaultProxy()
        self.broker, why = brokers.choose(self.home / "kafka", advertised=self.proxy.port)
        self.broker.start()
        sys.stdout.write(f"broker: {self.broker.name}: {why}\n")
        self.proxy.target = ("127.0.0.1", self.broker.port)
        brokers.make_topics(self.broker.bootstrap, TOPIC, partitions=6)
        for _ in range(RELAYS):
            self.relays.append(self._start_relay())
        return self

    def __exit__(self, *_: object) -> None:
        for relay in self.relays:
            relay.kill()
            relay.wait()
        self.broker.kill()
        self.proxy.close()
        self.postgres.forget()

    def replace_dead_relays(self) -> None:
        self.relays = [self._start_relay() if relay.poll() is not None else relay for relay in self.relays]

    def _start_relay(self) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            "DATABASE_URL": self.urls.platform,
            "DB_RESET_TIMEOUT": "1",
            "SEXTANT_BUS": "kafka",
            "SEXTANT_ROUTES": "*=events",
            "SEXTANT_KAFKA_BOOTSTRAP": self.broker.bootstrap,
            "SEXTANT_KAFKA_PREFIX": "chaos.",
            "SEXTANT_RELAY_LEASE": str(LEASE),
            "SEXTANT_RELAY_PUBLISH_TIMEOUT": str(PUBLISH_TIMEOUT),
            "SEXTANT_RELAY_MARGIN": "1",
            "SEXTANT_RELAY_MAX_TAKEOVERS": "1000",
        }
        with (self.home / "relays.log").open("ab") as log:
            return processes.start([sys.executable, "-m", "sextant.outbox"], log=log, environment=environment)


# Load --------------------------------------------------------------------------------------------------


@dataclass
class _Load:
    """Producers, each with tenants of its own, so that the order of a tenant's events is certain."""

    database: Database
    committed: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    due: int = 0
    """How many events may be committed by now, so that events flow while every fault is made."""
    rolled_back: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def produce(self, number: int) -> None:
        choose = random.Random(number)
        tenants = [TenantId(f"tenant-{n:02}") for n in range(number, TENANTS, PRODUCERS)]
        each = EVENTS // TENANTS
        while not self.stop.is_set():
            open_tenants = [tenant for tenant in tenants if self.committed[tenant] < each]
            if not open_tenants:
                return
            if sum(list(self.committed.values())) >= self.due:
                self.stop.wait(0.02)
                continue
            tenant = choose.choice(open_tenants)
            first = self.committed[tenant]
            count = min(choose.randint(1, BATCH), each - first)
            if choose.random() < 0.02:
                self._roll_back(tenant, first)
            # The dedupe key makes it safe to try again when the answer to a commit was lost.
            self._until_it_works(lambda: self._enqueue(tenant, first, count))  # noqa: B023 - called at once
            self.committed[tenant] = first + count

    def _enqueue(self, tenant: TenantId, first: int, count: int) -> None:
        def work(session: Session) -> None:
            repository.enqueue(session, [self._event(tenant, n) for n in range(first, first + count)])

        self.database.run(tenant, work, idempotent=True)

    def _roll_back(self, tenant: TenantId, number: int) -> None:
        """Store an event in a transaction that fails; nobody may ever see it."""
        with suppress(SextantError, _ChangedMindError), self.database.transaction(tenant) as session:
            repository.enqueue(session, [NewEvent("t", {"n": -1}, dedupe_key=f"phantom-{number}")])
            self.rolled_back += 1
            raise _ChangedMindError

    @staticmethod
    def _event(tenant: TenantId, number: int) -> NewEvent:
        payload = {"n": number, "text": "x" * 900}
        return NewEvent(
            "t", payload, dedupe_key=f"{tenant}-{number}", headers={"correlation-id": f"c{number}"}
        )

    def _until_it_works(self, work: Callable[[], None]) -> None:
        while not self.stop.is_set():
            try:
                work()
                return
            except SextantError:
                self.stop.wait(0.1)


class _ChangedMindError(Exception):
    """A business transaction failed after it had enqueued."""


# Faults ------------------------------------------------------------------------------------------------


def _run(rig: _Rig, choose: random.Random, verdict: Verdict) -> None:
    """Enqueue everything while things break, each kind of fault as often as it says; then let the relays finish."""
    load = _Load(Database.connect(DatabaseSettings(url=rig.urls.app, pool_max_size=8, reset_timeout=1.0)))
    threads = [threading.Thread(target=load.produce, args=(number,)) for number in range(PRODUCERS)]
    began = time.monotonic()
    for thread in threads:
        thread.start()
    deck = [(name, harm) for name, times, harm in _faults(rig) for _ in range(times)]
    choose.shuffle(deck)
    shown = began
    try:
        # In the main thread: on Linux a child dies with the thread that started it.
        for dealt, (name, harm) in enumerate(deck, start=1):
            if time.monotonic() - began > WITHIN:
                break
            # Each fault hits in the midst of a burst, when batches are under way.
            load.due = EVENTS * dealt // len(deck)
            time.sleep(choose.uniform(0.05, 0.5))
            harm(choose)
            verdict.inject(name)
            rig.replace_dead_relays()
            if time.monotonic() - shown > 10:
                shown = time.monotonic()
                sys.stdout.write(
                    f"  {shown - began:4.0f} s: {sum(load.committed.values())} committed, {_waiting(rig)} waiting\n"
                )
        while any(thread.is_alive() for thread in threads) and time.monotonic() - began < WITHIN:
            time.sleep(0.1)
        verdict.found["seconds under fire"] = time.monotonic() - began
    finally:
        load.stop.set()
        for thread in threads:
            thread.join()
    load.database.close()
    verdict.found["events committed"] = sum(load.committed.values())
    verdict.found["transactions rolled back"] = load.rolled_back
    deadline = time.monotonic() + 120
    while _waiting(rig) and time.monotonic() < deadline:
        rig.replace_dead_relays()
        time.sleep(0.5)


def _faults(rig: _Rig) -> list[tuple[str, int, Callable[[random.Random], None]]]:
    """What can be done to the rig: its name, how often, and how."""

    def kill_relay(choose: random.Random) -> None:
        choose.choice(rig.relays).kill()

    def stop_relay(choose: random.Random) -> None:
        choose.choice(rig.relays).terminate()

    def freeze_relay(choose: random.Random) -> None:
        """Silent for longer than its lease, then back: another has taken over meanwhile."""
        frozen = choose.choice(rig.relays)
        frozen.send_signal(signal.SIGSTOP)
        time.sleep(LEASE + 1)
        frozen.send_signal(signal.SIGCONT)

    def cut_broker(choose: random.Random) -> None:
        rig.proxy.mode = "cut"
        time.sleep(choose.uniform(0.1, 2.0))
        rig.proxy.mode = "pass"

    def lose_acknowledgements(choose: random.Random) -> None:
        rig.proxy.mode = "silent"
        time.sleep(choose.uniform(0.05, PUBLISH_TIMEOUT + 1.5))
        rig.proxy.mode = "pass"

    def kill_broker(choose: random.Random) -> None:
        rig.broker.kill()
        time.sleep(choose.uniform(0.0, 1.0))
        rig.broker.start()

    def kill_postgres(choose: random.Random) -> None:
        rig.postgres.kill()
        rig.postgres.start()

    def restart_postgres(choose: random.Random) -> None:
        rig.postgres.stop()
        rig.postgres.start()

    def end_sessions(choose: random.Random) -> None:
        with suppress(psycopg.Error), psycopg.connect(rig.urls.admin, autocommit=True) as admin:
            admin.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename LIKE 'sextant_%app' OR usename = 'sextant_platform'"
            )

    faults: list[tuple[str, int, Callable[[random.Random], None]]] = [
        ("relay killed", 8, kill_relay),
        ("relay stopped in order", 2, stop_relay),
        ("relay frozen beyond its lease", 2, freeze_relay),
        ("broker cut off", 4, cut_broker),
        ("acknowledgements lost", 4, lose_acknowledgements),
        ("database killed", 2, kill_postgres),
        ("database restarted", 2, restart_postgres),
        ("database sessions ended", 3, end_sessions),
    ]
    if rig.broker.durable:
        faults.append(("broker killed", 4, kill_broker))
    return faults


def _waiting(rig: _Rig) -> int:
    try:
        with psycopg.connect(rig.urls.admin, autocommit=True, connect_timeout=5) as admin:
            row = admin.execute(
                "SELECT (SELECT count(*) FROM outbox_pending) + (SELECT count(*) FROM outbox_delayed)"
            ).fetchone()
    except psycopg.Error:
        return EVENTS
    return int(row[0]) if row else 0


# Verdict -----------------------------------------------------------------------------------------------


@dataclass
class _Delivered:
    """What the broker has: how often each event came, whether in order, and under which ids."""

    copies: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))
    ids: dict[tuple[str, int], set[str]] = field(default_factory=lambda: defaultdict(set))
    highest: dict[str, int] = field(default_factory=lambda: defaultdict(lambda: -1))
    out_of_order: int = 0
    attempts: set[tuple[str, int, str]] = field(default_factory=set)
    uncounted_repeats: int = 0
    """Copies of one event under the same attempt: a repeat that neither a release nor a takeover explains."""
    later_attempts: int = 0

    def add(self, record: Any) -> None:
        headers = {name: value.decode() for name, value in record.headers}
        tenant, number = headers["tenant-id"], json.loads(record.value)["n"]
        self.later_attempts += headers["retry-count"] != "0"
        if not self.copies[tenant, number]:
            # The tenant's events share a partition, so the log's order is theirs.
            self.out_of_order += (late := number < self.highest[tenant])
            if late and self.out_of_order <= _NAMED:
                place = f"{record.partition}@{record.offset}, attempt {headers['processing-attempt']}"
                sys.stdout.write(f"  {tenant}: {number} behind {self.highest[tenant]} ({place})\n")
            self.highest[tenant] = max(self.highest[tenant], number)
        attempt = (tenant, number, headers["retry-count"])
        self.uncounted_repeats += attempt in self.attempts
        self.attempts.add(attempt)
        self.copies[tenant, number] += 1
        self.ids[tenant, number].add(headers["event-id"])


def _judge(rig: _Rig, verdict: Verdict) -> None:
    delivered = _read_everything(rig)
    each = EVENTS // TENANTS
    expected = {(f"tenant-{tenant:02}", number) for tenant in range(TENANTS) for number in range(each)}
    with psycopg.connect(rig.urls.admin, autocommit=True) as admin:

        def one(query: str) -> int:
            row = admin.execute(query.encode()).fetchone()
            return int(row[0]) if row else 0

        sent: set[str] = {
            str(event)
            for (event,) in admin.execute("SELECT DISTINCT unnest(event_ids) FROM outbox_publication")
        }
        verdict.found |= {
            "records at the broker": sum(delivered.copies.values()),
            "repeats at the broker": sum(delivered.copies.values()) - len(delivered.copies),
            "records on a second or later attempt": delivered.later_attempts,
        }
        verdict.wrong |= {
            "events not committed in time": len(expected) - one("SELECT count(*) FROM outbox_event"),
            "events lost": len(expected - delivered.copies.keys()),
            "phantoms of rolled back transactions": len(delivered.copies.keys() - expected),
            "events under two ids": sum(len(ids) > 1 for ids in delivered.ids.values()),
            "first deliveries out of order": delivered.out_of_order,
            "repeats that no new attempt explains": delivered.uncounted_repeats,
            "marked sent but not at the broker": len(
                sent - {i for ids in delivered.ids.values() for i in ids}
            ),
            "at the broker but never marked sent": len(
                {i for ids in delivered.ids.values() for i in ids} - sent
            ),
            "still waiting or given up": _waiting(rig) + one("SELECT count(*) FROM outbox_dead"),
        }


def _read_everything(rig: _Rig) -> _Delivered:
    delivered = _Delivered()
    with brokers.reading(rig.broker.bootstrap, TOPIC) as consumer:
        ends = consumer.end_offsets(list(consumer.assignment()))
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for records in consumer.poll(timeout_ms=1000, max_records=5000).values():
                for record in records:
                    delivered.add(record)
    return delivered


if __name__ == "__main__":
    sys.exit(main())
