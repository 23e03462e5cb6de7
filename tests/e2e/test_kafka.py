"""The main job with Kafka as the bus: published to a real broker, read from it by the worker."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from local.kafka_brokers import reading
from local.running import RunningSystem, running
from local.state import forget
from tests.e2e.test_main_job import create, finished_run
from tests.waiting import until


@pytest.fixture(scope="module")
def on_kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    home = tmp_path_factory.mktemp("on-kafka")
    with running(home, environment={"SEXTANT_BUS": "kafka"}) as started:
        yield started
    forget(home, keep_logs=True)


def headers_of(system: RunningSystem, topic: str, run: str) -> dict[str, str] | None:
    """The headers of the first record about a run in a topic."""
    with reading(system.endpoints.kafka, topic) as consumer:
        ends = consumer.end_offsets(list(consumer.assignment()))
        while any(consumer.position(partition) < end for partition, end in ends.items()):
            for records in consumer.poll(timeout_ms=500).values():
                for record in records:
                    if run.encode() in record.value:
                        return {name: value.decode() for name, value in record.headers}
    return None


def test_a_run_goes_through_kafka_and_carries_its_correlation(on_kafka: RunningSystem) -> None:
    with on_kafka.client("acme") as client:
        scenario = create(client)
        asked = client.post(
            f"/v1/scenarios/{scenario}/run", json={}, headers={"X-Correlation-ID": "by-way-of-kafka"}
        )
        run: str = asked.json()["data"]["id"]
        assert finished_run(client, scenario, run)["state"] == "SUCCEEDED"

    requested = headers_of(on_kafka, "sextant.runs", run)
    assert requested is not None
    assert (requested["correlation-id"], requested["tenant-id"]) == ("by-way-of-kafka", "acme")
    assert (requested["event-topic"], requested["dedupe-key"]) == ("run.requested", f"run:{run}:0")

    def completed() -> dict[str, str] | None:
        return headers_of(on_kafka, "sextant.events", run)

    told = until(completed, within=30)
    assert (told["event-topic"], told["correlation-id"]) == ("run.completed", "by-way-of-kafka")
    waiting: dict[str, Any] = on_kafka.aws_client("sqs").get_queue_attributes(
        QueueUrl=on_kafka.queue_url("runs"), AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert waiting["Attributes"]["ApproximateNumberOfMessages"] == "0"
