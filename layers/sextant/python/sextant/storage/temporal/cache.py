"""Query results kept for a while, never served once a unit of work of this process has changed the table.

Every tenant and table has a generation. A reader takes it before it asks the database and stores the
answer under it; a writer raises it when its unit of work ends. So an answer read before a commit and stored
after it is never served. Another process's writes show when the entry's time is up, at the latest.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from time import time
from typing import NamedTuple


class Scope(NamedTuple):
    """What is invalidated together: one tenant's rows of one table in one database."""

    database: str
    table: str
    tenant: str


class _Entry(NamedTuple):
    generation: int
    expires_at: float
    value: object


class QueryCache:
    """Bounded, least recently used first out; thread-safe."""

    def __init__(self, max_entries: int = 1000, *, clock: Callable[[], float] = time) -> None:
        self._max_entries = max_entries
        self._clock = clock
        self._lock = threading.Lock()
        self._generations: dict[Scope, int] = {}
        self._entries: OrderedDict[tuple[Scope, Hashable], _Entry] = OrderedDict()
        self.hits = 0
        self.misses = 0

    def get(self, scope: Scope, key: Hashable) -> tuple[bool, object, int]:
        """Whether there is a fresh answer, the answer, and the generation to `put` a new one under."""
        with self._lock:
            generation = self._generations.get(scope, 0)
            entry = self._entries.get((scope, key))
            if entry and entry.generation == generation and entry.expires_at > self._clock():
                self._entries.move_to_end((scope, key))
                self.hits += 1
                return True, entry.value, generation
            self.misses += 1
            return False, None, generation

    def put(self, scope: Scope, key: Hashable, value: object, *, generation: int, ttl: float) -> None:
        """Keep `value` for `ttl` seconds, unless the scope was written to since `generation`."""
        with self._lock:
            if self._generations.get(scope, 0) != generation:
                return
            self._entries[scope, key] = _Entry(generation, self._clock() + ttl, value)
            self._entries.move_to_end((scope, key))
            while len(self._entries) > self._max_entries:
                self._entries.popitem(last=False)

    def invalidate(self, scope: Scope) -> None:
        """Serve nothing of `scope` that was read before now."""
        with self._lock:
            self._generations[scope] = self._generations.get(scope, 0) + 1


PROCESS_CACHE = QueryCache()
"""What every repository of this process shares, so that one's write is seen by the other's read."""
