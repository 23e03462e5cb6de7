"""What the relay does once a minute beside relaying: tell what waits, forget what is old."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sextant.outbox import repository
from sextant.outbox.model import Purged, Totals
from sextant.storage import Session

RETENTION = timedelta(days=30)
"""How long a published event, and with it its dedupe key, is remembered."""
BATCH = 5_000


def totals(session: Session) -> Totals:
    """What waits in the whole outbox, for the alarms."""
    return repository.totals(session)


def find_lanes(session: Session) -> int:
    """Make sure that nothing waits unseen: of two first events of a tenant at once, the lane may be missing."""
    return repository.find_lanes(session)


def purge(session: Session, retention: timedelta = RETENTION) -> Purged:
    """Forget up to `BATCH` of each kind that is older than `retention`; what waits or is dead is kept."""
    return repository.purge(session, datetime.now(UTC) - retention, BATCH)
