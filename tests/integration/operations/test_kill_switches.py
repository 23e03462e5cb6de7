"""Kill switches stop every start at once, fail safe, and leave who, why and when behind."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from sextant import bootstrap
from sextant.ids import ActionId, TenantId
from sextant.operations.actions.performer import Performer
from sextant.storage.errors import StorageError
from sextant.vendors.guard import Guard
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
    refused = client("POST", "/v1/scenarios/runs:replay", {"all": True})
    assert (refused.status, refused.code, refused.json["reason"]) == (409, "kill_switch_active", "stop")
    assert len(client.got(f"/v1/scenarios/{failed['scenario_id']}/runs")) == 1
    client("POST", f"/v1/kill-switches/{switch['id']}/lift", {"reason": "over"})
    assert client("POST", "/v1/scenarios/runs:replay", {"all": True}).data["changed"] == 1


def test_another_tenant_runs_on(client: Client, operations: Operations) -> None:
    other = Client(f"{client.tenant}-b")
    client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "stop"}, 200)
    assert start(client, client.scenario()) == (409, "kill_switch_active")
    assert start(other, other.scenario()) == (202, "")
    run = other.run()
    operations.deliver()
    assert operations.claim(other.tenant, run["id"])[0] == "CLAIMED", "nor does it hold what workers claim"


@pytest.mark.parametrize("scope", ["TENANT", "VENDOR"])
def test_what_a_person_asks_for_under_a_switch_is_skipped(
    client: Client, operations: Operations, scope: str
) -> None:
    vendor = client.vendor()["id"]
    target = vendor if scope == "VENDOR" else ""
    switch = client.made("/v1/kill-switches", {"scope": scope, "target": target, "reason": "stop"}, 200)
    body = {"action_type": "BREAKER_OPEN", "target": vendor, "reason": "r"}
    action = client.made("/v1/actions", body, 202)["id"]
    operations.deliver()
    found = client.got(f"/v1/actions/{action}")
    assert (found["state"], found["result"]["reason"]) == ("SKIPPED", "kill_switch")
    assert found["result"]["kill_switch"]["switch_id"] == switch["id"]
    assert client.got(f"/v1/vendors/{vendor}/breaker")["breaker"] == "CLOSED"


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


@contextmanager
def blinded(operations: Operations) -> Iterator[None]:
    """Nobody can read the switches."""
    operations.sql("ALTER TABLE kill_switch RENAME TO mislaid")
    try:
        yield
    finally:
        operations.sql("ALTER TABLE mislaid RENAME TO kill_switch")


def test_no_action_and_no_call_when_the_switches_cannot_be_read(
    client: Client, operations: Operations
) -> None:
    vendor = client.vendor()
    body = {"action_type": "BREAKER_OPEN", "target": vendor["id"], "reason": "r"}
    action = client.made("/v1/actions", body, 202)["id"]
    performer = Performer(bootstrap.platform_database(), bootstrap.operations_policies(), None, "p")
    called = False
    with blinded(operations):
        with pytest.raises(StorageError):
            performer.perform(TenantId(client.tenant), ActionId(uuid.UUID(action)))
        with (
            pytest.raises(StorageError),
            Guard(bootstrap.platform_database(), TenantId(client.tenant), vendor["name"], actor="w"),
        ):
            called = True
    assert not called
    assert client.got(f"/v1/actions/{action}")["state"] == "PENDING"
    operations.deliver()
    assert client.got(f"/v1/actions/{action}")["state"] == "SUCCEEDED", "done once they can be read again"


def test_what_the_tenant_has_set_the_platform_can_take_over(client: Client) -> None:
    platform = Client("platform", ("super_admin",))
    own = client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "ours"}, 200)
    assert own["by_platform"] is False
    held = platform.made(
        "/v1/kill-switches", {"scope": "TENANT", "target": client.tenant, "reason": "abuse"}, 200
    )
    assert (held["id"], held["by_platform"], held["reason"]) == (own["id"], True, "abuse")
    again = client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "ours again"}, 200)
    assert (again["by_platform"], again["reason"]) == (True, "abuse"), "the tenant does not take it back"
    refused = client("POST", f"/v1/kill-switches/{own['id']}/lift", {"reason": "please"})
    assert (refused.status, refused.code) == (403, "kill_switch_held_by_platform")
    changes = client.got(f"/v1/kill-switches/{own['id']}/changes")
    assert [change["reason"] for change in changes] == ["abuse", "ours"]


def test_nothing_slips_from_under_a_switch_by_a_new_name(client: Client) -> None:
    vendor, workflow = client.vendor(), client.workflow()
    for noun, scope, target in (("vendors", "VENDOR", vendor["id"]), ("workflows", "WORKFLOW", workflow)):
        switch = client.made("/v1/kill-switches", {"scope": scope, "target": target, "reason": "r"}, 200)
        path = f"/v1/{noun}/{target}"
        assert client("DELETE", path).code == "under_kill_switch"
        assert client("PATCH", path, {"name": "another"}).code == "under_kill_switch"
        assert client("PATCH", path, {"description": "stays"}).status == 200
        client.made(f"/v1/kill-switches/{switch['id']}/lift", {"reason": "over"}, 200)
        assert client("PATCH", path, {"name": f"another {noun}"}).status == 200
        assert client("DELETE", path).status == 204


def test_the_built_in_workflow_is_there_from_the_first_look_and_keeps_its_name(client: Client) -> None:
    (built_in,) = client.got("/v1/workflows")
    assert built_in["name"] == "scenario-runs"
    path = f"/v1/workflows/{built_in['id']}"
    assert client("DELETE", path).code == "built_in_workflow"
    assert client("PATCH", path, {"name": "mine"}).code == "built_in_workflow"
    assert client("PATCH", path, {"state": "PAUSED"}).status == 200
    assert start(client, client.scenario()) == (409, "kill_switch_active")


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
    own = client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "r"}, 200)
    refused = operator("POST", f"/v1/kill-switches/{own['id']}/lift", {"reason": "r"})
    assert (refused.status, refused.json["required_permission"]) == (403, "config:write")
    other = client("POST", "/v1/kill-switches", {"scope": "TENANT", "target": "somebody-else", "reason": "r"})
    assert other.status == 403


def test_the_audit_is_never_changed(client: Client, operations: Operations) -> None:
    client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "stop"}, 200)
    with pytest.raises(psycopg.errors.IntegrityConstraintViolation):
        operations.sql("UPDATE kill_switch_audit SET actor = 'nobody'")


def test_a_paused_workflow_holds_runs_until_it_is_resumed(client: Client, operations: Operations) -> None:
    run = client.run()
    operations.deliver()
    workflow = client.got("/v1/workflows")[0]["id"]
    client("PATCH", f"/v1/workflows/{workflow}", {"state": "PAUSED"})
    assert start(client, client.scenario()) == (409, "kill_switch_active")
    assert operations.claim(client.tenant, run["id"])[0] == "HELD"
    client("PATCH", f"/v1/workflows/{workflow}", {"state": "ACTIVE"})
    assert any(run["id"] in message.payload for message in operations.deliver())
    assert operations.claim(client.tenant, run["id"])[0] == "CLAIMED"
