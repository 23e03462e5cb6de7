"""The outbox as other nouns use it: store events, tell what waits, forget what is old."""

from __future__ import annotations

from datetime import timedelta

from sextant.outbox import repository
from sextant.outbox.model import Purged
from sextant.outbox.repository import call_relay as call_relay
from sextant.outbox.repository import enqueue as enqueue
from sextant.outbox.repository import find_tenant_queues as find_tenant_queues
from sextant.outbox.repository import totals as totals
from sextant.storage import Session

RETENTION = timedelta(days=30)
"""How long a published event, and with it its dedupe key, is remembered."""
BATCH = 5_000


def purge(session: Session, retention: timedelta = RETENTION) -> Purged:
    """Forget up to `BATCH` of each kind that is older than `retention`; what waits or is dead is kept."""
    return repository.purge(session, retention, BATCH)
