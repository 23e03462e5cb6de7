"""Actions act at most once, within limits, and can be undone by another action."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from sextant import bootstrap
from sextant.ids import ActionId, TenantId
from sextant.operations.actions.performer import Performer
from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client


def action_of(client: Client, action: str) -> dict[str, object]:
    found: dict[str, object] = client.got(f"/v1/actions/{action}")
    return found


def test_many_performers_at_once_act_once(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    body = {"action_type": "retry", "target": run["id"], "reason": "again"}
    action = client.made("/v1/actions", body, 202)["id"]
    performer = Performer(bootstrap.platform_database(), bootstrap.operations_policies(), None, "p")

    with ThreadPoolExecutor(8) as threads:
        states = list(
            threads.map(
                lambda _: performer.perform(TenantId(client.tenant), ActionId(uuid.UUID(action))), range(24)
            )
        )
    assert states.count("SUCCEEDED") == 1
    assert states.count(None) == 23
    assert len(client.got(f"/v1/scenarios/{run['scenario_id']}/runs")) == 2


def test_breakers_workflows_and_switches_are_moved_and_moved_back(
    client: Client, operations: Operations
) -> None:
    vendor, workflow = client.vendor()["id"], client.workflow()
    asked = [
        {"action_type": "BREAKER_OPEN", "target": vendor},
        {"action_type": "WORKFLOW_PAUSE", "target": workflow},
        {"action_type": "KILL_SWITCH_ON", "scope": "VENDOR", "target": vendor},
    ]
    made = [client.made("/v1/actions", {**body, "reason": "maintenance"}, 202)["id"] for body in asked]
    operations.deliver()
    assert [action_of(client, action)["state"] for action in made] == ["SUCCEEDED"] * 3
    assert client.got(f"/v1/vendors/{vendor}/breaker")["breaker"] == "OPEN"
    assert client.got(f"/v1/workflows/{workflow}")["state"] == "PAUSED"
    assert [(s["scope"], s["reason"]) for s in client.got("/v1/kill-switches", active="true")] == [
        ("VENDOR", "maintenance")
    ]

    # The switch over the vendor stops its breaker's actions: it is lifted first.
    for action in reversed(made):
        answer = client("POST", f"/v1/actions/{action}/reverse", {"reason": "over"})
        assert (answer.status, answer.data["reverses_id"]) == (202, action)
        operations.deliver()
    assert client.got(f"/v1/vendors/{vendor}/breaker")["breaker"] == "CLOSED"
    assert client.got(f"/v1/workflows/{workflow}")["state"] == "ACTIVE"
    assert client.got("/v1/kill-switches", active="true") == []
    twice = client("POST", f"/v1/actions/{made[0]}/reverse", {"reason": "over"})
    assert (twice.status, twice.code) == (409, "action_not_reversible")
    changed = client.got(f"/v1/workflows/{workflow}/changes")
    assert [(c["field"], c["old_value"], c["new_value"]) for c in changed] == [
        ("state", "PAUSED", "ACTIVE"),
        ("state", "ACTIVE", "PAUSED"),
    ]


def test_a_retry_is_undone_by_cancelling_its_run(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    operations.deliver()
    (action,) = client.got("/v1/actions")
    client.made(f"/v1/actions/{action['id']}/reverse", {"reason": "not wanted"}, 202)
    operations.deliver()
    assert client.got(f"/v1/scenarios/{run['scenario_id']}/runs")[0]["state"] == "CANCELLED"


def test_a_dry_run_records_and_does_nothing(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    workflow = client.got("/v1/workflows")[0]["id"]
    client("PATCH", f"/v1/workflows/{workflow}", {"dry_run": True})
    operations.fail(client.tenant, run["id"])
    operations.deliver()
    (action,) = client.got("/v1/actions")
    assert (action["state"], action["result"]["reason"]) == ("SKIPPED", "dry_run")
    assert action["result"]["would"] == {"action_type": "RETRY", "target": run["id"]}
    assert len(client.got(f"/v1/scenarios/{run['scenario_id']}/runs")) == 1


def test_the_cap_on_actions_an_hour_holds(client: Client, operations: Operations) -> None:
    root = client.as_("super_admin")
    settings = {"operations": {"max_actions_per_hour": 2, "transient": {"base_seconds": 0}}}
    root.made("/v1/tenants", {"tenant_id": client.tenant, "name": "Acme", "settings": settings})
    for run in [client.run(max_retries=0) for _ in range(4)]:
        operations.fail(client.tenant, run["id"])
    operations.deliver()
    states = sorted(action["state"] for action in client.got("/v1/actions"))
    assert states == ["SKIPPED", "SKIPPED", "SUCCEEDED", "SUCCEEDED"]


def test_a_switch_over_a_workflow_stops_pausing_it(client: Client, operations: Operations) -> None:
    workflow = client.workflow()
    client.made("/v1/kill-switches", {"scope": "WORKFLOW", "target": workflow, "reason": "r"}, 200)
    body = {"action_type": "WORKFLOW_PAUSE", "target": workflow, "reason": "r"}
    action = client.made("/v1/actions", body, 202)["id"]
    operations.deliver()
    assert action_of(client, action)["state"] == "SKIPPED"
    assert client.got(f"/v1/workflows/{workflow}")["state"] == "ACTIVE"


def test_a_reversal_is_not_reversed(client: Client, operations: Operations) -> None:
    body = {"action_type": "BREAKER_OPEN", "target": client.vendor()["id"], "reason": "r"}
    action = client.made("/v1/actions", body, 202)["id"]
    operations.deliver()
    reversal = client.made(f"/v1/actions/{action}/reverse", {"reason": "over"}, 202)["id"]
    operations.deliver()
    again = client("POST", f"/v1/actions/{reversal}/reverse", {"reason": "once more"})
    assert (again.status, again.code) == (409, "action_not_reversible")


def test_a_reversal_that_was_skipped_can_be_asked_for_again(client: Client, operations: Operations) -> None:
    vendor = client.vendor()["id"]
    body = {"action_type": "BREAKER_OPEN", "target": vendor, "reason": "r"}
    action = client.made("/v1/actions", body, 202)["id"]
    operations.deliver()
    switch = client.made("/v1/kill-switches", {"scope": "VENDOR", "target": vendor, "reason": "r"}, 200)
    client.made(f"/v1/actions/{action}/reverse", {"reason": "under the switch"}, 202)
    operations.deliver()
    assert client.got(f"/v1/vendors/{vendor}/breaker")["breaker"] == "OPEN"
    client.made(f"/v1/kill-switches/{switch['id']}/lift", {"reason": "over"}, 200)
    client.made(f"/v1/actions/{action}/reverse", {"reason": "now"}, 202)
    waiting = client("POST", f"/v1/actions/{action}/reverse", {"reason": "twice"})
    assert (waiting.status, waiting.code) == (409, "action_not_reversible")
    operations.deliver()
    assert client.got(f"/v1/vendors/{vendor}/breaker")["breaker"] == "CLOSED"


def test_a_part_of_a_split_run_is_not_run_again_by_itself(client: Client, operations: Operations) -> None:
    run, parent = client.run(max_retries=0), client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    operations.sql(
        "UPDATE scenario_run SET parent_run_id = %s, part = '{}' WHERE id = %s", parent["id"], run["id"]
    )
    answer = client("POST", "/v1/actions", {"action_type": "RETRY", "target": run["id"], "reason": "again"})
    assert (answer.status, answer.json["errors"][0]["path"]) == (422, "target")
    operations.deliver()
    assert client.got("/v1/actions") == []
    [(outcome,)] = operations.sql(
        "SELECT outcome FROM replay_run(%s, %s, gen_random_uuid(), 'a', 'c', NULL)", client.tenant, run["id"]
    )
    assert outcome == "PART_OF_ANOTHER"


def test_an_action_that_is_over_stays_so_in_the_database(client: Client, operations: Operations) -> None:
    body = {"action_type": "BREAKER_OPEN", "target": client.vendor()["id"], "reason": "r"}
    action = client.made("/v1/actions", body, 202)["id"]
    with pytest.raises(psycopg.errors.CheckViolation):
        operations.sql("UPDATE action SET state = 'SUCCEEDED', completed_at = now() WHERE id = %s", action)
    with pytest.raises(psycopg.errors.CheckViolation):
        operations.sql("UPDATE action SET target = 'other' WHERE id = %s", action)
    operations.deliver()
    with pytest.raises(psycopg.errors.CheckViolation):
        operations.sql("UPDATE action SET state = 'PENDING', completed_at = NULL WHERE id = %s", action)


def test_a_decision_is_never_changed(client: Client, operations: Operations) -> None:
    client.event(client.workflow())
    operations.deliver()
    assert client.got("/v1/decisions")
    for statement in ("UPDATE decision SET reasoning = 'x'", "DELETE FROM decision"):
        with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
            operations.sql(statement)


def test_a_target_must_be_the_tenants_own(client: Client) -> None:
    for body in (
        {"action_type": "RETRY", "target": str(uuid.uuid4())},
        {"action_type": "BREAKER_OPEN", "target": "no id"},
        {"action_type": "ESCALATE"},
        {"action_type": "KILL_SWITCH_ON", "scope": "TENANT", "target": "another"},
    ):
        answer = client("POST", "/v1/actions", {**body, "reason": "r"})
        assert (answer.status, answer.code) == (422, "invalid_target"), body


def test_the_tenants_own_switch_is_its_administrators_also_by_an_action(
    client: Client, operations: Operations
) -> None:
    body = {"action_type": "KILL_SWITCH_ON", "scope": "TENANT", "target": client.tenant, "reason": "stop"}
    operator = client.as_("operator")
    assert operator("POST", "/v1/actions", body).json["required_permission"] == "config:write"
    action = client.made("/v1/actions", body, 202)["id"]
    operations.deliver()
    assert client.got("/v1/kill-switches", active="true")[0]["scope"] == "TENANT"
    refused = operator("POST", f"/v1/actions/{action}/reverse", {"reason": "go on"})
    assert (refused.status, refused.json["required_permission"]) == (403, "config:write")
    assert client("POST", f"/v1/actions/{action}/reverse", {"reason": "go on"}).status == 202
    operations.deliver()
    assert client.got("/v1/kill-switches", active="true") == []
