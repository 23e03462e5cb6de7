"""What Lambda's event source mappings deliver, from SQS or from Kafka (MSK), as one kind of message.

Both mappings are declared with `ReportBatchItemFailures`: `consume` answers with the messages that failed,
and only those come again. Anybody who may write to a queue or a topic may write anything: which message it is and
what it stands behind is known without reading it, its content is read where its own failure ends, and a header
that cannot be read is left out.
"""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypedDict, TypeVar
from uuid import UUID

from sextant.bus.message import (
    CORRELATION_ID,
    DEDUPE_KEY,
    EVENT_ID,
    EVENT_TOPIC,
    REPLAY_ID,
    TENANT_ID,
    TRACEPARENT,
)
from sextant.bus.sqs import MORE_HEADERS
from sextant.ids import TenantId

if TYPE_CHECKING:
    from sextant.bus.redelivery import Redelivery

logger = logging.getLogger("sextant.bus")


T = TypeVar("T")


class UnreadableMessageError(ValueError):
    """The message's body is not what its reader expects; it will be the same however often it comes."""


class KafkaItem(TypedDict):
    partition: str
    offset: int


class FailedItem(TypedDict):
    itemIdentifier: str | KafkaItem


class PartialBatchResponse(TypedDict):
    """The answer an event source mapping with `ReportBatchItemFailures` understands."""

    batchItemFailures: list[FailedItem]


@dataclass(frozen=True, slots=True)
class InboundMessage:
    """One message as it came. `content` is not read yet: `body` is it as text, `data` as JSON."""

    source: Literal["sqs", "kafka"]
    channel: str
    """The queue's name or the Kafka topic."""
    content: str | bytes
    headers: Mapping[str, str]
    receive_count: int
    """How often SQS has delivered it, this time included; 1 for Kafka, which does not count."""
    identifier: str | KafkaItem
    order_key: str | None
    """Messages with the same key in one batch must be handled in order; None where order is not kept."""
    receipt: str | None = None
    """What SQS knows this delivery by."""

    @property
    def body(self) -> str:
        """The content as text; raises ValueError where it is not UTF-8."""
        return self.content if isinstance(self.content, str) else self.content.decode()

    @property
    def data(self) -> Any:
        """The body as JSON; raises ValueError where it is none."""
        return json.loads(self.body)

    def read(self, take: Callable[[Any], T]) -> T:
        """What `take` makes of the data; raises `UnreadableMessageError` where it cannot."""
        try:
            return take(self.data)
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
            raise UnreadableMessageError(f"{type(error).__name__}: {error}") from error

    @property
    def event_id(self) -> UUID | None:
        """The event's id: the same however often it is delivered or replayed. None for a message not from the outbox."""
        try:
            return UUID(self.headers.get(EVENT_ID, ""))
        except ValueError:
            return None

    @property
    def tenant_id(self) -> TenantId | None:
        value = self.headers.get(TENANT_ID)
        return TenantId(value) if value else None

    @property
    def topic(self) -> str | None:
        return self.headers.get(EVENT_TOPIC)

    @property
    def dedupe_key(self) -> str | None:
        return self.headers.get(DEDUPE_KEY)

    @property
    def correlation_id(self) -> str:
        return self.headers.get(CORRELATION_ID, "")

    @property
    def traceparent(self) -> str:
        return self.headers.get(TRACEPARENT, "")

    @property
    def replayed(self) -> bool:
        return REPLAY_ID in self.headers


def parse(event: Mapping[str, Any]) -> list[InboundMessage]:
    """The messages of an SQS, MSK or self-managed Kafka event; raises ValueError for another kind of event."""
    if "Records" in event and all(record.get("eventSource") == "aws:sqs" for record in event["Records"]):
        return [_from_sqs(record) for record in event["Records"]]
    if event.get("eventSource") in ("aws:kafka", "SelfManagedKafka"):
        return [_from_kafka(record) for records in event["records"].values() for record in records]
    raise ValueError("neither an SQS nor a Kafka event")


def failures(messages: Sequence[InboundMessage]) -> PartialBatchResponse:
    """The answer that has `messages` delivered again, and the rest of their batch not."""
    return {"batchItemFailures": [{"itemIdentifier": message.identifier} for message in messages]}


def consume(
    event: Mapping[str, Any], work: Callable[[InboundMessage], None], redelivery: Redelivery | None = None
) -> PartialBatchResponse:
    """Hand each message of `event` to `work`; what raises is logged and delivered again, soon where there is `redelivery`.

    Where the source keeps an order (a FIFO queue's group, a Kafka partition's tenant), the messages behind a
    failed one are not handled either: they come again with it, in order.
    """
    failed: list[InboundMessage] = []
    held: set[str] = set()
    for message in parse(event):
        if message.order_key is not None and message.order_key in held:
            failed.append(message)
            continue
        try:
            work(message)
        except Exception as error:
            logger.exception(
                "message failed",
                extra={
                    "channel": message.channel,
                    "headers": dict(message.headers),
                    "receive_count": message.receive_count,
                },
            )
            if redelivery and isinstance(error, UnreadableMessageError) and redelivery.set_aside(message):
                continue
            failed.append(message)
            if message.order_key is not None:
                held.add(message.order_key)
    if redelivery and failed:
        redelivery.hand_back(failed)
    return failures(failed)


def _from_sqs(record: Mapping[str, Any]) -> InboundMessage:
    attributes = record.get("attributes", {})
    queue = str(record.get("eventSourceARN", "")).rpartition(":")[2]
    group = attributes.get("MessageGroupId")
    return InboundMessage(
        source="sqs",
        channel=queue,
        content=record["body"],
        headers=sqs_headers(_values(record.get("messageAttributes", {}))),
        receive_count=int(attributes.get("ApproximateReceiveCount", 1)),
        identifier=record["messageId"],
        order_key=group if queue.endswith(".fifo") else None,
        receipt=record.get("receiptHandle"),
    )


def _values(attributes: Mapping[str, Any]) -> dict[str, str]:
    """The values of the attributes that are text."""
    return {
        name: attribute["stringValue"]
        for name, attribute in attributes.items()
        if attribute.get("stringValue") is not None
    }


def sqs_headers(attributes: Mapping[str, str]) -> dict[str, str]:
    """The headers of a message of SQS, of which some share one attribute."""
    named = {name: value for name, value in attributes.items() if name != MORE_HEADERS}
    return (
        {**dict(_packed_headers(attributes[MORE_HEADERS])), **named} if MORE_HEADERS in attributes else named
    )


def _packed_headers(packed: str) -> Iterator[tuple[str, str]]:
    try:
        headers = json.loads(packed)
    except (ValueError, RecursionError):
        headers = None
    if not isinstance(headers, dict):
        logger.warning("headers left out: not a JSON object", extra={"packed": packed[:200]})
        return
    for name, value in headers.items():
        if isinstance(value, str):
            # JSON can write half of a pair of surrogates and a zero byte, which no text of ours has.
            yield name, value.encode(errors="replace").decode().replace("\0", "\ufffd")


def _from_kafka(record: Mapping[str, Any]) -> InboundMessage:
    # Header values come as lists of bytes, signed ones from some senders. A header may have none.
    headers = {
        name: bytes(byte % 256 for byte in value).decode(errors="replace").replace("\0", "\ufffd")
        for header in record.get("headers") or ()
        for name, value in header.items()
        if value is not None
    }
    partition = f"{record['topic']}-{record['partition']}"
    return InboundMessage(
        source="kafka",
        channel=record["topic"],
        content=base64.b64decode(record.get("value") or ""),
        headers=headers,
        receive_count=1,
        identifier={"partition": partition, "offset": record["offset"]},
        order_key=f"{partition}:{headers.get(TENANT_ID, '')}",
    )
