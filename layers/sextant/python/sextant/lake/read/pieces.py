"""A file that one thread writes and another reads, in pieces of a megabyte, in bounded memory."""

from __future__ import annotations

import io
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Final

_PIECE_BYTES: Final = 1 << 20
_PIECES_WAITING: Final = 4


class Sink:
    """The end that is written to."""

    def __init__(self) -> None:
        self._waiting: queue.Queue[bytes | None] = queue.Queue(_PIECES_WAITING)
        self._held = bytearray()
        self._abandoned = False

    def write(self, data: bytes) -> int:
        """Take the bytes; waits while the reader is some pieces behind. Raises BrokenPipeError where nobody reads on."""
        if self._abandoned:
            raise BrokenPipeError
        self._held += data
        if len(self._held) >= _PIECE_BYTES:
            self._hand_over()
        return len(data)

    def flush(self) -> None:
        """A piece is handed over when it is full."""

    def seek(self, *_: int) -> int:
        """The writer of Arrow asks whether there is such a thing, and does not use it."""
        raise io.UnsupportedOperation("what is written may be gone already")

    def close(self) -> None:
        """What is held is handed over when all work is done."""

    def _end(self) -> None:
        self._hand_over()
        self._put(None)

    def _abandon(self) -> None:
        self._abandoned = True

    def _pieces(self) -> Iterator[bytes]:
        while (piece := self._waiting.get()) is not None:
            yield piece

    def _hand_over(self) -> None:
        if self._held:
            self._put(bytes(self._held))
            self._held.clear()

    def _put(self, piece: bytes | None) -> None:
        while not self._abandoned:
            try:
                self._waiting.put(piece, timeout=0.1)
            except queue.Full:
                continue
            return

    @classmethod
    def pieces_of(cls, work: Callable[[Sink], object]) -> Iterator[bytes]:
        """What `work` writes, as it writes it. Raises what `work` raises; stops it where nobody reads on."""
        sink = cls()
        failures: list[BaseException] = []

        def write() -> None:
            try:
                work(sink)
            except BaseException as error:  # noqa: BLE001 (the thread that reads the pieces raises it)
                failures.append(error)
            finally:
                sink._end()

        writer = threading.Thread(target=write, name="lake-export", daemon=True)
        writer.start()
        try:
            yield from sink._pieces()
        finally:
            sink._abandon()
            writer.join()
        if failures:
            raise failures[0]
