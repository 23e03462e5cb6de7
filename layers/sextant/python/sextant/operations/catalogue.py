"""Tenants, workflows and vendors: create, change, delete, and see what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar
from uuid import UUID

from pydantic import ValidationError as InvalidPolicy

from sextant.errors import FieldError, NotFoundError, ValidationError
from sextant.operations.errors import (
    BuiltInWorkflowError,
    NameTakenError,
    TenantNotFoundError,
    UnderKillSwitchError,
    VendorNotFoundError,
    WorkflowNotFoundError,
)
from sextant.operations.model import SwitchScope, Tenant, Vendor, VendorStanding, Workflow
from sextant.operations.policy import OperationsPolicy
from sextant.operations.repository import catalogue as repository
from sextant.operations.repository import switches, vendors
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session
from sextant.storage.errors import RecordNotFound, UniqueViolation
from sextant.storage.temporal import FieldChange

BUILT_IN_WORKFLOW = "scenario-runs"

T = TypeVar("T")
Values = Mapping[str, Any]


def create_workflow(session: Session, values: Values, actor: str) -> Workflow:
    try:
        return repository.WORKFLOWS.create(session, values, actor=actor)
    except UniqueViolation as violation:
        raise _taken(violation, "workflow") from violation


def get_workflow(session: Session, workflow: UUID) -> Workflow:
    return _found(repository.WORKFLOWS.get(session, workflow), WorkflowNotFoundError)


def list_workflows(session: Session, request: PageRequest) -> Page[Workflow]:
    """The tenant's workflows; the built-in one is among them from the first look, to be paused or switched off."""
    repository.platform_workflow(session)
    return page(repository.list_workflows(session, request), request, lambda workflow: workflow.id)


def change_workflow(
    session: Session, workflow: UUID, changes: Values, *, actor: str, expected: int | None
) -> Workflow:
    """Change some fields; setting a paused workflow to ACTIVE asks again for the runs that waited."""
    before = get_workflow(session, workflow)
    if "name" in changes and changes["name"] != before.name:
        _may_lose_its_name(session, "WORKFLOW", before)
    try:
        after = repository.WORKFLOWS.update(
            session, workflow, changes, actor=actor, expected_version=expected
        )
    except UniqueViolation as violation:
        raise _taken(violation, "workflow") from violation
    if before.state == "PAUSED" and after.state == "ACTIVE":
        repository.resume_runs(session)
    return after


def delete_workflow(session: Session, workflow: UUID, actor: str, expected: int | None) -> None:
    _may_lose_its_name(session, "WORKFLOW", get_workflow(session, workflow))
    try:
        repository.WORKFLOWS.delete(session, workflow, actor=actor, expected_version=expected)
    except RecordNotFound as error:
        raise WorkflowNotFoundError from error


def workflow_changes(session: Session, workflow: UUID, limit: int, before: int | None) -> list[FieldChange]:
    get_workflow(session, workflow)
    return repository.WORKFLOWS.changes(session, workflow, limit=limit, before=before)


def create_vendor(session: Session, values: Values, actor: str) -> Vendor:
    try:
        return repository.VENDORS.create(session, values, actor=actor)
    except UniqueViolation as violation:
        raise _taken(violation, "vendor") from violation


def get_vendor(session: Session, vendor: UUID) -> Vendor:
    return _found(repository.VENDORS.get(session, vendor), VendorNotFoundError)


def vendor_standing(session: Session, vendor: UUID) -> VendorStanding:
    get_vendor(session, vendor)
    return vendors.standing(session, vendor)


def list_vendors(session: Session, request: PageRequest) -> Page[Vendor]:
    return page(repository.list_vendors(session, request), request, lambda vendor: vendor.id)


def change_vendor(
    session: Session, vendor: UUID, changes: Values, *, actor: str, expected: int | None
) -> Vendor:
    before = get_vendor(session, vendor)
    if "name" in changes and changes["name"] != before.name:
        _may_lose_its_name(session, "VENDOR", before)
    try:
        return repository.VENDORS.update(session, vendor, changes, actor=actor, expected_version=expected)
    except UniqueViolation as violation:
        raise _taken(violation, "vendor") from violation
    except RecordNotFound as error:
        raise VendorNotFoundError from error


def delete_vendor(session: Session, vendor: UUID, actor: str, expected: int | None) -> None:
    _may_lose_its_name(session, "VENDOR", get_vendor(session, vendor))
    try:
        repository.VENDORS.delete(session, vendor, actor=actor, expected_version=expected)
    except RecordNotFound as error:
        raise VendorNotFoundError from error


def vendor_changes(session: Session, vendor: UUID, limit: int, before: int | None) -> list[FieldChange]:
    get_vendor(session, vendor)
    return repository.VENDORS.changes(session, vendor, limit=limit, before=before)


def create_tenant(session: Session, values: Values, actor: str) -> Tenant:
    """Register the session's tenant; the session is the platform's, entered for that tenant."""
    _check_settings(values.get("settings"))
    try:
        return repository.TENANTS.create(session, values, actor=actor)
    except UniqueViolation as violation:
        raise _taken(violation, "tenant") from violation


def own_tenant(session: Session) -> Tenant:
    return _found(repository.tenant(session), TenantNotFoundError)


def list_tenants(session: Session, request: PageRequest) -> Page[Tenant]:
    """Every tenant; for a platform session."""
    return page(repository.list_all_tenants(session, request), request, lambda tenant: tenant.id)


def change_tenant(session: Session, changes: Values, *, actor: str, expected: int | None) -> Tenant:
    """Change the session's tenant; one that becomes active again has its waiting runs asked for again."""
    _check_settings(changes.get("settings"))
    before = own_tenant(session)
    after = repository.TENANTS.update(session, before.id, changes, actor=actor, expected_version=expected)
    if after.active and not before.active:
        repository.resume_runs(session)
    return after


def tenant_changes(session: Session, limit: int, before: int | None) -> list[FieldChange]:
    return repository.TENANTS.changes(session, own_tenant(session).id, limit=limit, before=before)


def _check_settings(settings: object) -> None:
    """A tenant's own policy of operations must be one."""
    overrides = settings.get("operations") if isinstance(settings, dict) else None
    if overrides is None:
        return
    try:
        OperationsPolicy().overridden(overrides)
    except InvalidPolicy as error:
        wrong = [
            FieldError(
                ".".join(("settings", "operations", *(str(part) for part in item["loc"] if part != "[key]"))),
                item["type"],
                item["msg"],
            )
            for item in error.errors()
        ]
        raise ValidationError(
            f"settings.operations is not a policy: {wrong[0].path}: {wrong[0].message}.", errors=wrong
        ) from error


def _may_lose_its_name(session: Session, scope: SwitchScope, thing: Workflow | Vendor) -> None:
    """Raise where something would start again under a new id: runs and calls find workflow and vendor by name."""
    if scope == "WORKFLOW" and thing.name.lower() == BUILT_IN_WORKFLOW:
        raise BuiltInWorkflowError
    if switches.is_active(session, scope, str(thing.id)):
        raise UnderKillSwitchError


def _found(thing: T | None, missing: type[NotFoundError]) -> T:
    if thing is None:
        raise missing
    return thing


def _taken(violation: UniqueViolation, what: str) -> Exception:
    if violation.constraint.endswith(("_name_unique", "_slug_unique")):
        return NameTakenError(f"There is such a {what} already.")
    return violation
