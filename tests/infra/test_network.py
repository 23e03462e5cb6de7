"""What the functions reach, and by which way; and what stands in a network that exists already."""

from __future__ import annotations

import json
import re

import pytest
from aws_cdk import App, Environment, Stack
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Template

from infra.constructs import models
from tests.infra.conftest import GIVEN, Assembly


def services(assembly: Assembly) -> set[str]:
    """The services that have an endpoint, by the end of their names: `sqs`, `s3` …"""
    return {
        re.findall(r"[a-z0-9-]+", json.dumps(one.properties["ServiceName"]))[-1]
        for one in assembly.all("AWS::EC2::VPCEndpoint")
    }


def test_there_are_endpoints_for_what_the_functions_call_and_no_others(dev: Assembly, prod: Assembly) -> None:
    always = {"s3", "dynamodb", "sqs", "lambda", "glue", "sns", "kms"}
    for one in (dev, prod):
        # What polls Kafka for a function asks for its role from inside the network.
        kafka = {"sts"} if one.all("AWS::MSK::ServerlessCluster") else set()
        athena = {"athena"} if one.all("AWS::Athena::WorkGroup") else set()
        assert services(one) == always | kafka | athena


def test_every_service_a_function_may_call_has_a_way_out_of_the_network(assembly: Assembly) -> None:
    """Signing in to the proxy asks nobody, and logs and traces leave without the network."""
    no_way_needed = {"rds-db", "logs", "xray", "kms", "ec2", "kafka-cluster", "kafka"}
    called = {
        action.split(":")[0]
        for function in assembly.all("AWS::Lambda::Function")
        if "VpcConfig" in function.properties
        for statement in assembly.statements_of(function)
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }

    assert called - no_way_needed <= services(assembly)


def test_endpoints_accept_https_from_our_groups_only(assembly: Assembly) -> None:
    rules = [
        one.properties
        for one in assembly.all("AWS::EC2::SecurityGroupIngress")
        if "Endpoints" in json.dumps(one.properties["GroupId"])
    ]

    assert rules
    assert {(one["FromPort"], one["ToPort"]) for one in rules} == {(443, 443)}
    assert all("SourceSecurityGroupId" in one for one in rules)


def test_the_default_group_is_closed_by_a_function_whose_log_ends_and_goes(assembly: Assembly) -> None:
    assembly.one("Custom::VpcRestrictDefaultSG")
    (closing,) = (
        one for one in assembly.all("AWS::Lambda::Function") if one.logical_id.startswith("CustomVpcRestrict")
    )
    group = closing.properties["LoggingConfig"]["LogGroup"]["Ref"]
    (log,) = (one for one in assembly.all("AWS::Logs::LogGroup") if one.logical_id == group)

    assert log.properties["RetentionInDays"] <= 90
    assert log.body["DeletionPolicy"] == "Delete"


def test_every_function_logs_into_a_group_of_its_stack(assembly: Assembly) -> None:
    """A group that Lambda makes by itself is not encrypted, keeps for ever and outlives the stack."""
    for function in assembly.all("AWS::Lambda::Function"):
        assert "LogGroup" in function.properties.get("LoggingConfig", {}), function.logical_id


def test_in_a_given_network_nothing_of_it_is_made(given: Assembly) -> None:
    made = {one.type for one in given.resources()}

    assert not made & {
        "AWS::EC2::VPC",
        "AWS::EC2::Subnet",
        "AWS::EC2::VPCEndpoint",
        "AWS::MSK::ServerlessCluster",
    }
    placed = [
        f.properties["VpcConfig"] for f in given.all("AWS::Lambda::Function") if "VpcConfig" in f.properties
    ]
    assert placed
    assert all(one["SubnetIds"] == list(GIVEN["network"]["subnet_ids"]) for one in placed)
    assert given.one("AWS::RDS::DBSubnetGroup").properties["SubnetIds"] == placed[0]["SubnetIds"]


def test_a_given_kafka_cluster_comes_to_accept_our_functions(given: Assembly) -> None:
    accepted = [
        one.properties
        for one in given.all("AWS::EC2::SecurityGroupIngress")
        if one.properties["GroupId"] == GIVEN["bus"]["security_group_id"]
    ]

    assert [(one["FromPort"], one["ToPort"]) for one in accepted] == [(9098, 9098)]
    relay = given.function("outbox-relay").properties["Environment"]["Variables"]
    assert relay["SEXTANT_KAFKA_BOOTSTRAP"] == "b-1.example.test:9098,b-2.example.test:9098"
    writes = json.dumps(given.statements_of(given.function("outbox-relay")))
    assert "topic/" in writes
    assert "kafka-cluster:WriteData" in writes


def test_a_given_issuer_leaves_no_user_pool_and_is_what_the_gateway_asks(given: Assembly) -> None:
    assert not given.all("AWS::Cognito::UserPool")
    authorizer = given.one("AWS::ApiGatewayV2::Authorizer").properties["JwtConfiguration"]
    assert authorizer == {"Audience": ["sextant"], "Issuer": "https://login.example.test"}


def test_a_model_that_is_named_may_be_asked_and_no_other(given: Assembly, dev: Assembly) -> None:
    """Through a profile: the right to the profile, and to its model in the regions that it chooses."""
    asking = [
        s for s in given.statements_of(given.function("operations")) if "bedrock" in json.dumps(s["Action"])
    ]
    profile, behind = sorted(asking, key=lambda one: "Condition" in one)

    assert {one["Action"] for one in asking} == {"bedrock:InvokeModel"}
    assert json.dumps(profile["Resource"]).endswith(':inference-profile/eu.amazon.nova-lite-v1:0"]]}')
    assert json.dumps(behind["Resource"]).endswith(':bedrock:*::foundation-model/amazon.nova-lite-v1:0"]]}')
    assert behind["Condition"] == {"StringEquals": {"bedrock:InferenceProfileArn": profile["Resource"]}}
    assert "bedrock" not in json.dumps([s.properties for s in dev.all("AWS::IAM::Policy")])


@pytest.mark.parametrize(
    ("model", "resources"),
    [
        ("amazon.nova-lite-v1:0", ["::foundation-model/amazon.nova-lite-v1:0"]),
        (
            "arn:aws:bedrock:eu-central-1:111111111111:application-inference-profile/abc",
            [":application-inference-profile/abc", ":bedrock:*::foundation-model/*"],
        ),
    ],
)
def test_a_model_may_be_named_by_its_id_or_a_profiles_arn(model: str, resources: list[str]) -> None:
    stack = Stack(App(), "S", env=Environment(account="111111111111", region="eu-central-1"))
    role = iam.Role(stack, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))

    models.allow(role, model)

    template = Template.from_stack(stack).to_json()
    (policy,) = (one for one in template["Resources"].values() if one["Type"] == "AWS::IAM::Policy")
    named = [json.dumps(one["Resource"]) for one in policy["Properties"]["PolicyDocument"]["Statement"]]
    assert len(named) == len(resources)
    assert all(resource in text for resource, text in zip(resources, named, strict=True))


def test_zones_can_be_chosen(prod: Assembly) -> None:
    assert {one.properties["AvailabilityZone"] for one in prod.all("AWS::EC2::Subnet")} == {
        "eu-central-1a",
        "eu-central-1c",
    }
