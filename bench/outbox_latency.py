"""From the commit of one event to its consumer, on an idle local system: nudge, relay function, Kafka."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

from bench.report import Row
from local import kafka_brokers as brokers
from local.aws import client_for
from local.running import throwaway
from sextant.ids import TenantId
from sextant.outbox import repository
from sextant.outbox.model import Call, NewEvent
from sextant.outbox.nudge import Nudger
from sextant.storage import Database, DatabaseSettings

EVENTS = 60
TENANT = TenantId("bench")


def commit_to_consumer() -> list[Row]:
    """Each event is stored, committed and nudged for when the one before has arrived and the relay has slept."""
    with tempfile.TemporaryDirectory(prefix="sextant-kafka-") as directory:
        broker, _ = brokers.choose(Path(directory))
        broker.start()
        try:
            brokers.make_topics(broker.bootstrap, "sextant.events", partitions=2)
            environment = {
                "SEXTANT_BUS": "kafka",
                "SEXTANT_KAFKA_BOOTSTRAP": broker.bootstrap,
                "SEXTANT_ROUTES": "*=events",
                # Asleep again before the next event comes, so that it is the nudge that wakes it.
                "SEXTANT_RELAY_LINGER": "0",
                "SEXTANT_RELAY_WATCH": "0.6",
            }
            with (
                throwaway(environment) as system,
                brokers.reading(broker.bootstrap, "sextant.events") as consumer,
            ):
                client = client_for("lambda", system.endpoints.functions)
                nudger = Nudger(
                    lambda: Call(due=True, silent_for=0),
                    lambda: client.invoke(FunctionName="outbox-relay", InvocationType="Event"),
                )
                database = Database.connect(DatabaseSettings(url=system.endpoints.database.app))
                latencies = [_one(database, nudger, consumer) for _ in range(EVENTS)][5:]
                database.close()
        finally:
            broker.kill()
    return [
        Row("commit to consumer on an idle system, p50", "ms", median(latencies), target=150, better="lower"),
        Row(
            "commit to consumer on an idle system, p95", "ms", quantiles(latencies, n=20)[-1], better="lower"
        ),
    ]


def _one(database: Database, nudger: Nudger, consumer: object) -> float:
    """Milliseconds from the commit until the consumer has the event."""
    time.sleep(1.0)
    with database.transaction(TENANT) as session:
        [event_id] = repository.enqueue(session, [NewEvent("bench", {"n": 1})])
    committed = time.perf_counter()
    nudger.nudge()
    deadline = committed + 30
    while time.perf_counter() < deadline:
        for records in consumer.poll(timeout_ms=1000).values():  # type: ignore[attr-defined]
            arrived = time.perf_counter()
            for record in records:
                if UUID(dict(record.headers)["event-id"].decode()) == event_id:
                    return (arrived - committed) * 1000
    raise RuntimeError("the event did not arrive")
