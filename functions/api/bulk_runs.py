"""Many runs at once, and runs moved by hand."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body
from pydantic import BaseModel, Field, model_validator

from functions.api.http.envelopes import AnswerBody, Envelope, Flag, RequestBody, answers, reply
from functions.api.http.idempotency import Key, once
from functions.api.http.parameters import check_span, check_tenant
from functions.api.http.reasons import SettingReason
from functions.api.http.routing import Router, needs
from functions.api.runs import OK, RunBody, run_answer
from sextant import bootstrap
from sextant.config import CODE_VERSION
from sextant.drivers.fields import UPPER, broken
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
    """How each is to be run."""


class NewState(_OwnTenant):
    state: Annotated[State, UPPER]
    """The state that it is to have."""
    reason: SettingReason


class Selection(_OwnTenant):
    """The runs that fit `filter`, or with `all` every run of the tenant; with `preview` they are only counted."""

    filter: RunSelection = Field(default_factory=RunSelection)
    """Which runs; every field narrows."""
    all: Flag = False
    """Every run of the tenant; not together with a filter."""
    preview: Flag = False
    """Only say which and how many they are."""
    limit: Annotated[int, Field(strict=True, ge=1, le=MOST_SELECTED)] = 100
    """At most so many, the oldest first."""

    @model_validator(mode="after")
    def _filter_or_all(self) -> Self:
        if self.all and self.filter != RunSelection():
            broken("all", "exclusive", "all must not be given together with a filter")
        if not self.all and self.filter == RunSelection():
            broken(
                "filter", "required", 'filter must name at least one field; for every run send "all": true'
            )
        return self


class BulkItemBody(AnswerBody):
    index: int
    """Which item of the request, from 0."""
    outcome: Literal["CREATED", "EXISTING", "REPLAYED", "DUPLICATE"]
    """DUPLICATE: equal to an item before it in the same request, whose run this is."""
    run: RunBody
    """The run."""


class SelectionBody(AnswerBody):
    matching: int
    """How many runs the filter fits."""
    preview: bool
    """Whether nothing was done."""
    changed: int
    """How many runs were changed."""
    skipped: int
    """How many of `run_ids` were not: they had gone on meanwhile, or an equal run was there."""
    run_ids: list[UUID]
    """The oldest `limit` of the runs that the filter fits, in a preview and in the act."""


class ReplayedSelectionBody(SelectionBody):
    new_run_ids: list[UUID]
    """The runs that take the place of those."""


class BulkEnvelope(Envelope[list[BulkItemBody]]): ...


class SelectionEnvelope(Envelope[SelectionBody]): ...


class ReplayedSelectionEnvelope(Envelope[ReplayedSelectionBody]): ...


router = Router("Runs")


@router.post(
    "/v1/scenarios/<scenario_id>/runs:bulk",
    summary="Run a scenario several times",
    responses={202: answers("The runs, in the order of the items", BulkEnvelope)},
)
@needs("runs:create")
def request_runs(
    scenario_id: UUID,
    runs: Annotated[NewRuns, Body()],
    idempotency_key: Key = None,
) -> Response[Any]:
    """All are stored or none. Each item is as the body of a single request; equal ones share a run."""
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
    responses={200: answers("What the filter fits, and what was done to it", SelectionEnvelope)},
)
@needs("runs:cancel")
def cancel_runs(selection: Annotated[Selection, Body()]) -> Response[Any]:
    """Cancels the runs that fit the filter, or with `all` every one that has not ended. With `preview` they are only counted."""
    caller = _checked(router.caller, selection)
    selected = router.transaction(
        lambda session: (
            service.select(session, selection.filter, service.LIVE, selection.limit)
            if selection.preview
            else service.cancel_selected(session, selection.filter, selection.limit, caller)
        ),
    )
    body = SelectionBody.of(selected, preview=selection.preview)
    return _shown(SelectionEnvelope.around(body, caller), selection)


@router.post(
    "/v1/scenarios/runs:replay",
    summary="Run again what failed, by filter",
    responses={200: answers("What the filter fits, and the runs that replace it", ReplayedSelectionEnvelope)},
)
@needs("runs:create")
def replay_runs(selection: Annotated[Selection, Body()]) -> Response[Any]:
    """Asks again for the runs that fit and ended without success; each is a new run. With `preview` they are only counted."""
    caller = _checked(router.caller, selection)
    selected = router.transaction(
        lambda session: (
            service.select(session, selection.filter, service.REPLAYABLE, selection.limit)
            if selection.preview
            else service.replay_selected(session, selection.filter, selection.limit, caller)
        ),
    )
    body = ReplayedSelectionBody.of(selected, preview=selection.preview)
    return _shown(ReplayedSelectionEnvelope.around(body, caller), selection)


@router.put(
    "/v1/scenarios/runs/<run_id>/state",
    summary="Move a run to another state by hand",
    responses={200: OK},
)
@needs("runs:state")
def set_run_state(run_id: UUID, new: Annotated[NewState, Body()]) -> Response[Any]:
    """For a run that hangs: it is ended, or queued again, whatever it does. A move that no run makes is 409."""
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


def _shown(envelope: BaseModel, selection: Selection) -> Response[Any]:
    if not selection.preview:
        bootstrap.nudge_relay()
    return reply(envelope)


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
