"""Tenants: register, change, and see what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError as InvalidPolicy

from sextant.drivers.rules import fault_of
from sextant.errors import FieldError, ValidationError
from sextant.kill_switches import admission
from sextant.operations.policy import OperationsPolicy
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session
from sextant.storage.temporal import FieldChange
from sextant.storage.unique_names import unique_name
from sextant.tenants import repository
from sextant.tenants.errors import TenantNotFoundError
from sextant.tenants.model import Tenant
from sextant.tenants.repository import tenant_settings as tenant_settings


def create(session: Session, values: Mapping[str, Any], actor: str) -> Tenant:
    """Register the session's tenant; the session is the platform's, entered for that tenant."""
    _check_settings(values.get("settings"))
    with unique_name("tenant"):
        return repository.TENANTS.create(session, values, actor=actor)


def find(session: Session) -> Tenant | None:
    """The session's tenant; None where nobody registered it."""
    return repository.own(session)


def own(session: Session) -> Tenant:
    tenant = repository.own(session)
    if tenant is None:
        raise TenantNotFoundError
    return tenant


def list_tenants(session: Session, request: PageRequest) -> Page[Tenant]:
    """Every tenant; for a platform session."""
    return page(repository.list_all_tenants(session, request), request, lambda tenant: tenant.id)


def change(session: Session, changes: Mapping[str, Any], *, actor: str, expected: int | None) -> Tenant:
    """Change the session's tenant; the waiting runs of one that becomes active again are requested again."""
    _check_settings(changes.get("settings"))
    before = own(session)
    after = repository.TENANTS.update(session, before.id, changes, actor=actor, expected_version=expected)
    if after.active and not before.active:
        admission.resume_runs(session)
    return after


def changes(session: Session, before: int | None, request: PageRequest) -> Page[FieldChange]:
    """What was changed, newest first; with `before` only of the versions before that."""
    return repository.TENANTS.changes(session, own(session).id, request, before=before)


def _check_settings(settings: object) -> None:
    """A tenant's own policy of operations must be one."""
    overrides = settings.get("operations") if isinstance(settings, dict) else None
    if overrides is None:
        return
    try:
        OperationsPolicy().overridden(overrides)
    except InvalidPolicy as error:
        wrong = [
            FieldError(*fault_of(item, "settings", "operations"))
            for item in error.errors(include_url=False, include_input=False)
        ]
        raise ValidationError(
            f"settings.operations is not a policy: {wrong[0].path}: {wrong[0].message}.", errors=wrong
        ) from error
