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
    """What it stops."""
    target: str
    """The tenant, or the id of the workflow or vendor; empty of a global one."""
    active: bool
    """Whether it stops anything now."""
    by_platform: bool
    """Whether the platform's own people set it: then only they lift it."""
    reason: str
    changed_at: datetime
    """When it was set or lifted last."""
    changed_by: str
    """Who did."""


@dataclass(frozen=True, slots=True)
class SwitchChange:
    """Who set or lifted a switch, why and when."""

    id: UUID
    switch_id: UUID
    scope: SwitchScope
    """What it stops."""
    target: str
    """Of whom or what."""
    active: bool
    """Whether it was set; otherwise it was lifted."""
    reason: str
    actor: str
    correlation_id: str
    occurred_at: datetime
