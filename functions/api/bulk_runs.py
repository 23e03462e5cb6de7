"""Many runs at once, and runs moved by hand."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import BaseModel, Field, model_validator

from functions.api.http.envelopes import AnswerBody, Envelope, Flag, ListEnvelope, RequestBody, answers, reply
from functions.api.http.idempotency import Key, once
from functions.api.http.listing import listing
from functions.api.http.parameters import Cursor, Limit, check_span, check_tenant
from functions.api.http.reasons import SettingReason
from functions.api.http.routing import Router, needs
from functions.api.runs import OK, RunBody, run_answer
from sextant import bootstrap
from sextant.config import CODE_VERSION
from sextant.drivers.fields import UPPER, broken
from sextant.identity import Caller
from sextant.ids import CancellationId, RunId, ScenarioId
from sextant.paging import DEFAULT_LIMIT
from sextant.runs import service
from sextant.runs.model import Cancellation, RequestedRun, RunSelection, State
from sextant.runs.options import RunOptions

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
    limit: Annotated[int, Field(strict=True, ge=1, le=MOST_SELECTED)] | None = None
    """At most so many, the oldest first. Without it a cancellation takes all, a replay 100."""

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


class CancelledSelectionBody(SelectionBody):
    cancellation_id: UUID | None
    """What cancels the runs that are left by and by; null where none is left. GET /v1/cancellations/{id} says how far it is."""


class CancellationBody(AnswerBody, shows=Cancellation, hides=("tenant_id", "actor", "deletion")):
    cause: Literal["FILTER", "DELETION"]
    """Whether a filter asked for it, or the scenario was deleted."""
    requested_by: str
    """Who asked for it."""

    @classmethod
    def of(cls, thing: Any, **values: Any) -> Self:
        cause = "DELETION" if thing.deletion else "FILTER"
        return super().of(thing, cause=cause, requested_by=thing.actor, **values)


class CancellationEnvelope(Envelope[CancellationBody]): ...


class CancellationList(ListEnvelope[CancellationBody]): ...


class ReplayedSelectionBody(SelectionBody):
    new_run_ids: list[UUID]
    """The runs that take the place of those."""


class BulkEnvelope(Envelope[list[BulkItemBody]]): ...


class SelectionEnvelope(Envelope[CancelledSelectionBody]): ...


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
    """Cancels the runs that fit the filter, or with `all` every one that has not ended. With `preview` they are only counted.

    Of many the first go at once, the rest by and by: `cancellation_id` says how far it is.
    """
    caller = _checked(router.caller, selection)
    selected = router.transaction(
        lambda session: (
            service.select(session, selection.filter, service.LIVE, selection.limit or service.MOST_AT_ONCE)
            if selection.preview
            else service.cancel_selected(session, selection.filter, selection.limit, caller)
        ),
    )
    body = CancelledSelectionBody.of(selected, preview=selection.preview)
    return _shown(SelectionEnvelope.around(body, caller), selection)


@router.get(
    "/v1/cancellations",
    summary="List cancellations of many runs",
    responses={200: answers("Cancellations, newest first, for a month after their end", CancellationList)},
)
@needs("scenarios:read")
def list_cancellations(
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    scenario_id: Annotated[UUID | None, Query(description="Of this scenario, a deleted one too")] = None,
) -> Response[Any]:
    """Those of more runs than one request ends: they go on by themselves. Each stays for a month after its end."""
    scenario = None if scenario_id is None else ScenarioId(scenario_id)
    scope = f"cancellations {scenario_id}"
    return listing(router, CancellationList, scope, limit, cursor, service.list_cancellations, scenario)


@router.get(
    "/v1/cancellations/<cancellation_id>",
    summary="Say how far a cancellation is",
    responses={200: answers("The cancellation", CancellationEnvelope)},
)
@needs("scenarios:read")
def get_cancellation(cancellation_id: UUID) -> Response[Any]:
    """How many of its runs are cancelled by now. No worker takes one of the others."""
    with router.session() as session:
        cancellation = service.cancellation(session, CancellationId(cancellation_id))
    return reply(CancellationEnvelope.of(cancellation, router.caller))


@router.post(
    "/v1/scenarios/runs:replay",
    summary="Run again what failed, by filter",
    responses={200: answers("What the filter fits, and the runs that replace it", ReplayedSelectionEnvelope)},
)
@needs("runs:create")
def replay_runs(selection: Annotated[Selection, Body()]) -> Response[Any]:
    """Asks again for the runs that fit and ended without success; each is a new run. With `preview` they are only counted."""
    caller = _checked(router.caller, selection)
    limit = selection.limit or MOST_ITEMS
    selected = router.transaction(
        lambda session: (
            service.select(session, selection.filter, service.REPLAYABLE, limit)
            if selection.preview
            else service.replay_selected(session, selection.filter, limit, caller)
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
