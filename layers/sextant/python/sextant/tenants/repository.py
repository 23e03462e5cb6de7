"""Tenants, with the history of what people changed (copy_on_change)."""

from __future__ import annotations

from typing import Any

from psycopg import sql

from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.keyset import columns_of, fetch_page
from sextant.storage.temporal import Strategy, TableSpec, TemporalRepository
from sextant.storage.temporal.columns import columns_from
from sextant.tenants.model import Tenant

TENANTS: TemporalRepository[Tenant] = TemporalRepository(
    TableSpec(
        table="tenant",
        record=Tenant,
        columns=columns_from(Tenant),
        strategy=Strategy.COPY_ON_CHANGE,
    )
)

_OWN_TENANT = sql.SQL("SELECT {columns} FROM tenant WHERE tenant_id = %s AND deleted_at IS NULL").format(
    columns=columns_of(Tenant)
)


def own(session: Session) -> Tenant | None:
    """The session's tenant; None where nothing is known of it."""
    return session.fetch_one(_OWN_TENANT, (session.tenant_id,), row=Tenant)


def tenant_settings(session: Session) -> dict[str, Any]:
    row = session.fetch_one(
        "SELECT settings FROM tenant WHERE tenant_id = %s AND deleted_at IS NULL",
        (session.tenant_id,),
        row=tuple,
    )
    return dict(row[0]) if row else {}


def list_all_tenants(session: Session, request: PageRequest) -> list[Tenant]:
    """Every tenant; for a platform session."""
    return fetch_page(session, Tenant, "tenant", conditions="deleted_at IS NULL", params={}, request=request)
