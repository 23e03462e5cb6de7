"""The outbox's administration: see what stands where, replay, change quotas.

What changes anything needs a platform session, a reason, and leaves an audit entry in the same transaction.
`tenant` None means every tenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sextant.errors import FieldError, ForbiddenError, ValidationError
from sextant.ids import TenantId, new_id
from sextant.outbox import repository as outbox
from sextant.outbox.administration import repository
from sextant.outbox.administration.model import (
    DEFAULTS,
    AuditEntry,
    Entry,
    EntryDetail,
    Quota,
    QuotaChange,
    Replay,
    ReplayTooLargeError,
    Selection,
    UnknownEventError,
)
from sextant.outbox.model import Statistics
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session
from sextant.storage.errors import CheckViolation

MAX_REPLAY = 10_000
"""The most events of one replay; a larger one is made of several, by time windows."""

_LESS_IS_LESS = ("max_events", "batch_limit", "max_pending")
"""Values of which more is a larger share of the platform."""
_LIMITS = {
    "tenant_quota_max_events_check": ("max_events", "at least 0"),
    "tenant_quota_window_check": ("window_seconds", "1 to 3600"),
    "tenant_quota_backoff_check": ("backoff_seconds", "0 to 3600"),
    "tenant_quota_batch_limit_check": ("batch_limit", "1 to 1000"),
    "tenant_quota_max_pending_check": ("max_pending", "at least 1"),
}


def list_events(
    session: Session, tenant: TenantId | None, selection: Selection, request: PageRequest
) -> Page[Entry]:
    """Events and where they stand, newest first."""
    return page(repository.entries(session, tenant, selection, request), request, lambda entry: entry.id)


def get_event(session: Session, tenant: TenantId, event: UUID) -> EntryDetail:
    """One event, whole; `UnknownEventError` where the tenant has none of this id."""
    entries = repository.entries(session, tenant, Selection(ids=[event]), PageRequest(limit=1))
    detail = repository.detail(session, tenant, event)
    if not entries or detail is None:
        raise UnknownEventError
    return EntryDetail(
        entries[0], *detail, repository.publications(session, tenant, event, entries[0].created_at)
    )


def summary(
    session: Session, tenant: TenantId | None, since: datetime | None, request: PageRequest
) -> Page[Statistics]:
    """A page of tenants' statistics, by tenant, with what was published since `since` (None: in the last 24 hours)."""
    return page(outbox.statistics(session, since, tenant, request), request, _by_tenant)


def preview_replay(session: Session, tenant: TenantId | None, selection: Selection) -> int:
    """How many events a replay of this selection would send (counted up to one more than it may).

    Raises `ValidationError` for a selection without any condition.
    """
    if selection.is_open:
        raise ValidationError(
            "A replay needs a selection.",
            errors=[FieldError("", "required", "name ids, a status, a topic or a time window")],
        )
    return repository.count(session, tenant, selection, MAX_REPLAY + 1)


def replay(
    session: Session, tenant: TenantId | None, selection: Selection, *, actor: str, reason: str
) -> Replay:
    """Send the selected events again, each under its own event id and marked by the header `replay-id`.

    Events that wait already are not doubled. Raises `ReplayTooLargeError` beyond `MAX_REPLAY` events and
    `ValidationError` without a reason or for a selection without any condition.
    """
    _check_reason(reason)
    if preview_replay(session, tenant, selection) > MAX_REPLAY:
        raise ReplayTooLargeError(
            f"The selection holds more than {MAX_REPLAY} events; narrow its time window."
        )
    entry = _entry(tenant or DEFAULTS, "replay", actor, reason, _as_json(selection))
    events = repository.replay(session, tenant, selection, entry.id, MAX_REPLAY)
    repository.audit(session, replace(entry, detail={**entry.detail, "events": events}))
    return Replay(entry.id, events)


def list_quotas(session: Session, tenant: TenantId | None, request: PageRequest) -> Page[Quota]:
    """A page of tenants' quotas and use, by tenant; the defaults are those of tenant `*`."""
    return page(repository.quotas(session, tenant, request), request, _by_tenant)


def _by_tenant(item: Statistics | Quota) -> tuple[str]:
    return (item.tenant_id,)


def adjust_quota(
    session: Session,
    tenant: TenantId | None,
    change: QuotaChange,
    *,
    actor: str,
    reason: str,
    by_platform: bool = True,
) -> Quota:
    """Change a tenant's quota, or the defaults with tenant None; every relay obeys from its next claim on.

    A quota is a share of the platform: the tenant's own people (not `by_platform`) may take less than the defaults, no more,
    and do not change what who manages tenants set.
    """
    _check_reason(reason)
    values = change.given()
    if not values:
        raise ValidationError(
            "Nothing is changed.", errors=[FieldError("quota", "required", "name a new value")]
        )
    owner = tenant or TenantId(DEFAULTS)
    if not by_platform:
        _check_within_defaults(session, owner, values)
    try:
        if not repository.set_quota(session, owner, values, actor, reason, by_platform=by_platform):
            raise _set_by_platform()
    except CheckViolation as error:
        if error.constraint in _LIMITS:
            field, rule = _LIMITS[error.constraint]
            raise ValidationError(
                f"{field} must be {rule}.", errors=[FieldError(field, "range", f"must be {rule}")]
            ) from error
        raise
    repository.audit(session, _entry(owner, "quota.adjust", actor, reason, values))
    return _quota(session, owner)


def reset_quota(session: Session, tenant: TenantId, *, actor: str, reason: str) -> Quota:
    """Give a tenant the defaults again, with nothing of the present window used."""
    _check_reason(reason)
    repository.reset_quota(session, tenant, actor, reason)
    repository.audit(session, _entry(tenant, "quota.reset", actor, reason, {}))
    return _quota(session, tenant)


def audit_log(session: Session, tenant: TenantId | None, request: PageRequest) -> Page[AuditEntry]:
    """Who replayed and who changed quotas, newest first."""
    return page(repository.audited(session, tenant, request), request, lambda entry: entry.id)


def _quota(session: Session, tenant: str) -> Quota:
    """Of a tenant that has one."""
    quota = repository.quota(session, tenant)
    assert quota is not None
    return quota


def _check_within_defaults(session: Session, owner: TenantId, values: Mapping[str, int]) -> None:
    """Refuse what gives the tenant more than the defaults do, be it by a shorter window or by less time out."""
    most = _quota(session, DEFAULTS)
    present = repository.quota(session, owner) or most
    if present.by_platform:
        raise _set_by_platform()
    allowed = {name: getattr(most, name) for name in _LESS_IS_LESS}
    wrong = [name for name, limit in allowed.items() if values.get(name, 0) > limit]
    events = values.get("max_events", present.max_events)
    window = values.get("window_seconds", present.window_seconds)
    if {"max_events", "window_seconds"} & values.keys() and not wrong:
        allowed["window_seconds"] = most.window_seconds
        if events * most.window_seconds > most.max_events * window:
            wrong.append("window_seconds")
    if values.get("backoff_seconds", most.backoff_seconds) < most.backoff_seconds:
        allowed["backoff_seconds"] = most.backoff_seconds
        wrong.append("backoff_seconds")
    if wrong:
        defaults = ", ".join(f"{name} {allowed[name]}" for name in sorted(allowed))
        rule = f"more than the platform allows a tenant ({defaults}) is for who manages tenants"
        raise ValidationError(
            f"{wrong[0]}: {rule}", errors=[FieldError(name, "platforms", rule) for name in wrong]
        )


def _set_by_platform() -> ForbiddenError:
    return ForbiddenError(
        "The quota was set by who manages tenants, and only they change it.",
        extra={"required_permission": "tenants:manage"},
    )


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise ValidationError(
            "A reason is required.", errors=[FieldError("reason", "required", "say why, for the audit")]
        )


def _as_json(selection: Selection) -> dict[str, Any]:
    return {
        "ids": [str(event) for event in selection.ids] if selection.ids is not None else None,
        "status": selection.status,
        "topic": selection.topic,
        "created_after": selection.created_after.isoformat() if selection.created_after else None,
        "created_before": selection.created_before.isoformat() if selection.created_before else None,
    }


def _entry(tenant: str, action: str, actor: str, reason: str, detail: Mapping[str, Any]) -> AuditEntry:
    return AuditEntry(tenant, new_id(), action, actor, reason, detail, datetime.now(UTC))
