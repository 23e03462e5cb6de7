"""The query cache: what it serves, and that nothing old survives a write."""

from __future__ import annotations

from sextant.storage.temporal.cache import QueryCache, Scope

SCOPE = Scope("db", "note", "acme")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def fill(cache: QueryCache, key: str = "k", value: object = "v", ttl: float = 10.0) -> None:
    _, _, generation = cache.get(SCOPE, key)
    cache.put(SCOPE, key, value, generation=generation, ttl=ttl)


def serves(cache: QueryCache, key: str = "k", scope: Scope = SCOPE) -> bool:
    return cache.get(scope, key)[0]


def test_serves_until_its_time_is_up() -> None:
    clock = Clock()
    cache = QueryCache(clock=clock)
    fill(cache)
    clock.now = 9.9
    assert cache.get(SCOPE, "k")[:2] == (True, "v")
    clock.now = 10.0
    assert not serves(cache)


def test_that_there_is_nothing_is_an_answer_too() -> None:
    cache = QueryCache()
    fill(cache, value=None)
    assert cache.get(SCOPE, "k")[:2] == (True, None)


def test_a_write_ends_what_was_read_before_it() -> None:
    cache = QueryCache()
    fill(cache)
    cache.invalidate(SCOPE)
    assert not serves(cache)


def test_an_answer_from_before_a_write_is_not_kept_after_it() -> None:
    """A reader asks, a writer commits, and only then the reader's answer arrives."""
    cache = QueryCache()
    _, _, generation = cache.get(SCOPE, "k")
    cache.invalidate(SCOPE)
    cache.put(SCOPE, "k", "old", generation=generation, ttl=10)
    assert not serves(cache)


def test_other_tenants_tables_and_databases_keep_theirs() -> None:
    cache = QueryCache()
    fill(cache)
    for other in (SCOPE._replace(tenant="x"), SCOPE._replace(table="x"), SCOPE._replace(database="x")):
        cache.invalidate(other)
        assert not serves(cache, scope=other)
    assert serves(cache)


def test_the_least_recently_used_goes_first() -> None:
    cache = QueryCache(max_entries=2)
    fill(cache, "a")
    fill(cache, "b")
    assert serves(cache, "a")
    fill(cache, "c")
    assert (serves(cache, "a"), serves(cache, "b"), serves(cache, "c")) == (True, False, True)
