"""What messages alone would lose: dead outbox events, dead letters, lost messages, processes that died."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

import functions.operations.handler as function
from functions.declaration import OPERATIONS
from local.aws import LocalAws, Resources
from sextant.operations.scheduled_checks.model import DeadLetter
from tests.environments import changed
from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client


def test_a_dead_outbox_event_becomes_an_incident_once(client: Client, operations: Operations) -> None:
    client.headers["x-correlation-id"] = "dead-thread"
    client.run()
    [(event,)] = operations.sql("SELECT id FROM outbox_event WHERE tenant_id = %s", client.tenant)
    operations.sql("DELETE FROM outbox_pending WHERE event_id = %s", event)
    operations.sql(
        "INSERT INTO outbox_dead (tenant_id, event_id, attempts, last_error) VALUES (%s, %s, 8, 'MessageTooLong: 300001 bytes')",
        client.tenant,
        event,
    )
    assert operations.run_checks()["dead_events"] == 1
    assert operations.run_checks()["dead_events"] == 0
    (found,) = client.got("/v1/events")
    assert (found["event_type"], found["correlation_id"]) == ("outbox.dead", "dead-thread")
    (incident,) = client.incidents()
    assert incident["title"] == "outbox.dead: outbox_dead: run.requested: messagetoolong: <n> bytes"
    operations.sql("UPDATE outbox_dead SET failed_at = now() + interval '1 ms' WHERE event_id = %s", event)
    assert operations.run_checks()["dead_events"] == 1, (
        "an event that dies again after a replay is told again"
    )


def test_a_setting_that_cannot_be_read_becomes_an_incident_once(
    client: Client, operations: Operations
) -> None:
    plant = (
        "INSERT INTO setting (tenant_id, kind, name, value, updated_by, reason) VALUES (%s, 'concurrency', 'runs', %s, 'x', 'x')"
        " ON CONFLICT (tenant_id, kind, name) DO UPDATE SET value = EXCLUDED.value"
    )
    operations.sql(plant, client.tenant, '{"max_running": "many"}')
    assert operations.run_checks()["unreadable_settings"] == 1
    assert operations.run_checks()["unreadable_settings"] == 0
    (incident,) = client.incidents()
    assert incident["title"].startswith(
        "setting.unreadable: setting_unreadable: the setting concurrency/runs"
    )
    operations.sql(plant, client.tenant, '{"max_running": "few"}')
    assert operations.run_checks()["unreadable_settings"] == 1, "another value is told again"
    operations.sql("DELETE FROM setting WHERE tenant_id = %s", client.tenant)


def test_a_dead_letter_becomes_an_incident_and_stays_in_its_queue(
    client: Client,
    operations: Operations,
    aws: LocalAws,
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in aws.variables().items():
        monkeypatch.setenv(name, value)
    sqs = aws.client("sqs")
    dead = resources.dead_letter_urls["runs"]
    client.run()
    [(event_id,)] = operations.sql("SELECT id::text FROM outbox_event WHERE tenant_id = %s", client.tenant)
    headers = {
        "tenant-id": client.tenant,
        "event-topic": "run.requested",
        "headers": json.dumps({"correlation-id": "c-1"}),
    }
    # And one that only says that it is the tenant's
    for name, event in (("true", event_id), ("forged", str(uuid.uuid4()))):
        attributes = {**headers, "event-id": event}
        sqs.send_message(
            QueueUrl=dead,
            MessageBody=name,
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )
    with changed(
        SEXTANT_QUEUE_URL_RUNS=resources.queue_urls["runs"],
        SEXTANT_QUEUE_URL_COMMITS="",
        SEXTANT_QUEUE_URL_EVENTS=resources.queue_urls["events"],
    ):
        assert operations.run_checks()["dead_letters"] == 2
    told = operations.sql(
        "SELECT tenant_id FROM event WHERE event_type = 'queue.dead_letter' AND payload ->> 'body' = 'forged'"
    )
    assert told == [("platform",)], "whose it says it is only the database knows"
    (event,) = client.got("/v1/events")
    assert (event["event_type"], event["payload"]["topic"], event["correlation_id"]) == (
        "queue.dead_letter",
        "run.requested",
        "c-1",
    )
    counts = sqs.get_queue_attributes(
        QueueUrl=dead, AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    )["Attributes"]
    assert sum(int(value) for value in counts.values()) == 2


def test_what_lost_its_message_is_done_by_the_sweep(client: Client, operations: Operations) -> None:
    vendor = client.vendor()["id"]
    action = client.made(
        "/v1/actions", {"action_type": "BREAKER_OPEN", "target": vendor, "reason": "r"}, 202
    )["id"]
    incident = client.event(client.workflow()).data["incident_id"]
    operations.sql("DELETE FROM outbox_pending WHERE tenant_id = %s", client.tenant)
    operations.sql("UPDATE action SET due_at = now() - interval '5 min' WHERE id = %s", action)
    operations.sql("UPDATE incident SET opened_at = now() - interval '5 min' WHERE id = %s", incident)
    found = operations.run_checks()
    assert (found["performed"], found["incidents"]) == (1, 1)
    assert client.got(f"/v1/actions/{action}")["state"] == "SUCCEEDED"
    assert client.got(f"/v1/incidents/{incident}")["state"] == "ANALYZING"


def test_an_escalation_whose_process_died_is_ended_and_not_repeated(
    client: Client, operations: Operations
) -> None:
    incident = client.event(client.workflow()).data["incident_id"]
    body = {"action_type": "ESCALATE", "incident_id": incident, "reason": "look"}
    action = client.made("/v1/actions", body, 202)["id"]
    operations.sql(
        "UPDATE action SET state = 'IN_PROGRESS', started_at = now() - interval '1 h' WHERE id = %s", action
    )
    operations.deliver()
    assert operations.run_checks()["abandoned"] == 1
    found = client.got(f"/v1/actions/{action}")
    assert (found["state"], found["result"]["reason"]) == ("FAILED", "outcome_unknown")
    assert len(client.got("/v1/actions", action_type="ESCALATE")) == 1


def test_one_thing_that_cannot_be_handled_keeps_no_other_from_it(
    client: Client, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    incident = client.event(client.workflow()).data["incident_id"]
    vendor = client.vendor()["id"]
    body = {"action_type": "BREAKER_OPEN", "target": vendor, "reason": "r"}
    good = client.made("/v1/actions", body, 202)["id"]
    operations.sql(
        """INSERT INTO action (tenant_id, id, action_type, target, requested_by, due_at)
           VALUES (%s, gen_random_uuid(), 'BREAKER_OPEN', 'no id', 'somebody', now() - interval '1 h')""",
        client.tenant,
    )
    operations.sql("DELETE FROM outbox_pending WHERE tenant_id = %s", client.tenant)
    operations.sql("UPDATE action SET due_at = now() - interval '5 min' WHERE id = %s", good)
    operations.sql("UPDATE incident SET opened_at = now() - interval '5 min' WHERE id = %s", incident)

    class Queues:
        def peek(self) -> Iterator[DeadLetter]:
            yield DeadLetter("dead", str(uuid.uuid4()), {"tenant-id": "NOT A TENANT"}, "{}")
            yield DeadLetter("dead", str(uuid.uuid4()), {"tenant-id": client.tenant}, "\ud800")
            yield DeadLetter("dead", str(uuid.uuid4()), {"tenant-id": client.tenant}, "{}")
            raise ConnectionError("the queue is away")

    monkeypatch.setattr(function, "dead_letters", Queues)
    found = operations.run_checks()
    assert client.got(f"/v1/actions/{good}")["state"] == "SUCCEEDED"
    assert client.got(f"/v1/incidents/{incident}")["state"] == "ANALYZING"
    assert (found["performed"], found["incidents"], found["left"]) == (1, 1, 0)
    assert (found["dead_letters"], found["failed"]) == (2, 3), "the action, the letter, the queue"


def test_a_sweep_begins_nothing_that_it_has_no_time_for(
    client: Client, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    vendor = client.vendor()["id"]
    body = {"action_type": "BREAKER_OPEN", "target": vendor, "reason": "r"}
    action = client.made("/v1/actions", body, 202)["id"]
    operations.sql("UPDATE action SET due_at = now() - interval '5 min' WHERE id = %s", action)
    monkeypatch.setattr(function, "OPERATIONS", replace(OPERATIONS, timeout=20))
    assert operations.run_checks()["left"] >= 1
    assert client.got(f"/v1/actions/{action}")["state"] == "PENDING"


def test_an_event_of_no_tenant_is_the_platforms(client: Client, operations: Operations) -> None:
    event = uuid.uuid4()
    operations.sql(
        "INSERT INTO outbox_event (tenant_id, id, topic, dedupe_key, payload) VALUES ('-', %s, 'x.y', NULL, '{}')",
        event,
    )
    operations.sql(
        "INSERT INTO outbox_dead (tenant_id, event_id, attempts, last_error) VALUES ('-', %s, 1, 'refused')",
        event,
    )
    assert operations.run_checks()["dead_events"] == 1
    platform = Client("platform", ("super_admin",))
    assert platform.got("/v1/events")[0]["payload"]["event_id"] == str(event)
