"""A tenant's workflow."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sextant.ids import TenantId, WorkflowId

WorkflowState = Literal["ACTIVE", "PAUSED"]
BUILT_IN_WORKFLOW = "scenario-runs"


@dataclass(frozen=True, slots=True)
class Workflow:
    """A tenant's workflow: what events belong to, with its own retry limit."""

    tenant_id: TenantId
    id: WorkflowId
    name: str
    """Unique among the tenant's workflows."""
    description: str
    """What it is, in your words."""
    state: WorkflowState
    """Whether its runs start."""
    max_retries: int
    """How often a failure of it is tried again."""
    dry_run: bool
    """Whether actions only say what they would do."""
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str
    deleted_at: datetime | None
