"""Vendors: create, change, delete, see what was changed, and move a breaker by hand."""

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
from sextant.vendors import repository
from sextant.vendors.errors import VendorNotFoundError
from sextant.vendors.model import Vendor, VendorStatus
from sextant.vendors.repository import find_by_name as find_by_name
from sextant.vendors.repository import move_breaker as move_breaker
from sextant.vendors.repository import seconds_until_retry as seconds_until_retry


def create(session: Session, values: Mapping[str, Any], actor: str) -> Vendor:
    with unique_name("vendor"):
        return repository.VENDORS.create(session, values, actor=actor)


def find(session: Session, vendor: UUID) -> Vendor | None:
    return repository.VENDORS.get(session, vendor)


def get(session: Session, vendor: UUID) -> Vendor:
    stored = find(session, vendor)
    if stored is None:
        raise VendorNotFoundError
    return stored


def status(session: Session, vendor: UUID) -> VendorStatus:
    get(session, vendor)
    return repository.status(session, vendor)


def list_vendors(session: Session, request: PageRequest) -> Page[Vendor]:
    return page(repository.list_vendors(session, request), request, lambda vendor: vendor.id)


def change(
    session: Session, vendor: UUID, changes: Mapping[str, Any], *, actor: str, expected: int | None
) -> Vendor:
    before = get(session, vendor)
    if "name" in changes and changes["name"] != before.name:
        admission.require_none(session, "VENDOR", vendor)
    try:
        with unique_name("vendor"):
            return repository.VENDORS.update(session, vendor, changes, actor=actor, expected_version=expected)
    except RecordNotFound as error:
        raise VendorNotFoundError from error


def delete(session: Session, vendor: UUID, actor: str, expected: int | None) -> None:
    get(session, vendor)
    admission.require_none(session, "VENDOR", vendor)
    try:
        repository.VENDORS.delete(session, vendor, actor=actor, expected_version=expected)
    except RecordNotFound as error:
        raise VendorNotFoundError from error


def changes(session: Session, vendor: UUID, before: int | None, request: PageRequest) -> Page[FieldChange]:
    """What was changed, newest first; with `before` only of the versions before that."""
    get(session, vendor)
    return repository.VENDORS.changes(session, vendor, request, before=before)
