"""What functions call is allowed, and what is allowed they call: the recorded calls against the roles of the template.

The calls are those of the end-to-end tests (tests/e2e/test_calls.py keeps the record true). Parliament and policy_sentry read
every policy.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping

import pytest

from functions.declaration import FUNCTIONS, QUEUES, Function, QueueTrigger
from infra.bundling import ROOT
from local.calls import Call
from tests.infra import recorded_calls
from tests.infra.conftest import Assembly
from tests.infra.policies import ACCOUNT, REGION, Rights, Statement, fits, like

EVERY = pytest.mark.parametrize("function", FUNCTIONS, ids=lambda one: one.name)

# Actions that are used, though no function's own call is seen to: by the beginning of the action.
NOT_CALLED: Mapping[str, str] = {
    "logs:": "Lambda writes the function's log as the function's role",
    "xray:": "Lambda sends the traces",
    "ec2:": "Lambda attaches the function to the network; the function's own code is denied them",
    "rds-db:connect": "a token is signed by the function itself; no call is made for it",
    "kms:": "the service that is called uses the key on behalf of the caller",
    "glue:": "the local catalog is SQL; the deployment onto the stand-in uses Glue (tests/e2e/test_deploy.py)",
    "s3:AbortMultipartUpload": "where an upload in parts fails midway",
}
_POLLING = ("ReceiveMessage", "DeleteMessage", "ChangeMessageVisibility", "GetQueueAttributes")


@EVERY
def test_every_recorded_call_is_allowed(dev: Assembly, function: Function) -> None:
    rights = Rights(dev)
    calls = [call for call in recorded_calls.load() if call.caller == function.name]

    refused = [call for call in calls if not rights.allow(call.caller, call.action, resource(rights, call))]

    assert refused == []


@EVERY
def test_every_allowed_action_was_used_or_says_why_not(dev: Assembly, function: Function) -> None:
    rights = Rights(dev)
    used = {
        (call.action, resource(rights, call))
        for call in recorded_calls.load()
        if call.caller == function.name
    } | {(f"sqs:{action}", queue) for action in _POLLING for queue in queues_of(rights, function)}

    unused = {
        (action, target)
        for statement in rights.statements(function.name)
        if statement.allows
        for action in statement.actions
        for target in statement.resources
        if not any(each == action and like(where, target) for each, where in used)
        and not action.startswith(tuple(NOT_CALLED))
        and (function.name, action) not in recorded_calls.RARE
    }

    assert unused == set()


def test_every_reason_is_needed_and_says_something(dev: Assembly) -> None:
    rights = Rights(dev)
    allowed = {
        (function.name, action)
        for function in FUNCTIONS
        for statement in rights.statements(function.name)
        for action in statement.actions
    }

    assert set(recorded_calls.RARE) <= allowed
    assert all(any(action.startswith(each) for _, action in allowed) for each in NOT_CALLED)
    assert all(len(reason) > 15 for reason in (*NOT_CALLED.values(), *recorded_calls.RARE.values()))


def test_parliament_and_policy_sentry_find_nothing(dev: Assembly, prod: Assembly, given: Assembly) -> None:
    """Unknown actions, resources that an action does not take, rights over rights."""
    documents = {
        f"{number} {name}": document
        for number, assembly in enumerate((dev, prod, given))
        for name, document in Rights(assembly).documents()
    }
    for action in ("sqs:SendMesage", "iam:PutRolePolicy"):
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        documents[f"careless {action}"] = {"Version": "2012-10-17", "Statement": [statement]}

    done = subprocess.run(
        [ROOT / ".tools" / "checkov" / "bin" / "python", ROOT / "tests" / "infra" / "policy_findings.py"],
        input=json.dumps(documents),
        capture_output=True,
        text=True,
        check=True,
    )

    found = [(name, finding, where) for name, finding, where in json.loads(done.stdout)]
    assert {finding for name, finding, _ in found if name.startswith("careless")} >= {
        "UNKNOWN_ACTION",
        "PERMISSIONS_MANAGEMENT",
    }
    ours = [(name, finding, where) for name, finding, where in found if not name.startswith("careless")]
    accepted = {
        key for key in ACCEPTED for _, finding, where in ours if key[0] == finding and key[1] in where
    }
    assert accepted == set(ACCEPTED), "what is accepted and not found"
    assert [
        each for each in ours if not any(each[1] == kind and text in each[2] for kind, text in ACCEPTED)
    ] == []


# Findings that say nothing against us, by what they are and what their text holds.
ACCEPTED: Mapping[tuple[str, str], str] = {
    ("PERMISSIONS_MANAGEMENT", "rds-db:connect"): "signing in to the database as one user counts as such",
    (
        "UNKNOWN_CONDITION_FOR_ACTION",
        "lambda:SourceFunctionArn",
    ): "every call with a function's credentials has this key",
    (
        "RESOURCE_STAR",
        "ec2:CreateNetworkInterface",
    ): "Lambda's interfaces have no narrower resource when it makes them",
    (
        "RESOURCE_MISMATCH",
        "bedrock:InvokeModel",
    ): "a profile and its models, of the many kinds that the action takes",
    ("MISMATCHED_TYPE_BUT_USABLE", "StringEquals"): "the profile's ARN is compared as the text that it is",
}


@pytest.mark.parametrize(
    ("action", "resource", "expected"),
    [
        ("s3:GetObject", "arn:aws:s3:::b/warehouse/x/y", True),
        ("S3:getobject", "arn:aws:s3:::b/warehouse/", True),
        ("s3:GetObject", "arn:aws:s3:::b/other", False),
        ("s3:GetObjectTagging", "arn:aws:s3:::b/warehouse/x", False),
        ("s3:PutObject", "arn:aws:s3:::b/warehouse/x", False),
    ],
)
def test_the_evaluator_knows_iams_wildcards(action: str, resource: str, expected: bool) -> None:
    statement = Statement(True, ("s3:GetObject",), ("arn:aws:s3:::?/warehouse/*",))

    assert fits(statement, action, resource) == expected


def resource(rights: Rights, call: Call) -> str:
    """The ARN in the deployment of what a recorded call was made on."""
    match call.action.split(":")[0]:
        case "s3":
            bucket = rights.arn_of("AWS::S3::Bucket", "WarehouseBucket")
            return f"{bucket}/{call.resource.replace('*', 'x')}" if call.resource else bucket
        case "lambda":
            return f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:sextant-dev-{call.resource}"
        case "dynamodb":
            return rights.arn_of("AWS::DynamoDB::Table", "Idempotency")
        case "sns":
            return rights.arn_of("AWS::SNS::Topic", "Escalation")
        case "kms":
            return rights.arn_of("AWS::KMS::Key", "Key")
    assert call.resource.removesuffix("-dlq") in {queue.name for queue in QUEUES}, call
    return f"arn:aws:sqs:{REGION}:{ACCOUNT}:sextant-dev-{call.resource}"


def queues_of(rights: Rights, function: Function) -> list[str]:
    """The queues that an event source mapping reads for the function, with the function's role."""
    names = [trigger.queue for trigger in function.triggers if isinstance(trigger, QueueTrigger)]
    return [f"arn:aws:sqs:{REGION}:{ACCOUNT}:sextant-dev-{name}" for name in names]
