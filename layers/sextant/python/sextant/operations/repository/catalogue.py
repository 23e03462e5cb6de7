"""Tenants, workflows and vendors, with the history of what people changed (copy_on_change)."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import sql

from sextant.operations.model import Tenant, Vendor, Workflow, WorkflowId
from sextant.operations.repository.listing import columns_of, fetch_page
from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.temporal import Strategy, TableSpec, TemporalRepository

TENANTS: TemporalRepository[Tenant] = TemporalRepository(
    TableSpec(
        table="tenant",
        record=Tenant,
        columns={"name": "text", "active": "boolean", "settings": "jsonb"},
        strategy=Strategy.COPY_ON_CHANGE,
    )
)
WORKFLOWS: TemporalRepository[Workflow] = TemporalRepository(
    TableSpec(
        table="workflow",
        record=Workflow,
        columns={
            "name": "text",
            "description": "text",
            "state": "text",
            "max_retries": "integer",
            "dry_run": "boolean",
        },
        strategy=Strategy.COPY_ON_CHANGE,
    )
)
VENDORS: TemporalRepository[Vendor] = TemporalRepository(
    TableSpec(
        table="vendor",
        record=Vendor,
        columns={
            "name": "text",
            "description": "text",
            "failure_threshold": "integer",
            "reset_seconds": "integer",
            "rate_per_minute": "integer",
            "max_retries": "integer",
        },
        strategy=Strategy.COPY_ON_CHANGE,
    )
)

_OWN_TENANT = sql.SQL("SELECT {columns} FROM tenant WHERE tenant_id = %s AND deleted_at IS NULL").format(
    columns=columns_of(Tenant)
)
_VENDOR_BY_NAME = sql.SQL(
    "SELECT {columns} FROM vendor WHERE tenant_id = %s AND name_key = lower(%s::text) AND deleted_at IS NULL"
).format(columns=columns_of(Vendor))


def tenant(session: Session) -> Tenant | None:
    """The session's tenant; None where nothing is known of it."""
    return session.fetch_one(_OWN_TENANT, (session.tenant_id,), row=Tenant)


def tenant_settings(session: Session) -> dict[str, Any]:
    found = session.fetch_one(
        "SELECT settings FROM tenant WHERE tenant_id = %s AND deleted_at IS NULL",
        (session.tenant_id,),
        row=tuple,
    )
    return dict(found[0]) if found else {}


def list_all_tenants(session: Session, request: PageRequest) -> list[Tenant]:
    """Every tenant; for a platform session."""
    return fetch_page(session, Tenant, "tenant", conditions="deleted_at IS NULL", params={}, request=request)


def platform_workflow(session: Session) -> WorkflowId:
    """The workflow of the platform's own runs, made where it is missing."""
    found = session.fetch_one("SELECT platform_workflow(%s)", (session.tenant_id,), row=UUID)
    assert found is not None
    return WorkflowId(found)


def vendor_by_name(session: Session, name: str) -> Vendor | None:
    return session.fetch_one(_VENDOR_BY_NAME, (session.tenant_id, name), row=Vendor)


def list_workflows(session: Session, request: PageRequest) -> list[Workflow]:
    return fetch_page(
        session,
        Workflow,
        "workflow",
        conditions="tenant_id = %(tenant_id)s AND deleted_at IS NULL",
        params={"tenant_id": session.tenant_id},
        request=request,
    )


def list_vendors(session: Session, request: PageRequest) -> list[Vendor]:
    return fetch_page(
        session,
        Vendor,
        "vendor",
        conditions="tenant_id = %(tenant_id)s AND deleted_at IS NULL",
        params={"tenant_id": session.tenant_id},
        request=request,
    )


def resume_runs(session: Session) -> int:
    """Ask again for the tenant's runs that wait since nothing could start; how many."""
    return session.fetch_one("SELECT resume_runs(%s)", (session.tenant_id,), row=int) or 0
