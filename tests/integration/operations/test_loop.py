"""The loop: a run fails, its incident is decided about, the run is run again, the incident is resolved.

Every message is delivered twice.
"""

from __future__ import annotations

import pytest

from sextant.bus.message import CORRELATION_ID
from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client


def kinds(client: Client, incident: str) -> list[tuple[str, str]]:
    return [(entry["kind"], entry["summary"]) for entry in client.got(f"/v1/incidents/{incident}/timeline")]


def latest_run(client: Client, scenario: str) -> str:
    return str(client.got(f"/v1/scenarios/{scenario}/runs")[0]["id"])


def test_a_failed_run_is_run_again_once_and_its_incident_resolved(
    client: Client, operations: Operations
) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    operations.deliver(times=3)

    (incident,) = client.incidents()
    assert (incident["state"], incident["event_count"]) == ("ACTIONED", 1)
    (decision,) = client.got("/v1/decisions", incident_id=incident["id"])
    assert (decision["maker"], decision["decision_type"], decision["verdict"]) == ("RULE", "RETRY", "ACTED")
    (action,) = client.got("/v1/actions", incident_id=incident["id"])
    assert (action["action_type"], action["state"]) == ("RETRY", "SUCCEEDED")
    runs = client.got(f"/v1/scenarios/{run['scenario_id']}/runs")
    assert len(runs) == 2
    again, first = runs
    assert (again["id"], again["state"]) == (action["result"]["run_id"], "QUEUED")
    assert again["version_hash"] == first["version_hash"]

    operations.succeed(client.tenant, again["id"])
    operations.deliver()
    assert client.got(f"/v1/incidents/{incident['id']}")["state"] == "RESOLVED"
    assert kinds(client, incident["id"]) == [
        ("EVENT", "run.failed"),
        ("TRANSITION", "NEW"),
        ("TRANSITION", "NEW → ANALYZING"),
        ("DECISION", "RETRY"),
        ("ACTION", "RETRY"),
        ("TRANSITION", "ANALYZING → ACTIONED"),
        ("EVENT", "run.succeeded"),
        ("TRANSITION", "ACTIONED → RESOLVED"),
    ]


def test_runs_that_succeed_at_once_are_all_told_of(client: Client, operations: Operations) -> None:
    for run in (client.run(max_retries=0), client.run(max_retries=0)):
        operations.fail(client.tenant, run["id"])
        operations.deliver()
    (incident,) = client.incidents()
    for action in client.got("/v1/actions"):
        operations.succeed(client.tenant, action["result"]["run_id"])
    operations.deliver()
    told = kinds(client, incident["id"])
    assert told.count(("EVENT", "run.succeeded")) == 2
    assert told.count(("TRANSITION", "ACTIONED → RESOLVED")) == 1


def test_retries_end_at_the_workflows_limit(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    operations.deliver()
    workflow = next(flow for flow in client.got("/v1/workflows") if flow["name"] == "scenario-runs")
    assert client("PATCH", f"/v1/workflows/{workflow['id']}", {"max_retries": 2}).status == 200
    for _ in range(2):
        operations.fail(client.tenant, latest_run(client, run["scenario_id"]))
        operations.deliver()

    (incident,) = client.incidents()
    assert incident["event_count"] == 3, "each retry that fails counts into the same incident"
    taken = [action["action_type"] for action in reversed(client.got("/v1/actions"))]
    assert taken == ["RETRY", "RETRY", "MANUAL"]
    last = client.got("/v1/decisions")[0]
    assert "the workflow's limit is 2" in last["reasoning"]
    assert len(client.got(f"/v1/scenarios/{run['scenario_id']}/runs")) == 3


def test_a_permanent_error_waits_for_a_person(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"], code="forbidden", message="the licence has ended")
    operations.deliver()

    (action,) = client.got("/v1/actions")
    assert (action["action_type"], action["state"]) == ("MANUAL", "PENDING")
    (incident,) = client.incidents()
    assert incident["state"] == "ANALYZING"
    done = client(
        "POST", f"/v1/actions/{action['id']}/complete", {"state": "succeeded", "note": "input corrected"}
    )
    assert (done.status, done.data["completed_by"]) == (200, "ana")
    assert client.incidents()[0]["state"] == "ACTIONED"
    again = client("POST", f"/v1/actions/{action['id']}/complete", {"state": "SUCCEEDED"})
    assert (again.status, again.code) == (409, "illegal_transition")


def test_what_the_model_refuses_of_a_users_input_is_an_event_and_no_incident(
    client: Client, operations: Operations
) -> None:
    # Given an analyst's session of mistakes, and a sweep that ended by one
    scenario = client.scenario()
    for number in range(3):
        run = client.run(scenario, max_retries=0, seed=number)
        operations.fail(client.tenant, run["id"], code="model_input", message=f"mistake {number}")
    swept = client.run(scenario, max_retries=0, seed=9)
    cause = {"code": "model_input", "message": "discount_rate: must be below 1"}
    operations.fail(
        client.tenant, swept["id"], code="part_failed", message="part 2 of 4 ended FAILED", cause=cause
    )
    # When operations is told of them
    operations.deliver()
    # Then each is an event that says why, and nobody of operations has anything to do
    events = client.got("/v1/events")
    assert [(event["event_type"], event["severity"]) for event in events] == [
        ("run.input_refused", "WARNING")
    ] * 4
    assert {event["run_id"] for event in events} >= {swept["id"]}
    assert events[0]["payload"]["error"]["cause"] == cause
    assert client.incidents() == client.got("/v1/actions") == client.got("/v1/decisions") == []
    # But a part that failed by something else is operations'
    other = client.run(scenario, max_retries=0, seed=10)
    cause = {"code": "internal_error", "message": "KeyError"}
    operations.fail(client.tenant, other["id"], code="part_failed", message="part", cause=cause)
    operations.deliver()
    assert [incident["title"] for incident in client.incidents()] == ["run.failed: part_failed: part"]


@pytest.mark.parametrize(
    ("minutes", "lost_before", "is_the_users"),
    [(59, False, True), (60, False, False), (5, True, False)],
    ids=[
        "a shorter time than by itself",
        "the time that runs have",
        "a shorter time, of which the platform lost an attempt",
    ],
)
def test_a_run_that_used_up_a_short_time_of_its_users_is_no_incident(
    client: Client, operations: Operations, minutes: int, lost_before: bool, is_the_users: bool
) -> None:
    run = client.run(timeout_minutes=minutes)
    if lost_before:
        operations.lose(client.tenant, run["id"])
    operations.fail(client.tenant, run["id"], code="run_timeout", message="too long", state="TIMEOUT")
    operations.deliver()
    (event,) = (event for event in client.got("/v1/events") if event["run_id"] == run["id"])
    kind = ("run.out_of_time", "WARNING") if is_the_users else ("run.timeout", "ERROR")
    assert (event["event_type"], event["severity"]) == kind
    assert (client.incidents() == []) is is_the_users
    assert (client.got("/v1/actions") == []) is is_the_users


@pytest.mark.parametrize("state", ["FAILED", "TIMEOUT"])
def test_a_run_that_somebody_ends_by_hand_is_no_incident_and_not_run_again(
    client: Client, operations: Operations, state: str
) -> None:
    run = client.run()
    body = {"state": state, "reason": "a wrong baseline"}
    assert client("PUT", f"/v1/scenarios/runs/{run['id']}/state", body).status == 200
    operations.deliver()
    (event,) = client.got("/v1/events")
    assert (event["event_type"], event["severity"]) == ("run.ended_by_hand", "WARNING")
    assert event["payload"]["error"]["message"] == "a wrong baseline"
    assert client.incidents() == client.got("/v1/actions") == []


def test_a_vendors_failures_are_one_incident_that_opens_its_breaker(
    client: Client, operations: Operations
) -> None:
    vendor = client.vendor(reset_seconds=1, failure_threshold=100)
    runs = [client.run(max_retries=0) for _ in range(3)]
    for run in runs:
        operations.fail(client.tenant, run["id"], code="vendor_failed", message="503", vendor=vendor["name"])
        operations.deliver()

    (incident,) = client.incidents()
    assert incident["vendor_id"] == vendor["id"]
    assert incident["event_count"] == 4, "three runs and the breaker that opened"
    assert client.got(f"/v1/vendors/{vendor['id']}/breaker")["breaker"] in ("OPEN", "HALF_OPEN")
    by_type = [(action["action_type"], action["state"]) for action in reversed(client.got("/v1/actions"))]
    assert by_type == [
        ("RETRY", "SUCCEEDED"),
        ("RETRY", "SUCCEEDED"),
        ("BREAKER_OPEN", "SUCCEEDED"),
        ("RETRY", "PENDING"),
    ], "the third retry waits for the vendor"


def test_what_others_report_of_a_vendor_opens_its_breaker_at_the_third_failure(
    client: Client, operations: Operations
) -> None:
    vendor, workflow = client.vendor(failure_threshold=100, reset_seconds=3600), client.workflow()
    for count in (1, 2, 3):
        client.event(workflow, vendor_id=vendor["id"], payload={"error": {"code": "vendor_failed"}})
        operations.deliver()
        expected = "OPEN" if count == 3 else "CLOSED"
        assert client.got(f"/v1/vendors/{vendor['id']}/breaker")["breaker"] == expected
    opened = client.got("/v1/decisions")
    assert [d["decision_type"] for d in reversed(opened)][:2] == ["MANUAL", "BREAKER_OPEN"]


def test_a_breakers_end_stands_in_its_incident(client: Client, operations: Operations) -> None:
    vendor = client.vendor()["id"]
    for kind in ("BREAKER_OPEN", "BREAKER_CLOSE"):
        client.made("/v1/actions", {"action_type": kind, "target": vendor, "reason": "r"}, 202)
        operations.deliver()
    (incident,) = client.incidents()
    assert ("EVENT", "vendor.breaker_closed") in kinds(client, incident["id"])
    assert incident["event_count"] == 1, "the end of a failure is none"


def test_the_correlation_id_goes_from_the_request_to_the_retrys_message(
    client: Client, operations: Operations
) -> None:
    client.headers["x-correlation-id"] = "one-thread-42"
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    messages = operations.deliver(times=1)
    mine = [message for message in messages if message.tenant_id == client.tenant]
    assert [message.topic for message in mine] == [
        "run.requested",
        "run.failed",
        "incident.changed",
        "action.requested",
        "run.requested",
    ]
    assert {message.headers[CORRELATION_ID] for message in mine} == {"one-thread-42"}
    assert client.got("/v1/events")[0]["correlation_id"] == "one-thread-42"


def test_a_run_that_was_run_again_by_hand_is_left_alone(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    by_hand = client.run(run["scenario_id"], max_retries=0)
    assert by_hand["id"] != run["id"]
    operations.deliver()
    (action,) = client.got("/v1/actions")
    assert (action["state"], action["result"]["reason"]) == ("SKIPPED", "run_moved_on")
    assert len(client.got(f"/v1/scenarios/{run['scenario_id']}/runs")) == 2


def test_a_timed_out_run_is_an_event_too(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.claim(client.tenant, run["id"])
    operations.sql(
        "UPDATE scenario_run SET lease_until = now() - interval '1 s', started_at = now() - interval '2 h' WHERE id = %s",
        run["id"],
    )
    operations.sql("SELECT * FROM recover_runs('20 min', 100)")
    operations.deliver()
    assert [event["event_type"] for event in client.got("/v1/events")] == ["run.timeout"]
    assert client.got("/v1/decisions")[0]["maker_name"].endswith("/retry-timeout")
