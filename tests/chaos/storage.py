"""Eight writers at work while PostgreSQL is restarted and killed, sessions are ended, answers are lost on the
way, locks are held and the pool is emptied.

Each writer keeps a ledger of what it was told: stored, failed, or unknown. Afterwards the ledgers are held
against the database, in each of the three strategies, and the process must work on without a restart.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import psycopg

from local import database as databases
from local.postgres import Postgres
from sextant.ids import TenantId, new_id
from sextant.storage import Database, DatabaseSettings, Session
from sextant.storage.errors import CommitOutcomeUnknown, StorageError, VersionConflict
from sextant.storage.temporal import Strategy, TemporalRepository
from tests.chaos.verdict import Verdict
from tests.integration.storage.tables import SPECS, Note, create_tables
from tests.integration.storage.wire import WireProxy, through

SECONDS = float(os.environ.get("CHAOS_SECONDS", "60"))
WRITERS = 8
BATCH = 20
ACCOUNTS = 10
OPENING = 1_000
RECOVERY_WITHIN = 20.0
TENANT = TenantId("chaos")
Repository = TemporalRepository[Note]


@dataclass
class Ledger:
    """What one writer was told."""

    stored: set[UUID] = field(default_factory=set)
    failed: set[UUID] = field(default_factory=set)
    unknown: set[UUID] = field(default_factory=set)
    batches: list[tuple[list[UUID], str]] = field(default_factory=list)
    raised: Counter[tuple[UUID, str]] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    strange: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Stage:
    """Where it all happens."""

    server: Postgres
    admin_url: str
    wire: WireProxy
    database: Database
    counters: dict[Strategy, UUID]
    accounts: dict[Strategy, list[UUID]]


def main() -> int:
    seed = int(os.environ.get("CHAOS_SEED", str(random.randrange(10**6))))
    sys.stdout.write(f"seed {seed} (CHAOS_SEED={seed} repeats its faults), {SECONDS:g} s\n")
    verdict = Verdict("storage", seed)
    with tempfile.TemporaryDirectory(prefix="sextant-chaos-") as home:
        server = Postgres(Path(home))
        server.start()
        try:
            _campaign(server, seed, verdict)
        finally:
            server.forget()
    return verdict.conclude()


def _campaign(server: Postgres, seed: int, verdict: Verdict) -> None:
    urls = databases.prepare(server, "chaos")
    create_tables(urls.admin)
    parts = urlsplit(urls.app)
    assert parts.hostname
    assert parts.port
    with WireProxy(parts.hostname, parts.port) as wire:
        database = Database.connect(
            DatabaseSettings(
                url=through(urls.app, wire),
                pool_max_size=WRITERS,
                pool_timeout=1,
                reset_timeout=0.5,
                connect_timeout=2,
                retry_base_delay=0.02,
                retry_max_delay=0.5,
            )
        )
        stage = Stage(server, urls.admin, wire, database, *_furnish(database))
        ledgers = [Ledger() for _ in range(WRITERS)]
        stop = threading.Event()
        writers = [
            threading.Thread(target=_write, args=(stage, ledger, random.Random(seed + number), stop))
            for number, ledger in enumerate(ledgers)
        ]
        for writer in writers:
            writer.start()
        try:
            _inject(stage, random.Random(seed), verdict)
            verdict.found["seconds until all worked again"] = _recovery(stage)
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        _judge(stage, ledgers, verdict)
        database.close()


def _furnish(database: Database) -> tuple[dict[Strategy, UUID], dict[Strategy, list[UUID]]]:
    """A counter and ten accounts in each strategy."""
    counters: dict[Strategy, UUID] = {}
    accounts: dict[Strategy, list[UUID]] = {}
    for strategy, spec in SPECS.items():
        repository: Repository = TemporalRepository(spec)
        with database.transaction(TENANT) as session:
            counters[strategy] = repository.create(session, {"name": "counter"}, actor="x").id
            rows = [{"name": f"account {n}", "rank": OPENING} for n in range(ACCOUNTS)]
            accounts[strategy] = repository.create_many(session, rows, actor="x")
    return counters, accounts


# Writers ------------------------------------------------------------------------------------------


def _write(stage: Stage, ledger: Ledger, choose: random.Random, stop: threading.Event) -> None:
    acts: tuple[Callable[[Stage, Ledger, random.Random, Strategy], None], ...] = (
        _create,
        _batch,
        _count,
        _transfer,
    )
    while not stop.is_set():
        act, strategy = choose.choice(acts), choose.choice(list(Strategy))
        try:
            act(stage, ledger, choose, strategy)
        except VersionConflict:
            pass
        except StorageError as error:
            ledger.errors[error.code] += 1
            # A caller of ours waits as Retry-After tells it to; this one is impatient.
            stop.wait(0.02)
        except Exception as error:  # noqa: BLE001  (anything but a storage error is a finding)
            ledger.strange.append(repr(error))


def _create(stage: Stage, ledger: Ledger, choose: random.Random, strategy: Strategy) -> None:
    repository: Repository = TemporalRepository(SPECS[strategy])
    one = new_id()
    values = {"name": uuid.uuid4().hex, "rank": 1}
    try:
        if choose.random() < 0.5:
            stage.database.run(
                TENANT, lambda session: repository.create(session, values, actor="w", record_id=one)
            )
        else:
            with stage.database.autocommit(TENANT) as session:
                repository.create(session, values, actor="w", record_id=one)
        ledger.stored.add(one)
    except CommitOutcomeUnknown:
        ledger.unknown.add(one)
        raise
    except StorageError:
        ledger.failed.add(one)
        raise


def _batch(stage: Stage, ledger: Ledger, choose: random.Random, strategy: Strategy) -> None:
    ids = [new_id() for _ in range(BATCH)]
    repository: Repository = TemporalRepository(SPECS[strategy], make_id=iter(ids).__next__)
    rows = [{"name": uuid.uuid4().hex, "rank": 1} for _ in ids]
    try:
        with stage.database.transaction(TENANT) as session:
            repository.create_many(session, rows, actor="w")
        ledger.batches.append((ids, "stored"))
    except CommitOutcomeUnknown:
        ledger.batches.append((ids, "unknown"))
        raise
    except StorageError:
        ledger.batches.append((ids, "failed"))
        raise


def _count(stage: Stage, ledger: Ledger, choose: random.Random, strategy: Strategy) -> None:
    """Raise the counter by one under the version that was read."""
    repository: Repository = TemporalRepository(SPECS[strategy])
    counter = stage.counters[strategy]

    def work(session: Session) -> None:
        seen = repository.get(session, counter)
        assert seen is not None
        repository.update(session, counter, {"rank": seen.rank + 1}, actor="w", expected_version=seen.version)

    try:
        stage.database.run(TENANT, work)
        ledger.raised[counter, "stored"] += 1
    except CommitOutcomeUnknown:
        ledger.raised[counter, "unknown"] += 1
        raise


def _transfer(stage: Stage, ledger: Ledger, choose: random.Random, strategy: Strategy) -> None:
    """Move from one account to another; run again when the outcome is unknown would be wrong, so it is not."""
    repository: Repository = TemporalRepository(SPECS[strategy])
    source, target = choose.sample(stage.accounts[strategy], 2)

    def work(session: Session) -> None:
        found = repository.get_many(session, [source, target])
        if found[source].rank > 0:
            for one, by in ((source, -1), (target, 1)):
                held = found[one]
                repository.update(
                    session, one, {"rank": held.rank + by}, actor="w", expected_version=held.version
                )

    stage.database.run(TENANT, work)


# Faults -------------------------------------------------------------------------------------------


def _inject(stage: Stage, choose: random.Random, verdict: Verdict) -> None:
    faults: dict[str, tuple[float, Callable[[Stage, random.Random], None]]] = {
        "sessions ended": (5, _end_sessions),
        "answers to COMMIT lost": (6, _lose_commits),
        "answers to single statements lost": (4, _lose_statements),
        "network cut": (4, lambda stage, _: stage.wire.cut()),
        "rows locked": (4, _lock_rows),
        "pool emptied": (3, _empty_pool),
        "server restarted": (1, lambda stage, choose: _restart(stage, choose, stage.server.stop)),
        "server killed": (1, lambda stage, choose: _restart(stage, choose, stage.server.kill)),
    }
    names = list(faults)
    weights = [weight for weight, _ in faults.values()]
    until = time.monotonic() + SECONDS
    for name in names:
        # Each at least once, however short the campaign.
        faults[name][1](stage, choose)
        verdict.inject(name)
    while time.monotonic() < until:
        (name,) = choose.choices(names, weights)
        faults[name][1](stage, choose)
        verdict.inject(name)
        time.sleep(choose.uniform(0.05, 0.5))


def _end_sessions(stage: Stage, choose: random.Random) -> None:
    with psycopg.connect(stage.admin_url, autocommit=True) as admin:
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'sextant_app' AND random() < %s",
            (choose.random(),),
        )


def _lose_commits(stage: Stage, choose: random.Random) -> None:
    for _ in range(choose.randint(1, 5)):
        stage.wire.lose_answer_to("COMMIT")
        time.sleep(0.02)


def _lose_statements(stage: Stage, choose: random.Random) -> None:
    for _ in range(choose.randint(1, 5)):
        stage.wire.lose_answer_to(choose.choice(["INSERT", "UPDATE", "SELECT"]))
        time.sleep(0.02)


def _lock_rows(stage: Stage, choose: random.Random) -> None:
    # In a deadlock with the writers it may itself be the one that is ended.
    with suppress(psycopg.errors.DeadlockDetected), psycopg.connect(stage.admin_url) as holder:
        for spec in SPECS.values():
            holder.execute(
                f"SELECT FROM {spec.table} WHERE name LIKE 'account%%' OR name = 'counter' FOR UPDATE".encode()
            )
        time.sleep(choose.uniform(0.1, 0.6))


def _empty_pool(stage: Stage, choose: random.Random) -> None:
    def hold() -> None:
        try:
            with stage.database.transaction(TENANT) as session:
                session.execute("SELECT pg_sleep(%s)", (held,))
        except StorageError:
            return

    held = choose.uniform(0.5, 1.5)
    holders = [threading.Thread(target=hold) for _ in range(2 * WRITERS)]
    for holder in holders:
        holder.start()
    for holder in holders:
        holder.join()


def _restart(stage: Stage, choose: random.Random, end: Callable[[], None]) -> None:
    end()
    time.sleep(choose.uniform(0.0, 1.5))
    stage.server.start()


def _recovery(stage: Stage) -> float:
    """Seconds until the database is healthy again for this process, which was never restarted."""
    began = time.monotonic()
    while time.monotonic() - began < RECOVERY_WITHIN:
        try:
            with stage.database.transaction(TENANT) as session:
                session.execute("SELECT 1")
            if stage.database.health().breaker == "closed":
                return time.monotonic() - began
        except StorageError:
            time.sleep(0.05)
    return float("inf")


# Judgement ----------------------------------------------------------------------------------------


def _judge(stage: Stage, ledgers: list[Ledger], verdict: Verdict) -> None:
    present: set[UUID] = set()
    wrong = Counter[str]()
    with psycopg.connect(stage.admin_url, autocommit=True) as admin:
        for strategy, spec in SPECS.items():
            rows = admin.execute(f"SELECT id, rank FROM {spec.table}".encode()).fetchall()
            rank: dict[UUID, int] = dict(rows)
            present |= set(rank)
            accounts = sum(rank[one] for one in stage.accounts[strategy])
            wrong["units lost or made in transfers"] += abs(accounts - ACCOUNTS * OPENING)
            counter = stage.counters[strategy]
            told = sum(ledger.raised[counter, "stored"] for ledger in ledgers)
            unknown = sum(ledger.raised[counter, "unknown"] for ledger in ledgers)
            wrong["counts lost"] += max(0, told - rank[counter])
            wrong["counts twice"] += max(0, rank[counter] - told - unknown)
        wrong["versions that miss, overlap or leave a gap"] += _scalar(
            admin,
            """
            SELECT count(*) FROM versioned_note n JOIN LATERAL (
                SELECT count(*) AS versions, max(version) AS last, count(*) FILTER (WHERE upper_inf(valid)) AS open,
                    count(*) FILTER (WHERE upper(valid) IS DISTINCT FROM next AND next IS NOT NULL) AS gaps
                FROM (SELECT v.*, lead(lower(valid)) OVER (ORDER BY version) AS next
                      FROM versioned_note_version v WHERE v.tenant_id = n.tenant_id AND v.id = n.id) w
            ) h ON true WHERE (h.versions, h.last, h.open, h.gaps) IS DISTINCT FROM (n.version::bigint, n.version, 1::bigint, 0::bigint)
            """,
        )
        wrong["changes without their audit row"] += _scalar(
            admin,
            """
            SELECT count(*) FROM audited_note n WHERE n.version - 1 <> (
                SELECT count(DISTINCT a.version) FROM audited_note_audit a WHERE a.tenant_id = n.tenant_id AND a.record_id = n.id)
            """,
        )
        wrong["connections left in a transaction"] += _scalar(
            admin,
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'sextant_app' AND state LIKE 'idle in transaction%'",
        )
    for ledger in ledgers:
        wrong["records told stored and missing"] += len(ledger.stored - present)
        wrong["records told failed and present"] += len(ledger.failed & present)
        for ids, told_of in ledger.batches:
            there = sum(one in present for one in ids)
            wrong["batches stored in part"] += there not in {0, len(ids)}
            wrong["batches told stored and missing"] += told_of == "stored" and there == 0
            wrong["batches told failed and present"] += told_of == "failed" and there > 0
        wrong["errors that were no storage errors"] += len(ledger.strange)
        for strange in ledger.strange[:3]:
            sys.stdout.write(f"  strange: {strange}\n")
    wrong["not recovered"] += verdict.found["seconds until all worked again"] > RECOVERY_WITHIN
    errors = sum((ledger.errors for ledger in ledgers), Counter[str]())
    verdict.found |= {
        "records told stored": sum(len(ledger.stored) for ledger in ledgers),
        "records of unknown outcome": sum(len(ledger.unknown) for ledger in ledgers),
        "of these present": sum(len(ledger.unknown & present) for ledger in ledgers),
        "batches told stored": sum(told == "stored" for ledger in ledgers for _, told in ledger.batches),
        "counts told stored": sum(
            n for ledger in ledgers for (_, told), n in ledger.raised.items() if told == "stored"
        ),
        **{f"errors {code}": float(count) for code, count in sorted(errors.items())},
    }
    verdict.wrong |= dict(wrong)


def _scalar(admin: psycopg.Connection[tuple[int, ...]], query: str) -> int:
    found = admin.execute(query.encode()).fetchone()
    return found[0] if found else 0
