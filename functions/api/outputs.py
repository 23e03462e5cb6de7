"""The API's entry for the routes that read the lake, and the only one that loads pyarrow."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import BaseModel

from functions.api.app import Api, InvalidParameterError, needs, reply
from functions.api.schemas import Meta
from sextant import bootstrap
from sextant.errors import FieldError
from sextant.ids import ScenarioId
from sextant.lake.catalog import LakeSettings, load_table
from sextant.lake.query import OutputFilter, OutputRow, PageKey
from sextant.lake.reader import read_page
from sextant.outputs import cursors
from sextant.scenarios import service as scenarios
from sextant.tenancy import Caller

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100
CSV_PAGE = 5000
# Lambda answers with at most 6 MB; base64 and the envelope take their share.
MAX_CSV_BYTES = 4 * 1024 * 1024
CSV_COLUMNS = (
    "metric",
    "asof_date",
    "value",
    "unit",
    "band_lower",
    "band_upper",
    "tags",
    "run_id",
    "scenario_id",
)


class OutputBody(BaseModel):
    metric: str
    asof_date: date
    value: float | None
    unit: str
    band_lower: float | None
    band_upper: float | None
    tags: dict[str, str]
    run_id: str
    scenario_id: str

    @classmethod
    def of(cls, row: OutputRow) -> OutputBody:
        return cls.model_construct(
            **{name: getattr(row, name) for name in cls.model_fields if name != "tags"}, tags=dict(row.tags)
        )


class OutputMeta(Meta):
    snapshot_id: str | None = None
    next_cursor: str | None = None
    prev_cursor: str | None = None


class OutputList(BaseModel):
    data: list[OutputBody]
    meta: OutputMeta


class ResultTooLargeError(InvalidParameterError):
    """The result is too large for one answer: narrow the filters, or page through it as JSON."""

    code, title = "result_too_large", "Result too large"


_LIST: OpenAPIResponse = {
    "description": "Rows, ordered by metric, date and run",
    "content": {"application/json": {"model": OutputList}},
}

api = Api()


@api.get(
    "/v1/scenarios/<scenario_id>/outputs",
    summary="Read a scenario's outputs",
    tags=["Outputs"],
    responses={200: _LIST},
)
@needs("outputs:read")
def read_outputs(
    scenario_id: Annotated[UUID, Path()],
    metric_name: Annotated[str | None, Query(max_length=100)] = None,
    run_id: Annotated[UUID | None, Query()] = None,
    start: Annotated[date | None, Query()] = None,
    end: Annotated[date | None, Query()] = None,
    min_value: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    max_value: Annotated[float | None, Query(allow_inf_nan=False)] = None,
    tags: Annotated[str | None, Query(description="key:value, several with commas")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT,
    cursor: str | None = None,
    format: Annotated[Literal["json", "csv"] | None, Query()] = None,  # noqa: A002 the parameter's public name
    accept: Annotated[str, Header()] = "",
) -> Response[Any]:
    caller = api.caller
    wanted = OutputFilter(
        metric=metric_name,
        run_ids=frozenset({run_id} if run_id else ()),
        start=start,
        end=end,
        min_value=min_value,
        max_value=max_value,
        tags=tags_of(tags),
    )
    check(wanted)
    with bootstrap.database().autocommit(caller.tenant) as session:
        scenarios.get(session, ScenarioId(scenario_id))
    if format == "csv" or (format is None and "text/csv" in accept):
        return as_csv(caller, scenario_id, wanted)
    return as_page(caller, scenario_id, wanted, limit, cursor)


def tags_of(text: str | None) -> dict[str, str]:
    """The pairs in `technology:solar,region:north`; raises `InvalidParameterError` for anything else."""
    pairs = [pair.partition(":") for pair in text.split(",")] if text else []
    if any(not key or not colon for key, colon, _ in pairs):
        raise InvalidParameterError(
            "tags must be key:value, several separated by commas.",
            errors=[FieldError("tags", "format", "must be key:value, several separated by commas")],
        )
    return {key.strip(): value.strip() for key, _, value in pairs}


def check(wanted: OutputFilter) -> None:
    """Refuse ranges that end before they begin."""
    if wanted.start and wanted.end and wanted.end < wanted.start:
        raise InvalidParameterError(
            "end must not lie before start.", errors=[FieldError("end", "order", "must not lie before start")]
        )
    if wanted.min_value is not None and wanted.max_value is not None and wanted.max_value < wanted.min_value:
        raise InvalidParameterError(
            "max_value must not be less than min_value.",
            errors=[FieldError("max_value", "order", "must not be less than min_value")],
        )


def as_page(
    caller: Caller, scenario: UUID, wanted: OutputFilter, limit: int, cursor: str | None
) -> Response[Any]:
    """One page as JSON, read from the snapshot that the first page pinned."""
    scope = f"outputs {scenario} {wanted}"
    at = cursors.decode(cursor, scope) if cursor else None
    found = read_page(
        load_table(LakeSettings.from_env(os.environ)),
        caller.tenant,
        str(scenario),
        wanted,
        limit=limit,
        snapshot_id=at.snapshot_id if at else None,
        after=at.key if at and at.direction == "next" else None,
        before=at.key if at and at.direction == "prev" else None,
    )
    edges: dict[str, Any] = {
        "next_cursor": cursors.encode(found.next, found.snapshot_id, "next", scope),
        "prev_cursor": cursors.encode(found.previous, found.snapshot_id, "prev", scope),
        "snapshot_id": None if found.snapshot_id is None else str(found.snapshot_id),
    }
    meta = OutputMeta.model_construct(
        request_id=caller.request_id, **{name: edge for name, edge in edges.items() if edge is not None}
    )
    return reply(OutputList.model_construct(data=[OutputBody.of(row) for row in found.rows], meta=meta))


def as_csv(caller: Caller, scenario: UUID, wanted: OutputFilter) -> Response[Any]:
    """Every row as CSV (RFC 4180), from one snapshot."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(CSV_COLUMNS)
    for row in _rows(caller, scenario, wanted):
        document = row.to_json()
        document["tags"] = ",".join(f"{key}:{value}" for key, value in sorted(row.tags.items()))
        writer.writerow(["" if document[name] is None else document[name] for name in CSV_COLUMNS])
        if text.tell() > MAX_CSV_BYTES:
            raise ResultTooLargeError
    return Response(
        status_code=200,
        content_type="text/csv; charset=utf-8; header=present",
        body=text.getvalue(),
        headers={"Content-Disposition": f'attachment; filename="outputs-{scenario}.csv"'},
    )


def _rows(caller: Caller, scenario: UUID, wanted: OutputFilter) -> Iterator[OutputRow]:
    table = load_table(LakeSettings.from_env(os.environ))
    after: PageKey | None = None
    snapshot: int | None = None
    while True:
        found = read_page(
            table, caller.tenant, str(scenario), wanted, limit=CSV_PAGE, snapshot_id=snapshot, after=after
        )
        yield from found.rows
        if found.next is None:
            return
        after, snapshot = found.next, found.snapshot_id


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    return api.handle(event, context)
