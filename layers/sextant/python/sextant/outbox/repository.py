"""The outbox's SQL on the way of an event: enqueue, claim, settle, measure, purge.

The statements that count are database functions, in `migrations/sql/0002_outbox.up.sql`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from sextant.ids import EventId, TenantId
from sextant.outbox.backpressure import backpressure
from sextant.outbox.model import (
    PLATFORM,
    Call,
    ClaimedEvent,
    Kept,
    Measured,
    NewEvent,
    Purged,
    RetryRule,
    Settled,
    Statistics,
    Totals,
)
from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.keyset import rising, tenants_page

_ENQUEUE = """
SELECT outbox_enqueue_many(
    %(tenant_id)s, %(topics)s::text[], %(dedupe_keys)s::text[], %(payloads)s::jsonb[], %(headers)s::jsonb[],
    %(delays)s::interval[], %(refusable)s)
"""
# The columns of a claim in the order of ClaimedEvent. The headers are text: they are read where the message is made.
_CLAIMED = """
    claimed.position, claimed.takeovers, claimed.tenant_id, claimed.event_id, claimed.topic, claimed.dedupe_key,
    claimed.payload, claimed.created_at, claimed.attempts + claimed.takeovers, claimed.replay_id, claimed.headers,
    extract(epoch FROM clock_timestamp() - claimed.created_at)::float8
"""
_CLAIM = (
    "SELECT"
    + _CLAIMED
    + "FROM outbox_claim(%(token)s, %(limit)s, %(lease)s, %(after)s, %(low_watermarks)s) AS claimed"
)
# The lists travel as array literals, which are quicker to write than lists of parameters.
_OUTBOX_SETTLE = """
outbox_settle(
    %(settled_token)s, %(tenants)s::text[], %(positions)s::bigint[], %(verdicts)s::text[], %(errors)s,
    %(max_attempts)s, %(base)s, %(cap)s, %(queue_base)s, %(queue_cap)s)
"""
_SETTLE = "SELECT * FROM" + _OUTBOX_SETTLE
# The limit depends on what is settled, so that it is settled before anything is claimed.
_SETTLE_AND_CLAIM = (
    "SELECT settled.*,"
    + _CLAIMED
    + "FROM"
    + _OUTBOX_SETTLE
    + """AS settled
    LEFT JOIN LATERAL outbox_claim(
        %(token)s, CASE WHEN settled.lost >= 0 THEN %(limit)s END, %(lease)s, %(after)s, %(low_watermarks)s) AS claimed ON true
    """
)
# Tenant by tenant in the order of an index, so that the walk ends when the page is full.
_STATISTICS = """
SELECT f.* FROM outbox_lane l
CROSS JOIN LATERAL outbox_lane_figure(l, coalesce(%(since)s::timestamptz, clock_timestamp() - interval '1 day')) AS f
WHERE (%(tenant_id)s::text IS NULL OR l.tenant_id = %(tenant_id)s) AND (%(key)s::text IS NULL OR l.tenant_id {beyond} %(key)s)
ORDER BY l.tenant_id {order} LIMIT %(fetch)s
"""
_TOTALS = """
SELECT coalesce(sum(f.pending), 0)::bigint AS pending, coalesce(sum(f.delayed), 0)::bigint AS delayed,
       coalesce(sum(f.dead), 0)::bigint AS dead,
       coalesce(extract(epoch FROM clock_timestamp() - min(f.oldest_pending_at)), 0)::float8 AS oldest_seconds
FROM outbox_statistics(clock_timestamp()) AS f
"""
# Ids are UUIDv7: the primary key finds the oldest of each tenant. What waits or is dead stays.
_PURGE_EVENTS = """
DELETE FROM outbox_event e USING (
    SELECT old.tenant_id, old.id FROM outbox_lane l CROSS JOIN LATERAL (
        SELECT o.tenant_id, o.id FROM outbox_event o
        WHERE o.tenant_id = l.tenant_id AND o.id < (lpad(to_hex((extract(epoch FROM now() - %(retention)s) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid
          AND NOT EXISTS (SELECT FROM outbox_delayed d WHERE d.tenant_id = o.tenant_id AND d.event_id = o.id)
          AND NOT EXISTS (SELECT FROM outbox_dead d WHERE d.tenant_id = o.tenant_id AND d.event_id = o.id)
        ORDER BY o.id LIMIT %(limit)s
    ) AS old
    WHERE NOT EXISTS (SELECT FROM outbox_pending p WHERE p.tenant_id = old.tenant_id AND p.event_id = old.id)
    LIMIT %(limit)s
) AS chosen
WHERE e.tenant_id = chosen.tenant_id AND e.id = chosen.id
"""
_PURGE_PUBLICATIONS = """
DELETE FROM outbox_publication u USING (
    SELECT old.* FROM outbox_lane l CROSS JOIN LATERAL (
        SELECT o.tenant_id, o.published_at, o.token FROM outbox_publication o
        WHERE o.tenant_id = l.tenant_id AND o.published_at < now() - %(retention)s ORDER BY o.published_at LIMIT %(limit)s
    ) AS old LIMIT %(limit)s
) AS chosen
WHERE u.tenant_id = chosen.tenant_id AND u.published_at = chosen.published_at AND u.token = chosen.token
"""
# Quotas look back at most an hour.
_PURGE_USAGES = """
DELETE FROM outbox_usage u USING outbox_lane l
WHERE u.tenant_id = l.tenant_id AND u.claimed_at < clock_timestamp() - interval '1 hour'
"""
# The row as it stood before, but for what is changed here: who keeps the watch after this.
_KEEP_WATCH = """
WITH kept AS (
    UPDATE outbox_watch w SET relay = %(relay)s, ends_at = clock_timestamp() + make_interval(secs => %(seconds)s)
    WHERE w.relay = %(relay)s OR w.ends_at < clock_timestamp() RETURNING w.relay, w.ends_at
)
SELECT relay, extract(epoch FROM ends_at - clock_timestamp())::float8 AS seconds FROM kept
UNION ALL
SELECT w.relay, extract(epoch FROM w.ends_at - clock_timestamp())::float8 FROM outbox_watch w
WHERE NOT EXISTS (SELECT FROM kept)
"""
_CALL_RELAY = """
WITH called AS (
    UPDATE outbox_watch w SET called_at = clock_timestamp()
    WHERE w.ends_at < clock_timestamp() AND w.called_at < clock_timestamp() - make_interval(secs => %(pause)s)
    RETURNING true
)
SELECT EXISTS (SELECT FROM called) AS due,
       CASE WHEN EXISTS (SELECT FROM called) THEN %(pause)s
            ELSE greatest(0, extract(epoch FROM
                greatest(w.ends_at, w.called_at + make_interval(secs => %(pause)s)) - clock_timestamp())) END::float8
       AS silent_for
FROM outbox_watch w
"""


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Ask for up to `limit` events, of the tenants that follow `after`, leased to `token` for `lease`.

    `low_watermarks` may name, for a tenant, the position below which it has no pending event and never will have one.
    """

    token: UUID
    limit: int
    lease: timedelta
    after: str
    low_watermarks: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Settlement:
    """What became of every event that was claimed with `token`."""

    token: UUID
    events: Sequence[ClaimedEvent]
    verdicts: Sequence[str]
    errors: Sequence[str]


def enqueue(
    session: Session, events: Sequence[NewEvent], *, tenant: TenantId | None = None, refusable: bool = True
) -> list[EventId]:
    """Store `events` in the session's transaction, in one round trip; their ids, in order.

    Of a platform session the events belong to `tenant` or, without one, to the platform; of any other to its
    own tenant. A repeat returns the first event's id. Raises `OutboxBackpressureError` when the tenant's queue
    is full and `refusable`; never in a platform session.
    """
    if not events:
        return []
    owner = (tenant or PLATFORM) if session.is_platform else session.tenant_id
    with backpressure():
        ids = session.fetch_all(
            _ENQUEUE,
            {
                "tenant_id": owner,
                "topics": [event.topic for event in events],
                "dedupe_keys": [event.dedupe_key for event in events],
                "payloads": [Jsonb(dict(event.payload)) for event in events],
                "headers": [Jsonb(dict(event.headers)) for event in events],
                "delays": [event.delay for event in events],
                "refusable": refusable,
            },
            row=UUID,
        )
    return [EventId(value) for value in ids]


def claim(session: Session, request: ClaimRequest) -> list[ClaimedEvent]:
    """Lease events, in the order in which they are to be published."""
    return [ClaimedEvent._make(row) for row in session.fetch_all(_CLAIM, _claim_params(request), row=tuple)]


def settle(session: Session, settlement: Settlement, rule: RetryRule) -> Settled:
    """Record what became of a claim, all of it at once. Doing it again does nothing but count `lost`."""
    settled = session.fetch_one(_SETTLE, _settle_params(settlement, rule), row=Settled)
    assert settled is not None
    return settled


def settle_and_claim(
    session: Session, settlement: Settlement, rule: RetryRule, request: ClaimRequest
) -> tuple[Settled, list[ClaimedEvent]]:
    """`settle`, then `claim`, in one round trip and one commit."""
    rows = session.fetch_all(
        _SETTLE_AND_CLAIM, _settle_params(settlement, rule) | _claim_params(request), row=tuple
    )
    width = len(fields(Settled))
    settled = Settled(*rows[0][:width])
    return settled, [ClaimedEvent._make(row[width:]) for row in rows if row[width] is not None]


def measure(session: Session, low_watermarks: Mapping[str, int], watched: Sequence[str]) -> Measured:
    """Store the low watermarks and the lengths of long tenant queues; what is needed to raise the watermarks further."""
    measured = session.fetch_one(
        "SELECT * FROM outbox_measure(%s, %s)", (Jsonb(dict(low_watermarks)), list(watched)), row=Measured
    )
    assert measured is not None
    return measured


def next_due_in(session: Session) -> float | None:
    """In how many seconds something that must wait now can be claimed; None when nothing waits."""
    return session.fetch_one(
        "SELECT extract(epoch FROM due - clock_timestamp())::float8 FROM outbox_next_due() AS due WHERE due IS NOT NULL",
        row=float,
    )


def keep_watch(session: Session, relay: UUID, seconds: float) -> Kept:
    """Have `relay` keep the watch for `seconds` from now, unless another does; who keeps it now."""
    kept = session.fetch_one(_KEEP_WATCH, {"relay": relay, "seconds": seconds}, row=Kept)
    assert kept is not None
    return kept


def call_relay(session: Session, pause: float) -> Call:
    """Whether the session's caller is the one to call a relay: none keeps the watch or was called less than `pause` seconds ago."""
    call = session.fetch_one(_CALL_RELAY, {"pause": pause}, row=Call)
    assert call is not None
    return call


def statistics(
    session: Session, since: datetime | None, tenant: TenantId | None, request: PageRequest
) -> list[Statistics]:
    """A page of what tenants' outboxes hold (one tenant's, with `tenant`), and what was published since `since` (None: in 24 hours)."""
    query = sql.SQL(_STATISTICS).format(**rising(request))
    params = {"since": since, "tenant_id": tenant, **tenants_page(request)}
    return session.fetch_all(query, params, row=Statistics)


def totals(session: Session) -> Totals:
    """What waits in the whole outbox."""
    waiting = session.fetch_one(_TOTALS, row=Totals)
    assert waiting is not None
    return waiting


def find_tenant_queues(session: Session) -> int:
    """Give tenants with pending events but no queue their queue; how many there were.

    Of two first events of a tenant that are stored at once, the queue may be missing.
    """
    return session.fetch_one("SELECT outbox_find_lanes()", row=int) or 0


def purge(session: Session, retention: timedelta, limit: int) -> Purged:
    """Forget up to `limit` sent events and publications older than `retention`, and old usage."""
    params = {"retention": retention, "limit": limit}
    return Purged(
        events=session.execute(_PURGE_EVENTS, params),
        publications=session.execute(_PURGE_PUBLICATIONS, params),
        usages=session.execute(_PURGE_USAGES),
    )


def _claim_params(request: ClaimRequest) -> dict[str, Any]:
    return {
        "token": request.token,
        "limit": request.limit,
        "lease": request.lease,
        "after": request.after,
        "low_watermarks": Jsonb(dict(request.low_watermarks)),
    }


def _settle_params(settlement: Settlement, rule: RetryRule) -> dict[str, Any]:
    return {
        "settled_token": settlement.token,
        "tenants": _array(f'"{event.tenant_id}"' for event in settlement.events),
        "positions": _array(str(event.position) for event in settlement.events),
        "verdicts": _array(settlement.verdicts),
        "errors": [error[:2000] for error in settlement.errors] if any(settlement.errors) else None,
        "max_attempts": rule.attempts,
        "base": rule.base,
        "cap": rule.cap,
        "queue_base": rule.queue_base,
        "queue_cap": rule.queue_cap,
    }


def _array(items: Iterable[str]) -> str:
    """A PostgreSQL array literal of items that need no quoting, or have it."""
    return "{" + ",".join(items) + "}"
