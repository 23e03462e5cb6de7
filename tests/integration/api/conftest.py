"""The API's handler on a real Postgres, asked by API Gateway events (payload format 2.0)."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import psycopg
import pytest

from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant import bootstrap

GUIDE = {
    "name": "RPS sensitivity",
    "assumptions": [
        {
            "driver_type": "policy",
            "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6},
        }
    ],
    "parameters": {"shock_bp": 25},
    "tags": ["demo", "sensitivity"],
}


class LambdaContext:
    """What the handlers read of Lambda's context."""

    function_name = "api"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:eu-central-1:000000000000:function:api"
    aws_request_id = "request"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def code(self) -> str:
        """The problem's code; fails unless the answer is a whole problem document."""
        assert self.headers["Content-Type"] == "application/problem+json", self.body
        problem = self.json
        assert {"type", "title", "status", "detail", "instance", "code", "request_id"} <= problem.keys()
        assert problem["status"] == self.status
        assert problem["type"] == f"/problems/{problem['code']}"
        return str(problem["code"])

    @property
    def broken_paths(self) -> list[str]:
        return [error["path"] for error in self.json["errors"]]


@dataclass
class Client:
    """One tenant's user; `roles` as an HTTP API's JWT authorizer writes them."""

    tenant: str
    roles: tuple[str, ...] = ("admin",)
    headers: dict[str, str] = field(default_factory=dict)

    def as_(self, *roles: str) -> Client:
        return Client(self.tenant, roles)

    def event(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        raw: str | None = None,
        query: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        claims: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        text = raw if raw is not None else None if body is None else json.dumps(body)
        event: dict[str, Any] = {
            "version": "2.0",
            "routeKey": "$default",
            "rawPath": path,
            "rawQueryString": urlencode(query or {}),
            "headers": {"content-type": "application/json", **self.headers, **(headers or {})},
            "requestContext": {
                "requestId": str(uuid.uuid4()),
                "stage": "$default",
                "http": {
                    "method": method,
                    "path": path,
                    "protocol": "HTTP/1.1",
                    "sourceIp": "127.0.0.1",
                    "userAgent": "tests",
                },
                "authorizer": {
                    "jwt": {
                        "claims": {
                            "sub": "ana",
                            "tenant_id": self.tenant,
                            "roles": f"[{' '.join(self.roles)}]",
                        }
                        if claims is None
                        else claims
                    }
                },
            },
            "isBase64Encoded": False,
        }
        if query:
            event["queryStringParameters"] = {name: str(value) for name, value in query.items()}
        if text is not None:
            event["body"] = text
        return event

    def send(self, event: dict[str, Any]) -> Answer:
        from functions.api.handler import handler

        answer = handler(event, LambdaContext())  # type: ignore[arg-type]
        return Answer(answer["statusCode"], answer["headers"], answer.get("body") or "")

    def __call__(self, method: str, path: str, body: Any = None, **more: Any) -> Answer:
        return self.send(self.event(method, path, body, **more))

    def scenario(self, **fields: Any) -> dict[str, Any]:
        """A scenario of its own name, created."""
        answer = self("POST", "/v1/scenarios", {**GUIDE, "name": f"s {uuid.uuid4()}", **fields})
        assert answer.status == 201, answer.body
        data: dict[str, Any] = answer.data
        return data

    def run(self, scenario: str, **options: Any) -> dict[str, Any]:
        answer = self("POST", f"/v1/scenarios/{scenario}/run", options)
        assert answer.status in (200, 202), answer.body
        data: dict[str, Any] = answer.data
        return data


@pytest.fixture(scope="session")
def api_database(postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    """One database for all these tests: each has tenants of its own, as in production."""
    made = databases.clone(postgres, template, f"api_{uuid.uuid4().hex[:12]}")
    yield made
    databases.drop(postgres, made.name)


@pytest.fixture(scope="module")
def served(api_database: DatabaseUrls) -> Iterator[DatabaseUrls]:
    """The environment in which the handler finds its database."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DATABASE_URL", api_database.app)
        patch.setenv("PLATFORM_DATABASE_URL", api_database.platform)
        patch.setenv("SEXTANT_STAGE", "local")
        patch.delenv("SEXTANT_AUTH_DISABLED", raising=False)
        patch.delenv("SEXTANT_IDEMPOTENCY_TABLE", raising=False)
        _forget()
        yield api_database
        bootstrap.database().close()
        bootstrap.platform_database().close()
        _forget()


def _forget() -> None:
    for made in (
        bootstrap.settings,
        bootstrap.database,
        bootstrap.platform_database,
        bootstrap.remembered_settings,
    ):
        made.cache_clear()


@pytest.fixture
def new_client(served: DatabaseUrls) -> Callable[..., Client]:
    def make(*roles: str) -> Client:
        return Client(f"t-{uuid.uuid4().hex[:12]}", roles or ("admin",))

    return make


@pytest.fixture
def client(new_client: Callable[..., Client]) -> Client:
    """An administrator of a tenant that nobody else has."""
    return new_client()


@pytest.fixture
def sql(served: DatabaseUrls) -> Iterator[Callable[..., list[Any]]]:
    """Statements as the database's owner, to look behind the API."""
    with psycopg.connect(served.admin, autocommit=True) as connection:

        def run(query: str, *params: object) -> list[Any]:
            cursor = connection.execute(query, params or None)
            return cursor.fetchall() if cursor.description else []

        yield run
