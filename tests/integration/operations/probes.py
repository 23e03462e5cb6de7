"""A process that tries to call a vendor; apart from the tests, so that starting it loads little."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from sextant.ids import TenantId
from sextant.storage import Database, DatabaseSettings
from sextant.vendors.errors import VendorBreakerOpenError, VendorRateLimitedError
from sextant.vendors.guard import Guard


def probe(url: str, tenant: str, vendor: str, events: tuple[Any, Any], answers: Any) -> None:
    """One of several processes: four threads that all try to call at the same moment.

    `events` are when to begin, and when the call that was admitted is over.
    """
    go, over = events
    database = Database.connect(DatabaseSettings(url=url, pool_max_size=4))

    def attempt(_: int) -> None:
        go.wait(60)
        try:
            with Guard(database, TenantId(tenant), vendor, actor="w"):
                answers.put("probed")
                over.wait(60)
        except (VendorBreakerOpenError, VendorRateLimitedError):
            answers.put("refused")

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(attempt, range(4)))
    database.close()
