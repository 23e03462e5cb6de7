"""Workflows: create, get, list, change, delete, and what was changed."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query

from functions.api.http import cursors
from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import meta, page_meta
from functions.api.http.idempotency import Key, once
from functions.api.http.parameters import Limit, check_tenant, expected_version
from functions.api.operations_schemas import (
    ChangeBody,
    ChangeList,
    WorkflowBody,
    WorkflowChanges,
    WorkflowDocument,
    WorkflowEnvelope,
    WorkflowList,
)
from sextant import bootstrap
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.workflows import service as workflows
from sextant.workflows.model import Workflow

_TAGS = ["Workflows"]


def etag(workflow: Workflow) -> str:
    return f'"{workflow.id}.{workflow.version}"'


def register(api: Api) -> None:
    def shown(workflow: Workflow, status: int = 200) -> Response[Any]:
        body = WorkflowEnvelope.model_construct(data=WorkflowBody.of(workflow), meta=meta(api.caller))
        return reply(body, status, {"ETag": etag(workflow), "Location": f"/v1/workflows/{workflow.id}"})

    @api.post("/v1/workflows", summary="Create a workflow", tags=_TAGS, responses={201: _OK})
    @needs("operations:write")
    def create_workflow(
        document: Annotated[WorkflowDocument, Body()], idempotency_key: Key = None
    ) -> Response[Any]:
        caller = api.caller
        check_tenant(document.tenant_id, caller)
        values = document.model_dump(exclude={"tenant_id"})

        def create() -> Response[Any]:
            return shown(
                bootstrap.database().run(
                    caller.tenant, lambda session: workflows.create(session, values, caller.subject)
                ),
                201,
            )

        return once(api, idempotency_key, create)

    @api.get("/v1/workflows", summary="List workflows", tags=_TAGS, responses={200: _LIST})
    @needs("scenarios:read")
    def list_workflows(limit: Limit = DEFAULT_LIMIT, cursor: str | None = None) -> Response[Any]:
        caller = api.caller
        request = cursors.decode(cursor, limit, "workflows")
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = workflows.list_workflows(session, request)
        return reply(
            WorkflowList.model_construct(
                data=[WorkflowBody.of(workflow) for workflow in found.items],
                meta=page_meta(caller, found, "workflows"),
            )
        )

    @api.get("/v1/workflows/<workflow_id>", summary="Get a workflow", tags=_TAGS, responses={200: _OK})
    @needs("scenarios:read")
    def get_workflow(workflow_id: Annotated[UUID, Path()]) -> Response[Any]:
        with bootstrap.database().autocommit(api.caller.tenant) as session:
            return shown(workflows.get(session, workflow_id))

    @api.patch("/v1/workflows/<workflow_id>", summary="Change a workflow", tags=_TAGS, responses={200: _OK})
    @needs("operations:write")
    def change_workflow(
        workflow_id: Annotated[UUID, Path()],
        document: Annotated[WorkflowChanges, Body()],
        if_match: Annotated[str | None, Header(alias="If-Match")] = None,
    ) -> Response[Any]:
        caller = api.caller
        changes = document.model_dump(exclude_unset=True)
        expected = expected_version(if_match, workflow_id)
        changed = bootstrap.database().run(
            caller.tenant,
            lambda session: workflows.change(
                session, workflow_id, changes, actor=caller.subject, expected=expected
            ),
        )
        bootstrap.nudge_relay()
        return shown(changed)

    @api.delete(
        "/v1/workflows/<workflow_id>",
        summary="Delete a workflow",
        tags=_TAGS,
        responses={204: {"description": "Deleted"}},
    )
    @needs("operations:write")
    def delete_workflow(
        workflow_id: Annotated[UUID, Path()],
        if_match: Annotated[str | None, Header(alias="If-Match")] = None,
    ) -> Response[Any]:
        caller = api.caller
        expected = expected_version(if_match, workflow_id)
        bootstrap.database().run(
            caller.tenant,
            lambda session: workflows.delete(session, workflow_id, caller.subject, expected),
        )
        return Response(status_code=204, body="")

    @api.get(
        "/v1/workflows/<workflow_id>/changes",
        summary="What was changed of a workflow, field by field, newest first",
        tags=_TAGS,
        responses={200: _CHANGES},
    )
    @needs("scenarios:read")
    def workflow_changes(
        workflow_id: Annotated[UUID, Path()],
        limit: Limit = MAX_LIMIT,
        before_version: Annotated[int | None, Query(ge=1)] = None,
    ) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = workflows.changes(session, workflow_id, limit, before_version)
        return reply(
            ChangeList.model_construct(data=[ChangeBody.of(change) for change in found], meta=meta(caller))
        )


_OK = answers("The workflow", WorkflowEnvelope)
_LIST = answers("Workflows, newest first", WorkflowList)
_CHANGES = answers("Changes of single fields", ChangeList)
