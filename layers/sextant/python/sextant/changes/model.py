"""A change of a state, and how far a reader has seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sextant.ids import ScenarioId, TenantId

Kind = Literal["run", "incident", "export"]
KEPT_FOR = timedelta(days=1)
"""How long a cursor holds. Changes are deleted after twice as long, so that none is missing from what a cursor gives."""
MOST = 1000


@dataclass(frozen=True, slots=True)
class StateChange:
    """A run, an incident or an export that came into `state`. Of one thing the later change has the greater position."""

    tenant_id: TenantId
    position: int
    kind: Kind
    thing_id: UUID
    scenario_id: ScenarioId | None
    state: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """How far a reader has seen: what was committed in `snapshot`; and of what is in `target`, up to `position`.

    A snapshot is Postgres' own text of which transactions had ended (`pg_snapshot`). So a change that is committed later
    is never missed, though its position, or its transaction's number, may be less than those that were seen.
    """

    snapshot: str
    at: datetime
    """The database's time of the reading."""
    target: str | None = None
    """The snapshot that is being read page by page; None: the whole of `snapshot` was seen, and nothing else."""
    position: int = 0
    credit: timedelta = timedelta()
    """How much longer than it had to the reader has stayed away; less than nothing where it asks often."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes in the order of their positions, how far they go, and whether more are there already."""

    items: list[StateChange]
    seen: Seen
    more: bool
    now: datetime
    """The database's time."""
