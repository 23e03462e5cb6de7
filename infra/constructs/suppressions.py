"""How a finding of a policy check is accepted: on one construct, one finding at a time, with the reason in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from aws_cdk import Acknowledgment, CfnResource, Stack, Validations
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from constructs import IConstruct

from infra.constructs.resources import resource_of

_CHECKOV = "checkov"


def accept(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Accept cdk-nag findings (id → reason) below `construct`; every other one still fails the synthesis."""
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=finding, reason=reason) for finding, reason in findings.items())
    )


def accept_wildcard(role: iam.IRole, resources: Iterable[str], reason: str) -> None:
    """Accept that a policy of `role` names `resources`, each ending in `*`.

    cdk-nag names a finding by the resource as the template writes it, so that a policy made later with a
    wider resource is a finding again.
    """
    stack = Stack.of(role)
    accept(
        role, {f"AwsSolutions-IAM5[Resource::{_as_written(stack.resolve(arn))}]": reason for arn in resources}
    )


def seen_from(role: iam.IRole, bucket: s3.Bucket, objects: str) -> str:
    """The ARN of a bucket's `objects` as a policy of the role's stack writes it: imported, if it is another stack."""
    stack = Stack.of(bucket)
    if Stack.of(role) is stack:
        return bucket.arn_for_objects(objects)
    return f"{stack.resolve(stack.export_value(bucket.bucket_arn))['Fn::ImportValue']}/{objects}"


def accept_checkov(resource: IConstruct, findings: Mapping[str, str]) -> None:
    """Accept checkov findings of one resource, in the template, where checkov and a reader both look."""
    cfn = resource if isinstance(resource, CfnResource) else resource_of(resource, CfnResource)
    known = cfn.get_metadata(_CHECKOV) or {"skip": []}
    skip = [{"id": finding, "comment": reason} for finding, reason in findings.items()]
    cfn.add_metadata(_CHECKOV, {"skip": [*known["skip"], *skip]})


def _as_written(value: object) -> str:
    """A template value as cdk-nag prints it: `<Bucket.Arn>`, `<AWS::Region>`, the name of an import."""
    match value:
        case str():
            return value
        case {"Ref": str(name)}:
            return f"<{name}>"
        case {"Fn::GetAtt": [str(name), str(attribute)]}:
            return f"<{name}.{attribute}>"
        case {"Fn::ImportValue": str(name)}:
            return name
        case {"Fn::Join": [str(separator), list(parts)]}:
            return separator.join(_as_written(part) for part in parts)
    raise TypeError(f"cannot say how cdk-nag would print {value!r}")
