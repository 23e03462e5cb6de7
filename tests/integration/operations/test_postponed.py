"""A retry that may not start yet waits: until a kill switch is lifted, until its vendor may be tried."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client


def runs_of(client: Client, run: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client.got(f"/v1/scenarios/{run['scenario_id']}/runs")
    return found


def overdue(operations: Operations, client: Client) -> None:
    """As if the messages of what waits had been lost."""
    operations.sql(
        "UPDATE action SET due_at = now() - interval '2 min' WHERE state = 'PENDING' AND tenant_id = %s",
        client.tenant,
    )


def only_action(client: Client) -> dict[str, Any]:
    (action,) = client.got("/v1/actions")
    found: dict[str, Any] = action
    return found


@pytest.mark.parametrize("stop", ["GLOBAL", "TENANT", "WORKFLOW", "PAUSED", "INACTIVE"])
def test_a_retry_waits_for_the_switch_to_be_lifted(client: Client, operations: Operations, stop: str) -> None:
    root = client.as_("super_admin")
    workflow = client.got("/v1/workflows")[0]["id"]
    root.made("/v1/tenants", {"tenant_id": client.tenant, "name": "Acme"})
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    switch: dict[str, Any] = {}
    if stop == "PAUSED":
        client("PATCH", f"/v1/workflows/{workflow}", {"state": "PAUSED"})
    elif stop == "INACTIVE":
        root("PATCH", f"/v1/tenants/{client.tenant}", {"active": False})
    else:
        target = workflow if stop == "WORKFLOW" else ""
        switch = root.made("/v1/kill-switches", {"scope": stop, "target": target, "reason": "drill"}, 200)
    try:
        operations.deliver(times=3)
        waiting = only_action(client)
        assert (waiting["state"], waiting["postponed"]) == ("PENDING", 1), "delivered thrice, put off once"
        assert waiting["waits_for"]["reason"] == "kill_switch"
        assert len(runs_of(client, run)) == 1
        (incident,) = client.incidents()
        entry = next(
            e for e in client.got(f"/v1/incidents/{incident['id']}/timeline") if e["kind"] == "ACTION"
        )
        assert entry["detail"]["waits_for"] == waiting["waits_for"]
        if switch:
            assert entry["detail"]["waits_for"]["kill_switch"]["reason"] == "drill"
    finally:
        if stop == "PAUSED":
            client("PATCH", f"/v1/workflows/{workflow}", {"state": "ACTIVE"})
        elif stop == "INACTIVE":
            root("PATCH", f"/v1/tenants/{client.tenant}", {"active": True})
        else:
            root("POST", f"/v1/kill-switches/{switch['id']}/lift", {"reason": "over"})
    operations.deliver(times=2)
    done = only_action(client)
    assert (done["state"], done["postponed"]) == ("SUCCEEDED", 2)
    assert [each["state"] for each in runs_of(client, run)] == ["QUEUED", "FAILED"]
    operations.succeed(client.tenant, done["result"]["run_id"])
    operations.deliver()
    assert client.incidents()[0]["state"] == "RESOLVED"


def test_lifting_one_of_two_switches_lets_nothing_start(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    workflow = client.got("/v1/workflows")[0]["id"]
    switches = [
        client.made("/v1/kill-switches", {"scope": scope, "target": target, "reason": "r"}, 200)
        for scope, target in (("TENANT", ""), ("WORKFLOW", workflow))
    ]
    operations.deliver()
    client.made(f"/v1/kill-switches/{switches[0]['id']}/lift", {"reason": "over"}, 200)
    operations.deliver()
    assert (only_action(client)["state"], len(runs_of(client, run))) == ("PENDING", 1)
    client.made(f"/v1/kill-switches/{switches[1]['id']}/lift", {"reason": "over"}, 200)
    operations.deliver()
    assert (only_action(client)["state"], len(runs_of(client, run))) == ("SUCCEEDED", 2)


def test_a_lifting_that_woke_nobody_is_found_by_the_next_look(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "r"}, 200)
    operations.deliver()
    # As if the lifting had come between the performer's look and its commit.
    operations.sql("UPDATE kill_switch SET active = false WHERE tenant_id = %s", client.tenant)
    assert operations.deliver() == []
    assert operations.run_checks()["performed"] == 0, "its time has not come"
    operations.sql("UPDATE action SET due_at = now() - interval '2 min' WHERE tenant_id = %s", client.tenant)
    assert operations.run_checks()["performed"] == 1
    assert len(runs_of(client, run)) == 2


def test_a_retry_that_waited_too_long_is_skipped(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "for good"}, 200)
    operations.deliver()
    operations.sql(
        "UPDATE action SET created_at = now() - interval '25 h', due_at = now() - interval '2 min' WHERE tenant_id = %s",
        client.tenant,
    )
    operations.run_checks()
    ended = only_action(client)
    assert (ended["state"], ended["result"]["reason"], ended["result"]["waited_hours"]) == (
        "SKIPPED",
        "kill_switch",
        24.0,
    )
    assert ended["result"]["kill_switch"]["reason"] == "for good"


def test_a_switch_set_between_the_look_and_the_act_stops_the_act(
    client: Client, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sextant.operations.actions import repository as actions_repository

    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    begin = actions_repository.begin

    def late(session: Any, action: Any) -> bool:
        client("POST", "/v1/kill-switches", {"scope": "TENANT", "reason": "just now"})
        return begin(session, action)

    monkeypatch.setattr(actions_repository, "begin", late)
    operations.deliver()
    assert (only_action(client)["state"], len(runs_of(client, run))) == ("PENDING", 1)
    assert only_action(client)["waits_for"]["kill_switch"]["reason"] == "just now"


def test_a_message_that_comes_early_changes_nothing(client: Client, operations: Operations) -> None:
    root = client.as_("super_admin")
    settings = {"operations": {"transient": {"base_seconds": 3600, "cap_seconds": 3600}}}
    root.made("/v1/tenants", {"tenant_id": client.tenant, "name": "Acme", "settings": settings})
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    operations.deliver()
    action = only_action(client)
    operations.sql(
        """SELECT outbox_enqueue(%s, 'action.requested', 'early', jsonb_build_object('tenant_id', %s::text, 'action_id', %s::text))""",
        client.tenant,
        client.tenant,
        action["id"],
    )
    operations.deliver()
    assert (only_action(client)["state"], only_action(client)["postponed"]) == ("PENDING", 0)
    assert len(runs_of(client, run)) == 1


def test_when_a_vendor_may_be_tried_again_one_retry_goes_first(
    client: Client, operations: Operations
) -> None:
    vendor = client.vendor(reset_seconds=3600, failure_threshold=100)
    client.made("/v1/actions", {"action_type": "BREAKER_OPEN", "target": vendor["id"], "reason": "r"}, 202)
    operations.deliver()
    for run in [client.run(max_retries=0) for _ in range(3)]:
        operations.fail(client.tenant, run["id"], code="vendor_failed", message="503", vendor=vendor["name"])

    def retries() -> list[str]:
        return sorted(action["state"] for action in client.got("/v1/actions", action_type="RETRY"))

    operations.deliver()
    assert retries() == ["PENDING"] * 3
    operations.sql(
        "UPDATE vendor_state SET opened_at = now() - interval '2 h' WHERE vendor_id = %s", vendor["id"]
    )
    overdue(operations, client)
    assert operations.run_checks()["performed"] == 1
    assert retries() == ["PENDING", "PENDING", "SUCCEEDED"]
    waiting = client.got("/v1/actions", action_type="RETRY", state="PENDING")
    assert {action["waits_for"]["reason"] for action in waiting} == {"vendor_breaker"}
    # The one that went first was the probe, and the vendor is back.
    client.made("/v1/actions", {"action_type": "BREAKER_CLOSE", "target": vendor["id"], "reason": "r"}, 202)
    operations.deliver()
    overdue(operations, client)
    assert operations.run_checks()["performed"] == 2
    assert retries() == ["SUCCEEDED"] * 3


def test_an_ignored_incidents_retry_is_skipped(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    switch = client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "r"}, 200)
    operations.deliver()
    (incident,) = client.incidents()
    body = {"state": "IGNORED", "reason": "known"}
    assert client("POST", f"/v1/incidents/{incident['id']}/state", body).status == 200
    client.made(f"/v1/kill-switches/{switch['id']}/lift", {"reason": "over"}, 200)
    operations.deliver()
    ended = only_action(client)
    assert (ended["state"], ended["result"]["reason"]) == ("SKIPPED", "incident_ignored")
    assert len(runs_of(client, run)) == 1
