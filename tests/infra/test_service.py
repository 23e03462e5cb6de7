"""What serves: as declared, behind tokens, after the migrations, with no more rights than declared."""

from __future__ import annotations

import json
import re

import pytest

from functions.declaration import (
    FUNCTIONS,
    QUEUES,
    RUN_WORKER,
    Function,
    QueueTrigger,
    Route,
    ScheduleTrigger,
)
from infra.constructs.kafka import CHANNELS
from tests.infra.conftest import LAYER, Assembly, Resource, listed

SERVING = [one for one in FUNCTIONS if one.name != "migrate"]

# Every resource with a wildcard that a role of ours may name, and why it is as narrow as it can be.
WILDCARDS = {
    "*": "X-Ray and Lambda's network interfaces know no narrower resource",
    "objects": "the objects of one bucket's prefix",
    "tables": "the tables of the warehouse's own database",
    "alarms": "CodeDeploy describes alarms without naming them",
    "models": "the model behind an inference profile, in the regions that the profile chooses",
    "versions": "the versions of a function that the deployment calls",
}

# The actions that know no resource but every one.
NO_NARROWER = {
    "xray:PutTraceSegments",
    "xray:PutTelemetryRecords",
    "ec2:CreateNetworkInterface",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSubnets",
    "ec2:DeleteNetworkInterface",
    "ec2:AssignPrivateIpAddresses",
    "ec2:UnassignPrivateIpAddresses",
    "kafka:GetBootstrapBrokers",
    # What polls Kafka finds its way in the network.
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeVpcs",
}


@pytest.mark.parametrize("declared", FUNCTIONS, ids=lambda one: one.name)
def test_a_function_is_deployed_as_declared(assembly: Assembly, declared: Function) -> None:
    function = assembly.function(declared.name).properties

    assert (function["Handler"], function["MemorySize"], function["Timeout"]) == (
        declared.handler,
        declared.memory,
        declared.timeout,
    )
    assert (function["Runtime"], function["Architectures"]) == ("python3.13", ["arm64"])
    if declared.outside:
        return
    assert len(function["Layers"]) == 1 + len(declared.layers)
    assert function["VpcConfig"]["SubnetIds"]
    assert function["TracingConfig"] == {"Mode": "Active"}


def test_models_of_ones_own_are_layers_of_the_worker_alone(given: Assembly) -> None:
    layers = {one.name: listed(given.function(one.name).properties.get("Layers", [])) for one in FUNCTIONS}
    made = [
        one.logical_id for one in given.all("AWS::Lambda::LayerVersion") if "models-0" in str(one.properties)
    ]

    assert {"Ref": made[0]} in layers[RUN_WORKER.name]
    assert LAYER in layers[RUN_WORKER.name]
    assert len(layers[RUN_WORKER.name]) == 3 + len(RUN_WORKER.layers)
    others = {name: found for name, found in layers.items() if name != RUN_WORKER.name}
    assert made[0] not in str(others)
    assert LAYER not in str(others)


def test_concurrency_is_reserved_where_declared_in_prod_only(dev: Assembly, prod: Assembly) -> None:
    for declared in FUNCTIONS:
        reserved = prod.function(declared.name).properties.get("ReservedConcurrentExecutions")
        assert reserved == declared.reserved_concurrency
        # A new account may run ten functions at once and reserve none of them.
        assert "ReservedConcurrentExecutions" not in dev.function(declared.name).properties


def test_every_queue_has_a_dead_letter_queue_and_refuses_plain_http(assembly: Assembly) -> None:
    queues = {one.properties["QueueName"].split("-", 2)[2]: one for one in assembly.all("AWS::SQS::Queue")}
    protected = json.dumps([one.properties for one in assembly.all("AWS::SQS::QueuePolicy")])

    assert set(queues) == {name for queue in QUEUES for name in (queue.name, queue.dead_letter_name)}
    for queue in QUEUES:
        made = queues[queue.name].properties
        assert made["VisibilityTimeout"] == queue.visibility_timeout
        assert made["RedrivePolicy"]["maxReceiveCount"] == queue.max_receives
        target = made["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        assert target == queues[queue.dead_letter_name].logical_id
        for resource in (queues[queue.name], queues[queue.dead_letter_name]):
            assert resource.logical_id in protected
        # And takes the messages of no other queue.
        allowed = queues[queue.dead_letter_name].properties["RedriveAllowPolicy"]
        assert allowed["redrivePermission"] == "byQueue"
        (source,) = allowed["sourceQueueArns"]
        assert json.dumps(source).endswith(f'-{queue.name}"]]}}')


def test_a_message_is_not_redelivered_while_its_function_may_still_work(assembly: Assembly) -> None:
    """AWS advises six times the function's timeout; why a run's queue has less is said where it is declared."""
    by_name = {queue.name: queue for queue in QUEUES}
    for declared in FUNCTIONS:
        for trigger in declared.triggers:
            if isinstance(trigger, QueueTrigger):
                least = declared.timeout + 60 if trigger.queue == "runs" else 6 * declared.timeout
                assert by_name[trigger.queue].visibility_timeout >= least, declared.name


def test_mappings_report_partial_failures_and_bound_concurrency_on_the_alias(assembly: Assembly) -> None:
    found = [one.properties for one in assembly.all("AWS::Lambda::EventSourceMapping")]
    mappings = [one for one in found if "Topics" not in one]
    declared = [t for f in FUNCTIONS for t in f.triggers if isinstance(t, QueueTrigger)]

    assert sorted(one["BatchSize"] for one in mappings) == sorted(t.batch_size for t in declared)
    for mapping in found:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
        assert references(mapping["FunctionName"]) & set(aliases(assembly)), mapping
    for mapping in mappings:
        assert mapping["ScalingConfig"]["MaximumConcurrency"] >= 2


def test_with_kafka_what_reads_events_reads_their_topic_and_sets_aside_what_fails(prod: Assembly) -> None:
    found = [one.properties for one in prod.all("AWS::Lambda::EventSourceMapping")]
    by_topic = {one["Topics"][0]: one for one in found if "Topics" in one}
    readers = {t.queue for f in FUNCTIONS for t in f.triggers if isinstance(t, QueueTrigger)} & set(CHANNELS)
    relay = prod.function("outbox-relay").properties["Environment"]["Variables"]

    assert set(by_topic) == {f"sextant-prod.{channel}" for channel in readers}
    for channel in readers:
        mapping = by_topic[f"sextant-prod.{channel}"]
        assert mapping["MaximumRetryAttempts"] == 5
        # Without provisioned pollers Lambda refuses the settings of retries and partial failures.
        assert mapping["ProvisionedPollerConfig"]["MinimumPollers"] == 1
    assert (relay["SEXTANT_BUS"], relay["SEXTANT_KAFKA_MECHANISM"], relay["SEXTANT_KAFKA_PREFIX"]) == (
        "kafka",
        "AWS_MSK_IAM",
        "sextant-prod.",
    )
    cluster = prod.one("AWS::MSK::ServerlessCluster").properties
    assert cluster["ClientAuthentication"] == {"Sasl": {"Iam": {"Enabled": True}}}


def test_the_operations_function_publishes_to_the_escalation_topic_and_to_no_other(
    assembly: Assembly,
) -> None:
    operations = assembly.function("operations")
    (publishing,) = (s for s in assembly.statements_of(operations) if "sns:Publish" in listed(s["Action"]))

    assert operations.properties["Environment"]["Variables"]["SEXTANT_ALERT_TOPIC"] == publishing["Resource"]
    assert "NotificationsEscalation" in json.dumps(publishing["Resource"])


def test_with_sqs_there_is_no_kafka(dev: Assembly) -> None:
    assert not [one for one in dev.resources() if one.type.startswith("AWS::MSK")]
    for declared in (one for one in FUNCTIONS if not one.outside):
        assert dev.function(declared.name).properties["Environment"]["Variables"]["SEXTANT_BUS"] == "sqs"


def test_schedules_call_the_alias_as_often_as_declared(assembly: Assembly) -> None:
    rules = {
        one.properties["Name"].split("-", 2)[2]: one.properties
        for one in assembly.all("AWS::Events::Rule")
        if "ScheduleExpression" in one.properties
    }
    declared = {t.name: t for f in FUNCTIONS for t in f.triggers if isinstance(t, ScheduleTrigger)}

    assert set(rules) == set(declared)
    for name, trigger in declared.items():
        number, unit = re.fullmatch(
            r"rate\((\d+) (minute|hour)s?\)", rules[name]["ScheduleExpression"]
        ).groups()  # type: ignore[union-attr]
        assert int(number) * {"minute": 60, "hour": 3600}[unit] == trigger.every
        (target,) = rules[name]["Targets"]
        assert references(target["Arn"]) & set(aliases(assembly))


def test_nothing_serves_before_the_migrations_have_run(assembly: Assembly) -> None:
    gate = assembly.one("Custom::Migrations")
    assert gate.properties["Function"]["Ref"].startswith("migrateFunctionCurrentVersion")
    assert gate.properties["Then"]["Ref"].startswith("committerFunctionCurrentVersion")

    found = aliases(assembly)
    assert len(found) == len(SERVING)
    for alias in found.values():
        assert gate.logical_id in listed(alias.body.get("DependsOn", []))
    # Whatever calls a function calls its alias, so the code before serves until the gate opens.
    integrations = assembly.all("AWS::ApiGatewayV2::Integration")
    assert integrations
    assert all(one.properties["IntegrationUri"]["Ref"] in found for one in integrations)


def test_only_one_function_uses_the_owners_secret_and_it_makes_the_user_that_migrates(
    assembly: Assembly,
) -> None:
    made = assembly.one("Custom::MigratingUser").properties
    actions = {
        action
        for statement in assembly.statements_of(assembly.function("migrating-user"))
        for action in listed(statement["Action"])
    }

    assert made["Migrator"] == "sextant_admin"
    assert {"rds-data:ExecuteStatement", "secretsmanager:GetSecretValue"} <= actions
    for function in assembly.all("AWS::Lambda::Function"):
        if not str(function.properties.get("FunctionName", "")).endswith("-migrating-user"):
            theirs = json.dumps(assembly.statements_of(function))
            assert "secretsmanager" not in theirs
            assert "rds-data" not in theirs


def test_a_restored_database_is_migrated_and_changes_nothing_that_is_exported(
    dev: Assembly, given: Assembly
) -> None:
    """CloudFormation refuses to change an output that another stack imports; a new cluster must change none."""
    assert dev.one("Custom::Migrations").properties["Database"] == "sextant-dev"
    assert given.one("Custom::Migrations").properties["Database"] == "sextant-dev-after-friday"
    for assembly in (dev, given):
        exported = json.dumps(assembly.templates["Data"]["Outputs"])
        assert "DatabaseCluster" not in exported


def test_a_route_without_a_token_is_one_declared_public(assembly: Assembly) -> None:
    routes = {one.properties["RouteKey"]: one.properties for one in assembly.all("AWS::ApiGatewayV2::Route")}
    declared = {f"{r.method} {r.path}": r for f in FUNCTIONS for r in f.triggers if isinstance(r, Route)}

    assert set(routes) == set(declared)
    for key, route in declared.items():
        assert routes[key]["AuthorizationType"] == ("NONE" if route.public else "JWT"), key


def test_the_authorizer_asks_the_user_pool_for_this_client(assembly: Assembly) -> None:
    authorizer = assembly.one("AWS::ApiGatewayV2::Authorizer").properties
    issuer = json.dumps(authorizer["JwtConfiguration"]["Issuer"])

    assert authorizer["AuthorizerType"] == "JWT"
    assert "https://cognito-idp." in issuer
    # The client of machines, and that of the console and the command line.
    assert len(authorizer["JwtConfiguration"]["Audience"]) == 2


def test_the_api_limits_and_logs_every_request(assembly: Assembly) -> None:
    stage = assembly.one("AWS::ApiGatewayV2::Stage").properties

    assert stage["DefaultRouteSettings"]["ThrottlingRateLimit"] >= 200
    assert (
        stage["DefaultRouteSettings"]["ThrottlingBurstLimit"]
        >= stage["DefaultRouteSettings"]["ThrottlingRateLimit"]
    )
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert {"request_id", "status", "latency_ms", "tenant_id", "subject"} <= set(logged)
    assert not any("authorization" in value.lower() for value in logged.values())


def test_roles_name_no_wildcard_beyond_the_listed_ones(assembly: Assembly) -> None:
    """Every policy, not only our functions': no action is a wildcard, no resource an unlisted one."""
    ours = assembly.all("AWS::IAM::Policy")
    assert ours
    for policy in ours:
        for statement in policy.properties["PolicyDocument"]["Statement"]:
            if statement["Effect"] == "Deny":
                continue
            for action in listed(statement["Action"]):
                assert "*" not in action, (policy.logical_id, action)
            for resource in listed(statement["Resource"]):
                kind = wildcard(resource)
                assert kind is None or kind in WILDCARDS, (policy.logical_id, resource)
                if kind == "*":
                    unlisted = set(listed(statement["Action"])) - NO_NARROWER
                    assert not unlisted, (policy.logical_id, unlisted)


def test_network_rights_are_lambdas_and_not_the_functions_own(assembly: Assembly) -> None:
    for declared in (one for one in FUNCTIONS if not one.outside):
        statements = assembly.statements_of(assembly.function(declared.name))
        granted = {
            a
            for s in statements
            if s["Effect"] == "Allow"
            for a in listed(s["Action"])
            if a.startswith("ec2:")
        }
        denied = [s for s in statements if s["Effect"] == "Deny"]

        assert granted - {"ec2:DescribeSecurityGroups", "ec2:DescribeVpcs"} == {
            a for s in denied for a in listed(s["Action"])
        }
        (source,) = {json.dumps(s["Condition"]["ArnEquals"]["lambda:SourceFunctionArn"]) for s in denied}
        assert f"function:sextant-{'dev' if 'sextant-dev' in source else 'prod'}-{declared.name}" in source


def test_a_function_reaches_only_what_it_declares(assembly: Assembly) -> None:
    for declared in FUNCTIONS:
        actions = {
            action.split(":")[0]
            for statement in assembly.statements_of(assembly.function(declared.name))
            if statement["Effect"] == "Allow"
            for action in listed(statement["Action"])
        }
        assert ("glue" in actions) == (declared.lake in ("read", "write")), declared.name
        # With Kafka as the bus, what reads a topic has its dead records set aside.
        reads_topics = any(isinstance(t, QueueTrigger) and t.queue in CHANNELS for t in declared.triggers)
        kafka = bool(assembly.all("AWS::MSK::ServerlessCluster"))
        assert ("s3" in actions) == (declared.lake is not None or (kafka and reads_topics)), declared.name
        assert ("lambda" in actions) == bool(declared.calls), declared.name
        assert ("dynamodb" in actions) == declared.records, declared.name
        assert ("rds-db" in actions) == (declared.database is not None), declared.name


_BESIDE_THE_TABLES = ("/exports/*", "/uploads/*", "/baselines/*")


def test_only_writers_of_the_lake_may_change_it(assembly: Assembly) -> None:
    for declared in FUNCTIONS:
        if declared.lake != "read":
            continue
        for statement in assembly.statements_of(assembly.function(declared.name)):
            changes = [
                a
                for a in listed(statement["Action"])
                if a in ("s3:PutObject", "s3:DeleteObject", "glue:UpdateTable")
            ]
            if changes:
                for resource in listed(statement["Resource"]):
                    assert any(place in json.dumps(resource) for place in _BESIDE_THE_TABLES), resource


def test_the_key_is_used_only_through_the_services_declared(assembly: Assembly) -> None:
    for declared in FUNCTIONS:
        for statement in assembly.statements_of(assembly.function(declared.name)):
            uses = [a for a in listed(statement["Action"]) if a.startswith("kms:")]
            if uses and "kms:ViaService" not in json.dumps(statement.get("Condition", {})):
                # By itself one may seal what webhooks are signed with, and another open it.
                assert statement["Condition"] == {
                    "StringEquals": {"kms:EncryptionContext:purpose": "webhook-secret"}
                }
                assert uses == {"seal": ["kms:Encrypt"], "open": ["kms:Decrypt"]}[str(declared.key)]


def test_no_role_is_one_of_awss_broad_ones(assembly: Assembly) -> None:
    for role in assembly.all("AWS::IAM::Role"):
        managed = json.dumps(role.properties.get("ManagedPolicyArns", []))
        if role.logical_id.startswith("CustomVpcRestrictDefaultSG"):  # the CDK's own
            continue
        assert managed == "[]", (role.logical_id, managed)


def aliases(assembly: Assembly) -> dict[str, Resource]:
    return {one.logical_id: one for one in assembly.all("AWS::Lambda::Alias")}


def wildcard(resource: object) -> str | None:
    """Which of the listed wildcards a policy's resource is; itself when none, None when it has no star."""
    text = json.dumps(resource)
    if "*" not in text:
        return None
    if resource == "*":
        return "*"
    if "table/market/*" in text:
        return "tables"
    if ":alarm:*" in text:
        return "alarms"
    if ":foundation-model/" in text:
        return "models"
    if "-migrate:*" in text or "-committer:*" in text:
        return "versions"
    places = r"exports|baselines|uploads|market/scenario_(output|hourly)/data|market/scenario_output-parts"
    if (
        re.search(rf'"/(warehouse/(({places})/)?)?\*"', text)
        or "/baselines/*/system-*" in text
        or '"/console/*"' in text
    ):
        return "objects"
    return text


def references(value: object) -> set[str]:
    """Every logical id a value refers to."""
    if isinstance(value, dict):
        named = {value["Ref"]} if "Ref" in value else set()
        return named.union(*(references(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(references(inner) for inner in value))
    return set()
