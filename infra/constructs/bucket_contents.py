"""Lets a stack that leaves nothing behind delete its buckets: their contents go first."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import CustomResource, Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.functions import Surroundings
from infra.constructs.support import SupportFunction
from infra.constructs.suppressions import accept_wildcard

_WITHIN = Duration.minutes(15)


class BucketContents(Construct):
    """Deleting this resource empties the buckets, every version of every object."""

    def __init__(
        self, scope: Construct, construct_id: str, *, buckets: Sequence[s3.Bucket], surroundings: Surroundings
    ) -> None:
        super().__init__(scope, construct_id)
        emptier = SupportFunction(
            self, "Emptier", handler="bucket_contents", surroundings=surroundings, timeout=_WITHIN
        )
        objects = [bucket.arn_for_objects("*") for bucket in buckets]
        emptier.role.add_to_policy(
            iam.PolicyStatement(
                sid="List",
                actions=["s3:ListBucketVersions"],
                resources=[bucket.bucket_arn for bucket in buckets],
            )
        )
        emptier.role.add_to_policy(
            iam.PolicyStatement(
                sid="Empty", actions=["s3:DeleteObject", "s3:DeleteObjectVersion"], resources=objects
            )
        )
        accept_wildcard(emptier.role, objects, "Emptying buckets is what the function is for")
        for bucket in buckets:
            contents = CustomResource(
                self,
                f"{bucket.node.scope.node.id if bucket.node.scope else ''}Contents",
                service_token=emptier.function.function_arn,
                resource_type="Custom::BucketContents",
                properties={"Bucket": bucket.bucket_name},
                service_timeout=_WITHIN,
            )
            contents.node.add_dependency(emptier)
