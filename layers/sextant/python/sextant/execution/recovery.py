"""What is done for runs that nobody holds: expired leases, timeouts, messages that never came."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from operator import add

from sextant.execution import repository
from sextant.execution.model import Recovered
from sextant.storage import ALL_TENANTS, PlatformDatabase

NEVER = timedelta(days=36_500)
"""Longer than any run was silent."""

STRANDED_AT_ONCE = 200
"""How many are cancelled in one transaction: while it lasts their rows are locked, and a claim may wait for one."""


def recover(
    database: PlatformDatabase, silence: timedelta, limit: int, remaining: Callable[[], float] = lambda: 0.0
) -> dict[str, int]:
    """Recover up to `limit` runs of each kind, and settle the parents whose parts have ended; how many of each.

    A run that was queued longer than `silence` ago and never claimed is asked for again. Runs that can never start are
    cancelled batch by batch, while there are `remaining` seconds; the rest is for the next round.

    Each kind has a transaction of its own: where so many runs wait that asking for them takes longer than a statement may,
    the expired leases are recovered all the same.
    """

    def looked_after(after: timedelta) -> Recovered:
        return database.run(
            ALL_TENANTS, lambda session: repository.recover(session, after, limit), idempotent=True
        )

    held = looked_after(NEVER)
    settled = database.run(
        ALL_TENANTS, lambda session: repository.settle_parents(session, limit), idempotent=True
    )
    silent = looked_after(silence)
    both = Recovered(*map(add, held, silent))
    return {**both._asdict(), "settled": settled, "stranded": _cancel_stranded(database, remaining)}


def _cancel_stranded(database: PlatformDatabase, remaining: Callable[[], float]) -> int:
    cancelled = 0
    while True:
        batch = database.run(
            ALL_TENANTS,
            lambda session: repository.cancel_stranded(session, STRANDED_AT_ONCE),
            idempotent=True,
        )
        cancelled += batch
        if not batch or remaining() <= 0:
            return cancelled
