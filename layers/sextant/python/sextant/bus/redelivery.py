"""What is done about messages that failed, beside telling the event source mapping. boto3 is imported with the first use.

SQS shows a failed message again when the queue's visibility timeout is over, which is made for the longest of
invocations: a quarter of an hour for a run. Once its work has raised, nobody is at it any more, so it is handed back
at once: after an outage of a second its run waits seconds. After some receives the visibility timeout counts again,
so that an outage of an hour does not use up a message's receives.

Kafka repeats a record before anything behind it. One that nobody can ever read would stop its partition for all of
its repetitions, so it is set aside at the first. Nothing here is needed: where it fails, the mapping does what it
would have done without it.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

    from sextant.bus.events import InboundMessage

RETURN_AFTER = (1, 4, 16, 64)
"""Seconds after which a message is seen again, by how often it was received; then the queue's visibility timeout."""

_BATCH = 10
_MOST_BYTES = 64 * 1024

logger = logging.getLogger("sextant.bus")


class Redelivery:
    """Hands messages back to the queues of `queue_urls`, by their names, and sets records aside behind them."""

    def __init__(self, queue_urls: Mapping[str, str]) -> None:
        self._queue_urls = queue_urls

    @cached_property
    def _client(self) -> SQSClient:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "sqs", config=Config(connect_timeout=1, read_timeout=2, retries={"total_max_attempts": 2})
        )

    def hand_back(self, failed: Iterable[InboundMessage]) -> None:
        """Have the failed messages of standard queues delivered again soon."""
        by_url: dict[str, list[InboundMessage]] = {}
        for message in failed:
            url = self._url(message)
            if (
                url
                and message.receipt
                and message.order_key is None
                and message.receive_count <= len(RETURN_AFTER)
            ):
                by_url.setdefault(url, []).append(message)
        for url, messages in by_url.items():
            for start in range(0, len(messages), _BATCH):
                self._change_visibility(url, messages[start : start + _BATCH])

    def set_aside(self, message: InboundMessage) -> bool:
        """Put a record of Kafka that cannot be read into the dead-letter queue; whether it is there."""
        from botocore.exceptions import BotoCoreError, ClientError

        url = self._url(message)
        if message.source != "kafka" or url is None:
            return False
        content = message.content.encode() if isinstance(message.content, str) else message.content
        letter = {
            "condition": "Unreadable",
            "record": message.identifier,
            "headers": dict(message.headers),
            "bytes": len(content),
            "value": base64.b64encode(content[:_MOST_BYTES]).decode(),
        }
        try:
            self._client.send_message(QueueUrl=f"{url}-dlq", MessageBody=json.dumps(letter))
        except (BotoCoreError, ClientError) as error:
            logger.warning("the record was not set aside", exc_info=error)
            return False
        return True

    def _change_visibility(self, url: str, messages: Sequence[InboundMessage]) -> None:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            self._client.change_message_visibility_batch(
                QueueUrl=url,
                Entries=[
                    {
                        "Id": str(number),
                        "ReceiptHandle": message.receipt or "",
                        "VisibilityTimeout": RETURN_AFTER[message.receive_count - 1],
                    }
                    for number, message in enumerate(messages)
                ],
            )
        except (BotoCoreError, ClientError) as error:
            logger.warning("the messages were not handed back", exc_info=error)

    def _url(self, message: InboundMessage) -> str | None:
        """The URL of the message's queue; of Kafka's topic, which ends with the queue's name, that of its queue."""
        for name, url in self._queue_urls.items():
            if message.source == "sqs" and url.rpartition("/")[2] == message.channel:
                return url
            if message.source == "kafka" and message.channel.endswith(name):
                return url
        return None
