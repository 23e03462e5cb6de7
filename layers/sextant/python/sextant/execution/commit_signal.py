"""Signals the committer that a file waits. Best effort: its schedule finds a file whose signal was lost."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

logger = Logger(child=True)


class CommitSignal:
    """Sends to the committer's queue."""

    def __init__(self, queue_url: str) -> None:
        self._queue_url = queue_url

    @cached_property
    def _client(self) -> SQSClient:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "sqs", config=Config(connect_timeout=1, read_timeout=2, retries={"max_attempts": 1})
        )

    def send(self) -> None:
        """Send the signal; a failure is logged and otherwise ignored."""
        try:
            self._client.send_message(QueueUrl=self._queue_url, MessageBody="{}")
        except (BotoCoreError, ClientError) as error:
            logger.warning("the committer was not signalled", exc_info=error)
