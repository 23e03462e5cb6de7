"""What the API takes as an endpoint, and what it says of what it does not take."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from functions.api import webhooks as handlers
from functions.webhook_sender import handler as sender
from sextant import bootstrap
from sextant.storage import ALL_TENANTS
from sextant.webhooks import service
from sextant.webhooks.model import MOST_WEBHOOKS
from tests import environments
from tests.integration.operations.http import Client
from tests.integration.webhooks.conftest import Webhooks
from tests.integration.webhooks.consumer import Consumer
from tools.docs.openapi.examples import BODIES

PUBLIC = "https://93.184.215.14/hooks"


def test_the_examples_of_the_document_are_taken(client: Client, hooks: Webhooks) -> None:
    webhook = client.made("/v1/webhooks", {**BODIES["create_webhook"], "url": PUBLIC})
    path = f"/v1/webhooks/{webhook['id']}"

    client.made(f"{path}/deliveries:resend", BODIES["resend_failed_deliveries"], 200)
    assert client("PATCH", path, BODIES["change_webhook"]).data["state"] == "PAUSED"
    assert [(one["field"], one["new_value"]) for one in client.got(f"{path}/changes")] == [
        ("state", "PAUSED")
    ]
    assert [one["id"] for one in client.got("/v1/webhooks")] == [webhook["id"]]
    assert "secret" not in client.got(path)


@pytest.mark.parametrize(
    ("body", "broken"),
    [
        ({}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"url": "https://[::ffff:169.254.169.254]/"}, "url"),
        ({"url": "https://user:word@93.184.215.14/"}, "url"),
        ({"url": "http://93.184.215.14/"}, "url"),
        ({"url": PUBLIC, "event_types": ["run.started"]}, "event_types[0]"),
        ({"url": PUBLIC, "scenario_ids": ["x"]}, "scenario_ids[0]"),
        ({"url": PUBLIC, "ordered": "yes"}, "ordered"),
        ({"url": PUBLIC, "secret": "whsec_mine"}, "secret"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_what_is_not_taken_changes_nothing(client: Client, hooks: Webhooks, body: Any, broken: str) -> None:
    answer = client("POST", "/v1/webhooks", body)

    assert (answer.status, answer.code) == (422, "validation_failed")
    assert answer.broken_paths == [broken]
    assert client.got("/v1/webhooks") == []


def test_a_name_is_judged_by_every_address_that_it_leads_to(
    client: Client, hooks: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "resolved", lambda *_: ["93.184.215.14", "10.0.0.7"])
    answer = client("POST", "/v1/webhooks", {"url": "https://hooks.example.com/"})

    assert answer.code == "validation_failed"
    assert "10.0.0.7" in answer.json["errors"][0]["message"]


def test_this_deployment_is_not_told_of_itself(
    client: Client, hooks: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither at the host that is asked, nor at one of the configuration; and what was stored before that is not sent."""
    asked = "https://id.execute-api.us-east-1.amazonaws.com/v1/scenarios"
    monkeypatch.setattr(handlers, "resolved", lambda *_: ["93.184.215.14"])
    webhook = client.made("/v1/webhooks", {"url": PUBLIC})
    changes = client("PATCH", f"/v1/webhooks/{webhook['id']}", {"url": asked})
    with environments.changed(SEXTANT_OWN_HOSTS="console.example.com"):
        configured = client("POST", "/v1/webhooks", {"url": "https://console.example.com/hooks"})

    for answer in (client("POST", "/v1/webhooks", {"url": asked}), changes, configured):
        assert (answer.status, answer.broken_paths) == (422, ["url"])
        assert "Sextant itself" in answer.json["errors"][0]["message"]
    (answered,) = sender.send(
        "https://hooks.example.com/", [{"headers": {}, "body": ""}], ordered=False, own=["HOOKS.example.com"]
    )
    assert answered["error"].startswith("refused: url must not lead to this deployment")


def test_a_name_that_is_rebound_after_its_creation_is_refused_at_sending(
    client: Client, hooks: Webhooks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handlers, "resolved", lambda *_: ["93.184.215.14"])
    webhook = client.made("/v1/webhooks", {"url": "https://hooks.example.com/"})
    monkeypatch.setattr(sender, "resolved", lambda *_: ["169.254.169.254"])
    delivery = client.made(f"/v1/webhooks/{webhook['id']}/test", None, 202)["id"]

    assert hooks.deliver().failed == 1
    shown = client.got(f"/v1/webhooks/{webhook['id']}/deliveries/{delivery}")
    assert shown["error"].startswith("refused: hooks.example.com leads to 169.254.169.254")


def test_a_tenant_has_so_many_and_no_more(client: Client, hooks: Webhooks) -> None:
    client.made("/v1/webhooks", {"url": PUBLIC})
    hooks.sql(
        "INSERT INTO webhook (tenant_id, id, url, created_by, updated_by)"
        " SELECT %s, gen_random_uuid(), 'https://example.com/', 'x', 'x' FROM generate_series(2, %s)",
        client.tenant,
        MOST_WEBHOOKS,
    )

    assert client("POST", "/v1/webhooks", {"url": PUBLIC}).code == "too_many_webhooks"


def test_a_stale_change_changes_nothing(client: Client, consumer: Consumer, hooks: Webhooks) -> None:
    created = client("POST", "/v1/webhooks", {"url": consumer.url})
    path = created.headers["Location"]
    first = {"if-match": created.headers["ETag"]}

    assert client("PATCH", path, {"description": "one"}, headers=first).status == 200
    assert client("PATCH", path, {"description": "two"}, headers=first).code == "version_conflict"
    assert client("DELETE", path, headers=first).code == "version_conflict"
    assert client.got(path)["description"] == "one"


def test_what_was_stored_while_its_endpoint_was_disabled_is_cancelled(
    client: Client, consumer: Consumer, hooks: Webhooks
) -> None:
    """The transaction that stores it may have begun before."""
    webhook = client.made("/v1/webhooks", {"url": consumer.url})
    path = f"/v1/webhooks/{webhook['id']}"
    with psycopg.connect(hooks.urls.admin) as storing:
        storing.execute(
            "SELECT publish_webhook_event(%s, 'run.failed', gen_random_uuid(), NULL, '{}')", (client.tenant,)
        )
        assert client("PATCH", path, {"state": "DISABLED"}).status == 200

    bootstrap.platform_database().run(ALL_TENANTS, service.cancel_stranded)
    assert client("PATCH", path, {"state": "ENABLED"}).status == 200
    assert hooks.deliver().delivered == 0
    assert [one["state"] for one in client.got(f"{path}/deliveries")] == ["CANCELLED"]


def test_a_deleted_endpoint_leaves_no_secret(client: Client, consumer: Consumer, hooks: Webhooks) -> None:
    webhook = client.made("/v1/webhooks", {"url": consumer.url})
    assert client("DELETE", f"/v1/webhooks/{webhook['id']}").status == 204

    assert hooks.sql("SELECT FROM webhook_secret WHERE tenant_id = %s", client.tenant) == []
