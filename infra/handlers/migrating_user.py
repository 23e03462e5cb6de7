"""Makes the user that migrates, as the owner of an RDS cluster, through the Data API.

The resource's properties: `ClusterArn`, `SecretArn` (the owner's), `Database` and `Migrator`. It is the one use of the
owner's password there is. Nothing is undone when the resource goes: the database goes with it, or stays as it is.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from infra.handlers.custom_resource import Answer, answering

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


def act(event: Mapping[str, Any]) -> Answer:
    """Make the user on create and update."""
    if event["RequestType"] == "Delete":
        return Answer(str(event["PhysicalResourceId"]))
    _prepare(event["ResourceProperties"])
    return Answer("migrating-user")


handler = answering(act)


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
