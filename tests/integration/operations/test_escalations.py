"""People outside are told once of an escalation: whatever the topic answers, and whatever stops the rest."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from local.aws import LocalAws
from sextant import bootstrap
from sextant.operations.actions.performer import AlertError, Performer
from sextant.operations.actions.sns_alerts import SnsAlerts
from tests.integration.operations.conftest import Operations
from tests.integration.operations.http import Client
from tests.integration.operations.killing import Alarm
from tests.waiting import until


def test_an_escalation_reaches_the_topic_once(
    client: Client, operations: Operations, aws: LocalAws, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.variables().items():
        monkeypatch.setenv(name, value)
    sns, sqs = aws.client("sns"), aws.client("sqs")
    topic = sns.create_topic(Name=f"alerts-{uuid.uuid4().hex[:8]}")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"inbox-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    performer = Performer(
        bootstrap.platform_database(), bootstrap.operations_policies(), SnsAlerts(topic), "operations"
    )
    monkeypatch.setattr("functions.operations.handler.performer", lambda: performer)

    event = client.event(client.workflow(), event_type="security.breach", payload={"message": "intruder"})
    operations.deliver(times=3)
    told = until(lambda: sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"))
    (message,) = told
    body = json.loads(message["Body"])
    assert body["Subject"] == "[Sextant] CRITICAL: security.breach: intruder"
    assert event.data["incident_id"] in body["Message"]
    assert not sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages")
    escalation = next(a for a in client.got("/v1/actions") if a["action_type"] == "ESCALATE")
    assert (escalation["state"], bool(escalation["result"]["message_id"])) == ("SUCCEEDED", True)


def test_an_alert_that_is_not_taken_is_tried_as_a_new_action(
    client: Client, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        calls = 0

        def publish(self, subject: str, message: str, attributes: object) -> str:
            self.calls += 1
            raise AlertError("throttled")

    alerts = Refusing()
    performer = Performer(
        bootstrap.platform_database(), bootstrap.operations_policies(), alerts, "operations"
    )
    monkeypatch.setattr("functions.operations.handler.performer", lambda: performer)
    client.event(client.workflow(), event_type="security.breach")
    operations.deliver()
    newest, oldest = [a for a in client.got("/v1/actions") if a["action_type"] == "ESCALATE"]
    assert (oldest["state"], newest["state"], newest["attempt"]) == ("FAILED", "PENDING", 2)
    assert alerts.calls == 1


def topic_that(answers: Callable[[BaseHTTPRequestHandler], None]) -> AbstractContextManager[str]:
    """An endpoint that is asked to publish; its URL."""

    @contextmanager
    def served() -> Iterator[str]:
        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                answers(self)

            def log_message(self, *arguments: object) -> None: ...

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    return served()


def silent(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.settimeout(2.0)
    handler.connection.recv(1)  # until the caller hangs up


def closing(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


def garbled(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.wfile.write(b"<not xml")


def refusing(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(400)
    handler.end_headers()
    handler.wfile.write(
        b"<ErrorResponse><Error><Code>Throttling</Code><Message>slow down</Message></Error></ErrorResponse>"
    )


@pytest.mark.parametrize(
    ("answers", "reason", "attempts"),
    [
        (silent, "outcome_unknown", 1),
        (closing, "outcome_unknown", 1),
        (garbled, "outcome_unknown", 1),
        (refusing, "alert_not_taken", 2),
        (None, "alert_not_taken", 2),
    ],
)
def test_an_alert_that_was_perhaps_taken_is_not_sent_again(
    client: Client,
    operations: Operations,
    aws: LocalAws,
    monkeypatch: pytest.MonkeyPatch,
    answers: Callable[[BaseHTTPRequestHandler], None] | None,
    reason: str,
    attempts: int,
) -> None:
    for name, value in aws.variables().items():
        monkeypatch.setenv(name, value)
    alerts = SnsAlerts("arn:aws:sns:eu-central-1:000000000000:alerts", timeout=0.3)
    performer = Performer(
        bootstrap.platform_database(), bootstrap.operations_policies(), alerts, "operations"
    )
    monkeypatch.setattr("functions.operations.handler.performer", lambda: performer)
    client.event(client.workflow(), event_type="security.breach")
    with topic_that(answers) if answers else nullcontext("http://127.0.0.1:9") as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_SNS", url)
        operations.deliver()
    told = [a for a in reversed(client.got("/v1/actions")) if a["action_type"] == "ESCALATE"]
    assert (told[0]["state"], told[0]["result"]["reason"]) == ("FAILED", reason)
    assert len(told) == attempts


def test_an_escalation_that_failed_keeps_no_later_one_back(
    client: Client, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    alarm = Alarm()
    policies = bootstrap.operations_policies()
    quiet = Performer(bootstrap.platform_database(), policies, None, "operations")
    loud = Performer(bootstrap.platform_database(), policies, alarm, "operations")
    monkeypatch.setattr("functions.operations.handler.performer", lambda: quiet)
    workflow = client.workflow()
    incident = client.event(workflow, event_type="security.breach").data["incident_id"]
    operations.deliver()
    (failed,) = client.got("/v1/actions", action_type="ESCALATE")
    assert (failed["state"], failed["result"]["reason"]) == ("FAILED", "no_alert_topic")
    monkeypatch.setattr("functions.operations.handler.performer", lambda: loud)
    for _ in range(2):
        client("POST", f"/v1/incidents/{incident}/state", {"state": "RESOLVED", "reason": "over"})
        client.event(workflow, event_type="security.breach")
        operations.deliver()
    states = [action["state"] for action in client.got("/v1/actions", action_type="ESCALATE")]
    assert (states, len(alarm.taken)) == (["SKIPPED", "SUCCEEDED", "FAILED"], 1), (
        "the cooldown holds the third"
    )


def test_an_escalation_that_nobody_takes_is_given_up_after_the_third(
    client: Client, operations: Operations, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Refusing:
        def publish(self, subject: str, message: str, attributes: object) -> str:
            raise AlertError("throttled")

    policies = bootstrap.operations_policies()
    performer = Performer(bootstrap.platform_database(), policies, Refusing(), "operations")
    monkeypatch.setattr("functions.operations.handler.performer", lambda: performer)
    client.event(client.workflow(), event_type="security.breach")
    operations.deliver()
    for _ in range(4):
        operations.sql(
            "UPDATE action SET due_at = now() - interval '2 min' WHERE state = 'PENDING' AND tenant_id = %s",
            client.tenant,
        )
        operations.run_checks()
    tried = client.got("/v1/actions", action_type="ESCALATE")
    assert [(a["attempt"], a["state"]) for a in tried] == [(3, "FAILED"), (2, "FAILED"), (1, "FAILED")]


@pytest.mark.parametrize("stop", ["switch", "cap"])
def test_people_are_told_whatever_stops_the_rest(
    client: Client, operations: Operations, monkeypatch: pytest.MonkeyPatch, stop: str
) -> None:
    alarm = Alarm()
    policies = bootstrap.operations_policies()
    performer = Performer(bootstrap.platform_database(), policies, alarm, "operations")
    monkeypatch.setattr("functions.operations.handler.performer", lambda: performer)
    if stop == "switch":
        client.made("/v1/kill-switches", {"scope": "TENANT", "reason": "stop"}, 200)
    else:
        settings = {"operations": {"max_actions_per_hour": 0}}
        body = {"tenant_id": client.tenant, "name": "Acme", "settings": settings}
        client.as_("super_admin").made("/v1/tenants", body)
    client.event(client.workflow(), event_type="security.breach")
    operations.deliver()
    assert len(alarm.taken) == 1
