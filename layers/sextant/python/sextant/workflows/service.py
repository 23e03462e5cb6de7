"""Workflows: create, change, delete, and see what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sextant.kill_switches import admission
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session
from sextant.storage.errors import RecordNotFound
from sextant.storage.temporal import FieldChange
from sextant.storage.unique_names import unique_name
from sextant.workflows import repository
from sextant.workflows.errors import BuiltInWorkflowError, WorkflowNotFoundError
from sextant.workflows.model import BUILT_IN_WORKFLOW, Workflow
from sextant.workflows.repository import built_in as built_in


def create(session: Session, values: Mapping[str, Any], actor: str) -> Workflow:
    with unique_name("workflow"):
        return repository.WORKFLOWS.create(session, values, actor=actor)


def find(session: Session, workflow: UUID, *, include_deleted: bool = False) -> Workflow | None:
    return repository.WORKFLOWS.get(session, workflow, include_deleted=include_deleted)


def get(session: Session, workflow: UUID) -> Workflow:
    stored = find(session, workflow)
    if stored is None:
        raise WorkflowNotFoundError
    return stored


def list_workflows(session: Session, request: PageRequest) -> Page[Workflow]:
    """The tenant's workflows; the built-in one is among them from the first look, to be paused or switched off."""
    built_in(session)
    return page(repository.list_workflows(session, request), request, lambda workflow: workflow.id)


def change(
    session: Session,
    workflow: UUID,
    changes: Mapping[str, Any],
    *,
    actor: str,
    expected: int | None = None,
) -> Workflow:
    """Change some fields; setting a paused workflow to ACTIVE asks again for the runs that waited."""
    before = get(session, workflow)
    if "name" in changes and changes["name"] != before.name:
        _may_lose_its_name(session, before)
    with unique_name("workflow"):
        after = repository.WORKFLOWS.update(
            session, workflow, changes, actor=actor, expected_version=expected
        )
    if before.state == "PAUSED" and after.state == "ACTIVE":
        admission.resume_runs(session)
    return after


def delete(session: Session, workflow: UUID, actor: str, expected: int | None) -> None:
    _may_lose_its_name(session, get(session, workflow))
    try:
        repository.WORKFLOWS.delete(session, workflow, actor=actor, expected_version=expected)
    except RecordNotFound as error:
        raise WorkflowNotFoundError from error


def changes(session: Session, workflow: UUID, before: int | None, request: PageRequest) -> Page[FieldChange]:
    """What was changed, newest first; with `before` only of the versions before that."""
    get(session, workflow)
    return repository.WORKFLOWS.changes(session, workflow, request, before=before)


def _may_lose_its_name(session: Session, workflow: Workflow) -> None:
    if workflow.name.lower() == BUILT_IN_WORKFLOW:
        raise BuiltInWorkflowError
    admission.require_none(session, "WORKFLOW", workflow.id)
