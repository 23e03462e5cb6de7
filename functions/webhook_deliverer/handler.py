"""Delivers webhooks: woken by a message for what was just stored or is to be tried again, and by the schedule."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.declaration import WEBHOOK_DELIVERER, WEBHOOKS_QUEUE
from functions.time_left import TimeLeft
from sextant import bootstrap
from sextant.bus.events import PartialBatchResponse, failures
from sextant.config import ResourceSettings
from sextant.storage import ALL_TENANTS
from sextant.webhooks import service
from sextant.webhooks.delivering import THREADS, Deliverer, Report
from sextant.webhooks.sender import OwnHosts, SenderInvocation, SenderSettings
from sextant.webhooks.waking import Waker

_MOST_VALUES = 90
"""Below the hundred of one metric that a record of the embedded format takes."""

logger = Logger()
metrics = Metrics(namespace="Sextant")


@bootstrap.part
def deliverer() -> Deliverer:
    sender = SenderInvocation(
        bootstrap.settings(SenderSettings).function, THREADS, bootstrap.settings(OwnHosts).hosts
    )
    sender.warm()
    return Deliverer(bootstrap.platform_database(), bootstrap.sealing(), sender)


@bootstrap.part
def waker() -> Waker:
    return Waker(bootstrap.settings(ResourceSettings).queue_urls[WEBHOOKS_QUEUE])


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> PartialBatchResponse | dict[str, Any]:
    left = TimeLeft(WEBHOOK_DELIVERER)
    report = deliverer().deliver(left)
    if report.time_over:
        waker().wake(0)
    elif report.retry_in is not None:
        waker().wake(report.retry_in)
    if report.disabled:
        bootstrap.nudge_relay()
    _count(report)
    if "Records" in event or "records" in event:
        # What the messages say is that something may be due; that was looked for.
        return failures([])
    _look_after()
    return asdict(report)


def _count(report: Report) -> None:
    for name, value in (
        ("WebhookDelivered", report.delivered),
        ("WebhookAttemptFailed", report.failed),
        ("WebhookGivenUp", report.given_up),
        ("WebhookDisabled", report.disabled),
    ):
        if value:
            metrics.add_metric(name, MetricUnit.Count, value)
    for share in _shares(report):
        metrics.add_metric("WebhookFailureShare", MetricUnit.Percent, share)
    if report.delivered or report.failed or report.unsent:
        logger.info("webhooks delivered", extra=asdict(report))


def _shares(report: Report) -> list[float]:
    """A value for each attempt, 100 of one that failed and 0 of one that did not, so that their average over any time is the share
    that failed; of more than a hundred as many as a record takes, in the same proportion."""
    attempts = report.failed + report.delivered
    shown = min(attempts, _MOST_VALUES)
    failed = round(shown * report.failed / attempts) if attempts else 0
    return [100.0] * failed + [0.0] * (shown - failed)


def _look_after() -> None:
    """Once a minute: cancel what nobody is sent any more, tell how long what is due has waited, and forget what is old."""
    bootstrap.platform_database().run(ALL_TENANTS, service.cancel_stranded, idempotent=True)
    totals = bootstrap.platform_database().run(ALL_TENANTS, service.totals)
    metrics.add_metric("WebhookDue", MetricUnit.Count, totals.pending)
    metrics.add_metric("WebhookOldestAge", MetricUnit.Seconds, totals.oldest_seconds)
    if forgotten := bootstrap.platform_database().run(ALL_TENANTS, service.forget, idempotent=True):
        logger.info("webhook events forgotten", extra={"events": forgotten})
