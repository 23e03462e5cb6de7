"""One connection to an endpoint, at an address that was judged, with an end for everything that it waits for."""

from __future__ import annotations

import http.client
import io
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import TracebackType
from typing import Any, Self

from functions.addresses import Resolve, Target, UnresolvedError, addresses_of

CONNECT_WITHIN = 5.0
"""Seconds for resolving, connecting and TLS."""
ANSWER_WITHIN = 20.0
"""Seconds for the whole of a request, connecting included."""
MOST_BYTES = 64 * 1024
"""Of an answer's body; the rest is not read."""
_MOST_HEADERS = 50
_LONGEST_VALUE = 1000


class SendError(Exception):
    """The request was not answered: `kind` is connect, tls, timeout or broken."""

    def __init__(self, kind: str, message: str, timing: Mapping[str, float]) -> None:
        super().__init__(message)
        self.kind = kind
        self.timing = timing


@dataclass(frozen=True)
class Exchange:
    """An answer, and the milliseconds until its parts were there."""

    status: int
    head: dict[str, str]
    body: bytes
    timing: dict[str, float]


class Connection:
    """Posts to `target`; the host is resolved once, and every later connection goes to the addresses that were judged."""

    def __init__(self, target: Target, resolve: Resolve, *, local: bool) -> None:
        self._target = target
        self._resolve = resolve
        self._local = local
        self._addresses: list[str] | None = None
        self._socket: _Bounded | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def post(self, headers: Mapping[str, str], body: bytes) -> Exchange:
        """The answer; raises `SendError`, `RefusedAddressError` or `UnresolvedError`.

        A connection that was kept and turns out to be closed is made anew once: nothing was read of the request then.
        """
        watch = _Watch()
        kept = self._socket is not None
        for _ in range(2 if kept else 1):
            try:
                return self._exchange(headers, body, watch)
            except _ClosedError:
                self._close()
        raise SendError("broken", "the connection was closed without an answer", watch.marks)

    def _exchange(self, headers: Mapping[str, str], body: bytes, watch: _Watch) -> Exchange:
        if self._socket is None:
            self._socket = self._connected(watch)
        bounded = self._socket
        bounded.until = watch.began + ANSWER_WITHIN
        try:
            bounded.sendall(self._request(headers, body))
            response = http.client.HTTPResponse(bounded, method="POST")  # type: ignore[arg-type]
            response.begin()
            watch.mark("first_byte")
            content = response.read(MOST_BYTES)
            whole = response.isclosed() or not response.read(1)
        except TimeoutError as error:
            self._close()
            raise SendError("timeout", f"no whole answer within {ANSWER_WITHIN:g} s", watch.marks) from error
        except (http.client.RemoteDisconnected, BrokenPipeError, ConnectionResetError) as error:
            raise _ClosedError from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._close()
            raise SendError("broken", f"{type(error).__name__}: {error}", watch.marks) from error
        watch.mark("whole")
        if response.will_close or not whole:
            self._close()
        head = {
            name.lower()[:100]: value[:_LONGEST_VALUE]
            for name, value in response.getheaders()[:_MOST_HEADERS]
        }
        return Exchange(response.status, head, content, watch.marks)

    def _request(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """HTTP/1.1 as text; a header with a line break in it is no header."""
        lines = [f"POST {self._target.path} HTTP/1.1", f"Host: {self._target.authority}"]
        for name, value in headers.items():
            if any(mark in name + value for mark in "\r\n\0"):
                raise ValueError("a header has a line break in it")
            lines.append(f"{name}: {value}")
        lines += [f"Content-Length: {len(body)}", "Accept: */*", "Accept-Encoding: identity", "", ""]
        return "\r\n".join(lines).encode("latin-1") + body

    def _connected(self, watch: _Watch) -> _Bounded:
        until = time.monotonic() + CONNECT_WITHIN
        if self._addresses is None:
            self._addresses = self._judged()
        watch.mark("resolved")
        refused: OSError | None = None
        for address in self._addresses:
            left = until - time.monotonic()
            if left <= 0:
                break
            try:
                plain = socket.create_connection((address, self._target.port), timeout=left)
            except OSError as error:
                refused = error
                continue
            watch.mark("connected")
            plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return _Bounded(self._secured(plain, until, watch) if self._target.secure else plain)
        if refused is None or isinstance(refused, TimeoutError):
            raise SendError("timeout", f"no connection within {CONNECT_WITHIN:g} s", watch.marks)
        raise SendError("connect", str(refused), watch.marks)

    def _judged(self) -> list[str]:
        """The resolver takes its own time, so it is asked in a thread that may be left behind."""
        answers: list[list[str] | Exception] = []

        def ask() -> None:
            try:
                answers.append(addresses_of(self._target, self._resolve, local=self._local))
            except Exception as error:  # noqa: BLE001 (raised again where it is waited for)
                answers.append(error)

        thread = threading.Thread(target=ask, daemon=True)
        thread.start()
        thread.join(CONNECT_WITHIN)
        if not answers:
            raise UnresolvedError(f"{self._target.host} was not resolved within {CONNECT_WITHIN:g} s")
        if isinstance(answers[0], Exception):
            raise answers[0]
        return answers[0]

    def _secured(self, plain: socket.socket, until: float, watch: _Watch) -> ssl.SSLSocket:
        plain.settimeout(max(until - time.monotonic(), 0.001))
        try:
            secured = _context().wrap_socket(plain, server_hostname=self._target.host.rstrip("."))
        except TimeoutError as error:
            plain.close()
            raise SendError("timeout", f"no TLS within {CONNECT_WITHIN:g} s", watch.marks) from error
        except (ssl.SSLError, OSError, ValueError) as error:
            plain.close()
            raise SendError("tls", str(error), watch.marks) from error
        watch.mark("secured")
        return secured

    def _close(self) -> None:
        if self._socket is not None:
            self._socket.close()
            self._socket = None


class _ClosedError(Exception):
    """The other side closed the connection before it answered."""


class _Watch:
    """Milliseconds since the request was begun, by what they led to."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.marks: dict[str, float] = {}

    def mark(self, name: str) -> None:
        self.marks[name] = round((time.monotonic() - self.began) * 1000, 1)


class _Bounded(io.RawIOBase):
    """A socket each of whose waits ends at `until`, however slowly bytes drip; as `http.client` takes a socket."""

    def __init__(self, connected: socket.socket) -> None:
        super().__init__()
        self._connected = connected
        self.until = 0.0

    def _bound(self) -> None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self._connected.settimeout(left)

    def sendall(self, content: bytes) -> None:
        self._bound()
        self._connected.sendall(content)

    def makefile(self, mode: str) -> io.BufferedReader:
        del mode
        return io.BufferedReader(_Reading(self))

    def readinto(self, buffer: Any) -> int:
        self._bound()
        return self._connected.recv_into(buffer)

    def readable(self) -> bool:
        return True

    def close(self) -> None:
        self._connected.close()
        super().close()


class _Reading(io.RawIOBase):
    """What one answer is read from; the socket stays open when it is closed."""

    def __init__(self, bounded: _Bounded) -> None:
        super().__init__()
        self._bounded = bounded

    def readinto(self, buffer: Any) -> int:
        return self._bounded.readinto(buffer)

    def readable(self) -> bool:
        return True


@cache
def _context() -> ssl.SSLContext:
    """The machine's trust roots, names checked, TLS 1.2 at least."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
