"""Who may do what: every route that the resolver knows × every role × the own and a foreign tenant."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from functions.api.api import whole_api
from sextant.identity import PERMISSIONS, Role
from tests.integration.api.conftest import GUIDE, Client

ROUTES = sorted(
    {(endpoint.method, endpoint.path, endpoint.needs) for endpoint in whole_api().endpoints.values()}
)
ROLES: tuple[Role, ...] = tuple(PERMISSIONS)
PUBLIC_PATHS = {
    "/",
    "/v1/health",
    "/v1/health/ready",
    "/problems",
    "/problems/<code>",
    "/openapi.json",
    "/docs",
    "/docs/<asset>",
    "/metrics",
    "/v1/shared-report",
}

BODIES: dict[tuple[str, str], Any] = {
    ("POST", "/v1/scenarios"): GUIDE,
    ("POST", "/v1/scenarios:validate"): GUIDE,
    ("PUT", "/v1/scenarios/<scenario_id>"): GUIDE,
    ("PATCH", "/v1/scenarios/<scenario_id>"): {},
    ("POST", "/v1/scenarios/<scenario_id>/fork"): {"name": "fork"},
    ("POST", "/v1/scenarios/<scenario_id>/runs:bulk"): {"items": [{}]},
    ("POST", "/v1/scenarios/runs:cancel"): {"preview": True, "all": True},
    ("POST", "/v1/scenarios/runs:replay"): {"preview": True, "all": True},
    ("PUT", "/v1/scenarios/runs/<run_id>/state"): {"state": "CANCELLED", "reason": "x"},
}


def path_of(template: str, **ids: str) -> str:
    return re.sub(r"<(\w+)>", lambda found: ids.get(found[1], str(uuid4())), template)


def test_every_route_is_marked_and_only_these_are_public() -> None:
    assert all(permission for _, _, permission in ROUTES), "a route without a mark would be refused"
    assert {path for _, path, permission in ROUTES if permission == "public"} <= PUBLIC_PATHS


@pytest.mark.parametrize(("method", "path", "permission"), ROUTES, ids=[f"{m} {p}" for m, p, _ in ROUTES])
def test_each_role_may_do_what_its_permissions_say_and_no_more(
    client: Client, method: str, path: str, permission: str
) -> None:
    for role in ROLES:
        caller = client.as_(role)
        answer = caller(method, path_of(path), BODIES.get((method, path), {}), query={"limit": 1})
        if permission == "public" or permission in PERMISSIONS[role]:
            assert answer.status not in (401, 403), (role, answer.body)
            assert answer.status < 500, (role, answer.body)
        else:
            assert (answer.status, answer.code) == (403, "forbidden"), (role, answer.body)
            assert answer.json["required_permission"] == permission


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [route for route in ROUTES if route[2] != "public"],
    ids=[f"{m} {p}" for m, p, permission in ROUTES if permission != "public"],
)
@pytest.mark.parametrize(
    ("claims", "status"),
    [
        ({}, 401),
        ({"sub": "ana", "roles": "[admin]"}, 403),
        ({"sub": "ana", "tenant_id": "", "roles": "[admin]"}, 403),
        ({"sub": "ana", "tenant_id": "../etc", "roles": "[admin]"}, 403),
        ({"sub": "ana", "tenant_id": "*", "roles": "[super_admin]"}, 403),
        ({"sub": "ana", "tenant_id": "acme"}, 403),
        ({"sub": "ana", "tenant_id": "acme", "roles": "[root]"}, 403),
        ({"tenant_id": "acme", "roles": "[admin]"}, 403),
    ],
)
def test_a_token_without_tenant_subject_or_role_opens_nothing(
    client: Client, method: str, path: str, permission: str, claims: dict[str, str], status: int
) -> None:
    answer = client(method, path_of(path), BODIES.get((method, path), {}), claims=claims)
    assert answer.status == status
    assert answer.code in ("unauthorized", "forbidden")


def test_no_header_or_query_moves_a_caller_to_another_tenant(
    client: Client, new_client: Callable[..., Client]
) -> None:
    victim = new_client()
    secret = victim.scenario()["id"]
    for more in (
        {"headers": {"x-tenant-id": victim.tenant}},
        {"headers": {"x-roles": "super_admin", "x-tenant-id": victim.tenant}},
    ):
        assert client("GET", f"/v1/scenarios/{secret}", **more).status == 404
        assert client("GET", "/v1/scenarios", **more).data == []
    query = {"tenant_id": victim.tenant}
    assert client("GET", f"/v1/scenarios/{secret}", query=query).code == "invalid_parameter"
    assert client("GET", "/v1/scenarios", query=query).code == "invalid_parameter"


WITH_IDS = [route for route in ROUTES if "_id>" in route[1] and "scenarios" in route[1]]


@pytest.mark.parametrize(("method", "path", "permission"), WITH_IDS, ids=[f"{m} {p}" for m, p, _ in WITH_IDS])
def test_a_foreign_tenants_thing_and_nobodys_look_the_same(
    client: Client, new_client: Callable[..., Client], method: str, path: str, permission: str
) -> None:
    victim = new_client()
    scenario = victim.scenario()["id"]
    run = victim.run(scenario)["id"]
    body = BODIES.get((method, path), {})
    foreign = client(method, path_of(path, scenario_id=scenario, run_id=run), body)
    nobodys = client(method, path_of(path), body)
    strip = ("instance", "request_id")
    assert foreign.status == nobodys.status
    assert {k: v for k, v in foreign.json.items() if k not in (*strip, "meta")} == {
        k: v for k, v in nobodys.json.items() if k not in (*strip, "meta")
    }
    assert foreign.status == 404 or foreign.data == []
    assert victim("GET", f"/v1/scenarios/{scenario}/runs/{run}").data["state"] == "QUEUED"


def test_row_level_security_stands_behind_the_statements(
    client: Client, new_client: Callable[..., Client], sql: Callable[..., list[Any]]
) -> None:
    victim = new_client()
    victim.scenario()
    from sextant import bootstrap
    from sextant.ids import TenantId

    with bootstrap.database().autocommit(TenantId(client.tenant)) as session:
        assert (
            session.fetch_all("SELECT 1 FROM scenario", row=tuple) == []
        )  # tenant-lint: the wall itself is tested
    tables = sql(
        "SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'"
        " WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace"
        " AND NOT (c.relrowsecurity AND c.relforcerowsecurity)"
    )
    assert tables == []
