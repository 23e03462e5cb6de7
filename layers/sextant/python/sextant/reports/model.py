"""A report, and a link to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sextant.ids import TenantId

MOST_REPORTS = 1_000
"""Of one tenant."""
MOST_LINKS = 20
"""Of one report, that still open it."""
MOST_BYTES = 4_000_000
"""Of a report's document."""
LONGEST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Report:
    """A comparison, frozen. Nothing of it changes."""

    tenant_id: TenantId
    id: UUID
    title: str
    """What it is called."""
    notes: str
    """What its author says of it."""
    baseline_run_id: UUID
    """The run that the others are compared with."""
    run_ids: list[UUID]
    """The others, in their order."""
    snapshot_id: str
    """The state of the table that was read."""
    size: int
    """Bytes of the document."""
    sha256: str
    """Of the document, hexadecimal."""
    created_at: datetime
    """When it was frozen."""
    created_by: str
    """Who froze it."""


@dataclass(frozen=True, slots=True)
class ReportLink:
    """What opens a report without a token, until it expires or is revoked."""

    tenant_id: TenantId
    id: UUID
    report_id: UUID
    """What it opens."""
    expires_at: datetime
    """Until when."""
    created_at: datetime
    """When it was made."""
    created_by: str
    """Who made it."""
    revoked_at: datetime | None
    """When it was revoked."""
    revoked_by: str | None
    """Who revoked it."""


@dataclass(frozen=True, slots=True)
class Frozen:
    """What is stored of a report."""

    title: str
    notes: str
    baseline_run_id: UUID
    run_ids: list[UUID]
    snapshot_id: str
    size: int
    sha256: str
    content: bytes
    """The document, compressed by gzip."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What a link leads to."""

    tenant_id: TenantId
    report_id: UUID
    digest: bytes
    """Of the link's key."""
