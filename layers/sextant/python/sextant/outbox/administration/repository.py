"""The SQL behind the outbox's administration.

Each statement takes the tenant, or None in a platform session for all of them. Ids are UUIDv7, so their order
is the order of creation; over all tenants the newest of each tenant queue are merged, which no index could give.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, LiteralString
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from sextant.ids import TenantId
from sextant.outbox.administration.model import AuditEntry, Entry, Quota, Selection, Status
from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.keyset import rising, tenants_page

_MATCHES = """
    (%(tenant_id)s::text IS NULL OR e.tenant_id = %(tenant_id)s)
    AND (%(ids)s::uuid[] IS NULL OR e.id = ANY (%(ids)s))
    AND (%(topic)s::text IS NULL OR e.topic = %(topic)s)
    AND (%(after)s::timestamptz IS NULL OR e.created_at >= %(after)s)
    AND (%(before)s::timestamptz IS NULL OR e.created_at < %(before)s)
    AND (%(key)s::uuid IS NULL OR e.id {beyond} %(key)s)
"""
# Where the events of each status are chosen. Those of no status, and SENT, are all events but for exceptions.
_IN_TABLE = """
SELECT e.tenant_id, e.id FROM {table} w JOIN outbox_event e ON e.tenant_id = w.tenant_id AND e.id = w.event_id
WHERE {matches} ORDER BY e.id {order} LIMIT %(limit)s
"""
_OF_ALL_TENANTS = """
SELECT chosen.tenant_id, chosen.id FROM outbox_lane l CROSS JOIN LATERAL (
    SELECT e.tenant_id, e.id FROM outbox_event e
    WHERE e.tenant_id = l.tenant_id AND {matches} {sent}
    ORDER BY e.id {order} LIMIT %(limit)s
) AS chosen
WHERE %(tenant_id)s::text IS NULL OR l.tenant_id = %(tenant_id)s
ORDER BY chosen.id {order} LIMIT %(limit)s
"""
_SENT = """
      AND NOT EXISTS (SELECT FROM outbox_pending p WHERE p.tenant_id = e.tenant_id AND p.event_id = e.id)
      AND NOT EXISTS (SELECT FROM outbox_delayed d WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id)
      AND NOT EXISTS (SELECT FROM outbox_dead d WHERE d.tenant_id = e.tenant_id AND d.event_id = e.id)
"""
_TABLES: dict[Status, LiteralString] = {
    "PENDING": "outbox_pending",
    "DELAYED": "outbox_delayed",
    "FAILED": "outbox_dead",
}
_ENTRIES = """
SELECT e.tenant_id, e.id, e.topic, e.dedupe_key, e.created_at,
       CASE WHEN x.event_id IS NOT NULL THEN 'FAILED' WHEN d.event_id IS NOT NULL THEN 'DELAYED'
            WHEN p.event_id IS NOT NULL THEN 'PENDING' ELSE 'SENT' END AS status,
       coalesce(x.attempts, d.attempts, p.attempts + p.takeovers, 0)::integer AS attempts,
       coalesce(x.last_error, d.last_error) AS last_error, d.retry_at, x.failed_at
FROM ({chosen}) AS chosen
JOIN outbox_event e ON e.tenant_id = chosen.tenant_id AND e.id = chosen.id
LEFT JOIN outbox_pending p ON p.tenant_id = e.tenant_id AND p.event_id = e.id
LEFT JOIN outbox_delayed d ON d.tenant_id = e.tenant_id AND d.event_id = e.id
LEFT JOIN outbox_dead x ON x.tenant_id = e.tenant_id AND x.event_id = e.id
ORDER BY e.id {order}
"""
_REPLAY = """
WITH chosen AS MATERIALIZED ({chosen}),
     dead AS (DELETE FROM outbox_dead x USING chosen c WHERE x.tenant_id = c.tenant_id AND x.event_id = c.id),
     delayed AS (DELETE FROM outbox_delayed d USING chosen c WHERE d.tenant_id = c.tenant_id AND d.event_id = c.id)
INSERT INTO outbox_pending (tenant_id, event_id, replay_id)
SELECT c.tenant_id, c.id, %(replay_id)s FROM chosen c
WHERE NOT EXISTS (SELECT FROM outbox_pending p WHERE p.tenant_id = c.tenant_id AND p.event_id = c.id)
ORDER BY c.id
"""
_PUBLICATIONS = """
SELECT u.published_at FROM outbox_publication u
WHERE u.tenant_id = %(tenant_id)s AND u.published_at >= %(since)s AND u.event_ids @> ARRAY[%(id)s::uuid]
ORDER BY u.published_at
"""
_QUOTAS = """
SELECT l.tenant_id,
       coalesce(q.max_events, d.max_events) AS max_events, coalesce(q.window_seconds, d.window_seconds) AS window_seconds,
       coalesce(q.backoff_seconds, d.backoff_seconds) AS backoff_seconds,
       coalesce(q.batch_limit, d.batch_limit) AS batch_limit, coalesce(q.max_pending, d.max_pending) AS max_pending,
       array_remove(ARRAY[
           CASE WHEN q.max_events IS NOT NULL THEN 'max_events' END, CASE WHEN q.window_seconds IS NOT NULL THEN 'window_seconds' END,
           CASE WHEN q.backoff_seconds IS NOT NULL THEN 'backoff_seconds' END, CASE WHEN q.batch_limit IS NOT NULL THEN 'batch_limit' END,
           CASE WHEN q.max_pending IS NOT NULL THEN 'max_pending' END], NULL) AS overridden,
       usage.used, allowance.remaining,
       coalesce(q.updated_at, d.updated_at) AS updated_at, coalesce(q.updated_by, d.updated_by) AS updated_by,
       coalesce(q.reason, d.reason) AS reason, coalesce(q.by_platform, false) AS by_platform
FROM (
    SELECT tenant_id FROM (SELECT tenant_id FROM outbox_lane UNION SELECT tenant_id FROM tenant_quota) AS every
    WHERE (%(tenant_id)s::text IS NULL OR tenant_id = %(tenant_id)s) AND (%(key)s::text IS NULL OR tenant_id {beyond} %(key)s)
    ORDER BY tenant_id {order} LIMIT %(fetch)s
) AS l
JOIN tenant_quota d ON d.tenant_id = '*'
LEFT JOIN tenant_quota q ON q.tenant_id = l.tenant_id AND (q.tenant_id <> '*' OR l.tenant_id = '*')
CROSS JOIN LATERAL (
    SELECT coalesce(sum(u.events), 0)::integer AS used FROM outbox_usage u
    WHERE u.tenant_id = l.tenant_id AND u.claimed_at > greatest(
        clock_timestamp() - make_interval(secs => coalesce(q.window_seconds, d.window_seconds)), q.reset_at)
) AS usage
CROSS JOIN LATERAL outbox_allowance(l.tenant_id, clock_timestamp()) AS allowance
ORDER BY l.tenant_id {order}
"""
_RESET = """
INSERT INTO tenant_quota (tenant_id, reset_at, updated_by, reason) VALUES (%(tenant_id)s, clock_timestamp(), %(actor)s, %(reason)s)
ON CONFLICT (tenant_id) DO UPDATE SET
    max_events = NULL, window_seconds = NULL, backoff_seconds = NULL, batch_limit = NULL, max_pending = NULL,
    reset_at = excluded.reset_at, by_platform = false, updated_at = clock_timestamp(), updated_by = excluded.updated_by, reason = excluded.reason
"""


def entries(
    session: Session, tenant: TenantId | None, selection: Selection, request: PageRequest
) -> list[Entry]:
    """A page of events and where they stand, newest first (oldest first, for a page backwards)."""
    order: LiteralString = "ASC" if request.backwards else "DESC"
    query = sql.SQL(_ENTRIES).format(chosen=_chosen(selection, order), order=sql.SQL(order))
    params = _params(tenant, selection, request.fetch) | {"key": request.key}
    return session.fetch_all(query, params, row=Entry)


def count(session: Session, tenant: TenantId | None, selection: Selection, limit: int) -> int:
    """How many events the selection holds, counted up to `limit`."""
    query = sql.SQL("SELECT count(*) FROM ({chosen}) AS chosen").format(chosen=_chosen(selection, "ASC"))
    return session.fetch_one(query, _params(tenant, selection, limit), row=int) or 0


def replay(
    session: Session, tenant: TenantId | None, selection: Selection, replay_id: UUID, limit: int
) -> int:
    """Put the selected events at the end of their tenant queues, in the order they were stored; those there already stay."""
    # Two replays at once would each add what neither sees of the other.
    session.execute("SELECT pg_advisory_xact_lock(7390114)")
    query = sql.SQL(_REPLAY).format(chosen=_chosen(selection, "ASC"))
    return session.execute(query, _params(tenant, selection, limit) | {"replay_id": replay_id})


def detail(session: Session, tenant: TenantId, event: UUID) -> tuple[Any, dict[str, str]] | None:
    """The payload and the headers of an event."""
    row = session.fetch_one(
        "SELECT payload, headers FROM outbox_event WHERE tenant_id = %s AND id = %s",
        (tenant, event),
        row=tuple,
    )
    return None if row is None else (row[0], row[1])


def publications(session: Session, tenant: TenantId, event: UUID, since: datetime) -> list[datetime]:
    """When the event was published; `since` is when it was stored."""
    return session.fetch_all(_PUBLICATIONS, {"tenant_id": tenant, "id": event, "since": since}, row=datetime)


def quota(session: Session, tenant: str) -> Quota | None:
    """The tenant's quota and what of it is used; the defaults as tenant `*`. None of who has neither events nor a quota."""
    page = quotas(session, tenant, PageRequest(limit=1))
    return page[0] if page else None


def quotas(session: Session, tenant: str | None, request: PageRequest) -> list[Quota]:
    """A page of tenants' quotas and what of them is used, by tenant; a page's key is the tenant."""
    query = sql.SQL(_QUOTAS).format(**rising(request))
    return session.fetch_all(query, {"tenant_id": tenant, **tenants_page(request)}, row=Quota)


def set_quota(
    session: Session, tenant: str, values: dict[str, int], actor: str, reason: str, *, by_platform: bool
) -> bool:
    """Set the columns given in `values` for the tenant (`*`: the defaults).

    False where who manages tenants set the quota, and is not who asks (`by_platform`).
    """
    # The defaults' row is always there, and an INSERT of some of its columns would break its constraint.
    session.execute(
        """
        INSERT INTO tenant_quota (tenant_id, updated_by, reason)
        SELECT %(tenant_id)s, %(actor)s, %(reason)s WHERE %(tenant_id)s <> '*' ON CONFLICT DO NOTHING
        """,
        {"tenant_id": tenant, "actor": actor, "reason": reason},
    )
    changes = [
        sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in sorted(values)
    ]
    query = sql.SQL("""
        UPDATE tenant_quota SET updated_at = clock_timestamp(), updated_by = %(actor)s, reason = %(reason)s,
            by_platform = %(by_platform)s, {changes}
        WHERE tenant_id = %(tenant_id)s AND (%(by_platform)s OR NOT by_platform)
    """).format(changes=sql.SQL(", ").join(changes))
    params = {"tenant_id": tenant, "actor": actor, "reason": reason, "by_platform": by_platform, **values}
    return session.execute(query, params) == 1


def reset_quota(session: Session, tenant: TenantId, actor: str, reason: str) -> None:
    """Back to the defaults, with nothing of the window used."""
    session.execute(_RESET, {"tenant_id": tenant, "actor": actor, "reason": reason})


def audit(session: Session, entry: AuditEntry) -> None:
    session.execute(
        """
        INSERT INTO outbox_audit (tenant_id, id, action, actor, reason, detail)
        VALUES (%(tenant_id)s, %(id)s, %(action)s, %(actor)s, %(reason)s, %(detail)s)
        """,
        {
            "tenant_id": entry.tenant_id,
            "id": entry.id,
            "action": entry.action,
            "actor": entry.actor,
            "reason": entry.reason,
            "detail": Jsonb(dict(entry.detail)),
        },
    )


def audited(session: Session, tenant: TenantId | None, request: PageRequest) -> list[AuditEntry]:
    """The audit log, newest first."""
    return session.fetch_all(
        """
        SELECT * FROM outbox_audit
        WHERE (%(tenant_id)s::text IS NULL OR tenant_id = %(tenant_id)s) AND (%(key)s::uuid IS NULL OR id < %(key)s)
        ORDER BY id DESC LIMIT %(fetch)s
        """,
        {"tenant_id": tenant, "key": request.key, "fetch": request.fetch},
        row=AuditEntry,
    )


def _chosen(selection: Selection, order: LiteralString) -> sql.Composed:
    beyond: LiteralString = ">" if order == "ASC" else "<"
    matches = sql.SQL(_MATCHES).format(beyond=sql.SQL(beyond))
    if selection.status in _TABLES:
        return sql.SQL(_IN_TABLE).format(
            table=sql.Identifier(_TABLES[selection.status]), matches=matches, order=sql.SQL(order)
        )
    sent = sql.SQL(_SENT) if selection.status == "SENT" else sql.SQL("")
    return sql.SQL(_OF_ALL_TENANTS).format(matches=matches, sent=sent, order=sql.SQL(order))


def _params(tenant: TenantId | None, selection: Selection, limit: int) -> dict[str, Any]:
    return {
        "tenant_id": tenant,
        "ids": list(selection.ids) if selection.ids is not None else None,
        "topic": selection.topic,
        "after": selection.created_after,
        "before": selection.created_before,
        "key": None,
        "limit": limit,
    }
