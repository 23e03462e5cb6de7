"""One customer-managed key encrypts everything a deployment stores."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from aws_cdk import Aws, Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from constructs import Construct

from sextant.webhooks.sealing import PURPOSE


class Encryption(Construct):
    """The key, rotated yearly, and who may use it without being given it by a role's policy.

    Losing the key loses the data, so a protected deployment retains it; otherwise it goes after a week.
    """

    def __init__(self, scope: Construct, construct_id: str, *, prefix: str, protect: bool) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/{prefix}",
            description=f"Data at rest of {prefix}",
            enable_key_rotation=True,
            pending_window=Duration.days(30 if protect else 7),
            removal_policy=RemovalPolicy.RETAIN if protect else RemovalPolicy.DESTROY,
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="LogGroupsOfThisAccount",
                principals=[iam.ServicePrincipal(f"logs.{Aws.REGION}.amazonaws.com")],
                actions=[
                    "kms:Encrypt*",
                    "kms:Decrypt*",
                    "kms:ReEncrypt*",
                    "kms:GenerateDataKey*",
                    "kms:Describe*",
                ],
                resources=["*"],
                conditions={
                    "ArnLike": {
                        "kms:EncryptionContext:aws:logs:arn": f"arn:{Aws.PARTITION}:logs:{Aws.REGION}:{Aws.ACCOUNT_ID}:*"
                    }
                },
            )
        )
        self.key.add_to_resource_policy(
            iam.PolicyStatement(
                sid="NoticesOfThisAccount",
                principals=[
                    iam.ServicePrincipal(f"{name}.amazonaws.com") for name in ("cloudwatch", "budgets")
                ],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )


def allow_key(grantee: iam.IGrantable, key: kms.IKey, services: Iterable[str], *, write: bool) -> None:
    """Let `grantee` have `services` (`s3`, `sqs`, …) use the key on its behalf, and use it in no other way."""
    used_by = set(services)
    actions = ["kms:Decrypt"]
    if write:
        actions.append("kms:GenerateDataKey")
    if write and "dynamodb" in used_by:
        # As it demands of whoever writes a table under a key of the customer's.
        actions += ["kms:Encrypt", "kms:DescribeKey", "kms:ReEncryptFrom", "kms:ReEncryptTo"]
    via = [f"{service}.{Aws.REGION}.amazonaws.com" for service in sorted(used_by)]
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(
            actions=actions,
            resources=[key.key_arn],
            conditions={"StringEquals": {"kms:ViaService": via}},
        )
    )


def allow_secrets(grantee: iam.IGrantable, key: kms.IKey, how: Literal["seal", "open"]) -> None:
    """Let `grantee` seal the secrets of webhooks under the key, or open them, and nothing else that lies under it."""
    grantee.grant_principal.add_to_principal_policy(
        iam.PolicyStatement(
            sid="WebhookSecrets",
            actions=["kms:Encrypt" if how == "seal" else "kms:Decrypt"],
            resources=[key.key_arn],
            conditions={"StringEquals": {"kms:EncryptionContext:purpose": PURPOSE}},
        )
    )
