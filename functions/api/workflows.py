"""Workflows: create, get, list, change, delete, and what was changed."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from functions.api.http.changes import CHANGES, BeforeVersion, Changes
from functions.api.http.envelopes import (
    AnswerBody,
    Description,
    Envelope,
    Flag,
    ListEnvelope,
    Retries,
    ShortName,
    answers,
)
from functions.api.http.etag import IfMatch
from functions.api.http.headers import ETAG, LOCATION
from functions.api.http.idempotency import Key
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit
from functions.api.http.plain_noun import NewThing, PlainNoun
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.drivers.fields import UPPER
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.workflows import service
from sextant.workflows.model import Workflow, WorkflowState


class WorkflowDocument(NewThing):
    _about = Workflow

    name: ShortName
    description: Description = ""
    max_retries: Retries = 3
    dry_run: Flag = False


class WorkflowChanges(Changes):
    _about = Workflow

    name: ShortName | None = None
    description: Description | None = None
    state: Annotated[WorkflowState, UPPER] | None = None
    max_retries: Retries | None = None
    dry_run: Flag | None = None


class WorkflowBody(AnswerBody, shows=Workflow, hides=("tenant_id", "deleted_at")): ...


class WorkflowEnvelope(Envelope[WorkflowBody]): ...


class WorkflowList(ListEnvelope[WorkflowBody]): ...


router = Router("Workflows")
workflows = PlainNoun(router, "/v1/workflows", WorkflowEnvelope, service)

_OK = answers("The workflow", WorkflowEnvelope, ETAG, LOCATION)
_LIST = answers("Workflows, newest first", WorkflowList)


@router.post("/v1/workflows", summary="Create a workflow", responses={201: _OK})
@needs("operations:write")
def create_workflow(
    document: Annotated[WorkflowDocument, Body()], idempotency_key: Key = None
) -> Response[Any]:
    """A name that is taken is 409."""
    return workflows.create(document, idempotency_key)


@router.get("/v1/workflows", summary="List workflows", responses={200: _LIST})
@needs("scenarios:read")
def list_workflows(limit: Limit = DEFAULT_LIMIT, cursor: Cursor = None) -> Response[Any]:
    """Newest first."""
    return listing(router, WorkflowList, "workflows", limit, cursor, service.list_workflows)


@router.get("/v1/workflows/<workflow_id>", summary="Get a workflow", responses={200: _OK})
@needs("scenarios:read")
def get_workflow(workflow_id: UUID) -> Response[Any]:
    """What events belong to, and whether its runs start."""
    return workflows.get(workflow_id)


@router.patch("/v1/workflows/<workflow_id>", summary="Change a workflow", responses={200: _OK})
@needs("operations:write")
def change_workflow(
    workflow_id: UUID, document: Annotated[WorkflowChanges, Body()], if_match: IfMatch = None
) -> Response[Any]:
    """What is left out stays. PAUSED, its runs wait; ACTIVE, they start again."""
    answer = workflows.change(workflow_id, document, if_match)
    bootstrap.nudge_relay()
    return answer


@router.delete(
    "/v1/workflows/<workflow_id>", summary="Delete a workflow", responses={204: {"description": "Deleted"}}
)
@needs("operations:write")
def delete_workflow(workflow_id: UUID, if_match: IfMatch = None) -> Response[Any]:
    """With `If-Match` only where nobody changed it since: else 412. A built-in one is 409."""
    return workflows.delete(workflow_id, if_match)


@router.get(
    "/v1/workflows/<workflow_id>/changes",
    summary="What was changed of a workflow, field by field, newest first",
    responses={200: CHANGES},
)
@needs("scenarios:read")
def list_workflow_changes(
    workflow_id: UUID,
    limit: Limit = MAX_LIMIT,
    cursor: Cursor = None,
    before_version: BeforeVersion = None,
) -> Response[Any]:
    """Newest first."""
    return workflows.changes(workflow_id, limit, cursor, before_version)
