"""A bounded pool of connections, made for a process that may be frozen at any moment.

It differs from `psycopg_pool` where a Lambda function needs it to: no background threads; a connection
is opened in the thread that asks for it, so that a refused connection is that caller's error at once
and not a timeout; the connection used last is handed out first; and one that lay idle across a freeze
is checked before use. Waiters are served first come, first served.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from time import monotonic, time

import psycopg

from sextant.storage.errors import DatabaseUnavailable, PoolExhausted
from sextant.storage.pipeline import Connection, has_news


@dataclass(frozen=True)
class PoolStatistics:
    """A snapshot: sizes now, the rest counted since the process began; times in seconds."""

    min_size: int
    max_size: int
    in_use: int
    idle: int
    waiting: int
    acquired: int
    waited: int
    wait_seconds: float
    exhausted: int
    opened: int
    open_failures: int
    discarded: int

    @property
    def utilisation(self) -> float:
        """Share of the pool that is in use now, 0 to 1."""
        return self.in_use / self.max_size


@dataclass
class _Idle:
    connection: Connection
    opened_at: float
    used_at: float


class ConnectionPool:
    """At most `max_size` connections; thread-safe.

    Times are wall-clock, because the monotonic clock may stand still while the process is frozen.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        *,
        min_size: int,
        max_size: int,
        timeout: float,
        max_lifetime: float,
        max_idle: float,
        check_after_idle: float,
        clock: Callable[[], float] = time,
    ) -> None:
        self._connect = connect
        self._min_size = min_size
        self._max_size = max_size
        self._timeout = timeout
        self._max_lifetime = max_lifetime
        self._max_idle = max_idle
        self._check_after_idle = check_after_idle
        self._clock = clock
        self._lock = threading.Lock()
        self._free = max_size
        self._waiters: deque[threading.Lock] = deque()
        self._idle: deque[_Idle] = deque()
        self._opened_at: dict[int, float] = {}
        self._closed = False
        self._acquired = self._waited = self._exhausted = 0
        self._opened = self._open_failures = self._discarded = 0
        self._wait_seconds = 0.0

    def acquire(self) -> Connection:
        """A working connection, idle and in autocommit; give it back with `release`.

        Raises `PoolExhausted` after `timeout`, `DatabaseUnavailable` when none can be opened.
        """
        self._take_slot()
        try:
            return self._working_idle() or self._open()
        except BaseException:
            self._free_slot()
            raise

    def release(self, connection: Connection) -> None:
        """Take `connection` back; one that is not idle (broken, or in a transaction) is closed."""
        healthy = (
            not connection.closed
            and connection.pgconn.transaction_status == psycopg.pq.TransactionStatus.IDLE
        )
        now = self._clock()
        surplus: Connection | None = None
        with self._lock:
            opened_at = self._opened_at.pop(id(connection), now)
            if healthy and not self._closed and now - opened_at < self._max_lifetime:
                self._idle.append(_Idle(connection, opened_at, now))
                if len(self._idle) > self._min_size and now - self._idle[0].used_at > self._max_idle:
                    surplus = self._idle.popleft().connection
            else:
                surplus = connection
                self._discarded += not healthy
        if surplus is not None:
            with suppress(psycopg.Error):
                surplus.close()
        self._free_slot()

    def warm_up(self) -> None:
        """Open `min_size` connections now, rather than in the first request."""
        with ExitStack() as opened:
            for _ in range(self._min_size):
                opened.callback(self.release, self.acquire())

    def close(self) -> None:
        """Close idle connections now and the others when they come back; `acquire` then raises."""
        with self._lock:
            self._closed = True
            idle = list(self._idle)
            self._idle.clear()
        for one in idle:
            one.connection.close()

    def statistics(self) -> PoolStatistics:
        with self._lock:
            return PoolStatistics(
                min_size=self._min_size,
                max_size=self._max_size,
                in_use=self._max_size - self._free,
                idle=len(self._idle),
                waiting=len(self._waiters),
                acquired=self._acquired,
                waited=self._waited,
                wait_seconds=self._wait_seconds,
                exhausted=self._exhausted,
                opened=self._opened,
                open_failures=self._open_failures,
                discarded=self._discarded,
            )

    def _take_slot(self) -> None:
        with self._lock:
            if self._closed:
                raise DatabaseUnavailable("The connection pool is closed.")
            self._acquired += 1
            if self._free and not self._waiters:
                self._free -= 1
                return
            turn = threading.Lock()
            turn.acquire()
            self._waiters.append(turn)
            self._waited += 1
        began = monotonic()
        granted = turn.acquire(timeout=self._timeout)
        with self._lock:
            self._wait_seconds += monotonic() - began
            if granted:
                return
            if turn in self._waiters:
                self._waiters.remove(turn)
                self._exhausted += 1
                raise PoolExhausted(
                    f"All {self._max_size} database connections stayed in use for {self._timeout:g} s."
                )
            # The turn was granted between the timeout and the lock: the slot is ours.

    def _free_slot(self) -> None:
        with self._lock:
            if self._waiters:
                self._waiters.popleft().release()
            else:
                self._free += 1

    def _working_idle(self) -> Connection | None:
        """The most recently used connection that still works."""
        while True:
            with self._lock:
                if not self._idle:
                    return None
                one = self._idle.pop()
            now = self._clock()
            connection = one.connection
            if now - one.opened_at < self._max_lifetime and self._works(connection, now - one.used_at):
                with self._lock:
                    self._opened_at[id(connection)] = one.opened_at
                return connection
            with self._lock:
                self._discarded += 1
            with suppress(psycopg.Error):
                connection.close()

    def _works(self, connection: Connection, idle: float) -> bool:
        """Whether the connection is alive: asked over the wire only if it is silent for long or has news.

        A server that ended the session has said so on the socket, which costs no round trip to see.
        """
        if connection.closed:
            return False
        if 0 <= idle < self._check_after_idle and not has_news(connection):
            return True
        try:
            connection.execute(b"SELECT 1")
        except psycopg.Error:
            return False
        return True

    def _open(self) -> Connection:
        try:
            connection = self._connect()
        except psycopg.Error as error:
            with self._lock:
                self._open_failures += 1
            raise DatabaseUnavailable from error
        with self._lock:
            self._opened += 1
            self._opened_at[id(connection)] = self._clock()
        return connection
