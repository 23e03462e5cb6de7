"""Looks after what messages alone would lose: dead outbox events, dead letters, actions and incidents left lying."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from sextant.ids import TenantId
from sextant.operations import failures
from sextant.operations.actions import Performer
from sextant.operations.analysis import Analyst, unanalysed
from sextant.operations.events import Policies
from sextant.operations.model import PLATFORM_TENANT, ActionId
from sextant.operations.repository import actions
from sextant.operations.repository import sweep as repository
from sextant.storage import Database, Session

LATE = timedelta(seconds=60)
SILENCE = timedelta(minutes=5)
BATCH = 100

logger = logging.getLogger("sextant.operations")


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message found in a dead-letter queue."""

    queue: str
    message_id: str
    headers: Mapping[str, str]
    body: str


@dataclass
class Swept:
    """What a sweep found."""

    dead_events: int = 0
    dead_letters: int = 0
    incidents: int = 0
    performed: int = 0
    abandoned: int = 0


def sweep(
    database: Database,
    policies: Policies,
    analyst: Analyst,
    performer: Performer,
    dead_letters: Callable[[], Iterable[DeadLetter]],
) -> Swept:
    """One round over all tenants. Any number may run at once: each thing found is done once."""
    found = Swept()
    with database.platform_autocommit() as session:
        dead = repository.dead_events(session, BATCH)
        overdue = repository.overdue_actions(session, LATE, BATCH)
        abandoned = repository.abandoned_actions(session, SILENCE, BATCH)
        waiting = repository.unanalysed_incidents(session, LATE, BATCH)
    for item in dead:
        tenant = PLATFORM_TENANT if item.tenant_id == "-" else TenantId(item.tenant_id)

        def ingest_dead(session: Session, item: repository.DeadEvent = item) -> str:
            return failures.outbox_dead(session, item, policies).outcome

        found.dead_events += database.run(tenant, ingest_dead, idempotent=True) == "CREATED"
    for letter in dead_letters():

        def ingest_letter(session: Session, letter: DeadLetter = letter) -> str:
            return failures.dead_letter(
                session,
                letter.queue,
                message_id=letter.message_id,
                headers=letter.headers,
                body=letter.body,
                policies=policies,
            ).outcome

        tenant = failures.tenant_of(letter.headers)
        found.dead_letters += database.run(tenant, ingest_letter, idempotent=True) == "CREATED"
    for left in waiting:
        analyst.analyse(TenantId(left.tenant_id), unanalysed(left.id))
        found.incidents += 1
    for left in overdue:
        found.performed += performer.perform(TenantId(left.tenant_id), ActionId(left.id)) is not None
    for left in abandoned:

        def give_up(session: Session, left: repository.Found = left) -> bool:
            result = {"reason": "outcome_unknown", "unknown": True}
            return actions.finish(session, ActionId(left.id), "FAILED", result, actor="sweep") is not None

        found.abandoned += database.run(TenantId(left.tenant_id), give_up, idempotent=True)
    return found
