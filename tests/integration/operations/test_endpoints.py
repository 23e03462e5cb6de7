"""The endpoints: pages in SQL, roles, tenants kept apart, versions."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from psycopg import sql

from sextant.operations.incidents.repository import timeline_page
from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client


def pages(client: Client, path: str, limit: int = 2, **query: Any) -> list[str]:
    """Every id, forwards page by page; checks that the way back is the same."""
    seen: list[list[str]] = []
    cursor: str | None = None
    last: dict[str, Any] = {}
    while True:
        more = {"cursor": cursor} if cursor else {}
        answer = client("GET", path, query={**query, "limit": limit, **more})
        assert answer.status == 200, answer.body
        last = answer.json
        seen.append([item["id"] for item in last["data"]])
        cursor = last["meta"].get("next_cursor")
        if cursor is None:
            break
    back = last["meta"].get("prev_cursor")
    for expected in reversed(seen[:-1]):
        answer = client("GET", path, query={**query, "limit": limit, "cursor": back})
        assert [item["id"] for item in answer.json["data"]] == expected
        back = answer.json["meta"].get("prev_cursor")
    return [identifier for each in seen for identifier in each]


def test_every_listing_pages_by_keyset(client: Client, operations: Operations) -> None:
    workflow = client.workflow()
    for number in range(5):
        client.event(workflow, payload={"message": f"kind {'abcde'[number]}"})
        client.vendor()
        client.workflow()
    operations.deliver()
    for path, count in (
        ("/v1/events", 5),
        ("/v1/incidents", 5),
        ("/v1/decisions", 5),
        ("/v1/actions", 5),
        ("/v1/vendors", 5),
        ("/v1/workflows", 7),  # the built-in one among them
    ):
        found = pages(client, path)
        assert len(found) == len(set(found)) == count, path
        assert found == sorted(found, reverse=True), path


def test_a_timeline_pages_oldest_first(client: Client, operations: Operations) -> None:
    workflow = client.workflow()
    incident = client.event(workflow).data["incident_id"]
    client.event(workflow)
    operations.deliver()
    found = pages(client, f"/v1/incidents/{incident}/timeline")
    whole = client.got(f"/v1/incidents/{incident}/timeline")
    assert [entry["id"] for entry in whole] == found
    moments = [datetime.fromisoformat(entry["at"]) for entry in whole]
    assert moments == sorted(moments)
    assert {entry["kind"] for entry in whole} == {"EVENT", "TRANSITION", "DECISION", "ACTION"}


def test_a_cursor_is_bound_to_its_filters(client: Client) -> None:
    workflow = client.workflow()
    for _ in range(3):
        client.event(workflow)
    cursor = client("GET", "/v1/events", query={"limit": 1}).json["meta"]["next_cursor"]
    other = client("GET", "/v1/events", query={"limit": 1, "cursor": cursor, "severity": "ERROR"})
    assert other.status == 400


def test_filters_narrow(client: Client) -> None:
    workflow = client.workflow()
    client.event(workflow)
    client.event(workflow, event_type="import.done", severity="INFO")
    assert len(client.got("/v1/events", severity="error")) == 1
    assert len(client.got("/v1/events", event_type="import.done")) == 1
    assert client.got("/v1/events", workflow_id=str(uuid.uuid4())) == []
    now = datetime.now(UTC)
    for bound, count in (("occurred_after", 0), ("occurred_before", 2)):
        assert len(client.got("/v1/events", **{bound: (now + timedelta(minutes=1)).isoformat()})) == count
        assert len(client.got("/v1/events", **{bound: (now - timedelta(hours=1)).isoformat()})) == 2 - count
    assert len(client.got("/v1/incidents", state="new,analyzing")) == 1
    assert client.got("/v1/incidents", state="RESOLVED") == []
    assert client("GET", "/v1/incidents", query={"state": "GONE"}).status == 400


def test_another_tenants_things_are_not_there(
    client: Client, new_client: Callable[..., Client], operations: Operations
) -> None:
    workflow, vendor = client.workflow(), client.vendor()["id"]
    ingested = client.event(workflow).data
    operations.deliver()
    decision, action = client.got("/v1/decisions")[0]["id"], client.got("/v1/actions")[0]["id"]
    switch = client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "r"}, 200)["id"]
    other = new_client("super_admin")
    for path in (
        f"/v1/workflows/{workflow}",
        f"/v1/vendors/{vendor}",
        f"/v1/vendors/{vendor}/breaker",
        f"/v1/events/{ingested['event_id']}",
        f"/v1/incidents/{ingested['incident_id']}",
        f"/v1/decisions/{decision}",
        f"/v1/actions/{action}",
        f"/v1/kill-switches/{switch}",
    ):
        assert client("GET", path).status == 200, path
        assert other("GET", path).status == 404, path
    assert other.got("/v1/events") == other.got("/v1/incidents") == other.got("/v1/actions") == []


@pytest.mark.parametrize("noun", ["workflows", "vendors"])
def test_names_are_unique_versions_are_checked_and_changes_are_kept(client: Client, noun: str) -> None:
    made = client("POST", f"/v1/{noun}", {"name": "Nightly"})
    assert client("POST", f"/v1/{noun}", {"name": "nightly"}).code == "name_taken"
    path = f"/v1/{noun}/{made.data['id']}"
    changed = client("PATCH", path, {"max_retries": 7}, headers={"if-match": made.headers["ETag"]})
    assert (changed.status, changed.data["version"]) == (200, 2)
    stale = client("PATCH", path, {"max_retries": 8}, headers={"if-match": made.headers["ETag"]})
    assert stale.status == 412
    unchanged = client("PATCH", path, {"max_retries": 7})
    assert unchanged.data["version"] == 2, "what changes nothing makes no version"
    (change,) = client.got(f"{path}/changes")
    assert (change["field"], change["old_value"], change["new_value"], change["changed_by"]) == (
        "max_retries",
        3,
        7,
        "ana",
    )
    assert client("DELETE", path).status == 204
    assert client("GET", path).status == 404
    assert client("POST", f"/v1/{noun}", {"name": "Nightly"}).status == 201, "the name is free again"


@pytest.mark.parametrize(
    ("noun", "body", "path"),
    [
        ("workflows", {"name": None}, "name"),
        ("workflows", {"max_retries": None}, "max_retries"),
        ("workflows", {"state": "STOPPED"}, "state"),
        ("workflows", {"max_retries": 101}, "max_retries"),
        ("workflows", {"surprise": 1}, "surprise"),
        ("vendors", {"failure_threshold": None}, "failure_threshold"),
        ("vendors", {"reset_seconds": 0}, "reset_seconds"),
        ("tenants", {"settings": None}, "settings"),
        ("tenants", {"active": None}, "active"),
        ("tenants", {"name": ""}, "name"),
    ],
)
def test_a_change_that_cannot_be_is_refused_by_field(
    client: Client, noun: str, body: dict[str, Any], path: str
) -> None:
    root = client.as_("super_admin")
    if noun == "tenants":
        made = root("POST", "/v1/tenants", {"tenant_id": client.tenant, "name": "Acme"})
    else:
        made = root("POST", f"/v1/{noun}", {"name": "Nightly"})
    where = made.headers["Location"]
    answer = root("PATCH", where, body)
    assert answer.status == 422, answer.body
    assert [error["path"] for error in answer.json["errors"]] == [path]
    assert root.got(where)["version"] == 1


def test_a_limit_can_be_taken_off_a_vendor(client: Client) -> None:
    vendor = client.vendor(rate_per_minute=5)
    changed = client("PATCH", f"/v1/vendors/{vendor['id']}", {"rate_per_minute": None})
    assert (changed.status, changed.data["rate_per_minute"]) == (200, None)


def test_two_administrators_do_not_undo_each_other(client: Client) -> None:
    root = client.as_("super_admin")
    made = root("POST", "/v1/tenants", {"tenant_id": client.tenant, "name": "Acme"})
    where, seen = made.headers["Location"], {"if-match": made.headers["ETag"]}
    assert client("PATCH", where, {"settings": {"a": 1}}, headers=seen).status == 200
    late = client("PATCH", where, {"settings": {"b": 1}}, headers=seen)
    assert (late.status, client.got(where)["settings"]) == (412, {"a": 1})
    present = client("GET", where).headers["ETag"]
    assert client("PATCH", where, {"name": "Acme Ltd"}, headers={"if-match": present}).status == 200


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


def test_a_timeline_of_ten_thousand_events_pages_in_order_without_reading_all_of_it(
    client: Client, operations: Operations
) -> None:
    incident = client.event(client.workflow()).data["incident_id"]
    operations.deliver()
    operations.sql(
        """INSERT INTO event (tenant_id, id, workflow_id, incident_id, event_type, severity, source, payload, occurred_at)
           SELECT tenant_id, outbox_event_id(), workflow_id, incident_id, event_type, severity, source, payload, now()
           FROM event, generate_series(1, 9999) WHERE incident_id = %s""",
        incident,
    )
    body = {"action_type": "MANUAL", "incident_id": incident, "reason": "the last of it"}
    last = client.made("/v1/actions", body, 202)["id"]
    operations.sql("ANALYZE event")
    path = f"/v1/incidents/{incident}/timeline"
    seen: list[str] = []
    moments: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        answer = client("GET", path, query={"limit": 100, **cursor})
        seen += [entry["id"] for entry in answer.json["data"]]
        moments += [entry["at"] for entry in answer.json["data"]]
        if not (following := answer.json["meta"].get("next_cursor")):
            break
        cursor = {"cursor": following}
    assert len(seen) == len(set(seen)) == 10_000 + 5, "events, two transitions, a decision, two actions"
    assert moments == sorted(moments, key=datetime.fromisoformat)
    assert seen[-1] == last
    # Wherever in it a page begins, it costs the same few pages of the database.
    query = timeline_page(ascending=True)
    for number in (0, 5000, 9900):
        params = {
            "tenant_id": client.tenant,
            "incident": incident,
            "at": moments[number],
            "key": seen[number],
            "fetch": 101,
        }
        with psycopg.connect(operations.urls.admin) as connection:
            found = connection.execute(sql.SQL("EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ") + query, params)
            row = found.fetchone()
        assert row is not None
        plan = row[0][0]["Plan"]
        assert plan["Shared Hit Blocks"] + plan["Shared Read Blocks"] < 100, json.dumps(row[0])
        read = [node["Actual Rows"] for node in nodes(plan) if node.get("Relation Name") == "event"]
        assert max(read) <= 101


def test_tenants_are_the_platforms_to_manage_and_their_own_to_see(
    client: Client, new_client: Callable[..., Client]
) -> None:
    root = new_client("super_admin")
    body = {"tenant_id": client.tenant, "name": "Acme", "settings": {"region": "EU"}}
    assert client("POST", "/v1/tenants", body).status == 403
    root.made("/v1/tenants", body)
    assert root("POST", "/v1/tenants", body).code == "name_taken"
    assert client.got(f"/v1/tenants/{client.tenant}")["settings"] == {"region": "EU"}
    assert client("GET", "/v1/tenants").status == 403
    assert client.tenant in [tenant["tenant_id"] for tenant in root.got("/v1/tenants", limit=100)]
    assert new_client()("GET", f"/v1/tenants/{client.tenant}").status == 404
    assert client("PATCH", f"/v1/tenants/{client.tenant}", {"active": False}).status == 403
    assert client("PATCH", f"/v1/tenants/{client.tenant}", {"settings": {"region": "US"}}).status == 200
    assert client.got(f"/v1/tenants/{client.tenant}/changes")[0]["new_value"] == {"region": "US"}


def test_each_write_needs_its_permission(client: Client) -> None:
    analyst = client.as_("analyst")
    some = str(uuid.uuid4())
    for method, path, body in (
        ("POST", "/v1/workflows", {"name": "w"}),
        ("PATCH", f"/v1/workflows/{some}", {}),
        ("POST", "/v1/vendors", {"name": "v"}),
        ("DELETE", f"/v1/vendors/{some}", None),
        ("POST", f"/v1/incidents/{some}/state", {"state": "IGNORED", "reason": "r"}),
        ("POST", "/v1/actions", {"action_type": "MANUAL", "reason": "r"}),
        ("POST", f"/v1/actions/{some}/complete", {"state": "FAILED"}),
        ("POST", f"/v1/actions/{some}/reverse", {"reason": "r"}),
        ("POST", "/v1/kill-switches", {"scope": "VENDOR", "target": some, "reason": "r"}),
        ("POST", f"/v1/kill-switches/{some}/lift", {"reason": "r"}),
    ):
        answer = analyst(method, path, body)
        assert (answer.status, answer.json["required_permission"]) == (403, "operations:write"), path
