"""Reading and changing settings. No function here commits, and none knows of HTTP."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pydantic

from sextant.drivers.rules import fault_of
from sextant.errors import (
    FieldError,
    ForbiddenError,
    NotFoundError,
    TooManyRequestsError,
    UnavailableError,
    ValidationError,
)
from sextant.identity import Caller
from sextant.ids import TenantId, new_id
from sextant.paging import Page, PageRequest, page
from sextant.settings import repository
from sextant.settings.model import ALL_PATHS, DEFAULTS, PLATFORM, SHARES, Admission, Change, Kind, Setting
from sextant.settings.repository import rate_limits as rate_limits
from sextant.settings.repository import usage as usage
from sextant.storage import Session
from sextant.storage.errors import CheckViolation


class UnknownSettingError(NotFoundError):
    """There is no setting of this kind and name."""

    code, title = "setting_not_found", "Setting not found"


class RateLimitedError(TooManyRequestsError):
    """The tenant's rate limit is reached; Retry-After says when to come again."""

    code, title = "rate_limited", "Rate limit reached"

    def __init__(self, admission: Admission | None = None) -> None:
        super().__init__()
        self.admission = admission
        if admission is not None:
            self.retry_after = admission.retry_after


class FeatureDisabledError(UnavailableError):
    """This feature is switched off at the moment."""

    code, title = "feature_disabled", "Feature switched off"
    remedy = (
        "Wait until it is switched on again, or ask your administrator: GET /v1/admin/settings "
        "shows the flag."
    )
    retry_after = 60.0


def effective(session: Session, tenant: TenantId, kind: Kind | None = None) -> list[Setting]:
    """What holds for `tenant`: its own values, and the platform's where it has none."""
    return repository.effective(session, tenant, kind)


def put(
    session: Session,
    tenant: TenantId,
    kind: Kind,
    name: str,
    value: dict[str, Any],
    reason: str,
    caller: Caller,
) -> Setting:
    """Set a value for `tenant` (or for the platform) and write down who did so and why.

    What the platform allows protects the other tenants: a tenant's own people may take less of it, and no more, and do not
    change what who manages tenants set for them.
    """
    checked = _checked(kind, name, value)
    if not caller.may("tenants:manage"):
        checked = _within_platforms(session, tenant, kind, name, checked)
    _put(session, tenant, kind, name, checked, reason, caller)
    return _found(session, tenant, kind, name)


def remove(session: Session, tenant: TenantId, kind: Kind, name: str, reason: str, caller: Caller) -> None:
    """Remove a tenant's own value, so that the platform's holds again."""
    if _put(session, tenant, kind, name, None, reason, caller) is None:
        raise UnknownSettingError


def _put(
    session: Session,
    tenant: TenantId,
    kind: Kind,
    name: str,
    value: dict[str, Any] | None,
    reason: str,
    caller: Caller,
) -> dict[str, Any] | None:
    """Store or remove a value; the one before. What who manages tenants set is refused to others."""
    try:
        return repository.put(
            session,
            tenant,
            kind,
            name,
            value,
            actor=caller.subject,
            reason=reason,
            audit=new_id(),
            by_platform=caller.may("tenants:manage"),
        )
    except CheckViolation as violation:
        if violation.constraint != "setting_by_platform":
            raise
        raise _set_by_platform(kind, name) from violation


def _set_by_platform(kind: Kind, name: str) -> ForbiddenError:
    return ForbiddenError(
        f"{kind}/{name} was set by who manages tenants, and only they change it.",
        extra={"required_permission": "tenants:manage"},
    )


def audit(session: Session, tenant: TenantId, kind: Kind | None, request: PageRequest) -> Page[Change]:
    return page(repository.audit_page(session, tenant, kind, request), request, lambda change: change.id)


def journal_changes(session: Session, tenant: TenantId | None, within: timedelta) -> list[Change]:
    """The last change, no longer ago than `within`, of the setting `config/journal`: of one tenant, or of each on the platform."""
    return repository.journal_changes(session, tenant, within)


def admit(session: Session, rules: Sequence[str]) -> Admission:
    """Count this request against the tenant's limit; `Admission.admitted` says whether it may go on."""
    return repository.admit(session, rules)


def _found(session: Session, tenant: TenantId, kind: Kind, name: str) -> Setting:
    for setting in repository.effective(session, tenant, kind):
        if setting.name == name:
            return setting
    raise UnknownSettingError


def _within_platforms(
    session: Session, tenant: TenantId, kind: Kind, name: str, value: dict[str, Any]
) -> dict[str, Any]:
    """`value`, with what it leaves open as the platform has it; raises `ValidationError` where it allows more.

    What the platform allows is what who manages tenants set for this tenant, else for all, else the default.
    """
    platforms = {setting.name: setting.value for setting in repository.effective(session, PLATFORM, kind)}
    for setting in repository.effective(session, tenant, kind):
        if setting.by_platform and setting.tenant_id == tenant:
            if setting.name == name:
                raise _set_by_platform(kind, name)
            platforms[setting.name] = setting.value
    most = platforms.get(name)
    if kind == "rate-limit":
        # A longer rule takes the place of a shorter one, so it is held to the longest that is over it.
        words = name.split(".")
        over = [*(".".join(words[:length]) for length in range(len(words), 0, -1)), ALL_PATHS]
        most = next((platforms[rule] for rule in over if rule in platforms), None)
    most = {**DEFAULTS.get((kind, name), {}), **(most or {})}
    held = {**value, "daily_cap": value.get("daily_cap", most["daily_cap"])} if "daily_cap" in most else value
    wrong: list[str] = [
        field
        for field in SHARES.get(kind, ())
        if field in held and field in most and held[field] > most[field]
    ]
    if (
        kind == "rate-limit"
        and most
        and held["limit"] * most["window_seconds"] > most["limit"] * held["window_seconds"]
    ):
        wrong = wrong or ["window_seconds"]
    if wrong:
        allowed = ", ".join(f"{field} {json.dumps(most[field])}" for field in sorted(most))
        message = f"more than the platform allows a tenant ({allowed}) is for who manages tenants"
        raise ValidationError(
            f"value.{wrong[0]}: {message}",
            errors=[FieldError(f"value.{field}", "platforms", message) for field in wrong],
        )
    return held


def _checked(kind: Kind, name: str, value: dict[str, Any]) -> dict[str, Any]:
    """`value` as it is kept; raises `ValidationError` naming the field, `UnknownSettingError` for a name without meaning."""
    from sextant.settings.values import VALUES  # settings are read often and changed seldom

    model = VALUES.get((kind, name)) or VALUES.get((kind, None))
    if model is None:
        known = sorted(known for of, known in VALUES if of == kind and known)
        raise UnknownSettingError(
            f"There is no setting {name!r} of kind {kind!r}; there are: {', '.join(known)}."
        )
    try:
        return model.model_validate(value).model_dump(mode="json", exclude_none=True)
    except pydantic.ValidationError as error:
        raise ValidationError(
            errors=[
                FieldError(*fault_of(item, "value"))
                for item in error.errors(include_url=False, include_input=False)
            ]
        ) from error
