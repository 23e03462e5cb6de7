"""Exports too large for an answer: how one stands, where its files are, and its end."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Literal, Self
from uuid import UUID

from aws_lambda_powertools.event_handler import Response

from functions.api.http.envelopes import AnswerBody, Envelope, answers, reply
from functions.api.http.headers import LOCATION, MAY_RETRY
from functions.api.http.routing import Router, needs
from functions.api.output_query import readable, reader
from sextant.exports.delivery import Exports
from sextant.exports.errors import ExportNotFoundError
from sextant.exports.model import LINK_LIFETIME, Export, Failure, State
from sextant.identity import Caller
from sextant.ids import ScenarioId

POLL_SECONDS = 2


class ExportFileBody(AnswerBody):
    url: str
    """Whoever has it may read the file until then; send no token."""
    bytes: int
    """Its size."""
    expires_at: datetime
    """When the URL ends to hold; ask again for a new one."""


class ExportErrorBody(AnswerBody, shows=Failure): ...


class ExportBody(AnswerBody):
    """`files` are there once it SUCCEEDED, `error` once it FAILED or was CANCELLED."""

    id: UUID
    scenario_id: UUID
    state: State
    """Where it stands; SUCCEEDED, FAILED and CANCELLED are ends."""
    format: Literal["csv", "parquet", "arrow"]
    """Of the files."""
    snapshot_id: str
    """The state of the table that is read."""
    submitted_at: datetime
    """When it was begun."""
    scanned_bytes: int
    """Bytes that Athena read for it; 0 where the API made it itself."""
    files: list[ExportFileBody]
    """The parts of the result."""
    error: ExportErrorBody | None
    """Why there is none; null otherwise."""

    @classmethod
    def of(cls, thing: Any, **values: Any) -> Self:
        until = datetime.now(UTC) + LINK_LIFETIME
        files = [ExportFileBody.of(file, bytes=file.size, expires_at=until) for file in thing.files]
        return super().of(
            thing,
            snapshot_id=str(thing.snapshot_id),
            files=files,
            error=None if thing.failure is None else ExportErrorBody.of(thing.failure),
            **values,
        )


class ExportEnvelope(Envelope[ExportBody]): ...


EXPORT = answers("How the export stands", ExportEnvelope, LOCATION, MAY_RETRY)


router = Router("Outputs")


@router.get(
    "/v1/scenarios/<scenario_id>/exports/<export_id>",
    summary="Get an export",
    responses={200: EXPORT},
)
@needs("outputs:read")
def get_export(scenario_id: UUID, export_id: UUID) -> Response[Any]:
    """Where it stands; once it SUCCEEDED, the URLs of its files, new ones each time."""
    caller = router.caller
    readable(caller, scenario_id)
    return export_answer(caller, _exports().find(caller.tenant, ScenarioId(scenario_id), export_id), 200)


@router.delete(
    "/v1/scenarios/<scenario_id>/exports/<export_id>", summary="Cancel an export", responses={202: EXPORT}
)
@needs("outputs:read")
def cancel_export(scenario_id: UUID, export_id: UUID) -> Response[Any]:
    """Ends it where it has not ended."""
    caller = router.caller
    readable(caller, scenario_id)
    return export_answer(caller, _exports().cancel(caller.tenant, ScenarioId(scenario_id), export_id), 202)


def export_answer(caller: Caller, export: Export, status: int) -> Response[Any]:
    """The export as an answer that says where to look again, and when while it is not over."""
    headers = {"Location": f"/v1/scenarios/{export.scenario_id}/exports/{export.id}"}
    if not export.over:
        headers["Retry-After"] = str(POLL_SECONDS)
    return reply(ExportEnvelope.of(export, caller), status, headers)


def _exports() -> Exports:
    """Raises `ExportNotFoundError` where no export is ever kept."""
    exports = reader().exports
    if exports is None:
        raise ExportNotFoundError
    return exports
