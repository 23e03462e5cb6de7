"""A proxy that cuts one connection after so many bytes: of a request on its way there, or of an answer on its way back."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

_AT_ONCE = struct.pack("ii", 1, 0)


class CuttingProxy:
    """Hands everything on to a server, until it is told to cut."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._server = (str(parts.hostname), int(parts.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.cuts = 0
        self._lock = threading.Lock()
        self._budget: dict[str, int | None] = {"there": None, "back": None}
        threading.Thread(target=self._accept, daemon=True).start()

    def cut_after(self, count: int, direction: str) -> None:
        """Cut the connection that carries the byte after the next `count` bytes of a direction, once."""
        with self._lock:
            self._budget = {"there": None, "back": None, direction: count}

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._server)
                for source, target, direction in ((client, server, "there"), (server, client, "back")):
                    threading.Thread(target=self._pump, args=(source, target, direction), daemon=True).start()

    def _pump(self, source: socket.socket, target: socket.socket, direction: str) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                allowed, cut = self._allowed(len(content), direction)
                target.sendall(content[:allowed])
                if cut:
                    # Reset, so that nothing waits for a graceful end.
                    for each in (source, target):
                        each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                    break
        for each in (source, target):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _allowed(self, count: int, direction: str) -> tuple[int, bool]:
        with self._lock:
            budget = self._budget[direction]
            if budget is None:
                return count, False
            if budget >= count:
                self._budget[direction] = budget - count
                return count, False
            self._budget[direction] = None
            self.cuts += 1
            return budget, True


@contextlib.contextmanager
def proxied(url: str) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(url)
    try:
        yield proxy
    finally:
        proxy.close()
