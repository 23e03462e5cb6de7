"""The outbox over HTTP: where events stand, replays with their preview, quotas, and who may do what."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.integration.api.conftest import Client

REPLAY = "/v1/admin/outbox/replay"


def test_an_operator_sees_where_each_event_stands(client: Client) -> None:
    scenario = client.scenario()["id"]
    run = client.run(scenario)
    listed = client("GET", "/v1/admin/outbox", query={"topic": "run.requested", "status": "pending"}).data
    assert [entry["dedupe_key"] for entry in listed] == [f"run:{run['id']}:0"]
    whole = client("GET", f"/v1/admin/outbox/{listed[0]['id']}").data
    assert whole["payload"]["run_id"] == run["id"]
    assert whole["published_at"] == []
    (figures,) = client("GET", "/v1/admin/outbox/summary").data
    assert (figures["tenant_id"], figures["pending"], figures["dead"]) == (client.tenant, 1, 0)


def test_a_replay_says_first_how_many_it_would_be_and_is_audited(client: Client) -> None:
    scenario = client.scenario()["id"]
    for seed in range(3):
        client.run(scenario, seed=seed)
    asked = {"topic": "run.requested", "reason": "the consumer lost them"}
    preview = client("POST", REPLAY, {**asked, "preview": True}).data
    assert preview == {"replay_id": None, "events": 3, "preview": True}
    # They wait already: a replay doubles none of them.
    assert client("POST", REPLAY, asked).data["events"] == 0
    (entry,) = client("GET", "/v1/admin/outbox-audit").data
    assert (entry["action"], entry["actor"], entry["reason"]) == ("replay", "ana", "the consumer lost them")


@pytest.mark.parametrize(
    "body", [{"topic": "x"}, {"reason": "everything"}, {"reason": "no", "status": "LOST"}]
)
def test_a_replay_without_reason_or_selection_is_refused(client: Client, body: dict[str, Any]) -> None:
    assert client("POST", REPLAY, body).code == "validation_failed"


def test_a_quota_is_adjusted_with_a_reason_and_reset(new_client: Callable[..., Client]) -> None:
    client = new_client("super_admin")
    before = client("GET", "/v1/admin/quotas").data
    adjusted = client("PUT", "/v1/admin/quotas", {"max_events": 5000, "reason": "a big sweep"}).data
    assert (adjusted["max_events"], adjusted["overridden"]) == (5000, ["max_events"])
    reset = client("POST", "/v1/admin/quotas/reset", {"reason": "the sweep is done"}).data
    assert reset["max_events"] == 1000
    assert reset["overridden"] == []
    assert all(quota["tenant_id"] in (client.tenant, "*") for quota in before)
    actions = [entry["action"] for entry in client("GET", "/v1/admin/outbox-audit").data]
    assert actions == ["quota.reset", "quota.adjust"]


def test_no_tenant_sees_or_moves_anothers_events(client: Client, new_client: Callable[..., Client]) -> None:
    client.run(client.scenario()["id"])
    other = new_client()
    assert other("GET", "/v1/admin/outbox").data == []
    event = client("GET", "/v1/admin/outbox").data[0]["id"]
    assert other("GET", f"/v1/admin/outbox/{event}").status == 404
    for tenant in (client.tenant, "*"):
        refused = other("GET", "/v1/admin/outbox", query={"tenant": tenant})
        assert (refused.status, refused.json["required_permission"]) == (403, "tenants:manage")
    manager = new_client("super_admin")
    found = manager("GET", "/v1/admin/outbox", query={"tenant": client.tenant}).data
    assert [entry["id"] for entry in found] == [event]


def test_an_analyst_may_not_look_and_an_operator_may_not_replay(client: Client) -> None:
    assert client.as_("analyst")("GET", "/v1/admin/outbox").code == "forbidden"
    refused = client.as_("operator")("POST", REPLAY, {"status": "FAILED", "reason": "again"})
    assert refused.json["required_permission"] == "outbox:write"


def test_invalidation_raises_the_output_version_and_is_announced(client: Client) -> None:
    versions = [
        client("POST", "/v1/admin/cache/invalidate", {"reason": "rows were mended"}).data["output_version"]
        for _ in range(2)
    ]
    assert versions == [1, 2]
    announced = client("GET", "/v1/admin/outbox", query={"topic": "outputs.invalidated"}).data
    assert len(announced) == 2
