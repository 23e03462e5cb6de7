"""What is Kafka's own: partitions, poisoned producers, injected broker errors, settings."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest
from kafka import KafkaProducer

from local.kafka_brokers import Broker, make_topics, reading
from sextant.bus.events import consume
from sextant.bus.kafka import KafkaPublisher, KafkaSettings
from sextant.bus.message import OutboundMessage, Outcome
from tests.integration.bus import mock_cluster
from tests.integration.bus.faults import FaultProxy
from tests.integration.bus.mock_cluster import API_VERSION, MockCluster
from tests.integration.bus.rigs import ROUTES, KafkaRig
from tests.integration.bus.test_conformance import message, numbers, publish, verdicts


@pytest.fixture
def rig(kafka: Broker, kafka_proxy: FaultProxy) -> Iterator[KafkaRig]:
    made = KafkaRig.make(kafka, kafka_proxy)
    yield made
    made.close()


class TestRecords:
    def test_a_tenants_events_share_a_partition_and_tenants_spread(self, rig: KafkaRig) -> None:
        publish(rig, [message(n, f"tenant-{n % 20}") for n in range(200)])
        partitions: dict[str, set[int]] = {}
        with reading(rig.broker.bootstrap, f"{rig.prefix}runs") as consumer:
            seen = 0
            while seen < 200:
                for records in consumer.poll(timeout_ms=500).values():
                    for record in records:
                        tenant = record.key.decode().partition(":")[0]
                        partitions.setdefault(tenant, set()).add(record.partition)
                        seen += 1
        assert all(len(found) == 1 for found in partitions.values())
        assert len(set.union(*partitions.values())) == 4

    def test_the_key_and_the_time_are_the_events(self, rig: KafkaRig) -> None:
        sent = message(1)
        publish(rig, [sent])
        with reading(rig.broker.bootstrap, f"{rig.prefix}runs") as consumer:
            [[record]] = consumer.poll(timeout_ms=10_000).values()
        assert record.key == f"acme:{sent.dedupe_key}".encode()
        assert record.timestamp == int(sent.created_at.timestamp() * 1000)

    @pytest.mark.parametrize("compression", ["none", "snappy", "lz4", "zstd", "gzip"])
    def test_every_compression_is_readable(
        self, kafka: Broker, kafka_proxy: FaultProxy, compression: str
    ) -> None:
        rig = KafkaRig.make(kafka, kafka_proxy, compression=compression)
        assert set(verdicts(publish(rig, [message(n) for n in range(20)]))) == {"sent"}
        assert numbers(rig.received("runs", 20)) == list(range(20))
        rig.close()

    def test_a_worker_takes_them_from_the_event_source_mapping(self, rig: KafkaRig) -> None:
        publish(rig, [message(n) for n in range(4)])
        event = rig.event("runs", 4)

        def work(one: object) -> None:
            if one.data["n"] == 2:  # type: ignore[attr-defined]
                raise RuntimeError

        failed = consume(event, work)["batchItemFailures"]
        offsets = [item["itemIdentifier"]["offset"] for item in failed]  # type: ignore[index]
        assert offsets == [2, 3]


class TestPoison:
    def test_what_the_broker_finds_too_large_takes_no_innocent_with_it(
        self, kafka: Broker, kafka_proxy: FaultProxy
    ) -> None:
        # Given a topic that takes less than the producer would send
        rig = KafkaRig.make(kafka, kafka_proxy, compression="none")
        make_topics(kafka.bootstrap, f"{rig.prefix}small", configs={"max.message.bytes": "20000"})
        rig.publisher._routes = type(ROUTES).parse("run.*=small")  # type: ignore[attr-defined]
        large = json.dumps({"n": 5, "x": "x" * 30_000})
        messages = [
            message(n, f"tenant-{n % 3}", **({"payload": large} if n == 5 else {})) for n in range(12)
        ]
        outcomes = publish(rig, messages)
        # Then that record alone is refused, and each other arrives, in its tenant's order
        if not kafka.strict:
            assert set(verdicts(outcomes)) == {"sent"}
            rig.close()
            return
        assert verdicts(outcomes) == ["refused" if n == 5 else "sent" for n in range(12)]
        assert "TooLarge" in outcomes[5].error
        found = [one for one in rig.received("small", 11) if one.tenant_id == "tenant-2"]
        assert list(dict.fromkeys(numbers(found))) == [2, 8, 11]
        # And the publisher goes on with a producer of good health
        assert verdicts(publish(rig, [message(20)])) == ["sent"]
        rig.close()


class TestOrder:
    def test_nothing_overtakes_a_batch_that_failed_for_good(self, rig: KafkaRig) -> None:
        # Given a broker that does not know how far the producer has come, as after it lost records
        publish(rig, [message(0)])
        manager = rig.publisher._producer._transaction_manager  # type: ignore[attr-defined]
        for partition in list(manager._sequence_numbers):
            manager.set_sequence_number(partition, 1_000)
        # When a tenant has more than one batch holds
        messages = [message(n, payload=json.dumps({"n": n, "x": "x" * 900})) for n in range(1, 400)]
        outcomes = publish(rig, messages)
        # Then with the first batch all others wait, and arrive once, in order
        assert verdicts(outcomes) == ["released"] * 399
        assert "OutOfOrderSequenceNumber" in outcomes[0].error
        assert set(verdicts(publish(rig, messages))) == {"sent"}
        assert numbers(rig.received("runs", 400)) == list(range(400))


class MockRig:
    """A publisher over librdkafka's mock cluster."""

    def __init__(self) -> None:
        self.cluster = MockCluster("t.runs", "t.events")
        self.made = 0
        settings = KafkaSettings(
            (self.cluster.bootstrap,), prefix="t.", request_timeout=1.0, connect_timeout=2.0
        )
        self.publisher = KafkaPublisher(settings, ROUTES, make=self._make)

    def _make(self, **config: Any) -> KafkaProducer:
        self.made += 1
        return KafkaProducer(**config, api_version=API_VERSION)

    def publish(self, messages: list[OutboundMessage], seconds: float = 5.0) -> list[Outcome]:
        return self.publisher.submit(messages, time.monotonic() + seconds).outcomes()


@pytest.fixture
def mock() -> Iterator[MockRig]:
    made = MockRig()
    yield made
    made.publisher.close()
    made.cluster.close()


class TestInjectedErrors:
    @pytest.mark.parametrize(
        "error",
        [
            mock_cluster.NOT_LEADER,
            mock_cluster.REQUEST_TIMED_OUT,
            mock_cluster.NOT_ENOUGH_REPLICAS,
            mock_cluster.TRANSPORT,
        ],
    )
    def test_a_passing_error_is_retried_by_the_producer(self, mock: MockRig, error: int) -> None:
        mock.cluster.answer(error, error)
        assert verdicts(mock.publish([message(n) for n in range(5)])) == ["sent"] * 5
        assert mock.made == 1

    def test_one_that_lasts_releases_everything_at_the_deadline(self, mock: MockRig) -> None:
        mock.cluster.answer(*[mock_cluster.NOT_LEADER] * 1000)
        began = time.monotonic()
        assert verdicts(mock.publish([message(n) for n in range(5)], seconds=1.0)) == ["released"] * 5
        assert time.monotonic() - began < 3
        # And with the broker well again, a new producer delivers
        mock.cluster.clear()
        assert verdicts(mock.publish([message(n) for n in range(5)])) == ["sent"] * 5
        assert mock.made == 2

    @pytest.mark.parametrize(
        "error",
        [
            mock_cluster.MESSAGE_TOO_LARGE,
            mock_cluster.TOPIC_AUTHORIZATION_FAILED,
            mock_cluster.INVALID_RECORD,
        ],
    )
    def test_one_beyond_retrying_is_sorted_out_with_new_producers(self, mock: MockRig, error: int) -> None:
        # Given a single record refused, and refused again when it is sent alone
        mock.cluster.answer(error, error)
        assert verdicts(mock.publish([message(1)])) == ["refused"]
        # Then the poisoned producers are gone and the next record is sent
        assert verdicts(mock.publish([message(2)])) == ["sent"]
        assert mock.made == 3

    def test_innocents_that_fell_with_a_poisoned_producer_are_sent(self, mock: MockRig) -> None:
        # Given an error that hits the first batch only; the others fail with it
        mock.cluster.answer(mock_cluster.TOPIC_AUTHORIZATION_FAILED)
        messages = [message(n, f"tenant-{n}", "run.requested" if n % 2 else "other") for n in range(20)]
        assert verdicts(mock.publish(messages)) == ["sent"] * 20

    def test_after_an_error_of_unknown_kind_everything_waits_and_a_new_producer_delivers(
        self, mock: MockRig
    ) -> None:
        # Given an error that is neither retried nor the record's: the producer takes nothing more
        mock.cluster.answer(mock_cluster.UNKNOWN)
        assert verdicts(mock.publish([message(n) for n in range(5)])) == ["released"] * 5
        # Then the next records find another
        assert verdicts(mock.publish([message(n) for n in range(5)])) == ["sent"] * 5
        assert mock.made == 2

    def test_a_topic_whose_leader_is_elected_is_waited_for(self, mock: MockRig) -> None:
        # Given a broker that answers, and that has no leader yet for a topic nobody sent to before
        mock.cluster.describe("t.runs", mock_cluster.LEADER_NOT_AVAILABLE)
        # Then its record is not refused: it would leave its tenant's order
        assert verdicts(mock.publish([message(1)], seconds=3.0)) == ["released"]
        mock.cluster.describe("t.runs", 0)
        assert verdicts(mock.publish([message(1)])) == ["sent"]

    def test_without_the_right_to_produce_at_all_everything_waits(self, mock: MockRig) -> None:
        error = mock_cluster.CLUSTER_AUTHORIZATION_FAILED
        mock.cluster.answer(*[error] * 100, request=mock_cluster.INIT_PRODUCER_ID)
        assert verdicts(mock.publish([message(1), message(2)], seconds=1.5)) == ["released"] * 2

    def test_a_producer_unused_for_long_is_made_anew(self, mock: MockRig) -> None:
        mock.publish([message(1)])
        mock.publisher._used_at -= 10_000
        assert verdicts(mock.publish([message(2)])) == ["sent"]
        assert mock.made == 2


class TestSettings:
    def test_what_a_deployment_with_msk_and_iam_says(self) -> None:
        settings = KafkaSettings.from_env(
            {
                "SEXTANT_KAFKA_BOOTSTRAP": "b-1:9098, b-2:9098",
                "SEXTANT_KAFKA_MECHANISM": "AWS_MSK_IAM",
                "SEXTANT_KAFKA_PREFIX": "prod.",
            }
        )
        config = settings.producer_config()
        assert config["bootstrap_servers"] == ["b-1:9098", "b-2:9098"]
        assert (config["security_protocol"], config["sasl_mechanism"]) == ("SASL_SSL", "AWS_MSK_IAM")
        assert (config["acks"], config["enable_idempotence"]) == ("all", True)

    def test_scram_over_tls_with_a_private_authority(self) -> None:
        settings = KafkaSettings.from_env(
            {
                "SEXTANT_KAFKA_BOOTSTRAP": "b:9096",
                "SEXTANT_KAFKA_SECURITY": "SASL_SSL",
                "SEXTANT_KAFKA_MECHANISM": "SCRAM-SHA-512",
                "SEXTANT_KAFKA_USERNAME": "relay",
                "SEXTANT_KAFKA_PASSWORD": "secret",
                "SEXTANT_KAFKA_CA_FILE": "/ca.pem",
                "SEXTANT_KAFKA_COMPRESSION": "none",
            }
        )
        config = settings.producer_config()
        assert config["sasl_plain_username"] == "relay"
        assert config["ssl_cafile"] == "/ca.pem"
        assert config["compression_type"] is None
        assert "secret" not in repr(settings)

    def test_the_producer_takes_every_setting_we_know(self) -> None:
        settings = KafkaSettings(
            ("b:1",), mechanism="PLAIN", username="u", password="p", ca_file="c", cert_file="d", key_file="k"
        )
        assert set(settings.producer_config()) <= set(KafkaProducer.DEFAULT_CONFIG)

    def test_retries_end_at_our_deadline_not_at_kafkas(self) -> None:
        config = KafkaSettings(("b:1",)).producer_config()
        assert config["delivery_timeout_ms"] > config["linger_ms"] + config["request_timeout_ms"]
