"""Freezing a comparison: the one route of reports that reads the lake."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import orjson
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field, StringConstraints

from functions.api.comparison import MAX_COMPARED, Question, comparison_of, named_runs, span_of
from functions.api.http.envelopes import RequestBody, ShortName, reply
from functions.api.http.parameters import broken
from functions.api.http.routing import Router, needs
from functions.api.output_parameters import check_switched_on, snapshot_of
from functions.api.output_query import filter_of
from functions.api.reports import CREATED, ReportBody, ReportEnvelope
from sextant.reports import service
from sextant.storage import database_time


class ReportRequest(RequestBody):
    """What to freeze: the comparison that `GET /v1/compare` gives for the same words."""

    title: ShortName
    """What it is called."""
    notes: Annotated[str, StringConstraints(max_length=10_000)] = ""
    """What you have to say of it; frozen with it."""
    baseline: UUID
    """The run that the others are compared with."""
    runs: Annotated[list[UUID], Field(min_length=1, max_length=MAX_COMPARED)]
    """The others, in the order in which they are to stand."""
    metrics: Annotated[
        list[Annotated[str, StringConstraints(min_length=1, max_length=100)]], Field(max_length=100)
    ] = Field(default_factory=list)
    """Only these; empty: all."""
    years: Annotated[str, StringConstraints(max_length=9)] | None = None
    """A year, or the first and the last: 2030, or 2026-2035."""
    snapshot_id: Annotated[str, StringConstraints(pattern=r"^[0-9]{1,19}$")] | None = None
    """Read this snapshot, which somebody saw, instead of the newest."""


router = Router("Reports")


@router.post("/v1/reports", summary="Freeze a comparison as a report", responses={201: CREATED})
@needs("scenarios:write")
def create_report(document: Annotated[ReportRequest, Body()]) -> Response[Any]:
    """The answer itself is kept: it stays when runs, scenarios and snapshots of the table are gone."""
    caller = router.caller
    check_switched_on(caller)
    if len(set(document.runs)) != len(document.runs):
        raise broken("runs", "unique", "must name each run once")
    start, end = span_of(document.years)
    where = filter_of(start=start, end=end, tags=None)
    with router.session() as session:
        base, *compared = named_runs(session, document.baseline, [(run, None) for run in document.runs])
    metrics = ",".join(document.metrics) or None
    question = Question(caller, base, compared, metrics, where, snapshot_of(document.snapshot_id))
    comparison = question.answer()
    with router.session() as session:
        frozen_at = database_time(session)
    snapshot = str(comparison.snapshot_id or "")
    content = orjson.dumps(
        {
            "title": document.title,
            "notes": document.notes,
            "frozen_at": frozen_at.isoformat(timespec="seconds"),
            "snapshot_id": snapshot,
            "comparison": comparison_of(base, compared, comparison, "series"),
        }
    )
    frozen = service.frozen(
        content, document.title, document.notes, document.baseline, document.runs, snapshot
    )
    report = router.transaction(lambda session: service.create(session, frozen, caller.subject))
    body = ReportBody.of(report)
    return reply(ReportEnvelope.around(body, caller), 201, {"Location": f"/v1/reports/{report.id}"})
