"""Vendors with the history of what people changed (copy_on_change), their breakers and their limits."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from psycopg import sql

from sextant.ids import TenantId
from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.keyset import columns_of, fetch_page
from sextant.storage.temporal import Strategy, TableSpec, TemporalRepository
from sextant.storage.temporal.columns import columns_from
from sextant.vendors.model import Admission, Vendor, VendorStatus

VENDORS: TemporalRepository[Vendor] = TemporalRepository(
    TableSpec(
        table="vendor",
        record=Vendor,
        columns=columns_from(Vendor),
        strategy=Strategy.COPY_ON_CHANGE,
    )
)

_VENDOR_BY_NAME = sql.SQL(
    "SELECT {columns} FROM vendor WHERE tenant_id = %s AND name_key = lower(%s::text) AND deleted_at IS NULL"
).format(columns=columns_of(Vendor))


def enter(session: Session, tenant: TenantId, vendor: str, patience: timedelta) -> Admission:
    admission = session.fetch_one(
        "SELECT * FROM vendor_enter(%s, %s, %s)", (tenant, vendor, patience), row=Admission
    )
    assert admission is not None
    return admission


def leave(
    session: Session,
    tenant: TenantId,
    admission: Admission,
    *,
    succeeded: bool,
    actor: str,
    reason: str,
    correlation_id: str,
) -> str:
    """Say how a call ended; the breaker as it then stands."""
    breaker = session.fetch_one(
        "SELECT vendor_leave(%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            tenant,
            admission.vendor_id,
            admission.epoch,
            admission.token,
            succeeded,
            actor,
            reason[:500],
            correlation_id,
        ),
        row=str,
    )
    assert breaker is not None
    return breaker


def move_breaker(
    session: Session, vendor: UUID, *, opened: bool, actor: str, reason: str, correlation_id: str
) -> bool:
    """Open or close a breaker by hand; False where it stood so already."""
    return bool(
        session.fetch_one(
            "SELECT move_breaker(%s, %s, %s, %s, %s, %s)",
            (session.tenant_id, vendor, opened, actor, reason, correlation_id),
            row=bool,
        )
    )


def status(session: Session, vendor: UUID) -> VendorStatus:
    """The state of a breaker: OPEN until its time is over, then HALF_OPEN."""
    stored = session.fetch_one(
        """
        SELECT CASE WHEN s.breaker = 'OPEN' AND s.opened_at + make_interval(secs => v.reset_seconds) <= clock_timestamp()
                    THEN 'HALF_OPEN' ELSE s.breaker END AS breaker,
               s.failures, s.opened_at, s.opened_by,
               (SELECT coalesce(sum(s.calls[t %% 61 + 1]), 0)::integer
                FROM generate_series(greatest(floor(extract(epoch FROM clock_timestamp()))::bigint - 60, s.calls_until - 60), s.calls_until) AS t
               ) AS calls_in_last_minute
        FROM vendor_state s JOIN vendor v ON v.tenant_id = s.tenant_id AND v.id = s.vendor_id
        WHERE s.tenant_id = %s AND s.vendor_id = %s
        """,
        (session.tenant_id, vendor),
        row=VendorStatus,
    )
    return stored or VendorStatus()


def seconds_until_retry(session: Session, vendor: UUID) -> float:
    """How long a retry that needs the vendor should wait; 0 where it may be tried now.

    While the breaker is not closed one retry goes first, once its time has come, and the others wait for what becomes of
    it: they would only be refused, and each refusal uses up one of their repetitions.
    """
    seconds = session.fetch_one(
        """
        SELECT greatest(0, extract(epoch FROM greatest(s.opened_at + make_interval(secs => v.reset_seconds), s.probe_until,
                                                       ahead.at + make_interval(secs => v.reset_seconds))
                                              - clock_timestamp()))::double precision
        FROM vendor_state s JOIN vendor v ON v.tenant_id = s.tenant_id AND v.id = s.vendor_id
        CROSS JOIN LATERAL (
            SELECT max(a.started_at) AS at FROM action a JOIN incident i ON i.tenant_id = a.tenant_id AND i.id = a.incident_id
            WHERE a.tenant_id = s.tenant_id AND a.state = 'SUCCEEDED' AND a.action_type = 'RETRY' AND i.vendor_id = s.vendor_id
              AND a.started_at > clock_timestamp() - make_interval(secs => v.reset_seconds)
              AND a.started_at > s.opened_at + make_interval(secs => v.reset_seconds)
        ) AS ahead
        WHERE s.tenant_id = %s AND s.vendor_id = %s AND s.breaker <> 'CLOSED'
        """,
        (session.tenant_id, vendor),
        row=float,
    )
    return seconds or 0.0


def find_by_name(session: Session, name: str) -> Vendor | None:
    return session.fetch_one(_VENDOR_BY_NAME, (session.tenant_id, name), row=Vendor)


def list_vendors(session: Session, request: PageRequest) -> list[Vendor]:
    return fetch_page(
        session,
        Vendor,
        "vendor",
        conditions="tenant_id = %(tenant_id)s AND deleted_at IS NULL",
        params={"tenant_id": session.tenant_id},
        request=request,
    )
