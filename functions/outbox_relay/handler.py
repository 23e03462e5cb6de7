"""Drains the outbox: on schedule, as the safety net, and on a nudge after a commit.

One relay keeps the watch, and drains and looks on. Another that is nudged returns at once; on the schedule it drains beside
it, once, so that the safety net hangs on no promise.

Database, producer and relay are made once per environment; every call ends with nothing claimed and nothing
unsent in the producer, as an environment may be frozen or thrown away between two calls.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.declaration import OUTBOX_RELAY
from functions.time_left import TimeLeft
from sextant import bootstrap
from sextant.bus.factory import publisher_from_env
from sextant.bus.message import Publisher
from sextant.outbox import service as outbox
from sextant.outbox.relay import Relay, RelaySettings, Report
from sextant.outbox.watch import Watch
from sextant.storage import ALL_TENANTS

logger = Logger()
metrics = Metrics(namespace="Sextant")


@bootstrap.part
def publisher() -> Publisher:
    return publisher_from_env(bootstrap.application().environment)


@bootstrap.part
def relay() -> Relay:
    return Relay(bootstrap.platform_database(), publisher(), bootstrap.settings(RelaySettings))


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    left = TimeLeft(OUTBOX_RELAY)
    scheduled = event.get("detail-type") == "Scheduled Event"
    if scheduled:
        bootstrap.platform_database().run(ALL_TENANTS, outbox.find_tenant_queues)
    settings = bootstrap.settings(RelaySettings)
    watch = Watch(bootstrap.platform_database(), settings.watch)
    keeper = watch.take()
    if keeper is not None and not scheduled:
        logger.info("another relay keeps the watch", extra=asdict(keeper))
        return asdict(Report())
    report = relay().drain(left(), watch=watch if keeper is None else None)
    _count(report)
    if report.time_over:
        bootstrap.nudge_relay()
    if scheduled:
        _look_after()
    return asdict(report)


def _count(report: Report) -> None:
    metrics.add_metric("OutboxPublished", MetricUnit.Count, report.sent)
    for name, value in (
        ("OutboxReleased", report.released),
        ("OutboxDelayed", report.delayed),
        ("OutboxFailed", report.dead),
        ("OutboxLeaseLost", report.lost),
    ):
        if value:
            metrics.add_metric(name, MetricUnit.Count, value)
    if report.claimed:
        metrics.add_metric("OutboxLag", MetricUnit.Seconds, report.oldest_seconds)
        logger.info("relayed", extra=asdict(report))


def _look_after() -> None:
    """Once a minute: tell what still waits, and forget what is old."""
    totals = bootstrap.platform_database().run(ALL_TENANTS, outbox.totals)
    metrics.add_metric("OutboxPending", MetricUnit.Count, totals.pending)
    metrics.add_metric("OutboxDead", MetricUnit.Count, totals.dead)
    metrics.add_metric("OutboxOldestAge", MetricUnit.Seconds, totals.oldest_seconds)
    purged = bootstrap.platform_database().run(ALL_TENANTS, outbox.purge)
    if purged.events:
        logger.info("purged", extra=asdict(purged))
