"""Makes the user that migrates, as the owner of an RDS cluster, through the Data API.

The resource's properties: `ClusterArn`, `SecretArn` (the owner's), `Database`, `Migrator` and `Reader`. It is the one use of
the owner's password that the deployment makes; people read by it (docs/runbooks). RDS refuses a password to every member of
`rds_iam`, directly or through another role, and a role that makes another becomes a member of it. So the owner is a member
of the user that migrates only until the end of the one transaction that makes it. Nothing is undone when the resource
goes: the database goes with it, or stays as it is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from infra.handlers.custom_resource import Answer, answering

# An Aurora cluster that has just been made, or is scaling, refuses for a while; so do rights that were just given.
_DATABASE_WITHIN = 180.0
_PAUSE = 5.0

# What no repetition mends: a statement, or the request itself, is wrong.
_FINAL = (
    "DatabaseErrorException",
    "BadRequestException",
    "UnsupportedResultException",
    "ValidationException",
)

PREPARED = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = '{migrator}')"

# One transaction. The user that migrates owns the database, may make the application's users and let them sign in with
# IAM, and is itself nothing more. A third role makes it and is dropped, and with it the membership of the maker that only
# a superuser could revoke. The owner keeps reading as a member of the role that the migrations let read every table.
PREPARATION = (
    "CREATE EXTENSION IF NOT EXISTS pg_stat_statements",
    "CREATE ROLE {migrator}_maker CREATEROLE",
    "GRANT {migrator}_maker TO CURRENT_USER",
    "SET LOCAL ROLE {migrator}_maker",
    "CREATE ROLE {migrator} LOGIN CREATEROLE",
    "GRANT {migrator} TO SESSION_USER",
    "SET LOCAL ROLE NONE",
    "ALTER DATABASE {database} OWNER TO {migrator}",
    "SET LOCAL ROLE {migrator}_maker",
    "REVOKE {migrator} FROM SESSION_USER",
    "SET LOCAL ROLE NONE",
    "DROP ROLE {migrator}_maker",
    "CREATE ROLE {reader}",
    "GRANT {reader} TO CURRENT_USER",
    "GRANT rds_iam TO {migrator} WITH ADMIN OPTION",
)


def act(event: Mapping[str, Any]) -> Answer:
    """Make the user on create and update, where it is not there yet."""
    if event["RequestType"] == "Delete":
        return Answer(str(event["PhysicalResourceId"]))
    _patiently(event["ResourceProperties"])
    return Answer("migrating-user")


handler = answering(act)


def _patiently(properties: Mapping[str, str]) -> None:
    """Prepare, again from the beginning after an error that passes: a transaction that was not committed is undone."""
    import boto3
    from botocore.exceptions import BotoCoreError, ClientError

    client = boto3.client("rds-data")
    deadline = time.monotonic() + _DATABASE_WITHIN
    while True:
        try:
            _prepare(client, properties)
            return
        except (BotoCoreError, ClientError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else ""
            if code in _FINAL or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)


def _prepare(client: Any, properties: Mapping[str, str]) -> None:
    names = {
        "migrator": properties["Migrator"],
        "reader": properties["Reader"],
        "database": properties["Database"],
    }
    cluster, owner = properties["ClusterArn"], properties["SecretArn"]
    begun = client.begin_transaction(resourceArn=cluster, secretArn=owner, database=properties["Database"])
    transaction = begun["transactionId"]

    def execute(statement: str) -> list[Any]:
        answer = client.execute_statement(
            resourceArn=cluster,
            secretArn=owner,
            database=properties["Database"],
            transactionId=transaction,
            sql=statement.format(**names),
        )
        records: list[Any] = answer.get("records", [])
        return records

    try:
        if not execute(PREPARED)[0][0]["booleanValue"]:
            for statement in PREPARATION:
                execute(statement)
        client.commit_transaction(resourceArn=cluster, secretArn=owner, transactionId=transaction)
    except BaseException:
        _roll_back(client, resourceArn=cluster, secretArn=owner, transactionId=transaction)
        raise


def _roll_back(client: Any, **transaction: str) -> None:
    """Let go of the locks at once; a transaction that cannot be reached ends by itself after three minutes."""
    from botocore.exceptions import BotoCoreError, ClientError

    with suppress(BotoCoreError, ClientError):
        client.rollback_transaction(**transaction)
