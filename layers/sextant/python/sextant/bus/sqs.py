"""Publishes to SQS: batches of up to ten, partial failures sorted out, a message group for each tenant.

On a standard queue the message group makes the queue fair: a tenant's backlog does not delay the others'
messages. On a FIFO queue (`….fifo`) it is what keeps the tenant's order, and the event id deduplicates.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from sextant.bus.cloudevents import CLOUD_EVENT_HEADERS, CONTENT_TYPE
from sextant.bus.message import (
    EVENT_ID,
    EVENT_TOPIC,
    SENT,
    TENANT_ID,
    TRACEPARENT,
    UNTRIED,
    OutboundMessage,
    Outcome,
)
from sextant.bus.routing import Routes

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

BATCH = 10
MAX_BYTES = 1024 * 1024
"""SQS's limit, for a message and for a whole batch, attributes included."""

MORE_HEADERS = "headers"
"""SQS takes ten attributes a message; all headers but the `NAMED` travel in this one, as JSON."""

NAMED = (CLOUD_EVENT_HEADERS - {CONTENT_TYPE}) | {TENANT_ID, EVENT_ID, EVENT_TOPIC, TRACEPARENT}
"""Nine with an attribute of their own: what makes a CloudEvent, and what filters, routes and traces messages unread."""
_FORBIDDEN = re.compile("[\ufffe\uffff]")
_UNHEALTHY_QUEUE = (
    "NonExistentQueue",
    "QueueDoesNotExist",
    "AccessDenied",
    "InvalidAddress",
    "KMS",
    "Kms",
    "UnsupportedOperation",
)


@dataclass(frozen=True, slots=True)
class _Entry:
    """A message with its place in the submission and what it takes on the wire."""

    place: int
    message: OutboundMessage
    url: str
    body: str
    attributes: dict[str, str]
    size: int

    def wire(self, identifier: str) -> dict[str, Any]:
        fields: dict[str, Any] = {
            "Id": identifier,
            "MessageBody": self.body,
            "MessageGroupId": self.message.tenant_id,
            "MessageAttributes": {
                name: {"DataType": "String", "StringValue": value} for name, value in self.attributes.items()
            },
        }
        if self.url.endswith(".fifo"):
            replay = f":{self.message.replay_id}" if self.message.replay_id else ""
            fields["MessageDeduplicationId"] = f"{self.message.event_id}{replay}"
        return fields


class SqsPublisher:
    """One client, `connections` requests at a time. Thread-safe."""

    def __init__(
        self,
        routes: Routes,
        queue_urls: Mapping[str, str],
        *,
        endpoint_url: str | None = None,
        connections: int = 8,
        max_bytes: int = MAX_BYTES,
        connect_timeout: float = 1.0,
        read_timeout: float = 3.0,
    ) -> None:
        self._routes = routes
        self._queue_urls = dict(queue_urls)
        self._endpoint_url = endpoint_url
        self._connections = connections
        self._max_bytes = max_bytes
        self._connect_timeout = connect_timeout
        self._read_timeout = read_timeout
        self._executor = ThreadPoolExecutor(connections, thread_name_prefix="sqs")
        self._making_client = Lock()
        self._client: SQSClient | None = None

    @property
    def client(self) -> SQSClient:
        """The client, made on first use: importing boto3 takes longer than connecting."""
        with self._making_client:
            if self._client is None:
                import boto3
                from botocore.config import Config

                config = Config(
                    connect_timeout=self._connect_timeout,
                    read_timeout=self._read_timeout,
                    retries={"total_max_attempts": 2, "mode": "standard"},
                    max_pool_connections=self._connections,
                )
                self._client = boto3.client("sqs", config=config, endpoint_url=self._endpoint_url)
            return self._client

    def submit(self, messages: Sequence[OutboundMessage], deadline: float) -> _SqsSubmission:
        outcomes: list[Outcome] = [UNTRIED] * len(messages)
        # A tenant's messages are in one sequence, one request after the other, so that they keep their order.
        sequences: list[list[_Entry]] = [[] for _ in range(self._connections if len(messages) > BATCH else 1)]
        for place, message in enumerate(messages):
            entry = self._entry(place, message)
            if isinstance(entry, Outcome):
                outcomes[place] = entry
            else:
                sequences[hash(message.tenant_id) % len(sequences)].append(entry)
        return _SqsSubmission(
            outcomes,
            [
                self._executor.submit(self._send_sequence, sequence, deadline)
                for sequence in sequences
                if sequence
            ],
        )

    def close(self) -> None:
        self._executor.shutdown(wait=True)

    def _entry(self, place: int, message: OutboundMessage) -> _Entry | Outcome:
        channel = self._routes.channel(message.topic)
        if channel is None:
            return Outcome("refused", f"no route for topic {message.topic!r}")
        url = self._queue_urls.get(channel)
        if url is None:
            return Outcome("refused", f"no queue URL for channel {channel!r} of topic {message.topic!r}")
        body = message.payload
        if not body.isascii():
            # SQS takes XML's characters only; in JSON these can only stand in strings, where they may be escaped.
            body = _FORBIDDEN.sub(lambda match: f"\\u{ord(match.group()):04x}", body)
        headers = message.headers
        attributes = {name: value for name, value in headers.items() if name in NAMED}
        if more := {name: value for name, value in headers.items() if name not in NAMED}:
            attributes[MORE_HEADERS] = json.dumps(more, separators=(",", ":"))
        size = len(body.encode()) + sum(
            len(name) + len(value.encode()) + 6 for name, value in attributes.items()
        )
        if size > self._max_bytes:
            return Outcome("refused", f"the message has {size} bytes, SQS takes {self._max_bytes}")
        return _Entry(place, message, url, body, attributes, size)

    def _send_sequence(self, entries: list[_Entry], deadline: float) -> dict[int, Outcome]:
        outcomes: dict[int, Outcome] = {}
        stopped: set[str] = set()
        for batch in self._batches(entries):
            todo = [entry for entry in batch if entry.message.tenant_id not in stopped]
            if not todo or time.monotonic() >= deadline:
                continue
            for entry, outcome in self._send(todo):
                outcomes[entry.place] = outcome
                if outcome.verdict == "released":
                    stopped.add(entry.message.tenant_id)
        return outcomes

    def _batches(self, entries: list[_Entry]) -> Iterator[list[_Entry]]:
        """Split by queue, count and size; a tenant's entries for one queue stay in order."""
        open_batches: dict[str, list[_Entry]] = {}
        for entry in entries:
            batch = open_batches.setdefault(entry.url, [])
            if len(batch) == BATCH or sum(other.size for other in batch) + entry.size > self._max_bytes:
                yield batch
                batch = open_batches[entry.url] = []
            batch.append(entry)
        yield from open_batches.values()

    def _send(self, batch: list[_Entry]) -> list[tuple[_Entry, Outcome]]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer = self.client.send_message_batch(
                QueueUrl=batch[0].url,
                Entries=[entry.wire(str(number)) for number, entry in enumerate(batch)],  # type: ignore[misc]
            )
        except ClientError as error:
            return self._rejected(batch, error)
        except BotoCoreError as error:
            return [(entry, Outcome("released", f"{type(error).__name__}: {error}")) for entry in batch]
        acknowledged = {item["Id"] for item in answer.get("Successful", ())}
        failed = {item["Id"]: item for item in answer.get("Failed", ())}
        outcomes = []
        for number, entry in enumerate(batch):
            if str(number) in acknowledged:
                outcomes.append((entry, SENT))
            elif item := failed.get(str(number)):
                reason = f"{item['Code']}: {item.get('Message', '')}"
                outcomes.append((entry, Outcome("refused" if item["SenderFault"] else "released", reason)))
            else:
                outcomes.append((entry, Outcome("released", "SQS did not mention the message in its answer")))
        return outcomes

    def _rejected(self, batch: list[_Entry], error: Any) -> list[tuple[_Entry, Outcome]]:
        """The whole request failed: by the queue, by one of its messages, or by SQS itself."""
        code = str(error.response.get("Error", {}).get("Code", ""))
        status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
        reason = f"{code}: {error.response.get('Error', {}).get('Message', '')}"
        if any(mark in code for mark in _UNHEALTHY_QUEUE):
            return [(entry, Outcome("refused", reason)) for entry in batch]
        if (
            status >= 500
            or "Throttl" in code
            or code in ("OverLimit", "RequestLimitExceeded", "RequestTimeout")
            or status in (401, 403, 429)
        ):
            return [(entry, Outcome("released", reason)) for entry in batch]
        if len(batch) == 1:
            return [(batch[0], Outcome("refused", reason))]
        # One message spoils the batch; alone, each shows what it is.
        return [outcome for entry in batch for outcome in self._send([entry])]


class _SqsSubmission:
    def __init__(self, outcomes: list[Outcome], sequences: list[Future[dict[int, Outcome]]]) -> None:
        self._outcomes = outcomes
        self._sequences = sequences

    def outcomes(self) -> list[Outcome]:
        for sequence in self._sequences:
            for place, outcome in sequence.result().items():
                self._outcomes[place] = outcome
        return self._outcomes
