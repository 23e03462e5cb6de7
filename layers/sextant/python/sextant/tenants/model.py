"""A tenant."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sextant.ids import TenantId


@dataclass(frozen=True, slots=True)
class Tenant:
    """A tenant; `settings["operations"]` may override the policy of operations."""

    tenant_id: TenantId
    id: UUID
    name: str
    active: bool
    settings: dict[str, Any]
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None
