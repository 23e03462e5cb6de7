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
        ("concurrency/runs", {"max_running": 0}, 422, "value.max_running"),
        ("config/long-poll", {"seconds": 60}, 422, "value.seconds"),
    ],
)
def test_a_bad_value_is_refused_by_field(
    client: Client, path: str, value: dict[str, Any], status: int, broken: str
) -> None:
    answer = put(client, path, value)
    assert (answer.status, answer.broken_paths) == (status, [broken]), answer.body
    assert answer.json["detail"].startswith(f"{broken}: ")
    assert client("GET", "/v1/admin/config-audit").data == []


def test_a_setting_that_means_nothing_is_not_found(client: Client) -> None:
    assert put(client, "config/colour", {"seconds": 1}).code == "setting_not_found"
    flag = put(client, "flag/new-engine", {"enabled": True})
    assert (flag.status, flag.code) == (404, "setting_not_found")
    assert "there are: outputs" in flag.json["detail"]
    assert put(client, "mood/good", {"x": 1}).status == 404
    assert client("DELETE", "/v1/admin/config/flag/outputs", query={"reason": "x"}).status == 404


def test_the_platforms_defaults_are_the_super_admins(
    client: Client, new_client: Callable[..., Client]
) -> None:
    value = {"enabled": True}
    refused = put(client, "flag/outputs", value, query={"platform": "true"})
    assert (refused.status, refused.json["required_permission"]) == (403, "tenants:manage")
    root = new_client("super_admin")
    assert put(root, "flag/outputs", value, query={"platform": "true"}).status == 200
    found = {(s["kind"], s["name"]) for s in client("GET", "/v1/admin/config").data}
    assert ("flag", "outputs") in found
    assert client("GET", "/v1/admin/config-audit").data == [], "the platform's trail is no tenant's"
    trail = root("GET", "/v1/admin/config-audit", query={"platform": "true"}).data
    assert (trail[0]["name"], trail[0]["after"]) == ("outputs", value)
    root("DELETE", "/v1/admin/config/flag/outputs", query={"reason": "x", "platform": "true"})


@pytest.mark.parametrize(
    "value",
    [
        '{"max_running": "many"}',
        '{"max_running": 1e99}',
        '{"max_running": 1.5}',
        '{"max_running": null}',
        "{}",
    ],
)
def test_a_value_that_cannot_be_read_stops_nobody(
    client: Client, new_client: Callable[..., Client], sql: Callable[..., list[Any]], value: str
) -> None:
    """It counts as not set: for the tenant itself, and for every other whose claim comes past it."""
    # Given no run that other tests left in the line
    sql("UPDATE scenario_run SET state = 'CANCELLED', completed_at = now() WHERE state = 'QUEUED'")
    for kind, name in (
        ("concurrency", "runs"),
        ("rate-limit", "all"),
        ("flag", "outputs"),
        ("config", "long-poll"),
    ):
        sql(
            "INSERT INTO setting (tenant_id, kind, name, value, updated_by, reason) VALUES (%s, %s, %s, %s, 'x', 'x')",
            client.tenant,
            kind,
            name,
            value,
        )
    other = new_client()
    for each in (client, other):
        run = each.run(each.scenario()["id"])
        path = f"/v1/scenarios/{run['scenario_id']}/runs/{run['id']}"
        first = each("GET", path)
        assert first.data["waits_for"]["kind"] == "TURN"
        assert (
            each("GET", path, query={"wait": "1"}, headers={"If-None-Match": first.headers["ETag"]}).status
            == 304
        )
        assert sql("SELECT run_limit(%s), (next_run(%s)).tenant_id", each.tenant, each.tenant)[0] == (
            100,
            each.tenant,
        )
        sql("UPDATE scenario_run SET state = 'CANCELLED', completed_at = now() WHERE id = %s", run["id"])
    assert all(setting["own"] is False for setting in client("GET", "/v1/admin/config").data)
    assert put(client, "concurrency/runs", {"max_running": 7}).status == 200


def test_a_value_that_cannot_be_read_is_not_written(sql: Callable[..., list[Any]], client: Client) -> None:
    with pytest.raises(Exception, match="cannot be read"):
        sql(
            "SELECT put_setting(%s, 'concurrency', 'runs', '{\"max_running\": \"many\"}', 'x', 'x', gen_random_uuid())",
            client.tenant,
        )


@pytest.mark.parametrize(
    "value", [{"limit": 0}, {"limit": 0, "daily_cap": 0}, {"limit": 1, "window_seconds": 3600}]
)
def test_nobody_is_locked_out_by_their_own_hand(client: Client, value: dict[str, Any]) -> None:
    # Given a limit that lets nobody pass
    assert put(client, "rate-limit/all", value).status == 200
    assert client("GET", "/v1/scenarios").status in (200, 429)
    assert client("GET", "/v1/scenarios").code == "rate_limited"
    # When who set it looks for it, and takes it back
    assert client("GET", "/v1/admin/config").status == 200
    assert put(client, "rate-limit/all", {"limit": 5}).status == 200
    client("DELETE", "/v1/admin/config/rate-limit/all", query={"reason": "a slip"})
    # Then all is as before
    assert client("GET", "/v1/scenarios").status == 200


def test_a_limit_for_the_settings_alone_locks_nobody_out_either(client: Client) -> None:
    for name in ("admin.config", "admin"):
        assert put(client, f"rate-limit/{name}", {"limit": 0}).status == 200
        assert client("GET", "/v1/admin/config").status == 200


def test_the_platform_is_not_locked_out_by_its_own_hand(
    client: Client, new_client: Callable[..., Client], sql: Callable[..., list[Any]]
) -> None:
    root = new_client("super_admin")
    (before,) = sql(
        "SELECT value FROM setting WHERE tenant_id = '*' AND kind = 'rate-limit' AND name = 'all'"
    )[0]
    assert put(root, "rate-limit/all", {"limit": 0, "daily_cap": 0}, query={"platform": "true"}).status == 200
    try:
        assert client("GET", "/v1/scenarios").code == "rate_limited"
    finally:
        assert put(root, "rate-limit/all", before, query={"platform": "true"}).status == 200
    assert client("GET", "/v1/scenarios").status == 200
