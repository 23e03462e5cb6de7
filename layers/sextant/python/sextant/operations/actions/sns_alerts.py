"""Alerts to people, by SNS. boto3 is imported with the first use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from sextant.operations.actions.performer import AlertError

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient


class SnsAlerts:
    """Publishes to one topic, each alert at most once: a publication is never repeated by the SDK."""

    def __init__(self, topic_arn: str, timeout: float = 10.0) -> None:
        self._topic_arn = topic_arn
        self._timeout = timeout

    @cached_property
    def _client(self) -> SNSClient:
        import boto3
        from botocore.config import Config

        return boto3.client(
            "sns",
            config=Config(
                connect_timeout=3,
                read_timeout=self._timeout,
                retries={"total_max_attempts": 1, "mode": "standard"},
            ),
        )

    def publish(self, subject: str, message: str, attributes: Mapping[str, str]) -> str:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError
        from botocore.parsers import ResponseParserError

        line = " ".join(_printable(subject).split()).encode("ascii", "replace").decode()
        try:
            answer = self._client.publish(
                TopicArn=self._topic_arn,
                Subject=line[:99],
                Message="\n".join(map(_printable, message.split("\n"))),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in attributes.items()
                    if value
                },
            )
        except (HTTPClientError, ResponseParserError) as error:
            # Sent, but without a readable answer: a second publication might alert people twice.
            raise AlertError(f"{type(error).__name__}: {error}", unknown=True) from error
        except (BotoCoreError, ClientError) as error:  # not connected, or SNS said no
            raise AlertError(f"{type(error).__name__}: {error}") from error
        return answer["MessageId"]


def _printable(text: str) -> str:
    """The text with blanks for control characters: SNS refuses a subject that has one, and nobody would be told."""
    return "".join(character if character.isprintable() else " " for character in text)
