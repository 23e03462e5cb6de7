"""Kill switches, and who set or lifted them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

SwitchScope = Literal["GLOBAL", "TENANT", "WORKFLOW", "VENDOR"]


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """A switch: while it is active, nothing in its scope starts."""

    id: UUID
    scope: SwitchScope
    target: str
    active: bool
    by_platform: bool
    reason: str
    changed_at: datetime
    changed_by: str


@dataclass(frozen=True, slots=True)
class SwitchChange:
    """Who set or lifted a switch, why and when."""

    id: UUID
    switch_id: UUID
    scope: SwitchScope
    target: str
    active: bool
    reason: str
    actor: str
    correlation_id: str
    occurred_at: datetime
