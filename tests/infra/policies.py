"""What a role of the templates allows: its policies with every reference resolved, and an evaluator of them.

The evaluator knows what our policies use: Allow and Deny, wildcards in actions and resources, and the condition
`kms:ViaService`, which holds for what goes through a service, and the purpose in KMS's encryption context. Any other condition is an error, so that none is overlooked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.infra.conftest import Assembly, Resource, listed

REGION, ACCOUNT = "eu-central-1", "111111111111"
_PSEUDO = {
    "AWS::Region": REGION,
    "AWS::AccountId": ACCOUNT,
    "AWS::Partition": "aws",
    "AWS::URLSuffix": "amazonaws.com",
}
# What names a resource, and the ARN that it has by that name.
_NAMES = (
    "QueueName",
    "BucketName",
    "TableName",
    "TopicName",
    "FunctionName",
    "Name",
    "WorkGroup",
    "ClusterName",
)
_ARNS = {
    "AWS::SQS::Queue": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{{}}",
    "AWS::S3::Bucket": "arn:aws:s3:::{}",
    "AWS::DynamoDB::Table": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}",
    "AWS::DynamoDB::GlobalTable": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{{}}",
    "AWS::SNS::Topic": f"arn:aws:sns:{REGION}:{ACCOUNT}:{{}}",
    "AWS::Lambda::Function": f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:{{}}",
    "AWS::MSK::ServerlessCluster": f"arn:aws:kafka:{REGION}:{ACCOUNT}:cluster/{{}}/0a-1",
    "AWS::RDS::DBProxy": f"arn:aws:rds:{REGION}:{ACCOUNT}:db-proxy:{{}}",
    "AWS::KMS::Key": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{{}}",
    "AWS::Logs::LogGroup": f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{{}}:*",
}
_REF_IS_ARN = ("AWS::SNS::Topic", "AWS::MSK::ServerlessCluster")


@dataclass(frozen=True)
class Statement:
    """One statement of a role: `actions` and `resources` may hold `*` and `?`."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    through: tuple[str, ...] = ()
    """The services through which it holds; empty: also directly."""


class Rights:
    """What the roles of an assembly allow."""

    def __init__(self, assembly: Assembly) -> None:
        self._assembly = assembly
        self._resources = {one.logical_id: one for one in assembly.resources()}
        self._exports = {
            name: output["Value"]
            for template in assembly.templates.values()
            for output in template.get("Outputs", {}).values()
            if isinstance(name := output.get("Export", {}).get("Name"), str)
        }

    def statements(self, function: str) -> list[Statement]:
        """Of the role of a function, by its declared name."""
        return list(self._statements(self._assembly.function(function)))

    def allow(self, function: str, action: str, resource: str) -> bool:
        """Whether the function may do this by a call of its own."""
        fitting = [
            one for one in self.statements(function) if not one.through and fits(one, action, resource)
        ]
        return any(one.allows for one in fitting) and all(one.allows for one in fitting)

    def arn_of(self, kind: str, name: str) -> str:
        """The ARN of the resource of this type whose logical id, or name, contains `name`."""
        (found,) = (
            one
            for one in self._assembly.all(kind)
            if name in one.logical_id or any(one.properties.get(each) == name for each in _NAMES)
        )
        return self._arn(found)

    def documents(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Every policy of a role, with references resolved, by the logical id of its policy."""
        for policy in self._assembly.all("AWS::IAM::Policy"):
            document = policy.properties["PolicyDocument"]
            yield (
                policy.logical_id,
                {"Version": document["Version"], "Statement": self._plain(document["Statement"])},
            )

    def _statements(self, function: Resource) -> Iterator[Statement]:
        for statement in self._assembly.statements_of(function):
            conditions = dict(statement.get("Condition", {}))
            equals = dict(conditions.pop("StringEquals", {}))
            through = tuple(self._plain(listed(equals.pop("kms:ViaService", []))))
            # Of a call of its own, which says what it is for.
            equals.pop("kms:EncryptionContext:purpose", None)
            # A Deny of what only the function's code is denied, by its own ARN, denies it here.
            conditions.pop("ArnEquals", None)
            if conditions or equals:
                raise AssertionError(f"a condition that is not known here: {statement['Condition']}")
            yield Statement(
                statement["Effect"] == "Allow",
                tuple(listed(statement["Action"])),
                tuple(self._plain(one) for one in listed(statement["Resource"])),
                through,
            )

    def _plain(self, value: Any) -> Any:  # noqa: PLR0911 (one for each of CloudFormation's functions)
        match value:
            case {"Ref": str(name)}:
                return _PSEUDO.get(name) or self._reference(self._resources[name])
            case {"Fn::GetAtt": [str(name), "MasterUserSecret.SecretArn"]}:
                return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:{name}"
            case {"Fn::GetAtt": [str(name), str(attribute)]} if attribute.endswith("Arn"):
                return self._arn(self._resources[name])
            case {"Fn::GetAtt": [str(name), str(attribute)]}:
                return f"{name}.{attribute}"
            case {"Fn::ImportValue": str(name)}:
                return self._plain(self._exports[name])
            case {"Fn::Join": [str(separator), list(parts)]}:
                return separator.join(str(self._plain(part)) for part in parts)
            case {"Fn::Sub": str(text)}:
                return re.sub(r"\$\{(\w+::\w+)\}", lambda name: _PSEUDO[name[1]], text)
            case {"Fn::Split": [str(separator), inner]}:
                return str(self._plain(inner)).split(separator)
            case {"Fn::Select": [index, inner]}:
                return self._plain(inner)[int(index)]
            case dict():
                return {name: self._plain(inner) for name, inner in value.items()}
            case list():
                return [self._plain(inner) for inner in value]
        return value

    def _reference(self, resource: Resource) -> str:
        return self._arn(resource) if resource.type in _REF_IS_ARN else self._name(resource)

    def _arn(self, resource: Resource) -> str:
        pattern = _ARNS.get(resource.type)
        return (
            pattern.format(self._name(resource))
            if pattern
            else f"arn:aws:other:{REGION}:{ACCOUNT}:thing:{resource.logical_id}"
        )

    def _name(self, resource: Resource) -> str:
        names = (resource.properties.get(each) for each in _NAMES)
        return next((str(self._plain(name)) for name in names if name), resource.logical_id.lower())


def fits(statement: Statement, action: str, resource: str) -> bool:
    return any(like(action.lower(), one.lower()) for one in statement.actions) and any(
        like(resource, one) for one in statement.resources
    )


def like(value: str, pattern: str) -> bool:
    """IAM's wildcards: `*` for any text, `?` for one character."""
    parts = (
        ".*" if part == "*" else "." if part == "?" else re.escape(part)
        for part in re.split(r"([*?])", pattern)
    )
    return re.fullmatch("".join(parts), value) is not None
