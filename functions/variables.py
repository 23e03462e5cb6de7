"""What a function is told by its environment, and whom it may invoke: derived from its declaration.

`local/` and `infra/` both derive it here, each with its own `Place`: where the things are that a variable names. So a
function that reads what it does not declare lacks it on a laptop too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from functions.declaration import (
    API,
    MIGRATE,
    OUTBOX_RELAY,
    WEBHOOK_SENDER,
    Function,
    QueueTrigger,
)

PLATFORM = "sextant_platform"
"""The database role that sees every tenant."""
LONGEST = 4096
"""What Lambda takes of a function's variables: names and values together, in bytes."""


@dataclass(frozen=True)
class Place:
    """Where a deployment's things are; each value may be a reference that is resolved later."""

    stage: str
    bus: str
    """`sqs` or `kafka`."""
    log_level: str
    database: Mapping[str, str]
    """How one signs in, beside the URL."""
    database_url: Callable[[str], str]
    """By role."""
    queue_url: Callable[[str], str]
    """By the queue's name."""
    function_name: Callable[[str], str]
    """What a function's callers name."""
    idempotency_table: str
    alert_topic: str
    webhook_key: str
    """The key that seals the secrets of webhooks."""
    lake: Mapping[str, str]
    """Where the table is and what keeps its present version."""
    kafka: Mapping[str, str] = field(default_factory=dict)
    """How the brokers are reached, with Kafka as the bus."""
    topics: Mapping[str, str] = field(default_factory=dict)
    """How the function that migrates makes the topics, with Kafka as the bus."""
    hosts: tuple[str, ...] = ()
    """Under which names the API and the console are reached."""
    exports: Mapping[str, str] = field(default_factory=dict)
    """The engine of large exports, where there is one beside our own."""


def variables(function: Function, place: Place) -> dict[str, str]:
    """The environment variables of `function`, beside those that Lambda itself sets."""
    if function.outside:
        return {"SEXTANT_STAGE": place.stage, **function.environment}
    given = {
        "SEXTANT_STAGE": place.stage,
        "SEXTANT_BUS": place.bus,
        "POWERTOOLS_SERVICE_NAME": function.name,
        "POWERTOOLS_METRICS_NAMESPACE": "Sextant",
        "POWERTOOLS_LOG_LEVEL": place.log_level,
    }
    if function.name in (OUTBOX_RELAY.name, MIGRATE.name):
        given |= place.kafka
    if function.name == MIGRATE.name and place.bus == "kafka":
        given |= place.topics
    if function.database is not None:
        given |= {"DATABASE_URL": place.database_url(function.database), **place.database}
    if function.name == API.name:
        # Administration and figures over all tenants; it sees everything else as the tenant's own user.
        given["PLATFORM_DATABASE_URL"] = place.database_url(PLATFORM)
    if function.records:
        given["SEXTANT_IDEMPOTENCY_TABLE"] = place.idempotency_table
    reads = [trigger.queue for trigger in function.triggers if isinstance(trigger, QueueTrigger)]
    for queue in (*reads, *function.sends_to, *function.drains, *function.watches):
        given[f"SEXTANT_QUEUE_URL_{queue.upper()}"] = place.queue_url(queue)
    if function.alerts:
        given["SEXTANT_ALERT_TOPIC"] = place.alert_topic
    if OUTBOX_RELAY.name in function.calls:
        given["SEXTANT_RELAY_FUNCTION"] = place.function_name(OUTBOX_RELAY.name)
    if function.lake is not None:
        given |= place.lake
    if function.exports is not None:
        given |= place.exports
    return {**given, **_of_webhooks(function, place), **function.environment}


def _of_webhooks(function: Function, place: Place) -> dict[str, str]:
    """Who sends them, and under what their secrets lie."""
    given = {}
    if WEBHOOK_SENDER.name in function.calls:
        given["SEXTANT_WEBHOOK_SENDER"] = place.function_name(WEBHOOK_SENDER.name)
    if function.key is not None:
        given["SEXTANT_WEBHOOK_KEY"] = place.webhook_key
        if place.hosts:
            given["SEXTANT_OWN_HOSTS"] = ",".join(place.hosts)
    return given
