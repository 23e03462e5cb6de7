"""Readings that end when their time is over, watched by one thread for all: starting one for each took longer than some readings."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_LOOKS_EVERY: Final = 0.1


class Deadlines:
    """Calls what is to be called when a time is over. Its thread sleeps while nothing is watched."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._watched: dict[object, tuple[float, Callable[[], object]]] = {}
        self._some = threading.Event()
        self._thread: threading.Thread | None = None
        self._ended = False

    @contextmanager
    def within(self, seconds: float, stop: Callable[[], object]) -> Iterator[None]:
        """Call `stop` once, a tenth of a second late at most, where what is done within takes longer than `seconds`."""
        key = object()
        with self._lock:
            self._watched[key] = time.monotonic() + seconds, stop
            self._some.set()
            if self._thread is None:
                self._thread = threading.Thread(target=self._watch, name="lake-deadlines", daemon=True)
                self._thread.start()
        try:
            yield
        finally:
            # Under the lock, so that nothing is stopped that is over.
            with self._lock:
                self._watched.pop(key, None)

    def close(self) -> None:
        """End the thread: one that is left when the interpreter ends is cut off wherever it is."""
        self._ended = True
        self._some.set()
        if self._thread is not None:
            self._thread.join()

    def _watch(self) -> None:
        while not self._ended:
            self._some.wait()
            with self._lock:
                now = time.monotonic()
                late = [key for key, (until, _) in self._watched.items() if until <= now]
                for key in late:
                    _, stop = self._watched.pop(key)
                    stop()
                if not self._watched and not self._ended:
                    self._some.clear()
            time.sleep(_LOOKS_EVERY)
