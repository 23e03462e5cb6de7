"""How exports stand: begun, moved on as Athena says, ended once, and forgotten after their files."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from sextant.exports import repository
from sextant.exports.errors import ExportNotFoundError
from sextant.exports.model import FILES_KEPT_FOR, State, StoredExport
from sextant.ids import ScenarioId
from sextant.storage import Session

_AT_ONCE: Final = 1_000


def find(session: Session, export: UUID) -> StoredExport | None:
    """The tenant's export, of whatever scenario."""
    return repository.find(session, export)


def get(session: Session, scenario: ScenarioId, export: UUID) -> StoredExport:
    """The export of a scenario of the tenant. Raises `ExportNotFoundError`."""
    stored = repository.find(session, export)
    if stored is None or stored.scenario_id != scenario:
        raise ExportNotFoundError
    return stored


def begin(
    session: Session, export: UUID, scenario: ScenarioId, form: str, snapshot: int, attempt: int, query: str
) -> StoredExport:
    """The export with an attempt that Athena makes, QUEUED; where another request was first, as that left it."""
    repository.begin(session, export, scenario, form, snapshot, attempt, query)
    return get(session, scenario, export)


def keep(session: Session, export: UUID, scenario: ScenarioId, form: str, snapshot: int) -> None:
    """Store an export whose file the API made: it SUCCEEDED."""
    repository.keep(session, export, scenario, form, snapshot)


def move(session: Session, export: StoredExport, state: State) -> bool:
    """Have the export come into the state that Athena tells; False where it is in it, or over. The one place where an export
    that Athena makes becomes ready or fails."""
    return repository.move(session, export.tenant_id, export.id, export.attempt, state) == 1


def under_way(session: Session, limit: int) -> list[StoredExport]:
    """The oldest that are not over as far as is known; a platform statement."""
    return repository.under_way(session, limit)


def forget(session: Session) -> int:
    """Delete exports whose files are gone, some at once; how many. A platform statement."""
    return repository.forget(session, 2 * FILES_KEPT_FOR, _AT_ONCE)
