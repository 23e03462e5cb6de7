"""The data files of a scenario, for who reads them with an engine of their own: DuckDB, Polars, pandas."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.http import cursors
from functions.api.http.envelopes import AnswerBody, Deferred, answers, reply
from functions.api.http.routing import Router, needs
from functions.api.output_parameters import SnapshotId, snapshot_of
from functions.api.output_query import SnapshotMeta, readable, reader
from sextant.ids import ScenarioId
from sextant.lake.errors import InvalidCursorError
from sextant.outputs.reading import DataFileLinks

MAX_LIMIT = 1000
DEFAULT_LIMIT = 1000


class DataFileBody(AnswerBody):
    url: str
    """Whoever has it may read the file until it expires, in ranges too."""
    bytes: int
    """The file's size."""
    rows: int
    """Of the file. It may hold rows of other scenarios of the tenant."""
    expires_at: datetime
    """When the link ends."""


class DataFilesMeta(SnapshotMeta):
    next_cursor: str | None = None
    """To be sent as `cursor` for the next page; absent on the last."""


class DataFileList(Deferred):
    data: list[DataFileBody]
    meta: DataFilesMeta


router = Router("Outputs")


@router.get(
    "/v1/scenarios/<scenario_id>/outputs/files",
    summary="Links to the files that hold a scenario's outputs",
    responses={200: answers("Files", DataFileList)},
)
@needs("outputs:read")
def list_output_files(
    scenario_id: UUID,
    snapshot_id: SnapshotId = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Files of a page")] = DEFAULT_LIMIT,
    cursor: Annotated[str | None, Query(max_length=2000, description="`next_cursor` of a page")] = None,
) -> Response[Any]:
    """The Parquet files of one snapshot of the table that hold the scenario's rows, as links that hold for an hour.

    They are for an engine of your own. Each row is in one of them. A file may hold other scenarios of the tenant, so filter by
    `scenario_id`; none holds a row of another tenant. The columns are those of the table; `tags` is a map. All pages are of the
    snapshot that `meta` names.
    """
    caller = router.caller
    scope = f"files {scenario_id} {snapshot_id}"
    first, pinned = _decoded(cursor, scope) if cursor else (0, snapshot_of(snapshot_id))
    readable(caller, scenario_id)
    links = reader().files(
        caller.tenant, ScenarioId(scenario_id), pinned, first=first, limit=limit, is_pinned=cursor is not None
    )
    return _answer(links, scope, first + limit)


def _answer(links: DataFileLinks, scope: str, end: int) -> Response[Any]:
    meta: dict[str, Any] = {"request_id": router.caller.request_id}
    if links.snapshot_id is not None:
        meta["snapshot_id"] = str(links.snapshot_id)
    if links.more:
        meta["next_cursor"] = cursors.pack({"k": end, "n": str(links.snapshot_id)}, "next", scope)
    until = datetime.now(UTC) + links.expires_in
    data = [DataFileBody.of(file, bytes=file.size, expires_at=until) for file in links.files]
    return reply(DataFileList.model_construct(data=data, meta=DataFilesMeta.model_construct(None, **meta)))


def _decoded(cursor: str, scope: str) -> tuple[int, int]:
    """How many files were listed, and of which snapshot; raises `InvalidCursorError` for another listing's cursor."""
    try:
        (listed, snapshot), _ = cursors.unpack(
            cursor, scope, lambda document: (int(document["k"]), int(document["n"]))
        )
    except cursors.CursorError as error:
        raise InvalidCursorError from error
    if listed < 0:
        raise InvalidCursorError
    return listed, snapshot
