"""Runs the migrations while a stack is deployed, and makes the lake's table, before its new code serves.

The resource's properties: `Function`, the migrate function's version to call; `Then`, a function's version
that is called afterwards as its schedule would, because it makes what others only read; and `Database`, which
names the database, so that another one is migrated too.

Deleting or rolling back never migrates downwards: migrations leave the code before them working.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra.handlers.custom_resource import Answer, answering

_MIGRATION_WITHIN = 660


class CallFailedError(Exception):
    """A function reported an error; its log has the whole of it."""


def act(event: Mapping[str, Any]) -> Answer:
    """Migrate on create and update; nothing on delete."""
    if event["RequestType"] == "Delete":
        return Answer(str(event["PhysicalResourceId"]))
    properties = event["ResourceProperties"]
    migrated = _call(str(properties["Function"]), {})
    _call(str(properties["Then"]), {"source": "sextant.deployment", "detail-type": "Scheduled Event"})
    return Answer("migrations", {"Revision": str(migrated.get("revision", ""))})


handler = answering(act)


def _call(function: str, event: Mapping[str, str]) -> Mapping[str, Any]:
    import boto3
    from botocore.config import Config

    patient = Config(read_timeout=_MIGRATION_WITHIN, retries={"total_max_attempts": 1})
    response = boto3.client("lambda", config=patient).invoke(
        FunctionName=function, Payload=json.dumps(event).encode()
    )
    payload = response["Payload"].read().decode()
    if response.get("FunctionError"):
        raise CallFailedError(f"{function}: {payload}")
    answer = json.loads(payload or "null")
    return answer if isinstance(answer, dict) else {}
