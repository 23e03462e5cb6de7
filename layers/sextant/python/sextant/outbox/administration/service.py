"""The outbox's administration: see what stands where, replay, change quotas.

What changes anything needs a platform session, a reason, and leaves an audit entry in the same transaction.
`tenant` None means every tenant.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sextant.errors import FieldError, ValidationError
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
    session: Session, tenant: TenantId | None = None, since: datetime | None = None
) -> list[Statistics]:
    """Each tenant's statistics, with what was published since `since` (default: the last 24 hours)."""
    return outbox.statistics(session, since or datetime.now(UTC) - timedelta(days=1), tenant)


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


def list_quotas(session: Session, tenant: TenantId | None = None) -> list[Quota]:
    """Every tenant's quota and use; the defaults are those of tenant `*`."""
    return repository.quotas(session, tenant)


def adjust_quota(
    session: Session, tenant: TenantId | None, change: QuotaChange, *, actor: str, reason: str
) -> Quota:
    """Change a tenant's quota, or the defaults with tenant None; every relay obeys from its next claim on."""
    _check_reason(reason)
    values = change.given()
    if not values:
        raise ValidationError(
            "Nothing is changed.", errors=[FieldError("quota", "required", "name a new value")]
        )
    owner = tenant or TenantId(DEFAULTS)
    try:
        repository.set_quota(session, owner, values, actor, reason)
    except CheckViolation as error:
        if error.constraint in _LIMITS:
            field, rule = _LIMITS[error.constraint]
            raise ValidationError(
                f"{field} must be {rule}.", errors=[FieldError(field, "range", f"must be {rule}")]
            ) from error
        raise
    repository.audit(session, _entry(owner, "quota.adjust", actor, reason, values))
    return repository.quotas(session, owner)[0]


def reset_quota(session: Session, tenant: TenantId, *, actor: str, reason: str) -> Quota:
    """Give a tenant the defaults again, with nothing of the present window used."""
    _check_reason(reason)
    repository.reset_quota(session, tenant, actor, reason)
    repository.audit(session, _entry(tenant, "quota.reset", actor, reason, {}))
    return repository.quotas(session, tenant)[0]


def audit_log(session: Session, tenant: TenantId | None, request: PageRequest) -> Page[AuditEntry]:
    """Who replayed and who changed quotas, newest first."""
    return page(repository.audited(session, tenant, request), request, lambda entry: entry.id)


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
