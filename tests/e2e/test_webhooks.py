"""Webhooks of the whole system: relay, queue, deliverer and sender as functions, to a consumer on this machine."""

from __future__ import annotations

import uuid

import pytest
from standardwebhooks import Webhook as Verifier

from local.running import RunningSystem
from tests.e2e.test_main_job import create, finished_run
from tests.integration.webhooks.consumer import Reply, consuming
from tests.waiting import until


def test_a_run_is_told_of_until_the_consumer_has_it(system: RunningSystem) -> None:
    with consuming() as consumer, system.client(f"t-{uuid.uuid4().hex[:8]}", "operator") as client:
        consumer.behave = lambda _: Reply(500 if not consumer.received else 204)
        answer = client.post("/v1/webhooks", json={"url": consumer.url, "event_types": ["run.succeeded"]})
        assert answer.status_code == 201, answer.text
        webhook = answer.json()["data"]
        scenario = create(client)
        run = client.post(f"/v1/scenarios/{scenario}/run", json={}).json()["data"]["id"]
        assert finished_run(client, scenario, run)["state"] == "SUCCEEDED"

        until(lambda: len(consumer.received) == 2, within=60)
        for received in consumer.received:
            event = Verifier(webhook["secret"]).verify(received.body, dict(received.headers))
            assert (event["type"], event["data"]["run_id"]) == ("run.succeeded", run)
        assert len(set(consumer.ids)) == 1
        path = f"/v1/webhooks/{webhook['id']}/deliveries"
        (delivery,) = until(
            lambda: [one for one in client.get(path).json()["data"] if one["state"] == "DELIVERED"], within=20
        )
        tries = client.get(f"{path}/{delivery['id']}").json()["data"]["tries"]
        assert [one["status"] for one in tries] == [204, 500]


@pytest.mark.parametrize("url", ["https://169.254.169.254/latest", "http://10.0.0.1/", "https://10.0.0.1/x"])
def test_an_address_of_ours_is_refused_when_it_is_named(system: RunningSystem, url: str) -> None:
    with system.client("acme", "operator") as client:
        answer = client.post("/v1/webhooks", json={"url": url})

    assert answer.status_code == 422, answer.text
    assert [one["path"] for one in answer.json()["errors"]] == ["url"]
