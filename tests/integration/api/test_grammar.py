"""The same thing is said in the same way on every route: ids, pages, and where to begin."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from local.database import DatabaseUrls
from tests.integration.api.conftest import Client


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/v1/scenarios/{id}", "scenario_not_found"),
        ("/v1/scenarios/{id}/runs", "scenario_not_found"),
        ("/v1/runs/{id}", "run_not_found"),
        ("/v1/runs/{id}/result", "run_not_found"),
        ("/v1/incidents/{id}", "incident_not_found"),
        ("/v1/events/{id}", "event_not_found"),
        ("/v1/decisions/{id}", "decision_not_found"),
        ("/v1/actions/{id}", "action_not_found"),
        ("/v1/workflows/{id}", "workflow_not_found"),
        ("/v1/vendors/{id}", "vendor_not_found"),
        ("/v1/vendors/{id}/changes", "vendor_not_found"),
        ("/v1/kill-switches/{id}", "kill_switch_not_found"),
        ("/v1/admin/outbox/{id}", "event_not_found"),
    ],
)
def test_what_is_no_id_is_answered_as_an_id_that_nothing_has(client: Client, path: str, code: str) -> None:
    absent, malformed = (client("GET", path.format(id=text)) for text in (uuid.uuid4(), "seven"))
    assert (absent.status, absent.code) == (404, code)
    assert (malformed.status, malformed.code) == (404, code)
    assert malformed.json["detail"] == absent.json["detail"]


def test_a_version_that_is_none_is_answered_as_one_that_the_scenario_never_had(client: Client) -> None:
    scenario = client.scenario()["id"]
    for version in ("2", "two", "0"):
        answer = client("GET", f"/v1/scenarios/{scenario}/versions/{version}")
        assert (answer.status, answer.code) == (404, "scenario_version_not_found"), version


def test_small_lists_come_in_pages_too(
    client: Client, new_client: Callable[..., Client], served: DatabaseUrls
) -> None:
    # Given lists that are short by nature, and a run that was begun three times
    run = client.run(client.scenario()["id"])
    attempts = f"/v1/scenarios/{run['scenario_id']}/runs/{run['id']}/attempts"
    with psycopg.connect(served.admin) as connection:
        connection.execute(
            "INSERT INTO run_attempt (tenant_id, run_id, attempt, fencing_token, worker)"
            " SELECT %s, %s, number, number, format('worker-%%s', number) FROM generate_series(1, 3) AS number",
            (client.tenant, run["id"]),
        )
    assert [attempt["attempt"] for attempt in client("GET", attempts).data] == [1, 2, 3]
    root = new_client("super_admin")
    everybody: dict[str, Any] = {"tenant": "*"}
    lists: tuple[tuple[str, Client, dict[str, Any]], ...] = (
        ("/v1/admin/config", client, {}),
        ("/v1/models", client, {}),
        (attempts, client, {}),
        ("/v1/admin/quotas", root, everybody),
        ("/v1/admin/outbox/summary", root, everybody),
    )
    for path, reader, which in lists:
        whole = reader("GET", path, query=which).data
        # When they are read an item at a time, on and back again
        items, cursor = list[Any](), dict[str, Any]()
        while True:
            page = reader("GET", path, query={**which, "limit": 1, **cursor}).json
            items += page["data"]
            assert len(page["data"]) <= 1
            if "next_cursor" not in page["meta"]:
                break
            cursor = {"cursor": page["meta"]["next_cursor"]}
        # Then every item came once, in the order of the whole
        assert items == whole, path
        if len(whole) > 1:
            back = reader("GET", path, query={**which, "limit": 1, "cursor": page["meta"]["prev_cursor"]})
            assert back.data == whole[-2:-1]
        # And a cursor of another list is none
        other = reader("GET", "/v1/incidents", query={"limit": 1, **cursor})
        assert not cursor or other.status == 400


def test_changes_come_in_pages_that_cut_no_version_apart_unseen(client: Client) -> None:
    # Given a vendor of which two versions changed three fields each
    vendor = client("POST", "/v1/vendors", {"name": "Gurobi"}).data["id"]
    for number in (1, 2):
        changes = {"description": f"d{number}", "max_retries": 10 + number, "reset_seconds": number}
        assert client("PATCH", f"/v1/vendors/{vendor}", changes).status == 200
    path = f"/v1/vendors/{vendor}/changes"
    whole = [(change["version"], change["field"]) for change in client("GET", path).data]
    assert len(whole) == 6
    # When they are read two at a time, on and back again
    pages, query = list[Any](), dict[str, Any](limit=2)
    while True:
        page = client("GET", path, query=query).json
        pages.append(page)
        if "next_cursor" not in page["meta"]:
            break
        query["cursor"] = page["meta"]["next_cursor"]
    back = client("GET", path, query={"limit": 2, "cursor": pages[-1]["meta"]["prev_cursor"]}).json
    # Then each is there once
    assert [(change["version"], change["field"]) for page in pages for change in page["data"]] == whole
    assert back["data"] == pages[-2]["data"]
    other = client("POST", "/v1/vendors", {"name": "Other"}).data["id"]
    foreign = client("GET", f"/v1/vendors/{other}/changes", query=query)
    assert foreign.status == 400


def test_the_root_says_where_to_read_on(client: Client) -> None:
    places = client("GET", "/").data
    for name in ("documentation", "openapi", "problems", "health"):
        assert client("GET", places[name]).status == 200, name


def test_a_tenant_that_nobody_registered_sees_itself(
    client: Client, new_client: Callable[..., Client]
) -> None:
    path = f"/v1/tenants/{client.tenant}"
    seen = client("GET", path).data
    assert (seen["tenant_id"], seen["active"], seen["version"]) == (client.tenant, True, 0)
    assert seen["created_at"] is None
    assert new_client()("GET", path).code == "tenant_not_found"
    root = new_client("super_admin")
    assert root("GET", path).code == "tenant_not_found"
    assert root("POST", "/v1/tenants", {"tenant_id": client.tenant, "name": "Acme"}).status == 201
    assert client("GET", path).data["name"] == "Acme"
