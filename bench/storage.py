"""The storage layer against ff-storage 6.6.2, alternately on the same Postgres, and against bare psycopg.

Ours connects as the application does (row-level security forced, a transaction entered for the tenant); the
peer as the owner of its tables. Rates come from the medians of single operations. The peer's rows have
text and numbers only: its get_many cannot read back JSON and arrays.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

import psycopg

from bench.report import Row, publish
from local import database as databases
from local.postgres import Postgres
from sextant.ids import TenantId, new_id
from sextant.storage import Database, DatabaseSettings
from sextant.storage.temporal import Strategy, TableSpec, TemporalRepository
from tools.environment import python_of

PEER = "ff-storage 6.6.2"
TENANT = TenantId("bench")
WRITERS = 16
MANY = 10_000
SINGLE_ROUNDS, SINGLE_TIMES = 50, 20
MANY_ROUNDS = 5
_ROOT = Path(__file__).parent.parent

_OWN = "name text NOT NULL, description text NOT NULL, amount double precision NOT NULL, status text NOT NULL, rank integer NOT NULL"
_TABLES = """
CREATE TABLE {table} (
    tenant_id text NOT NULL, id uuid NOT NULL, version integer NOT NULL DEFAULT 1, {own},
    created_at timestamptz NOT NULL DEFAULT now(), created_by text NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(), updated_by text NOT NULL, deleted_at timestamptz,
    PRIMARY KEY (tenant_id, id)
);
SELECT protect_tenant_table('{table}');
"""
_AUDIT = """
CREATE TABLE {table}_audit (
    tenant_id text NOT NULL, record_id uuid NOT NULL, version integer NOT NULL, field text NOT NULL,
    old_value jsonb, new_value jsonb, changed_at timestamptz NOT NULL, changed_by text NOT NULL,
    transaction_id bigint NOT NULL, PRIMARY KEY (tenant_id, record_id, version, field)
);
SELECT protect_tenant_table('{table}_audit');
SELECT protect_append_only('{table}_audit');
SELECT keep_audit('{table}');
"""
_VERSION = """
CREATE TABLE {table}_version (
    tenant_id text NOT NULL, id uuid NOT NULL, version integer NOT NULL, valid tstzrange NOT NULL, {own},
    deleted_at timestamptz, changed_by text NOT NULL, transaction_id bigint NOT NULL,
    PRIMARY KEY (tenant_id, id, version),
    EXCLUDE USING gist (
        int8range(uuid_high(id), uuid_high(id), '[]') WITH &&, int8range(uuid_low(id), uuid_low(id), '[]') WITH &&, valid WITH &&
    ) WHERE (NOT upper_inf(valid)),
    CHECK (NOT isempty(valid))
);
CREATE UNIQUE INDEX {table}_version_one_open ON {table}_version (tenant_id, id) WHERE upper_inf(valid);
SELECT protect_tenant_table('{table}_version');
SELECT keep_versions('{table}');
"""


@dataclass(frozen=True)
class Note:
    tenant_id: str
    id: UUID
    version: int
    name: str
    description: str
    amount: float
    status: str
    rank: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None


_COLUMNS = {
    "name": "text",
    "description": "text",
    "amount": "double precision",
    "status": "text",
    "rank": "integer",
}


class Ours:
    """The operations of the peer, each a transaction of its own."""

    def __init__(self, database: Database, strategy: Strategy) -> None:
        spec = TableSpec(f"bench_{strategy.value}", Note, _COLUMNS, strategy)
        self.database = database
        self.repository = TemporalRepository(spec)
        self.cached = TemporalRepository(spec, cache_ttl=300)
        self.ids: list[UUID] = []
        self.turn = 0

    def note(self) -> dict[str, object]:
        self.turn += 1
        return {
            "name": f"note {self.turn}",
            "description": "d" * 50,
            "amount": self.turn / 2,
            "status": "ACTIVE",
            "rank": self.turn,
        }

    def changes(self) -> dict[str, object]:
        self.turn += 1
        return {"name": f"new {self.turn}", "amount": self.turn / 2}

    def create(self) -> None:
        with self.database.autocommit(TENANT) as session:
            self.ids.append(self.repository.create(session, self.note(), actor="bench").id)

    def update(self) -> None:
        with self.database.autocommit(TENANT) as session:
            self.repository.update(session, self.ids[self.turn % 50], self.changes(), actor="bench")

    def get(self) -> None:
        self.turn += 1
        with self.database.autocommit(TENANT) as session:
            self.repository.get(session, self.ids[self.turn % len(self.ids)])

    def get_cached(self) -> None:
        self.turn += 1
        with self.database.autocommit(TENANT) as session:
            self.cached.get(session, self.ids[self.turn % 50])

    def create_many(self, notes: list[dict[str, object]]) -> None:
        with self.database.autocommit(TENANT) as session:
            assert len(self.repository.create_many(session, notes, actor="bench")) == len(notes)

    def get_many(self) -> None:
        with self.database.autocommit(TENANT) as session:
            assert len(self.repository.get_many(session, self.ids[:500])) == 500

    def writers(self, count: int, turns: int) -> None:
        def write() -> None:
            for _ in range(turns):
                with self.database.autocommit(TENANT) as session:
                    self.repository.update(session, self.ids[0], self.changes(), actor="bench")

        threads = [threading.Thread(target=write) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def timed(self, operation: str, times: int, arguments: Sequence[Any] = ()) -> list[float]:
        seconds = []
        for _ in range(times):
            given = [[self.note() for _ in range(arguments[0])]] if operation == "create_many" else arguments
            began = perf_counter()
            getattr(self, operation)(*given)
            seconds.append(perf_counter() - began)
        return seconds


class Peer:
    """The peer's process, which measures itself and tells."""

    def __init__(self, python: Path, url: str) -> None:
        self._process = subprocess.Popen(
            [python, _ROOT / "bench" / "storage_peer" / "serve.py", url],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._answer()

    def timed(
        self, strategy: Strategy, operation: str, times: int, arguments: Sequence[Any] = ()
    ) -> list[float]:
        order = {"strategy": strategy.value, "operation": operation, "times": times, "arguments": arguments}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(timeout=30)

    def _answer(self) -> list[float]:
        assert self._process.stdout is not None
        seconds: list[float] = json.loads(self._process.stdout.readline())
        return seconds


def main() -> None:
    python = python_of("ff-storage", _ROOT / "bench" / "storage_peer" / "requirements.txt")
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="sextant-bench-") as home, _postgres(Path(home)) as server:
        urls = databases.prepare(server, "bench")
        _create_tables(urls.admin)
        server.create_database("peer")
        database = Database.connect(
            DatabaseSettings(url=urls.app, pool_min_size=WRITERS, pool_max_size=WRITERS, pool_timeout=60)
        )
        peer = Peer(python, server.url("peer"))
        # What a collection of the garbage of earlier rounds costs is nobody's figure.
        gc.collect()
        gc.freeze()
        try:
            for strategy in Strategy:
                rows += _strategy_rows(Ours(database, strategy), peer, strategy)
            rows += _bare_rows(Ours(database, Strategy.NONE), urls.app)
        finally:
            peer.close()
            database.close()
    rows.append(_import_row(python))
    publish("storage", rows)


def _strategy_rows(ours: Ours, peer: Peer, strategy: Strategy) -> list[Row]:
    kept = strategy is not Strategy.NONE

    def pair(operation: str, rounds: int, times: int, arguments: Sequence[Any] = ()) -> tuple[float, float]:
        mine: list[float] = []
        theirs: list[float] = []
        for _ in range(rounds):
            mine += ours.timed(operation, times, arguments)
            theirs += peer.timed(strategy, operation, times, arguments)
        return median(mine), median(theirs)

    def row(what: str, unit: str, count: int, target: float, measured: tuple[float, float]) -> Row:
        mine, theirs = measured
        return Row(f"{strategy.value}: {what}", unit, count / mine, count / theirs, PEER, target)

    pair("create", 1, 600)
    pair("update", 1, 50)
    single = (SINGLE_ROUNDS, SINGLE_TIMES)
    return [
        row("create one", "records/s", 1, 1.0, pair("create", *single)),
        row("update one", "records/s", 1, 2.0 if kept else 1.0, pair("update", *single)),
        row("get one", "records/s", 1, 1.0, pair("get", *single)),
        row("get one, cached", "records/s", 1, 1.0, pair("get_cached", *single)),
        row("create_many of 10,000", "records/s", MANY, 5.0, pair("create_many", MANY_ROUNDS, 1, [MANY])),
        row("get_many of 500", "records/s", 500, 1.0, pair("get_many", SINGLE_ROUNDS, 1)),
        row(
            "16 writers on one row",
            "updates/s",
            WRITERS * 20,
            1.0,
            pair("writers", MANY_ROUNDS, 1, [WRITERS, 20]),
        ),
    ]


def _bare_rows(ours: Ours, url: str) -> list[Row]:
    """A single create against nothing but psycopg: the same INSERT, entered for the tenant, in one round trip."""
    insert = (
        "INSERT INTO bench_none (tenant_id, id, created_by, updated_by, name, description, amount, status, rank)"
        " VALUES (%(tenant_id)s, %(id)s, %(actor)s, %(actor)s, %(name)s, %(description)s, %(amount)s, %(status)s, %(rank)s)"
        " RETURNING *"
    )
    with psycopg.connect(url, autocommit=True, prepare_threshold=None) as connection:

        def bare() -> None:
            with connection.pipeline():
                connection.execute("SELECT enter_tenant(%s)", (TENANT,))
                cursor = connection.execute(
                    insert, {"tenant_id": TENANT, "id": new_id(), "actor": "bench", **ours.note()}
                )
            assert cursor.fetchone()

        mine: list[float] = []
        theirs: list[float] = []
        for _ in range(SINGLE_ROUNDS):
            mine += ours.timed("create", SINGLE_TIMES)
            theirs += _times(bare, SINGLE_TIMES)
    return [
        Row(
            "none: create one, against bare INSERT",
            "records/s",
            1 / median(mine),
            1 / median(theirs),
            "psycopg",
            0.7,
        )
    ]


def _import_row(python: Path) -> Row:
    """Import in a fresh process, bytecode compiled: what each needs before its first statement."""
    timer = "import time; t = time.process_time(); {what}; print(time.process_time() - t)"
    ours = timer.format(what="import sextant.storage, sextant.storage.temporal")
    theirs = timer.format(
        what="import ff_storage; from ff_storage.db.connections.postgres_pool import PostgresPool; import asyncpg"
    )

    def measure(interpreter: Path | str, program: str) -> float:
        done = subprocess.run(
            [interpreter, "-c", program], check=True, capture_output=True, text=True, env={}
        )
        return float(done.stdout)

    mine: list[float] = []
    other: list[float] = []
    for _ in range(7):
        mine.append(measure(sys.executable, ours))
        other.append(measure(python, theirs))
    return Row("import, CPU time", "ms", 1000 * median(mine), 1000 * median(other), PEER, 1.0, "lower")


def _times(operation: Callable[[], None], times: int) -> list[float]:
    seconds = []
    for _ in range(times):
        began = perf_counter()
        operation()
        seconds.append(perf_counter() - began)
    return seconds


def _create_tables(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        for strategy in Strategy:
            parts = {Strategy.NONE: "", Strategy.COPY_ON_CHANGE: _AUDIT, Strategy.SCD2: _VERSION}
            text = (_TABLES + parts[strategy]).format(table=f"bench_{strategy.value}", own=_OWN)
            connection.execute(text.encode())


@contextmanager
def _postgres(home: Path) -> Iterator[Postgres]:
    """A server that does not wait for the disk: what is measured is the layer, not the machine's fsync."""
    server = Postgres(home, durable=False)
    server.start()
    try:
        yield server
    finally:
        server.forget()
