"""How the deliverer is woken for what it will try again soon: a message to its queue that comes later.

What is due later than a minute the schedule finds, and so it finds all that a lost message would have woken it for.
boto3 is imported with the first use.
"""

from __future__ import annotations

import logging
import math
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

HORIZON = 60.0

logger = logging.getLogger("sextant.webhooks")


class Waker:
    """Sends to the queue at `url`."""

    def __init__(self, url: str) -> None:
        self._url = url

    @cached_property
    def _client(self) -> SQSClient:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "sqs", config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2})
        )

    def wake(self, seconds: float) -> None:
        """Have the deliverer woken so many seconds from now, where the schedule would not be sooner. Never raises."""
        from botocore.exceptions import BotoCoreError, ClientError

        if seconds > HORIZON:
            return
        try:
            self._client.send_message(
                QueueUrl=self._url, MessageBody="{}", DelaySeconds=max(0, math.ceil(seconds))
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning("the deliverer is not woken; the schedule will do it", exc_info=error)
