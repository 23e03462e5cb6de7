"""Every statement on webhooks, their events, deliveries and attempts."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from sextant.ids import TenantId, WebhookId, new_id
from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.keyset import fetch_page, params_of
from sextant.storage.temporal import Strategy, TableSpec, TemporalRepository
from sextant.webhooks.model import (
    TEST_EVENT,
    Attempt,
    Batch,
    Claimed,
    Delivery,
    DeliveryFilter,
    Resent,
    Result,
    Totals,
    Webhook,
)

WEBHOOKS: TemporalRepository[Webhook] = TemporalRepository(
    TableSpec(
        table="webhook",
        record=Webhook,
        columns={
            "url": "text",
            "description": "text",
            "event_types": "text[]",
            "scenario_ids": "uuid[]",
            "tags": "text[]",
            "ordered": "boolean",
            "signing": "text",
            "public_key": "text",
            "state": "text",
            "state_reason": "text",
        },
        strategy=Strategy.COPY_ON_CHANGE,
    )
)

# A platform statement: who delivers serves all tenants.
_CLAIM = "SELECT * FROM webhook_claim(%s, %s, %s, %s, %s, %s) ORDER BY place"
_RESEND = """
WITH chosen AS (
    SELECT d.id FROM webhook_delivery d
    WHERE d.tenant_id = %(tenant_id)s AND d.webhook_id = %(webhook)s AND d.lease_token IS NULL AND (
        d.id = %(delivery)s
        OR (%(delivery)s::uuid IS NULL AND d.state IN ('FAILED', 'CANCELLED') AND d.created_at >= %(since)s::timestamptz))
    ORDER BY d.position LIMIT %(limit)s
), begun AS (
    UPDATE webhook_delivery d SET
        state = 'PENDING', turn = 0, due_at = clock_timestamp(), begun_at = clock_timestamp(), completed_at = NULL
    FROM chosen c WHERE d.tenant_id = %(tenant_id)s AND d.id = c.id AND NOT %(preview)s
)
SELECT id FROM chosen
"""
# A platform statement: what is old is forgotten of all tenants, the deliveries and attempts of an event with it.
_FORGET = """
DELETE FROM webhook_event WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM webhook_event WHERE created_at < clock_timestamp() - %s::interval ORDER BY created_at LIMIT %s))
"""
# A platform statement: what was stored by a transaction that began before its endpoint was disabled or deleted.
_STRANDED = """
UPDATE webhook_delivery d SET state = 'CANCELLED', completed_at = clock_timestamp() FROM webhook w
WHERE d.state = 'PENDING' AND d.lease_token IS NULL AND w.tenant_id = d.tenant_id AND w.id = d.webhook_id
  AND (w.state = 'DISABLED' OR w.deleted_at IS NOT NULL)
"""
# A platform statement: what waits of all tenants.
_TOTALS = """
SELECT count(*)::integer AS pending,
       coalesce(extract(epoch FROM clock_timestamp() - min(d.due_at)), 0)::double precision AS oldest_seconds
FROM webhook_delivery d
JOIN webhook w ON w.tenant_id = d.tenant_id AND w.id = d.webhook_id
JOIN webhook_state s ON s.tenant_id = d.tenant_id AND s.webhook_id = d.webhook_id
WHERE d.state = 'PENDING' AND d.due_at <= clock_timestamp() AND w.state = 'ENABLED' AND w.deleted_at IS NULL
  AND (s.open_until IS NULL OR s.open_until <= clock_timestamp())
"""


def count(session: Session) -> int:
    return (
        session.fetch_one(
            "SELECT count(*)::integer FROM webhook WHERE tenant_id = %s AND deleted_at IS NULL",
            (session.tenant_id,),
            row=int,
        )
        or 0
    )


def begin_state(session: Session, webhook: WebhookId) -> None:
    session.execute(
        "INSERT INTO webhook_state (tenant_id, webhook_id) VALUES (%s, %s)", (session.tenant_id, webhook)
    )


def clear_state(session: Session, webhook: WebhookId) -> None:
    """Forget how the endpoint fared: who enabled it says that it is well."""
    session.execute(
        "UPDATE webhook_state SET failures = 0, failing_since = NULL, open_until = NULL"
        " WHERE tenant_id = %s AND webhook_id = %s",
        (session.tenant_id, webhook),
    )


def cancel_pending(session: Session, webhook: WebhookId) -> int:
    """Send no more of what waits; how many that were. What is on its way arrives."""
    return session.execute(
        "UPDATE webhook_delivery SET state = 'CANCELLED', completed_at = clock_timestamp()"
        " WHERE tenant_id = %s AND webhook_id = %s AND state = 'PENDING' AND lease_token IS NULL",
        (session.tenant_id, webhook),
    )


def lock_state(session: Session, webhook: WebhookId) -> None:
    """Wait for who claims or settles deliveries of the endpoint, and keep them waiting until the commit."""
    session.execute(
        "SELECT FROM webhook_state WHERE tenant_id = %s AND webhook_id = %s FOR UPDATE",
        (session.tenant_id, webhook),
    )


def add_secret(session: Session, webhook: WebhookId, sealed: bytes) -> None:
    session.execute(
        "INSERT INTO webhook_secret (tenant_id, webhook_id, id, sealed) VALUES (%s, %s, %s, %s)",
        (session.tenant_id, webhook, new_id(), sealed),
    )


def expire_secrets(session: Session, webhook: WebhookId, after: timedelta) -> None:
    """Let the newest secret sign for `after` longer, and those that expire already no longer."""
    session.execute(
        "DELETE FROM webhook_secret WHERE tenant_id = %s AND webhook_id = %s AND expires_at IS NOT NULL",
        (session.tenant_id, webhook),
    )
    session.execute(
        "UPDATE webhook_secret SET expires_at = clock_timestamp() + %s WHERE tenant_id = %s AND webhook_id = %s",
        (after, session.tenant_id, webhook),
    )


def secrets_of(session: Session, tenant: TenantId, webhook: WebhookId) -> list[bytes]:
    """Those that sign now, sealed, the newest first."""
    return session.fetch_all(
        "SELECT sealed FROM webhook_secret WHERE tenant_id = %s AND webhook_id = %s"
        " AND (expires_at IS NULL OR expires_at > clock_timestamp()) ORDER BY id DESC",
        (tenant, webhook),
        row=bytes,
    )


def list_webhooks(session: Session, request: PageRequest) -> list[Webhook]:
    return fetch_page(
        session,
        Webhook,
        "webhook",
        conditions="tenant_id = %(tenant_id)s AND deleted_at IS NULL",
        params={"tenant_id": session.tenant_id},
        request=request,
    )


def test(session: Session, webhook: WebhookId) -> UUID:
    """Store an event for this endpoint alone; its id."""
    event = session.fetch_one(
        "SELECT publish_webhook_event(%s, %s, %s, NULL, %s, %s)",
        (
            session.tenant_id,
            TEST_EVENT,
            webhook,
            Jsonb({"webhook_id": str(webhook), "links": {"webhook": f"/v1/webhooks/{webhook}"}}),
            webhook,
        ),
        row=UUID,
    )
    assert event is not None
    return event


def delivery_of(session: Session, webhook: WebhookId, event: UUID) -> UUID | None:
    return session.fetch_one(
        "SELECT id FROM webhook_delivery WHERE tenant_id = %s AND webhook_id = %s AND event_id = %s",
        (session.tenant_id, webhook, event),
        row=UUID,
    )


def list_deliveries(
    session: Session, webhook: WebhookId, where: DeliveryFilter, request: PageRequest
) -> list[Delivery]:
    return fetch_page(
        session,
        Delivery,
        "webhook_delivery",
        conditions="tenant_id = %(tenant_id)s AND webhook_id = %(webhook)s"
        " AND (%(state)s::text[] IS NULL OR state = ANY (%(state)s::text[]))"
        " AND (%(event_type)s::text IS NULL OR event_type = %(event_type)s)",
        params={**params_of(session, where), "webhook": webhook},
        request=request,
    )


def find_delivery(session: Session, webhook: WebhookId, delivery: UUID) -> tuple[Delivery, str] | None:
    """A delivery and the body of its event."""
    row = session.fetch_one(
        "SELECT d.tenant_id, d.id, d.webhook_id, d.event_id, d.event_type, d.state, d.attempts, d.due_at, d.status, d.error,"
        " d.created_at, d.completed_at, e.body FROM webhook_delivery d"
        " JOIN webhook_event e ON e.tenant_id = d.tenant_id AND e.id = d.event_id"
        " WHERE d.tenant_id = %s AND d.webhook_id = %s AND d.id = %s",
        (session.tenant_id, webhook, delivery),
        row=dict,
    )
    if row is None:
        return None
    body = row.pop("body")
    return Delivery(**row), body


def attempts(session: Session, delivery: UUID, most: int) -> list[Attempt]:
    """The last attempts, newest first."""
    return session.fetch_all(
        "SELECT number, url, headers, started_at, status, answer_head, answer_body, error, timing FROM webhook_attempt"
        " WHERE tenant_id = %s AND delivery_id = %s ORDER BY number DESC LIMIT %s",
        (session.tenant_id, delivery, most),
        row=Attempt,
    )


def resend(session: Session, webhook: WebhookId, **which: Any) -> Resent:
    """Begin deliveries anew: the one, or those that were given up since a moment; with `preview` only say which."""
    ids = session.fetch_all(_RESEND, {"tenant_id": session.tenant_id, "webhook": webhook, **which}, row=UUID)
    return Resent(len(ids), ids)


def wake(session: Session) -> None:
    """Have the deliverer look what is due, once this is committed."""
    session.execute("SELECT wake_webhooks(%s)", (session.tenant_id,))


def claim(
    session: Session, token: UUID, lease: timedelta, batch: int, share: int, of_tenant: int, slow: int
) -> Batch | None:
    """A batch to send now; None where nothing is due. A platform statement."""
    rows = session.fetch_all(_CLAIM, (token, lease, batch, share, of_tenant, slow), row=dict)
    if not rows:
        return None
    first = rows[0]
    return Batch(
        tenant=first["tenant_id"],
        webhook=first["webhook_id"],
        token=token,
        url=first["url"],
        ordered=first["ordered"],
        deliveries=[
            Claimed(row["id"], row["event_id"], row["turn"], row["age_seconds"], row["body"]) for row in rows
        ],
    )


def settle(
    session: Session,
    batch: Batch,
    results: Sequence[Result],
    *,
    quick: bool,
    pause: timedelta,
    hold: timedelta,
    patience: timedelta,
) -> str:
    """Keep what became of a batch; the endpoint's state."""
    document = json.dumps([asdict(result) for result in results], default=str)
    state = session.fetch_one(
        "SELECT webhook_settle(%s, %s, %s, %s::jsonb, %s, %s, %s, %s)",
        (batch.tenant, batch.webhook, batch.token, document, quick, pause, hold, patience),
        row=str,
    )
    assert state is not None
    return state


def totals(session: Session) -> Totals:
    """A platform statement."""
    return session.fetch_one(_TOTALS, row=Totals) or Totals(0, 0.0)


def cancel_stranded(session: Session) -> int:
    """Cancel what waits for endpoints that are sent nothing; how many. A platform statement."""
    return session.execute(_STRANDED)


def delete_secrets(session: Session, webhook: WebhookId) -> None:
    session.execute(
        "DELETE FROM webhook_secret WHERE tenant_id = %s AND webhook_id = %s", (session.tenant_id, webhook)
    )


def forget(session: Session, older_than: timedelta, limit: int) -> int:
    """Delete the oldest events with their deliveries; how many. A platform statement."""
    return session.execute(_FORGET, (older_than, limit))
