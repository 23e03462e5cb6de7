"""SQS event source mappings: from a queue to its function, as Lambda's own pollers do it.

A poller receives a batch, invokes the function and deletes what succeeded. Failures reported one by one
(`ReportBatchItemFailures`) and batches that failed whole stay in the queue and are seen again when their
visibility timeout is over; after the queue's `maxReceiveCount` SQS itself moves them to the dead-letter
queue. A batch that is throttled is tried again until its messages are visible anyway; one whose event exceeds what a
function takes is cut. At an orderly stop, messages whose invocation is cut off are made visible at once.
"""

from __future__ import annotations

import asyncio
import base64
import functools
import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from functions.declaration import QUEUES, QueueTrigger
from local import lineage
from local.concurrency import ThrottledError
from local.invocations import FunctionPool
from local.runtime_api import MAX_PAYLOAD, Outcome

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import MessageTypeDef

T = TypeVar("T")

_RECEIVE_MOST = 10
# Lambda polls for 20 seconds; a stop here must not wait that long.
_LONG_POLL = 2
_PAUSE_AFTER_ERROR = 1.0


@dataclass(frozen=True)
class SourceQueue:
    """The queue of a mapping."""

    url: str
    arn: str
    region: str


class EventSource:
    """One mapping: `trigger` from `queue` to `pool`."""

    def __init__(
        self,
        trigger: QueueTrigger,
        queue: SourceQueue,
        pool: FunctionPool,
        client: SQSClient,
        log: Callable[[str], None],
    ) -> None:
        self._trigger = trigger
        self._queue = queue
        self._pool = pool
        self._client = client
        self._log = log
        limit = trigger.maximum_concurrency or pool.processes
        self._pollers = max(1, min(limit, pool.processes))
        self._visible_after = visibility_of(trigger.queue)
        self._threads = ThreadPoolExecutor(self._pollers * 2, thread_name_prefix=f"sqs-{trigger.queue}")
        self._tasks: list[asyncio.Task[None]] = []
        self._stopping = asyncio.Event()

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._poll()) for _ in range(self._pollers)]

    async def stop(self, grace: float = 5.0) -> None:
        """Receives no more, lets invocations end within `grace` seconds, and returns what is left to the queue."""
        self._stopping.set()
        if self._tasks:
            _, late = await asyncio.wait(self._tasks, timeout=_LONG_POLL + grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._threads.shutdown(wait=False)

    # One poller ---------------------------------------------------------------------------------------

    async def _poll(self) -> None:
        while not self._stopping.is_set():
            try:
                batch = await self._collect()
                if batch:
                    await self._process(batch)
            except (BotoCoreError, ClientError) as error:
                self._log(f"WARNING queue {self._trigger.queue}: {error}")
                await asyncio.sleep(_PAUSE_AFTER_ERROR)

    async def _collect(self) -> list[MessageTypeDef]:
        """Messages up to the batch size: those there are, and with a batching window those that come in it."""
        batch = await self._receive(self._trigger.batch_size, _LONG_POLL)
        if not batch or not self._trigger.batching_window:
            return batch
        until = time.monotonic() + self._trigger.batching_window
        while len(batch) < self._trigger.batch_size and not self._stopping.is_set():
            left = until - time.monotonic()
            if left <= 0:
                break
            batch += await self._receive(self._trigger.batch_size - len(batch), min(1, round(left)))
        return batch

    async def _process(self, batch: list[MessageTypeDef]) -> None:
        event = self._event(batch)
        if len(event) > MAX_PAYLOAD and len(batch) > 1:
            middle = len(batch) // 2
            for part in (batch[:middle], batch[middle:]):
                await self._process(part)
            return
        trace = lineage.longest(message.get("Attributes", {}).get("AWSTraceHeader") for message in batch)
        try:
            outcome = await self._pool.invoke_patiently(event, within=self._visible_after, trace=trace)
        except asyncio.CancelledError:
            await asyncio.shield(self._return(batch))
            raise
        except (ThrottledError, lineage.LoopError) as error:
            self._log(f"WARNING queue {self._trigger.queue}: batch of {len(batch)} not delivered: {error}")
            return
        try:
            failed = failures(outcome, [message["MessageId"] for message in batch])
        except ValueError as error:
            failed = {message["MessageId"] for message in batch}
            self._log(f"WARNING queue {self._trigger.queue}: batch of {len(batch)} failed: {error}")
        await self._delete([message for message in batch if message["MessageId"] not in failed])

    def _event(self, batch: Sequence[MessageTypeDef]) -> bytes:
        return json.dumps({"Records": [record(message, self._queue) for message in batch]}).encode()

    # SQS ----------------------------------------------------------------------------------------------

    async def _receive(self, most: int, wait: int) -> list[MessageTypeDef]:
        answer = await self._call(
            self._client.receive_message,
            QueueUrl=self._queue.url,
            MaxNumberOfMessages=min(most, _RECEIVE_MOST),
            WaitTimeSeconds=wait,
            MessageSystemAttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        messages: list[MessageTypeDef] = answer.get("Messages", [])
        return messages

    async def _delete(self, messages: Sequence[MessageTypeDef]) -> None:
        for start in range(0, len(messages), _RECEIVE_MOST):
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages[start : start + _RECEIVE_MOST])
            ]
            await self._call(self._client.delete_message_batch, QueueUrl=self._queue.url, Entries=entries)

    async def _return(self, messages: Sequence[MessageTypeDef]) -> None:
        for message in messages:
            await self._call(
                self._client.change_message_visibility,
                QueueUrl=self._queue.url,
                ReceiptHandle=message["ReceiptHandle"],
                VisibilityTimeout=0,
            )

    async def _call(self, operation: Callable[..., Any], **arguments: Any) -> Any:
        call = functools.partial(operation, **arguments)
        return await asyncio.get_running_loop().run_in_executor(self._threads, call)


def visibility_of(queue: str) -> float:
    """How long a message of the queue stays with who received it; SQS's default where the queue is none of ours."""
    return next((float(one.visibility_timeout) for one in QUEUES if one.name == queue), 30.0)


def reported(outcome: Outcome) -> Iterator[Any]:
    """The identifiers that a function's answer names as failed, as they stand there; None for one that is missing.

    Raises ValueError where the function raised, or its answer is no batch response.
    """
    if outcome.error is not None:
        raise ValueError(outcome.payload[:1000].decode(errors="replace"))
    answer = json.loads(outcome.payload or b"null")
    if answer is None:
        return
    if not isinstance(answer, Mapping):
        raise ValueError("the answer is not a batch response")  # noqa: TRY004 (it is data that is wrong)
    for item in answer.get("batchItemFailures") or ():
        yield item.get("itemIdentifier") if isinstance(item, Mapping) else None


def failures(outcome: Outcome, message_ids: Sequence[str]) -> set[str]:
    """The messages that a function reports as failed.

    Raises ValueError where the whole batch counts as failed: the function raised, or its answer is not a
    valid report (an empty or unknown identifier, a wrong key).
    """
    failed = set()
    for identifier in reported(outcome):
        if identifier not in message_ids:
            raise ValueError(f"batchItemFailures names {identifier!r}, which is not in the batch")
        failed.add(str(identifier))
    return failed


def record(message: MessageTypeDef, queue: SourceQueue) -> dict[str, Any]:
    """A message as it stands in the function's event."""
    found: dict[str, Any] = {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "attributes": dict(message.get("Attributes", {})),
        "messageAttributes": {
            name: _attribute(value) for name, value in message.get("MessageAttributes", {}).items()
        },
        "md5OfBody": message["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": queue.arn,
        "awsRegion": queue.region,
    }
    if "MD5OfMessageAttributes" in message:
        found["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"]
    return found


def _attribute(value: Mapping[str, Any]) -> dict[str, Any]:
    written: dict[str, Any] = {"stringListValues": [], "binaryListValues": [], "dataType": value["DataType"]}
    if "StringValue" in value:
        written["stringValue"] = value["StringValue"]
    if "BinaryValue" in value:
        written["binaryValue"] = base64.b64encode(value["BinaryValue"]).decode()
    return written
