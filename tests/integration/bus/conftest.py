"""The two brokers: real SQS messages in the local AWS, and a real Kafka broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from local import kafka_brokers as brokers
from local.aws import LocalAws
from tests.integration.bus.faults import FaultProxy
from tests.integration.bus.rigs import KafkaRig, Rig, SqsRig
from tests.integration.outbox.conftest import outbox, outbox_database  # noqa: F401 - fixtures, shared

_chosen: list[str] = []


@pytest.fixture(scope="session")
def kafka_proxy() -> Iterator[FaultProxy]:
    """The way by which clients reach the broker."""
    proxy = FaultProxy()
    yield proxy
    proxy.close()


@pytest.fixture(scope="session")
def kafka(home: Path, kafka_proxy: FaultProxy) -> Iterator[brokers.Broker]:
    """Apache Kafka where Java and Maven are, else Tansu; the summary of the tests says which and why."""
    broker, why = brokers.choose(home / "kafka", advertised=kafka_proxy.port)
    _chosen.append(f"Kafka tests ran against {broker.name}: {why}")
    broker.start()
    kafka_proxy.target = ("127.0.0.1", broker.port)
    yield broker
    broker.kill()


@pytest.fixture(params=["sqs", "sqs-fifo", "kafka"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    """Each publisher in turn."""
    made: Rig
    if request.param == "kafka":
        made = KafkaRig.make(request.getfixturevalue("kafka"), request.getfixturevalue("kafka_proxy"))
    else:
        aws: LocalAws = request.getfixturevalue("aws")
        monkeypatch = request.getfixturevalue("monkeypatch")
        for name, value in aws.variables().items():
            monkeypatch.setenv(name, value)
        made = SqsRig.make(aws, fifo=request.param == "sqs-fifo")
    yield made
    made.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for line in _chosen:
        terminalreporter.write_line(line)
