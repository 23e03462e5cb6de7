"""One customer-managed key encrypts everything a deployment stores."""

from __future__ import annotations

from aws_cdk import Aws, Duration, RemovalPolicy, aws_iam as iam, aws_kms as kms
from constructs import Construct


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
                actions=["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
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
                principals=[iam.ServicePrincipal(f"{name}.amazonaws.com") for name in ("cloudwatch", "budgets", "events")],
                actions=["kms:Decrypt", "kms:GenerateDataKey*"],
                resources=["*"],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
