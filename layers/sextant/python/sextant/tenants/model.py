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
    """What the claim `tenant_id` of its tokens says."""
    id: UUID
    name: str
    """What it is called."""
    active: bool
    """Whether its people and runs are served."""
    settings: dict[str, Any]
    """`operations` overrides the policy of operations."""
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None
