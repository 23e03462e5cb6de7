"""Kill switches stop every start at once, fail safe, and leave who, why and when behind."""

from __future__ import annotations

import time

import psycopg
import pytest

from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client


def start(client: Client, scenario: str) -> tuple[int, str]:
    answer = client("POST", f"/v1/scenarios/{scenario}/run", {})
    return answer.status, "" if answer.status == 202 else answer.code


@pytest.mark.parametrize("scope", ["GLOBAL", "TENANT", "WORKFLOW"])
def test_a_switch_stops_new_runs_and_runs_that_wait(
    client: Client, operations: Operations, scope: str
) -> None:
    root = client.as_("super_admin")
    waiting = client.run()
    operations.deliver()
    operations.sql("SELECT platform_workflow(%s)", client.tenant)
    target = client.got("/v1/workflows")[0]["id"] if scope == "WORKFLOW" else ""
    switch = root.made("/v1/kill-switches", {"scope": scope, "target": target, "reason": "fire drill"}, 200)
    try:
        began = time.monotonic()
        refused = client("POST", f"/v1/scenarios/{client.scenario()}/run", {})
        assert time.monotonic() - began < 1.0
        assert (refused.status, refused.code) == (409, "kill_switch_active")
        assert (refused.json["scope"], refused.json["reason"]) == (scope, "fire drill")
        assert operations.claim(client.tenant, waiting["id"])[0] == "HELD"
        assert client.got(f"/v1/scenarios/{waiting['scenario_id']}/runs/{waiting['id']}")["state"] == "QUEUED"
    finally:
        lifted = root("POST", f"/v1/kill-switches/{switch['id']}/lift", {"reason": "over"})
    assert (lifted.status, lifted.data["active"]) == (200, False)
    asked_again = [
        m for m in operations.deliver() if m.topic == "run.requested" and waiting["id"] in m.payload
    ]
    assert asked_again, "a run that waited is asked for again when the switch is lifted"
    assert operations.claim(client.tenant, waiting["id"])[0] == "CLAIMED"
    changes = root.got(f"/v1/kill-switches/{switch['id']}/changes")
    assert [(c["active"], c["reason"], c["actor"]) for c in changes] == [
        (False, "over", "ana"),
        (True, "fire drill", "ana"),
    ]


def test_a_bulk_replay_is_stopped_too(client: Client, operations: Operations) -> None:
    failed = client.run(max_retries=0)
    operations.fail(client.tenant, failed["id"])
    switch = client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "stop"}, 200)
    refused = client("POST", "/v1/scenarios/runs:replay", {})
    assert (refused.status, refused.code, refused.json["reason"]) == (409, "kill_switch_active", "stop")
    assert len(client.got(f"/v1/scenarios/{failed['scenario_id']}/runs")) == 1
    client("POST", f"/v1/kill-switches/{switch['id']}/lift", {"reason": "over"})
    assert client("POST", "/v1/scenarios/runs:replay", {}).data["changed"] == 1


def test_another_tenant_runs_on(client: Client, operations: Operations) -> None:
    other = Client(f"{client.tenant}-b")
    client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "stop"}, 200)
    assert start(client, client.scenario()) == (409, "kill_switch_active")
    assert start(other, other.scenario()) == (202, "")


def test_actions_are_stopped_too(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "stop"}, 200)
    operations.deliver()
    (action,) = client.got("/v1/actions")
    assert (action["state"], action["result"]["reason"]) == ("SKIPPED", "kill_switch")
    assert action["result"]["kill_switch"]["reason"] == "stop"
    assert len(client.got(f"/v1/scenarios/{run['scenario_id']}/runs")) == 1


@pytest.mark.parametrize(
    ("blind", "seeing"),
    [
        (
            "DROP POLICY global_readable ON kill_switch",
            "CREATE POLICY global_readable ON kill_switch FOR SELECT TO sextant_app USING (tenant_id = '*')",
        ),
        ("REVOKE SELECT ON kill_switch FROM sextant_app", "GRANT SELECT ON kill_switch TO sextant_app"),
        ("ALTER TABLE kill_switch RENAME TO mislaid", "ALTER TABLE mislaid RENAME TO kill_switch"),
    ],
)
def test_nothing_starts_when_the_switches_cannot_be_read(
    client: Client, operations: Operations, blind: str, seeing: str
) -> None:
    scenario = client.scenario()
    operations.sql(blind)
    try:
        status, _ = start(client, scenario)
        assert status in (409, 500, 503)
        assert client.got(f"/v1/scenarios/{scenario}/runs") == []
    finally:
        operations.sql(seeing)
    assert start(client, scenario)[0] == 202


def test_a_tenant_cannot_lift_what_the_platform_set(client: Client) -> None:
    platform = Client("platform", ("super_admin",))
    switch = platform.made(
        "/v1/kill-switches", {"scope": "TENANT", "target": client.tenant, "reason": "abuse"}, 200
    )
    answer = client("POST", f"/v1/kill-switches/{switch['id']}/lift", {"reason": "please"})
    assert (answer.status, answer.code) == (403, "kill_switch_held_by_platform")
    lifted = platform(
        "POST", f"/v1/kill-switches/{switch['id']}/lift", {"reason": "settled", "tenant_id": client.tenant}
    )
    assert (lifted.status, lifted.data["active"]) == (200, False)


def test_who_may_set_which(client: Client) -> None:
    workflow = client.workflow()
    operator = client.as_("operator")
    for scope, permission in (("GLOBAL", "tenants:manage"), ("TENANT", "config:write")):
        answer = operator("POST", "/v1/kill-switches", {"scope": scope, "reason": "r"})
        assert (answer.status, answer.json["required_permission"]) == (403, permission)
    body = {"scope": "WORKFLOW", "target": workflow, "reason": "r"}
    assert operator("POST", "/v1/kill-switches", body).status == 200
    assert client.as_("analyst")("POST", "/v1/kill-switches", body).status == 403
    other = client("POST", "/v1/kill-switches", {"scope": "TENANT", "target": "somebody-else", "reason": "r"})
    assert other.status == 403


def test_the_audit_is_never_changed(client: Client, operations: Operations) -> None:
    client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "stop"}, 200)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        operations.sql("UPDATE kill_switch_audit SET actor = 'nobody'")


def test_a_paused_workflow_holds_runs_until_it_is_resumed(client: Client, operations: Operations) -> None:
    run = client.run()
    operations.deliver()
    operations.sql("SELECT platform_workflow(%s)", client.tenant)
    workflow = client.got("/v1/workflows")[0]["id"]
    client("PATCH", f"/v1/workflows/{workflow}", {"state": "PAUSED"})
    assert start(client, client.scenario()) == (409, "kill_switch_active")
    assert operations.claim(client.tenant, run["id"])[0] == "HELD"
    client("PATCH", f"/v1/workflows/{workflow}", {"state": "ACTIVE"})
    assert any(run["id"] in message.payload for message in operations.deliver())
    assert operations.claim(client.tenant, run["id"])[0] == "CLAIMED"
