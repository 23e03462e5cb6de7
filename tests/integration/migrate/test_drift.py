"""A database that is not as its release expects it is named by the upgrade, and not ready to serve."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

import migrations
from local.database import DatabaseUrls
from migrations import schema
from migrations.schema import SchemaDriftError
from tests.integration.api.conftest import serving
from tests.integration.invoking import Answer, Invoker


def execute(database: DatabaseUrls, statement: str) -> None:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute(statement.encode())


def readiness(database: DatabaseUrls) -> tuple[int, dict[str, Any]]:
    with serving(database):
        answer: Answer = Invoker("acme")("GET", "/v1/health/ready")
        return answer.status, answer.json["checks"][0]


def test_the_file_says_what_the_migrations_make(database: DatabaseUrls) -> None:
    with psycopg.connect(database.admin) as connection:
        made = schema.written(schema.parts(connection))

    assert made == schema.FILE.read_text(), "run `python -m tools.docs schema` and read what changed"


def test_the_newest_file_names_the_newest_revision() -> None:
    assert schema.of_this_release().revision == migrations.revisions()[-1]


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("ALTER TABLE scenario DROP COLUMN name_key", "column scenario.name_key is missing"),
        ("DROP INDEX scenario_run_claim", "index scenario_run.scenario_run_claim is missing"),
        ("ALTER TABLE action ALTER postponed TYPE bigint", "column action.postponed is 'bigint NOT NULL"),
        ("ALTER TABLE scenario NO FORCE ROW LEVEL SECURITY", "table scenario is 'row security, sextant_app"),
        (
            "GRANT DELETE ON decision TO sextant_app",
            "table decision is 'row security, forced, sextant_app DELETE",
        ),
        ("DROP POLICY tenant_isolation ON setting", "policy setting.tenant_isolation is missing"),
        ("DROP TRIGGER guard_run_state ON scenario_run", "trigger scenario_run.guard_run_state is missing"),
        (
            "CREATE POLICY all_of_it ON setting USING (true)",
            "policy setting.all_of_it is unknown to this release",
        ),
        ("ALTER TABLE vendor ADD COLUMN colour text", "column vendor.colour is unknown to this release"),
    ],
)
def test_an_upgrade_names_what_differs_and_the_database_is_not_ready(
    database: DatabaseUrls, change: str, named: str
) -> None:
    assert readiness(database)[0] == 200
    execute(database, change)

    with pytest.raises(SchemaDriftError) as caught:
        migrations.upgrade(database.admin)

    assert any(difference.startswith(named) for difference in caught.value.differences), caught.value
    status, check = readiness(database)
    assert (status, check["status"]) == (503, "unhealthy")
    assert check["detail"] == "the schema is not as its release expects; the upgrade's log says where"


def test_somebodys_own_table_and_index_are_no_drift(database: DatabaseUrls) -> None:
    execute(database, "CREATE TABLE of_an_operator (n integer); CREATE INDEX faster ON scenario (created_by)")

    migrations.upgrade(database.admin)

    assert readiness(database)[0] == 200


def test_a_repaired_database_is_ready_after_the_next_upgrade(database: DatabaseUrls) -> None:
    execute(database, "ALTER TABLE vendor ADD COLUMN colour text")
    with pytest.raises(SchemaDriftError):
        migrations.upgrade(database.admin)
    execute(database, "ALTER TABLE vendor DROP COLUMN colour")

    migrations.upgrade(database.admin)

    assert readiness(database)[0] == 200


@pytest.mark.parametrize("revision", ["0011_functions", migrations.revisions()[-2]])
def test_a_database_behind_the_release_is_not_ready(database: DatabaseUrls, revision: str) -> None:
    migrations.downgrade(database.admin, revision)

    assert readiness(database)[0] == 503


def test_a_database_ahead_serves_the_release_before(database: DatabaseUrls) -> None:
    """During a deployment the migrations run before the new code serves."""
    execute(database, "UPDATE alembic_version SET version_num = '9999_later'")
    execute(database, "UPDATE schema_check SET functions = 'of the later release'")

    assert readiness(database)[0] == 200


def test_functions_of_another_release_are_told(database: DatabaseUrls) -> None:
    execute(database, "UPDATE schema_check SET functions = 'of another release'")

    status, check = readiness(database)

    assert (status, check["status"]) == (200, "degraded")
