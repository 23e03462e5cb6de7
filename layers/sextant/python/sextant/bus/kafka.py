"""Publishes to Kafka with an idempotent producer: every record acknowledged by all replicas, or not sent.

The record's key is `tenant:dedupe_key`, its partition follows from the tenant alone, so a tenant's events stay
in order. What kafka-python 3 asks of its user is kept here:

- The producer retries by itself, in order and without duplicates, until this publisher's deadline. Then it is
  thrown away whole, so that nothing of it can be sent behind what failed.
- An error that no retry cures poisons an idempotent producer, and innocent records still in it fail with the same
  error. So it is thrown away too; and where the error lies in a record (too large, no permission for its topic), what
  failed is sent once more, record by record: then each shows what it is.
- By itself it goes on after some such errors (the broker has lost what it knew of the producer) with a new epoch, and
  sends what comes behind the batch that failed. Here every batch that fails is fatal, so that nothing overtakes it.
- Metadata without a topic do not say that the broker lacks it: they are also what a broker answers that has not been
  asked for it yet, or while its leader is elected. So the broker is asked for that topic before a record is refused.
- An acknowledged record may report offset -1: only the future's success counts.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from kafka import KafkaProducer
from kafka import errors as kafka_errors
from kafka.admin import KafkaAdminClient
from kafka.net.compat import KafkaNetClient
from kafka.partitioner import Partitioner, murmur2
from kafka.producer.transaction_manager import TransactionManager

from sextant.bus.message import SENT, UNTRIED, OutboundMessage, Outcome
from sextant.bus.routing import Routes
from sextant.config import Settings, choice, count, optional, parsed, text

logger = logging.getLogger("sextant.bus")

_MISSING_FOR = 30.0
"""Seconds before a topic that the broker does not have is looked up again."""

_PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
_MECHANISMS = ("AWS_MSK_IAM", "SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
_COMPRESSIONS = ("snappy", "lz4", "zstd", "gzip", "none")

_REFUSED = (
    kafka_errors.InvalidRecordError,
    kafka_errors.InvalidTimestampError,
    kafka_errors.InvalidTopicError,
    kafka_errors.MessageSizeTooLargeError,
    kafka_errors.PolicyViolationError,
    kafka_errors.RecordListTooLargeError,
    kafka_errors.TopicAuthorizationFailedError,
    kafka_errors.UnsupportedForMessageFormatError,
)
"""Errors that lie in the record or its topic; all others lie in the broker or on the way to it."""


def _addresses(given: str) -> tuple[str, ...]:
    addresses = tuple(filter(None, (part.strip() for part in given.split(","))))
    if not addresses:
        raise ValueError
    return addresses


@dataclass(frozen=True)
class KafkaSettings(Settings):
    """How the brokers are reached; times are seconds."""

    bootstrap: tuple[str, ...] = parsed(
        "SEXTANT_KAFKA_BOOTSTRAP", "The brokers to ask first", "`host:port,…`", _addresses
    )
    prefix: str = text(
        "SEXTANT_KAFKA_PREFIX", "Goes before the channel's name to make the topic's", "sextant."
    )
    security: str = choice(
        "SEXTANT_KAFKA_SECURITY",
        "How to connect; SASL_SSL where the mechanism is AWS_MSK_IAM",
        "PLAINTEXT",
        _PROTOCOLS,
    )
    mechanism: str | None = choice("SEXTANT_KAFKA_MECHANISM", "How to sign in", None, _MECHANISMS)
    username: str | None = optional("SEXTANT_KAFKA_USERNAME", "The user of SCRAM or PLAIN")
    password: str | None = optional("SEXTANT_KAFKA_PASSWORD", "The password of SCRAM or PLAIN", secret=True)
    ca_file: str | None = optional("SEXTANT_KAFKA_CA_FILE", "Certificates to trust")
    cert_file: str | None = optional("SEXTANT_KAFKA_CERT_FILE", "Our certificate")
    key_file: str | None = optional("SEXTANT_KAFKA_KEY_FILE", "Our certificate's key")
    compression: str = choice("SEXTANT_KAFKA_COMPRESSION", "Of the records", "snappy", _COMPRESSIONS)
    partitions: int = count(
        "SEXTANT_KAFKA_PARTITIONS",
        "Of each topic that a deployment makes; 0 where the topics are somebody else's and must exist",
        0,
        least=0,
    )
    linger: float = 0.005
    request_timeout: float = 4.0
    connect_timeout: float = 5.0
    max_request_bytes: int = count(
        "SEXTANT_KAFKA_MAX_REQUEST_BYTES", "The largest record, in bytes", 1024 * 1024, least=1
    )
    max_idle: float = 240.0
    """A producer unused for longer is made anew: a frozen environment's connections are gone without a sign."""

    @property
    def protocol(self) -> str:
        """Kafka's name of the way to connect: IAM goes through TLS whatever is said."""
        implied = self.mechanism == "AWS_MSK_IAM" and self.security == "PLAINTEXT"
        return "SASL_SSL" if implied else self.security

    def _connection(self) -> dict[str, Any]:
        """How any client reaches the brokers and signs in."""
        config: dict[str, Any] = {
            "bootstrap_servers": list(self.bootstrap),
            "request_timeout_ms": round(self.request_timeout * 1000),
            "bootstrap_timeout_ms": round(self.connect_timeout * 1000),
            "security_protocol": self.protocol,
        }
        optional = {
            "sasl_mechanism": self.mechanism,
            "sasl_plain_username": self.username,
            "sasl_plain_password": self.password,
            "ssl_cafile": self.ca_file,
            "ssl_certfile": self.cert_file,
            "ssl_keyfile": self.key_file,
        }
        return config | {name: value for name, value in optional.items() if value is not None}

    def admin_config(self) -> dict[str, Any]:
        """What KafkaAdminClient is made with."""
        return {**self._connection(), "client_id": "sextant-deployment"}

    def producer_config(self) -> dict[str, Any]:
        """What KafkaProducer is made with."""
        return {
            **self._connection(),
            "client_id": "sextant-outbox",
            "acks": "all",
            "enable_idempotence": True,
            "compression_type": None if self.compression == "none" else self.compression,
            "linger_ms": round(self.linger * 1000),
            "batch_size": 131_072,
            "max_request_size": self.max_request_bytes,
            # Beyond any deadline a caller gives: it is the caller's that ends the retries.
            "delivery_timeout_ms": 600_000,
            "max_block_ms": round(self.request_timeout * 1000),
            "reconnect_backoff_max_ms": 1_000,
            "metrics_enabled": False,
            # A topic is made by the deployment; one that a typo names must fail, not come into being.
            "allow_auto_create_topics": False,
            "partitioner": TenantPartitioner(),
        }


class TenantPartitioner(Partitioner):  # type: ignore[misc]
    """The partition that murmur2, as in Kafka's own clients, gives for the tenant before the key's colon."""

    def partition(self, topic: str, *rest: Any) -> int:
        _, serialized_key, _, _, cluster = rest
        partitions = sorted(cluster.partitions_for_topic(topic))
        chosen: int = partitions[_hashed(serialized_key.partition(b":")[0]) % len(partitions)]
        return chosen


def connected(make: Callable[..., Any], config: Mapping[str, Any]) -> Any:
    """A producer or an admin client of `config`; one that cannot bootstrap would leave its sockets behind."""
    clients: list[KafkaNetClient] = []

    def client(**settings: Any) -> KafkaNetClient:
        clients.append(KafkaNetClient(**settings))
        return clients[-1]

    try:
        return make(kafka_client=client, **config)
    except BaseException:
        for one in clients:
            one.close()
        raise


@lru_cache(maxsize=4096)
def _hashed(tenant: bytes) -> int:
    return int(murmur2(tenant)) & 0x7FFFFFFF


class KafkaPublisher:
    """One producer, made when first needed and again after a fatal error. For one thread."""

    def __init__(
        self, settings: KafkaSettings, routes: Routes, *, make: Callable[..., Any] = KafkaProducer
    ) -> None:
        self._settings = settings
        self._routes = routes
        self._make = make
        self._producer: Any = None
        self._used_at = 0.0
        self._missing: dict[str, float] = {}

    def submit(self, messages: Sequence[OutboundMessage], deadline: float) -> KafkaSubmission:
        return KafkaSubmission(self, messages, deadline)

    def close(self) -> None:
        """Flush and close; what is not acknowledged within a moment is given up."""
        if self._producer is not None:
            try:
                self._producer.flush(timeout=2)
            except kafka_errors.KafkaError:
                logger.warning("records were not acknowledged before the producer closed")
            self.discard(self._producer)

    # For submissions ----------------------------------------------------------------------------------

    def topic(self, message: OutboundMessage) -> str | None:
        channel = self._routes.channel(message.topic)
        return None if channel is None else f"{self._settings.prefix}{channel}"

    def producer(self) -> Any:
        """The live producer; raises a KafkaError when no broker answers."""
        now = time.monotonic()
        if self._producer is not None and now - self._used_at > self._settings.max_idle:
            self.discard(self._producer)
        if self._producer is None:
            self._producer = self._open()
        self._used_at = now
        return self._producer

    def _open(self) -> Any:
        producer = connected(self._make, self._settings.producer_config())
        producer._transaction_manager.classify_batch_error = _fatal  # noqa: SLF001 - there is no setting for it
        return producer

    def is_missing(self, topic: str) -> bool:
        """Whether the broker said a moment ago that it has no such topic: asking takes seconds."""
        return time.monotonic() < self._missing.get(topic, 0.0)

    def is_unknown(self, topic: str) -> bool:
        """Whether the broker says that it has no such topic; not where it does not answer. Remembered for a while."""
        try:
            admin = connected(KafkaAdminClient, self._settings.admin_config())
            try:
                [described] = admin.describe_topics([topic])
            finally:
                admin.close()
        except (kafka_errors.KafkaError, OSError) as error:
            logger.warning(
                "the broker does not say whether it has a topic", exc_info=error, extra={"topic": topic}
            )
            return False
        unknown: bool = described["error_code"] == kafka_errors.UnknownTopicOrPartitionError.errno
        if unknown:
            self._missing[topic] = time.monotonic() + _MISSING_FOR
        return unknown

    def discard(self, producer: Any) -> None:
        """Throw `producer` away at once, if that has not been done: nothing of it is sent from now on."""
        if producer is not self._producer:
            return
        self._producer = None
        # close(timeout=0) waits for nothing but raises before it stops the sender, so the sender is stopped first.
        producer._sender.force_close()  # noqa: SLF001
        producer._sender.join(timeout=5)  # noqa: SLF001
        producer.close(timeout=0)


class KafkaSubmission:
    """Records handed to a producer, and what became of them."""

    def __init__(
        self, publisher: KafkaPublisher, messages: Sequence[OutboundMessage], deadline: float
    ) -> None:
        self._publisher = publisher
        self._messages = messages
        self._deadline = deadline
        self._outcomes: list[Outcome | None] = [None] * len(messages)
        self._futures: list[Any] = [None] * len(messages)
        self._producer: Any = None
        self._send_all()

    def outcomes(self) -> list[Outcome]:
        if poisoned := self._collect(range(len(self._messages))):
            self._send_singly(poisoned)
        return [outcome or UNTRIED for outcome in self._outcomes]

    def _send_all(self) -> None:
        try:
            self._producer = self._publisher.producer()
        except (kafka_errors.KafkaError, OSError) as error:
            self._outcomes = [_released(error)] * len(self._messages)
            return
        stopped: set[str] = set()
        for place, message in enumerate(self._messages):
            if message.tenant_id in stopped or time.monotonic() >= self._deadline:
                self._outcomes[place] = UNTRIED
                continue
            outcome = self._send(place, message)
            self._outcomes[place] = outcome
            if outcome is not None and outcome.verdict == "released":
                stopped.add(message.tenant_id)

    def _send(self, place: int, message: OutboundMessage) -> Outcome | None:
        """Hand one record to the producer; an outcome only where it was not taken."""
        topic = self._publisher.topic(message)
        if topic is None:
            return Outcome("refused", f"no route for topic {message.topic!r}")
        unknown = Outcome("refused", f"topic {topic!r} is unknown to the broker")
        if self._publisher.is_missing(topic):
            return unknown
        refreshed = _last_metadata(self._producer)
        try:
            self._futures[place] = self._producer.send(
                topic,
                key=message.key.encode(),
                value=message.payload.encode(),
                headers=[(name, value.encode()) for name, value in message.headers.items()],
                timestamp_ms=int(message.created_at.timestamp() * 1000),
            )
        except _REFUSED as error:
            return Outcome("refused", repr(error))
        except kafka_errors.KafkaTimeoutError as error:
            # No metadata came for the topic. If any came at all, the broker is there, and can be asked.
            was_there = _last_metadata(self._producer) != refreshed
            return unknown if was_there and self._publisher.is_unknown(topic) else _released(error)
        except kafka_errors.KafkaError as error:
            return _released(error)
        return None

    def _collect(self, places: Sequence[int]) -> list[int]:
        """Wait for the futures; the places of records that failed beyond retrying, guilty or not."""
        poisoned = []
        failed = late = False
        for place in places:
            future = self._futures[place]
            if future is None or self._outcomes[place] is not None:
                continue
            if not future.is_done and not late:
                with suppress(kafka_errors.KafkaError):
                    future.get(timeout=max(0.0, self._deadline - time.monotonic()))
                if late := not future.is_done:
                    # Everything not acknowledged by now fails together, and nothing more is sent.
                    self._publisher.discard(self._producer)
            if future.succeeded():
                self._outcomes[place] = SENT
                continue
            failed = True
            if isinstance(future.exception, _REFUSED):
                poisoned.append(place)
            else:
                self._outcomes[place] = _released(future.exception)
        if failed:
            # It was fatal: what the producer still held has failed with it by now, and it takes nothing more.
            self._publisher.discard(self._producer)
        return poisoned

    def _send_singly(self, places: list[int]) -> None:
        stopped = {
            message.tenant_id
            for message, outcome in zip(self._messages, self._outcomes, strict=True)
            if outcome is not None and outcome.verdict == "released"
        }
        for place in places:
            message = self._messages[place]
            self._futures[place] = None
            # Each may have reached the broker before its batch failed, so none is `untried`.
            if message.tenant_id in stopped or time.monotonic() >= self._deadline:
                self._outcomes[place] = Outcome("released", "not reached again after the producer failed")
                continue
            try:
                self._producer = self._publisher.producer()
            except (kafka_errors.KafkaError, OSError) as error:
                self._outcomes[place] = _released(error)
                stopped.add(message.tenant_id)
                continue
            self._outcomes[place] = self._send(place, message)
            if self._collect([place]):
                self._outcomes[place] = Outcome("refused", repr(self._futures[place].exception))
            outcome = self._outcomes[place]
            if outcome is not None and outcome.verdict == "released":
                stopped.add(message.tenant_id)


def _fatal(*_: object, **__: object) -> str:
    """What the producer is to make of a batch that failed for good, whatever the error."""
    fatal: str = TransactionManager.ERROR_CLASS_FATAL
    return fatal


def _last_metadata(producer: Any) -> float:
    """When the producer last had metadata from a broker; kafka-python has no public name for it."""
    moment: float = producer._metadata._last_successful_refresh_ms  # noqa: SLF001
    return moment


def _released(error: BaseException | None) -> Outcome:
    return Outcome("released", repr(error) if error is not None else "not acknowledged in time")
