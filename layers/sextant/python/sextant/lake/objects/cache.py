"""What a warm process remembers of immutable files: least recently used first to go, bounded by weight."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from contextlib import suppress
from typing import Generic, TypeVar

from cachetools import LRUCache

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class WeightedCache(Generic[K, V]):
    """An LRU cache that threads may share; a value heavier than the bound is not kept."""

    def __init__(self, bound: int, weigh: Callable[[V], int] = lambda _: 1) -> None:
        self._values: LRUCache[K, V] = LRUCache(bound, weigh)
        self._lock = threading.Lock()

    def get(self, key: K) -> V | None:
        with self._lock:
            return self._values.get(key)

    def put(self, key: K, value: V) -> None:
        with self._lock, suppress(ValueError):
            self._values[key] = value

    def discard(self, key: K) -> None:
        with self._lock:
            self._values.pop(key, None)

    def discard_where(self, holds: Callable[[K], bool]) -> None:
        with self._lock:
            for key in [key for key in self._values if holds(key)]:
                del self._values[key]

    def clear(self) -> None:
        with self._lock:
            self._values.clear()
