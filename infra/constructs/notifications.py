"""Where people are told: alarms and budgets on one topic, escalated incidents on another."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Aws
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.config import Escalation

ESCALATION = "incident-escalation"


class Notifications(Construct):
    """Two encrypted topics: who watches the machine need not be who answers for an incident of a tenant.

    E-mail addresses and HTTPS endpoints are subscribed and must confirm once.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        prefix: str,
        key: kms.IKey,
        emails: Iterable[str],
        escalation: Escalation,
    ) -> None:
        super().__init__(scope, construct_id)
        self.topic = self._topic("Topic", f"{prefix}-notifications", key)
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
        # What the operations function publishes to when an incident is escalated.
        self.escalation = self._topic("Escalation", f"{prefix}-{ESCALATION}", key)
        for address in escalation.emails:
            self.escalation.add_subscription(subscriptions.EmailSubscription(address))
        for url in escalation.urls:
            self.escalation.add_subscription(subscriptions.UrlSubscription(url))

    def _topic(self, construct_id: str, name: str, key: kms.IKey) -> sns.Topic:
        return sns.Topic(self, construct_id, topic_name=name, master_key=key, enforce_ssl=True)
