"""Carries out what was accepted while the database was away; called by the schedule, each minute.

The database is asked first, and the queue is read only when it answers and takes writes: an entry can be received ten times before
it is set aside, and an outage must use up none of them. Asked for are the latest changes of the tenants' switches,
whose copies are brought up to date.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger, Metrics
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.declaration import JOURNAL
from functions.time_left import TimeLeft
from sextant import bootstrap
from sextant.config import CODE_VERSION
from sextant.journal import service as journal_service
from sextant.journal.errors import JournalUnavailableError
from sextant.journal.model import KIND, JournalEntry
from sextant.journal.queue import Drained, Journal
from sextant.settings import service as settings
from sextant.settings.model import Change
from sextant.storage import ALL_TENANTS, Session
from sextant.storage.errors import DatabaseUnavailable

MARGIN = 10.0
"""Seconds kept of the function's time: for the batch under way."""

COPIED = timedelta(days=1)
"""How far back changes of the switches are copied again."""

logger = Logger()
metrics = Metrics(namespace="Sextant")


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    left = TimeLeft(JOURNAL)
    journal = bootstrap.journal()
    if journal is None:
        return {}
    metrics.add_metric("JournalWaiting", MetricUnit.Count, journal.waiting())
    try:
        _copy_switches(bootstrap.platform_database().run(ALL_TENANTS, _changes))
        takes_writes = bootstrap.platform_database().takes_writes()
    except DatabaseUnavailable:
        logger.warning("the database is away; the journal waits")
        return {}
    if not takes_writes:
        logger.warning("the database takes no writes; the journal waits")
        return {}
    drained = _drain(journal, left() - MARGIN)
    if drained.carried_out or drained.failed:
        metrics.add_metric("JournalCarriedOut", MetricUnit.Count, drained.carried_out)
        metrics.add_metric("JournalFailed", MetricUnit.Count, drained.failed)
        logger.info("journal drained", extra=asdict(drained))
        bootstrap.nudge_relay()
    return asdict(drained)


def _changes(session: Session) -> list[Change]:
    return settings.journal_changes(session, None, COPIED)


def _copy_switches(changes: list[Change]) -> None:
    switch = bootstrap.journal_settings()
    if switch is None:
        return
    try:
        for change in changes:
            switch.keep(change)
    except JournalUnavailableError:
        logger.warning("the journal's switches were not copied", exc_info=True)


def _drain(journal: Journal, seconds: float) -> Drained:
    def request_run(entry: JournalEntry) -> None:
        logger.append_keys(tenant_id=entry.tenant_id, correlation_id=entry.correlation_id)
        journal_service.carry_out(bootstrap.platform_database(), entry, CODE_VERSION)

    return journal.drain({KIND: request_run}, seconds)
