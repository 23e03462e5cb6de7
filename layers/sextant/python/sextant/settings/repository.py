"""Every statement on settings, their audit and the rate limits' counters."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from psycopg import sql
from psycopg.types.json import Jsonb

from sextant.ids import TenantId
from sextant.paging import PageRequest
from sextant.settings.model import Admission, Change, Kind, RateLimit, Setting, Usage
from sextant.storage import Session

# A tenant's own value hides the platform's, unless it cannot be read. Both belong to the answer's tenant, so the owner travels under another name.
_EFFECTIVE = """
SELECT DISTINCT ON (s.kind, s.name) s.tenant_id AS owner, s.kind, s.name, s.value, s.updated_at, s.updated_by, s.reason, s.by_platform
FROM setting s
WHERE s.tenant_id IN (%(tenant_id)s, '*') AND (%(kind)s::text IS NULL OR s.kind = %(kind)s)
  AND setting_is_readable(s.kind, s.name, s.value)
ORDER BY s.kind, s.name, (s.tenant_id = '*')
"""
_PUT = "SELECT put_setting(%s, %s, %s, %s, %s, %s, %s, %s)"
_AUDIT = """
SELECT tenant_id, id, kind, name, before, after, actor, reason, occurred_at FROM config_audit
WHERE tenant_id = %(tenant_id)s AND (%(key)s::uuid IS NULL OR id {beyond} %(key)s::uuid)
  AND (%(kind)s::text IS NULL OR kind = %(kind)s)
ORDER BY id {order} LIMIT %(fetch)s
"""
_AUDIT_NEXT = sql.SQL(_AUDIT).format(beyond=sql.SQL("<"), order=sql.SQL("DESC"))
_AUDIT_PREV = sql.SQL(_AUDIT).format(beyond=sql.SQL(">"), order=sql.SQL("ASC"))
# Literals, as in the partial index that answers it.
_JOURNAL_CHANGES = """
SELECT DISTINCT ON (tenant_id) tenant_id, id, kind, name, before, after, actor, reason, occurred_at FROM config_audit
WHERE kind = 'config' AND name = 'journal' AND occurred_at > clock_timestamp() - %(within)s::interval
  AND (%(tenant_id)s::text IS NULL OR tenant_id = %(tenant_id)s)
ORDER BY tenant_id, occurred_at DESC, id DESC
"""
_USAGE = "SELECT rule, used, used_today FROM rate_limit_counter WHERE tenant_id = %(tenant_id)s ORDER BY rule"
# Of a window that is over nothing is used: the counter begins anew with the next request.
_RATE_LIMITS = """
SELECT holding.name AS rule, (holding.value ->> 'limit')::integer AS "limit",
       (holding.value ->> 'window_seconds')::integer AS window_seconds,
       CASE WHEN c.window_start + make_interval(secs => (holding.value ->> 'window_seconds')::integer) > clock_timestamp()
            THEN c.used ELSE 0 END AS used,
       (holding.value ->> 'daily_cap')::bigint AS daily_cap,
       CASE WHEN c.day = (clock_timestamp() AT TIME ZONE 'UTC')::date THEN c.used_today ELSE 0 END AS used_today
FROM (SELECT DISTINCT ON (s.name) s.name, s.value FROM setting s
      WHERE s.tenant_id IN (%(tenant_id)s, '*') AND s.kind = 'rate-limit' AND setting_is_readable(s.kind, s.name, s.value)
      ORDER BY s.name, (s.tenant_id = '*')) AS holding
LEFT JOIN rate_limit_counter c ON c.tenant_id = %(tenant_id)s AND c.rule = holding.name
ORDER BY holding.name
"""
_ADMIT = """
SELECT admitted, rule, allowed, remaining, reset_seconds, daily_cap, daily_remaining, retry_after
FROM admit_request(%s, %s)
"""


def effective(session: Session, tenant: TenantId, kind: Kind | None) -> list[Setting]:
    """What holds for `tenant`, its own or the platform's, by kind and name."""
    rows = session.fetch_all(_EFFECTIVE, {"tenant_id": tenant, "kind": kind}, row=dict)
    return [Setting(tenant_id=row.pop("owner"), **row) for row in rows]


def put(
    session: Session,
    tenant: TenantId,
    kind: Kind,
    name: str,
    value: dict[str, Any] | None,
    *,
    actor: str,
    reason: str,
    audit: UUID,
    by_platform: bool,
) -> dict[str, Any] | None:
    """Set or, with None, remove a value, with its entry in the audit; the value that was there.

    Raises `CheckViolation` of `setting_by_platform` where who manages tenants set it, and is not who asks.
    """
    row = session.fetch_one(
        _PUT,
        (tenant, kind, name, None if value is None else Jsonb(value), actor, reason, audit, by_platform),
        row=tuple,
    )
    assert row is not None
    before: dict[str, Any] | None = row[0]
    return before


def audit_page(session: Session, tenant: TenantId, kind: Kind | None, request: PageRequest) -> list[Change]:
    """Up to `request.fetch` changes of a tenant's settings, newest first."""
    return session.fetch_all(
        _AUDIT_PREV if request.backwards else _AUDIT_NEXT,
        {"tenant_id": tenant, "kind": kind, "key": request.key, "fetch": request.fetch},
        row=Change,
    )


def journal_changes(session: Session, tenant: TenantId | None, within: timedelta) -> list[Change]:
    """The last change, no longer ago than `within`, of whether `tenant` (None, a platform statement: each tenant) allows the journal."""
    return session.fetch_all(_JOURNAL_CHANGES, {"tenant_id": tenant, "within": within}, row=Change)


def admit(session: Session, rules: Sequence[str]) -> Admission:
    """Count one request against the tenant's limit, or refuse it; one statement."""
    admission = session.fetch_one(_ADMIT, (session.tenant_id, list(rules)), row=Admission)
    assert admission is not None
    return admission


def usage(session: Session) -> list[Usage]:
    """What of its rate limits the session's tenant has used in the present window."""
    return session.fetch_all(_USAGE, {"tenant_id": session.tenant_id}, row=Usage)


def rate_limits(session: Session) -> list[RateLimit]:
    """The rate limits that hold for the session's tenant, each with what is used of it."""
    return session.fetch_all(_RATE_LIMITS, {"tenant_id": session.tenant_id}, row=RateLimit)
