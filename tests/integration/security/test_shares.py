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
        ("config/long-poll", {"seconds": 21}, "seconds"),
        ("config/journal", {"enabled": True, "per_minute": 61}, "per_minute"),
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
    assert put(client, "concurrency/runs", max_running=1).status == 200


def test_a_tenants_own_people_do_not_switch_on_what_the_platform_switched_off(
    client: Client, new_client: Callable[..., Client]
) -> None:
    root = new_client("super_admin")
    body = {"value": {"enabled": False}, "reason": "it hurts everybody"}
    assert root("PUT", "/v1/admin/config/flag/outputs", body, query={"platform": "true"}).status == 200
    answer = put(client, "flag/outputs", enabled=True)
    assert (answer.status, answer.broken_paths) == (422, ["value.enabled"])
    assert put(client, "flag/outputs", enabled=False).status == 200
    root("DELETE", "/v1/admin/config/flag/outputs", query={"reason": "x", "platform": "true"})


def test_many_limits_of_ones_own_are_together_no_more_than_the_platforms(client: Client) -> None:
    # Given a tenant that the platform allows six requests, and two rules of its own that allow six each
    root = client.as_("super_admin")
    assert put(client, "rate-limit/scenarios", limit=6).status == 200
    assert put(client, "rate-limit/incidents", limit=4).status == 200
    assert put(root, "rate-limit/all", limit=6).status == 200
    # When requests of both kinds come
    paths = ["/v1/incidents"] * 5 + ["/v1/scenarios"] * 3
    statuses = [client("GET", path).status for path in paths]
    # Then each own limit holds, and the platform's over both; what is refused counts nowhere
    assert statuses == [200] * 4 + [429] + [200, 200, 429]
    # And there is no more by a rule longer than the one that the platform set
    assert put(root, "rate-limit/scenarios", limit=2).status == 200
    answer = put(client, "rate-limit/scenarios.runs", limit=3)
    assert (answer.status, answer.broken_paths) == (422, ["value.limit"])


def test_what_who_manages_tenants_set_only_they_change(client: Client) -> None:
    # Given a tenant that the platform's people gave less than the others, and more of something else
    root = client.as_("super_admin")
    assert put(root, "rate-limit/all", limit=600).data["by_platform"] is True
    assert put(root, "concurrency/runs", max_running=500).status == 200
    # When its own people change or remove it, or take more by a longer rule
    for value in ({"limit": 6000}, {"limit": 10}):
        refused = put(client, "rate-limit/all", **value)
        assert (refused.status, refused.json["required_permission"]) == (403, "tenants:manage")
    removed = client("DELETE", "/v1/admin/config/rate-limit/all", query={"reason": "ours"})
    assert (removed.status, removed.json["required_permission"]) == (403, "tenants:manage")
    longer = put(client, "rate-limit/scenarios", limit=601)
    assert (longer.status, longer.broken_paths) == (422, ["value.limit"])
    # Then it holds, and is theirs again once the platform's people remove it
    trail = client("GET", "/v1/admin/config-audit").data
    assert [entry["after"] for entry in trail] == [
        {"max_running": 500},
        {"limit": 600, "window_seconds": 60},
    ]
    assert put(client, "rate-limit/scenarios", limit=600).data["by_platform"] is False
    assert root("DELETE", "/v1/admin/config/rate-limit/all", query={"reason": "over"}).status == 204
    assert put(client, "rate-limit/all", limit=5000).status == 200


def quota(client: Client, **values: Any) -> Answer:
    return client("PUT", "/v1/admin/quotas", {**values, "reason": "ours"})


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"max_events": 100_000}, "max_events"),
        ({"max_events": 1001}, "max_events"),
        ({"max_pending": 10_000_000}, "max_pending"),
        ({"batch_limit": 1000}, "batch_limit"),
        ({"window_seconds": 1}, "window_seconds"),
        ({"backoff_seconds": 0}, "backoff_seconds"),
        ({"max_events": 500, "window_seconds": 29}, "window_seconds"),
    ],
)
def test_a_tenants_own_people_cannot_raise_its_outbox_quota(
    client: Client, values: dict[str, int], field: str
) -> None:
    refused = quota(client, **values)
    assert (refused.status, refused.broken_paths) == (422, [field]), refused.body
    assert client("GET", "/v1/admin/outbox-audit").data == []
    assert quota(client.as_("super_admin"), **values).status == 200


def test_a_tenant_takes_less_of_the_outbox_and_neither_resets_nor_undoes(client: Client) -> None:
    root = client.as_("super_admin")
    # Given a quota that the tenant's own people made smaller: they may give it back
    assert quota(client, max_events=10, max_pending=50).data["by_platform"] is False
    assert quota(client, max_events=500, window_seconds=30).data["max_events"] == 500
    assert quota(client, max_events=1000, window_seconds=60).data["max_events"] == 1000
    # When they ask for a new window with nothing used, or change what the platform's people set
    reset = client("POST", "/v1/admin/quotas/reset", {"reason": "ours"})
    assert (reset.status, reset.json["required_permission"]) == (403, "tenants:manage")
    assert quota(root, max_events=5).data["by_platform"] is True
    refused = quota(client, max_events=6)
    # Then that is refused, until who manages tenants resets it
    assert (refused.status, refused.json["required_permission"]) == (403, "tenants:manage")
    assert root("POST", "/v1/admin/quotas/reset", {"reason": "over"}).data["by_platform"] is False
    assert quota(client, max_events=6).status == 200


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
    # So does one that waits for the run's end
    third = client("GET", path, query={"wait": 20})
    assert (third.status, "Retry-After" in third.headers) == (200, True)
    # And what has changed already is told without counting as a wait
    assert client("GET", path, query={"wait": 20}, headers={"if-none-match": '"other"'}).status == 200
