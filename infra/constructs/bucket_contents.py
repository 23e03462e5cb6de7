"""Lets a stack that leaves nothing behind delete a bucket: its contents go first."""

from __future__ import annotations

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.functions import Surroundings
from infra.constructs.support import SupportFunction
from infra.constructs.suppressions import accept_wildcard

_WITHIN = Duration.minutes(15)


class BucketContents(Construct):
    """Deleting this resource empties the bucket, every version of it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, bucket: s3.Bucket, surroundings: Surroundings
    ) -> None:
        super().__init__(scope, construct_id)
        emptier = SupportFunction(
            self, "Emptier", handler="bucket_contents", surroundings=surroundings, timeout=_WITHIN
        )
        emptier.role.add_to_policy(
            iam.PolicyStatement(sid="List", actions=["s3:ListBucketVersions"], resources=[bucket.bucket_arn])
        )
        emptier.role.add_to_policy(
            iam.PolicyStatement(
                sid="Empty",
                actions=["s3:DeleteObject", "s3:DeleteObjectVersion"],
                resources=[bucket.arn_for_objects("*")],
            )
        )
        accept_wildcard(
            emptier.role, [bucket.arn_for_objects("*")], "Emptying a bucket is what the function is for"
        )
        contents = CustomResource(
            self,
            "Contents",
            service_token=emptier.function.function_arn,
            resource_type="Custom::BucketContents",
            properties={"Bucket": bucket.bucket_name},
            service_timeout=_WITHIN,
        )
        contents.node.add_dependency(emptier)
