"""Webhooks: create, change, delete, rotate their secrets, test them, see and repeat what was delivered."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sextant.ids import WebhookId
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session
from sextant.storage.errors import RecordNotFound
from sextant.storage.temporal import FieldChange
from sextant.webhooks import repository
from sextant.webhooks.errors import (
    DeliveryNotFoundError,
    TooManyWebhooksError,
    WebhookDisabledError,
    WebhookNotFoundError,
)
from sextant.webhooks.model import (
    MOST_WEBHOOKS,
    Attempt,
    Delivery,
    DeliveryFilter,
    Resent,
    Webhook,
)
from sextant.webhooks.repository import cancel_stranded as cancel_stranded
from sextant.webhooks.repository import claim as claim
from sextant.webhooks.repository import secrets_of as secrets_of
from sextant.webhooks.repository import settle as settle
from sextant.webhooks.repository import totals as totals

OVERLAP = timedelta(hours=24)
"""How long a secret that was rotated out signs beside the new one."""
KEPT_FOR = timedelta(days=30)
_AT_ONCE = 5_000
_SHOWN_ATTEMPTS = 100
MOST_RESENT = 1_000


def create(
    session: Session, webhook: WebhookId, values: Mapping[str, Any], sealed: bytes, actor: str
) -> Webhook:
    """Raises `TooManyWebhooksError` where the tenant has as many as it may have."""
    if repository.count(session) >= MOST_WEBHOOKS:
        raise TooManyWebhooksError(f"A tenant may have {MOST_WEBHOOKS} webhooks.")
    created = repository.WEBHOOKS.create(session, values, actor=actor, record_id=webhook)
    repository.begin_state(session, webhook)
    repository.add_secret(session, webhook, sealed)
    return created


def get(session: Session, webhook: UUID) -> Webhook:
    stored = repository.WEBHOOKS.get(session, webhook)
    if stored is None:
        raise WebhookNotFoundError
    return stored


def list_webhooks(session: Session, request: PageRequest) -> Page[Webhook]:
    return page(repository.list_webhooks(session, request), request, lambda webhook: webhook.id)


def change(
    session: Session, webhook: UUID, changes: Mapping[str, Any], *, actor: str, expected: int | None
) -> Webhook:
    """Disabled, it is sent nothing more, and what waits is cancelled; enabled, it begins anew."""
    before = get(session, webhook)
    repository.lock_state(session, before.id)
    if "state" in changes and changes["state"] != before.state:
        changes = {**changes, "state_reason": ""}
    try:
        after = repository.WEBHOOKS.update(session, webhook, changes, actor=actor, expected_version=expected)
    except RecordNotFound as error:
        raise WebhookNotFoundError from error
    if after.state == "DISABLED":
        repository.cancel_pending(session, after.id)
    elif after.state == "ENABLED" and (before.state != "ENABLED" or before.url != after.url):
        repository.clear_state(session, after.id)
        repository.wake(session)
    return after


def delete(session: Session, webhook: UUID, actor: str, expected: int | None) -> None:
    before = get(session, webhook)
    repository.lock_state(session, before.id)
    try:
        repository.WEBHOOKS.delete(session, webhook, actor=actor, expected_version=expected)
    except RecordNotFound as error:
        raise WebhookNotFoundError from error
    repository.cancel_pending(session, before.id)
    repository.delete_secrets(session, before.id)


def changes(session: Session, webhook: UUID, before: int | None, request: PageRequest) -> Page[FieldChange]:
    """What was changed, newest first; with `before` only of the versions before that."""
    get(session, webhook)
    return repository.WEBHOOKS.changes(session, webhook, request, before=before)


def rotate(session: Session, webhook: UUID, sealed: bytes, public_key: str, actor: str) -> Webhook:
    """Sign by a new secret, and for `OVERLAP` by the one before too; one that was before that no longer signs."""
    stored = get(session, webhook)
    repository.lock_state(session, stored.id)
    repository.expire_secrets(session, stored.id, OVERLAP)
    repository.add_secret(session, stored.id, sealed)
    if stored.public_key == public_key:
        return stored
    return repository.WEBHOOKS.update(session, webhook, {"public_key": public_key}, actor=actor)


def test(session: Session, webhook: UUID) -> Delivery:
    """Have a `webhook.test` delivered, as any event; raises `WebhookDisabledError` where nothing is sent."""
    stored = get(session, webhook)
    if stored.state == "DISABLED":
        raise WebhookDisabledError
    delivery = repository.delivery_of(session, stored.id, repository.test(session, stored.id))
    assert delivery is not None
    return get_delivery(session, webhook, delivery)[0]


def list_deliveries(
    session: Session, webhook: UUID, where: DeliveryFilter, request: PageRequest
) -> Page[Delivery]:
    stored = get(session, webhook)
    rows = repository.list_deliveries(session, stored.id, where, request)
    return page(rows, request, lambda delivery: delivery.id)


def get_delivery(session: Session, webhook: UUID, delivery: UUID) -> tuple[Delivery, str, list[Attempt]]:
    """A delivery, the body that is sent, and what was tried, the last attempt first."""
    stored = get(session, webhook)
    row = repository.find_delivery(session, stored.id, delivery)
    if row is None:
        raise DeliveryNotFoundError
    return *row, repository.attempts(session, delivery, _SHOWN_ATTEMPTS)


def resend(session: Session, webhook: UUID, delivery: UUID) -> Delivery:
    """Send one delivery again, under the same `webhook-id`; one that waits or is on its way stays as it is."""
    stored = _receiving(session, webhook)
    before, _, _ = get_delivery(session, webhook, delivery)
    if before.state != "PENDING":
        repository.resend(session, stored.id, delivery=delivery, since=None, preview=False, limit=1)
        repository.wake(session)
    return get_delivery(session, webhook, delivery)[0]


def resend_failed(session: Session, webhook: UUID, since: datetime, *, preview: bool) -> Resent:
    """Send again what failed or was cancelled of what happened since a moment, the oldest `MOST_RESENT`."""
    stored = _receiving(session, webhook)
    resent = repository.resend(
        session, stored.id, delivery=None, since=since, preview=preview, limit=MOST_RESENT
    )
    if resent.delivery_ids and not preview:
        repository.wake(session)
    return resent


def _receiving(session: Session, webhook: UUID) -> Webhook:
    stored = get(session, webhook)
    repository.lock_state(session, stored.id)
    if stored.state == "DISABLED":
        raise WebhookDisabledError
    return stored


def forget(session: Session) -> int:
    """Delete what is older than `KEPT_FOR`, some thousands of events at once; how many. A platform statement."""
    return repository.forget(session, KEPT_FOR, _AT_ONCE)
