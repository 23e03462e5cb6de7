"""The pool's bookkeeping, with connections and a clock of the test's own."""

from __future__ import annotations

import threading
from typing import Any, cast

import psycopg
import pytest
from psycopg.pq import TransactionStatus

from sextant.storage import pool as pools
from sextant.storage.errors import DatabaseUnavailable, PoolExhausted
from sextant.storage.pool import ConnectionPool


class Link:
    """As much of a connection as the pool looks at."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.closed = False
        self.pgconn = self
        self.transaction_status = TransactionStatus.IDLE
        self.asked = 0
        self.answers = True

    def close(self) -> None:
        self.closed = True

    def execute(self, _: bytes) -> None:
        self.asked += 1
        if not self.answers:
            raise psycopg.OperationalError


class World:
    """A clock, and a database that can be down."""

    def __init__(self) -> None:
        self.now = 0.0
        self.down = False
        self.links: list[Link] = []

    def connect(self) -> Any:
        if self.down:
            raise psycopg.OperationalError
        self.links.append(Link(len(self.links)))
        return self.links[-1]

    def pool(self, **settings: float) -> ConnectionPool:
        given: dict[str, Any] = {
            "min_size": 0,
            "max_size": 2,
            "timeout": 0.02,
            "max_lifetime": 1000.0,
            "max_idle": 100.0,
            "check_after_idle": 20.0,
            **settings,
        }
        return ConnectionPool(self.connect, clock=lambda: self.now, **given)


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(pools, "has_news", lambda _: False)
    return World()


def number(connection: object) -> int:
    return cast(Link, connection).number


def test_the_connection_used_last_is_handed_out_first(world: World) -> None:
    pool = world.pool()
    first, second = pool.acquire(), pool.acquire()
    pool.release(first)
    pool.release(second)
    assert number(pool.acquire()) == number(second)


def test_one_that_is_in_a_transaction_or_broken_is_not_kept(world: World) -> None:
    pool = world.pool()
    connection = pool.acquire()
    cast(Link, connection).transaction_status = TransactionStatus.INTRANS
    pool.release(connection)
    assert world.links[0].closed
    assert (pool.statistics().idle, pool.statistics().in_use, pool.statistics().discarded) == (0, 0, 1)


def test_one_that_was_idle_for_long_is_asked_first(world: World) -> None:
    pool = world.pool()
    pool.release(pool.acquire())
    world.now = 19.0
    pool.release(pool.acquire())
    assert world.links[0].asked == 0
    world.now = 40.0
    pool.release(pool.acquire())
    assert world.links[0].asked == 1


def test_one_that_does_not_answer_is_replaced(world: World) -> None:
    pool = world.pool()
    pool.release(pool.acquire())
    world.links[0].answers = False
    world.now = 40.0
    assert number(pool.acquire()) == 1
    assert world.links[0].closed


def test_a_clock_that_steps_back_makes_it_ask(world: World) -> None:
    pool = world.pool()
    world.now = 50.0
    pool.release(pool.acquire())
    world.now = 10.0
    pool.acquire()
    assert world.links[0].asked == 1


def test_connections_beyond_the_minimum_go_when_long_unused(world: World) -> None:
    pool = world.pool(min_size=1)
    both = [pool.acquire(), pool.acquire()]
    for connection in both:
        pool.release(connection)
    world.now = 101.0
    pool.release(pool.acquire())
    assert pool.statistics().idle == 1


def test_old_connections_are_replaced(world: World) -> None:
    pool = world.pool()
    pool.release(pool.acquire())
    world.now = 1000.0
    assert number(pool.acquire()) == 1


def test_a_failed_connect_gives_its_place_back(world: World) -> None:
    pool = world.pool(max_size=1)
    world.down = True
    for _ in range(3):
        with pytest.raises(DatabaseUnavailable):
            pool.acquire()
    world.down = False
    pool.release(pool.acquire())
    assert (pool.statistics().open_failures, pool.statistics().in_use) == (3, 0)


def test_exhaustion_names_size_and_patience(world: World) -> None:
    pool = world.pool()
    pool.acquire()
    pool.acquire()
    with pytest.raises(PoolExhausted, match=r"All 2 database connections stayed in use for 0\.02 s"):
        pool.acquire()
    assert (pool.statistics().exhausted, pool.statistics().waiting) == (1, 0)


def test_waiters_are_served_in_the_order_they_came(world: World) -> None:
    pool = world.pool(max_size=1, timeout=10)
    held = pool.acquire()
    served: list[int] = []

    def wait(who: int) -> None:
        connection = pool.acquire()
        served.append(who)
        pool.release(connection)

    threads = []
    for who in range(5):
        threads.append(threading.Thread(target=wait, args=(who,)))
        threads[-1].start()
        while pool.statistics().waiting <= who:
            pass
    pool.release(held)
    for thread in threads:
        thread.join()
    assert served == [0, 1, 2, 3, 4]
    assert pool.statistics().wait_seconds > 0


def test_warming_up_opens_the_minimum(world: World) -> None:
    pool = world.pool(min_size=2)
    pool.warm_up()
    assert (pool.statistics().opened, pool.statistics().idle) == (2, 2)


def test_a_closed_pool_says_so_and_keeps_nothing(world: World) -> None:
    pool = world.pool()
    held = pool.acquire()
    pool.release(pool.acquire())
    pool.close()
    pool.release(held)
    assert all(link.closed for link in world.links)
    with pytest.raises(DatabaseUnavailable, match="closed"):
        pool.acquire()
