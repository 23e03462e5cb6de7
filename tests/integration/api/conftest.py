"""The API's handler on a real Postgres, asked by API Gateway events (payload format 2.0)."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import Any

import psycopg
import pytest

from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant import bootstrap
from sextant.storage import DatabaseSettings, PlatformDatabase
from tests.integration.api.lines import Line
from tests.integration.invoking import Invoker

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


class Client(Invoker):
    """A tenant's user with what tests of the API do again and again."""

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
    with serving(api_database):
        yield api_database


def serving(database: DatabaseUrls) -> AbstractContextManager[bootstrap.Application]:
    """Within it the handler finds this database."""
    return bootstrap.installed(
        {
            "DATABASE_URL": database.app,
            "PLATFORM_DATABASE_URL": database.platform,
            "SEXTANT_STAGE": "local",
        }
    )


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


@pytest.fixture
def line(database: DatabaseUrls) -> Iterator[Line]:
    """The line of runs of a database of its own: a claim looks at all tenants."""
    platform = PlatformDatabase.connect(DatabaseSettings(url=database.platform))
    with psycopg.connect(database.admin, autocommit=True) as connection:
        yield Line(connection, platform)
    platform.close()
