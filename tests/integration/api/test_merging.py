"""Parameters are merged by name, by PATCH, fork and run alike; PUT replaces."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID

import pytest

from sextant import bootstrap
from sextant.identity import Caller
from sextant.ids import ScenarioId, TenantId
from sextant.scenarios import service
from sextant.scenarios.documents import ScenarioChanges
from tests.integration.api.conftest import Client

HORIZON = {"start_year": 2028, "end_year": 2032}
MERGE_PATCH = {"content-type": "application/merge-patch+json"}


def scenario(client: Client, **parameters: Any) -> str:
    return f"/v1/scenarios/{client.scenario(parameters={**HORIZON, **parameters}, assumptions=[])['id']}"


@pytest.mark.parametrize(
    "headers", [{}, MERGE_PATCH, {"content-type": "Application/Merge-Patch+JSON; charset=utf-8"}]
)
def test_the_documents_own_example_keeps_the_horizon(client: Client, headers: dict[str, str]) -> None:
    path = scenario(client)
    changed = client("PATCH", path, {"parameters": {"shock_bp": 50}}, headers=headers)
    assert (changed.status, changed.data["version"]) == (200, 2)
    assert changed.data["parameters"] == {**HORIZON, "shock_bp": 50}
    # And null takes one away
    fewer = client("PATCH", path, {"parameters": {"shock_bp": None, "end_year": 2030}}, headers=headers)
    assert fewer.data["parameters"] == {"start_year": 2028, "end_year": 2030}
    # What changes nothing makes no version
    assert (
        client("PATCH", path, {"parameters": {"discount_rate": None}}, headers=headers).data["version"] == 3
    )


def test_a_fork_merges_and_put_replaces(client: Client) -> None:
    path = scenario(client, discount_rate=0.05)
    fork = client(
        "POST", f"{path}/fork", {"name": f"fork of {path}", "parameters": {"shock_bp": 0, "end_year": None}}
    )
    assert fork.data["parameters"] == {"start_year": 2028, "discount_rate": 0.05, "shock_bp": 0}
    put = client("PUT", path, {"name": f"put {path}", "parameters": {"shock_bp": 1}})
    assert put.data["parameters"] == {"shock_bp": 1}
    assert client("PUT", path, {"name": "x"}, headers=MERGE_PATCH).status == 415
    assert client("PATCH", "/v1/workflows/none", {"name": "x"}, headers=MERGE_PATCH).status == 415


def test_a_null_field_gets_its_default_and_a_name_cannot_be_null(client: Client) -> None:
    path = scenario(client)
    client("PATCH", path, {"description": "d", "tags": ["a"], "status": "ARCHIVED"})
    nothing = {"description": None, "tags": None, "status": None, "parameters": None, "assumptions": None}
    bare = client("PATCH", path, nothing).data
    assert (bare["description"], bare["tags"], bare["status"], bare["parameters"]) == ("", [], "ACTIVE", {})
    refused = client("PATCH", path, {"name": None})
    assert (refused.status, refused.broken_paths) == (422, ["name"])


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"end_year": 2027}, "parameters.end_year"),
        ({"start_year": 2040}, "parameters.end_year"),
        ({"discount_rate": 2}, "parameters.discount_rate"),
        ({"discount": 0.1}, "parameters.discount"),
    ],
)
def test_what_does_not_go_with_the_rest_is_refused(
    client: Client, changes: dict[str, Any], path: str
) -> None:
    scenario_path = scenario(client)
    for answer in (
        client("PATCH", scenario_path, {"parameters": changes}),
        client("POST", f"{scenario_path}/fork", {"name": f"f {scenario_path}", "parameters": changes}),
        client("POST", f"{scenario_path}/run", {"parameters": changes}),
    ):
        assert (answer.status, answer.broken_paths) == (422, [path]), answer.body
    assert client("GET", scenario_path).data["version"] == 1


def test_another_models_parameters_are_merged_and_left_to_it(client: Client) -> None:
    path = f"/v1/scenarios/{client.scenario(parameters={'model': 'flat_price', 'price': 50}, assumptions=[])['id']}"
    assert client("PATCH", path, {"parameters": {"price": 60}}).data["parameters"] == {
        "model": "flat_price",
        "price": 60,
    }
    # The built-in model has no price
    refused = client("PATCH", path, {"parameters": {"model": None}})
    assert (refused.status, refused.broken_paths) == (422, ["parameters.price"])
    assert client("PATCH", path, {"parameters": {"model": None, "price": None}}).data["parameters"] == {}


def test_a_run_takes_a_parameter_away_as_a_patch_does(client: Client) -> None:
    path = scenario(client, shock_bp=50)
    run = client("POST", f"{path}/run", {"parameters": {"shock_bp": None, "end_year": 2029}}).data
    assert run["parameters"] == {"start_year": 2028, "end_year": 2029}
    # It is the same run as that of a scenario without it
    again = client(
        "POST", f"{path}/run", {"parameters": {"end_year": 2029, "shock_bp": None}, "priority": "LOW"}
    )
    assert (again.status, again.data["id"]) == (200, run["id"])


def test_patches_of_different_parameters_at_one_time_all_stand(client: Client) -> None:
    path = scenario(client)
    scenario_id = ScenarioId(UUID(path.rpartition("/")[2]))
    caller = Caller(TenantId(client.tenant), "ana", frozenset({"admin"}), "r", "c")
    changes: list[dict[str, Any]] = [
        {"shock_bp": 10},
        {"discount_rate": 0.04},
        {"draws": 7},
        {"attribution": False},
    ]
    together = threading.Barrier(len(changes))

    def change(parameters: dict[str, Any]) -> int:
        document = ScenarioChanges.model_validate({"parameters": parameters})
        together.wait()
        return (
            bootstrap.database()
            .run(caller.tenant, lambda s: service.update(s, scenario_id, document, None, caller))
            .version
        )

    with ThreadPoolExecutor(len(changes)) as pool:
        assert sorted(pool.map(change, changes)) == [2, 3, 4, 5]
    stored = client("GET", path).data
    assert stored["parameters"] == {**HORIZON, **{name: v for one in changes for name, v in one.items()}}


@pytest.mark.parametrize(
    ("sweep", "paths"),
    [
        ({"discount_rate": [0.05, 0.05]}, ["sweep.discount_rate[1]"]),
        ({"shock_bp": [1, 1.0]}, ["sweep.shock_bp[1]"]),
        ({"shock_bp": [0, -0.0]}, ["sweep.shock_bp[1]"]),
        ({"discount_basis": ["REAL", "real"]}, ["sweep.discount_basis[1]"]),
        ({"attribution": [True, False, True]}, ["sweep.attribution[2]"]),
        ({"start_year": [2028, 2029], "end_year": [2028, 2027]}, ["sweep"] * 3),
        ({"end_year": [2030, 2027]}, ["sweep"]),
        ({"start_year": [2040]}, ["sweep"]),
    ],
)
def test_a_sweep_with_equal_or_contradicting_points_is_refused(
    client: Client, sweep: dict[str, list[Any]], paths: list[str]
) -> None:
    path = scenario(client)
    single = client("POST", f"{path}/run", {"sweep": sweep})
    assert (single.status, single.broken_paths) == (422, paths), single.body
    bulk = client("POST", f"{path}/runs:bulk", {"items": [{}, {"sweep": sweep}]})
    assert (bulk.status, bulk.broken_paths) == (422, [f"items[1].{one}" for one in paths]), bulk.body
    assert client("GET", f"{path}/runs").data == []


def test_a_contradicting_point_is_named_by_its_parameters(client: Client) -> None:
    refused = client(
        "POST", f"{scenario(client)}/run", {"sweep": {"end_year": [2030, 2027], "shock_bp": [0, 1]}}
    )
    assert [error["message"] for error in refused.json["errors"]] == [
        f'at the point {{"end_year":2027,"shock_bp":{bp}}}: end_year must not lie before start_year'
        for bp in (0, 1)
    ]


def test_a_sweep_of_texts_that_one_tag_would_hold_is_refused(client: Client) -> None:
    path = f"/v1/scenarios/{client.scenario(parameters={'model': 'flat_price'}, assumptions=[])['id']}"
    refused = client("POST", f"{path}/run", {"sweep": {"price": [1, "1"]}})
    assert (refused.status, refused.broken_paths) == (422, ["sweep.price[1]"])
    assert client("POST", f"{path}/run", {"sweep": {"price": [1, True, "a"]}}).status == 202
