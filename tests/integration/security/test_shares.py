"""What is everybody's, one tenant cannot take: functions that wait, and limits that protect the others."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.conftest import Client
from tests.integration.invoking import Answer


def put(client: Client, setting: str, **value: Any) -> Answer:
    return client("PUT", f"/v1/admin/config/{setting}", {"value": value, "reason": "test"})


@pytest.mark.parametrize(
    ("setting", "value", "field"),
    [
        ("rate-limit/all", {"limit": 6001}, "limit"),
        ("rate-limit/all", {"limit": 6000, "window_seconds": 1}, "window_seconds"),
        ("rate-limit/all", {"limit": 100, "daily_cap": 3_000_000}, "daily_cap"),
        ("rate-limit/scenarios", {"limit": 1_000_000}, "limit"),
        ("rate-limit/waits", {"limit": 61}, "limit"),
        ("concurrency/runs", {"max_running": 101}, "max_running"),
    ],
)
def test_a_tenants_own_people_cannot_raise_what_protects_the_others(
    client: Client, setting: str, value: dict[str, int], field: str
) -> None:
    before = client("GET", "/v1/admin/config").data
    answer = put(client, setting, **value)
    assert (answer.status, answer.broken_paths) == (422, [f"value.{field}"]), answer.body
    assert client("GET", "/v1/admin/config").data == before
    assert put(client.as_("super_admin"), setting, **value).status == 200


def test_a_tenants_own_people_may_take_less(client: Client) -> None:
    assert put(client, "rate-limit/scenarios", limit=100, window_seconds=1).data["value"] == {
        "limit": 100,
        "window_seconds": 1,
        "daily_cap": 2_000_000,
    }, "a rule of their own leaves the platform's cap of the day in force"
    assert put(client, "concurrency/runs", max_running=0).status == 200


def test_requests_that_wait_are_few_and_the_rest_are_answered_at_once(
    client: Client, new_client: Callable[..., Client]
) -> None:
    # Given a tenant that may wait once a minute, and a run that nothing happens to
    assert put(client, "rate-limit/waits", limit=1).status == 200
    scenario = client.scenario()["id"]
    path = f"/v1/scenarios/{scenario}/runs/{client.run(scenario)['id']}"
    seen = {"if-none-match": client("GET", path).headers["ETag"]}
    # When it waits twice
    first, began = client("GET", path, query={"wait": 1}, headers=seen), time.monotonic()
    second = client("GET", path, query={"wait": 20}, headers=seen)
    # Then the second holds no function, and says when waiting is possible again
    assert time.monotonic() - began < 5
    assert (first.status, second.status) == (304, 304)
    assert "Retry-After" not in first.headers
    assert 1 <= int(second.headers["Retry-After"]) <= 60
    assert second.headers["ETag"] == seen["if-none-match"]
    # And what has changed already is told without counting as a wait
    assert client("GET", path, query={"wait": 20}, headers={"if-none-match": '"other"'}).status == 200
