"""Delivering what is due against a bare httpx loop that posts the same signed requests to the same consumer.

Ours is all of it but Lambda: claiming from Postgres, opening the secret, signing, the sender's own code (each batch over a new connection,
its address judged), and keeping every attempt. The loop has the bodies in memory, signs, posts over connections that it keeps, and
keeps nothing. The consumer is a process of its own. Both alternately, on the same machine.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import psycopg
from standardwebhooks import Webhook as Signer

from bench.report import Row, publish
from functions.webhook_sender import handler as sender
from local import database as databases
from local.aws import LocalAws, Names
from local.postgres import Postgres
from sextant.ids import TenantId, WebhookId, new_id
from sextant.storage import Database, DatabaseSettings, PlatformDatabase
from sextant.webhooks import service
from sextant.webhooks.delivering import Deliverer
from sextant.webhooks.keys import new_key
from sextant.webhooks.sealing import Sealing
from sextant.webhooks.sender import Answer

TENANT = TenantId("bench")
EVENTS, ENDPOINTS, ROUNDS = 500, 4, 3
TARGET = 0.7

_CONSUMER = """
import asyncio, sys
async def serve(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\\r\\n\\r\\n")
            length = next(int(line.split(b":")[1]) for line in head.split(b"\\r\\n") if line.lower().startswith(b"content-length"))
            await reader.readexactly(length)
            writer.write(b"HTTP/1.1 204 No Content\\r\\n\\r\\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()
async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]))
    await server.serve_forever()
asyncio.run(main())
"""


class DirectSender:
    """The sender's own code without the call of a function."""

    def send(self, url: str, requests: Sequence[Mapping[str, Any]], *, ordered: bool) -> list[Answer]:
        event = json.loads(json.dumps({"url": url, "requests": list(requests), "ordered": ordered}))
        return [Answer(**each) for each in sender.handler(event, None)["answers"]]


def main() -> int:
    sender._LOCAL = True  # noqa: SLF001 (the consumer is on this machine)
    with (
        tempfile.TemporaryDirectory(prefix="sextant-bench-") as home,
        _consumer() as url,
        _servers(Path(home)) as (urls, sealing),
    ):
        platform = PlatformDatabase.connect(DatabaseSettings.from_env({"DATABASE_URL": urls.platform}))
        app = Database.connect(DatabaseSettings.from_env({"DATABASE_URL": urls.app}))
        secrets = [_endpoint(app, sealing, url) for _ in range(ENDPOINTS)]
        deliverer = Deliverer(platform, sealing, DirectSender())
        ours, other = [], []
        for turn in range(ROUNDS + 1):
            bodies = _store(urls.platform)
            began = time.perf_counter()
            report = deliverer.deliver(lambda: 1000.0)
            took = time.perf_counter() - began
            assert report.delivered == EVENTS * ENDPOINTS, report
            bare = _loop(url, bodies, secrets)
            if turn:  # the first warms both
                ours.append(EVENTS * ENDPOINTS / took)
                other.append(EVENTS * ENDPOINTS / bare)
        platform.close()
        app.close()
    rows = [Row("webhooks delivered", "deliveries/s", median(ours), median(other), "bare httpx loop", TARGET)]
    print(publish("webhooks", rows))
    return 0


@contextmanager
def _servers(home: Path) -> Iterator[tuple[databases.DatabaseUrls, Sealing]]:
    postgres, aws = Postgres(home, durable=True), LocalAws(home, persistent=False)
    postgres.start()
    aws.start()
    os.environ.update(aws.variables())
    key = aws.make_resources(Names(), []).webhook_key
    try:
        yield databases.prepare(postgres, "bench"), Sealing(key)
    finally:
        aws.kill()
        postgres.forget()


@contextmanager
def _consumer() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    process = subprocess.Popen([sys.executable, "-c", _CONSUMER, str(port)])
    try:
        while True:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
        yield f"http://127.0.0.1:{port}/hooks"
    finally:
        process.kill()
        process.wait()


def _endpoint(database: Database, sealing: Sealing, url: str) -> str:
    webhook, secret = WebhookId(new_id()), new_key("hmac").signs
    sealed = sealing.seal(TENANT, webhook, secret)
    database.run(TENANT, lambda session: service.create(session, webhook, {"url": url}, sealed, "bench"))
    return secret


def _store(url: str) -> list[str]:
    statement = "SELECT publish_webhook_event(%s, 'run.succeeded', gen_random_uuid(), NULL, %s::jsonb)"
    with psycopg.connect(url) as connection:
        for _ in range(EVENTS):
            connection.execute(statement, (TENANT, json.dumps({"run_id": str(uuid.uuid4())})))
        rows = connection.execute(
            "SELECT body FROM webhook_event ORDER BY id DESC LIMIT %s", (EVENTS,)
        ).fetchall()
    return [row[0] for row in rows]


def _loop(url: str, bodies: list[str], secrets: list[str]) -> float:
    """Seconds to post every body to every endpoint, signed, one after the other."""
    began = time.perf_counter()
    with httpx.Client(trust_env=False) as client:
        for secret in secrets:
            for body in bodies:
                moment, name = datetime.now(UTC), str(uuid.uuid4())
                headers = {
                    "content-type": "application/cloudevents+json; charset=utf-8",
                    "webhook-id": name,
                    "webhook-timestamp": str(int(moment.timestamp())),
                    "webhook-signature": Signer(secret).sign(name, moment, body),
                }
                client.post(url, content=body, headers=headers).raise_for_status()
    return time.perf_counter() - began
