"""Answers that need not be read twice: per process, and shared through Redis or Valkey where configured.

A key holds the tenant's output version, which every commit and invalidation raises in the transaction that
makes the outputs visible: an answer from before is never found again, it only grows old. Of several that
miss the same key at once one reads, and the others take what it found.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from redis import Redis

logger = logging.getLogger("sextant.outputs")

LIFETIME_SECONDS = 3600
_LOCK_SECONDS = 15
_WAIT_SECONDS = 5.0
_AWAY_SECONDS = 10.0


class SharedCache(Protocol):
    """A cache that several processes share. It may forget anything at any time, and never fails its caller."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, value: bytes) -> None: ...

    def claim(self, key: str) -> bool:
        """Whether the caller is to read what `key` stands for; False where another is at it."""
        ...

    def give_up(self, key: str) -> None:
        """The caller claimed `key` and failed: whoever waits is to read it."""
        ...


class RedisCache:
    """The shared cache on Redis or Valkey.

    Where it cannot be reached, or refuses, everything is read; and for `_AWAY_SECONDS` it is not asked again, so that
    an outage costs one request its patience and not each of them several times.
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

        never_again: Any = Retry(NoBackoff(), 0)
        return cls(
            Redis.from_url(url, socket_timeout=0.5, socket_connect_timeout=0.5, retry=never_again), clock
        )

    def get(self, key: str) -> bytes | None:
        found = self._asked(lambda: self._client.get(key))
        return found if isinstance(found, bytes) else None

    def put(self, key: str, value: bytes) -> None:
        def store() -> None:
            self._client.set(key, value, ex=LIFETIME_SECONDS)
            self._client.delete(f"{key}:reading")

        self._asked(store)

    def claim(self, key: str) -> bool:
        # An answer is sought while somebody reads it; nobody known to read it means that the caller does.
        return self._asked(lambda: self._client.set(f"{key}:reading", b"1", nx=True, ex=_LOCK_SECONDS)) or (
            self._clock() < self._away_until
        )

    def give_up(self, key: str) -> None:
        self._asked(lambda: self._client.delete(f"{key}:reading"))

    def _asked(self, ask: Callable[[], Any]) -> Any:
        """What the cache answers; None while it is away."""
        if self._clock() < self._away_until:
            return None
        try:
            return ask()
        except self._unreachable:
            self._away_until = self._clock() + _AWAY_SECONDS
            logger.warning("the shared cache cannot be reached", exc_info=True)
            return None


class OutputCache:
    """The answers of this process, at most `bound` bytes of them, over a shared cache where there is one."""

    def __init__(self, bound: int, shared: SharedCache | None = None) -> None:
        self._bound = bound
        self._shared = shared
        self._held = 0
        self._answers: OrderedDict[str, bytes] = OrderedDict()
        self._reading: dict[str, threading.Event] = {}
        self._lock = threading.Lock()
        self.hits = 0
        self.misses = 0

    @staticmethod
    def key(tenant: str, version: int, question: str) -> str:
        """The key of an answer; the tenant and its version are part of it."""
        return f"sextant:outputs:{tenant}:{version}:{hashlib.sha256(question.encode()).hexdigest()}"

    def answer(self, key: str, read: Callable[[], bytes]) -> bytes:
        """What is kept under `key`, else what `read` gives; `read` is called once however many ask."""
        mine = threading.Event()
        while True:
            with self._lock:
                if (kept := self._answers.get(key)) is not None:
                    self._answers.move_to_end(key)
                    self.hits += 1
                    return kept
                reading = self._reading.setdefault(key, mine)
            if reading is mine:
                break
            reading.wait(_WAIT_SECONDS)
        try:
            value = self._from_shared(key, read)
            self._keep(key, value)
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
        while (found := shared.get(key)) is None:
            if shared.claim(key) or time.monotonic() > deadline:
                self.misses += 1
                try:
                    value = read()
                except BaseException:
                    # Whatever went wrong goes on upwards; who waits for this answer must not wait in vain.
                    shared.give_up(key)
                    raise
                shared.put(key, value)
                return value
            time.sleep(0.02)
        self.hits += 1
        return found

    def _keep(self, key: str, value: bytes) -> None:
        with self._lock:
            self._held += len(value)
            self._answers[key] = value
            while self._held > self._bound and len(self._answers) > 1:
                _, dropped = self._answers.popitem(last=False)
                self._held -= len(dropped)
