"""The functions that carry the lake, cold: size of their bundles, import, and the first invocation in a fresh process.

Each is bundled as for a deployment (for this machine's processor, boto3 in the runtime's place), with compiled
bytecode, and has nothing else on its path. The worker computes and stores a run, the committer publishes it into
the table in Glue, the outputs function reads a page of it: each in a process of its own, which a deployment would
pay once an environment. One such round after another, medians.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import Any

from bench.http import event
from bench.report import Row, publish
from functions.declaration import COMMITTER, OUTPUTS_API, RUN_WORKER, Function
from infra.bundling import UNPACKED_LIMIT, Bundler
from local import database as databases
from local.aws import LocalAws, Names
from local.postgres import Postgres
from sextant.identity import Caller
from sextant.ids import RunId, ScenarioId, TenantId, new_id
from sextant.runs import service as runs
from sextant.runs.options import RunOptions
from sextant.scenarios import service as scenarios
from sextant.scenarios.documents import ScenarioDocument
from sextant.storage import Database, DatabaseSettings

ROUNDS = 9
TENANT = TenantId("acme")
FUNCTIONS = (RUN_WORKER, COMMITTER, OUTPUTS_API)
# What a first answer may take; no target of anybody's but our own.
TARGETS = {RUN_WORKER.name: 3.0, COMMITTER.name: 3.0, OUTPUTS_API.name: 2.0}
_ROOT = Path(__file__).parent.parent
_HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
_CALLER = Caller(TENANT, "ana", frozenset({"admin"}), "request", "correlation")


def main() -> None:
    rows = [
        Row(f"{name}: unpacked, arm64", "MB", size / 1e6, target=UNPACKED_LIMIT / 1e6, better="lower")
        for name, size in sizes().items()
    ]
    found = measured()
    for one in FUNCTIONS:
        rows += [
            Row(f"{one.name}: import", "s", _median(found[one.name], "import_wall"), better="lower"),
            Row(f"{one.name}: import, CPU", "s", _median(found[one.name], "import_cpu"), better="lower"),
            Row(
                f"{one.name}: import and first answer",
                "s",
                _median(found[one.name], "wall"),
                target=TARGETS[one.name],
                better="lower",
            ),
            Row(f"{one.name}: peak memory", "MB", _median(found[one.name], "rss") / 1e6, better="lower"),
        ]
    publish("coldstart", rows)


def sizes() -> dict[str, int]:
    """Bytes that each function takes on Lambda, with its layers, as deployed: for arm64, boto3 left out."""
    bundler = Bundler(python=_HERE, architecture="arm64", output=_ROOT / "build" / "bundles")
    return {
        one.name: bundler.function(one.handler.split(".")[1]).unpacked_size()
        + sum(bundler.layer(name).unpacked_size() for name in ("sextant", *one.layers))
        for one in FUNCTIONS
    }


def measured() -> dict[str, list[dict[str, Any]]]:
    """What each function's cold starts took, round by round; the first, which nothing has cached yet, left out."""
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with tempfile.TemporaryDirectory(prefix="sextant-bench-") as directory:
        postgres, aws = Postgres(Path(directory), durable=True), LocalAws(Path(directory), persistent=False)
        postgres.start()
        aws.start()
        try:
            urls = databases.prepare(postgres, "app")
            resources = aws.make_resources(Names("cold"))
            environment = {
                **aws.variables(),
                "SEXTANT_WAREHOUSE": f"s3://{resources.bucket}/warehouse",
                "SEXTANT_CATALOG": "glue",
                **{f"SEXTANT_QUEUE_URL_{name.upper()}": url for name, url in resources.queue_urls.items()},
            }
            database = Database.connect(DatabaseSettings(url=urls.app))
            for number in range(ROUNDS + 1):
                scenario, run = _asked(database)
                for one, asked in (
                    (RUN_WORKER, _message({"run_id": str(run), "tenant_id": TENANT})),
                    (COMMITTER, _message({})),
                    (OUTPUTS_API, _page(scenario)),
                ):
                    taken = _cold(
                        one, asked, {**environment, "DATABASE_URL": urls.of_role(str(one.database))}
                    )
                    _check(one, taken["answer"])
                    if number:
                        found[one.name].append(taken)
            database.close()
        finally:
            aws.stop()
            postgres.forget()
    return found


def _asked(database: Database) -> tuple[ScenarioId, RunId]:
    """A new scenario, the guide's, and a run of it that is asked for."""
    document = ScenarioDocument.model_validate(
        {
            "name": f"cold {new_id()}",
            "assumptions": [
                {
                    "driver_type": "policy",
                    "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6},
                }
            ],
        }
    )
    scenario = database.run(TENANT, lambda session: scenarios.create(session, document, _CALLER)).id
    with database.autocommit(TENANT) as session:
        run = runs.request(session, scenario, RunOptions.model_validate({}), "1", _CALLER)
    return scenario, run.id


def _cold(one: Function, asked: Any, environment: dict[str, str]) -> dict[str, Any]:
    bundler = Bundler(python=_HERE, architecture=None, output=_ROOT / "build" / "bundles", sdk=True)
    folders = [bundler.function(one.handler.split(".")[1]).path]
    folders += [bundler.layer(name).path / "python" for name in ("sextant", *one.layers)]
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            str(Path(__file__).with_name("cold_process.py")),
            one.handler,
            os.pathsep.join(map(str, folders)),
        ],
        input=json.dumps(asked),
        env={"POWERTOOLS_SERVICE_NAME": one.name, "PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{one.name} failed: {done.stderr[-2000:]}")
    taken: dict[str, Any] = json.loads(done.stdout)
    return taken


def _message(data: dict[str, str]) -> dict[str, Any]:
    """An SQS event with one message, as the relay sends them."""
    now = "2026-11-21T08:00:00Z"
    attributes = {
        "event-id": str(new_id()),
        "event-topic": "run.requested",
        "tenant-id": TENANT,
        "event-created-at": now,
    }
    return {
        "Records": [
            {
                "messageId": str(new_id()),
                "receiptHandle": "handle",
                "body": json.dumps(data),
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0"},
                "messageAttributes": {
                    name: {"dataType": "String", "stringValue": value} for name, value in attributes.items()
                },
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:000000000000:cold-runs",
                "awsRegion": "eu-central-1",
            }
        ]
    }


def _page(scenario: ScenarioId) -> dict[str, Any]:
    return event("GET", f"/v1/scenarios/{scenario}/outputs", TENANT, metric_name="price", limit=100)


def _check(one: Function, answer: Any) -> None:
    """Raises where a function did not do what its figures are to stand for."""
    if one is OUTPUTS_API:
        page = json.loads(answer["body"])
        if answer["statusCode"] != 200 or len(page["data"]) != 20:
            raise RuntimeError(f"no page: {answer['statusCode']} {answer['body'][:300]}")
    elif answer.get("batchItemFailures") or (one is COMMITTER and answer["published"] != 1):
        raise RuntimeError(f"{one.name} answered {answer}")


def _median(taken: list[dict[str, Any]], name: str) -> float:
    return median(float(one[name]) for one in taken)


if __name__ == "__main__":
    main()
