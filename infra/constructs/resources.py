"""The CloudFormation resource of a construct, for properties that the construct itself has no way to set."""

from __future__ import annotations

from typing import TypeVar

from aws_cdk import CfnResource
from constructs import IConstruct

R = TypeVar("R", bound=CfnResource)


def resource_of(construct: IConstruct, kind: type[R]) -> R:
    """The resource of `kind` that the construct is; raises TypeError where it has none."""
    resource = construct.node.default_child
    if not isinstance(resource, kind):
        raise TypeError(f"{construct.node.path} has no resource of its own")
    return resource
