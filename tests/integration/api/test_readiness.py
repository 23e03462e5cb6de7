"""Readiness and answers while a part is away: what is said is what holds."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import sql

from local.aws import LocalAws, Resources
from local.database import DatabaseUrls
from tests.environments import changed
from tests.integration.api.conftest import GUIDE, Client, serving


@pytest.fixture
def reader(database: DatabaseUrls) -> Iterator[DatabaseUrls]:
    """A database that takes no writes, as during a failover."""
    with psycopg.connect(database.admin, autocommit=True) as admin:
        name = sql.Identifier(admin.info.dbname)
        admin.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    with serving(database):
        yield database


def test_a_database_that_takes_no_writes_is_said_to_be_so(reader: DatabaseUrls) -> None:
    client = Client(f"t-{uuid.uuid4().hex[:12]}")
    # When something is to be written, then it is refused, and nobody is left in doubt
    answer = client("POST", "/v1/scenarios", {**GUIDE, "name": "s"})
    assert (answer.status, answer.code) == (503, "database_read_only")
    assert answer.headers["Retry-After"]
    # And what only reads is answered
    for path in ("/v1/scenarios", "/v1/incidents", "/v1/changes", "/v1/kill-switches"):
        assert client("GET", path).status == 200, path
    assert client("GET", f"/v1/scenarios/{uuid.uuid4()}").code == "scenario_not_found"
    # And readiness says it
    ready = client("GET", "/v1/health/ready")
    assert (ready.status, ready.json["status"]) == (200, "degraded")
    assert ready.json["checks"][0] == {
        "name": "database",
        "status": "degraded",
        "detail": "the database takes no writes",
    }


def test_a_database_that_takes_writes_again_is_found_at_once(reader: DatabaseUrls) -> None:
    client = Client(f"t-{uuid.uuid4().hex[:12]}")
    for _ in range(6):
        assert client("POST", "/v1/scenarios", {**GUIDE, "name": "s"}).code == "database_read_only"
    with psycopg.connect(reader.admin, autocommit=True) as admin:
        admin.execute("SET default_transaction_read_only = off")
        name = sql.Identifier(admin.info.dbname)
        admin.execute(sql.SQL("ALTER DATABASE {} RESET default_transaction_read_only").format(name))
    # Neither a breaker nor a connection of before stands in the way.
    assert client("POST", "/v1/scenarios", {**GUIDE, "name": "s"}).status == 201


def test_readiness_is_degraded_while_the_records_are_away(
    served: DatabaseUrls, aws: LocalAws, resources: Resources, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in aws.variables().items():
        monkeypatch.setenv(name, value)
    client = Client(f"t-{uuid.uuid4().hex[:12]}")
    with changed(SEXTANT_IDEMPOTENCY_TABLE=resources.idempotency_table):
        ready = client("GET", "/v1/health/ready").json
        assert ready["status"] == "healthy"
        assert ready["checks"][-1] == {"name": "idempotency", "status": "healthy"}
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    with changed(SEXTANT_IDEMPOTENCY_TABLE=resources.idempotency_table):
        ready = client("GET", "/v1/health/ready").json
        assert ready["status"] == "degraded"
        assert ready["checks"][-1]["name"] == "idempotency"
        assert "unique keys" in ready["checks"][-1]["detail"]
