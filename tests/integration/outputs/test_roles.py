"""Who may do what on the routes of outputs and baselines: every one that their resolvers know × every role, and a foreign tenant."""

from __future__ import annotations

import re
from typing import Any
from uuid import uuid4

import pytest

from functions.api import baselines_api
from functions.api import outputs_api as entry
from sextant.identity import PERMISSIONS
from tests.integration.outputs.conftest import OutputsApi

ROUTES = sorted(
    {
        (endpoint.method, endpoint.path, endpoint.needs)
        for resolver in (entry.api, baselines_api.api)
        for endpoint in resolver.endpoints.values()
        if endpoint.path.startswith("/v1/")
    }
)


def path_of(template: str, **ids: object) -> str:
    return re.sub(r"<(\w+)>", lambda field: str(ids.get(field[1], uuid4())), template)


def test_the_routes_are_those_that_are_declared() -> None:
    assert ("GET", "/v1/baselines/<baseline_id>/merit-order", "scenarios:read") in ROUTES
    assert all(permission != "public" for _, _, permission in ROUTES)


def test_each_role_may_do_what_its_permissions_say_and_no_more(outputs_api: OutputsApi) -> None:
    for method, path, permission in ROUTES:
        for role, permissions in PERMISSIONS.items():
            body: Any = {} if method == "POST" else None
            answer = outputs_api.send(method, path_of(path), roles=f"[{role}]", body=body)
            if permission in permissions:
                assert answer.status not in (401, 403), (method, path, role, answer.content)
                assert answer.status < 500, (method, path, role, answer.content)
            else:
                assert (answer.status, answer.json["code"]) == (403, "forbidden"), (method, path, role)
                assert answer.json["required_permission"] == permission


def test_a_token_without_a_role_opens_nothing(outputs_api: OutputsApi) -> None:
    for method, path, _ in ROUTES:
        for roles in ("[]", "[root]"):
            answer = outputs_api.send(method, path_of(path), roles=roles)
            assert (answer.status, answer.json["code"]) == (403, "forbidden"), (method, path, roles)


@pytest.mark.parametrize("roles", ["[viewer]", "[admin]"])
def test_a_foreign_tenants_thing_and_nobodys_look_the_same(outputs_api: OutputsApi, roles: str) -> None:
    # Given another tenant's scenario with a result, and its baseline
    scenario = outputs_api.main_job.scenario()
    outputs_api.published(scenario)
    tables = {"units": {"csv": "name,technology,capacity_mw,fuel,heat_rate,emission_factor,capex\ng,ccgt,9,gas,7,0.4,1\n"},
              "load": {"csv": "year,hour,weight,load_mw\n2027,1,4380,5\n2027,2,4380,6\n"},
              "prices": {"csv": "year,gas,carbon\n2027,8,20\n"}}  # fmt: skip
    told = {"currency": "EUR", "price_year": 2025, "value_of_lost_load": 3_000.0}
    baseline = outputs_api.post("/v1/baselines", {"name": f"island-{roles[1:-1]}", "tables": tables, **told})
    assert baseline.status == 201, baseline.json
    ids = {"scenario_id": scenario, "baseline_id": baseline.json["data"]["id"]}
    # When each route with an id is asked for by it, and by one that nothing has
    for method, path, _ in ROUTES:
        if "_id>" in path:
            foreign, nobodys = (
                outputs_api.send(method, path_of(path, **of), tenant="beta", roles=roles) for of in (ids, {})
            )
            # Then both answers are the same
            assert (foreign.status, foreign.json["code"]) == (nobodys.status, nobodys.json["code"]), path
            assert foreign.status in (400, 403, 404), path
            assert outputs_api.get(f"/v1/baselines/{ids['baseline_id']}").status == 200
