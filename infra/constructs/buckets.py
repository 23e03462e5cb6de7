"""Buckets of a deployment's own data: no public access, TLS only, under the deployment's key."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct


def private_bucket(
    scope: Construct,
    *,
    key: kms.IKey,
    protect: bool,
    lifecycle_rules: Sequence[s3.LifecycleRule],
    versioned: bool = False,
    access_log: s3.IBucket | None = None,
) -> s3.Bucket:
    """The bucket of `scope`. It stays when its stack goes where it is to be protected; what is put into it follows the rules."""
    return s3.Bucket(
        scope,
        "Bucket",
        encryption=s3.BucketEncryption.KMS,
        encryption_key=key,
        bucket_key_enabled=True,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        versioned=versioned,
        server_access_logs_bucket=access_log,
        lifecycle_rules=lifecycle_rules,
        removal_policy=RemovalPolicy.RETAIN if protect else RemovalPolicy.DESTROY,
    )
