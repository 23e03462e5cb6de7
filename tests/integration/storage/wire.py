"""A proxy between a client and PostgreSQL that records what the client sends and can add latency.

It parses the frontend protocol (https://www.postgresql.org/docs/16/protocol-message-formats.html), so a
test sees the statements, start-up parameters and prepared-statement names as RDS Proxy would, and counts
round trips by the server's ReadyForQuery.
"""

from __future__ import annotations

import queue
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit, urlunsplit


@dataclass
class Recording:
    """What passed since the last `clear`."""

    startup: list[dict[str, str]] = field(default_factory=list)
    statements: list[str] = field(default_factory=list)
    prepared_names: list[str] = field(default_factory=list)
    round_trips: int = 0

    def clear(self) -> None:
        self.startup.clear()
        self.statements.clear()
        self.prepared_names.clear()
        self.round_trips = 0


class WireProxy:
    """Listens on a free loopback port; `latency` is added in each direction, half of it each way."""

    def __init__(self, host: str, port: int, *, latency: float = 0.0) -> None:
        self._target = (host, port)
        self.latency = latency
        self.recording = Recording()
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        self._sockets: list[socket.socket] = []
        self._doomed: str | None = None
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> WireProxy:
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()
        with suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)
        for one in (self._server, *self._sockets):
            one.close()

    def cut(self) -> None:
        """Break every connection that passes through, as a failing network would."""
        for one in self._sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def lose_answer_to(self, beginning: str) -> None:
        """Let the next statement that begins so reach the server, and break the connection before its answer."""
        self._doomed = beginning

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._server.accept()
                try:
                    server = socket.create_connection(self._target)
                except OSError:
                    client.close()
                    continue
                for one in (client, server):
                    one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._sockets += [client, server]
                loses = threading.Event()
                self._pump(client, server, _Frontend(self.recording, partial(self._dooms, loses)))
                self._pump(server, client, _Backend(self.recording), loses)

    def _dooms(self, loses: threading.Event, text: str) -> None:
        if self._doomed is not None and text.startswith(self._doomed):
            self._doomed = None
            loses.set()

    def _pump(
        self,
        source: socket.socket,
        sink: socket.socket,
        parser: _Parser,
        loses: threading.Event | None = None,
    ) -> None:
        """Read and write in threads of their own, so that latency does not add up over packets."""
        packets: queue.Queue[tuple[float, bytes]] = queue.Queue()

        def read() -> None:
            data = b"-"
            while data:
                try:
                    data = source.recv(1 << 16)
                except OSError:
                    data = b""
                parser.feed(data)
                if loses is not None and loses.is_set():
                    data = b""
                packets.put((time.monotonic() + self.latency / 2, data))

        def write() -> None:
            while True:
                due, data = packets.get()
                if (wait := due - time.monotonic()) > 0:
                    time.sleep(wait)
                try:
                    if not data:
                        sink.shutdown(socket.SHUT_RDWR)
                        return
                    sink.sendall(data)
                except OSError:
                    return

        for target in (read, write):
            threading.Thread(target=target, daemon=True).start()


def through(url: str, proxy: WireProxy) -> str:
    """`url` with the proxy in the place of the server."""
    parts = urlsplit(url)
    login = parts.netloc.rpartition("@")[0]
    return urlunsplit(parts._replace(netloc=f"{login}@127.0.0.1:{proxy.port}"))


class _Parser:
    """Cuts a byte stream into protocol messages."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self._buffer = b""
        self._typed = False

    def feed(self, data: bytes) -> None:
        self._buffer += data
        while (size := self._complete()) is not None:
            message, self._buffer = self._buffer[:size], self._buffer[size:]
            self.message(message)

    def _complete(self) -> int | None:
        head = 1 if self._typed else 0
        if len(self._buffer) < head + 4:
            return None
        size = head + int(struct.unpack_from("!I", self._buffer, head)[0])
        return size if len(self._buffer) >= size else None

    def message(self, message: bytes) -> None:
        raise NotImplementedError


class _Frontend(_Parser):
    def __init__(self, recording: Recording, sees: Callable[[str], None]) -> None:
        super().__init__(recording)
        self._sees = sees

    def message(self, message: bytes) -> None:
        if not self._typed:
            (code,) = struct.unpack_from("!I", message, 4)
            if code >> 16 == 3:
                parts = message[8:].rstrip(b"\0").decode().split("\0")
                self.recording.startup.append(dict(zip(parts[::2], parts[1::2], strict=True)))
                self._typed = True
            return
        kind, body = message[:1], message[5:]
        if kind == b"Q":
            self._statement(body.rstrip(b"\0").decode())
        elif kind == b"P":
            name, text, _ = body.split(b"\0", 2)
            self._statement(text.decode())
            if name:
                self.recording.prepared_names.append(name.decode())

    def _statement(self, text: str) -> None:
        self.recording.statements.append(text)
        self._sees(text)


class _Backend(_Parser):
    def __init__(self, recording: Recording) -> None:
        super().__init__(recording)
        self._greeted = False

    def feed(self, data: bytes) -> None:
        if not self._typed:
            # The answer to an SSL or GSS request is one bare byte.
            if data[:1] in (b"N", b"S") and len(data) == 1:
                return
            self._typed = True
        super().feed(data)

    def message(self, message: bytes) -> None:
        if message[:1] == b"Z":
            # The first one ends the start-up.
            self.recording.round_trips += self._greeted
            self._greeted = True
