"""Where Lambda puts records of Kafka that failed for good, whole: in a bucket, as a queue would be told their offsets only."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.buckets import private_bucket
from infra.constructs.encryption import allow_key
from infra.constructs.resources import resource_of
from infra.constructs.suppressions import accept, accept_checkov, accept_wildcard, seen_from

KEPT_DAYS = 14
"""As long as a dead-letter queue keeps its messages."""


class DeadRecords(Construct):
    """The bucket. Each object is a batch that an event source mapping gave up, as the event that it was."""

    def __init__(self, scope: Construct, construct_id: str, *, key: kms.IKey, protect: bool) -> None:
        super().__init__(scope, construct_id)
        self._key = key
        kept = s3.LifecycleRule(id="kept", expiration=Duration.days(KEPT_DAYS))
        self.bucket = private_bucket(self, key=key, protect=protect, lifecycle_rules=[kept])
        resource = resource_of(self.bucket, s3.CfnBucket)
        # The construct's own way is a function with one of AWS's broad policies.
        resource.notification_configuration = s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(
                event_bridge_enabled=True
            )
        )
        unlogged = "Written by Lambda alone, and read by who repairs: CloudTrail has that"
        accept(self.bucket, {"AwsSolutions-S1": unlogged})
        accept_checkov(
            self.bucket,
            {"CKV_AWS_18": unlogged, "CKV_AWS_21": "Objects are written once and go after 14 days"},
        )

    def allow_put(self, role: iam.Role) -> None:
        """Let the event source mapping that uses `role` put batches there."""
        objects = self.bucket.arn_for_objects("*")
        role.add_to_policy(
            iam.PolicyStatement(
                sid="SetBatchesAside", actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn]
            )
        )
        role.add_to_policy(
            iam.PolicyStatement(sid="SetABatchAside", actions=["s3:PutObject"], resources=[objects])
        )
        allow_key(role, self._key, ["s3"], write=True)
        accept_wildcard(
            role,
            [seen_from(role, self.bucket, "*")],
            "Lambda names the objects of the bucket of dead records",
        )

    def tell(self, scope: Construct, prefix: str, function: lambda_.IFunction) -> str:
        """Have `function` told of each object; the name of the rule that does."""
        name = f"{prefix}-dead-records"
        events.Rule(
            scope,
            "DeadRecords",
            rule_name=name,
            description="Tells operations of records of Kafka that failed for good",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [self.bucket.bucket_name]}},
            ),
            # What cannot be told is in the alarm all the same.
            targets=[targets.LambdaFunction(function, retry_attempts=20, max_event_age=Duration.hours(1))],
        )
        return name
