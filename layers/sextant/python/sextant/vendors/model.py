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
    description: str
    failure_threshold: int
    reset_seconds: int
    rate_per_minute: int | None
    max_retries: int
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
    failures: int = 0
    opened_at: datetime | None = None
    opened_by: str = ""
    calls_in_last_minute: int = 0


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to a call's question whether it may be made."""

    outcome: str
    vendor_id: VendorId | None
    epoch: int | None
    token: UUID | None
    wait_seconds: float | None
    reason: str | None
