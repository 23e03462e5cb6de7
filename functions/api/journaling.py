"""Accepting a run while the database is away: into the journal, where the tenant's setting allows it.

What needs no database was checked before: token, permission, the body. What needs it (whether the scenario exists,
kill switches, the rate limit) is decided when the request is carried out, and its receipt says how that ended.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools import Logger

from functions.api.http.idempotency import Provisional
from functions.api.http.routing import Router
from functions.api.runs import JournaledBody, JournaledEnvelope
from sextant import bootstrap
from sextant.identity import Caller
from sextant.ids import RunId, ScenarioId
from sextant.journal.errors import JournalUnavailableError
from sextant.journal.model import KIND, JournalEntry, RunRequest
from sextant.runs.options import RunOptions
from sextant.settings import service as settings
from sextant.settings.model import PLATFORM, Admission
from sextant.settings.service import RateLimitedError
from sextant.storage import ALL_TENANTS, Session
from sextant.storage.errors import DatabaseUnavailable

RETRY_AFTER = 30
"""Seconds after which it is worth looking at a receipt for the first time."""

logger = Logger(child=True)


def accept(
    router: Router, run: RunId, scenario: ScenarioId, options: RunOptions, unavailable: DatabaseUnavailable
) -> Provisional:
    """Keep the request for later; raises `unavailable` where that must not be, or cannot be, done.

    `run` is the id of the attempt at the database, and becomes the receipt's: should that attempt have been stored
    after all, the request finds it.
    """
    caller = router.caller
    journal, switch = bootstrap.journal(), bootstrap.journal_settings()
    if journal is None or switch is None:
        raise unavailable
    try:
        rule = switch.of(caller.tenant)
        if rule is None or not rule.enabled:
            raise unavailable
        wait = switch.admit(caller.tenant, rule.per_minute)
    except JournalUnavailableError as error:
        # Nobody can say whether the tenant allows it.
        logger.warning("the journal's switch cannot be read", exc_info=error)
        raise unavailable from error
    if wait is not None:
        raise RateLimitedError(_beyond(rule.per_minute, wait))
    body = router.current_event.json_body if router.current_event.body else None
    entry = JournalEntry(
        kind=KIND,
        tenant_id=caller.tenant,
        id=run,
        payload=RunRequest(scenario, body or {}, options.idempotency_key).encode(),
        accepted_at=datetime.now(UTC),
        actor=caller.subject,
        correlation_id=caller.correlation_id,
        traceparent=caller.traceparent,
    )
    journal.write(entry)
    logger.warning("run request journaled", extra={"receipt_id": str(run)})
    return _answer(caller, entry, scenario, options)


def _answer(caller: Caller, entry: JournalEntry, scenario: ScenarioId, options: RunOptions) -> Provisional:
    body = JournaledBody.model_construct(
        accepted="journaled",
        receipt_id=entry.id,
        scenario_id=scenario,
        idempotency_key=options.idempotency_key,
        accepted_at=entry.accepted_at,
    )
    return Provisional(
        status_code=202,
        content_type="application/json",
        body=JournaledEnvelope.around(body, caller).model_dump_json(),
        headers={
            "Location": f"/v1/scenarios/{scenario}/receipts/{entry.id}",
            "Retry-After": str(RETRY_AFTER),
        },
    )


def _beyond(limit: int, wait: float) -> Admission:
    return Admission(
        admitted=False,
        rule="journal",
        allowed=limit,
        remaining=0,
        reset_seconds=wait,
        daily_cap=None,
        daily_remaining=None,
        retry_after=wait,
    )


def copy_switch(caller: Caller, *, platform: bool) -> None:
    """Copy the change of `config/journal` that was just made; the journal function makes up for a failure."""
    switch = bootstrap.journal_settings()
    if switch is None:
        return
    tenant = PLATFORM if platform else caller.tenant

    def changes(session: Session) -> Any:
        return settings.journal_changes(session, tenant, timedelta(hours=1))

    journal_changes = (
        bootstrap.platform_database().run(ALL_TENANTS, changes)
        if platform
        else bootstrap.database().run(caller.tenant, changes)
    )
    try:
        for change in journal_changes:
            switch.keep(change)
    except JournalUnavailableError as error:
        logger.warning("the journal's switch was not copied; the journal function will", exc_info=error)
