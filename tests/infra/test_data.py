"""What holds data: private, encrypted, over TLS, and gone or kept as the stage says."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from tests.infra.conftest import Assembly, listed


def test_the_database_is_reached_only_from_the_proxy_and_the_proxy_only_from_our_functions(
    assembly: Assembly,
) -> None:
    groups = {one.logical_id: one for one in assembly.all("AWS::EC2::SecurityGroup")}
    rules = assembly.all("AWS::EC2::SecurityGroupIngress")
    cluster = assembly.one("AWS::RDS::DBCluster").properties["VpcSecurityGroupIds"]
    proxy = assembly.one("AWS::RDS::DBProxy").properties["VpcSecurityGroupIds"]
    functions = next(name for name in groups if name.startswith("NetworkFunctionsGroup"))

    def sources(group: str) -> list[str]:
        return [
            rule.properties["SourceSecurityGroupId"]["Fn::GetAtt"][0]
            for rule in rules
            if rule.properties["GroupId"]["Fn::GetAtt"][0] == group
        ]

    (cluster_group,) = [one["Fn::GetAtt"][0] for one in cluster]
    (proxy_group,) = [one["Fn::GetAtt"][0] for one in proxy]
    assert sources(cluster_group) == [proxy_group]
    assert sources(proxy_group) == [functions]
    # No group accepts an address: every way in is from another group of ours.
    assert all("SecurityGroupIngress" not in group.properties for group in groups.values())


def test_no_instance_of_the_database_has_a_public_address(assembly: Assembly) -> None:
    instances = assembly.all("AWS::RDS::DBInstance")

    assert instances
    assert all(not one.properties.get("PubliclyAccessible", False) for one in instances)
    assert not assembly.all("AWS::EC2::InternetGateway")
    assert not assembly.all("AWS::EC2::NatGateway")


def test_the_proxy_demands_tls_and_iam_on_both_sides(assembly: Assembly) -> None:
    proxy = assembly.one("AWS::RDS::DBProxy").properties
    cluster = assembly.one("AWS::RDS::DBCluster").properties
    parameters = assembly.one("AWS::RDS::DBClusterParameterGroup").properties["Parameters"]

    assert (proxy["RequireTLS"], proxy["DefaultAuthScheme"]) == (True, "IAM_AUTH")
    assert "Auth" not in proxy
    assert cluster["EnableIAMDatabaseAuthentication"] is True
    assert parameters["rds.force_ssl"] == "1"


def test_the_only_password_is_the_owners_and_rds_keeps_it(assembly: Assembly) -> None:
    cluster = assembly.one("AWS::RDS::DBCluster").properties

    assert cluster["ManageMasterUserPassword"] is True
    assert "MasterUserPassword" not in cluster
    assert not assembly.all("AWS::SecretsManager::Secret")
    for function in assembly.all("AWS::Lambda::Function"):
        assert "password" not in json.dumps(function.properties).lower()


def test_functions_verify_the_proxy_and_sign_in_as_their_own_user(assembly: Assembly) -> None:
    wanted = {"api": "sextant_app", "outbox-relay": "sextant_platform", "migrate": "sextant_admin"}
    for name, user in wanted.items():
        variables = assembly.function(name).properties["Environment"]["Variables"]
        url = json.dumps(variables["DATABASE_URL"])
        assert variables["DATABASE_AUTH"] == "iam"
        assert f"postgresql://{user}@" in url
        assert "sslmode=verify-full" in url

        connects = [
            s for s in assembly.statements_of(assembly.function(name)) if s["Action"] == "rds-db:connect"
        ]
        allowed = json.dumps(connects)
        assert f"/{user}" in allowed
        if name != "api":  # which also serves figures and administration over all tenants
            assert allowed.count("/sextant_") == 1


def test_everything_stored_is_encrypted_with_the_deployments_key(assembly: Assembly) -> None:
    key = assembly.one("AWS::KMS::Key")
    assert key.properties["EnableKeyRotation"] is True

    def names_the_key(value: object) -> bool:
        return f"EncryptionKey{key.logical_id.removeprefix('EncryptionKey')}" in json.dumps(value)

    encrypted = {
        "AWS::RDS::DBCluster": "KmsKeyId",
        "AWS::SQS::Queue": "KmsMasterKeyId",
        "AWS::SNS::Topic": "KmsMasterKeyId",
        "AWS::DynamoDB::Table": "SSESpecification",
        "AWS::Logs::LogGroup": "KmsKeyId",
    }
    for kind, field in encrypted.items():
        found = assembly.all(kind)
        assert found, kind
        for resource in found:
            assert names_the_key(resource.properties.get(field)), resource.logical_id
    own = [
        f
        for f in assembly.all("AWS::Lambda::Function")
        if "Environment" in f.properties and "Custom" not in f.logical_id
    ]
    assert all(names_the_key(function.properties["KmsKeyArn"]) for function in own)
    warehouse = next(one for one in assembly.all("AWS::S3::Bucket") if "WarehouseBucket" in one.logical_id)
    assert names_the_key(warehouse.properties["BucketEncryption"])


def test_buckets_are_private_and_refuse_plain_http(assembly: Assembly) -> None:
    policies = {
        json.dumps(one.properties["Bucket"]): one.properties for one in assembly.all("AWS::S3::BucketPolicy")
    }
    for bucket in assembly.all("AWS::S3::Bucket"):
        assert set(bucket.properties["PublicAccessBlockConfiguration"].values()) == {True}
        statements = policies[json.dumps({"Ref": bucket.logical_id})]["PolicyDocument"]["Statement"]
        assert any(
            s["Effect"] == "Deny" and s.get("Condition", {}).get("Bool") == {"aws:SecureTransport": "false"}
            for s in statements
        )


def test_the_idempotency_table_forgets_and_is_paid_by_request(assembly: Assembly) -> None:
    table = assembly.one("AWS::DynamoDB::Table").properties

    assert table["TimeToLiveSpecification"] == {"AttributeName": "expiration", "Enabled": True}
    assert table["KeySchema"] == [{"AttributeName": "id", "KeyType": "HASH"}]
    assert table["BillingMode"] == "PAY_PER_REQUEST"


def test_dev_leaves_nothing_behind(dev: Assembly) -> None:
    assert [
        one.logical_id for one in dev.resources() if one.body.get("DeletionPolicy", "Delete") != "Delete"
    ] == []
    assert dev.one("AWS::RDS::DBCluster").properties.get("DeletionProtection") is False
    # The warehouse can only go when it is empty.
    assert len(dev.all("Custom::BucketContents")) == 1


def test_prod_keeps_its_data_when_a_stack_goes(prod: Assembly) -> None:
    def policy(kind: str, part: str = "") -> set[str]:
        return {one.body.get("DeletionPolicy", "") for one in prod.all(kind) if part in one.logical_id}

    assert policy("AWS::RDS::DBCluster") == {"Snapshot"}
    assert (
        policy("AWS::KMS::Key") == policy("AWS::S3::Bucket") == policy("AWS::Cognito::UserPool") == {"Retain"}
    )
    assert policy("AWS::DynamoDB::Table") == policy("AWS::Glue::Database") == {"Retain"}
    assert prod.one("AWS::RDS::DBCluster").properties["DeletionProtection"] is True
    assert prod.one("AWS::Cognito::UserPool").properties["DeletionProtection"] == "ACTIVE"
    assert not prod.all("Custom::BucketContents")
    versions = next(one for one in prod.all("AWS::S3::Bucket") if "WarehouseBucket" in one.logical_id)
    assert versions.properties["VersioningConfiguration"] == {"Status": "Enabled"}


def test_a_restored_database_is_a_new_cluster_that_everything_refers_to(given: Assembly) -> None:
    cluster = given.one("AWS::RDS::DBCluster")

    assert cluster.properties["DBClusterIdentifier"] == "sextant-dev-after-friday"
    assert cluster.properties["SourceDBClusterIdentifier"] == "sextant-dev"
    assert cluster.properties["RestoreToTime"] == "2026-11-20T18:30:00Z"
    # What comes from the source must not be said, and nobody knows the source's password.
    assert not {"MasterUsername", "DatabaseName", "SnapshotIdentifier"} & set(cluster.properties)
    assert cluster.properties["ManageMasterUserPassword"] is True
    target = given.one("AWS::RDS::DBProxyTargetGroup").properties["DBClusterIdentifiers"]
    assert target == [{"Ref": cluster.logical_id}]
    connects = [s for p in given.all("AWS::IAM::Policy") for s in p.properties["PolicyDocument"]["Statement"]]
    assert any(cluster.logical_id in json.dumps(s) and s["Action"] == "rds-db:connect" for s in connects)


def test_prod_survives_the_loss_of_a_zone(prod: Assembly) -> None:
    assert len(prod.all("AWS::RDS::DBInstance")) == 2
    interfaces = [
        e for e in prod.all("AWS::EC2::VPCEndpoint") if e.properties["VpcEndpointType"] == "Interface"
    ]
    assert interfaces
    assert all(len(one.properties["SubnetIds"]) == 2 for one in interfaces)


def test_nobody_signs_up_alone_or_chooses_a_tenant(assembly: Assembly) -> None:
    pool = assembly.one("AWS::Cognito::UserPool").properties
    clients = [one.properties for one in assembly.all("AWS::Cognito::UserPoolClient")]

    assert pool["AdminCreateUserConfig"]["AllowAdminCreateUserOnly"] is True
    assert not any("custom:tenant_id" in client["WriteAttributes"] for client in clients)
    trigger = pool["LambdaConfig"]["PreTokenGenerationConfig"]
    assert trigger["LambdaVersion"] == "V2_0"
    assert {one.properties["GroupName"] for one in assembly.all("AWS::Cognito::UserPoolGroup")} == {
        "viewer",
        "analyst",
        "operator",
        "admin",
        "super_admin",
    }


def topic_policy(assembly: Assembly, name: str) -> list[Mapping[str, Any]]:
    """The statements about the topic whose name ends so."""
    (topic,) = (t for t in assembly.all("AWS::SNS::Topic") if t.properties["TopicName"].endswith(f"-{name}"))
    (policy,) = (
        p.properties
        for p in assembly.all("AWS::SNS::TopicPolicy")
        if p.properties["Topics"] == [{"Ref": topic.logical_id}]
    )
    statements: list[Mapping[str, Any]] = policy["PolicyDocument"]["Statement"]
    return statements


def test_topics_take_notices_only_over_tls_and_from_this_account(assembly: Assembly) -> None:
    for name in ("notifications", "incident-escalation"):
        statements = topic_policy(assembly, name)
        assert any(
            s["Effect"] == "Deny" and "aws:SecureTransport" in json.dumps(s["Condition"]) for s in statements
        )
        allowed = [s for s in statements if s["Effect"] == "Allow"]
        assert all("aws:SourceAccount" in json.dumps(s["Condition"]) for s in allowed)
        assert all(listed(s["Action"]) == ["sns:Publish"] for s in allowed)


def test_alarms_do_not_speak_where_incidents_are_escalated(assembly: Assembly) -> None:
    assert [s["Effect"] for s in topic_policy(assembly, "incident-escalation")] == ["Deny"]


def test_whom_the_configuration_names_is_subscribed(given: Assembly, dev: Assembly) -> None:
    subscribed = {
        (one.properties["Protocol"], one.properties["Endpoint"], one.properties["TopicArn"]["Ref"])
        for one in given.all("AWS::SNS::Subscription")
    }
    topics = {one.logical_id: one.properties["TopicName"] for one in given.all("AWS::SNS::Topic")}

    assert {(protocol, endpoint, topics[topic]) for protocol, endpoint, topic in subscribed} == {
        ("email", "ops@example.test", "sextant-dev-notifications"),
        ("email", "duty@example.test", "sextant-dev-incident-escalation"),
        ("https", "https://pager.example.test/sns", "sextant-dev-incident-escalation"),
    }
    assert not dev.all("AWS::SNS::Subscription")


def test_what_was_deleted_goes_when_nothing_can_be_restored_to_it_any_more(prod: Assembly) -> None:
    bucket = next(one for one in prod.all("AWS::S3::Bucket") if "WarehouseBucket" in one.logical_id)
    rules = {one["Id"]: one for one in bucket.properties["LifecycleConfiguration"]["Rules"]}
    kept = prod.one("AWS::RDS::DBCluster").properties["BackupRetentionPeriod"]

    assert rules["deleted-objects"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": kept}
    assert rules["deleted-objects"]["ExpiredObjectDeleteMarker"] is True
    assert rules["exports"]["ExpirationInDays"] == 1
    assert rules["uploads"]["ExpirationInDays"] == 1
    assert rules["unfinished-uploads"]["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 1}


def test_the_key_serves_only_the_services_that_need_it_by_its_policy(assembly: Assembly) -> None:
    statements = assembly.one("AWS::KMS::Key").properties["KeyPolicy"]["Statement"]
    services = {
        str(principal)
        for one in statements
        for principal in listed(one["Principal"].get("Service", []))
        if isinstance(principal, str)
    }

    assert services <= {"cloudwatch.amazonaws.com", "budgets.amazonaws.com", "sns.amazonaws.com"}
    for one in statements:
        if "Service" in one["Principal"]:
            assert one["Condition"], one["Sid"]
