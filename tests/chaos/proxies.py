"""Between the functions and their servers: proxies of AWS and of Postgres that a campaign makes misbehave, and their one thread."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import re
import threading
from collections import Counter
from collections.abc import Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from aiohttp import web
from multidict import CIMultiDict
from yarl import URL

from local.processes import LOOPBACK

_SERVICE = re.compile(r"Credential=[^/]*/\d+/[^/]*/(\w+)/aws4_request")
# Of one connection, not of what it carries.
_HOP = {"connection", "keep-alive", "transfer-encoding", "expect", "content-length", "upgrade", "te"}


@dataclass
class Storm:
    """How the calls to AWS fare: by service, the share of them that meet each fault.

    Of S3: `unavailable`, `slow`, `cut` (half of the body), `answer lost`. Of SQS too `in part` (entries of a batch fail), `twice`
    and `late` (sent again by `AwsProxy.send_late`). Of any: `away` (the connection is closed).
    """

    shares: Mapping[str, Mapping[str, float]] = field(default_factory=dict)

    def fault(self, service: str, choose: random.Random) -> str | None:
        drawn = choose.random()
        for fault, share in self.shares.get(service, {}).items():
            if drawn < share:
                return fault
            drawn -= share
        return None


class Proxies:
    """Both proxies in a thread of their own, which ends with `close`. Ports of the servers are read where they write them."""

    def __init__(self, home: Path, seed: int) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.aws = AwsProxy(home / "aws.port", random.Random(seed))
        self.postgres = PostgresProxy(home / "postgres.port")
        self._run(self.aws.start())
        self._run(self.postgres.start())

    def _run(self, doing: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(doing, self._loop).result(60)

    def cut_connections(self) -> int:
        """Cut every connection to Postgres; how many there were."""

        async def cut() -> int:
            return self.postgres.cut()

        return int(self._run(cut()))

    def send_late(self) -> int:
        """Send again what was kept for later; how many calls."""
        return int(self._run(self.aws.send_late()))

    def close(self) -> None:
        self._run(self.aws.stop())
        self._run(self.postgres.stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class AwsProxy:
    """AWS as the functions reach it, under a storm."""

    def __init__(self, port_file: Path, choose: random.Random) -> None:
        self._port_file = port_file
        self._random = choose
        self.storm = Storm()
        self.met: Counter[str] = Counter()
        """How many calls met which fault."""
        self.calls: Counter[str] = Counter()
        self._late: list[tuple[str, str, CIMultiDict[str], bytes]] = []
        self._runner: web.AppRunner | None = None
        self._session: aiohttp.ClientSession | None = None
        self.port = 0

    async def start(self) -> None:
        application = web.Application(client_max_size=1 << 30)
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._session = aiohttp.ClientSession(auto_decompress=False)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, LOOPBACK, 0)
        await site.start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    async def send_late(self) -> int:
        late, self._late = self._late, []
        for call in late:
            await self._forward(*call)
        return len(late)

    async def _serve(self, request: web.Request) -> web.StreamResponse:
        scope = _SERVICE.search(request.headers.get("Authorization", "") + request.query_string)
        service = scope[1] if scope else "s3"
        self.calls[service] += 1
        fault = self.storm.fault(service, self._random)
        sends = request.headers.get("X-Amz-Target", "").startswith("AmazonSQS.SendMessage")
        if fault in ("twice", "late") and not sends:
            fault = None
        if fault == "in part" and "MessageBatch" not in request.headers.get("X-Amz-Target", ""):
            fault = "unavailable"
        if fault:
            self.met[f"{service}: {fault}"] += 1
        if fault == "away":
            return self._hang_up(request)
        if fault == "unavailable":
            return _unavailable(service)
        if fault == "slow":
            await asyncio.sleep(self._random.uniform(1, 4))
        if fault == "cut" and request.content_length:
            await request.content.read(max(1, request.content_length // 2))
            return self._hang_up(request)
        call = (request.method, request.raw_path, request.headers.copy(), await request.read())
        if fault == "in part":
            return await self._in_part(call)
        status, headers, body = await self._forward(*call)
        if fault == "twice":
            await self._forward(*call)
        elif fault == "late":
            self._late.append(call)
        elif fault == "answer lost":
            return self._hang_up(request)
        elif fault == "cut" and body:
            return await self._half(request, status, headers, body)
        return web.Response(status=status, headers=headers, body=body)

    async def _in_part(self, call: tuple[str, str, CIMultiDict[str], bytes]) -> web.Response:
        """A batch of which each entry fails as a coin falls; the others go through."""
        method, path, headers, body = call
        batch = json.loads(body)
        failing = [entry for entry in batch["Entries"] if self._random.random() < 0.5]
        batch["Entries"] = [entry for entry in batch["Entries"] if entry not in failing]
        answer: dict[str, Any] = {"Successful": [], "Failed": []}
        if batch["Entries"]:
            status, answered, body = await self._forward(method, path, headers, json.dumps(batch).encode())
            if status != 200:
                return web.Response(status=status, headers=answered, body=body)
            answer |= json.loads(body)
        failed = [
            {"Id": one["Id"], "Code": "InternalError", "SenderFault": False, "Message": "in part"}
            for one in failing
        ]
        answer["Failed"] = [*(answer.get("Failed") or []), *failed]
        return web.Response(body=json.dumps(answer).encode(), content_type="application/x-amz-json-1.0")

    async def _forward(
        self, method: str, path: str, headers: CIMultiDict[str], body: bytes
    ) -> tuple[int, CIMultiDict[str], bytes]:
        assert self._session is not None
        url = URL(f"http://{LOOPBACK}:{self._port_file.read_text().strip()}{path}", encoded=True)
        kept = CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in _HOP)
        # The server makes its own addresses of it: queues, and objects in buckets that are named before the host.
        kept["Host"] = headers.get("Host", url.authority)
        async with self._session.request(
            method, url, headers=kept, data=body, allow_redirects=False, skip_auto_headers=("Content-Type",)
        ) as answer:
            back = CIMultiDict((n, v) for n, v in answer.headers.items() if n.lower() not in _HOP)
            if method == "HEAD" and "Content-Length" in answer.headers:
                back["Content-Length"] = answer.headers["Content-Length"]
            return answer.status, back, await answer.read()

    @staticmethod
    def _hang_up(request: web.Request) -> web.Response:
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    @staticmethod
    async def _half(
        request: web.Request, status: int, headers: CIMultiDict[str], body: bytes
    ) -> web.StreamResponse:
        answer = web.StreamResponse(status=status, headers=headers)
        answer.content_length = len(body)
        with contextlib.suppress(ConnectionError):
            await answer.prepare(request)
            await answer.write(body[: len(body) // 2])
        if request.transport is not None:
            request.transport.abort()
        return answer


def _unavailable(service: str) -> web.Response:
    if service == "s3":
        text = "<Error><Code>SlowDown</Code><Message>Please reduce your request rate.</Message></Error>"
        return web.Response(status=503, text=text, content_type="application/xml")
    error = {"__type": "com.amazonaws#InternalServerError", "message": "the service is not itself"}
    return web.Response(status=500, text=json.dumps(error), content_type="application/x-amz-json-1.0")


class PostgresProxy:
    """Postgres as the functions reach it: far away, or with its connections cut."""

    def __init__(self, port_file: Path) -> None:
        self._port_file = port_file
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.StreamWriter] = set()
        self.delay = 0.0
        """Seconds that everything takes each way."""
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, LOOPBACK, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()

    def cut(self) -> int:
        cut = len(self._open)
        for writer in list(self._open):
            writer.transport.abort()
        return cut

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            beyond, server = await asyncio.open_connection(LOOPBACK, int(self._port_file.read_text().strip()))
        except OSError:
            writer.transport.abort()
            return
        self._open.add(writer)
        try:
            await asyncio.gather(self._pump(reader, server), self._pump(beyond, writer))
        finally:
            self._open.discard(writer)

    async def _pump(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            while chunk := await source.read(1 << 16):
                if self.delay:
                    await asyncio.sleep(self.delay)
                target.write(chunk)
                await target.drain()
        target.close()
