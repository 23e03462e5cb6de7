"""An export as it is stored, and as it stands with its files."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from sextant.ids import ScenarioId, TenantId

State = Literal["QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"]

LINK_LIFETIME: Final = timedelta(hours=1)
FILES_KEPT_FOR: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class StoredExport:
    """What is known of an export, but for its files."""

    tenant_id: TenantId
    id: UUID
    scenario_id: ScenarioId
    format: str
    """`csv`, `parquet` or `arrow`."""
    snapshot_id: int
    state: State
    attempt: int
    """From 1; one that could not be made may be begun again."""
    query_id: str | None
    """Athena's name of the query that makes it; None where the API made it itself."""
    submitted_at: datetime


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an export has no result, in a caller's terms, and whether a new attempt may help."""

    code: str
    """To branch on."""
    detail: str
    """What went wrong."""
    retryable: bool
    """Whether a new attempt may help."""


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """One file of a result: whoever has the URL may read it for an hour."""

    url: str
    size: int


@dataclass(frozen=True, slots=True)
class Export:
    """An export as it stands. `files` are there when it SUCCEEDED, `failure` when it FAILED or was CANCELLED."""

    id: UUID
    scenario_id: ScenarioId
    format: str
    snapshot_id: int
    state: State
    submitted_at: datetime
    scanned_bytes: int = 0
    files: tuple[ExportedFile, ...] = ()
    failure: Failure | None = None

    @property
    def over(self) -> bool:
        return self.state in ("SUCCEEDED", "FAILED", "CANCELLED")
