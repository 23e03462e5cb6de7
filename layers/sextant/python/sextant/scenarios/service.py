"""What can be done with scenarios. No function here commits, and none knows of HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from sextant.canonical import decode
from sextant.errors import VersionConflictError
from sextant.identity import Caller
from sextant.ids import RunId, ScenarioId, new_id
from sextant.paging import Page, PageRequest, page
from sextant.scenarios import repository
from sextant.scenarios.differences import Difference, differences
from sextant.scenarios.errors import (
    ScenarioExistsError,
    ScenarioNotFoundError,
    ScenarioPublishingError,
    VersionNotFoundError,
)
from sextant.scenarios.model import (
    Scenario,
    ScenarioEvent,
    ScenarioFilter,
    ScenarioValues,
    ScenarioVersion,
)
from sextant.storage import Session
from sextant.storage.errors import UniqueViolation

if TYPE_CHECKING:
    from sextant.scenarios.documents import ScenarioChanges, ScenarioDocument

T = TypeVar("T")

NAME_CONSTRAINT = "scenario_tenant_name_unique"


def create(session: Session, document: ScenarioDocument, caller: Caller) -> Scenario:
    """Store `document` as a new scenario.

    Raises `UniqueViolation` where the name is taken; the transaction is over then, and `name_taken` tells
    in another one which scenario has it.
    """
    return repository.insert(
        session, ScenarioId(new_id()), document.values(), caller.subject, caller.correlation_id
    )


def name_taken(session: Session, name: str, violation: UniqueViolation) -> ScenarioExistsError:
    """The error that names the scenario which has `name`."""
    if violation.constraint != NAME_CONSTRAINT:
        raise violation
    existing = repository.id_by_name(session, name) if name else None
    return ScenarioExistsError(
        f"There is already a scenario named {name!r}.",
        extra={"existing_id": str(existing)} if existing else None,
    )


def get(session: Session, scenario: ScenarioId) -> Scenario:
    found = repository.get(session, scenario)
    if found is None:
        raise ScenarioNotFoundError
    return found


def get_as_of(session: Session, scenario: ScenarioId, moment: datetime) -> ScenarioVersion:
    """The scenario as it stood at `moment`; `ScenarioNotFoundError` where it did not exist then."""
    found = repository.version_as_of(session, scenario, moment)
    if found is None or found.deleted_at is not None:
        raise ScenarioNotFoundError
    return found


def get_version(session: Session, scenario: ScenarioId, number: int) -> ScenarioVersion:
    found = repository.version(session, scenario, number)
    if found is None:
        raise VersionNotFoundError
    return found


def list_versions(session: Session, scenario: ScenarioId, request: PageRequest) -> Page[ScenarioVersion]:
    """The versions of a scenario, newest first; a deleted scenario still has them."""
    found = repository.list_versions(session, scenario, request)
    if not found and request.key is None:
        raise ScenarioNotFoundError
    return page(found, request, lambda version: UUID(int=version.version))


def list_events(
    session: Session, scenario: ScenarioId, run: RunId | None, request: PageRequest
) -> Page[ScenarioEvent]:
    """The trail of a scenario or of one of its runs, newest first."""
    found = repository.list_events(session, scenario, run, request)
    if not found and request.key is None:
        raise ScenarioNotFoundError
    return page(found, request, lambda event: event.id)


def update(
    session: Session,
    scenario: ScenarioId,
    change: ScenarioDocument | ScenarioChanges,
    expected_version: int | None,
    caller: Caller,
) -> Scenario:
    """Make the next version; the scenario as it stands then. What changes nothing makes none.

    Raises `VersionConflictError` where it is not at `expected_version`, `UniqueViolation` as `create` does.
    """
    outcome, found = repository.update(
        session, scenario, change.values(), expected_version, caller.subject, caller.correlation_id
    )
    if found is None:
        raise ScenarioNotFoundError
    if outcome == "VERSION_CONFLICT":
        raise VersionConflictError(
            f"The scenario is at version {found.version}.", extra={"version": found.version}
        )
    return found


def holder_of(session: Session, name: str) -> ScenarioId | None:
    """The scenario that has `name` now."""
    return repository.id_by_name(session, name)


def fork(
    session: Session, scenario: ScenarioId, number: int | None, changes: ScenarioChanges, caller: Caller
) -> Scenario:
    """Store a copy of a scenario, or of its version `number`, with `changes`; a scenario of its own from then on."""
    origin = get(session, scenario) if number is None else get_version(session, scenario, number)
    own = changes.values()
    values = ScenarioValues(
        name=own.name,
        description=_first(own.description, origin.description),
        status=_first(own.status, "ACTIVE"),
        assumptions=_first(own.assumptions, origin.assumptions),
        parameters=_first(own.parameters, origin.parameters),
        tags=_first(own.tags, origin.tags),
    )
    return repository.insert(session, ScenarioId(new_id()), values, caller.subject, caller.correlation_id)


def compare(before: Scenario | ScenarioVersion, after: Scenario | ScenarioVersion) -> list[Difference]:
    """What is different between two versions, or two scenarios, and nothing else."""
    return list(differences(_document(before), _document(after)))


def _document(scenario: Scenario | ScenarioVersion) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "description": scenario.description,
        "status": scenario.status,
        "assumptions": decode(scenario.assumptions),
        "parameters": decode(scenario.parameters),
        "tags": scenario.tags,
    }


def _first(value: T | None, otherwise: T) -> T:
    return otherwise if value is None else value


def restore(session: Session, scenario: ScenarioId, caller: Caller) -> Scenario:
    """Bring a deleted scenario back; one that is not deleted stays as it is."""
    _, found = repository.restore(session, scenario, caller.subject, caller.correlation_id)
    if found is None:
        raise ScenarioNotFoundError
    return found


def list_scenarios(session: Session, where: ScenarioFilter, request: PageRequest) -> Page[Scenario]:
    return page(repository.list_page(session, where, request), request, lambda scenario: scenario.id)


def delete(session: Session, scenario: ScenarioId, expected_version: int | None, caller: Caller) -> int:
    """Soft-delete a scenario and cancel its live runs; how many those were."""
    outcome, cancelled = repository.soft_delete(
        session, scenario, expected_version, caller.subject, caller.correlation_id
    )
    if outcome == "NOT_FOUND":
        raise ScenarioNotFoundError
    if outcome == "VERSION_CONFLICT":
        raise VersionConflictError("The scenario was changed since it was read.")
    if outcome == "PUBLISHING":
        raise ScenarioPublishingError
    return cancelled
