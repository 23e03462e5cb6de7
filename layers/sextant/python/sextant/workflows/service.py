"""Workflows: create, change, delete, and see what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from sextant.errors import NotFoundError
from sextant.kill_switches import repository as kill_switches_repository
from sextant.kill_switches.errors import UnderKillSwitchError
from sextant.kill_switches.model import SwitchScope
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session
from sextant.storage.errors import RecordNotFound, UniqueViolation
from sextant.storage.temporal import FieldChange
from sextant.storage.unique_names import NameTakenError
from sextant.vendors.model import Vendor
from sextant.workflows import repository
from sextant.workflows.errors import BuiltInWorkflowError, WorkflowNotFoundError
from sextant.workflows.model import BUILT_IN_WORKFLOW, Workflow

T = TypeVar("T")


Values = Mapping[str, Any]


def create(session: Session, values: Values, actor: str) -> Workflow:
    try:
        return repository.WORKFLOWS.create(session, values, actor=actor)
    except UniqueViolation as violation:
        raise _taken(violation, "workflow") from violation


def get(session: Session, workflow: UUID) -> Workflow:
    return _found(repository.WORKFLOWS.get(session, workflow), WorkflowNotFoundError)


def list_workflows(session: Session, request: PageRequest) -> Page[Workflow]:
    """The tenant's workflows; the built-in one is among them from the first look, to be paused or switched off."""
    repository.platform_workflow(session)
    return page(repository.list_workflows(session, request), request, lambda workflow: workflow.id)


def change(
    session: Session, workflow: UUID, changes: Values, *, actor: str, expected: int | None
) -> Workflow:
    """Change some fields; setting a paused workflow to ACTIVE asks again for the runs that waited."""
    before = get(session, workflow)
    if "name" in changes and changes["name"] != before.name:
        _may_lose_its_name(session, "WORKFLOW", before)
    try:
        after = repository.WORKFLOWS.update(
            session, workflow, changes, actor=actor, expected_version=expected
        )
    except UniqueViolation as violation:
        raise _taken(violation, "workflow") from violation
    if before.state == "PAUSED" and after.state == "ACTIVE":
        kill_switches_repository.resume_runs(session)
    return after


def delete(session: Session, workflow: UUID, actor: str, expected: int | None) -> None:
    _may_lose_its_name(session, "WORKFLOW", get(session, workflow))
    try:
        repository.WORKFLOWS.delete(session, workflow, actor=actor, expected_version=expected)
    except RecordNotFound as error:
        raise WorkflowNotFoundError from error


def changes(session: Session, workflow: UUID, limit: int, before: int | None) -> list[FieldChange]:
    get(session, workflow)
    return repository.WORKFLOWS.changes(session, workflow, limit=limit, before=before)


def _may_lose_its_name(session: Session, scope: SwitchScope, thing: Workflow | Vendor) -> None:
    """Raise where something would start again under a new id: runs and calls find workflow and vendor by name."""
    if scope == "WORKFLOW" and thing.name.lower() == BUILT_IN_WORKFLOW:
        raise BuiltInWorkflowError
    if kill_switches_repository.is_active(session, scope, str(thing.id)):
        raise UnderKillSwitchError


def _found(thing: T | None, missing: type[NotFoundError]) -> T:
    if thing is None:
        raise missing
    return thing


def _taken(violation: UniqueViolation, what: str) -> Exception:
    if violation.constraint.endswith(("_name_unique", "_slug_unique")):
        return NameTakenError(f"There is such a {what} already.")
    return violation
