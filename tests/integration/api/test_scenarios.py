"""Scenarios over HTTP: create, read, list, change, history, forks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from local.database import DatabaseUrls
from sextant import bootstrap
from sextant.storage import Database, DatabaseSettings
from tests.integration.api.conftest import GUIDE, Client
from tests.integration.storage.wire import WireProxy, through


def test_a_created_scenario_is_read_back_as_it_was_sent(client: Client) -> None:
    created = client("POST", "/v1/scenarios", GUIDE)
    assert created.status == 201
    identifier = created.data["id"]
    assert created.headers["Location"] == f"/v1/scenarios/{identifier}"
    read = client("GET", f"/v1/scenarios/{identifier}")
    assert read.status == 200
    assert read.data == created.data
    assert read.headers["ETag"] == created.headers["ETag"] == f'"{identifier}.1"'
    assert {name: read.data[name] for name in ("name", "parameters", "tags")} == {
        name: GUIDE[name] for name in ("name", "parameters", "tags")
    }
    assert read.data["assumptions"][0]["payload"]["target"] == 0.6
    assert read.data["status"] == "ACTIVE"
    assert read.json["meta"]["request_id"] == read.headers["X-Request-ID"]


def test_an_unchanged_scenario_is_not_sent_twice(client: Client) -> None:
    scenario = client.scenario()
    tag = f'"{scenario["id"]}.1"'
    again = client("GET", f"/v1/scenarios/{scenario['id']}", headers={"if-none-match": tag})
    assert (again.status, again.body, again.headers["ETag"]) == (304, "", tag)


def test_a_name_is_taken_once_in_a_tenant_in_either_case(
    client: Client, new_client: Callable[..., Client]
) -> None:
    first = client.scenario(name="Baseline")
    second = client("POST", "/v1/scenarios", {**GUIDE, "name": " BASELINE "})
    assert (second.status, second.code) == (409, "scenario_already_exists")
    assert second.json["existing_id"] == first["id"]
    assert new_client()("POST", "/v1/scenarios", {**GUIDE, "name": "Baseline"}).status == 201


def test_another_tenants_scenario_does_not_exist(client: Client, new_client: Callable[..., Client]) -> None:
    scenario = client.scenario()["id"]
    stranger = new_client()
    unknown = uuid4()
    for method, path, body in (
        ("GET", "", None),
        ("PUT", "", GUIDE),
        ("PATCH", "", {"name": "mine"}),
        ("DELETE", "", None),
        ("POST", "/restore", None),
        ("POST", "/fork", {"name": "mine"}),
        ("GET", "/versions", None),
        ("GET", "/versions/1", None),
        ("GET", "/diff", None),
        ("GET", "/events", None),
        ("POST", "/run", {}),
        ("POST", "/runs:bulk", {"items": [{}]}),
        ("GET", "/metrics/latest", None),
    ):
        foreign = stranger(method, f"/v1/scenarios/{scenario}{path}", body)
        nobodys = stranger(method, f"/v1/scenarios/{unknown}{path}", body)
        assert foreign.status == nobodys.status == 404, (method, path, foreign.body)
        assert foreign.code == nobodys.code
        assert foreign.json["detail"] == nobodys.json["detail"]


def test_a_listing_pages_in_both_directions_without_a_false_next_page(client: Client) -> None:
    made = [client.scenario()["id"] for _ in range(6)][::-1]

    def page(**query: Any) -> tuple[list[str], dict[str, str]]:
        answer = client("GET", "/v1/scenarios", query={"limit": 2, **query})
        assert answer.status == 200, answer.body
        return [item["id"] for item in answer.data], answer.json["meta"]

    first, meta = page()
    assert "prev_cursor" not in meta
    second, meta2 = page(cursor=meta["next_cursor"])
    third, meta3 = page(cursor=meta2["next_cursor"])
    assert first + second + third == made
    assert "next_cursor" not in meta3, "six items are three pages of two, and no empty fourth"
    back, meta_back = page(cursor=meta3["prev_cursor"])
    assert back == second
    assert page(cursor=meta_back["prev_cursor"])[0] == first


def test_a_cursor_belongs_to_its_filters(client: Client) -> None:
    for _ in range(3):
        client.scenario()
    cursor = client("GET", "/v1/scenarios", query={"limit": 1}).json["meta"]["next_cursor"]
    other = client("GET", "/v1/scenarios", query={"limit": 1, "tag": "demo", "cursor": cursor})
    assert (other.status, other.broken_paths) == (400, ["cursor"])
    for nonsense in ("abc", "eyJrIjoxfQ", "*", "a" * 5000):
        assert client("GET", "/v1/scenarios", query={"cursor": nonsense}).status == 400


def test_filters_narrow(client: Client) -> None:
    one = client.scenario(name="Coal exit", tags=["policy", "coal"])
    two = client.scenario(name="Gas boom", tags=["fuel"], status="archived")

    def ids(**query: Any) -> list[str]:
        return [item["id"] for item in client("GET", "/v1/scenarios", query=query).data]

    assert ids(name="EXIT") == [one["id"]]
    assert ids(name="%") == []
    assert ids(tag="fuel") == [two["id"]]
    assert ids(status="archived") == [two["id"]]
    assert ids(status="ACTIVE") == [one["id"]]
    assert ids(created_after=two["created_at"]) == [two["id"]]
    assert ids(created_before=two["created_at"]) == [one["id"]]


def test_an_update_makes_a_version_and_keeps_the_old_one(client: Client) -> None:
    # Given a scenario that a run has pinned
    scenario = client.scenario()
    path = f"/v1/scenarios/{scenario['id']}"
    run = client.run(scenario["id"])
    # When it is changed by whoever has read it
    changed = client(
        "PATCH", path, {"parameters": {"shock_bp": 50}}, headers={"if-match": f'"{scenario["id"]}.1"'}
    )
    assert changed.status == 200, changed.body
    # Then it is at version 2, and whoever still holds version 1 is refused
    assert (changed.data["version"], changed.data["parameters"]) == (2, {"shock_bp": 50})
    assert changed.data["name"] == scenario["name"]
    assert changed.headers["ETag"] == f'"{scenario["id"]}.2"'
    stale = client("PATCH", path, {"description": "x"}, headers={"if-match": f'"{scenario["id"]}.1"'})
    assert (stale.status, stale.code, stale.json["version"]) == (412, "version_conflict", 2)
    # And the run keeps the version that it was asked for, while a new request runs the new one
    assert client("GET", f"{path}/runs/{run['id']}").data["scenario_version"] == 1
    assert client.run(scenario["id"])["scenario_version"] == 2


def test_an_update_that_changes_nothing_makes_no_version(client: Client) -> None:
    scenario = client.scenario()
    same = {
        name: scenario[name]
        for name in ("name", "description", "assumptions", "parameters", "tags", "status")
    }
    answer = client("PUT", f"/v1/scenarios/{scenario['id']}", same)
    assert (answer.status, answer.data["version"]) == (200, 1)
    assert client("PATCH", f"/v1/scenarios/{scenario['id']}", {}).data["version"] == 1


def test_put_replaces_the_whole_document(client: Client) -> None:
    scenario = client.scenario()
    answer = client("PUT", f"/v1/scenarios/{scenario['id']}", {"name": "bare"})
    assert (answer.data["assumptions"], answer.data["parameters"], answer.data["tags"]) == ([], {}, [])


def test_renaming_onto_another_scenario_is_refused(client: Client) -> None:
    one, two = client.scenario(name="one"), client.scenario(name="two")
    answer = client("PATCH", f"/v1/scenarios/{two['id']}", {"name": "ONE"})
    assert (answer.status, answer.code, answer.json["existing_id"]) == (
        409,
        "scenario_already_exists",
        one["id"],
    )
    assert client("GET", f"/v1/scenarios/{two['id']}").data == two


def test_versions_are_listed_fetched_and_compared(client: Client) -> None:
    scenario = client.scenario()
    path = f"/v1/scenarios/{scenario['id']}"
    client("PATCH", path, {"parameters": {"shock_bp": 50, "draws": 10}, "tags": ["demo"]})
    client("PATCH", path, {"description": "third"})
    page = client("GET", f"{path}/versions", query={"limit": 2})
    assert [item["version"] for item in page.data] == [3, 2]
    rest = client("GET", f"{path}/versions", query={"limit": 2, "cursor": page.json["meta"]["next_cursor"]})
    assert [item["version"] for item in rest.data] == [1]
    assert "next_cursor" not in rest.json["meta"]
    assert client("GET", f"{path}/versions/1").data["parameters"] == {"shock_bp": 25}
    assert client("GET", f"{path}/versions/9").code == "scenario_version_not_found"
    differences = client("GET", f"{path}/diff", query={"from_version": 1, "to_version": 2}).data
    assert [(item["path"], item["change"], item["before"], item["after"]) for item in differences] == [
        ("parameters.draws", "ADDED", None, 10),
        ("parameters.shock_bp", "CHANGED", 25, 50),
        ("tags[1]", "REMOVED", "sensitivity", None),
    ]
    assert client("GET", f"{path}/diff", query={"from_version": 3}).data == []


def test_two_scenarios_are_compared(client: Client) -> None:
    one, two = client.scenario(), client.scenario(parameters={"shock_bp": 99})
    differences = client("GET", f"/v1/scenarios/{one['id']}/diff", query={"other_id": two["id"]}).data
    assert [item["path"] for item in differences] == ["name", "parameters.shock_bp"]


def test_a_scenario_is_read_as_of_an_instant(client: Client, sql: Callable[..., list[Any]]) -> None:
    scenario = client.scenario()
    path = f"/v1/scenarios/{scenario['id']}"
    changed = client("PATCH", path, {"description": "later"}).data
    assert client("GET", path, query={"as_of": scenario["created_at"]}).data["version"] == 1
    assert client("GET", path, query={"as_of": changed["updated_at"]}).data["version"] == 2
    assert client("GET", path, query={"as_of": "2020-01-01T00:00:00Z"}).code == "scenario_not_found"
    client("DELETE", path)
    ((deleted_at,),) = sql("SELECT deleted_at FROM scenario WHERE id = %s", scenario["id"])
    assert client("GET", path, query={"as_of": deleted_at.isoformat()}).status == 404
    assert client("GET", path, query={"as_of": changed["updated_at"]}).data["description"] == "later"


def test_concurrent_updates_with_one_version_let_one_through(client: Client) -> None:
    from concurrent.futures import ThreadPoolExecutor
    from uuid import UUID

    from sextant import bootstrap
    from sextant.errors import VersionConflictError
    from sextant.identity import Caller
    from sextant.ids import ScenarioId, TenantId
    from sextant.scenarios import service
    from sextant.scenarios.documents import ScenarioChanges

    scenario = ScenarioId(UUID(client.scenario()["id"]))
    caller = Caller(TenantId(client.tenant), "ana", frozenset({"admin"}), "r", "c")

    def update(number: int) -> bool:
        change = ScenarioChanges(description=f"by {number}")
        try:
            bootstrap.database().run(caller.tenant, lambda s: service.update(s, scenario, change, 1, caller))
        except VersionConflictError:
            return False
        return True

    with ThreadPoolExecutor(5) as pool:
        assert sorted(pool.map(update, range(10))) == [False] * 9 + [True]


def test_a_scenario_is_written_and_read_in_one_statement(
    served: DatabaseUrls, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given an API whose way to the database is recorded
    target = urlsplit(served.app)
    with WireProxy(str(target.hostname), int(target.port or 5432)) as proxy:
        database = Database.connect(DatabaseSettings(url=through(served.app, proxy)))
        monkeypatch.setattr(bootstrap, "database", lambda: database)
        identifier = client.scenario()["id"]
        path = f"/v1/scenarios/{identifier}"

        def round_trips(method: str, path: str, body: Any = None) -> int:
            proxy.recording.clear()
            assert client(method, path, body).status in (200, 201, 204)
            return proxy.recording.round_trips

        # When it is created, changed, read and deleted, its version and its entry in the audit log included
        # Then a write is a statement and a commit, and a read one statement, after the rate limit's own
        assert round_trips("POST", "/v1/scenarios", {**GUIDE, "name": "on the wire"}) == 3
        assert round_trips("PATCH", path, {"description": "x"}) == 3
        assert round_trips("GET", path) == 2
        assert round_trips("GET", "/v1/scenarios") == 2
        assert round_trips("GET", f"{path}/versions") == 2
        assert round_trips("DELETE", path) == 3
        database.close()


def test_a_fork_is_a_scenario_of_its_own(client: Client) -> None:
    origin = client.scenario()
    client("PATCH", f"/v1/scenarios/{origin['id']}", {"parameters": {"shock_bp": 1}})
    fork = client(
        "POST", f"/v1/scenarios/{origin['id']}/fork", {"name": "fork", "version": 1, "tags": ["forked"]}
    )
    assert fork.status == 201, fork.body
    assert fork.data["id"] != origin["id"]
    assert (fork.data["parameters"], fork.data["tags"], fork.data["version"]) == (
        {"shock_bp": 25},
        ["forked"],
        1,
    )
    assert fork.data["assumptions"] == origin["assumptions"]


def test_a_dry_run_stores_nothing_and_says_what_would_be_stored(client: Client) -> None:
    taken = client.scenario(name="there")
    draft = client("POST", "/v1/scenarios:validate", {**GUIDE, "name": "There"})
    assert draft.status == 200, draft.body
    assert draft.data["name_taken_by"] == taken["id"]
    assert draft.data["assumptions"][0]["payload"]["policy_name"] == "RPS"
    # How long it takes is said too; of a model that a package brings only that model knows
    assert 0 < draft.data["work_seconds"] < 60
    other = client(
        "POST", "/v1/scenarios:validate", {"name": "Elsewhere", "parameters": {"model": "plug_in"}}
    )
    assert (other.status, other.data["work_seconds"]) == (200, None)
    bad = client("POST", "/v1/scenarios:validate", {"name": "x", "assumptions": [{"driver_type": "nope"}]})
    assert bad.status == 422
    assert len(client("GET", "/v1/scenarios").data) == 1


def test_the_audit_log_says_what_was_done_and_cannot_be_rewritten(
    client: Client, sql: Callable[..., list[Any]]
) -> None:
    scenario = client.scenario()
    path = f"/v1/scenarios/{scenario['id']}"
    client("PATCH", path, {"description": "x"})
    run = client.run(scenario["id"])
    client("POST", f"/v1/scenarios/runs/{run['id']}/cancel")
    log = client("GET", f"{path}/events")
    assert [event["event_type"] for event in log.data] == [
        "RUN_CANCELLED",
        "RUN_REQUESTED",
        "SCENARIO_UPDATED",
        "SCENARIO_CREATED",
    ]
    assert log.data[2]["data"] == {"changed": ["description"], "version": 2}
    of_run = client("GET", f"{path}/events", query={"run_id": run["id"], "limit": 1})
    assert [event["event_type"] for event in of_run.data] == ["RUN_CANCELLED"]
    with pytest.raises(Exception, match="append-only"):
        sql("UPDATE scenario_event SET actor = 'x' WHERE scenario_id = %s", scenario["id"])
