"""How a finding of a policy check is accepted: on one construct, by rule, with the reason in words."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Acknowledgment, CfnResource, Validations
from constructs import IConstruct

_CHECKOV = "checkov"


def accept(construct: IConstruct, findings: Mapping[str, str]) -> None:
    """Accept cdk-nag findings (rule id → reason) below `construct`; every other one still fails the synthesis."""
    Validations.of(construct).acknowledge(
        *(Acknowledgment(id=rule, reason=reason) for rule, reason in findings.items())
    )


def accept_checkov(resource: IConstruct, findings: Mapping[str, str]) -> None:
    """Accept checkov findings of one resource, in the template, where checkov and a reader both look."""
    cfn = resource if isinstance(resource, CfnResource) else resource.node.default_child
    if not isinstance(cfn, CfnResource):
        raise TypeError(f"{resource.node.path} has no resource of its own")
    skip = [{"id": rule, "comment": reason} for rule, reason in findings.items()]
    known = cfn.get_metadata(_CHECKOV) or {"skip": []}
    cfn.add_metadata(_CHECKOV, {"skip": [*known["skip"], *skip]})
