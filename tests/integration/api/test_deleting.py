"""A scenario that is deleted, and back again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import uuid4

from tests.integration.api.conftest import Client


def test_a_deleted_scenario_is_gone_its_runs_cancelled_and_it_comes_back(client: Client) -> None:
    scenario = client.scenario(name="phoenix")
    path = f"/v1/scenarios/{scenario['id']}"
    run = client.run(scenario["id"])
    stale = client("DELETE", path, headers={"if-match": f'"{scenario["id"]}.7"'})
    assert stale.status == 412
    assert client("DELETE", path).status == 204
    assert client("GET", path).code == "scenario_not_found"
    assert client("DELETE", path).code == "scenario_not_found"
    assert client("GET", "/v1/scenarios").data == []
    assert client("GET", f"{path}/runs/{run['id']}").data["state"] == "CANCELLED"
    restored = client("POST", f"{path}/restore")
    assert (restored.status, restored.data["version"]) == (200, 3)
    log = client("GET", f"{path}/events", query={"limit": 3}).data
    assert [(event["event_type"], event["data"]) for event in log if event["run_id"] is None] == [
        ("SCENARIO_RESTORED", {"version": 3}),
        ("SCENARIO_DELETED", {"cancelled_runs": 1}),
    ]
    assert log[2]["event_type"] == "RUN_CANCELLED"
    assert client("GET", path).data["name"] == "phoenix"
    assert client("POST", f"{path}/restore").data["version"] == 3, "restoring twice changes nothing"


def test_a_scenario_whose_name_was_taken_is_restored_under_another(client: Client) -> None:
    # Given a deleted scenario, and another that took its name meanwhile
    deleted = client.scenario(name="phoenix")["id"]
    path = f"/v1/scenarios/{deleted}"
    assert client("DELETE", path).status == 204
    holder = client.scenario(name="Phoenix")["id"]
    # When it is restored, then the answer names the name, who has it, and the way on
    refused = client("POST", f"{path}/restore")
    assert (refused.status, refused.code) == (409, "scenario_already_exists")
    assert refused.json["existing_id"] == holder
    assert "'phoenix'" in refused.json["detail"]
    assert "`name`" in refused.json["detail"]
    # And under a name that is taken too it says that one
    taken = client("POST", f"{path}/restore", {"name": "PHOENIX"})
    assert (taken.status, taken.json["existing_id"]) == (409, holder)
    assert client("POST", f"{path}/restore", {"name": ""}).status == 422
    # And under a free one it comes back, once
    restored = client("POST", f"{path}/restore", {"name": "phoenix 2"})
    assert (restored.status, restored.data["name"], restored.data["version"]) == (200, "phoenix 2", 3)
    assert client("POST", f"{path}/restore", {"name": "phoenix 2"}).data["version"] == 3
    assert client("GET", path).data["name"] == "phoenix 2"
    # And one that lives is not renamed by a restoration
    other = client("POST", f"{path}/restore", {"name": "phoenix 3"})
    assert (other.status, other.code) == (409, "scenario_not_deleted")


def test_a_scenario_is_not_deleted_while_a_run_of_it_is_published(
    client: Client, sql: Callable[..., list[Any]]
) -> None:
    # Given a run whose file a commit has taken up, and another that waits
    scenario = client.scenario()
    path = f"/v1/scenarios/{scenario['id']}"
    published, waiting = client.run(scenario["id"], seed=1), client.run(scenario["id"], seed=2)
    batch = uuid4()
    sql(
        "INSERT INTO output_batch (id, state, lease_owner, lease_until) VALUES (%s, 'COMMITTED', 'x', now())",
        batch,
    )
    sql(
        "INSERT INTO output_file (tenant_id, run_id, scenario_id, fencing_token, state, descriptor, metrics,"
        " result, batch_id, row_count, byte_count)"
        " VALUES (%s, %s, %s, 1, 'ASSIGNED', '{}', '{}', '{}', %s, 1, 1)",
        client.tenant,
        published["id"],
        scenario["id"],
        batch,
    )
    # When the scenario is deleted
    refused = client("DELETE", path)
    # Then that is refused, and nothing has happened
    assert (refused.status, refused.code) == (409, "scenario_publishing")
    assert client("GET", path).data == scenario
    assert client("GET", f"{path}/runs/{waiting['id']}").data["state"] == "QUEUED"
