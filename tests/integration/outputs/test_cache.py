"""Answers are read once, never stale, and shared where a cache is configured."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from functions.api import output_query
from local import processes
from sextant.outputs.cache import OutputCache, RedisCache
from tests.environments import changed
from tests.integration.outputs.conftest import OutputsApi, redis_server
from tests.tls import behind_tls

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


def test_an_outage_is_read_through_asked_about_seldom_and_leaves_nothing_stale(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    # Given an answer of version 1 in a real server, asked for by processes that have none of their own
    now = [0.0]
    port = processes.free_port()
    shared = RedisCache.connect(f"redis://127.0.0.1:{port}/0", clock=lambda: now[0])
    before, after = (OutputCache.key("acme", version, "what") for version in (1, 2))

    def asked(key: str, read: bytes) -> bytes:
        return OutputCache(0, shared).answer(key, lambda: read)

    with redis_server(tmp_path, port=port) as server:
        assert asked(before, b"old") == b"old"
        assert asked(before, b"never read") == b"old"

        # When the server dies, everything is read, and the server is asked after once in ten seconds
        server.process.kill()
        server.process.wait()
        for turn in range(20):
            now[0] += 1.0
            assert asked(before, b"%d" % turn) == b"%d" % turn
        assert sum("cannot be reached" in record.message for record in caplog.records) == 2

    # And when it is back, with what it held, the version after finds nothing of the version before
    with redis_server(tmp_path, port=port):
        now[0] += 10.0
        assert asked(before, b"old") == b"old"
        assert asked(after, b"new") == b"new"
        assert asked(after, b"never read") == b"new"


def test_who_waits_for_a_reading_that_fails_elsewhere_reads_at_once(redis_url: str) -> None:
    one, other = (OutputCache(1000, RedisCache.connect(redis_url)) for _ in range(2))
    key = OutputCache.key("acme", 3, "fails")

    def fail() -> bytes:
        raise OSError("S3 is away")

    with pytest.raises(OSError, match="S3 is away"):
        one.answer(key, fail)
    began = time.monotonic()
    assert other.answer(key, lambda: b"read") == b"read"
    assert time.monotonic() - began < 2


def test_a_password_is_given_and_a_wrong_one_costs_a_reading(tmp_path: Path) -> None:
    with redis_server(tmp_path, "--requirepass", "p@ss word") as server:
        right = RedisCache.connect(f"redis://:p%40ss%20word@127.0.0.1:{server.port}/0")
        wrong = RedisCache.connect(f"redis://:guess@127.0.0.1:{server.port}/0")
        assert OutputCache(0, right).answer(QUESTION, lambda: b"kept") == b"kept"
        assert OutputCache(0, right).answer(QUESTION, lambda: b"never read") == b"kept"
        assert OutputCache(0, wrong).answer(QUESTION, lambda: b"read") == b"read"


def test_over_tls_the_servers_certificate_is_verified(redis_url: str, tmp_path: Path) -> None:
    # Given the server behind TLS, with a certificate of an authority of our own
    authority = tmp_path / "authority.pem"
    with behind_tls(int(redis_url.rpartition(":")[2].partition("/")[0]), tmp_path, authority) as port:
        trusting = RedisCache.connect(f"rediss://localhost:{port}/0?ssl_ca_certs={authority}")
        strange = RedisCache.connect(f"rediss://localhost:{port}/0")
        other_name = RedisCache.connect(f"rediss://127.0.0.1:{port}/0?ssl_ca_certs={authority}")
        key = OutputCache.key("acme", 4, "over TLS")

        # Then who trusts the authority shares answers, and nobody else does
        assert OutputCache(0, trusting).answer(key, lambda: b"kept") == b"kept"
        assert OutputCache(0, trusting).answer(key, lambda: b"never read") == b"kept"
        assert OutputCache(0, strange).answer(key, lambda: b"read") == b"read"
        assert OutputCache(0, other_name).answer(key, lambda: b"read too") == b"read too"


def test_a_url_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(ValueError, match="scheme"):
        RedisCache.connect("https://cache.test")


@pytest.fixture
def shared_cache(outputs_api: OutputsApi, redis_url: str) -> Iterator[None]:
    """The API's answers are kept in the server at `redis_url`."""
    with changed(SEXTANT_CACHE_URL=redis_url):
        yield


def test_the_api_serves_from_the_cache_until_the_tenants_outputs_change(
    outputs_api: OutputsApi, redis_url: str, shared_cache: None
) -> None:
    scenario = outputs_api.main_job.scenario()
    outputs_api.published(scenario, seed=1)
    path = f"/v1/scenarios/{scenario}/outputs"
    asked = [outputs_api.get(path, metric="price").json["data"] for _ in range(3)]
    assert asked[0] == asked[1] == asked[2]
    assert (output_query.answers().misses, output_query.answers().hits) == (1, 2)
    outputs_api.published(scenario, seed=2)
    assert len(outputs_api.get(path, metric="price").json["data"]) == 2 * len(asked[0])
