"""Workflows: create, get, list, change, delete, and what was changed."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query

from functions.api.http.changes import CHANGES, ChangeList, Changes
from functions.api.http.envelopes import (
    AnswerBody,
    Description,
    Envelope,
    ListEnvelope,
    RequestBody,
    Retries,
    ShortName,
    answers,
    reply,
)
from functions.api.http.etag import IfMatch, etag, expected_version
from functions.api.http.idempotency import Key, once
from functions.api.http.listing import listing
from functions.api.http.parameters import Limit, check_tenant
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.drivers.fields import UPPER
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.workflows import service
from sextant.workflows.model import Workflow, WorkflowState


class WorkflowDocument(RequestBody):
    name: ShortName
    description: Description = ""
    max_retries: Retries = 3
    dry_run: bool = False
    tenant_id: str | None = None


class WorkflowChanges(Changes):
    name: ShortName | None = None
    description: Description | None = None
    state: Annotated[WorkflowState, UPPER] | None = None
    max_retries: Retries | None = None
    dry_run: bool | None = None


class WorkflowBody(AnswerBody):
    id: UUID
    name: str
    description: str
    state: str
    max_retries: int
    dry_run: bool
    version: int
    created_at: datetime
    created_by: str
    updated_at: datetime
    updated_by: str


class WorkflowEnvelope(Envelope[WorkflowBody]): ...


class WorkflowList(ListEnvelope[WorkflowBody]): ...


router = Router()

_TAGS = ["Workflows"]
_OK = answers("The workflow", WorkflowEnvelope)
_LIST = answers("Workflows, newest first", WorkflowList)


@router.post("/v1/workflows", summary="Create a workflow", tags=_TAGS, responses={201: _OK})
@needs("operations:write")
def create_workflow(
    document: Annotated[WorkflowDocument, Body()], idempotency_key: Key = None
) -> Response[Any]:
    caller = router.caller
    check_tenant(document.tenant_id, caller)
    values = document.model_dump(exclude={"tenant_id"})

    def create() -> Response[Any]:
        return _shown(
            router.transaction(lambda session: service.create(session, values, caller.subject)),
            201,
        )

    return once(router, idempotency_key, create)


@router.get("/v1/workflows", summary="List workflows", tags=_TAGS, responses={200: _LIST})
@needs("scenarios:read")
def list_workflows(limit: Limit = DEFAULT_LIMIT, cursor: str | None = None) -> Response[Any]:
    return listing(router, WorkflowList, "workflows", limit, cursor, service.list_workflows)


@router.get("/v1/workflows/<workflow_id>", summary="Get a workflow", tags=_TAGS, responses={200: _OK})
@needs("scenarios:read")
def get_workflow(workflow_id: UUID) -> Response[Any]:
    with router.session() as session:
        return _shown(service.get(session, workflow_id))


@router.patch("/v1/workflows/<workflow_id>", summary="Change a workflow", tags=_TAGS, responses={200: _OK})
@needs("operations:write")
def change_workflow(
    workflow_id: UUID, document: Annotated[WorkflowChanges, Body()], if_match: IfMatch = None
) -> Response[Any]:
    caller = router.caller
    changes = document.model_dump(exclude_unset=True)
    expected = expected_version(if_match, workflow_id)
    changed = router.transaction(
        lambda session: service.change(session, workflow_id, changes, actor=caller.subject, expected=expected)
    )
    bootstrap.nudge_relay()
    return _shown(changed)


@router.delete(
    "/v1/workflows/<workflow_id>",
    summary="Delete a workflow",
    tags=_TAGS,
    responses={204: {"description": "Deleted"}},
)
@needs("operations:write")
def delete_workflow(workflow_id: UUID, if_match: IfMatch = None) -> Response[Any]:
    caller = router.caller
    expected = expected_version(if_match, workflow_id)
    router.transaction(lambda session: service.delete(session, workflow_id, caller.subject, expected))
    return Response(status_code=204, body="")


@router.get(
    "/v1/workflows/<workflow_id>/changes",
    summary="What was changed of a workflow, field by field, newest first",
    tags=_TAGS,
    responses={200: CHANGES},
)
@needs("scenarios:read")
def workflow_changes(
    workflow_id: UUID,
    limit: Limit = MAX_LIMIT,
    before_version: Annotated[int | None, Query(ge=1)] = None,
) -> Response[Any]:
    with router.session() as session:
        changes = service.changes(session, workflow_id, limit, before_version)
    return reply(ChangeList.of(changes, router.caller))


def _shown(workflow: Workflow, status: int = 200) -> Response[Any]:
    headers = {"ETag": etag(workflow.id, workflow.version), "Location": f"/v1/workflows/{workflow.id}"}
    return reply(WorkflowEnvelope.of(workflow, router.caller), status, headers)
