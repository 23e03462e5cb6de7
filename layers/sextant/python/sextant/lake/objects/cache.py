"""What a warm process remembers of immutable files: least recently used first to go, bounded by weight."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class WeightedCache(Generic[K, V]):
    """A thread-safe cache that holds values up to a summed weight; the newest value always stays."""

    def __init__(self, bound: int, weigh: Callable[[V], int] = lambda _: 1) -> None:
        self._bound = bound
        self._weigh = weigh
        self._held = 0
        self._values: OrderedDict[K, V] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        """The value, which is now the most recently used, or None."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: K, value: V) -> None:
        with self._lock:
            self._drop(key)
            self._values[key] = value
            self._held += self._weigh(value)
            while self._held > self._bound and len(self._values) > 1:
                self._drop(next(iter(self._values)))

    def discard(self, key: K) -> None:
        with self._lock:
            self._drop(key)

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
            self._held = 0

    def _drop(self, key: K) -> None:
        value = self._values.pop(key, None)
        if value is not None:
            self._held -= self._weigh(value)
