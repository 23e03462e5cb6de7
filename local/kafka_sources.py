"""Kafka event source mappings: from a topic to its function, as Lambda's pollers do it for MSK.

A poller is a consumer of the mapping's group. It reads a batch of one partition, invokes the function, and commits
the offsets once the batch is through. Records that the function reports one by one (`ReportBatchItemFailures`), or
all where the batch failed whole, are delivered again, in order and before anything behind them; after `retries`
deliveries more they are put aside, whole, and the partition goes on. Pollers stand
for partitions: there are as many as the function may have environments.
"""

from __future__ import annotations

import asyncio
import base64
import concurrent.futures
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kafka import KafkaConsumer
from kafka import errors as kafka_errors
from kafka.record import memory_records
from kafka.record.default_records import DefaultRecordBatch
from kafka.structs import OffsetAndMetadata, TopicPartition

from functions.declaration import QueueTrigger
from local.dead_records import DeadRecords
from local.event_sources import reported
from local.invocations import FunctionPool
from local.place import TOPIC_PARTITIONS
from local.runtime_api import Outcome

ARN = "arn:aws:kafka:eu-central-1:000000000000:cluster/local/00000000-0000-0000-0000-000000000000-1"
RETRIES = 5

RETRY_PAUSE = 1.0
"""Seconds before the first retry; each further one waits twice as long."""

_POLL_MS = 500


class _Slice(bytes):
    def decode(self, *_: Any) -> str:
        return super().decode(errors="replace")


class _Bytes(bytearray):
    def __getitem__(self, key: Any) -> Any:
        part = super().__getitem__(key)
        return _Slice(part) if isinstance(key, slice) else part


class _ReadableBatch(DefaultRecordBatch):  # type: ignore[misc]
    """Reads a header's name that is not UTF-8 as Java does, on which Lambda's pollers run: with replacements.

    kafka-python refuses the whole record, and would come upon it again at each poll.
    """

    _buffer: Any

    def _read_msg(self) -> Any:
        try:
            return super()._read_msg()
        except UnicodeDecodeError:
            self._buffer = _Bytes(self._buffer)
            return super()._read_msg()


memory_records.DefaultRecordBatch = _ReadableBatch


@dataclass(frozen=True)
class SourceTopic:
    """The topic of a mapping and its brokers."""

    name: str
    bootstrap: str


class KafkaSource:
    """One mapping: `trigger`'s batches from `topic` to `pool`. Start it inside the event loop."""

    def __init__(
        self,
        trigger: QueueTrigger,
        topic: SourceTopic,
        pool: FunctionPool,
        dead_records: DeadRecords,
        log: Callable[[str], None],
        *,
        retry_pause: float = RETRY_PAUSE,
    ) -> None:
        self._retry_pause = retry_pause
        self._trigger = trigger
        self._topic = topic
        self._pool = pool
        self._dead_records = dead_records
        self._log = log
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        pollers = min(TOPIC_PARTITIONS, self._pool.processes)
        self._threads = [
            threading.Thread(target=self._poll, name=f"kafka-{self._topic.name}-{number}", daemon=True)
            for number in range(pollers)
        ]
        for thread in self._threads:
            thread.start()

    async def stop(self, grace: float = 5.0) -> None:
        """Reads no more; what is cut off was not committed, and is delivered again after the next start."""
        self._stopping.set()
        until = time.monotonic() + _POLL_MS / 1000 + grace
        for thread in self._threads:
            await asyncio.to_thread(thread.join, max(0.0, until - time.monotonic()))

    # One poller, in a thread of its own -----------------------------------------------------------------

    def _poll(self) -> None:
        while not self._stopping.is_set():
            try:
                self._consume()
            except (kafka_errors.KafkaError, OSError) as error:
                self._log(f"WARNING topic {self._topic.name}: {error!r}")
                self._stopping.wait(RETRY_PAUSE)

    def _consume(self) -> None:
        consumer = KafkaConsumer(
            self._topic.name,
            bootstrap_servers=self._topic.bootstrap,
            group_id=self._topic.name,
            auto_offset_reset="earliest",
            enable_auto_commit=False,
            # An invocation, with its retries, may take its time; until then the partition stays this poller's.
            max_poll_interval_ms=(RETRIES + 1) * (self._pool.function.timeout + 60) * 1000,
        )
        try:
            while not self._stopping.is_set():
                found = consumer.poll(timeout_ms=_POLL_MS, max_records=self._trigger.batch_size)
                for partition, records in found.items():
                    if not self._deliver(partition, records):
                        return
                    consumer.commit({partition: OffsetAndMetadata(records[-1].offset + 1, "", -1)})
        finally:
            consumer.close(autocommit=False)

    def _deliver(self, partition: TopicPartition, records: Sequence[Any]) -> bool:
        """Invoke the function until it takes the records or has been asked often enough; False at a stop."""
        open_records = list(records)
        for attempt in range(RETRIES + 1):
            outcome = self._invoke(event(partition, open_records))
            if outcome is None:
                return False
            try:
                failed = failures(outcome, partition, [record.offset for record in open_records])
            except ValueError as error:
                self._log(f"WARNING topic {self._topic.name}: batch of {len(open_records)} failed: {error}")
                failed = {record.offset for record in open_records}
            open_records = [record for record in open_records if record.offset in failed]
            if not open_records:
                return True
            if attempt < RETRIES and self._stopping.wait(self._retry_pause * 2**attempt):
                return False
        self._set_aside(partition, open_records)
        return True

    def _invoke(self, payload: bytes) -> Outcome | None:
        assert self._loop is not None
        future = asyncio.run_coroutine_threadsafe(self._pool.invoke_patiently(payload), self._loop)
        while True:
            try:
                return future.result(timeout=0.5)
            except concurrent.futures.TimeoutError:
                if self._stopping.is_set():
                    future.cancel()
                    return None
            except concurrent.futures.CancelledError:
                return None

    def _set_aside(self, partition: TopicPartition, records: Sequence[Any]) -> None:
        """What Lambda writes to an on-failure bucket: where the records stand, and the event that they were."""
        self._log(f"WARNING topic {self._topic.name}: {len(records)} records given up")
        batch = {
            "requestContext": {
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": RETRIES + 1,
                "functionArn": self._pool.function.name,
            },
            "KafkaBatchInfo": {
                "batchSize": len(records),
                "eventSourceArn": ARN,
                "topic": partition.topic,
                "partition": partition.partition,
                "startOffset": records[0].offset,
                "endOffset": records[-1].offset,
            },
            "payload": event(partition, records).decode(),
        }
        self._dead_records.put(batch)


def event(partition: TopicPartition, records: Sequence[Any]) -> bytes:
    """The event that Lambda makes of records of one partition of an MSK cluster."""
    return json.dumps(
        {
            "eventSource": "aws:kafka",
            "eventSourceArn": ARN,
            "bootstrapServers": "127.0.0.1",
            "records": {f"{partition.topic}-{partition.partition}": [_record(each) for each in records]},
        }
    ).encode()


def _record(record: Any) -> dict[str, Any]:
    """Keys and values in base64, headers as lists of signed bytes, as from Java."""
    found: dict[str, Any] = {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "timestampType": "CREATE_TIME",
        "headers": [
            {name: [byte - 256 if byte > 127 else byte for byte in value or b""]}
            for name, value in record.headers
        ],
    }
    for name in ("key", "value"):
        content = getattr(record, name)
        if content is not None:
            found[name] = base64.b64encode(content).decode()
    return found


def failures(outcome: Outcome, partition: TopicPartition, offsets: Sequence[int]) -> set[int]:
    """The offsets that a function reports as failed.

    Raises ValueError where the whole batch counts as failed: the function raised, or its answer is no valid report.
    """
    failed = set()
    here = f"{partition.topic}-{partition.partition}"
    for named in reported(outcome):
        offset = (
            named.get("offset") if isinstance(named, Mapping) and named.get("partition") == here else None
        )
        if not isinstance(offset, int) or offset not in offsets:
            raise ValueError(f"batchItemFailures names {named!r}, which is not in the batch")
        failed.add(offset)
    return failed
