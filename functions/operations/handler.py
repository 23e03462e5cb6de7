"""Detects, decides and acts: a batch of messages of the events channel, or the schedule's round.

`run.failed`, `run.refused` and `run.completed` become events; `incident.changed` is analysed; `action.requested` is
performed. Every other topic of the channel is ignored.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any, cast, get_args
from uuid import UUID

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.declaration import OPERATIONS
from functions.time_left import TimeLeft
from sextant import bootstrap, moments
from sextant.bus.events import InboundMessage, PartialBatchResponse, consume
from sextant.bus.message import EVENT_CREATED_AT
from sextant.config import ResourceSettings
from sextant.ids import ActionId, IncidentId, OperationsEventId, TenantId, tenant_id
from sextant.operations.actions.performer import Performer
from sextant.operations.actions.sns_alerts import SnsAlerts
from sextant.operations.decisions.analyst import Analyst, Changed
from sextant.operations.decisions.bedrock import Bedrock
from sextant.operations.decisions.proposals import AiSettings
from sextant.operations.events import platform_failures
from sextant.operations.events.model import Change
from sextant.operations.policy import OperationsSettings
from sextant.operations.scheduled_checks import service as scheduled_checks
from sextant.operations.scheduled_checks.dead_letter_queues import DeadLetterQueues
from sextant.operations.scheduled_checks.model import DeadLetter

logger = Logger()

# A setting that is wrong fails the start, where somebody looks, and not the first incident.
_ = bootstrap.settings(OperationsSettings).policy, bootstrap.settings(AiSettings)


@bootstrap.part
def analyst() -> Analyst:
    settings = bootstrap.settings(AiSettings)
    provider = Bedrock(settings) if settings.provider == "bedrock" else None
    return Analyst(bootstrap.platform_database(), bootstrap.operations_policies(), provider, settings)


@bootstrap.part
def performer() -> Performer:
    settings = bootstrap.settings(OperationsSettings)
    return Performer(
        bootstrap.platform_database(),
        bootstrap.operations_policies(),
        SnsAlerts(settings.alert_topic) if settings.alert_topic else None,
        "operations",
        settings.alerts_per_tenant,
    )


@bootstrap.part
def dead_letters() -> DeadLetterQueues:
    urls = bootstrap.settings(ResourceSettings).queue_urls
    return DeadLetterQueues([urls[name] for name in OPERATIONS.watches if name in urls])


def _ingesting(name: str, ingest: Callable[..., object]) -> Callable[[TenantId, InboundMessage], None]:
    """Makes an event of what a run's message says: of the thing whose id it holds as `name`."""

    def handle(tenant: TenantId, message: InboundMessage) -> None:
        subject = message.read(lambda data: UUID(str(data[name])))
        policies = bootstrap.operations_policies()
        bootstrap.platform_database().run(
            tenant,
            lambda session: ingest(session, subject, _stored_at(message), message.correlation_id, policies),
            idempotent=True,
        )

    return handle


def _incident_changed(tenant: TenantId, message: InboundMessage) -> None:
    changed = message.read(
        lambda data: Changed(
            IncidentId(UUID(data["incident_id"])),
            OperationsEventId(UUID(data["event_id"])) if data.get("event_id") else None,
            _change(data["change"]),
            message.correlation_id,
        )
    )
    actions = analyst().analyse(tenant, changed)
    logger.info("incident analysed", extra={"incident_id": str(changed.incident_id), "actions": len(actions)})


def _change(name: Any) -> Change:
    for change in get_args(Change):
        if name == change:
            return cast(Change, change)
    raise ValueError(f"no change of an incident: {name!r:.100}")


def _action_requested(tenant: TenantId, message: InboundMessage) -> None:
    action = message.read(lambda data: ActionId(UUID(data["action_id"])))
    state = performer().perform(tenant, action)
    logger.info("action handled", extra={"action_id": str(action), "state": state})


_TOPICS: Mapping[str, Callable[[TenantId, InboundMessage], None]] = {
    "run.failed": _ingesting("run_id", platform_failures.run_failed),
    "run.refused": _ingesting("receipt_id", platform_failures.run_refused),
    "run.completed": _ingesting("run_id", platform_failures.run_completed),
    "incident.changed": _incident_changed,
    "action.requested": _action_requested,
}


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialBatchResponse | dict[str, int]:
    left = TimeLeft(OPERATIONS)
    if "Records" in event or "records" in event:
        handled: list[str] = []

        def work(message: InboundMessage) -> None:
            handle = _TOPICS.get(message.topic or "")
            if handle is None:
                return
            tenant = message.read(lambda data: tenant_id(data["tenant_id"]))
            logger.append_keys(tenant_id=tenant, topic=message.topic, correlation_id=message.correlation_id)
            handle(tenant, message)
            handled.append(message.topic or "")

        answer = consume(event, work, bootstrap.redelivery())
        if handled:
            bootstrap.nudge_relay()
        return answer
    if event.get("detail-type") == "Object Created":
        is_new = scheduled_checks.ingest_letter(
            bootstrap.platform_database(), _batch_set_aside(event), bootstrap.operations_policies()
        )
        bootstrap.nudge_relay()
        return {"dead_letters": int(is_new)}
    report = scheduled_checks.run(
        bootstrap.platform_database(),
        bootstrap.operations_policies(),
        analyst(),
        performer(),
        dead_letters().peek,
        left,
    )
    counts = asdict(report)
    if any(counts.values()):
        logger.info("scheduled checks made", extra=counts)
        bootstrap.nudge_relay()
    return counts


def _batch_set_aside(event: Mapping[str, Any]) -> DeadLetter:
    """Of what S3 tells through EventBridge: a batch of Kafka's records that failed for good, which lies at that place."""
    detail = event["detail"]
    bucket, key = detail["bucket"]["name"], detail["object"]["key"]
    place = f"s3://{bucket}/{key}"
    return DeadLetter("kafka", key, {}, json.dumps({"condition": "RetryAttemptsExhausted", "records": place}))


def _stored_at(message: InboundMessage) -> datetime:
    """When the event was stored in the outbox, which is when its run ended; now, where its header does not say it."""
    try:
        return moments.moment(message.headers.get(EVENT_CREATED_AT, ""))
    except ValueError:
        return datetime.now(UTC)
