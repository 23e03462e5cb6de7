"""Which tenants allow the journal, kept where it can be read while the database is down.

The setting `config/journal` lives in the database with its audit. Each change of it is copied into the DynamoDB table
that also holds the idempotency records: by the request that made it, and, should that fail, by the
journal function within a minute. During an outage the copy alone decides; what it does not know is off.

The database also counts rate limits, so while it is away the journal has a limit of its own, counted in the
same table: exact over every process.
"""

from __future__ import annotations

import json
import time
from datetime import UTC
from typing import TYPE_CHECKING

import pydantic

from sextant.ids import TenantId
from sextant.journal.errors import JournalUnavailableError
from sextant.settings.model import PLATFORM, Change
from sextant.settings.values import JournalValue

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

_WINDOW = 60


class JournalSettings:
    """The copy of one table. Every method raises `JournalUnavailableError` where the table cannot be reached."""

    def __init__(self, client: DynamoDBClient, table: str) -> None:
        self._client = client
        self._table = table

    def keep(self, change: Change) -> None:
        """Copy a change, unless a later one of its tenant was copied before."""
        from botocore.exceptions import BotoCoreError, ClientError

        moment = change.occurred_at.astimezone(UTC).isoformat(timespec="microseconds")
        # A removed setting leaves its time behind, so that an older copy cannot bring it back.
        value = {} if change.after is None else {"value": {"S": json.dumps(change.after)}}
        try:
            self._client.put_item(
                TableName=self._table,
                Item={"id": {"S": _key(change.tenant_id)}, "changed_at": {"S": moment}, **value},
                ConditionExpression="attribute_not_exists(changed_at) OR changed_at < :moment",
                ExpressionAttributeValues={":moment": {"S": moment}},
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return
        except (BotoCoreError, ClientError) as error:
            raise JournalUnavailableError from error

    def of(self, tenant: TenantId) -> JournalValue | None:
        """What holds for `tenant`: its own value, else the platform's, else None."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            for owner in (tenant, PLATFORM):
                answer = self._client.get_item(
                    TableName=self._table, Key={"id": {"S": _key(owner)}}, ConsistentRead=True
                )
                value = answer.get("Item", {}).get("value")
                if value is not None:
                    return JournalValue.model_validate_json(value["S"])
        except (BotoCoreError, ClientError, pydantic.ValidationError) as error:
            # A value that this release does not know is as good as none.
            raise JournalUnavailableError from error
        return None

    def admit(self, tenant: TenantId, limit: int) -> float | None:
        """Count one entry of this minute; None where it is within `limit`, else the seconds to wait."""
        from botocore.exceptions import BotoCoreError, ClientError

        now = time.time()
        window = int(now // _WINDOW)
        try:
            self._client.update_item(
                TableName=self._table,
                Key={"id": {"S": f"journal-count#{tenant}#{window}"}},
                UpdateExpression="ADD taken :one SET expiration = :end",
                ConditionExpression="attribute_not_exists(taken) OR taken < :limit",
                ExpressionAttributeValues={
                    ":one": {"N": "1"},
                    ":limit": {"N": str(limit)},
                    ":end": {"N": str((window + 2) * _WINDOW)},
                },
            )
        except self._client.exceptions.ConditionalCheckFailedException:
            return (window + 1) * _WINDOW - now
        except (BotoCoreError, ClientError) as error:
            raise JournalUnavailableError from error
        return None


def _key(tenant: str) -> str:
    return f"journal-switch#{tenant}"


def table_client() -> DynamoDBClient:
    """A client that gives up soon: a request waits for it."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 3, "mode": "standard"})
    client: DynamoDBClient = boto3.client("dynamodb", config=config)
    return client
