"""Answers are read once, never stale, and shared where a cache is configured."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from functions.api.output_routes import question
from sextant.outputs.cache import OutputCache, RedisCache
from tests.integration.outputs.conftest import OutputsApi

QUESTION = OutputCache.key("acme", 1, "what")


def test_of_many_that_ask_at_once_one_reads() -> None:
    cache = OutputCache(1000)
    ready, reads = threading.Barrier(8), []

    def read() -> bytes:
        reads.append(1)
        return b"answer"

    def ask() -> bytes:
        ready.wait()
        return cache.answer(QUESTION, read)

    with ThreadPoolExecutor(8) as pool:
        assert {future.result() for future in [pool.submit(ask) for _ in range(8)]} == {b"answer"}
    assert len(reads) == 1


def test_a_reading_that_fails_is_not_kept_and_the_next_one_reads() -> None:
    cache = OutputCache(1000)

    def fail() -> bytes:
        raise OSError("S3 is away")

    with pytest.raises(OSError, match="S3 is away"):
        cache.answer(QUESTION, fail)
    assert cache.answer(QUESTION, lambda: b"now") == b"now"


def test_what_was_used_least_goes_first() -> None:
    cache = OutputCache(20)
    for key in ("a", "b", "a", "c"):
        cache.answer(key, lambda: b"0123456789")
    assert cache.answer("a", lambda: b"read again") == b"0123456789"
    assert cache.answer("b", lambda: b"read again") == b"read again"


def test_processes_share_answers_through_redis(redis_url: str) -> None:
    one, other = (OutputCache(1000, RedisCache.connect(redis_url)) for _ in range(2))
    key = OutputCache.key("acme", 2, "shared")
    assert one.answer(key, lambda: b"read by one") == b"read by one"
    assert other.answer(key, lambda: b"read by the other") == b"read by one"


def test_a_cache_that_cannot_be_reached_costs_a_reading_and_nothing_else() -> None:
    away = RedisCache.connect("redis://127.0.0.1:1/0")
    assert OutputCache(1000, away).answer(QUESTION, lambda: b"read") == b"read"


def test_the_api_serves_from_the_cache_until_the_tenants_outputs_change(
    outputs_api: OutputsApi, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SEXTANT_CACHE_URL", redis_url)
    scenario = outputs_api.main_job.scenario()
    outputs_api.published(scenario, seed=1)
    path = f"/v1/scenarios/{scenario}/outputs"
    asked = [outputs_api.get(path, metric_name="price").json["data"] for _ in range(3)]
    assert asked[0] == asked[1] == asked[2]
    assert (question.answers().misses, question.answers().hits) == (1, 2)
    outputs_api.published(scenario, seed=2)
    assert len(outputs_api.get(path, metric_name="price").json["data"]) == 2 * len(asked[0])
