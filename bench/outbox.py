"""The outbox: relay into a real Kafka broker against a bare producer, its database work against two job queues,
enqueueing against pgbench, fairness and flatness as curves, and the latency of one event on an idle system.

What is compared ran alternately in the same run; rates are medians of rounds. Events have about 1 KiB and nine
headers, of 50 tenants in turn.
"""

from __future__ import annotations

import gc
import json
import os
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from time import perf_counter
from uuid import uuid4

from kafka import KafkaProducer

from bench.outbox_curves import fairness, flatness
from bench.outbox_latency import commit_to_consumer
from bench.outbox_rig import TENANTS, NoPublish, Peers, Rig, pgbench, rig
from bench.report import Row, publish
from local import kafka_brokers as brokers
from sextant.bus.kafka import KafkaPublisher, KafkaSettings
from sextant.bus.message import OutboundMessage, Publisher
from sextant.bus.routing import Routes
from sextant.ids import TenantId
from sextant.outbox.relay import Relay, RelaySettings
from sextant.storage import Database

SCALE = float(os.environ.get("BENCH_SCALE", "1"))
"""Below 1 for a quick look; figures to keep are made with 1."""
ROUNDS = 5
EVENTS = int(20_000 * SCALE)
PGQUEUER_JOBS = int(10_000 * SCALE)
PROCRASTINATE_JOBS = int(1_000 * SCALE)
ENQUEUES = int(2_000 * SCALE)

_PGBENCH = """
\\startpipeline
SELECT enter_tenant('bench');
SELECT outbox_enqueue('bench', 'bench', NULL, '{payload}'::jsonb, '{headers}'::jsonb);
\\endpipeline
"""
_HEADERS = {
    "traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    "correlation-id": "c0ffee00",
}
_PAYLOAD = {"n": 1, "text": "x" * 820}


def main() -> None:
    rows: list[Row] = []
    with rig() as made:
        rows += _into_kafka(made)
        rows += _against_queues(made)
        rows += _enqueueing(made)
        rows += fairness(made, SCALE)
        rows += flatness(made, SCALE)
    rows += commit_to_consumer()
    publish("outbox", rows)


def _into_kafka(made: Rig) -> list[Row]:
    """From the database into Kafka, against a producer that has its messages in memory."""
    with tempfile.TemporaryDirectory(prefix="sextant-kafka-") as home:
        broker, why = brokers.choose(Path(home))
        broker.start()
        print(f"broker: {broker.name}: {why}")
        try:
            brokers.make_topics(broker.bootstrap, "ours.bench", "bare.bench", partitions=6)
            settings = KafkaSettings((broker.bootstrap,), prefix="ours.")
            publisher = KafkaPublisher(settings, Routes.parse("*={topic}"))
            ours, bare = _alternate(
                lambda: _relayed(made, publisher), lambda: _produced(settings), rounds=ROUNDS
            )
            publisher.close()
        finally:
            broker.kill()
    return [
        Row(
            "relay from Postgres into Kafka",
            "events/s",
            ours,
            bare,
            "bare kafka-python producer",
            target=0.85,
        )
    ]


def _relayed(made: Rig, publisher: Publisher) -> float:
    made.clear()
    made.backlog(EVENTS)
    relay = Relay(made.platform, publisher, RelaySettings(linger=0))
    gc.collect()
    began = perf_counter()
    report = relay.drain(300)
    seconds = perf_counter() - began
    assert report.sent == EVENTS, report
    return EVENTS / seconds


def _produced(settings: KafkaSettings) -> float:
    """A producer with the relay's acknowledgement, compression and batching, and kafka-python's own partitioner;
    fed with the same messages, which it must turn into bytes as the relay must. Every acknowledgement is awaited.
    """
    config = {name: value for name, value in settings.producer_config().items() if name != "partitioner"}
    messages = [_message(number) for number in range(EVENTS)]
    producer = KafkaProducer(**config)
    producer.partitions_for("bare.bench")
    gc.collect()
    began = perf_counter()
    futures = [
        producer.send(
            "bare.bench",
            key=message.key.encode(),
            value=message.payload.encode(),
            headers=[(name, value.encode()) for name, value in message.headers.items()],
        )
        for message in messages
    ]
    for future in futures:
        future.get(timeout=60)
    seconds = perf_counter() - began
    producer.close()
    return EVENTS / seconds


def _message(number: int) -> OutboundMessage:
    return OutboundMessage(
        tenant_id=f"tenant-{number % TENANTS}",
        event_id=uuid4(),
        topic="bench",
        dedupe_key=str(uuid4()),
        payload=json.dumps({**_PAYLOAD, "n": number}),
        created_at=datetime.now(UTC),
        own_headers=_HEADERS,
    )


def _against_queues(made: Rig) -> list[Row]:
    """Claim and settle with a broker that costs nothing, against two job queues on the same server."""
    peers = Peers()
    url = made.urls.admin
    mine: list[float] = []
    theirs: dict[str, list[float]] = {peer: [] for peer in ("pgqueuer", "pgqueuer_bare", "procrastinate")}
    try:
        for _ in range(ROUNDS + 1):
            mine.append(_relayed(made, NoPublish()))
            for peer, rates in theirs.items():
                jobs = PROCRASTINATE_JOBS if peer == "procrastinate" else PGQUEUER_JOBS
                rates.append(peers.rate(peer, url, jobs))
    finally:
        peers.close()
    ours = median(mine[1:])
    worker, bare, procrastinate = (median(rates[1:]) for rates in theirs.values())
    metric = "relay without a broker"
    return [
        Row(metric, "events/s", ours, worker, "pgqueuer's worker, batches of 100", target=3.0),
        Row(metric, "events/s", ours, bare, "pgqueuer's dequeue and log alone"),
        Row(metric, "events/s", ours, procrastinate, "procrastinate's worker", target=40.0),
    ]


def _enqueueing(made: Rig) -> list[Row]:
    """One event a transaction over one connection, against pgbench doing the same in the same protocol."""
    made.clear()
    script = _PGBENCH.format(payload=json.dumps(_PAYLOAD), headers=json.dumps(_HEADERS))
    ours, bench = _alternate(
        lambda: _enqueued(made.app), lambda: pgbench(made, script, ENQUEUES), rounds=ROUNDS
    )
    return [
        Row("enqueue, one event a transaction", "events/s", ours, bench, "pgbench, same function", target=0.8)
    ]


def _enqueued(database: Database) -> float:
    tenant, query = TenantId("bench"), "SELECT outbox_enqueue(%s, %s, NULL, %s::jsonb, %s::jsonb)"
    params = (tenant, "bench", json.dumps(_PAYLOAD), json.dumps(_HEADERS))
    began = perf_counter()
    for _ in range(ENQUEUES):
        with database.autocommit(tenant) as session:
            session.execute(query, params)
    return ENQUEUES / (perf_counter() - began)


def _alternate(ours: Callable[[], float], other: Callable[[], float], *, rounds: int) -> tuple[float, float]:
    """Medians of both, measured in turn; the first round of each only warms up."""
    pairs = [(ours(), other()) for _ in range(rounds + 1)][1:]
    return median(mine for mine, _ in pairs), median(theirs for _, theirs in pairs)


if __name__ == "__main__":
    main()
