"""The database goes away under the API: its breaker opens, and the outage is an incident once it is over.

The server is the test's own, as it is killed.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from local import database as databases
from local.postgres import Postgres
from sextant import bootstrap
from sextant.storage import Database, Outage
from tests.integration.operations.conftest import Operations, serving
from tests.integration.operations.http import Client
from tests.waiting import until

ENVIRONMENT = {
    "DB_FAILURE_THRESHOLD": "3",
    "DB_RESET_TIMEOUT": "0.3",
    "DB_RETRY_BASE_DELAY": "0.01",
    "DB_CONNECT_TIMEOUT": "1",
    "AWS_LAMBDA_FUNCTION_NAME": "api",
}


def test_an_outage_is_one_incident_with_its_end(tmp_path: Path) -> None:
    server = Postgres(tmp_path)
    server.start()
    try:
        urls = databases.prepare(server, "outages")
        with serving(urls, **ENVIRONMENT):
            analyst, operator = Client("acme"), Client("platform", ("super_admin",))
            scenario = analyst.scenario()
            server.kill()

            def left_alone() -> bool:
                answer = analyst("GET", f"/v1/scenarios/{scenario}")
                assert answer.status == 503, answer.body
                return bootstrap.database().health().breaker == "open"

            until(left_alone, within=20.0)
            server.start()
            until(lambda: analyst("GET", f"/v1/scenarios/{scenario}").status == 200, within=20.0)

            (incident,) = operator.incidents()
            assert incident["title"].startswith("database.breaker_opened: database_unavailable")
            assert analyst.incidents() == []
            operations = Operations(urls, bootstrap.platform_database())
            operations.deliver()
            timeline = operator.got(f"/v1/incidents/{incident['id']}/timeline")
            told = [(entry["kind"], entry["summary"]) for entry in timeline]
            assert told.count(("EVENT", "database.breaker_opened")) == 1
            assert told.count(("EVENT", "database.breaker_closed")) == 1
            assert ("ACTION", "MANUAL") in told, "somebody is asked to find out why"
            closed = next(entry for entry in timeline if entry["summary"] == "database.breaker_closed")
            assert closed["detail"]["payload"]["function"] == "api"
            assert closed["detail"]["payload"]["began_at"] < closed["detail"]["payload"]["ended_at"]
    finally:
        server.forget()


def test_a_telling_that_fails_spoils_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = Postgres(tmp_path)
    server.start()

    def broken(database: Database, outage: Outage) -> None:
        raise RuntimeError("no")

    monkeypatch.setattr(bootstrap, "_report_outage", broken)
    try:
        urls = databases.prepare(server, "outages")
        with serving(urls, **ENVIRONMENT):
            client = Client("acme")
            server.kill()
            until(lambda: client("GET", "/v1/scenarios").status == 503 and _opened(), within=20.0)
            server.start()
            until(lambda: client("POST", "/v1/scenarios", {"name": "one"}).status == 201, within=20.0)
            with psycopg.connect(urls.admin) as connection:
                assert connection.execute("SELECT count(*) FROM scenario").fetchone() == (1,)
    finally:
        server.forget()


def _opened() -> bool:
    return bootstrap.database().health().breaker == "open"
