"""Killed at any moment, then told again: nothing is done twice, and nothing is forgotten."""

from __future__ import annotations

import uuid
from typing import Any, cast

import pytest

import functions.operations.handler as function
from sextant import bootstrap
from sextant.ids import ActionId, IncidentId, OperationsEventId, TenantId
from sextant.operations.actions.performer import Performer
from sextant.operations.decisions.analyst import Analyst, Changed
from sextant.storage import Database
from tests.integration.invoking import LambdaContext
from tests.integration.operations.conftest import Operations, as_sqs
from tests.integration.operations.http import Client
from tests.integration.operations.killing import Alarm, Killed, Killing


def killing(nth: int, *, after_commit: bool) -> Database:
    return cast("Database", Killing(bootstrap.platform_database(), nth, after_commit=after_commit))


def performer(database: Database | None = None, alarm: Alarm | None = None) -> Performer:
    policies = bootstrap.operations_policies()
    return Performer(database or bootstrap.platform_database(), policies, alarm, "operations")


@pytest.mark.parametrize(("nth", "after_commit"), [(1, False), (1, True), (2, False), (2, True)])
def test_an_analyst_that_is_killed_leaves_one_decision(
    client: Client, operations: Operations, nth: int, after_commit: bool
) -> None:
    told = client.event(client.workflow()).data
    changed = Changed(
        IncidentId(uuid.UUID(told["incident_id"])),
        OperationsEventId(uuid.UUID(told["event_id"])),
        "OPENED",
        "c",
    )
    with pytest.raises(Killed):
        Analyst(killing(nth, after_commit=after_commit), bootstrap.operations_policies()).analyse(
            TenantId(client.tenant), changed
        )
    made = client.got("/v1/decisions")
    assert len(made) == len(client.got("/v1/actions")) == (1 if (nth, after_commit) == (2, True) else 0)
    operations.deliver(times=2)
    assert [decision["decision_type"] for decision in client.got("/v1/decisions")] == ["MANUAL"]
    assert [action["action_type"] for action in client.got("/v1/actions")] == ["MANUAL"]


@pytest.mark.parametrize("after_commit", [False, True])
def test_a_performer_that_is_killed_runs_again_once(
    client: Client, operations: Operations, after_commit: bool
) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    body = {"action_type": "RETRY", "target": run["id"], "reason": "again"}
    action = ActionId(uuid.UUID(client.made("/v1/actions", body, 202)["id"]))
    with pytest.raises(Killed):
        performer(killing(1, after_commit=after_commit)).perform(TenantId(client.tenant), action)
    assert client.got(f"/v1/actions/{action}")["state"] == ("SUCCEEDED" if after_commit else "PENDING")
    operations.deliver(times=2)
    assert client.got(f"/v1/actions/{action}")["state"] == "SUCCEEDED"
    assert len(client.got(f"/v1/scenarios/{run['scenario_id']}/runs")) == 2


@pytest.mark.parametrize(
    ("how", "told", "state"),
    [
        ("claimed", 0, "IN_PROGRESS"),
        ("before", 0, "IN_PROGRESS"),
        ("after", 1, "IN_PROGRESS"),
        ("unrecorded", 1, "IN_PROGRESS"),
        ("recorded", 1, "SUCCEEDED"),
    ],
)
def test_an_escalation_is_told_at_most_once_wherever_its_process_dies(
    client: Client, operations: Operations, monkeypatch: pytest.MonkeyPatch, how: str, told: int, state: str
) -> None:
    incident = client.event(client.workflow()).data["incident_id"]
    body = {"action_type": "ESCALATE", "incident_id": incident, "reason": "look"}
    action = client.made("/v1/actions", body, 202)["id"]
    alarm = Alarm(how if how in ("before", "after") else "")
    database = {
        "claimed": lambda: killing(1, after_commit=True),
        "unrecorded": lambda: killing(2, after_commit=False),
        "recorded": lambda: killing(2, after_commit=True),
    }.get(how, lambda: None)()
    with pytest.raises(Killed):
        performer(database, alarm).perform(TenantId(client.tenant), ActionId(uuid.UUID(action)))
    assert len(alarm.taken) == told
    assert client.got(f"/v1/actions/{action}")["state"] == state

    well = Alarm()
    monkeypatch.setattr(function, "performer", lambda: performer(alarm=well))
    operations.deliver(times=3)
    assert operations.run_checks()["abandoned"] == 0, "it may still be under way"
    operations.sql(
        "UPDATE action SET started_at = now() - interval '6 min' WHERE id = %s AND state = 'IN_PROGRESS'",
        action,
    )
    operations.run_checks()
    operations.deliver()
    assert well.taken == []
    ended = client.got(f"/v1/actions/{action}")
    expected = ("SUCCEEDED", None) if state == "SUCCEEDED" else ("FAILED", "outcome_unknown")
    assert (ended["state"], ended["result"].get("reason")) == expected


def test_messages_out_of_order_come_to_the_same_end(client: Client, operations: Operations) -> None:
    """The retry's success is told before the failure that it repeats; each message twice."""
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    again = client.run(run["scenario_id"], max_retries=0)
    operations.succeed(client.tenant, again["id"])
    operations._relay.drain(30.0)
    messages, operations.bus.taken = operations.bus.taken, []
    for message in reversed(messages):
        for _ in range(2):
            assert function.handler(as_sqs([message]), cast("Any", LambdaContext("operations"))) == {
                "batchItemFailures": []
            }
    operations.deliver()
    (incident,) = client.incidents()
    assert (incident["event_count"], incident["state"]) == (1, "RESOLVED"), incident
    assert len(client.got(f"/v1/scenarios/{run['scenario_id']}/runs")) == 2


def test_a_person_who_runs_it_again_resolves_the_incident(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"], code="forbidden", message="no")
    operations.deliver()
    (manual,) = client.got("/v1/actions")
    again = client.run(run["scenario_id"], max_retries=0)
    operations.succeed(client.tenant, again["id"])
    operations.deliver()
    assert client.incidents()[0]["state"] == "ANALYZING", "somebody has still to say what was wrong"
    client("POST", f"/v1/actions/{manual['id']}/complete", {"state": "SUCCEEDED", "note": "input corrected"})
    (incident,) = client.incidents()
    assert (incident["state"], incident["updated_by"]) == ("RESOLVED", "ana")
    kinds = [entry["summary"] for entry in client.got(f"/v1/incidents/{incident['id']}/timeline")]
    assert "run.succeeded" in kinds
