"""Databases that released versions left behind, upgraded: nothing is lost, everything reads, new runs start.

Each `released/<commit>.sql` is the dump of a database that the commit made and filled (`released/make.py`). The two are of
two histories: applied migrations were edited between e3fbc75 and e3c61a5.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

import migrations
from functions.declaration import BASELINES_API, OUTPUTS_API, Route
from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from migrations import schema
from tests.integration.api.conftest import GUIDE, serving
from tests.integration.invoking import Invoker
from tools.docs.openapi import SERVED

DUMPS = sorted((Path(__file__).parent / "released").glob("*.sql"))
Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(params=DUMPS, ids=lambda dump: dump.stem)
def released(request: pytest.FixtureRequest, postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    """A restored database; the template is there for the cluster's roles."""
    del template
    name = f"released_{uuid.uuid4().hex[:12]}"
    postgres.create_database(name)
    postgres.create_database(f"{name}_iceberg")
    # Lines with a backslash are for psql.
    lines = [line for line in request.param.read_text().splitlines() if not line.startswith("\\")]
    with psycopg.connect(postgres.url(name)) as connection:
        connection.execute("\n".join(lines).encode())
    yield databases.urls(postgres, name)
    databases.drop(postgres, name)


def rows(url: str) -> Rows:
    """Every row of every table."""
    with psycopg.connect(url) as connection:
        tables = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        return {
            table: [
                row
                for (row,) in connection.execute(
                    sql.SQL("SELECT to_jsonb(t) FROM {} t").format(sql.Identifier(table))
                )
            ]
            for (table,) in tables
            if table != "alembic_version"
        }


def test_an_upgrade_brings_both_histories_to_one_schema(released: DatabaseUrls) -> None:
    migrations.upgrade(released.admin)

    with psycopg.connect(released.admin) as connection:
        assert schema.written(schema.parts(connection)) == schema.FILE.read_text()
        assert schema.differences(connection) == []


def test_an_upgrade_loses_no_row(released: DatabaseUrls) -> None:
    before = rows(released.admin)
    assert sum(bool(held) for held in before.values()) > 20

    migrations.upgrade(released.admin)

    after = rows(released.admin)
    for table, held in before.items():
        for row in held:
            assert any(row.items() <= kept.items() for kept in after[table]), (table, row)


def test_after_an_upgrade_every_route_reads_and_a_new_run_starts(released: DatabaseUrls) -> None:
    migrations.upgrade(released.admin)
    with serving(released):
        client = Invoker("acme", ("super_admin",))
        scenario = next(one["id"] for one in client("GET", "/v1/scenarios").data if one["name"] == "RPS")

        for path in _paths(client, scenario):
            answer = client(
                "GET", path, query={"from_version": 1, "to_version": 2} if path.endswith("/diff") else None
            )
            if path == "/v1/health/ready":
                # The dump's events have waited to be published since it was made.
                assert [check["status"] for check in answer.json["checks"]] == ["healthy", "unhealthy"]
            elif path == "/v1/shared-report":
                assert (answer.status, answer.json["code"]) == (404, "shared_report_not_found")
            elif path.endswith("/result"):
                # The newest run of the dump still waits.
                assert (answer.status, answer.json["code"]) == (409, "run_without_result")
            else:
                assert answer.status == 200, (path, answer.body)

        run = client("POST", f"/v1/scenarios/{scenario}/run", {"parameters": {"shock_bp": 99}})
        assert run.status == 202, run.body
        with psycopg.connect(released.platform) as connection:
            claimed = "SELECT outcome FROM claim_run('acme', %s, 'worker', interval '1 minute')"
            assert connection.execute(claimed, [run.data["id"]]).fetchone() == ("CLAIMED",)
        assert client("POST", "/v1/scenarios", {**GUIDE, "name": "rps"}).status == 409
        assert client("POST", "/v1/scenarios", {**GUIDE, "name": "new"}).status == 201


def test_down_through_every_version_and_up_again_with_the_data(released: DatabaseUrls) -> None:
    migrations.upgrade(released.admin)
    for revision in reversed(migrations.revisions()[:-1]):
        migrations.downgrade(released.admin, revision)
        assert migrations.current(released.admin) == revision

    migrations.upgrade(released.admin)

    with psycopg.connect(released.admin) as connection:
        assert schema.differences(connection) == []
        assert connection.execute("SELECT count(*) FROM scenario").fetchone() == (3,)


_OF_THE_LAKE = {
    route.path
    for function in (OUTPUTS_API, BASELINES_API)
    for route in function.triggers
    if isinstance(route, Route)
}


def _paths(client: Invoker, scenario: str) -> list[str]:
    """Every path of the API that can be read, with ids of what is there."""

    def first(path: str, field: str = "id") -> str:
        return str(client("GET", path).data[0][field])

    ids = {
        "scenario_id": scenario,
        "run_id": first(f"/v1/scenarios/{scenario}/runs"),
        "version": "1",
        "tenant": "acme",
        "code": "not_found",
    } | {
        name: first(f"/v1/{noun}")
        for name, noun in {
            "action_id": "actions",
            "event_id": "events",
            "incident_id": "incidents",
            "switch_id": "kill-switches",
            "vendor_id": "vendors",
            "workflow_id": "workflows",
        }.items()
    }
    readable = [
        path for path, operations in json.loads(SERVED.read_text())["paths"].items() if "get" in operations
    ]
    assert len(readable) > 40
    paths = []
    for path in readable:
        known = ids | ({"event_id": first("/v1/admin/outbox")} if path.startswith("/v1/admin/outbox") else {})
        # No baseline, output or decision without a lake, a worker and a model.
        if set(re.findall(r"{(\w+)}", path)) <= known.keys() and path not in _OF_THE_LAKE:
            paths.append(path.format_map(known))
    return paths
