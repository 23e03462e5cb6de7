"""Rate limits: exact under concurrency, per tenant and path, with a daily cap, changed over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sextant import bootstrap
from sextant.ids import TenantId
from sextant.settings import service
from tests.integration.api.conftest import Client


def limit(client: Client, name: str, **value: Any) -> None:
    answer = client("PUT", f"/v1/admin/config/rate-limit/{name}", {"value": value, "reason": "test"})
    assert answer.status == 200, answer.body


def test_every_answer_says_what_is_left(client: Client) -> None:
    first, second = client("GET", "/v1/scenarios"), client("GET", "/v1/scenarios/xyz")
    assert (first.headers["X-RateLimit-Limit"], first.headers["X-RateLimit-Remaining"]) == ("6000", "5999")
    assert second.status == 404
    assert second.headers["X-RateLimit-Remaining"] == "5998", "a request that fails counts too"
    assert 0 < int(second.headers["X-RateLimit-Reset"]) <= 60
    assert second.headers["X-RateLimit-Daily-Limit"] == "2000000"


def test_a_limit_lets_through_what_it_says_and_tells_when_to_come_again(client: Client) -> None:
    limit(client, "scenarios", limit=3, window_seconds=60)
    statuses = [client("GET", "/v1/scenarios") for _ in range(5)]
    assert [answer.status for answer in statuses] == [200, 200, 200, 429, 429]
    refused = statuses[-1]
    assert refused.code == "rate_limited"
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    # Another path, another tenant: another count
    assert client("GET", "/v1/admin/config").status == 200


def test_the_longest_path_with_a_limit_decides(client: Client) -> None:
    scenario = client.scenario()["id"]
    limit(client, "scenarios.run", limit=1)
    path = f"/v1/scenarios/{scenario}/run"
    assert client("POST", path, {"seed": 1}).headers["X-RateLimit-Limit"] == "1"
    refused = client("POST", path, {"seed": 2})
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert len(client("GET", f"/v1/scenarios/{scenario}/runs").data) == 1, "what is refused is not run"
    assert client("GET", "/v1/scenarios").headers["X-RateLimit-Limit"] == "6000"


def test_a_bad_request_to_run_counts_as_well(client: Client) -> None:
    scenario = client.scenario()["id"]
    limit(client, "scenarios.run", limit=2)
    path = f"/v1/scenarios/{scenario}/run"
    statuses = [client("POST", path, {"priority": "ASAP"}).status for _ in range(3)]
    assert statuses == [422, 422, 429]


def test_a_daily_cap_ends_the_day(client: Client) -> None:
    limit(client, "scenarios", limit=100, window_seconds=1, daily_cap=2)
    answers = [client("GET", "/v1/scenarios") for _ in range(3)]
    assert [answer.status for answer in answers] == [200, 200, 429]
    assert answers[1].headers["X-RateLimit-Daily-Remaining"] == "0"
    assert int(answers[2].headers["Retry-After"]) > 1


def test_a_window_that_ended_begins_anew(client: Client, sql: Callable[..., list[Any]]) -> None:
    limit(client, "scenarios", limit=1)
    assert client("GET", "/v1/scenarios").status == 200
    assert client("GET", "/v1/scenarios").status == 429
    sql(
        "UPDATE rate_limit_counter SET window_start = now() - interval '1 minute' WHERE tenant_id = %s",
        client.tenant,
    )
    assert client("GET", "/v1/scenarios").status == 200


def test_however_many_come_at_once_exactly_the_limit_passes(client: Client) -> None:
    limit(client, "burst", limit=50)
    tenant = TenantId(client.tenant)

    def ask(_: int) -> bool:
        # An environment of its own for each: only the database is shared.
        with bootstrap.database().autocommit(tenant) as session:
            return service.admit(session, ["burst", "all"]).admitted

    with ThreadPoolExecutor(5) as pool:
        assert sum(pool.map(ask, range(200))) == 50


def test_an_override_is_removed_and_the_default_holds_again(client: Client) -> None:
    limit(client, "all", limit=5)
    assert client("GET", "/v1/scenarios").headers["X-RateLimit-Limit"] == "5"
    gone = client("DELETE", "/v1/admin/config/rate-limit/all", query={"reason": "enough"})
    assert gone.status == 204
    assert client("GET", "/v1/scenarios").headers["X-RateLimit-Limit"] == "6000"
