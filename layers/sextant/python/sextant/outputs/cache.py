"""Answers that need not be read twice: per process, and shared through Redis or Valkey where configured.

A key holds the tenant's output version. Every commit and every invalidation raises it, in the transaction that makes
the outputs visible, so that no later request has the key of an older answer. Where several miss the same key at once,
one reads and the others take its answer.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from cachetools import LRUCache

from sextant.config import Settings, optional

if TYPE_CHECKING:
    from redis import Redis

logger = logging.getLogger("sextant.outputs")

LIFETIME_SECONDS = 3600
_LOCK_SECONDS = 15
_WAIT_SECONDS = 5.0
_AWAY_SECONDS = 10.0


@dataclass(frozen=True)
class OutputCacheSettings(Settings):
    """The cache of answers that every process of the outputs function shares."""

    url: str | None = optional("SEXTANT_CACHE_URL", "The URL of a Redis server", secret=True)


class SharedCache(Protocol):
    """A cache that several processes share. It may forget anything at any time, and never fails its caller."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes) -> None: ...

    def claim(self, key: str) -> bool:
        """Whether the caller is to read what `key` stands for; False where another is reading it."""
        ...

    def give_up(self, key: str) -> None:
        """The caller claimed `key` and failed: another that waits is to read it."""
        ...


class RedisCache:
    """The shared cache on Redis or Valkey.

    Where it cannot be reached, or refuses, everything is read. For `_AWAY_SECONDS` it is not called again, so that in an
    outage one request waits for it and the others do not.
    """

    def __init__(self, client: Redis, clock: Callable[[], float] = time.monotonic) -> None:
        from redis.exceptions import RedisError

        self._client = client
        self._clock = clock
        self._unreachable = RedisError
        self._away_until = float("-inf")

    @classmethod
    def connect(cls, url: str, clock: Callable[[], float] = time.monotonic) -> RedisCache:
        """By URL: `redis://host:port/0`, or `rediss://user:password@host:port/0`, whose certificate is verified
        (`?ssl_ca_certs=` names another authority's). Nothing is sent yet; raises ValueError for no such URL."""
        from redis import Redis
        from redis.backoff import NoBackoff
        from redis.retry import Retry

        no_retry: Any = Retry(NoBackoff(), 0)
        client = Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=no_retry)
        return cls(client, clock)

    def get(self, key: str) -> bytes | None:
        value = self._call(lambda: self._client.get(key))
        return value if isinstance(value, bytes) else None

    def put(self, key: str, value: bytes) -> None:
        def store() -> None:
            self._client.set(key, value, ex=LIFETIME_SECONDS)
            self._client.delete(f"{key}:reading")

        self._call(store)

    def claim(self, key: str) -> bool:
        # While the cache is away nobody knows who reads, so the caller does.
        return self._call(lambda: self._client.set(f"{key}:reading", b"1", nx=True, ex=_LOCK_SECONDS)) or (
            self._clock() < self._away_until
        )

    def give_up(self, key: str) -> None:
        self._call(lambda: self._client.delete(f"{key}:reading"))

    def _call(self, command: Callable[[], Any]) -> Any:
        """The cache's answer to `command`; None while the cache is away."""
        if self._clock() < self._away_until:
            return None
        try:
            return command()
        except self._unreachable:
            self._away_until = self._clock() + _AWAY_SECONDS
            logger.warning("the shared cache cannot be reached", exc_info=True)
            return None


class OutputCache:
    """The answers of this process, at most `bound` bytes of them, over a shared cache where there is one."""

    def __init__(self, bound: int, shared: SharedCache | None = None) -> None:
        self._shared = shared
        self._answers: LRUCache[str, bytes] = LRUCache(bound, len)
        self._reading: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self.hits = 0
        self.misses = 0

    @staticmethod
    def key(tenant: str, version: int, question: str) -> str:
        """The key of an answer; the tenant and its version are part of it."""
        return f"sextant:outputs:{tenant}:{version}:{hashlib.sha256(question.encode()).hexdigest()}"

    def answer(self, key: str, read: Callable[[], bytes]) -> bytes:
        """What is kept under `key`, else what `read` gives; `read` is called once, however many callers there are."""
        mine = threading.Event()
        while True:
            with self._lock:
                if (kept := self._answers.get(key)) is not None:
                    self.hits += 1
                    return kept
                reading = self._reading.setdefault(key, mine)
            if reading is mine:
                break
            reading.wait(_WAIT_SECONDS)
        try:
            value = self._from_shared(key, read)
            with self._lock, suppress(ValueError):  # what is larger than the cache is not kept
                self._answers[key] = value
            return value
        finally:
            with self._lock:
                del self._reading[key]
            mine.set()

    def _from_shared(self, key: str, read: Callable[[], bytes]) -> bytes:
        shared = self._shared
        if shared is None:
            self.misses += 1
            return read()
        deadline = time.monotonic() + _WAIT_SECONDS
        while (kept := shared.get(key)) is None:
            if shared.claim(key) or time.monotonic() > deadline:
                self.misses += 1
                try:
                    value = read()
                except BaseException:
                    # Nobody is to wait for an answer that does not come. The error goes on upwards.
                    shared.give_up(key)
                    raise
                shared.put(key, value)
                return value
            time.sleep(0.02)
        self.hits += 1
        return kept
