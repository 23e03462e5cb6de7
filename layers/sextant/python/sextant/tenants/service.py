"""Tenants: register, change, and see what was changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import ValidationError as InvalidPolicy

from sextant.errors import FieldError, NotFoundError, ValidationError
from sextant.kill_switches import repository as kill_switches_repository
from sextant.operations.policy import OperationsPolicy
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session
from sextant.storage.errors import UniqueViolation
from sextant.storage.temporal import FieldChange
from sextant.storage.unique_names import NameTakenError
from sextant.tenants import repository
from sextant.tenants.errors import TenantNotFoundError
from sextant.tenants.model import Tenant

T = TypeVar("T")


Values = Mapping[str, Any]


def create(session: Session, values: Values, actor: str) -> Tenant:
    """Register the session's tenant; the session is the platform's, entered for that tenant."""
    _check_settings(values.get("settings"))
    try:
        return repository.TENANTS.create(session, values, actor=actor)
    except UniqueViolation as violation:
        raise _taken(violation, "tenant") from violation


def own(session: Session) -> Tenant:
    return _found(repository.tenant(session), TenantNotFoundError)


def list_tenants(session: Session, request: PageRequest) -> Page[Tenant]:
    """Every tenant; for a platform session."""
    return page(repository.list_all_tenants(session, request), request, lambda tenant: tenant.id)


def change(session: Session, changes: Values, *, actor: str, expected: int | None) -> Tenant:
    """Change the session's tenant; one that becomes active again has its waiting runs asked for again."""
    _check_settings(changes.get("settings"))
    before = own(session)
    after = repository.TENANTS.update(session, before.id, changes, actor=actor, expected_version=expected)
    if after.active and not before.active:
        kill_switches_repository.resume_runs(session)
    return after


def changes(session: Session, limit: int, before: int | None) -> list[FieldChange]:
    return repository.TENANTS.changes(session, own(session).id, limit=limit, before=before)


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


def _found(thing: T | None, missing: type[NotFoundError]) -> T:
    if thing is None:
        raise missing
    return thing


def _taken(violation: UniqueViolation, what: str) -> Exception:
    if violation.constraint.endswith(("_name_unique", "_slug_unique")):
        return NameTakenError(f"There is such a {what} already.")
    return violation
