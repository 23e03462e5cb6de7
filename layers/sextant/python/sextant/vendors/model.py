"""A vendor, the status of its breaker, and the answer to a call that asks to be made."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from sextant.ids import TenantId, VendorId


@dataclass(frozen=True, slots=True)
class Vendor:
    """An outside service that a tenant's work calls, with the settings of its breaker and of its limit."""

    tenant_id: TenantId
    id: VendorId
    name: str
    """Unique among the tenant's vendors."""
    description: str
    """What it is, in your words."""
    failure_threshold: int
    """Failures in a row after which its breaker opens."""
    reset_seconds: int
    """Seconds after which an open breaker lets one call through."""
    rate_per_minute: int | None
    """Calls a minute; null where they are not limited."""
    max_retries: int
    """How often a call that failed is tried again."""
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None


@dataclass(frozen=True, slots=True)
class VendorStatus:
    """The state of a vendor's breaker, and how many calls of the last minute count against its limit."""

    breaker: Literal["CLOSED", "OPEN", "HALF_OPEN"] = "CLOSED"
    """CLOSED lets calls through, OPEN none, HALF_OPEN one."""
    failures: int = 0
    """Failures in a row."""
    opened_at: datetime | None = None
    """When it opened; null where it is closed."""
    opened_by: str = ""
    """Who opened it, where somebody did."""
    calls_in_last_minute: int = 0
    """Calls that count against the limit."""


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to a call's question whether it may be made."""

    outcome: str
    vendor_id: VendorId | None
    epoch: int | None
    token: UUID | None
    wait_seconds: float | None
    reason: str | None
