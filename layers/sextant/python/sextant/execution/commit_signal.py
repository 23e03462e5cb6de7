"""Signals the committer that a file waits. Best effort: its schedule finds a file whose signal was lost."""

from __future__ import annotations

import os
from functools import cache
from typing import TYPE_CHECKING

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from mypy_boto3_sqs.client import SQSClient

logger = Logger(child=True)


@cache
def _queue() -> SQSClient:
    import boto3
    from botocore.config import Config

    return boto3.client("sqs", config=Config(connect_timeout=1, read_timeout=2, retries={"max_attempts": 1}))


def send() -> None:
    """Send the signal; a failure is logged and otherwise ignored."""
    url = os.environ.get("SEXTANT_QUEUE_URL_COMMITS")
    if not url:
        return
    try:
        _queue().send_message(QueueUrl=url, MessageBody="{}")
    except (BotoCoreError, ClientError) as error:
        logger.warning("the committer was not signalled", exc_info=error)
