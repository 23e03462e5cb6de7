"""The AWS calls that each function made in the end-to-end tests, as `recorded_calls.json` keeps them.

A resource stands there by what it is: a queue, a function, a table, a topic by its own name, and objects by the first words
of their keys. What a session records beyond the file, tests/e2e/test_calls.py tells; `SEXTANT_WRITE_CALLS=1` adds it. What depends on
the moment (a lost race, a restart) stands in `RARE`, and a session may make it or not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from functions.declaration import FUNCTIONS
from local.aws import Names
from local.calls import Call

FILE = Path(__file__).with_name("recorded_calls.json")
NAMES = {function.name for function in FUNCTIONS}

# Operations that IAM knows by the name of another action.
_ACTIONS = {
    "sqs:SendMessageBatch": "sqs:SendMessage",
    "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
    "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility",
    "s3:HeadObject": "s3:GetObject",
}

# Calls that not every session of the tests makes, by function and action: why they are made.
_LISTING = "with it S3 answers 404 for an object that is missing, and without it 403"
_RECORDS = "of an idempotency key that the journal carries out again"
RARE: Mapping[tuple[str, str], str] = {
    ("api", "dynamodb:DeleteItem"): "a request that failed gives its idempotency key back",
    (
        "webhook-deliverer",
        "lambda:InvokeFunction",
    ): "the relay, once an endpoint was disabled, which is an incident",
    ("webhook-deliverer", "sqs:SendMessage"): "an attempt that failed is made again soon",
    ("journal", "dynamodb:GetItem"): _RECORDS,
    ("journal", "dynamodb:UpdateItem"): _RECORDS,
    ("journal", "dynamodb:DeleteItem"): _RECORDS,
    ("journal", "sqs:ChangeMessageVisibility"): "an entry that could not be carried out comes again soon",
    ("outputs-api", "s3:ListBucket"): _LISTING,
    ("baselines-api", "s3:ListBucket"): _LISTING,
    ("run-worker", "s3:ListBucket"): _LISTING,
    ("committer", "s3:ListBucket"): _LISTING,
    ("outputs-api", "s3:GetObject"): "large exports: tests/integration/outputs/test_reading.py",
    ("outputs-api", "s3:PutObject"): "large exports: tests/integration/outputs/test_reading.py",
    ("baselines-api", "s3:GetObject"): "baselines: tests/integration/outputs/test_baselines.py",
    ("baselines-api", "s3:PutObject"): "baselines: tests/integration/outputs/test_baselines.py",
    ("run-worker", "s3:PutObject"): "a baseline that was stored before they were compiled",
    ("committer", "s3:DeleteObject"): "metadata of an attempt to commit that lost",
    ("outputs-api", "lambda:InvokeFunction"): "once its database is back from an outage",
    ("changes-api", "lambda:InvokeFunction"): "once its database is back from an outage",
    ("baselines-api", "lambda:InvokeFunction"): "once its database is back from an outage",
    ("outbox-relay", "lambda:InvokeFunction"): "the next relay, when this one's time is over before its work",
    ("run-recovery", "lambda:InvokeFunction"): "a run whose worker died: tests/chaos",
    ("maintenance", "lambda:InvokeFunction"): "a file that cannot be read: tests/integration/main_job",
    ("maintenance", "s3:PutObject"): "compaction, once there is enough to compact",
    ("maintenance", "s3:DeleteObject"): "what is older than a day, or than the table's snapshots",
}


def load() -> set[Call]:
    return {Call(*entry) for entry in json.loads(FILE.read_text())}


def save(calls: Iterable[Call]) -> None:
    entries = sorted([call.caller, call.action, call.resource] for call in calls)
    FILE.write_text("[\n" + ",\n".join(f"  {json.dumps(entry)}" for entry in entries) + "\n]\n")


def plain(calls: Iterable[Call]) -> set[Call]:
    """The calls of functions of whole systems, without what differs from run to run.

    Resources that a test made for itself (`t-…`) are no system's, whoever asked for them: a store that one test made as a
    function serves the next test of its process too.
    """
    return {
        Call(call.caller, _ACTIONS.get(call.action, call.action), _resource(call))
        for call in calls
        if call.caller in NAMES and not _name(call).startswith("t-")
    }


def _name(call: Call) -> str:
    return call.resource.split(":", 5)[5]


def _resource(call: Call) -> str:
    names = Names()
    name = _name(call)
    match call.action.split(":")[0]:
        case "s3":
            bucket, _, key = name.partition("/")
            assert bucket == names.warehouse_bucket, call
            words = key.split("/")
            if words[1:2] == ["market"]:
                # What a split run keeps between its parts lies by tenant.
                words = words[: 3 if words[2].endswith("-parts") else 4]
            else:
                words = words[:2]
            return "/".join(words) + "/*" if key else ""
        case "lambda":
            return name.removeprefix("function:")
        case "dynamodb":
            assert name == f"table/{names.idempotency_table}", call
            return "records"
        case "sns":
            return "alerts" if name == names.alert_topic else name
        case "kms":
            return "key"
    return name.removeprefix(names.queue(""))
