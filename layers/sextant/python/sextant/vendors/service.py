"""Vendors: create, change, delete, and see what was changed."""

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
from sextant.vendors import repository
from sextant.vendors.errors import VendorNotFoundError
from sextant.vendors.model import Vendor, VendorStanding
from sextant.workflows.errors import BuiltInWorkflowError
from sextant.workflows.model import BUILT_IN_WORKFLOW, Workflow

T = TypeVar("T")


Values = Mapping[str, Any]


def create(session: Session, values: Values, actor: str) -> Vendor:
    try:
        return repository.VENDORS.create(session, values, actor=actor)
    except UniqueViolation as violation:
        raise _taken(violation, "vendor") from violation


def get(session: Session, vendor: UUID) -> Vendor:
    return _found(repository.VENDORS.get(session, vendor), VendorNotFoundError)


def standing(session: Session, vendor: UUID) -> VendorStanding:
    get(session, vendor)
    return repository.standing(session, vendor)


def list_vendors(session: Session, request: PageRequest) -> Page[Vendor]:
    return page(repository.list_vendors(session, request), request, lambda vendor: vendor.id)


def change(session: Session, vendor: UUID, changes: Values, *, actor: str, expected: int | None) -> Vendor:
    before = get(session, vendor)
    if "name" in changes and changes["name"] != before.name:
        _may_lose_its_name(session, "VENDOR", before)
    try:
        return repository.VENDORS.update(session, vendor, changes, actor=actor, expected_version=expected)
    except UniqueViolation as violation:
        raise _taken(violation, "vendor") from violation
    except RecordNotFound as error:
        raise VendorNotFoundError from error


def delete(session: Session, vendor: UUID, actor: str, expected: int | None) -> None:
    _may_lose_its_name(session, "VENDOR", get(session, vendor))
    try:
        repository.VENDORS.delete(session, vendor, actor=actor, expected_version=expected)
    except RecordNotFound as error:
        raise VendorNotFoundError from error


def changes(session: Session, vendor: UUID, limit: int, before: int | None) -> list[FieldChange]:
    get(session, vendor)
    return repository.VENDORS.changes(session, vendor, limit=limit, before=before)


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
