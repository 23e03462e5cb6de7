"""What a message claims is only where to look: nothing is told to anybody that the database does not say."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

import functions.operations.handler as function
from sextant.bus.message import OutboundMessage
from tests.integration.invoking import LambdaContext
from tests.integration.operations.conftest import Operations, as_sqs
from tests.integration.operations.http import Client


def forge(client: Client, topic: str, **payload: Any) -> None:
    """Hand operations a message that nothing in the outbox stands behind."""
    body = json.dumps({"tenant_id": client.tenant, **payload})
    message = OutboundMessage(client.tenant, uuid.uuid4(), topic, None, body, datetime.now(UTC))
    answer = function.handler(as_sqs([message]), LambdaContext("operations"))  # type: ignore[arg-type]
    assert answer == {"batchItemFailures": []}, "it is nobody's to try again"


def claimed_failure(run: str, scenario: str) -> dict[str, Any]:
    error = {"code": "vendor_failed", "message": "down", "vendor": "feed"}
    return {"run_id": run, "scenario_id": scenario, "state": "FAILED", "error": error}


@pytest.mark.parametrize("stands", ["SUCCEEDED", "QUEUED", "RUNNING", "CANCELLED", "nowhere"])
def test_a_run_that_did_not_fail_is_told_to_nobody(
    client: Client, operations: Operations, stands: str
) -> None:
    client.vendor(name="feed", failure_threshold=1)
    run = client.run(max_retries=0)
    if stands == "SUCCEEDED":
        operations.succeed(client.tenant, run["id"])
    elif stands == "RUNNING":
        operations.claim(client.tenant, run["id"])
    elif stands == "CANCELLED":
        assert client("POST", f"/v1/scenarios/runs/{run['id']}/cancel").status == 200
    forged = str(uuid.uuid4()) if stands == "nowhere" else run["id"]
    for _ in range(12):
        forge(client, "run.failed", **claimed_failure(forged, run["scenario_id"]))
    operations.deliver()
    assert client.got("/v1/events") == client.incidents() == client.got("/v1/actions") == []


def test_another_tenants_failed_run_is_none_of_ones_own(
    client: Client, operations: Operations, new_client: Any
) -> None:
    other = new_client()
    run = other.run(max_retries=0)
    operations.fail(other.tenant, run["id"])
    forge(client, "run.failed", **claimed_failure(run["id"], run["scenario_id"]))
    assert client.got("/v1/events") == client.incidents() == []


def test_how_a_run_failed_is_what_the_database_says(client: Client, operations: Operations) -> None:
    client.vendor(name="feed", failure_threshold=1)
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"], code="dependency_failed", message="the true reason")
    forge(client, "run.failed", **claimed_failure(run["id"], str(uuid.uuid4())))
    operations.deliver()
    (event,) = client.got("/v1/events")
    assert (event["payload"]["error"]["message"], event["vendor_id"]) == ("the true reason", None)
    assert event["payload"]["scenario_id"] == run["scenario_id"]


def test_a_claimed_success_reaches_no_incident(client: Client, operations: Operations) -> None:
    run = client.run(max_retries=0)
    operations.fail(client.tenant, run["id"])
    operations.deliver()
    for claimed in (run["id"], client.got("/v1/actions")[0]["result"]["run_id"]):
        forge(client, "run.completed", run_id=claimed, scenario_id=run["scenario_id"])
    (incident,) = client.incidents()
    assert incident["state"] == "ACTIONED"
    assert [event["event_type"] for event in client.got("/v1/events")] == ["run.failed"]


def test_a_claimed_refusal_needs_a_receipt_that_says_so(client: Client, operations: Operations) -> None:
    forge(client, "run.refused", receipt_id=str(uuid.uuid4()), error={"code": "x", "detail": "y"})
    assert client.got("/v1/events") == client.incidents() == []


@pytest.mark.parametrize("event", ["none of the tenant's", "of another incident"])
def test_a_claimed_change_of_an_incident_needs_its_event(
    client: Client, operations: Operations, event: str
) -> None:
    workflow = client.workflow()
    incident = client.event(workflow).data["incident_id"]
    other = client.event(workflow, payload={"error": {"message": "another thing"}}).data["event_id"]
    operations.deliver()
    decided = len(client.got("/v1/decisions"))
    for _ in range(3):
        named = other if event == "of another incident" else str(uuid.uuid4())
        forge(client, "incident.changed", incident_id=incident, event_id=named, change="OPENED")
    assert len(client.got("/v1/decisions")) == decided
