"""Many runs at once, and runs moved by hand."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import Field

from functions.api.http.envelopes import AnswerBody, Envelope, RequestBody, answers, reply
from functions.api.http.idempotency import Key, once
from functions.api.http.parameters import check_span, check_tenant
from functions.api.http.reasons import SettingReason
from functions.api.http.routing import Router, needs
from functions.api.runs import RunBody, RunEnvelope, run_answer
from sextant import bootstrap
from sextant.config import CODE_VERSION
from sextant.drivers.fields import UPPER
from sextant.identity import Caller
from sextant.ids import RunId, ScenarioId
from sextant.runs import service
from sextant.runs.model import RequestedRun, RunOptions, RunSelection, State

MOST_ITEMS = 100
MOST_SELECTED = 500


class _OwnTenant(RequestBody):
    tenant_id: str | None = None
    """Where given, it must be the token's."""


class NewRuns(_OwnTenant):
    """Several runs of one scenario: all are stored, or none."""

    items: Annotated[list[RunOptions], Field(min_length=1, max_length=MOST_ITEMS)]


class NewState(_OwnTenant):
    state: Annotated[State, UPPER]
    reason: SettingReason


class Selection(_OwnTenant):
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


class BulkEnvelope(Envelope[list[BulkItemBody]]): ...


class SelectionEnvelope(Envelope[SelectionBody]): ...


router = Router()

_SELECTED = answers("What the filter fits, and what was done to it", SelectionEnvelope)


@router.post(
    "/v1/scenarios/<scenario_id>/runs:bulk",
    summary="Run a scenario several times",
    tags=["Runs"],
    responses={202: answers("The runs, in the order of the items", BulkEnvelope)},
)
@needs("runs:create")
def request_runs(
    scenario_id: UUID,
    runs: Annotated[NewRuns, Body()],
    idempotency_key: Key = None,
) -> Response[Any]:
    caller = router.caller
    for tenant in (runs.tenant_id, *(item.tenant_id for item in runs.items)):
        check_tenant(tenant, caller)
    items = _with_keys(runs.items, idempotency_key)

    def request() -> Response[Any]:
        requested = router.transaction(
            lambda session: service.request_many(
                session, ScenarioId(scenario_id), items, CODE_VERSION, caller
            )
        )
        bootstrap.nudge_relay()
        return reply(BulkEnvelope.around(_bulk_items(requested), caller), 202)

    return once(router, idempotency_key, request)


@router.post(
    "/v1/scenarios/runs:cancel",
    summary="Cancel runs by filter",
    tags=["Runs"],
    responses={200: _SELECTED},
)
@needs("runs:cancel")
def cancel_runs(selection: Annotated[Selection, Body()]) -> Response[Any]:
    caller = _checked(router.caller, selection)
    selected = router.transaction(
        lambda session: (
            service.select(session, selection.filter, service.LIVE, selection.limit)
            if selection.preview
            else service.cancel_selected(session, selection.filter, selection.limit, caller)
        ),
    )
    return _shown(selected, selection, caller)


@router.post(
    "/v1/scenarios/runs:replay",
    summary="Run again what failed, by filter",
    tags=["Runs"],
    responses={200: _SELECTED},
)
@needs("runs:create")
def replay_runs(selection: Annotated[Selection, Body()]) -> Response[Any]:
    caller = _checked(router.caller, selection)
    selected = router.transaction(
        lambda session: (
            service.select(session, selection.filter, service.REPLAYABLE, selection.limit)
            if selection.preview
            else service.replay_selected(session, selection.filter, selection.limit, caller)
        ),
    )
    return _shown(selected, selection, caller)


@router.put(
    "/v1/scenarios/runs/<run_id>/state",
    summary="Move a run to another state by hand",
    tags=["Runs"],
    responses={200: answers("The run", RunEnvelope)},
)
@needs("runs:state")
def set_run_state(run_id: UUID, new: Annotated[NewState, Body()]) -> Response[Any]:
    caller = router.caller
    check_tenant(new.tenant_id, caller)
    with router.session() as session:
        run = service.set_state(session, RunId(run_id), new.state, new.reason, caller)
    bootstrap.nudge_relay()
    return run_answer(run, caller)


def _checked(caller: Caller, selection: Selection) -> Caller:
    check_tenant(selection.tenant_id, caller)
    check_span(selection.filter.created_after, selection.filter.created_before)
    return caller


def _shown(selected: service.Selected, selection: Selection, caller: Caller) -> Response[Any]:
    if not selection.preview:
        bootstrap.nudge_relay()
    body = SelectionBody.of(selected, preview=selection.preview, run_ids=list[UUID](selected.runs))
    return reply(SelectionEnvelope.around(body, caller))


def _with_keys(items: list[RunOptions], key: str | None) -> list[RunOptions]:
    """The items with keys of their own, made of the request's: the database then knows each one again."""
    if key is None:
        return items
    return [
        item if item.idempotency_key else item.model_copy(update={"idempotency_key": f"{key[:240]}#{index}"})
        for index, item in enumerate(items)
    ]


def _bulk_items(requested: list[RequestedRun]) -> list[BulkItemBody]:
    """The answer of each item; one equal to an item before it is called a duplicate."""
    seen: set[UUID] = set()
    items = []
    for index, run in enumerate(requested):
        outcome: Any = "DUPLICATE" if run.id in seen else run.outcome
        seen.add(run.id)
        items.append(BulkItemBody.model_construct(index=index, outcome=outcome, run=RunBody.of(run)))
    return items
