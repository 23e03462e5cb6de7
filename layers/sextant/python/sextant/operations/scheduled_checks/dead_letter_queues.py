"""Looks into the dead-letter queues of SQS. boto3 is imported with the first use."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sextant.bus.events import sqs_headers
from sextant.operations.scheduled_checks.model import DeadLetter

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

_BATCHES = 10
_HIDDEN = 5

logger = logging.getLogger("sextant.operations")


class DeadLetterQueues:
    """Looks into the dead-letter queues behind `queue_urls`, taking nothing out: people redrive from there.

    A message looked at is hidden for `_HIDDEN` seconds: long enough not to be met twice in one look, and so short that
    the alarm, which counts what can be seen, does not miss it.
    """

    def __init__(self, queue_urls: Sequence[str]) -> None:
        self._queue_urls = queue_urls
        self._found: dict[str, str] = {}

    @cached_property
    def _client(self) -> SQSClient:
        import boto3

        return boto3.client("sqs")

    def peek(self) -> Iterator[DeadLetter]:
        """The messages that can be seen now; they are hidden for a few seconds and then there again."""
        for url in self._queue_urls:
            dead_letter_url = self._behind(url)
            if dead_letter_url is None:
                continue
            for _ in range(_BATCHES):
                answer = self._client.receive_message(
                    QueueUrl=dead_letter_url,
                    MaxNumberOfMessages=10,
                    VisibilityTimeout=_HIDDEN,
                    WaitTimeSeconds=0,
                    MessageAttributeNames=["All"],
                )
                messages = answer.get("Messages", [])
                for message in messages:
                    headers = sqs_headers(
                        {
                            name: attribute.get("StringValue", "")
                            for name, attribute in message.get("MessageAttributes", {}).items()
                        }
                    )
                    queue = dead_letter_url.rpartition("/")[2]
                    yield DeadLetter(queue, message["MessageId"], headers, message["Body"])
                if not messages:
                    break

    def _behind(self, url: str) -> str | None:
        """The dead-letter queue's URL, by the redrive policy of the queue before it."""
        if url not in self._found:
            attributes = self._client.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
            policy = json.loads(attributes.get("Attributes", {}).get("RedrivePolicy", "{}"))
            arn = str(policy.get("deadLetterTargetArn", ""))
            if not arn:
                logger.warning("the queue has no dead-letter queue", extra={"queue": url})
                return None
            # Queue and dead-letter queue are of one account and region, so their URLs differ by the name only.
            self._found[url] = url.rpartition("/")[0] + "/" + arn.rpartition(":")[2]
        return self._found[url]
