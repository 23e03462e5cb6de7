"""Exports that are made elsewhere: how one stands, where its files are, and its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

from functions.api.http.app import Api, needs
from functions.api.http.envelopes import Meta, meta
from functions.api.output_query import readable, reader
from sextant.identity import Caller
from sextant.ids import ScenarioId
from sextant.outputs.athena import LINK_LIFETIME, AthenaExports, Export, ExportNotFoundError

POLL_SECONDS = 2


class ExportFileBody(BaseModel):
    url: str
    bytes: int
    expires_at: datetime


class ExportErrorBody(BaseModel):
    code: str
    detail: str
    retryable: bool


class ExportBody(BaseModel):
    """`files` are there once it SUCCEEDED, `error` once it FAILED or was CANCELLED."""

    id: UUID
    scenario_id: UUID
    state: str
    format: str
    snapshot_id: str
    submitted_at: datetime
    scanned_bytes: int
    files: list[ExportFileBody]
    error: ExportErrorBody | None

    @classmethod
    def of(cls, export: Export) -> ExportBody:
        until, failed = datetime.now(UTC) + LINK_LIFETIME, export.failure
        return cls(
            id=export.id,
            scenario_id=export.scenario_id,
            state=export.state,
            format=export.format.name.lower(),
            snapshot_id=str(export.snapshot_id),
            submitted_at=export.submitted_at,
            scanned_bytes=export.scanned_bytes,
            files=[ExportFileBody(url=one.url, bytes=one.size, expires_at=until) for one in export.files],
            error=ExportErrorBody(code=failed.code, detail=failed.detail, retryable=failed.retryable)
            if failed
            else None,
        )


class ExportEnvelope(BaseModel):
    data: ExportBody
    meta: Meta


EXPORT: OpenAPIResponse = {
    "description": "How the export stands",
    "content": {"application/json": {"model": ExportEnvelope}},
}


def register(api: Api) -> None:
    @api.get(
        "/v1/scenarios/<scenario_id>/exports/<export_id>",
        summary="Get an export that is made elsewhere",
        tags=["Outputs"],
        responses={200: EXPORT},
    )
    @needs("outputs:read")
    def get_export(scenario_id: Annotated[UUID, Path()], export_id: Annotated[UUID, Path()]) -> Response[Any]:
        caller = api.caller
        readable(caller, scenario_id)
        return answer(caller, _exports().find(caller.tenant, ScenarioId(scenario_id), export_id), 200)

    @api.delete(
        "/v1/scenarios/<scenario_id>/exports/<export_id>",
        summary="Cancel an export",
        tags=["Outputs"],
        responses={202: EXPORT},
    )
    @needs("outputs:read")
    def cancel_export(
        scenario_id: Annotated[UUID, Path()], export_id: Annotated[UUID, Path()]
    ) -> Response[Any]:
        caller = api.caller
        readable(caller, scenario_id)
        return answer(caller, _exports().cancel(caller.tenant, ScenarioId(scenario_id), export_id), 202)


def answer(caller: Caller, export: Export, status: int) -> Response[Any]:
    """The export as an answer that says where to look again, and when while it is not over."""
    envelope = ExportEnvelope(data=ExportBody.of(export), meta=meta(caller))
    headers = {"Location": f"/v1/scenarios/{export.scenario_id}/exports/{export.id}"}
    if not export.over:
        headers["Retry-After"] = str(POLL_SECONDS)
    return Response(
        status_code=status,
        content_type="application/json",
        body=envelope.model_dump_json(),
        headers={**headers},
    )


def _exports() -> AthenaExports:
    """Athena's exports. Raises `ExportNotFoundError` where no export is ever made elsewhere."""
    found = reader().exports
    if found is None:
        raise ExportNotFoundError
    return found
