"""Flags, limits and configuration over HTTP, and the audit that nobody can rewrite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.conftest import Client


def put(client: Client, path: str, value: dict[str, Any], **more: Any) -> Any:
    return client("PUT", f"/v1/admin/config/{path}", {"value": value, "reason": "because"}, **more)


def test_the_outputs_flag_switches_outputs_off_at_once(
    client: Client, new_client: Callable[..., Client]
) -> None:
    scenario = client.scenario()["id"]
    path = f"/v1/scenarios/{scenario}/metrics/latest"
    assert client("GET", path).status == 200
    assert put(client, "flag/outputs", {"enabled": False}).data["own"] is True
    off = client("GET", path)
    assert (off.status, off.code, off.headers["Retry-After"]) == (503, "feature_disabled", "60")
    other = new_client()
    assert other("GET", f"/v1/scenarios/{other.scenario()['id']}/metrics/latest").status == 200
    put(client, "flag/outputs", {"enabled": True})
    assert client("GET", path).status == 200


def test_each_change_is_audited_with_its_reason(client: Client, sql: Callable[..., list[Any]]) -> None:
    put(client, "config/long-poll", {"seconds": 5})
    put(client, "config/long-poll", {"seconds": 7})
    client("DELETE", "/v1/admin/config/config/long-poll", query={"reason": "back"})
    trail = client("GET", "/v1/admin/config-audit").data
    assert [(entry["before"], entry["after"], entry["reason"]) for entry in trail] == [
        ({"seconds": 7}, None, "back"),
        ({"seconds": 5}, {"seconds": 7}, "because"),
        (None, {"seconds": 5}, "because"),
    ]
    assert {entry["actor"] for entry in trail} == {"ana"}
    for statement in (
        "UPDATE config_audit SET actor = 'x'",
        "DELETE FROM config_audit",
        "TRUNCATE config_audit",
    ):
        with pytest.raises(Exception, match="append-only"):
            sql(statement)


def test_what_holds_is_ones_own_before_the_platforms(client: Client) -> None:
    put(client, "concurrency/runs", {"max_running": 3})
    found = {(s["kind"], s["name"]): s for s in client("GET", "/v1/admin/config").data}
    assert found["concurrency", "runs"]["value"] == {"max_running": 3}
    assert found["concurrency", "runs"]["own"] is True
    assert found["rate-limit", "all"]["own"] is False


@pytest.mark.parametrize(
    ("path", "value", "status", "broken"),
    [
        ("flag/outputs", {"enabled": "yes"}, 422, "value.enabled"),
        ("flag/outputs", {}, 422, "value.enabled"),
        ("rate-limit/all", {"limit": -1}, 422, "value.limit"),
        ("rate-limit/all", {"limit": 1, "window_seconds": 0}, 422, "value.window_seconds"),
        ("concurrency/runs", {"max_running": 1, "min": 2}, 422, "value.min"),
        ("config/long-poll", {"seconds": 60}, 422, "value.seconds"),
    ],
)
def test_a_bad_value_is_refused_by_field(
    client: Client, path: str, value: dict[str, Any], status: int, broken: str
) -> None:
    answer = put(client, path, value)
    assert (answer.status, answer.broken_paths) == (status, [broken]), answer.body
    assert client("GET", "/v1/admin/config-audit").data == []


def test_a_setting_that_means_nothing_is_not_found(client: Client) -> None:
    assert put(client, "config/colour", {"seconds": 1}).code == "setting_not_found"
    assert put(client, "mood/good", {"x": 1}).status == 404
    assert client("DELETE", "/v1/admin/config/flag/outputs", query={"reason": "x"}).status == 404


def test_the_platforms_defaults_are_the_super_admins(
    client: Client, new_client: Callable[..., Client]
) -> None:
    value = {"enabled": True}
    refused = put(client, "flag/new-engine", value, query={"platform": "true"})
    assert (refused.status, refused.json["required_permission"]) == (403, "tenants:manage")
    root = new_client("super_admin")
    assert put(root, "flag/new-engine", value, query={"platform": "true"}).status == 200
    found = {(s["kind"], s["name"]) for s in client("GET", "/v1/admin/config").data}
    assert ("flag", "new-engine") in found
    assert client("GET", "/v1/admin/config-audit").data == [], "the platform's trail is no tenant's"
    trail = root("GET", "/v1/admin/config-audit", query={"platform": "true"}).data
    assert (trail[0]["name"], trail[0]["after"]) == ("new-engine", value)
    root("DELETE", "/v1/admin/config/flag/new-engine", query={"reason": "x", "platform": "true"})
