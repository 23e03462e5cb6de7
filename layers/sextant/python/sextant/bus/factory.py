"""Which bus: `SEXTANT_BUS` is `sqs` (the default) or `kafka`."""

from __future__ import annotations

from collections.abc import Mapping

from sextant.bus.message import Publisher


def publisher_from_env(env: Mapping[str, str]) -> Publisher:
    """The publisher that the environment asks for; only its client library is imported."""
    bus = env.get("SEXTANT_BUS", "sqs")
    if bus == "sqs":
        from sextant.bus.sqs import SqsPublisher

        return SqsPublisher.from_env(env)
    if bus == "kafka":
        from sextant.bus.kafka import KafkaPublisher

        return KafkaPublisher.from_env(env)
    raise ValueError(f"SEXTANT_BUS is {bus!r}: neither 'sqs' nor 'kafka'")
