"""A TCP proxy that can cut a client off from its broker, or keep the broker's answers from it."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from typing import Literal

Mode = Literal["pass", "cut", "silent"]


class FaultProxy:
    """Listens on a free loopback port. `mode` may change at any time.

    `pass`: as if it were not there. `cut`: connections are closed and refused. `silent`: what the client
    sends arrives, what the broker answers does not, so its acknowledgements are lost.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.target: tuple[str, int] | None = None
        self._mode: Mode = "pass"
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._threads: list[threading.Thread] = []
        self._accepting = self._start(self._accept)

    @property
    def mode(self) -> Mode:
        return self._mode

    @mode.setter
    def mode(self, mode: Mode) -> None:
        before, self._mode = self._mode, mode
        # A connection that has swallowed answers makes no sense to its client any more.
        if mode == "cut" or before == "silent":
            self._close_all()

    def close(self) -> None:
        self._mode = "cut"
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._close_all()
        for thread in [self._accepting, *self._threads]:
            thread.join(5)

    def _close_all(self) -> None:
        with self._lock:
            for one in self._open:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            if self._mode == "cut" or self.target is None:
                client.close()
                continue
            try:
                broker = socket.create_connection(self.target, timeout=5)
            except OSError:
                client.close()
                continue
            broker.settimeout(None)
            with self._lock:
                self._open |= {client, broker}
            self._threads += [
                self._start(self._pump, client, broker, False),
                self._start(self._pump, broker, client, True),
            ]

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if not (answers and self._mode == "silent"):
                    sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        # Each pump closes its own source; both ends are then closed once.
        with self._lock:
            self._open.discard(source)
        source.close()

    @staticmethod
    def _start(run: object, *arguments: object) -> threading.Thread:
        thread = threading.Thread(target=run, args=arguments, daemon=True)  # type: ignore[arg-type]
        thread.start()
        return thread
