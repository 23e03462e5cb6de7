"""A publisher with its broker behind a proxy, as the conformance tests drive it: one form for SQS and Kafka."""

from __future__ import annotations

import base64
import time
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import uuid4

from local import kafka_brokers as brokers
from local.aws import REGION, LocalAws
from local.event_sources import SourceQueue
from local.event_sources import record as as_record
from local.runtime_api import ACCOUNT
from sextant.bus.events import InboundMessage, parse
from sextant.bus.kafka import KafkaPublisher, KafkaSettings
from sextant.bus.message import Publisher
from sextant.bus.routing import Routes
from sextant.bus.sqs import SqsPublisher
from tests.integration.bus.faults import FaultProxy

ROUTES = Routes.parse("run.*=runs,lost=missing,other=events")
"""`missing` is a channel that the broker does not have; topics beside these have no route."""


class Rig(Protocol):
    """A publisher over a broker of its own channels, empty at first."""

    publisher: Publisher
    proxy: FaultProxy
    ordered: bool
    """Whether what arrives keeps a tenant's order (a standard queue does not)."""
    strict: bool
    """Whether the broker refuses a channel it does not have."""
    too_large: int
    """Bytes that this publisher refuses in one message."""

    def received(self, channel: str, count: int, within: float = 15.0) -> list[InboundMessage]:
        """What arrived, as Lambda's event source mapping would hand it over: at least `count` messages."""
        ...

    def close(self) -> None: ...


def records_in(client: Any, url: str, wait: int = 1) -> list[dict[str, Any]]:
    """The records that an event source mapping would make of what can be seen in a queue within `wait` seconds."""
    answer = client.receive_message(
        QueueUrl=url,
        MaxNumberOfMessages=10,
        WaitTimeSeconds=wait,
        MessageAttributeNames=["All"],
        MessageSystemAttributeNames=["All"],
    )
    queue = SourceQueue(url, f"arn:aws:sqs:{REGION}:{ACCOUNT}:{url.rpartition('/')[2]}", REGION)
    return [as_record(message, queue) for message in answer.get("Messages", [])]


@dataclass
class SqsRig:
    publisher: Publisher
    proxy: FaultProxy
    ordered: bool
    client: Any
    queues: dict[str, str]
    strict: bool = True
    too_large: int = 1024 * 1024 + 1

    @classmethod
    def make(cls, aws: LocalAws, *, fifo: bool) -> SqsRig:
        client = aws.client("sqs")
        suffix, attributes = (".fifo", {"FifoQueue": "true"}) if fifo else ("", {})
        queues = {
            channel: client.create_queue(
                QueueName=f"{channel}-{uuid4().hex[:8]}{suffix}", Attributes=attributes
            )["QueueUrl"]
            for channel in ("runs", "events")
        }
        proxy = FaultProxy()
        proxy.target = ("127.0.0.1", aws.port)
        known = {**queues, "missing": queues["runs"].replace("runs-", "missing-")}
        publisher = SqsPublisher(
            ROUTES,
            known,
            endpoint_url=f"http://127.0.0.1:{proxy.port}",
            connect_timeout=0.5,
            read_timeout=0.5,
        )
        return cls(publisher, proxy, fifo, client, queues)

    def received(self, channel: str, count: int, within: float = 15.0) -> list[InboundMessage]:
        found: list[InboundMessage] = []
        deadline = time.monotonic() + within
        while len(found) < count and time.monotonic() < deadline:
            records = records_in(self.client, self.queues[channel])
            found += parse({"Records": records})
            for record in records:
                self.client.delete_message(
                    QueueUrl=self.queues[channel], ReceiptHandle=record["receiptHandle"]
                )
        return found

    def close(self) -> None:
        self.publisher.close()
        self.client.close()
        self.proxy.close()


@dataclass
class KafkaRig:
    publisher: Publisher
    proxy: FaultProxy
    broker: brokers.Broker
    prefix: str
    strict: bool
    ordered: bool = True
    too_large: int = 1024 * 1024 + 1

    @classmethod
    def make(cls, broker: brokers.Broker, proxy: FaultProxy, **settings: Any) -> KafkaRig:
        """`broker` advertises `proxy`, so that clients come through it; the topics are this rig's own."""
        proxy.mode = "pass"
        prefix = f"t{uuid4().hex[:8]}."
        brokers.make_topics(broker.bootstrap, f"{prefix}runs", f"{prefix}events")
        made = KafkaSettings(
            (broker.bootstrap,), prefix=prefix, request_timeout=1.0, connect_timeout=1.0, **settings
        )
        return cls(KafkaPublisher(made, ROUTES), proxy, broker, prefix, broker.strict)

    def received(self, channel: str, count: int, within: float = 15.0) -> list[InboundMessage]:
        return parse(self.event(channel, count, within))

    def event(self, channel: str, count: int, within: float = 15.0) -> dict[str, Any]:
        groups: dict[str, list[dict[str, Any]]] = {}
        deadline = time.monotonic() + within
        with brokers.reading(self.broker.bootstrap, self.prefix + channel) as consumer:
            while sum(map(len, groups.values())) < count and time.monotonic() < deadline:
                for partition, records in consumer.poll(timeout_ms=200).items():
                    groups.setdefault(f"{partition.topic}-{partition.partition}", []).extend(
                        map(_record, records)
                    )
        return {"eventSource": "aws:kafka", "bootstrapServers": self.broker.bootstrap, "records": groups}

    def close(self) -> None:
        self.proxy.mode = "pass"
        self.publisher.close()


def _record(record: Any) -> dict[str, Any]:
    """A consumed record as the mapping encodes it."""
    return {
        "topic": record.topic,
        "partition": record.partition,
        "offset": record.offset,
        "timestamp": record.timestamp,
        "timestampType": "CREATE_TIME",
        "key": base64.b64encode(record.key).decode(),
        "value": base64.b64encode(record.value).decode(),
        "headers": [{name: list(value)} for name, value in record.headers],
    }
