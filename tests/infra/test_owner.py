"""The cluster's owner never locks itself out: made, migrated, restored and looked into, each with new connections."""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import psycopg
import pytest
from psycopg import sql

import migrations
from infra.constructs.database import MIGRATOR, READER
from infra.handlers import migrating_user
from tests.infra.rds import CLUSTER, OWNER, SECRET, DataApi, RdsPostgres, served
from tests.infra.test_runbooks import statements

DATABASE = "sextant"
PROPERTIES = {
    "ClusterArn": CLUSTER,
    "SecretArn": SECRET,
    "Database": DATABASE,
    # The name of the local superuser, who makes the cluster here, is that of the user that migrates on AWS.
    "Migrator": f"{MIGRATOR}_of_rds",
    "Reader": READER,
}


@pytest.fixture(scope="module")
def rds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RdsPostgres]:
    server = RdsPostgres(tmp_path_factory.mktemp("rds"), durable=False)
    server.start()
    yield server
    server.forget()


@pytest.fixture
def data_api(rds: RdsPostgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[DataApi]:
    """A cluster as RDS has just made it: the database, which belongs to its owner."""
    with psycopg.connect(rds.url("postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {DATABASE} OWNER {OWNER}")
    api = DataApi(rds)
    monkeypatch.setattr(migrating_user, "_PAUSE", 0.01)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with served(api) as address:
        monkeypatch.setenv("AWS_ENDPOINT_URL_RDS_DATA", address)
        yield api
    rds.drop_database(DATABASE)
    with psycopg.connect(rds.url("postgres"), autocommit=True) as connection:
        for role in ("sextant_app", "sextant_platform", READER, PROPERTIES["Migrator"]):
            connection.execute(sql.SQL("DROP ROLE IF EXISTS {}").format(sql.Identifier(role)))


def prepare(kind: str = "Create") -> None:
    answer = migrating_user.act(
        {"RequestType": kind, "PhysicalResourceId": "migrating-user", "ResourceProperties": PROPERTIES}
    )
    assert answer.physical_id == "migrating-user"


def look(statement: str) -> Any:
    """What the runbooks' `sql` does: one statement, as the owner, signed in for it alone."""
    client: Any = boto3.client("rds-data", region_name="eu-central-1")
    return client.execute_statement(
        resourceArn=CLUSTER, secretArn=SECRET, database=DATABASE, formatRecordsAs="JSON", sql=statement
    )["formattedRecords"]


def test_the_owner_makes_a_migrator_that_can_migrate_and_is_no_superuser(
    data_api: DataApi, rds: RdsPostgres
) -> None:
    prepare()
    prepare("Update")  # each deployment does it again

    migrator = rds.url_by_token(DATABASE, PROPERTIES["Migrator"])
    migrations.upgrade(migrator)

    with psycopg.connect(migrator) as connection:
        superuser, bypass, member = connection.execute(
            """SELECT rolsuper, rolbypassrls, pg_has_role('sextant_app', 'rds_iam', 'member')
               FROM pg_roles WHERE rolname = current_user"""
        ).fetchone() or (None, None, None)
    assert (superuser, bypass, member) == (False, False, True)
    # Whoever signs in with a token has no password that would be taken.
    for role in (PROPERTIES["Migrator"], "sextant_app"):
        rds.give_password(role)
        with pytest.raises(psycopg.OperationalError, match=r"pg_hba\.conf rejects"):
            psycopg.connect(rds.url(DATABASE, role=role))


def test_whoever_looks_as_the_owner_sees_every_tenant_and_changes_nothing(
    data_api: DataApi, rds: RdsPostgres
) -> None:
    prepare()
    migrator = rds.url_by_token(DATABASE, PROPERTIES["Migrator"])
    migrations.upgrade(migrator)
    with psycopg.connect(migrator) as connection:
        connection.execute(
            """INSERT INTO setting (tenant_id, kind, name, value, updated_by, reason)
               VALUES ('acme', 'flag', 'outputs', '{}', 'test', 'test')"""
        )

    assert look("SELECT tenant_id FROM setting WHERE tenant_id <> '*'") == '[{"tenant_id": "acme"}]'
    for where, statement in statements():
        # An extension that this server has not, and a process that somebody must name.
        if "pg_stat_statements" in statement or "<pid>" in statement:
            continue
        assert look(statement).startswith("["), where
    with pytest.raises(Exception, match="permission denied for table setting"):
        look("DELETE FROM setting")


def test_a_restored_cluster_is_prepared_as_it_was(data_api: DataApi, rds: RdsPostgres) -> None:
    """A copy has the roles of the cluster that it is a copy of, and an owner with a password of its own."""
    prepare()
    migrations.upgrade(rds.url_by_token(DATABASE, PROPERTIES["Migrator"]))
    with psycopg.connect(rds.url("postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER ROLE {OWNER} PASSWORD '{secrets.token_hex()}'")
    rds.give_password(OWNER)

    prepare("Update")
    migrations.upgrade(rds.url_by_token(DATABASE, PROPERTIES["Migrator"]))

    assert look("SELECT count(*) AS n FROM scenario") == '[{"n": 0}]'


def test_an_error_that_passes_is_waited_for_and_leaves_nothing_half_done(data_api: DataApi) -> None:
    data_api.failures.extend(
        [
            ("BeginTransaction", "DatabaseResumingException"),
            ("BeginTransaction", "DatabaseNotFoundException"),
            ("BeginTransaction", "HttpEndpointNotEnabledException"),
            ("BeginTransaction", "AccessDeniedException"),
            ("Execute", "TransactionNotFoundException"),
            ("Execute", "InternalServerErrorException"),
            ("Execute", "StatementTimeoutException"),
            ("CommitTransaction", "ServiceUnavailableError"),
        ]
    )

    prepare()

    assert not data_api.failures
    assert look("SELECT rolname FROM pg_roles WHERE rolname ~ 'sextant_admin_of_rds'").count("rolname") == 1


def test_what_no_repetition_mends_is_told_at_once_and_undone(
    data_api: DataApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        migrating_user, "PREPARATION", (*migrating_user.PREPARATION, "GRANT rds_iam TO nobody")
    )

    with pytest.raises(Exception, match='role "nobody" does not exist'):
        prepare()

    assert data_api.operations[-1] == "RollbackTransaction"
    assert look("SELECT rolname FROM pg_roles WHERE rolname ~ '^sextant_(admin_of|reader)'") == "[]"


def test_the_resource_may_use_all_that_it_uses() -> None:
    """The operations by which it is made, by the names of their rights."""
    source = Path(migrating_user.__file__).read_text()
    construct = (Path(migrating_user.__file__).parents[1] / "constructs" / "migrations.py").read_text()

    for method in set(re.findall(r"client\.(\w+)\(", source)):
        assert f'"{"".join(part.title() for part in method.split("_"))}"' in construct
