"""The right to ask a model of Amazon Bedrock, by its own id, by an inference profile's id, or by a profile's ARN."""

from __future__ import annotations

import re

from aws_cdk import Aws
from aws_cdk import aws_iam as iam

from infra.constructs.suppressions import accept_wildcard

# A profile of several regions is called after the model, with where it may run before it: `eu.amazon.nova-lite-v1:0`.
_PROFILE = re.compile(r"(?:us|us-gov|eu|apac|au|ca|jp|sa|global)\.(?P<model>[a-z0-9-]+\..+)")


def allow(role: iam.Role, model: str) -> None:
    """Let `role` ask `model` and no other.

    A profile asks the model in regions of its own choice, and who asks needs the right to both: to the profile, and to
    the model in any region as long as it is asked through this profile.
    """
    if model.startswith("arn:"):
        _allow_profile(role, model, "*")
    elif profile := _PROFILE.fullmatch(model):
        arn = f"arn:{Aws.PARTITION}:bedrock:{Aws.REGION}:{Aws.ACCOUNT_ID}:inference-profile/{model}"
        _allow_profile(role, arn, profile["model"])
    else:
        _ask(role, "AskTheModel", f"arn:{Aws.PARTITION}:bedrock:{Aws.REGION}::foundation-model/{model}")


def _allow_profile(role: iam.Role, profile: str, model: str) -> None:
    behind = f"arn:{Aws.PARTITION}:bedrock:*::foundation-model/{model}"
    _ask(role, "AskTheProfile", profile)
    _ask(role, "AskTheModelBehind", behind, {"StringEquals": {"bedrock:InferenceProfileArn": profile}})
    accept_wildcard(
        role, [behind], "The regions of a profile are its own, and only through it may the model be asked"
    )


def _ask(
    role: iam.Role, sid: str, resource: str, conditions: dict[str, dict[str, str]] | None = None
) -> None:
    role.add_to_policy(
        iam.PolicyStatement(
            sid=sid, actions=["bedrock:InvokeModel"], resources=[resource], conditions=conditions
        )
    )
