"""Runs the migrations while a stack is deployed, and makes the lake's table, before its new code serves.

The resource's properties: `Function`, the migrate function's version to call; `Then`, a function's version
that is called afterwards as its schedule would, because it makes what others only read; and where the
database is one of RDS, `ClusterArn`, `SecretArn`, `Database` and `Migrator`, with which the migrating user
is made first, through the Data API.

Deleting or rolling back never migrates downwards: migrations leave the code before them working.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

from infra.handlers.custom_resource import Answer, respond

_MIGRATION_WITHIN = 660
# An Aurora cluster that has just been made, or is scaling, may refuse for a moment.
_DATABASE_WITHIN = 180.0
_PAUSE = 5.0

# As the cluster's owner: the user that migrates owns the database, may make the application's users and
# let them sign in with IAM, and is itself nothing more. Running it again changes nothing.
PREPARATION = (
    """DO $$ BEGIN
           IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '{migrator}') THEN
               CREATE ROLE {migrator} LOGIN CREATEROLE;
           END IF;
       END $$""",
    "GRANT {migrator} TO CURRENT_USER",
    "GRANT rds_iam TO {migrator} WITH ADMIN OPTION",
    "ALTER DATABASE {database} OWNER TO {migrator}",
)


class CallFailedError(Exception):
    """A function reported an error; its log has the whole of it."""


def handler(event: dict[str, Any], context: object) -> None:
    """A CloudFormation custom resource request."""
    del context
    respond(event, act)


def act(event: Mapping[str, Any]) -> Answer:
    """Prepare and migrate on create and update; nothing on delete."""
    if event["RequestType"] == "Delete":
        return Answer(str(event["PhysicalResourceId"]))
    properties = event["ResourceProperties"]
    if "ClusterArn" in properties:
        _prepare(properties)
    migrated = _call(str(properties["Function"]), {})
    _call(str(properties["Then"]), {"source": "sextant.deployment", "detail-type": "Scheduled Event"})
    return Answer("migrations", {"Revision": str(migrated.get("revision", ""))})


def _prepare(properties: Mapping[str, str]) -> None:
    import boto3

    client = boto3.client("rds-data")
    names = {"migrator": properties["Migrator"], "database": properties["Database"]}
    for statement in PREPARATION:
        _patiently(
            client,
            resourceArn=properties["ClusterArn"],
            secretArn=properties["SecretArn"],
            database=properties["Database"],
            sql=statement.format(**names),
        )


def _patiently(client: Any, **statement: str) -> None:
    deadline = time.monotonic() + _DATABASE_WITHIN
    transient = (
        client.exceptions.DatabaseResumingException,
        client.exceptions.DatabaseUnavailableException,
        client.exceptions.ServiceUnavailableError,
        client.exceptions.StatementTimeoutException,
    )
    while True:
        try:
            client.execute_statement(**statement)
            return
        except transient:
            if time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)


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
