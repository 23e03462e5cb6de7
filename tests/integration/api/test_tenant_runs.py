"""The runs of all scenarios, and who asks."""

from __future__ import annotations

from collections.abc import Callable

from tests.integration.api.conftest import Client


def test_runs_of_all_scenarios_are_listed_newest_first(
    client: Client, new_client: Callable[..., Client]
) -> None:
    # Given runs of two scenarios, one of a plug-in, and another tenant's
    one, two = client.scenario(), client.scenario()
    runs = [client.run(one["id"], seed=1), client.run(two["id"], seed=2), client.run(one["id"], seed=3)]
    plug_in = client.run(two["id"], parameters={"model": "other", "shock_bp": None})
    stranger = new_client()
    stranger.run(stranger.scenario()["id"])
    # When they are listed by pages
    page = client("GET", "/v1/runs", query={"limit": 3})
    rest = client("GET", "/v1/runs", query={"limit": 3, "cursor": page.json["meta"]["next_cursor"]})
    # Then they are the tenant's, newest first, with their scenario and model
    newest_first = [plug_in, *reversed(runs)]
    assert [run["id"] for run in page.data + rest.data] == [run["id"] for run in newest_first]
    assert [run["model"] for run in page.data] == ["other", "merit_order", "merit_order"]
    assert page.data[0]["scenario_name"] == two["name"]

    def ids(**query: str) -> list[str]:
        return [run["id"] for run in client("GET", "/v1/runs", query=query).data]

    # And every filter narrows
    client("POST", f"/v1/runs/{runs[0]['id']}/cancel")
    assert ids(state="cancelled") == [runs[0]["id"]]
    assert ids(scenario_id=two["id"]) == [plug_in["id"], runs[1]["id"]]
    assert ids(model="other") == [plug_in["id"]]
    assert len(ids(model="merit_order")) == 3
    assert ids(created_by="ana") == ids()
    assert ids(created_by="an") == []
    assert ids(created_after=runs[2]["created_at"]) == [plug_in["id"], runs[2]["id"]]
    assert client("GET", "/v1/runs", query={"state": "lost"}).code == "invalid_parameter"


def test_a_run_is_read_and_cancelled_without_its_scenario(
    client: Client, new_client: Callable[..., Client]
) -> None:
    scenario, other = client.scenario()["id"], client.scenario()["id"]
    run = client.run(scenario)["id"]
    own = f"/v1/scenarios/{scenario}/runs/{run}"
    assert client("GET", f"/v1/runs/{run}").data == client("GET", own).data
    etag = client("GET", f"/v1/runs/{run}").headers["ETag"]
    assert client("GET", f"/v1/runs/{run}", headers={"if-none-match": etag}).status == 304
    # Another tenant's run, and one of another scenario, is not there
    for answer in (
        new_client()("GET", f"/v1/runs/{run}"),
        new_client()("POST", f"/v1/runs/{run}/cancel"),
        client("POST", f"/v1/scenarios/{other}/runs/{run}/cancel"),
        new_client()("GET", f"/v1/runs/{run}/result"),
        client("GET", f"/v1/scenarios/{other}/runs/{run}/result"),
    ):
        assert (answer.status, answer.code) == (404, "run_not_found")
    # And one that has not ended has no result
    waiting = client("GET", f"/v1/runs/{run}/result")
    assert (waiting.status, waiting.code, waiting.json["state"]) == (409, "run_without_result", "QUEUED")
    assert client("POST", f"{own}/cancel").data["state"] == "CANCELLED"
    assert client("POST", f"/v1/runs/{run}/cancel").data["state"] == "CANCELLED"


def test_a_caller_sees_who_they_are_and_what_is_left_to_them(client: Client) -> None:
    # Given a tenant with a limit, and a run that waits
    client(
        "PUT",
        "/v1/admin/config/rate-limit/runs",
        {"value": {"limit": 5, "window_seconds": 60}, "reason": "x"},
    )
    client.run(client.scenario()["id"])
    client("GET", "/v1/runs")
    # When a viewer asks
    me = client.as_("viewer")("GET", "/v1/me").data
    # Then it is said who they are, what they may, and what is used
    assert (me["subject"], me["tenant_id"], me["roles"]) == ("ana", client.tenant, ["viewer"])
    assert me["permissions"] == ["outputs:read", "scenarios:read"]
    (limit,) = [limit for limit in me["limits"]["rate_limits"] if limit["rule"] == "runs"]
    assert (limit["limit"], limit["window_seconds"], limit["used"]) == (5, 60, 1)
    assert me["limits"]["runs"] == {"max_running": 100, "in_work": 0, "queued": 1}
    assert me["limits"]["longest_wait_seconds"] == 20
    assert me["limits"]["body_bytes"] >= 1_000_000
