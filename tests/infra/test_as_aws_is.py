"""What an emulator forgives and AWS does not, held over every variant of the templates."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.declaration import (
    ASYNC_LONGEST_AGE,
    ASYNC_RETRIES,
    FUNCTIONS,
    OUTBOX_RELAY,
    Function,
    QueueTrigger,
    Route,
)
from infra.bundling import ROOT
from tests.infra.conftest import Assembly, Resource, listed


def alias_of(variant: Assembly, name: str) -> Resource:
    """The alias that everything names which calls the function."""
    function = variant.function(name).logical_id
    (alias,) = (
        one
        for one in variant.all("AWS::Lambda::Alias")
        if one.properties["FunctionName"].get("Ref") == function
    )
    return alias


# Asynchronous invocations -------------------------------------------------------------------------


def test_asynchronous_invocations_are_configured_where_they_arrive(variant: Assembly) -> None:
    """Lambda reads the configuration of the qualifier that is invoked: one of `$LATEST` does nothing for an alias."""
    configurations = [one.properties for one in variant.all("AWS::Lambda::EventInvokeConfig")]
    aliases = variant.all("AWS::Lambda::Alias")

    # The migrate function is called and waited for.
    assert len(configurations) == len(aliases) == len(FUNCTIONS) - 1
    for alias in aliases:
        (found,) = (
            one
            for one in configurations
            if alias.properties["FunctionName"]["Ref"] in json.dumps(one["FunctionName"])
        )
        assert alias.logical_id in json.dumps(found["Qualifier"])
        assert (found["MaximumRetryAttempts"], found["MaximumEventAgeInSeconds"]) == (
            ASYNC_RETRIES,
            ASYNC_LONGEST_AGE,
        )


# The loop that Lambda would stop ------------------------------------------------------------------


def invoked_by(name: str) -> Iterator[str]:
    """The functions that run because the function of this name did: called by it, or fed by what it sends."""
    function = next(one for one in FUNCTIONS if one.name == name)
    yield from function.calls
    for other in FUNCTIONS:
        if any(isinstance(one, QueueTrigger) and one.queue in function.sends_to for one in other.triggers):
            yield other.name


def in_a_loop(name: str) -> bool:
    reached: set[str] = set()
    waiting = list(invoked_by(name))
    while waiting:
        one = waiting.pop()
        if one not in reached:
            reached.add(one)
            waiting.extend(invoked_by(one))
    return name in reached


def test_what_runs_in_a_loop_may_and_nothing_else(variant: Assembly) -> None:
    """Lambda stops a chain of functions and queues after some sixteen turns, unless each function of it allows that."""
    looping = {one.name for one in FUNCTIONS if in_a_loop(one.name)}

    assert looping == {"outbox-relay", "run-worker", "committer", "operations", "webhook-deliverer"}
    for declared in FUNCTIONS:
        assert bool(declared.loop) == (declared.name in looping), declared.name
        allowed = variant.function(declared.name).properties["RecursiveLoop"]
        assert allowed == ("Allow" if declared.name in looping else "Terminate"), declared.name


# Nudges --------------------------------------------------------------------------------------------


def modules_of(function: Function) -> dict[Path, str]:
    """The modules of `functions/` that the handler imports, at once or when it is first needed, with their texts."""
    found: dict[Path, str] = {}
    waiting = [function.handler.rpartition(".")[0]]
    while waiting:
        name = waiting.pop()
        path = ROOT / (name.replace(".", "/") + ".py")
        if not path.exists() or path in found:
            continue
        found[path] = path.read_text()
        for node in ast.walk(ast.parse(found[path])):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("functions"):
                waiting.extend([str(node.module), *(f"{node.module}.{one.name}" for one in node.names)])
    return found


@pytest.mark.parametrize("declared", FUNCTIONS, ids=lambda one: one.name)
def test_whoever_nudges_the_relay_declares_it_and_can(variant: Assembly, declared: Function) -> None:
    """A process also nudges by itself: once its database is back, it reports the outage and has that published."""
    text = "".join(modules_of(declared).values())
    nudges = any(call in text for call in ("nudge_relay()", "bootstrap.database()", "platform_database()"))

    assert (OUTBOX_RELAY.name in declared.calls) == nudges
    function = variant.function(declared.name)
    assert ("SEXTANT_RELAY_FUNCTION" in function.properties["Environment"]["Variables"]) == nudges
    invoking = [s for s in variant.statements_of(function) if "lambda:InvokeFunction" in listed(s["Action"])]
    assert any("-outbox-relay:live" in json.dumps(one["Resource"]) for one in invoking) == nudges


# Browsers of other origins ------------------------------------------------------------------------


def test_a_browsers_question_is_answered_without_a_token(variant: Assembly) -> None:
    """`ANY /{proxy+}` takes OPTIONS too, and its authorizer refuses a question that never has a token."""
    routes = {one.properties["RouteKey"]: one.properties for one in variant.all("AWS::ApiGatewayV2::Route")}
    guarded = {
        key.partition(" ")[2]
        for key, route in routes.items()
        if key.startswith("ANY ") and route["AuthorizationType"] != "NONE"
    }

    assert guarded
    for path in guarded:
        assert routes[f"OPTIONS {path}"]["AuthorizationType"] == "NONE"
    assert not any(
        key.startswith("OPTIONS") and route["AuthorizationType"] != "NONE" for key, route in routes.items()
    )


def test_the_configured_origins_may_ask(given: Assembly, dev: Assembly) -> None:
    allowed = given.one("AWS::ApiGatewayV2::Api").properties["CorsConfiguration"]

    assert allowed["AllowOrigins"] == ["https://console.example.test"]
    assert {"authorization", "content-type", "idempotency-key", "if-match"} <= set(allowed["AllowHeaders"])
    assert "CorsConfiguration" not in dev.one("AWS::ApiGatewayV2::Api").properties


# Kafka's dead letters -----------------------------------------------------------------------------


def test_batches_of_kafka_that_fail_for_good_are_kept_whole(variant: Assembly) -> None:
    """A queue as the destination is told topic and offsets only, of records that the topic forgets."""
    mappings = [one for one in variant.all("AWS::Lambda::EventSourceMapping") if "Topics" in one.properties]
    kept = [one for one in variant.all("AWS::S3::Bucket") if one.logical_id.startswith("DeadRecords")]
    kafka = bool([one for one in variant.resources() if "KAFKA" in json.dumps(one.properties).upper()])

    assert bool(mappings) == bool(kept)
    if not mappings:
        return
    (bucket,) = kept
    assert bucket.properties["NotificationConfiguration"]["EventBridgeConfiguration"]["EventBridgeEnabled"]
    assert kafka
    for mapping in mappings:
        destination = json.dumps(mapping.properties["DestinationConfig"]["OnFailure"]["Destination"])
        assert bucket.logical_id in destination
        reader = next(
            one
            for one in FUNCTIONS
            if any(
                isinstance(t, QueueTrigger) and mapping.properties["Topics"][0].endswith(f".{t.queue}")
                for t in one.triggers
            )
        )
        rights = variant.statements_of(variant.function(reader.name))
        for action in ("s3:PutObject", "s3:ListBucket"):
            assert any(
                action in listed(one["Action"]) and bucket.logical_id in json.dumps(one["Resource"])
                for one in rights
            ), (reader.name, action)


def test_people_and_operations_are_told_of_them(prod: Assembly) -> None:
    (rule,) = (one for one in prod.all("AWS::Events::Rule") if "EventPattern" in one.properties)
    alarm = next(
        one.properties
        for one in prod.all("AWS::CloudWatch::Alarm")
        if one.properties["AlarmName"].endswith("-kafka-dead-letters")
    )

    assert rule.properties["EventPattern"]["detail-type"] == ["Object Created"]
    assert alias_of(prod, "operations").logical_id in json.dumps(rule.properties["Targets"])
    assert alarm["Dimensions"] == [{"Name": "RuleName", "Value": rule.properties["Name"]}]
    assert (ROOT / "docs" / "runbooks" / "kafka-dead-letters.md").exists()


# Topics -------------------------------------------------------------------------------------------


def test_no_topic_is_a_resource(variant: Assembly) -> None:
    """CloudFormation's topics are of provisioned clusters; one beside a serverless cluster fails the deployment."""
    assert not variant.all("AWS::MSK::Topic")


def test_topics_are_made_by_a_function_inside_the_network_or_looked_for(
    prod: Assembly, given: Assembly
) -> None:
    for variant, partitions in ((prod, "12"), (given, "0")):
        migrate = variant.function("migrate")
        variables = migrate.properties["Environment"]["Variables"]
        actions = {
            action
            for statement in variant.statements_of(migrate)
            for action in listed(statement["Action"])
            if action.startswith("kafka-cluster:")
        }
        assert (variables["SEXTANT_BUS"], variables["SEXTANT_KAFKA_MECHANISM"]) == ("kafka", "AWS_MSK_IAM")
        assert variables["SEXTANT_KAFKA_PARTITIONS"] == partitions
        assert migrate.properties["VpcConfig"]["SubnetIds"]
        making = {"kafka-cluster:CreateTopic", "kafka-cluster:AlterTopic"} if variant is prod else set()
        assert (
            actions
            == {"kafka-cluster:Connect", "kafka-cluster:DescribeCluster", "kafka-cluster:DescribeTopic"}
            | making
        )


def test_rights_that_take_no_resource_name_none(variant: Assembly) -> None:
    """A policy that names one gives nothing: https://docs.aws.amazon.com/service-authorization."""
    for policy in variant.all("AWS::IAM::Policy"):
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            if "kafka:GetBootstrapBrokers" in listed(statement["Action"]):
                assert statement["Resource"] == "*", policy.logical_id


# Names and ways out -------------------------------------------------------------------------------

_NAMES = (
    "AlarmName",
    "ApplicationName",
    "BudgetName",
    "ClusterName",
    "DBClusterIdentifier",
    "DBProxyName",
    "DeploymentConfigName",
    "DeploymentGroupName",
    "DashboardName",
    "FunctionName",
    "LayerName",
    "QueueName",
    "TableName",
    "TopicName",
    "UserPoolName",
)
_NAMED_OTHERWISE = ("AWS::Lambda::Alias", "AWS::Lambda::EventInvokeConfig", "AWS::Lambda::Permission")


def test_every_name_that_we_give_begins_with_the_deployments(variant: Assembly) -> None:
    """Another deployment of the account has the same, else: the second one fails."""
    named = 0
    for one in variant.resources():
        if one.type in _NAMED_OTHERWISE:
            continue
        for field in _NAMES:
            name = one.properties.get(field)
            if isinstance(name, str):
                named += 1
                assert name.startswith(("sextant-dev", "sextant-prod")), (one.logical_id, field, name)
    assert named > 60
    assert variant.one("AWS::RDS::DBProxy").properties["DBProxyName"] in ("sextant-dev", "sextant-prod")


def test_no_group_is_open_because_it_names_no_rule(variant: Assembly) -> None:
    """Where a group has no rule in itself, EC2 gives it one: everywhere, by every protocol."""
    for group in variant.all("AWS::EC2::SecurityGroup"):
        rules = group.properties.get("SecurityGroupEgress", [])
        assert rules, group.logical_id
        for rule in rules:
            if rule["CidrIp"] == "0.0.0.0/0":
                # Gateway endpoints answer under public addresses; there is no other way out.
                assert (rule["FromPort"], rule["ToPort"]) == (443, 443), group.logical_id
                assert group.logical_id.startswith(("NetworkFunctionsGroup", "KafkaGroup")), group.logical_id


# Alarms --------------------------------------------------------------------------------------------


def test_pinned_sessions_are_summed_over_the_proxys_hosts(variant: Assembly) -> None:
    alarm = next(
        one.properties
        for one in variant.all("AWS::CloudWatch::Alarm")
        if one.properties["AlarmName"].endswith("-database-pinning")
    )

    assert (alarm["Statistic"], alarm["Period"]) == ("Sum", 60)


def test_nobody_can_sign_in_unnoticed_no_more(variant: Assembly) -> None:
    """The function that puts tenants into tokens fails for everybody at once."""
    names = {one.properties["AlarmName"].split("-", 2)[2] for one in variant.all("AWS::CloudWatch::Alarm")}

    ours = bool(variant.all("AWS::Cognito::UserPool"))
    assert (
        {"token-claims-errors", "token-claims-throttles"} <= names
        if ours
        else "token-claims-errors" not in names
    )


# The warehouse --------------------------------------------------------------------------------------


def test_a_worker_writes_its_results_and_nothing_else_of_the_warehouse(variant: Assembly) -> None:
    writes = [
        one
        for one in variant.statements_of(variant.function("run-worker"))
        if "s3:PutObject" in listed(one["Action"]) and "DeadRecords" not in json.dumps(one["Resource"])
    ]
    (files,) = writes

    assert {re.findall(r"/warehouse/[^\"]+", json.dumps(one))[0] for one in files["Resource"]} == {
        "/warehouse/market/scenario_output/data/*",
        "/warehouse/market/scenario_hourly/data/*",
        "/warehouse/market/scenario_output-parts/*",
        "/warehouse/baselines/*/system-*",
    }
    assert "s3:DeleteObject" not in json.dumps(variant.statements_of(variant.function("run-worker")))


# Gradual deployments --------------------------------------------------------------------------------


def test_prod_moves_requests_to_new_code_by_steps_and_back_at_an_alarm(prod: Assembly, dev: Assembly) -> None:
    answering = {one.name for one in FUNCTIONS if any(isinstance(t, Route) for t in one.triggers)}
    groups = {
        one.properties["DeploymentGroupName"]: one for one in prod.all("AWS::CodeDeploy::DeploymentGroup")
    }
    alarms = {one.properties["AlarmName"] for one in prod.all("AWS::CloudWatch::Alarm")}
    steps = prod.one("AWS::CodeDeploy::DeploymentConfig").properties["TrafficRoutingConfig"]

    assert steps == {
        "Type": "TimeBasedCanary",
        "TimeBasedCanary": {"CanaryPercentage": 10, "CanaryInterval": 15},
    }
    assert set(groups) == {f"sextant-prod-{name}" for name in answering}
    for name in answering:
        group = groups[f"sextant-prod-{name}"]
        policy = alias_of(prod, name).body["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]
        assert policy["DeploymentGroupName"] == {"Ref": group.logical_id}
        watched = {one["Name"] for one in group.properties["AlarmConfiguration"]["Alarms"]}
        assert {"sextant-prod-http-errors", f"sextant-prod-{name}-errors"} <= watched <= alarms
        assert "DEPLOYMENT_STOP_ON_ALARM" in group.properties["AutoRollbackConfiguration"]["Events"]
    for alias in prod.all("AWS::Lambda::Alias"):
        moved = any(alias.logical_id == alias_of(prod, name).logical_id for name in answering)
        assert ("UpdatePolicy" in alias.body) == moved
    assert not [one for one in dev.resources() if one.type.startswith("AWS::CodeDeploy")]


# Logs ---------------------------------------------------------------------------------------------


def test_lambda_lets_through_what_the_configuration_asks_for(variant: Assembly, given: Assembly) -> None:
    """Where the format is JSON, the level of Lambda's own configuration decides, and INFO unless it is said."""
    level = "DEBUG" if variant is given else "INFO"
    for function in variant.all("AWS::Lambda::Function"):
        if "FunctionName" in function.properties:
            assert function.properties["LoggingConfig"]["ApplicationLogLevel"] == level, function.logical_id
