"""What the local system gives a function is what the template gives it: no more, and no less."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.declaration import FUNCTIONS, MIGRATE, Function
from local import place
from local.aws import Resources, client_for
from local.database import DatabaseUrls
from local.running import RunningSystem
from tests.infra.conftest import Assembly, Resource, listed

EVERY = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.name)

# How one signs in to a broker on AWS; the local one asks for nothing.
ONLY_ON_AWS = {"SEXTANT_KAFKA_MECHANISM"}
EXPORTS = {"SEXTANT_EXPORT_ENGINE", "SEXTANT_ATHENA_WORKGROUP", "SEXTANT_EXPORT_ATHENA_ROWS"}


@pytest.fixture(scope="module")
def client(system: RunningSystem) -> Any:
    return client_for("lambda", system.endpoints.functions)


def variables(function: Resource) -> Mapping[str, Any]:
    given: Mapping[str, Any] = function.properties["Environment"]["Variables"]
    return given


@EVERY
def test_a_function_has_the_templates_variables_and_limits(
    dev: Assembly, client: Any, function: Function
) -> None:
    deployed = dev.function(function.name)
    local = client.get_function_configuration(FunctionName=function.name)

    given = local["Environment"]["Variables"]
    assert sorted(given) == sorted(variables(deployed))
    plain = {name: value for name, value in variables(deployed).items() if isinstance(value, str)}
    differs = {name for name, value in plain.items() if value != given[name]}
    assert differs <= {
        "SEXTANT_STAGE",
        "SEXTANT_CATALOG",
        "SEXTANT_RELAY_FUNCTION",
        "SEXTANT_WEBHOOK_SENDER",
        "DATABASE_AUTH",
    }
    assert (local["Timeout"], local["MemorySize"], local["Handler"]) == tuple(
        deployed.properties[name] for name in ("Timeout", "MemorySize", "Handler")
    )


@EVERY
def test_with_kafka_too(prod: Assembly, function: Function) -> None:
    urls = DatabaseUrls("d", "admin", "app", "platform", "catalog")
    queues = {name: f"url of {name}" for name in ("runs", "commits", "events", "journal", "webhooks")}
    here = place.local_place(
        "kafka", Resources(queues, {}, "bucket", "dead-records", "table", "topic", "key"), urls, "broker"
    )

    assert (
        set(place.configured(function, here))
        == set(variables(prod.function(function.name))) - ONLY_ON_AWS - EXPORTS
    )


@EVERY
def test_a_function_has_the_templates_share_of_concurrency(
    prod: Assembly, client: Any, function: Function
) -> None:
    share = client.get_function_concurrency(FunctionName=function.name).get("ReservedConcurrentExecutions")

    assert share == prod.function(function.name).properties.get("ReservedConcurrentExecutions")


@EVERY
def test_asynchronous_invocations_and_loops_are_treated_as_the_template_says(
    assembly: Assembly, client: Any, function: Function
) -> None:
    deployed = assembly.function(function.name)
    loop = client.get_function_recursion_config(FunctionName=function.name)["RecursiveLoop"]
    assert loop == deployed.properties["RecursiveLoop"]
    if function == MIGRATE:  # nothing invokes it but the deployment, which waits
        return
    rules = client.get_function_event_invoke_config(FunctionName=function.name)
    (configured,) = (
        one.properties
        for one in assembly.all("AWS::Lambda::EventInvokeConfig")
        if one.properties["FunctionName"] == {"Ref": deployed.logical_id}
    )
    assert "Live" in json.dumps(configured["Qualifier"])

    for name in ("MaximumRetryAttempts", "MaximumEventAgeInSeconds"):
        assert rules[name] == configured[name]


@EVERY
def test_a_function_may_invoke_what_its_role_allows(
    dev: Assembly, system: RunningSystem, function: Function
) -> None:
    own = client_for("lambda", system.endpoints.functions, key=function.name)
    allowed = {
        json.dumps(resource).rpartition(":function:")[2].removeprefix("sextant-dev-").strip('"]}')
        for statement in dev.statements_of(dev.function(function.name))
        if "lambda:InvokeFunction" in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    }

    invoked = set()
    for other in FUNCTIONS:
        for name in (other.name, f"{other.name}:live"):
            try:
                own.invoke(FunctionName=name, InvocationType="DryRun")
                invoked.add(name)
            except ClientError as error:
                assert error.response["Error"]["Code"] == "AccessDeniedException"  # noqa: PT017 (of many calls)
    assert invoked == allowed
    assert function.name == MIGRATE.name or function.database or function.outside


def test_processes_are_started_with_what_the_lambda_api_tells(system: RunningSystem, client: Any) -> None:
    """What Lambda itself sets, and what stands in for AWS, comes on top."""
    for state in system.environments():
        with open(f"/proc/{state.pid}/environ") as file:  # noqa: PTH123 (a file of the kernel)
            given = dict(entry.split("=", 1) for entry in file.read().split("\0") if entry)
        told = client.get_function_configuration(FunctionName=state.function)["Environment"]["Variables"]
        assert {name: given[name] for name in told} == told
        more = {name for name in given if name.startswith(("SEXTANT_", "DATABASE_", "PLATFORM_"))} - set(told)
        assert more <= {"SEXTANT_CATALOG_URL"}
