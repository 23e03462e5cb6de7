"""The examples of the OpenAPI document are bodies that the API takes: each is sent."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

from tests.integration.api.conftest import Client
from tests.integration.invoking import Answer
from tools.docs.openapi import SERVED
from tools.docs.openapi.examples import BODIES

OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in json.loads(SERVED.read_text())["paths"].items()
    for method, operation in methods.items()
}
# They need the lake, and a key: tests/integration/outputs/test_baselines.py and tests/integration/webhooks/test_endpoints.py send them.
ELSEWHERE = {
    "create_baseline",
    "create_report",
    "create_report_link",
    "validate_baseline",
    "create_webhook",
    "change_webhook",
    "resend_failed_deliveries",
}


def test_every_body_has_an_example_and_every_example_a_body() -> None:
    taking = {name for name, (_, _, operation) in OPERATIONS.items() if "requestBody" in operation}
    assert taking == BODIES.keys()
    for name in taking:
        for content in OPERATIONS[name][2]["requestBody"]["content"].values():
            assert content["example"] == BODIES[name]


def test_the_api_takes_every_example(new_client: Callable[..., Client]) -> None:
    client = new_client("super_admin")
    sent = set(ELSEWHERE)

    def send(operation: str, **known: str) -> Answer:
        """Send the operation's example, with ids of this tenant's for those in it."""
        method, path, _ = OPERATIONS[operation]
        text = json.dumps(BODIES[operation])
        if "workflow" in known:
            text = text.replace("0190b5a7-3c1e-7c44-9d2b-5f6f3a1c8e01", known["workflow"])
        answer = client(method, path.format(**known), json.loads(text))
        assert answer.status in (200, 201, 202), (operation, answer.body)
        sent.add(operation)
        return answer

    def made(answer: Answer) -> str:
        return str(answer.data["id"])

    # Scenarios and runs
    send("validate_scenario")
    scenario = made(send("create_scenario"))
    for operation in ("replace_scenario", "update_scenario", "fork_scenario"):
        send(operation, scenario_id=scenario)
    run = made(send("request_run", scenario_id=scenario))
    send("request_runs", scenario_id=scenario)
    for operation in ("cancel_runs", "replay_runs"):
        send(operation)
    send("set_run_state", run_id=run)
    assert client("DELETE", f"/v1/scenarios/{scenario}").status == 204
    send("restore_scenario", scenario_id=scenario)
    # Workflows, vendors, and what goes wrong in them
    workflow = made(send("create_workflow"))
    vendor = made(send("create_vendor"))
    send("change_vendor", vendor_id=vendor)
    incident = str(send("ingest_event", workflow=workflow).data["incident_id"])
    send("move_incident", incident_id=incident)
    action = made(send("request_action", workflow=workflow))
    send("complete_action", action_id=action)
    # A body that is taken, of an action that was never done
    reverse = client("POST", f"/v1/actions/{action}/reverse", BODIES["reverse_action"])
    assert reverse.status == 409, reverse.body
    send("change_workflow", workflow_id=workflow)
    send("lift_kill_switch", switch_id=made(send("set_kill_switch", workflow=workflow)))
    # Administration
    send("put_setting", kind="rate-limit", name="scenarios")
    for operation in ("invalidate_cache", "replay_outbox", "adjust_quota", "reset_quota"):
        send(operation)
    # What others would meet is told from them by its name
    name = f"north-{uuid.uuid4().hex[:8]}"
    tenant: dict[str, Any] = {**BODIES["create_tenant"], "tenant_id": name}
    assert client("POST", "/v1/tenants", tenant).status == 201
    send("change_tenant", tenant=name)
    sent |= {"create_tenant", "reverse_action"}
    assert sent == BODIES.keys()
