"""From a run that succeeds to a consumer that has it, once each failure on the way is over."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError
from standardwebhooks import Webhook as Verifier
from standardwebhooks import WebhookVerificationError

from sextant import bootstrap
from sextant.ids import TenantId, WebhookId
from sextant.storage import ALL_TENANTS
from sextant.webhooks import service
from tests.integration.operations.http import Client
from tests.integration.webhooks.conftest import Webhooks
from tests.integration.webhooks.consumer import Consumer, Received, Reply
from tests.waiting import until


def created(client: Client, consumer: Consumer, **fields: object) -> dict[str, str]:
    made: dict[str, str] = client.made("/v1/webhooks", {"url": consumer.url, **fields})
    return made


def deliveries(client: Client, webhook: dict[str, str], **query: object) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = client.got(f"/v1/webhooks/{webhook['id']}/deliveries", **query)
    return rows


def test_a_run_that_succeeds_is_told_signed_and_recorded(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    webhook = created(client, consumer, event_types=["run.succeeded"])
    scenario = client.scenario()
    run = client.run(scenario)

    hooks.succeed(client.tenant, run["id"])
    report = hooks.deliver()

    assert report.delivered == 1
    (received,) = consumer.received
    event = Verifier(webhook["secret"]).verify(received.body, dict(received.headers))
    assert event["type"] == "run.succeeded"
    assert event["data"] == {
        "run_id": run["id"],
        "scenario_id": scenario,
        "state": "SUCCEEDED",
        "links": {
            "run": f"/v1/scenarios/{scenario}/runs/{run['id']}",
            "result": f"/v1/scenarios/{scenario}/runs/{run['id']}/result",
        },
    }
    assert (event["specversion"], event["id"]) == ("1.0", received.headers["webhook-id"])
    assert event["timestamp"] == event["time"]
    assert received.headers["content-type"].startswith("application/cloudevents+json")
    (listed,) = deliveries(client, webhook)
    assert (listed["state"], listed["attempts"], listed["status"]) == ("DELIVERED", 1, 204)
    whole = client.got(f"/v1/webhooks/{webhook['id']}/deliveries/{listed['id']}")
    assert whole["body"] == received.body
    (attempt,) = whole["tries"]
    assert attempt["headers"]["webhook-signature"] == received.headers["webhook-signature"]
    assert attempt["timing"]["whole"] > 0


def test_nothing_is_told_of_what_is_not_committed(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    webhook = created(client, consumer)
    run = client.run()
    with psycopg.connect(hooks.urls.admin) as connection:
        connection.execute(
            "UPDATE scenario_run SET state = 'CANCELLED', completed_at = now() WHERE id = %s",
            (uuid.UUID(run["id"]),),
        )
        connection.rollback()

    assert hooks.deliver().delivered == 0
    assert deliveries(client, webhook) == []


def test_what_fails_is_tried_again_under_the_same_id(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    webhook = created(client, consumer)
    consumer.behave = lambda _: Reply(500, body=b"out of order")
    client("POST", f"/v1/runs/{client.run()['id']}/cancel")

    report = hooks.deliver()
    assert (report.delivered, report.failed) == (0, 1)
    assert report.retry_in is not None
    assert 4 <= report.retry_in <= 6
    assert hooks.deliver().failed == 0, "it is not due yet"
    (waiting,) = deliveries(client, webhook, state="pending")
    assert waiting["error"] == "status: the endpoint answered 500"

    consumer.behave = lambda _: Reply()
    hooks.due(client.tenant)
    assert hooks.deliver().delivered == 1
    assert len(set(consumer.ids)) == 1
    whole = client.got(f"/v1/webhooks/{webhook['id']}/deliveries/{waiting['id']}")
    assert [(one["number"], one["status"], one["answer_body"]) for one in whole["tries"]] == [
        (2, 204, ""),
        (1, 500, "out of order"),
    ]


def test_retry_after_is_waited_for(client: Client, consumer: Consumer, hooks: Webhooks) -> None:
    created(client, consumer)
    consumer.behave = lambda _: Reply(503, {"Retry-After": "120"})
    client("POST", f"/v1/runs/{client.run()['id']}/cancel")

    assert hooks.deliver().retry_in == 120
    ((seconds,),) = hooks.sql(
        "SELECT extract(epoch FROM open_until - now())::float FROM webhook_state WHERE tenant_id = %s",
        client.tenant,
    )
    assert 110 < seconds <= 120, "other deliveries wait too"


def test_410_disables_cancels_and_tells_as_an_incident(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    webhook = created(client, consumer)
    consumer.behave = lambda _: Reply(410)
    for _ in range(3):
        client("POST", f"/v1/runs/{client.run()['id']}/cancel")

    assert hooks.deliver().disabled == 1
    assert len(consumer.received) == 1
    shown = client.got(f"/v1/webhooks/{webhook['id']}")
    assert (shown["state"], shown["state_reason"]) == ("DISABLED", "it answered 410 Gone")
    assert sorted(str(one["state"]) for one in deliveries(client, webhook)) == [
        "CANCELLED",
        "CANCELLED",
        "FAILED",
    ]
    assert [one["title"] for one in client.incidents()] == [
        f"webhook {webhook['id']} was disabled: it answered 410 Gone"
    ]
    client("POST", f"/v1/runs/{client.run()['id']}/cancel")
    assert hooks.deliver().delivered == 0, "nothing is delivered after it"
    assert len(deliveries(client, webhook)) == 3


def test_days_of_failure_disable(client: Client, consumer: Consumer, hooks: Webhooks) -> None:
    webhook = created(client, consumer)
    consumer.behave = lambda _: Reply(500)
    client("POST", f"/v1/runs/{client.run()['id']}/cancel")
    hooks.deliver()
    hooks.sql(
        "UPDATE webhook_state SET failing_since = now() - interval '73 hours' WHERE tenant_id = %s",
        client.tenant,
    )

    hooks.due(client.tenant)
    assert hooks.deliver().disabled == 1
    assert client.got(f"/v1/webhooks/{webhook['id']}")["state"] == "DISABLED"


def test_a_redirect_is_a_failure_and_is_not_followed(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    created(client, consumer)
    consumer.behave = lambda _: Reply(302, {"Location": f"{consumer.url}/elsewhere"})
    client("POST", f"/v1/runs/{client.run()['id']}/cancel")

    assert hooks.deliver().failed == 1
    assert [one.path for one in consumer.received] == ["/hooks"]


def test_what_is_ordered_waits_for_the_one_before(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    created(client, consumer, ordered=True)
    refused: list[str] = []

    def behave(received: Received) -> Reply:
        if len(consumer.received) == 2 and not refused:
            refused.append(received.headers["webhook-id"])
            return Reply(500)
        return Reply()

    consumer.behave = behave
    runs = [client.run()["id"] for _ in range(6)]
    for run in runs:
        client("POST", f"/v1/runs/{run}/cancel")

    hooks.deliver()
    assert len(consumer.received) == 3
    hooks.due(client.tenant)
    hooks.deliver()
    got = [one.event["data"]["run_id"] for one in consumer.received]
    assert got == [*runs[:3], *runs[2:]]


@pytest.mark.parametrize("lost", ["before it is sent", "before it is kept"])
def test_a_deliverer_that_dies_loses_nothing(
    client: Client, consumer: Consumer, hooks: Webhooks, lost: str
) -> None:
    created(client, consumer)
    client("POST", f"/v1/runs/{client.run()['id']}/cancel")
    batch = hooks.deliverer._claim()
    assert batch is not None
    if lost == "before it is kept":
        hooks.deliverer._results(batch)

    assert hooks.deliver().delivered == 0, "it is leased"
    hooks.sql("UPDATE webhook_delivery SET lease_until = now() WHERE tenant_id = %s", client.tenant)
    assert hooks.deliver().delivered == 1
    assert len(set(consumer.ids)) == 1
    assert hooks.deliverer._settle(batch, hooks.deliverer._results(batch)) == "ENABLED", (
        "it changes nothing any more"
    )


def test_who_hangs_keeps_no_other_waiting(
    client: Client, consumer: Consumer, new_consumer: Callable[[], Consumer], hooks: Webhooks
) -> None:
    slow = new_consumer()
    slow.behave = lambda _: Reply(wait=1.5)
    created(client, slow)
    created(client, consumer)
    for _ in range(8):
        client("POST", f"/v1/runs/{client.run()['id']}/cancel")
    began = time.monotonic()
    thread = threading.Thread(target=hooks.deliver)
    thread.start()
    until(lambda: len(consumer.received) == 8)
    assert time.monotonic() - began < 1.5
    hooks.sql(
        "UPDATE webhook SET state = 'PAUSED', version = version + 1, updated_at = clock_timestamp() WHERE tenant_id = %s",
        client.tenant,
    )
    thread.join()


def test_filters(client: Client, consumer: Consumer, hooks: Webhooks) -> None:
    tagged = client.made("/v1/scenarios", {"name": f"s {uuid.uuid4()}", "tags": ["board"]})["id"]
    plain = client.scenario()
    by_type = created(client, consumer, event_types=["run.failed"])
    by_scenario = created(client, consumer, scenario_ids=[plain])
    by_tag = created(client, consumer, tags=["board"])
    every = created(client, consumer)
    for scenario in (tagged, plain):
        client("POST", f"/v1/runs/{client.run(scenario)['id']}/cancel")

    assert hooks.deliver().delivered == 4
    assert [len(deliveries(client, each)) for each in (by_type, by_scenario, by_tag, every)] == [0, 1, 1, 2]


def test_incidents_are_told_as_they_open_escalate_and_are_resolved(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    created(client, consumer, ordered=True)
    client.event(client.workflow(), severity="CRITICAL")
    (incident,) = client.incidents()
    for state in ("ANALYZING", "RESOLVED"):
        moved = client("POST", f"/v1/incidents/{incident['id']}/state", {"state": state, "reason": "seen"})
        assert moved.status == 200, moved.body

    hooks.deliver()
    assert [one.event["type"] for one in consumer.received] == [
        "incident.opened",
        "incident.escalated",
        "incident.resolved",
    ]
    assert all(one.event["data"]["incident_id"] == incident["id"] for one in consumer.received)


def test_two_secrets_sign_while_the_consumer_changes_over(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    webhook = created(client, consumer)
    new = client.made(f"/v1/webhooks/{webhook['id']}/secret:rotate", None, 200)["secret"]
    client.made(f"/v1/webhooks/{webhook['id']}/test", None, 202)

    hooks.deliver()
    (received,) = consumer.received
    for secret in (webhook["secret"], new):
        Verifier(secret).verify(received.body, dict(received.headers))
    assert webhook["secret"] != new
    with pytest.raises(WebhookVerificationError):
        Verifier(new).verify(received.body + " ", dict(received.headers))

    hooks.sql(
        "UPDATE webhook_secret SET expires_at = now() WHERE expires_at IS NOT NULL AND tenant_id = %s",
        client.tenant,
    )
    client.made(f"/v1/webhooks/{webhook['id']}/test", None, 202)
    hooks.deliver()
    with pytest.raises(WebhookVerificationError):
        Verifier(webhook["secret"]).verify(consumer.received[1].body, dict(consumer.received[1].headers))


def test_secrets_lie_sealed_and_bound_to_their_endpoint(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    webhook, other = created(client, consumer), created(client, consumer)
    ((sealed,),) = hooks.sql(
        "SELECT sealed FROM webhook_secret WHERE webhook_id = %s", uuid.UUID(webhook["id"])
    )

    assert webhook["secret"].encode() not in bytes(sealed)
    assert "secret" not in json.dumps(client.got(f"/v1/webhooks/{webhook['id']}"))
    tenant = TenantId(client.tenant)
    opened = bootstrap.sealing().open(tenant, WebhookId(uuid.UUID(webhook["id"])), bytes(sealed))
    assert opened == webhook["secret"]
    fresh = type(bootstrap.sealing())(bootstrap.sealing()._key)
    # Neither who opens it first nor who remembers it opens it for another endpoint
    for sealing in (fresh, bootstrap.sealing()):
        with pytest.raises(ClientError, match="EncryptionContext"):
            sealing.open(tenant, WebhookId(uuid.UUID(other["id"])), bytes(sealed))


def test_what_failed_is_sent_again_with_a_preview_first(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    webhook = created(client, consumer)
    consumer.behave = lambda _: Reply(410)
    for _ in range(3):
        client("POST", f"/v1/runs/{client.run()['id']}/cancel")
    hooks.deliver()
    path = f"/v1/webhooks/{webhook['id']}"
    since = {"since": "2020-01-01T00:00:00Z"}
    assert client("POST", f"{path}/deliveries:resend", since).code == "webhook_disabled"

    consumer.behave = lambda _: Reply()
    assert hooks.wakes(client.tenant, lambda: client("PATCH", path, {"state": "ENABLED"})) == 1
    previewed = client.made(f"{path}/deliveries:resend", {**since, "preview": True}, 200)
    assert (previewed["matching"], previewed["preview"]) == (3, True)
    assert hooks.deliver().delivered == 0
    resent: dict[str, Any] = {}
    resend = partial(client.made, f"{path}/deliveries:resend", since, 200)
    assert hooks.wakes(client.tenant, lambda: resent.update(resend())) == 1, "it would lie for a minute"
    assert resent["delivery_ids"] == previewed["delivery_ids"]
    assert hooks.deliver().delivered == 3

    (first, *_) = deliveries(client, webhook)
    again = f"{path}/deliveries/{first['id']}/resend"
    assert hooks.wakes(client.tenant, lambda: client.made(again, None, 202)) == 1
    assert hooks.deliver().delivered == 1
    assert len(set(consumer.ids)) == 3


def test_paused_keeps_and_disabled_drops(client: Client, consumer: Consumer, hooks: Webhooks) -> None:
    webhook = created(client, consumer)
    path = f"/v1/webhooks/{webhook['id']}"
    client("PATCH", path, {"state": "PAUSED"})
    client("POST", f"/v1/runs/{client.run()['id']}/cancel")
    assert hooks.deliver().delivered == 0
    client("PATCH", path, {"state": "ENABLED"})
    assert hooks.deliver().delivered == 1

    client("PATCH", path, {"state": "PAUSED"})
    client("POST", f"/v1/runs/{client.run()['id']}/cancel")
    client("PATCH", path, {"state": "DISABLED"})
    client("PATCH", path, {"state": "ENABLED"})
    assert hooks.deliver().delivered == 0
    assert [one["state"] for one in deliveries(client, webhook)] == ["CANCELLED", "DELIVERED"]

    assert client("DELETE", path).status == 204
    assert client("GET", path).code == "webhook_not_found"


def test_another_tenant_sees_nothing(client: Client, consumer: Consumer, hooks: Webhooks) -> None:
    webhook = created(client, consumer)
    client.made(f"/v1/webhooks/{webhook['id']}/test", None, 202)
    other = Client(f"t-{uuid.uuid4().hex[:12]}")

    assert other.got("/v1/webhooks") == []
    for path in ("", "/deliveries", "/changes"):
        assert other("GET", f"/v1/webhooks/{webhook['id']}{path}").code == "webhook_not_found"
    assert other("POST", f"/v1/webhooks/{webhook['id']}/secret:rotate").code == "webhook_not_found"


def test_what_is_old_is_forgotten(client: Client, consumer: Consumer, hooks: Webhooks) -> None:
    webhook = created(client, consumer)
    client.made(f"/v1/webhooks/{webhook['id']}/test", None, 202)
    hooks.deliver()
    hooks.sql(
        "UPDATE webhook_event SET created_at = now() - interval '31 days' WHERE tenant_id = %s", client.tenant
    )

    assert bootstrap.platform_database().run(ALL_TENANTS, service.forget) >= 1
    assert deliveries(client, webhook) == []
    assert hooks.sql("SELECT FROM webhook_attempt WHERE tenant_id = %s", client.tenant) == []
