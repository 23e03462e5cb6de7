"""Where alarms, budgets and escalated incidents are told."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import (
    Aws,
)
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct


class Notifications(Construct):
    """One encrypted topic; e-mail addresses are subscribed to it and must confirm."""

    def __init__(
        self, scope: Construct, construct_id: str, *, prefix: str, key: kms.IKey, emails: Iterable[str]
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(
            self, "Topic", topic_name=f"{prefix}-notifications", master_key=key, enforce_ssl=True
        )
        self.topic.add_to_resource_policy(
            iam.PolicyStatement(
                sid="AlarmsAndBudgetsOfThisAccount",
                principals=[
                    iam.ServicePrincipal(f"{name}.amazonaws.com") for name in ("cloudwatch", "budgets")
                ],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        for address in emails:
            self.topic.add_subscription(subscriptions.EmailSubscription(address))
