"""Looks after what messages alone would lose: dead outbox events and letters, unfinished actions, incidents, bad settings."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from sextant.ids import ActionId, TenantId
from sextant.operations.actions import service as actions
from sextant.operations.actions.performer import Performer
from sextant.operations.decisions.analyst import Analyst, unanalysed
from sextant.operations.events import platform_failures
from sextant.operations.events.model import PLATFORM_TENANT
from sextant.operations.scheduled_checks import repository
from sextant.operations.scheduled_checks.model import (
    DeadEvent,
    DeadLetter,
    Report,
    Unfinished,
    UnreadableSetting,
)
from sextant.operations.tenant_policies import Policies
from sextant.storage import ALL_TENANTS, PlatformDatabase, Session

LATE = timedelta(seconds=60)
SILENCE = timedelta(minutes=5)
BATCH = 100
RESERVE = 25.0
"""Seconds that one more thing may take: the longest an AI may think, and its transactions."""
T = TypeVar("T")

logger = logging.getLogger("sextant.operations")


def run(
    database: PlatformDatabase,
    policies: Policies,
    analyst: Analyst,
    performer: Performer,
    dead_letters: Callable[[], Iterable[DeadLetter]],
    remaining: Callable[[], float],
) -> Report:
    """One round over all tenants. Any number may run at once: each thing is done once.

    It begins nothing new once `remaining` seconds are `RESERVE`; the rest is for the next round.
    """
    report = Report()
    each = _Boundary(report, remaining).each
    with database.autocommit(ALL_TENANTS) as session:
        dead = repository.dead_events(session, BATCH)
        overdue = repository.overdue_actions(session, LATE, BATCH)
        abandoned = repository.abandoned_actions(session, SILENCE, BATCH)
        unreadable = repository.unreadable_settings(session, BATCH)
        waiting = repository.unanalysed_incidents(session, LATE, BATCH)

    def give_up(left: Unfinished) -> None:
        report.abandoned += _give_up(database, left)

    def perform(left: Unfinished) -> None:
        report.performed += performer.perform(TenantId(left.tenant_id), ActionId(left.id)) is not None

    def tell_dead(event: DeadEvent) -> None:
        report.dead_events += _ingest_dead(database, event, policies)

    def tell_setting(setting: UnreadableSetting) -> None:
        report.unreadable_settings += _ingest_setting(database, setting, policies)

    def tell_letter(letter: DeadLetter) -> None:
        report.dead_letters += ingest_letter(database, letter, policies)

    def analyse(left: Unfinished) -> None:
        analyst.analyse(TenantId(left.tenant_id), unanalysed(left.id))
        report.incidents += 1

    each("an abandoned action", abandoned, give_up)
    each("an overdue action", overdue, perform)
    each("a dead event", dead, tell_dead)
    each("an unreadable setting", unreadable, tell_setting)
    each("the dead-letter queues", (dead_letters,), lambda peek: each("a dead letter", peek(), tell_letter))
    # Last, as an AI may be asked, which takes its time.
    each("an incident", waiting, analyse)
    return report


@dataclass(frozen=True)
class _Boundary:
    """Keeps one thing that fails every minute from stopping the others."""

    report: Report
    remaining: Callable[[], float]

    def each(self, kind: str, things: Iterable[T], work: Callable[[T], None]) -> None:
        for thing in things:
            if self.remaining() <= RESERVE:
                self.report.left += 1
                continue
            try:
                work(thing)
            except Exception:  # one thing's failure is logged here, and the thing is tried again in a minute
                self.report.failed += 1
                logger.exception(
                    "the scheduled checks could not handle %s", kind, extra={"about": str(thing)[:500]}
                )


def _give_up(database: PlatformDatabase, action: Unfinished) -> bool:
    return database.run(
        TenantId(action.tenant_id),
        lambda session: actions.give_up(session, ActionId(action.id), "sweep"),
        idempotent=True,
    )


def _ingest_dead(database: PlatformDatabase, dead: DeadEvent, policies: Policies) -> bool:
    tenant = PLATFORM_TENANT if dead.tenant_id == "-" else TenantId(dead.tenant_id)

    def work(session: Session) -> bool:
        return platform_failures.outbox_dead(session, dead, policies).outcome == "CREATED"

    return database.run(tenant, work, idempotent=True)


def _ingest_setting(database: PlatformDatabase, setting: UnreadableSetting, policies: Policies) -> bool:
    tenant = PLATFORM_TENANT if setting.tenant_id == "*" else TenantId(setting.tenant_id)

    def work(session: Session) -> bool:
        return platform_failures.setting_unreadable(session, setting, policies).outcome == "CREATED"

    return database.run(tenant, work, idempotent=True)


def ingest_letter(database: PlatformDatabase, letter: DeadLetter, policies: Policies) -> bool:
    """Make an event of what lies in a dead-letter queue; whether it is a new one.

    It is told to the tenant that it names only where the database knows it as that tenant's.
    """
    claimed = platform_failures.tenant_of(letter.headers)
    tenant = PLATFORM_TENANT
    if claimed != PLATFORM_TENANT and database.run(
        claimed, lambda session: repository.stands_behind(session, letter), idempotent=True
    ):
        tenant = claimed

    def work(session: Session) -> bool:
        ingested = platform_failures.dead_letter(
            session,
            letter.queue,
            message_id=letter.message_id,
            headers=letter.headers,
            body=letter.body,
            policies=policies,
        )
        return ingested.outcome == "CREATED"

    return database.run(tenant, work, idempotent=True)
