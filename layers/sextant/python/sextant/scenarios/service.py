"""What can be done with scenarios. No function here commits, and none knows of HTTP."""

from __future__ import annotations

from sextant.errors import ConflictError, NotFoundError, VersionConflictError
from sextant.ids import ScenarioId, new_id
from sextant.paging import Page, PageRequest, page
from sextant.scenarios import repository
from sextant.scenarios.model import Scenario, ScenarioDocument, ScenarioFilter
from sextant.storage import Session
from sextant.storage.errors import UniqueViolation
from sextant.tenancy import Caller

NAME_CONSTRAINT = "scenario_tenant_name_unique"


class ScenarioNotFoundError(NotFoundError):
    """There is no such scenario."""

    code, title = "scenario_not_found", "Scenario not found"


class ScenarioExistsError(ConflictError):
    """There is already a scenario of this name."""

    code, title = "scenario_already_exists", "Scenario already exists"


class ScenarioPublishingError(ConflictError):
    """A run of the scenario is being published at this moment; try again in a few seconds."""

    code, title = "scenario_publishing", "A run is being published"


def create(session: Session, document: ScenarioDocument, caller: Caller) -> Scenario:
    """Store `document` as a new scenario.

    Raises `UniqueViolation` where the name is taken; the transaction is over then, and `name_taken` tells
    in another one which scenario has it.
    """
    values: dict[str, object] = {
        "name": document.name,
        "description": document.description,
        "status": document.status,
        "assumptions": document.canonical_assumptions(),
        "parameters": document.canonical_parameters(),
        "tags": document.tags,
    }
    return repository.insert(session, ScenarioId(new_id()), values, caller.subject, caller.correlation_id)


def name_taken(session: Session, name: str, violation: UniqueViolation) -> ScenarioExistsError:
    """The error that names the scenario which has `name`."""
    if violation.constraint != NAME_CONSTRAINT:
        raise violation
    existing = repository.id_by_name(session, name)
    return ScenarioExistsError(
        f"There is already a scenario named {name!r}.",
        extra={"existing_id": str(existing)} if existing else None,
    )


def get(session: Session, scenario: ScenarioId) -> Scenario:
    found = repository.get(session, scenario)
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
