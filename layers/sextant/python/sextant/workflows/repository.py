"""Workflows, with the history of what people changed (copy_on_change)."""

from __future__ import annotations

from uuid import UUID

from sextant.ids import WorkflowId
from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.keyset import fetch_page
from sextant.storage.temporal import Strategy, TableSpec, TemporalRepository
from sextant.storage.temporal.columns import columns_from
from sextant.workflows.model import Workflow

WORKFLOWS: TemporalRepository[Workflow] = TemporalRepository(
    TableSpec(
        table="workflow",
        record=Workflow,
        columns=columns_from(Workflow),
        strategy=Strategy.COPY_ON_CHANGE,
    )
)


def built_in(session: Session) -> WorkflowId:
    """The workflow of the platform's own runs, made where it is missing."""
    workflow = session.fetch_one("SELECT platform_workflow(%s)", (session.tenant_id,), row=UUID)
    assert workflow is not None
    return WorkflowId(workflow)


def list_workflows(session: Session, request: PageRequest) -> list[Workflow]:
    return fetch_page(
        session,
        Workflow,
        "workflow",
        conditions="tenant_id = %(tenant_id)s AND deleted_at IS NULL",
        params={"tenant_id": session.tenant_id},
        request=request,
    )
