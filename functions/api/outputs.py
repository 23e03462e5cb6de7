"""A scenario's rows: pages of JSON, or all of them as CSV, Parquet or Arrow."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Header, Query
from pydantic import BaseModel

from functions.api.exports import ExportEnvelope, export_answer
from functions.api.http import cursors
from functions.api.http.envelopes import AnswerBody, Envelope, Meta, answers, reply
from functions.api.http.headers import DISPOSITION, LOCATION, MAY_RETRY
from functions.api.http.parameters import Cursor, broken, renamed
from functions.api.http.routing import Router, needs
from functions.api.output_parameters import (
    Bom,
    Decimal,
    End,
    LeastValue,
    Metric,
    MostValue,
    OldMetric,
    OldRuns,
    Resolution,
    Runs,
    Separator,
    SnapshotId,
    Start,
    TagPairs,
    snapshot_of,
)
from functions.api.output_query import (
    cached,
    check_names,
    csv_style,
    filter_of,
    json_answer,
    readable,
    reader_of,
)
from functions.api.output_values import ValueBody
from sextant.exports.delivery import SUFFIX
from sextant.exports.model import Export
from sextant.identity import Caller
from sextant.ids import ScenarioId
from sextant.lake.errors import InvalidCursorError
from sextant.lake.read.export import CsvStyle, ExportFormat
from sextant.lake.read.query import OutputFilter, OutputRow, PageKey
from sextant.outputs.reading import File, Link, OutputCursor, OutputReader
from sextant.paging import Direction

MAX_LIMIT = 1000
DEFAULT_LIMIT = 100

_FORMATS = {"csv": ExportFormat.CSV, "parquet": ExportFormat.PARQUET, "arrow": ExportFormat.ARROW}


def media_types(forms: Mapping[str, ExportFormat]) -> dict[str, str]:
    """Of each form of a file its media type."""
    return {name: form.value.partition(";")[0] for name, form in forms.items()}


class OutputBody(ValueBody):
    run_id: str
    scenario_id: str


class HourlyOutputBody(OutputBody):
    hour: int
    """Which of the year's hours, from 1, as in the baseline's load."""
    weight: float
    """Hours of the year that it stands for."""


class SeriesBody(BaseModel):
    """All values of a metric, run, tags and unit. The lists are of one length, in the order of the dates."""

    metric: str
    """What is measured."""
    tags: dict[str, str]
    """What the values are of."""
    unit: str
    """Of all the values."""
    run_id: str
    """The run that computed them."""
    t: list[str]
    """The first day of each period."""
    v: list[float | None]
    """The values, in `unit`; null where one is not a finite number."""
    lo: list[float | None] | None = None
    """P5; left out where nothing is random."""
    hi: list[float | None] | None = None
    """P95."""
    h: list[int] | None = None
    """Which of the year's hours each value is of, from 1; only of hourly results."""


class OutputMeta(Meta):
    snapshot_id: str | None = None
    """The state of the table that was read: as a parameter it gives the same again."""
    next_cursor: str | None = None
    """As `cursor` it gives the next page, of the same snapshot; left out on the last."""
    prev_cursor: str | None = None
    """As `cursor` it gives the page before; left out on the first."""


class OutputList(BaseModel):
    data: list[OutputBody] | list[HourlyOutputBody] | list[SeriesBody]
    """Rows; with `shape=series` one item for each metric, run, tags and unit."""
    meta: OutputMeta


class LinkBody(AnswerBody):
    url: str
    """Whoever has it may read the file until then; send no token."""
    bytes: int
    """Its size."""
    expires_at: datetime
    """When the URL ends to hold."""


class LinkEnvelope(Envelope[LinkBody]): ...


_ROWS = answers(
    "Rows, ordered by metric, date and run; or the whole as the file asked for",
    OutputList,
    DISPOSITION,
    **media_types(_FORMATS),
)
LINK = answers(
    "The file was too large for an answer: it is at the Location for an hour", LinkEnvelope, LOCATION
)
_BEGUN = answers(
    "The file is being made elsewhere: the export at the Location says when it is there",
    ExportEnvelope,
    LOCATION,
    MAY_RETRY,
)


Form = Annotated[
    Literal["json", "csv", "parquet", "arrow"] | None,
    Query(description="A file of all rows instead of a page"),
]

router = Router("Outputs")


@router.get(
    "/v1/scenarios/<scenario_id>/outputs",
    summary="Read a scenario's outputs",
    responses={200: _ROWS, 202: _BEGUN, 303: LINK},
)
@needs("outputs:read")
def read_outputs(
    scenario_id: UUID,
    metric: Metric = None,
    runs: Runs = None,
    start: Start = None,
    end: End = None,
    min_value: LeastValue = None,
    max_value: MostValue = None,
    tags: TagPairs = None,
    metric_name: OldMetric = None,
    run_id: OldRuns = None,
    snapshot_id: SnapshotId = None,
    resolution: Resolution = None,
    limit: Annotated[
        int | None,
        Query(ge=1, le=MAX_LIMIT, description=f"Rows of a page of JSON; {DEFAULT_LIMIT} where not given"),
    ] = None,
    cursor: Cursor = None,
    format: Form = None,  # noqa: A002 (public name)
    separator: Separator = None,
    decimal: Decimal = None,
    bom: Bom = None,
    shape: Annotated[
        Literal["rows", "series"] | None,
        Query(
            description="`series`: all values at once, one item a metric, run, tags and unit, with its dates `t`, values `v`"
            " and, where there are bands, `lo` (P5) and `hi` (P95)"
        ),
    ] = None,
    accept: Annotated[str, Header()] = "",
) -> Response[Any]:
    """Pages of rows from one snapshot, all of them as series, or the whole as CSV, Parquet or Arrow. What is too large for an answer is
    at a URL (303), or made elsewhere first (202).
    """
    caller = router.caller
    where = filter_of(
        metric=renamed("metric", metric, "metric_name", metric_name),
        runs=renamed("runs", runs, "run_id", run_id),
        start=start,
        end=end,
        min_value=min_value,
        max_value=max_value,
        tags=tags,
    )
    form, pinned = _FORMATS.get(format or "", None if format else accepted(accept)), snapshot_of(snapshot_id)
    style = csv_style(form, separator, decimal, bom=bom)
    outputs = reader_of(resolution)
    if form is not None:
        for name, value in (("limit", limit), ("cursor", cursor), ("shape", shape)):
            if value is not None:
                raise broken(name, "not_applicable", "goes only with JSON: a file holds every row")
    elif shape == "series":
        for name, value in (("limit", limit), ("cursor", cursor)):
            if value is not None:
                raise broken(name, "not_applicable", "goes only with rows: an answer has all of the series")
        return _series(caller, scenario_id, where, pinned, outputs)
    if form is not None:
        return _file(caller, scenario_id, where, form, pinned, style, outputs)
    return _page(caller, scenario_id, where, limit or DEFAULT_LIMIT, cursor, pinned, outputs)


def accepted(header: str, forms: Collection[ExportFormat] = tuple(ExportFormat)) -> ExportFormat | None:
    """The one of `forms` that an Accept header asks for; None for JSON."""
    types = [part.partition(";")[0].strip().lower() for part in header.split(",")]
    return next((form for form in forms if form.value.partition(";")[0] in types), None)


def _page(
    caller: Caller,
    scenario: UUID,
    where: OutputFilter,
    limit: int,
    cursor: str | None,
    snapshot: int | None,
    outputs: OutputReader,
) -> Response[Any]:
    by_hour = outputs.definition.by_hour
    scope = f"{'hourly ' if by_hour else ''}outputs {scenario} {where.spelled()} {snapshot}"
    body = HourlyOutputBody if by_hour else OutputBody
    at = _decoded(cursor, scope) if cursor else None

    def read() -> bytes:
        page = outputs.page(caller.tenant, ScenarioId(scenario), where, limit=limit, at=at, snapshot=snapshot)
        if not page.rows and at is None:
            check_names(caller, [ScenarioId(scenario)], where, snapshot, outputs)
        edges = {
            "next_cursor": _encoded(page.next, page.snapshot_id, "next", scope),
            "prev_cursor": _encoded(page.previous, page.snapshot_id, "prev", scope),
            "snapshot_id": None if page.snapshot_id is None else str(page.snapshot_id),
        }
        # JSON has no line breaks of its own here: one parts the rows from what the meta says of them.
        return orjson.dumps([_shown(row, body) for row in page.rows]) + b"\n" + orjson.dumps(edges)

    rows, _, edges = cached(caller, scenario, where.run_ids, f"{scope} {limit} {cursor}", read).rpartition(
        b"\n"
    )
    given = {name: edge for name, edge in orjson.loads(edges).items() if edge is not None}
    page_meta = orjson.dumps({"request_id": caller.request_id, **given})
    return Response(
        status_code=200,
        content_type="application/json",
        body=f'{{"data":{rows.decode()},"meta":{page_meta.decode()}}}',
    )


def _shown(row: OutputRow, body: type[OutputBody]) -> dict[str, Any]:
    """The row in the fields of `body`; a page has up to a thousand."""
    return {name: getattr(row, name) for name in body.model_fields}


def _series(
    caller: Caller, scenario: UUID, where: OutputFilter, snapshot: int | None, outputs: OutputReader
) -> Response[Any]:
    readable(caller, scenario, where.run_ids)
    series, read = outputs.series(caller.tenant, ScenarioId(scenario), where, snapshot)
    if not series:
        check_names(caller, [ScenarioId(scenario)], where, snapshot, outputs)
    return json_answer([one.to_json() for one in series], caller.request_id, read)


def _file(
    caller: Caller,
    scenario: UUID,
    where: OutputFilter,
    form: ExportFormat,
    snapshot: int | None,
    style: CsvStyle,
    outputs: OutputReader,
) -> Response[Any]:
    readable(caller, scenario, where.run_ids)
    if where.metric is not None or where.tags:
        first = outputs.page(caller.tenant, ScenarioId(scenario), where, limit=1, at=None, snapshot=snapshot)
        if not first.rows:
            check_names(caller, [ScenarioId(scenario)], where, snapshot, outputs)
    file = outputs.file(caller.tenant, ScenarioId(scenario), where, form, snapshot, style)
    if isinstance(file, Export):
        return export_answer(caller, file, 200 if file.over else 202)
    name = "hourly-outputs" if outputs.definition.by_hour else "outputs"
    return file_answer(caller, file, form, f"{name}-{scenario}")


def file_answer(caller: Caller, file: File | Link, form: ExportFormat, name: str) -> Response[Any]:
    """A file as the answer itself, to be saved as `name` with its suffix, or the link to it."""
    if isinstance(file, Link):
        body = LinkBody.of(file, bytes=file.size, expires_at=datetime.now(UTC) + file.expires_in)
        return reply(LinkEnvelope.around(body, caller), 303, {"Location": file.url})
    return Response(
        status_code=200,
        content_type=form.value,
        body=file.content.decode() if form is ExportFormat.CSV else file.content,
        headers={"Content-Disposition": f'attachment; filename="{name}.{SUFFIX[form]}"'},
    )


def _encoded(key: PageKey | None, snapshot: int | None, direction: Direction, scope: str) -> str | None:
    """The cursor of the page at `key`; None where there is no such page."""
    if key is None or snapshot is None:
        return None
    return cursors.pack({"k": key.to_json(), "n": str(snapshot)}, direction, scope)


def _decoded(cursor: str, scope: str) -> OutputCursor:
    """The place that `cursor` stands for; raises `InvalidCursorError` for one of another reading or filter."""
    try:
        (key, snapshot), direction = cursors.unpack(
            cursor, scope, lambda document: (PageKey.from_json(document["k"]), int(document["n"]))
        )
    except cursors.OtherCursorError as error:
        raise InvalidCursorError("The cursor belongs to a listing with other filters.") from error
    except cursors.CursorError as error:
        raise InvalidCursorError from error
    return OutputCursor(key, snapshot, direction)
