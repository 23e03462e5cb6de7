"""Events are stored once, whoever races; what is a failure is counted exactly."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest

from local.database import DatabaseUrls
from sextant import bootstrap
from sextant.ids import TenantId, WorkflowId
from sextant.operations.events.model import NewEvent
from sextant.operations.events.service import ingest
from sextant.operations.policy import OperationsPolicy
from sextant.operations.tenant_policies import Policies
from sextant.storage import Database, DatabaseSettings
from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client


def many_databases(url: str) -> Database:
    return Database.connect(DatabaseSettings(url=url, pool_max_size=34, pool_timeout=60))


def failure(workflow: str, **fields: Any) -> NewEvent:
    return NewEvent(
        event_type="import.failed",
        payload={"error": {"code": "boom", "message": "row 17 of 2026-01-01 broke"}},
        occurred_at=fields.pop("occurred_at", datetime.now(UTC)),
        workflow_id=WorkflowId(uuid.UUID(workflow)),
        **fields,
    )


def test_an_event_is_stored_and_read_again(client: Client) -> None:
    workflow = client.workflow()
    answer = client.event(workflow, event_type="import.done", payload={"rows": 3})
    assert answer.status == 201
    assert answer.data["incident_id"] is None
    found = client.got(answer.headers["Location"])
    assert found["payload"] == {"rows": 3}
    assert found["severity"] == "INFO"
    assert found["correlation_id"] == answer.headers["X-Correlation-ID"]


def test_fifty_twins_make_one_event_and_count_once(client: Client, served: DatabaseUrls) -> None:
    workflow = client.workflow()
    database = many_databases(served.app)
    event = failure(workflow, idempotency_key="once")

    def send(_: int) -> str:
        with database.autocommit(TenantId(client.tenant)) as session:
            return ingest(session, event, OperationsPolicy()).outcome

    with ThreadPoolExecutor(50) as threads:
        outcomes = list(threads.map(send, range(50)))
    database.close()
    assert outcomes.count("CREATED") == 1
    assert outcomes.count("REPLAYED") == 49
    assert [incident["event_count"] for incident in client.incidents()] == [1]
    assert len(client.got("/v1/events")) == 1


def test_no_count_is_lost_under_32_writers(client: Client, served: DatabaseUrls) -> None:
    workflow = client.workflow()
    database = many_databases(served.app)

    def send(_: int) -> None:
        for _ in range(12):
            with database.autocommit(TenantId(client.tenant)) as session:
                ingest(session, failure(workflow), OperationsPolicy())

    with ThreadPoolExecutor(32) as threads:
        list(threads.map(send, range(32)))
    database.close()
    (incident,) = client.incidents()
    assert incident["event_count"] == 32 * 12
    assert incident["escalated_at"] is not None


def test_the_same_key_with_another_event_is_refused(
    client: Client, new_client: Callable[..., Client]
) -> None:
    workflow = client.workflow()
    first = client.event(workflow, idempotency_key="k")
    again = client.event(workflow, idempotency_key="k")
    assert (first.status, again.status) == (201, 200)
    assert first.data["event_id"] == again.data["event_id"]
    assert client.event(workflow, idempotency_key="k", payload={"other": 1}).code == "idempotency_key_reused"
    other = new_client()
    assert other.event(other.workflow(), idempotency_key="k").status == 201, "keys are the tenant's own"


def test_a_workflow_of_another_tenant_is_unknown(client: Client, new_client: Callable[..., Client]) -> None:
    answer = client.event(new_client().workflow())
    assert (answer.status, answer.code) == (422, "unknown_reference")
    assert client.event(client.workflow(), vendor_id=str(uuid.uuid4())).status == 422


def test_a_payload_over_one_mebibyte_is_refused(client: Client) -> None:
    workflow = client.workflow()
    assert client.event(workflow, payload={"text": "x" * (1024 * 1024 - 1000)}).status == 201
    answer = client.event(workflow, payload={"text": "x" * (1024 * 1024)})
    assert answer.status in (413, 422)


@pytest.mark.parametrize(
    "fields",
    [
        {"payload": {"error": {"message": "a\x00b"}}},
        {"payload": {"error": {"message": "half \ud800 a pair"}}},
        {"payload": {"a\x00b": 1}},
        {"payload": {"value": float("nan")}},
        {"payload": {"value": float("inf")}},
        {"fingerprint": "a\x00b"},
        {"fingerprint": "half \ud800"},
        {"idempotency_key": "a\x00b"},
        {"occurred_at": "0001-01-01T00:00:00+14:00"},
        {"occurred_at": "9999-12-31T23:59:59-14:00"},
        {"occurred_at": "2026-01-01T00:00:00"},
        {"event_type": "Import.Failed"},
        {"severity": "HIGH"},
        {"payload": [1]},
        {"surprise": 1},
    ],
)
def test_what_cannot_be_kept_is_refused_and_not_half_kept(client: Client, fields: dict[str, Any]) -> None:
    answer = client.event(client.workflow(), **fields)
    assert answer.status in (400, 422), answer.body
    assert client.got("/v1/events") == client.incidents() == []


def test_a_run_that_the_tenant_does_not_have_is_unknown(
    client: Client, new_client: Callable[..., Client]
) -> None:
    foreign = new_client().run()["id"]
    answer = client.event(client.workflow(), run_id=foreign)
    assert (answer.status, answer.code) == (422, "unknown_reference")
    assert answer.json["errors"][0]["path"] == "run_id"


def test_a_message_of_a_mebibyte_is_folded_at_once(client: Client) -> None:
    began = time.monotonic()
    assert client.event(client.workflow(), payload={"message": "a" * 1_000_000}).status == 201
    assert time.monotonic() - began < 3.0


def test_a_sender_whose_clock_is_fast_does_not_hold_the_window_open(
    client: Client, operations: Operations
) -> None:
    workflow = client.workflow()
    ahead = (datetime.now(UTC) + timedelta(days=300)).isoformat()
    first = client.event(workflow, occurred_at=ahead)
    assert client.got(first.headers["Location"])["occurred_at"][:10] == ahead[:10], "kept as it was told"
    (incident,) = client.incidents()
    assert incident["last_seen"] <= datetime.now(UTC).isoformat()
    operations.sql(
        "UPDATE incident SET first_seen = now() - interval '40 min', last_seen = now() - interval '31 min' WHERE id = %s",
        incident["id"],
    )
    assert client.event(workflow, occurred_at=ahead).data["change"] == "OPENED"


def test_what_recurs_after_seven_days_is_another_incident(client: Client, operations: Operations) -> None:
    workflow = client.workflow()
    incident = client.event(workflow).data["incident_id"]
    for state in ("ANALYZING", "RESOLVED"):
        client("POST", f"/v1/incidents/{incident}/state", {"state": state, "reason": "r"})
    operations.sql("UPDATE incident SET resolved_at = now() - interval '6 days 23 h' WHERE id = %s", incident)
    assert client.event(workflow).data["change"] == "REOPENED"
    for state in ("ANALYZING", "RESOLVED"):
        client("POST", f"/v1/incidents/{incident}/state", {"state": state, "reason": "r"})
    operations.sql("UPDATE incident SET resolved_at = now() - interval '7 days 1 h' WHERE id = %s", incident)
    after = client.event(workflow).data
    assert after["change"] == "OPENED"
    assert client.got(f"/v1/incidents/{after['incident_id']}")["previous_id"] == incident


def test_the_platform_notices_its_own_failures_of_an_inactive_tenant(
    client: Client, operations: Operations
) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    root = client.as_("super_admin")
    root.made("/v1/tenants", {"tenant_id": client.tenant, "name": "Acme", "active": False})
    operations.deliver()
    assert [event["event_type"] for event in client.got("/v1/events")] == ["run.failed"]


def test_no_sender_can_take_a_key_of_the_platforms(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    taken = client.event(client.workflow(), idempotency_key=f"run:{run['id']}:ended", severity="INFO")
    assert taken.status == 201
    operations.fail(client.tenant, run["id"])
    operations.deliver()
    assert [event["event_type"] for event in client.got("/v1/events", run_id=run["id"])] == ["run.failed"]
    assert len(client.got(f"/v1/scenarios/{run['scenario_id']}/runs")) == 2


def test_an_incident_reopened_by_hand_is_looked_at_again(client: Client, operations: Operations) -> None:
    incident = client.event(client.workflow()).data["incident_id"]
    operations.deliver()
    for turn in (1, 2):
        for state in ("IGNORED", "NEW"):
            client("POST", f"/v1/incidents/{incident}/state", {"state": state, "reason": "r"})
        if turn == 2:  # its message is lost: the sweep looks, though it has looked at this incident before
            operations.sql("DELETE FROM outbox_pending WHERE tenant_id = %s", client.tenant)
            operations.sql("UPDATE incident SET opened_at = now() - interval '1 h' WHERE id = %s", incident)
            assert operations.run_checks()["incidents"] == 1
        operations.deliver()
        assert client.got(f"/v1/incidents/{incident}")["state"] == "ANALYZING"
        assert len(client.got("/v1/decisions")) == turn + 1
    assert operations.run_checks()["incidents"] == 0, "nothing is looked at for ever"


def test_an_inactive_tenant_ingests_and_runs_nothing(client: Client) -> None:
    workflow, scenario = client.workflow(), client.scenario()
    root = client.as_("super_admin")
    root.made("/v1/tenants", {"tenant_id": client.tenant, "name": "Acme", "active": False})
    assert client.event(workflow).code == "tenant_inactive"
    refused = client("POST", f"/v1/scenarios/{scenario}/run", {})
    assert (refused.status, refused.json["scope"]) == (409, "TENANT")
    assert root("PATCH", f"/v1/tenants/{client.tenant}", {"active": True}).status == 200
    assert client.event(workflow).status == 201


@pytest.mark.parametrize("role", ["sextant_app", "sextant_platform", "admin"])
def test_an_event_is_never_changed(client: Client, served: DatabaseUrls, role: str) -> None:
    event = client.event(client.workflow()).data["event_id"]
    with psycopg.connect(served.of_role(role), autocommit=True) as connection:
        connection.execute("SELECT enter_tenant(%s)", (client.tenant,))
        for statement in ("UPDATE event SET payload = '{}' WHERE id = %s", "DELETE FROM event WHERE id = %s"):
            with pytest.raises(
                (psycopg.errors.InsufficientPrivilege, psycopg.errors.IntegrityConstraintViolation)
            ):
                connection.execute(statement, (event,))


def test_failures_within_the_window_are_one_incident(client: Client) -> None:
    workflow = client.workflow()
    start = datetime.now(UTC) - timedelta(hours=2)
    for minutes in (0, 25, 54, 85, 114):
        client.event(workflow, occurred_at=(start + timedelta(minutes=minutes)).isoformat())
    newer, older = client.incidents()
    assert [older["event_count"], newer["event_count"]] == [3, 2], "31 quiet minutes begin another incident"
    assert newer["previous_id"] == older["id"]
    assert older["first_seen"] == (start).isoformat().replace("+00:00", "Z")
    assert older["last_seen"] == (start + timedelta(minutes=54)).isoformat().replace("+00:00", "Z")


def test_severity_comes_from_the_sender_and_from_rules(client: Client) -> None:
    workflow = client.workflow()
    warned = client.event(workflow, event_type="import.slow", severity="warning")
    assert warned.data["incident_id"] is None
    raised = client.event(workflow, event_type="import.failed", severity="info")
    assert raised.data["change"] == "OPENED"
    critical = client.event(workflow, event_type="security.breach")
    incident = client.got(f"/v1/incidents/{critical.data['incident_id']}")
    assert incident["severity"] == "CRITICAL"
    assert incident["escalated_at"] is not None, "critical escalates at once"


def test_the_tenth_failure_escalates_once(client: Client) -> None:
    workflow = client.workflow()
    changes = [client.event(workflow).data["change"] for _ in range(12)]
    assert changes == ["OPENED"] + ["COUNTED"] * 8 + ["ESCALATED"] + ["COUNTED"] * 2


def test_a_tenants_settings_override_the_policy(client: Client) -> None:
    root = client.as_("super_admin")
    settings = {"operations": {"escalate_at": 2}}
    root.made("/v1/tenants", {"tenant_id": client.tenant, "name": "Acme", "settings": settings})
    workflow = client.workflow()
    assert [client.event(workflow).data["change"] for _ in range(2)] == ["OPENED", "ESCALATED"]


def test_a_policy_is_read_again_after_a_while(client: Client) -> None:
    now = 1000.0
    policies = Policies(OperationsPolicy(), clock=lambda: now)
    root = client.as_("super_admin")
    root.made("/v1/tenants", {"tenant_id": client.tenant, "name": "Acme"})

    def known() -> int:
        with bootstrap.database().autocommit(TenantId(client.tenant)) as session:
            return policies.of(session).escalate_at

    assert known() == 10
    root("PATCH", f"/v1/tenants/{client.tenant}", {"settings": {"operations": {"escalate_at": 4}}})
    now += 14
    assert known() == 10
    now += 2
    assert known() == 4


@pytest.mark.parametrize(
    ("operations_settings", "path"),
    [
        ({"escalate_at": 0}, "escalate_at"),
        ({"escalate_at": 10**12}, "escalate_at"),
        ({"escalate_ad": 5}, "escalate_ad"),
        ({"severity_rules": [{"event_type": "billing.*", "severity": "HIGH"}]}, "severity_rules[0].severity"),
        (
            {"severity_rules": [{"event_type": "Billing.*", "severity": "ERROR"}]},
            "severity_rules[0].event_type",
        ),
        ({"error_rules": [{"codes": [], "error_class": "DEAD"}]}, "error_rules[0].codes"),
        ({"cooldown_seconds": {"RETYR": 1}}, "cooldown_seconds.RETYR"),
        ({"cooldown_seconds": {"RETRY": -1}}, "cooldown_seconds.RETRY"),
        ({"transient": {"base_seconds": "soon"}}, "transient.base_seconds"),
        ([], ""),
        ("strict", ""),
    ],
)
def test_a_bad_policy_is_refused_by_field_and_changes_nothing(
    client: Client, operations_settings: object, path: str
) -> None:
    root = client.as_("super_admin")
    before = {"operations": {"escalate_at": 2}}
    root.made("/v1/tenants", {"tenant_id": client.tenant, "name": "Acme", "settings": before})
    body = {"settings": {"operations": operations_settings}}
    bad = client("PATCH", f"/v1/tenants/{client.tenant}", body)
    assert (bad.status, bad.json["errors"][0]["path"]) == (422, f"settings.operations.{path}".rstrip("."))
    assert "nput should" not in bad.body
    found = client.got(f"/v1/tenants/{client.tenant}")
    assert (found["settings"], found["version"]) == (before, 1)
    workflow = client.workflow()
    assert [client.event(workflow).data["change"] for _ in range(2)] == ["OPENED", "ESCALATED"]


def test_a_resolved_incident_is_reopened(client: Client, operations: Operations) -> None:
    workflow = client.workflow()
    before = datetime.now(UTC)
    incident = client.event(workflow).data["incident_id"]
    for state in ("ANALYZING", "RESOLVED"):
        assert (
            client("POST", f"/v1/incidents/{incident}/state", {"state": state, "reason": "r"}).status == 200
        )
    late = client.event(workflow, occurred_at=before.isoformat())
    assert late.data["change"] == "COUNTED", "what happened before the resolution reopens nothing"
    again = client.event(workflow)
    assert (again.data["incident_id"], again.data["change"]) == (incident, "REOPENED")
    found = client.got(f"/v1/incidents/{incident}")
    assert (found["state"], found["cycle"], found["cycle_events"], found["event_count"]) == ("NEW", 2, 1, 3)


def test_an_ignored_incident_counts_in_silence(client: Client, operations: Operations) -> None:
    workflow = client.workflow()
    incident = client.event(workflow).data["incident_id"]
    client("POST", f"/v1/incidents/{incident}/state", {"state": "IGNORED", "reason": "known"})
    for _ in range(12):
        client.event(workflow)
    found = client.got(f"/v1/incidents/{incident}")
    assert (found["state"], found["event_count"], found["escalated_at"]) == ("IGNORED", 13, None)


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        (("RESOLVED",), False),
        (("ACTIONED",), False),
        (("ANALYZING", "ACTIONED", "RESOLVED", "NEW"), True),
        (("ANALYZING", "ACTIONED", "RESOLVED", "ANALYZING"), False),
        (("IGNORED", "NEW", "ANALYZING", "IGNORED"), True),
    ],
)
def test_states_are_guarded_in_the_api_and_in_the_database(
    client: Client, operations: Operations, path: tuple[str, ...], allowed: bool
) -> None:
    incident = client.event(client.workflow()).data["incident_id"]
    for state in path[:-1]:
        assert (
            client("POST", f"/v1/incidents/{incident}/state", {"state": state, "reason": "r"}).status == 200
        )
    if not allowed:
        with pytest.raises(psycopg.errors.CheckViolation):
            operations.sql("UPDATE incident SET state = %s WHERE id = %s", path[-1], incident)
    answer = client("POST", f"/v1/incidents/{incident}/state", {"state": path[-1], "reason": "r"})
    assert answer.status == (200 if allowed else 409)


def test_only_who_may_ingests(client: Client) -> None:
    workflow = client.workflow()
    refused = client.as_("analyst").event(workflow)
    assert (refused.status, refused.json["required_permission"]) == (403, "operations:write")
    assert client.as_("operator").event(workflow).status == 201
    assert client.as_("viewer")("GET", "/v1/incidents").status == 200
