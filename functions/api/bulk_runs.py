"""Many runs at once, and runs moved by hand."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Path
from pydantic import BaseModel, ConfigDict, Field

from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import Body as AnswerBody
from functions.api.http.envelopes import Envelope, Meta, meta
from functions.api.http.idempotency import Key, once
from functions.api.http.parameters import check_span, check_tenant
from functions.api.run_schemas import RunBody, RunEnvelope
from functions.api.runs import run_answer
from sextant import bootstrap
from sextant.config import CODE_VERSION
from sextant.drivers.fields import UPPER
from sextant.identity import Caller
from sextant.ids import RunId, ScenarioId
from sextant.runs import service
from sextant.runs.model import RequestedRun, RunOptions, RunSelection, State
from sextant.settings.model import Reason

MOST_ITEMS = 100
MOST_SELECTED = 500


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)

    tenant_id: str | None = None
    """Where given, it must be the token's."""


class NewRuns(_Asked):
    """Several runs of one scenario: all are stored, or none."""

    items: Annotated[list[RunOptions], Field(min_length=1, max_length=MOST_ITEMS)]


class NewState(_Asked):
    state: Annotated[State, UPPER]
    reason: Reason


class Selection(_Asked):
    """The runs that fit `filter`; with `preview` they are only counted."""

    filter: RunSelection = Field(default_factory=RunSelection)
    preview: bool = False
    limit: Annotated[int, Field(strict=True, ge=1, le=MOST_SELECTED)] = 100


class BulkItemBody(AnswerBody):
    index: int
    outcome: Literal["CREATED", "EXISTING", "REPLAYED", "DUPLICATE"]
    """DUPLICATE: equal to an item before it in the same request, whose run this is."""
    run: RunBody


class SelectionBody(AnswerBody):
    matching: int
    """How many runs the filter fits."""
    preview: bool
    changed: int
    skipped: int
    run_ids: list[UUID]


class BulkEnvelope(AnswerBody):
    data: list[BulkItemBody]
    meta: Meta


class SelectionEnvelope(Envelope[SelectionBody]): ...


def keyed(items: list[RunOptions], key: str | None) -> list[RunOptions]:
    """The items with keys of their own, made of the request's: the database then knows each one again."""
    if key is None:
        return items
    return [
        item if item.idempotency_key else item.model_copy(update={"idempotency_key": f"{key[:240]}#{index}"})
        for index, item in enumerate(items)
    ]


def bulk_items(asked: list[RequestedRun]) -> list[BulkItemBody]:
    """The answer of each item; one equal to an item before it is called a duplicate."""
    seen: set[UUID] = set()
    items = []
    for index, run in enumerate(asked):
        outcome: Any = "DUPLICATE" if run.id in seen else run.outcome
        seen.add(run.id)
        items.append(BulkItemBody.model_construct(index=index, outcome=outcome, run=RunBody.of(run)))
    return items


def register(api: Api) -> None:
    @api.post(
        "/v1/scenarios/<scenario_id>/runs:bulk",
        summary="Run a scenario several times",
        tags=["Runs"],
        responses={202: answers("The runs, in the order of the items", BulkEnvelope)},
    )
    @needs("runs:create")
    def request_runs(
        scenario_id: Annotated[UUID, Path()],
        runs: Annotated[NewRuns, Body()],
        idempotency_key: Key = None,
    ) -> Response[Any]:
        caller = api.caller
        for tenant in (runs.tenant_id, *(item.tenant_id for item in runs.items)):
            check_tenant(tenant, caller)
        items = keyed(runs.items, idempotency_key)

        def request() -> Response[Any]:
            asked = bootstrap.database().run(
                caller.tenant,
                lambda session: service.request_many(
                    session, ScenarioId(scenario_id), items, CODE_VERSION, caller
                ),
            )
            bootstrap.nudge_relay()
            return reply(BulkEnvelope.model_construct(data=bulk_items(asked), meta=meta(caller)), 202)

        return once(api, idempotency_key, request)

    @api.post(
        "/v1/scenarios/runs:cancel",
        summary="Cancel runs by filter",
        tags=["Runs"],
        responses={200: _SELECTED},
    )
    @needs("runs:cancel")
    def cancel_runs(selection: Annotated[Selection, Body()]) -> Response[Any]:
        caller = _checked(api.caller, selection)
        found = bootstrap.database().run(
            caller.tenant,
            lambda session: (
                service.select(session, selection.filter, service.LIVE, selection.limit)
                if selection.preview
                else service.cancel_selected(session, selection.filter, selection.limit, caller)
            ),
        )
        return _answer(found, selection, caller)

    @api.post(
        "/v1/scenarios/runs:replay",
        summary="Run again what failed, by filter",
        tags=["Runs"],
        responses={200: _SELECTED},
    )
    @needs("runs:create")
    def replay_runs(selection: Annotated[Selection, Body()]) -> Response[Any]:
        caller = _checked(api.caller, selection)
        found = bootstrap.database().run(
            caller.tenant,
            lambda session: (
                service.select(session, selection.filter, service.REPLAYABLE, selection.limit)
                if selection.preview
                else service.replay_selected(session, selection.filter, selection.limit, caller)
            ),
        )
        return _answer(found, selection, caller)

    @api.put(
        "/v1/scenarios/runs/<run_id>/state",
        summary="Move a run to another state by hand",
        tags=["Runs"],
        responses={200: answers("The run", RunEnvelope)},
    )
    @needs("runs:state")
    def set_run_state(run_id: Annotated[UUID, Path()], wanted: Annotated[NewState, Body()]) -> Response[Any]:
        caller = api.caller
        check_tenant(wanted.tenant_id, caller)
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = service.set_state(session, RunId(run_id), wanted.state, wanted.reason, caller)
        bootstrap.nudge_relay()
        return run_answer(found, caller)


def _checked(caller: Caller, selection: Selection) -> Caller:
    check_tenant(selection.tenant_id, caller)
    check_span(selection.filter.created_after, selection.filter.created_before)
    return caller


def _answer(found: service.Selected, selection: Selection, caller: Caller) -> Response[Any]:
    if not selection.preview:
        bootstrap.nudge_relay()
    body = SelectionBody.model_construct(
        matching=found.matching,
        preview=selection.preview,
        changed=found.changed,
        skipped=found.skipped,
        run_ids=list[UUID](found.runs),
    )
    return reply(SelectionEnvelope.model_construct(data=body, meta=meta(caller)))


_SELECTED = answers("What the filter fits, and what was done to it", SelectionEnvelope)
