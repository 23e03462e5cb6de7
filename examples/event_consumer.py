"""A consumer of Sextant's events that applies each of them once, whatever is repeated or killed. `docs/events.md` explains it.

    python event_consumer.py --database events.sqlite kafka --bootstrap broker:9092 --topic sextant.events
    python event_consumer.py --database events.sqlite sqs --queue https://sqs…/my-events

Needs kafka-python or boto3. SQLite stands for the database in which you keep what the events change.
"""

from __future__ import annotations

import argparse
import json
import signal
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SCHEMA = """
CREATE TABLE IF NOT EXISTS applied (source TEXT, id TEXT, PRIMARY KEY (source, id));
CREATE TABLE IF NOT EXISTS unreadable (reason TEXT, headers TEXT, body TEXT);
CREATE TABLE IF NOT EXISTS ended_run (run_id TEXT PRIMARY KEY, tenant TEXT, state TEXT, rows INTEGER);
"""


@dataclass(frozen=True)
class Event:
    """An event as any CloudEvents library would show it, and its tenant."""

    source: str
    id: str
    type: str
    tenant: str | None
    data: dict[str, Any]

    @classmethod
    def read(cls, headers: Mapping[str, str], body: str | bytes) -> Event:
        """Raises ValueError or KeyError for what is no event of ours; it will be none however often it comes."""
        data = json.loads(body)
        if headers["ce_specversion"] != "1.0" or not isinstance(data, dict):
            raise ValueError("no CloudEvent 1.0 with an object as its data")
        return cls(headers["ce_source"], headers["ce_id"], headers["ce_type"], headers.get("tenant-id"), data)


class Inbox:
    """What was applied already, in the database of what is applied: both change in one transaction."""

    def __init__(self, path: str) -> None:
        self._database = sqlite3.connect(path)
        self._database.executescript(SCHEMA)

    def take(self, headers: Mapping[str, str], body: str | bytes) -> None:
        """Apply a message, unless it was applied before. When this returns, the message may be acknowledged."""
        with self._database as transaction:
            try:
                event = Event.read(headers, body)
            except (ValueError, KeyError) as error:
                # Kept for a person. Raising would bring it again for ever, and stop all that is behind it.
                text = body if isinstance(body, str) else body.decode(errors="replace")
                transaction.execute(
                    "INSERT INTO unreadable VALUES (?, ?, ?)", (repr(error), json.dumps(dict(headers)), text)
                )
                return
            first = transaction.execute(
                "INSERT INTO applied VALUES (?, ?) ON CONFLICT DO NOTHING", (event.source, event.id)
            )
            if first.rowcount:
                apply(transaction, event)


def apply(transaction: sqlite3.Connection, event: Event) -> None:
    """What the events mean here; types and fields that are unknown are passed by, for more of them will come."""
    if event.type in ("sextant.run.completed", "sextant.run.failed", "sextant.run.cancelled"):
        transaction.execute(
            "INSERT INTO ended_run VALUES (?, ?, ?, ?)",
            (event.data["run_id"], event.tenant, event.data["state"], event.data.get("rows")),
        )


class Stop:
    """Becomes true at SIGTERM or Ctrl-C, so that the loops end between two batches."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, *_: object) -> None:
        self._asked = True

    def __bool__(self) -> bool:
        return self._asked


def consume_kafka(bootstrap: str, topic: str, group: str, inbox: Inbox, stop: Stop) -> None:
    """A consumer group of your own: it takes nothing away from Sextant's."""
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=bootstrap.split(","),
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        # Seconds of silence after which another of the group takes over what a dead one held.
        session_timeout_ms=6_000,
        heartbeat_interval_ms=2_000,
    )
    while not stop:
        for records in consumer.poll(timeout_ms=500).values():
            for record in records:
                inbox.take({name: value.decode() for name, value in record.headers}, record.value)
        # Only after the batch is applied: who dies before this gets it again, and the inbox knows what it had.
        consumer.commit()
    consumer.close()


def consume_sqs(queue: str, inbox: Inbox, stop: Stop) -> None:
    """A queue of your own: a message that is deleted here is gone for everybody."""
    import boto3

    client = boto3.client("sqs")
    while not stop:
        answer = client.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2, MessageAttributeNames=["All"]
        )
        for message in answer.get("Messages", []):
            attributes = {
                name: value["StringValue"] for name, value in message.get("MessageAttributes", {}).items()
            }
            # SQS takes ten attributes; the headers beyond the most important share one.
            headers = {**json.loads(attributes.pop("headers", "{}")), **attributes}
            inbox.take(headers, message["Body"])
            client.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--database", required=True, help="the SQLite file")
    buses = parser.add_subparsers(dest="bus", required=True)
    kafka = buses.add_parser("kafka")
    kafka.add_argument("--bootstrap", required=True)
    kafka.add_argument("--topic", default="sextant.events")
    kafka.add_argument("--group", default="my-consumer")
    sqs = buses.add_parser("sqs")
    sqs.add_argument("--queue", required=True)
    options = parser.parse_args()
    inbox, stop = Inbox(options.database), Stop()
    if options.bus == "kafka":
        consume_kafka(options.bootstrap, options.topic, options.group, inbox, stop)
    else:
        consume_sqs(options.queue, inbox, stop)


if __name__ == "__main__":
    main()
