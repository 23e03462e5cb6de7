"""docs/security.md says what is so: the rights it lists are those deployed, the tests it names are there."""

from __future__ import annotations

import re

from infra.bundling import ROOT
from local.database import DatabaseUrls
from tests.infra.conftest import Assembly, listed
from tools.docs.marks import read
from tools.docs.permissions import PAGE, function_table, grant_table

AGAIN = "run `python -m tools.docs permissions` and read what changed"


def test_the_page_lists_what_each_function_can_reach(dev: Assembly) -> None:
    assert read(PAGE.read_text(), "functions").splitlines() == function_table(dev.templates).splitlines(), (
        AGAIN
    )


def test_prod_gives_no_function_more_than_dev_but_its_bus_and_its_exports(
    dev: Assembly, prod: Assembly
) -> None:
    def rights(assembly: Assembly) -> dict[str, set[str]]:
        rows = (line.split("|")[1:4] for line in function_table(assembly.templates).splitlines()[2:])
        return {
            name.strip(): set(re.findall(r"[a-z0-9-]+ [A-Z]\w+", f"{users} {may}"))
            for name, users, may in rows
        }

    theirs, ours = rights(dev), rights(prod)
    for name, held in ours.items():
        more = held - theirs.get(name, set())
        # What Kafka's readers and writer need, and what asks Athena for exports, or looks after them.
        allowed = {"kafka", "kafka-cluster", "sqs"} if name in theirs else {"kafka"}
        allowed |= {"athena", "glue", "s3"} if name == "outputs-api" else set()
        allowed |= {"athena"} if name == "run-recovery" else set()
        # And has the batches that it gives up set aside.
        allowed |= {"s3", "kms"} if name in ("operations", "run-worker", "webhook-deliverer") else set()
        assert {one.split()[0] for one in more} <= allowed, (name, more)


def test_the_page_lists_what_each_database_user_can_reach(database: DatabaseUrls) -> None:
    assert read(PAGE.read_text(), "grants").splitlines() == grant_table(database.admin).splitlines(), AGAIN


def test_every_test_the_page_names_is_there() -> None:
    named = set(re.findall(r"`((?:unit|integration|infra|e2e)/[\w/]*test_\w+\.py)`", PAGE.read_text()))

    assert len(named) > 20
    assert sorted(name for name in named if not (ROOT / "tests" / name).exists()) == []


def test_slow_statements_are_logged_without_tenants_data(assembly: Assembly) -> None:
    parameters = assembly.one("AWS::RDS::DBClusterParameterGroup").properties["Parameters"]

    assert int(parameters["log_min_duration_statement"]) > 0
    assert parameters["log_parameter_max_length"] == "0"


def test_the_owners_secret_is_under_the_deployments_key(assembly: Assembly) -> None:
    secret = assembly.one("AWS::RDS::DBCluster").properties["MasterUserSecret"]
    key = assembly.one("AWS::KMS::Key").logical_id

    assert secret == {"KmsKeyId": {"Fn::GetAtt": [key, "Arn"]}}


def test_only_the_relay_and_the_functions_that_hand_over_work_may_send(assembly: Assembly) -> None:
    senders = {
        str(function.properties["FunctionName"]).split("-", 2)[2]
        for function in assembly.all("AWS::Lambda::Function")
        if "FunctionName" in function.properties
        and any(
            "sqs:SendMessage" in listed(one["Action"])
            and any("dlq" not in str(resource) for resource in listed(one["Resource"]))
            for one in assembly.statements_of(function)
        )
    }

    assert senders == {"api", "outbox-relay", "run-worker", "webhook-deliverer"}
