"""The consumers' side of at-least-once: an event is applied once.

A consumer accepts an event in the transaction that applies it. A second delivery finds it accepted and does
nothing; a transaction that fails leaves it open for the next. Where the work has a guard of its own (a run is
claimed by compare-and-set) the inbox is not needed.
"""

from __future__ import annotations

from uuid import UUID

from sextant.ids import TenantId
from sextant.outbox import repository
from sextant.outbox.model import PLATFORM
from sextant.storage import Session


def accept(session: Session, consumer: str, event_id: UUID, tenant: TenantId | None = None) -> bool:
    """Whether `consumer` sees the event for the first time, and has to apply it in this transaction.

    A second delivery at the same moment waits for the first one's transaction. `tenant` is for platform
    sessions; without it the event is the platform's own.
    """
    owner = (tenant or PLATFORM) if session.is_platform else session.tenant_id
    return repository.accept(session, owner, consumer, event_id)
