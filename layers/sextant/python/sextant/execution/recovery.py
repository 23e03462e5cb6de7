"""What is done for runs that nobody holds: expired leases, timeouts, messages that never came."""

from __future__ import annotations

from datetime import timedelta

from sextant.execution import repository
from sextant.storage import ALL_TENANTS, PlatformDatabase


def recover(database: PlatformDatabase, silence: timedelta, limit: int) -> dict[str, int]:
    """Recover up to `limit` runs of each kind, and settle the parents whose parts have ended; how many of each.

    A run that was queued longer than `silence` ago and never claimed is asked for again.
    """
    recovered = database.run(
        ALL_TENANTS, lambda session: repository.recover(session, silence, limit), idempotent=True
    )
    settled = database.run(
        ALL_TENANTS, lambda session: repository.settle_parents(session, limit), idempotent=True
    )
    return {**recovered._asdict(), "settled": settled}
