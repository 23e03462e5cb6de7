"""What can be done with scenarios. Each function works in the caller's unit of work and commits nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sextant.canonical import decode
from sextant.errors import VersionConflictError
from sextant.identity import Caller
from sextant.ids import RunId, ScenarioId
from sextant.paging import Page, PageRequest, page
from sextant.scenarios import repository
from sextant.scenarios.differences import Difference, differences
from sextant.scenarios.errors import (
    ScenarioExistsError,
    ScenarioNotDeletedError,
    ScenarioNotFoundError,
    ScenarioPublishingError,
    VersionNotFoundError,
)
from sextant.scenarios.fit import Fit, check, checked
from sextant.scenarios.model import Scenario, ScenarioEvent, ScenarioFilter, ScenarioValues, WrittenScenario
from sextant.scenarios.repository import SCENARIOS
from sextant.storage import Session
from sextant.storage.errors import (
    ConstraintViolation,
    RecordNotFound,
    TransactionConflict,
    UniqueViolation,
    VersionConflict,
)
from sextant.storage.temporal import RecordVersion

if TYPE_CHECKING:
    from sextant.scenarios.documents import ScenarioChanges, ScenarioDocument

_ATTEMPTS = 10

# Writing -----------------------------------------------------------------------------------------


def create(session: Session, document: ScenarioDocument, caller: Caller) -> WrittenScenario:
    """Store `document` as a new scenario.

    Raises `ValidationError` where it does not fit its baseline, as do `replace`, `update` and `fork`, and `UniqueViolation` where the name is taken; the transaction is over then, and `name_taken` tells
    in another one which scenario has it.
    """
    return checked(session, repository.create(session, document.values(), caller))


def replace(
    session: Session,
    scenario: ScenarioId,
    document: ScenarioDocument,
    expected_version: int | None,
    caller: Caller,
) -> WrittenScenario:
    """Make `document` the next version; the scenario as it is then. What changes nothing makes none.

    Raises `VersionConflictError` where it is not at `expected_version`, `UniqueViolation` as `create` does.
    """
    with _translated():
        replaced = repository.update(session, scenario, document.values(), expected_version, caller)
    return checked(session, replaced)


def update(
    session: Session,
    scenario: ScenarioId,
    change: ScenarioChanges,
    expected_version: int | None,
    caller: Caller,
) -> Scenario:
    """Make the next version as `replace` does, of what is there and the `change`.

    Raises `ValidationError` where parameters that change don't go together with those that stay. What touches neither
    assumptions nor parameters is not held against the baseline: a scenario that no longer fits can be renamed and archived.
    """
    with _translated():
        updated = _update(session, scenario, change, expected_version, caller)
    return checked(session, updated) if change.decides_results else updated


def _update(
    session: Session,
    scenario: ScenarioId,
    change: ScenarioChanges,
    expected_version: int | None,
    caller: Caller,
) -> Scenario:
    if not change.depends_on_present:
        return repository.update(session, scenario, change.values(), expected_version, caller)
    for _ in range(_ATTEMPTS):
        present = repository.present(session, scenario)
        values = change.values(present.parameters)
        try:
            return repository.update(session, scenario, values, expected_version or present.version, caller)
        except VersionConflict:
            if expected_version is not None:
                raise
            # Another change came between the two statements, and this one is made of that now.
    raise TransactionConflict


def fork(
    session: Session, scenario: ScenarioId, number: int | None, changes: ScenarioChanges, caller: Caller
) -> WrittenScenario:
    """Store a copy of a scenario, or of its version `number`, with `changes`; a scenario of its own from then on."""
    origin = get(session, scenario) if number is None else get_version(session, scenario, number).record
    values = ScenarioValues(
        description=origin.description,
        status="ACTIVE",
        assumptions=origin.assumptions,
        parameters=origin.parameters,
        tags=origin.tags,
    )
    copy = repository.create(session, {**values, **changes.values(origin.parameters)}, caller)
    return checked(session, copy)


def delete(session: Session, scenario: ScenarioId, expected_version: int | None, caller: Caller) -> None:
    """Soft-delete a scenario and cancel its live runs."""
    try:
        with _translated():
            repository.delete(session, scenario, expected_version, caller)
    except ConstraintViolation as violation:
        if violation.constraint != repository.NOT_PUBLISHING:
            raise
        raise ScenarioPublishingError from violation


def restore(session: Session, scenario: ScenarioId, name: str | None, caller: Caller) -> Scenario:
    """Bring a deleted scenario back, under `name` where given; one that is not deleted stays as it is.

    Raises `ScenarioNotDeletedError` where it lives under another name than it shall have, `UniqueViolation`
    as `create` does: since it was deleted, another may have taken its name.
    """
    values = ScenarioValues() if name is None else ScenarioValues(name=name)
    with _translated():
        restored = repository.restore(session, scenario, values, caller)
    if name is not None and restored.name != name:
        raise ScenarioNotDeletedError
    return restored


def name_taken(
    session: Session, name: str | None, violation: UniqueViolation, scenario: ScenarioId | None = None
) -> ScenarioExistsError:
    """The error that names the scenario which has `name`; with none the name that the deleted `scenario` had."""
    if violation.constraint != repository.NAME_UNIQUE:
        raise violation
    way_on = ""
    if not name and scenario is not None:
        deleted = SCENARIOS.get(session, scenario, include_deleted=True)
        name = deleted.name if deleted else ""
        way_on = " Restore this one under another name: give `name` in the body."
    existing = repository.id_by_name(session, name) if name else None
    return ScenarioExistsError(
        f"There is already a scenario named {name!r}.{way_on}",
        extra={"existing_id": str(existing)} if existing else None,
    )


@contextmanager
def _translated() -> Iterator[None]:
    """Say of a scenario what the repository says of a record."""
    try:
        yield
    except RecordNotFound as error:
        raise ScenarioNotFoundError from error
    except VersionConflict as error:
        raise VersionConflictError(
            f"The scenario is at version {error.actual}.", extra={"version": error.actual}
        ) from error


# Reading -----------------------------------------------------------------------------------------


def get(session: Session, scenario: ScenarioId) -> Scenario:
    record = SCENARIOS.get(session, scenario)
    if record is None:
        raise ScenarioNotFoundError
    return record


def get_as_of(session: Session, scenario: ScenarioId, instant: datetime) -> RecordVersion[Scenario]:
    """The scenario as it was at `instant`; `ScenarioNotFoundError` where it did not exist then."""
    version = SCENARIOS.as_of(session, scenario, instant)
    if version is None:
        raise ScenarioNotFoundError
    return version


def get_version(session: Session, scenario: ScenarioId, number: int) -> RecordVersion[Scenario]:
    try:
        return SCENARIOS.version(session, scenario, number)
    except RecordNotFound as error:
        raise VersionNotFoundError from error


def validate(session: Session, document: ScenarioDocument) -> Fit:
    """What is said of a scenario that is not stored; raises `ValidationError` as storing it would."""
    values = document.values()
    return check(session, values["assumptions"], values["parameters"])


def holder_of(session: Session, name: str) -> ScenarioId | None:
    """The scenario that has `name` now."""
    return repository.id_by_name(session, name)


def list_scenarios(session: Session, where: ScenarioFilter, request: PageRequest) -> Page[Scenario]:
    return page(repository.list_page(session, where, request), request, lambda scenario: scenario.id)


def list_versions(
    session: Session, scenario: ScenarioId, request: PageRequest
) -> Page[RecordVersion[Scenario]]:
    """The versions of a scenario, newest first; a deleted scenario still has them."""
    versions = repository.list_versions(session, scenario, request)
    if not versions and request.key is None:
        raise ScenarioNotFoundError
    return page(versions, request, lambda version: UUID(int=version.version))


def list_events(
    session: Session, scenario: ScenarioId, run: RunId | None, request: PageRequest
) -> Page[ScenarioEvent]:
    """The audit log of a scenario or of one of its runs, newest first."""
    events = repository.list_events(session, scenario, run, request)
    if not events and request.key is None:
        raise ScenarioNotFoundError
    return page(events, request, lambda event: event.id)


def compare(before: Scenario, after: Scenario) -> list[Difference]:
    """What is different between two versions, or two scenarios, and nothing else."""
    return list(differences(_document(before), _document(after)))


def _document(scenario: Scenario) -> dict[str, Any]:
    return {
        "name": scenario.name,
        "description": scenario.description,
        "status": scenario.status,
        "assumptions": decode(scenario.assumptions),
        "parameters": decode(scenario.parameters),
        "tags": scenario.tags,
    }
