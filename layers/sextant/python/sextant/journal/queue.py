"""The journal's queue: what is accepted while the database is away is kept here, and carried out later.

An entry is a command (`run.request`) with the id under which its effect is stored, so that carrying it out
twice is the same as once. `write` returns only after SQS has the entry. `drain` is for a function that runs
on a schedule and has seen that the database answers: entries are received only then, so an outage, however
long, does not use up their deliveries. SQS keeps them for fourteen days.

An entry is deleted after it was carried out. One that fails is delivered again, and after the queue's last
delivery stands in its dead-letter queue, which the operations function watches.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sextant.bus.message import CORRELATION_ID, EVENT_TOPIC, TENANT_ID
from sextant.journal.errors import JournalUnavailableError
from sextant.journal.model import JournalEntry
from sextant.storage.errors import DatabaseUnavailable

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

MAX_BYTES = 256 * 1024
"""The largest entry: what every SQS queue takes."""

_BATCH = 10

Handler = Callable[[JournalEntry], None]

logger = logging.getLogger("sextant.outbox")


@dataclass
class Drained:
    """What a call of `drain` did."""

    carried_out: int = 0
    failed: int = 0
    """To be delivered again, or set aside after the last delivery."""
    interrupted: bool = False
    """The database went away; what was left is in the queue."""


class Journal:
    """The journal's queue."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    def write(self, entry: JournalEntry) -> None:
        """Keep a command; it is durable when this returns. Raises `JournalUnavailableError`."""
        from botocore.exceptions import BotoCoreError, ClientError

        body = entry.encode()
        if len(body.encode()) > MAX_BYTES:
            raise JournalUnavailableError(
                f"The database is away, and the journal takes requests up to {MAX_BYTES} bytes only."
            )
        headers = {
            TENANT_ID: str(entry.tenant_id),
            EVENT_TOPIC: entry.kind,
            CORRELATION_ID: entry.correlation_id,
        }
        try:
            self._client.send_message(
                QueueUrl=self._queue_url,
                MessageBody=body,
                MessageGroupId=str(entry.tenant_id),
                MessageAttributes={
                    name: {"DataType": "String", "StringValue": value}
                    for name, value in headers.items()
                    if value
                },
            )
        except (BotoCoreError, ClientError) as error:
            raise JournalUnavailableError from error

    def waiting(self) -> int:
        """About how many entries there are, those being carried out included."""
        attributes = self._client.get_queue_attributes(
            QueueUrl=self._queue_url,
            AttributeNames=["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"],
        )["Attributes"]
        visible = int(attributes["ApproximateNumberOfMessages"])
        return visible + int(attributes["ApproximateNumberOfMessagesNotVisible"])

    def drain(self, handlers: Mapping[str, Handler], seconds: float) -> Drained:
        """Carry out entries until none is left, the database goes away or `seconds` are over.

        An entry of a kind without a handler fails, as does one that cannot be read.
        """
        until = time.monotonic() + seconds
        drained = Drained()
        while time.monotonic() < until and not drained.interrupted:
            # Waiting a second asks all of SQS's servers; not waiting, only some, which may know of nothing.
            answer = self._client.receive_message(
                QueueUrl=self._queue_url, MaxNumberOfMessages=_BATCH, WaitTimeSeconds=1
            )
            messages = answer.get("Messages", [])
            if not messages:
                break
            done = self._carry_out(messages, handlers, drained)
            drained.carried_out += len(done)
            self._delete(done)
        return drained

    def _carry_out(
        self, messages: Sequence[MessageTypeDef], handlers: Mapping[str, Handler], drained: Drained
    ) -> list[MessageTypeDef]:
        done = []
        for place, message in enumerate(messages):
            try:
                entry = JournalEntry.decode(message["Body"])
                handlers[entry.kind](entry)
            except DatabaseUnavailable:
                logger.warning("the database went away again; the journal waits", exc_info=True)
                drained.interrupted = True
                self._return(messages[place:])
                break
            except Exception:  # one entry must not keep the others waiting; it comes again
                logger.exception("journal entry failed", extra={"message_id": message["MessageId"]})
                drained.failed += 1
            else:
                done.append(message)
        return done

    def _delete(self, messages: Sequence[MessageTypeDef]) -> None:
        if messages:
            # One that is not deleted comes again, and finds itself carried out.
            self._client.delete_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                    for number, message in enumerate(messages)
                ],
            )

    def _return(self, messages: Sequence[MessageTypeDef]) -> None:
        self._client.change_message_visibility_batch(
            QueueUrl=self._queue_url,
            Entries=[
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 0}
                for number, message in enumerate(messages)
            ],
        )


def queue_client() -> SQSClient:
    """A client that gives up soon: a request waits for it."""
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})
    client: SQSClient = boto3.client("sqs", config=config)
    return client
