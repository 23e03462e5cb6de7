"""Files of the lake that cannot be read, told to operations: an incident of the tenant whose rows are in them."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from sextant.ids import TenantId
from sextant.lake.errors import UnreadableFile
from sextant.operations.events import platform_failures
from sextant.operations.events.model import PLATFORM_TENANT
from sextant.operations.tenant_policies import Policies
from sextant.storage import Database, PlatformDatabase
from sextant.storage.errors import StorageError

MOST = 200
"""How many files one call reports; the incident is open then, and the log has them all."""

logger = logging.getLogger("sextant.outputs")


def report(database: Database | PlatformDatabase, policies: Policies, files: Iterable[UnreadableFile]) -> int:
    """Ingest each file as an event; how many files there were. A database that is away only costs the event."""
    count = 0
    for count, file in enumerate(files, start=1):
        tenant = TenantId(file.tenant_id) if file.tenant_id else PLATFORM_TENANT
        about = {
            "tenant_id": tenant,
            "run_id": file.run_id,
            "location": file.location,
            "reason": file.reason,
        }
        logger.error("a file of the lake cannot be read", extra=about)
        if count > MOST:
            continue
        try:
            database.run(
                tenant,
                lambda session, file=file: platform_failures.output_file_unreadable(  # type: ignore[misc]
                    session, file.location, file.run_id, file.reason, policies
                ),
                idempotent=True,
            )
        except StorageError:
            logger.exception("an unreadable file could not be reported", extra=about)
    return count
