"""Runs: trigger, get, list, cancel."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime
from math import ceil
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import ConfigDict

from functions.api.http.envelopes import (
    AnswerBody,
    Deferred,
    Documented,
    Envelope,
    ListEnvelope,
    WarnedMeta,
    answers,
    reply,
    warned_meta,
)
from functions.api.http.etag import IfNoneMatch, etag
from functions.api.http.headers import ETAG, LOCATION, MAY_RETRY
from functions.api.http.idempotency import Key, once
from functions.api.http.listing import listing, small_listing
from functions.api.http.parameters import (
    CreatedAfter,
    CreatedBefore,
    Cursor,
    Limit,
    States,
    check_span,
    check_tenant,
    one_key,
    several,
)
from functions.api.http.routing import Router, needs
from sextant import bootstrap
from sextant.canonical import decode
from sextant.config import CODE_VERSION
from sextant.drivers.parameters import Scalar
from sextant.identity import Caller
from sextant.ids import RunId, ScenarioId, new_id
from sextant.paging import DEFAULT_LIMIT, MAX_LIMIT
from sextant.runs import service
from sextant.runs.fit import run_warnings
from sextant.runs.model import STATES, Attempt, Run, RunFilter
from sextant.runs.options import RunOptions
from sextant.settings import service as settings
from sextant.settings.model import DEFAULTS, LONG_POLL
from sextant.storage.errors import DatabaseUnavailable

LONGEST_WAIT = 25
Wait = Annotated[
    int,
    Query(
        ge=0,
        le=LONGEST_WAIT,
        description="Seconds to wait for a change since If-None-Match, without it for the run's end",
    ),
]
# The rate limit of requests that wait. Each holds a function all the while, and those are everybody's.
WAITS = "waits"
POLL_SECONDS = 0.25


class RunMeta(WarnedMeta):
    existing: bool
    """Whether an equal run, or the run of the same idempotency key, was there before."""


class RunErrorBody(Deferred):
    """Why a run, or an attempt at it, did not succeed."""

    model_config = ConfigDict(extra="allow", defer_build=True)

    code: str
    """What went wrong, to branch on: `model_input`, `run_timeout`, `worker_lost`, `part_failed`, `set_by_hand` …"""
    message: str
    """The same in words."""
    poison: bool = False
    """Whether trying again would fail again."""


Points = dict[str, list[Scalar]]
AskedParameters = Annotated[dict[str, Any], Documented(dict[str, Scalar | Points])]


class RunBody(
    AnswerBody,
    shows=Run,
    hides=(
        "tenant_id",
        "idempotency_key",
        "request_hash",
        "fencing_token",
        "lease_until",
        "correlation_id",
        "updated_at",
    ),
):
    parameters: AskedParameters
    error: Annotated[dict[str, Any] | None, Documented(RunErrorBody | None)]

    @classmethod
    def of(cls, thing: Any, **values: Any) -> Self:
        return super().of(thing, parameters=decode(thing.parameters), **values)


class WaitsForBody(AnswerBody):
    """For what a queued run waits."""

    kind: Literal["TENANT", "SWITCH", "WORKFLOW", "RETRY", "LIMIT", "TURN"]
    """The tenant is not active, a kill switch, a paused workflow, the time of its next attempt, the tenant's limit; or only
    that it is taken."""
    reason: str
    """The same in words."""
    place: int
    """Its place in the tenant's line, counted to 10,000."""
    scope: str | None = None
    """Of a kill switch: what it stops."""
    target: str | None = None
    """Of a kill switch or a workflow: which."""
    switch_id: UUID | None = None
    """The kill switch."""
    until: datetime | None = None
    """Of a retry: when it may begin."""
    max_running: int | None = None
    """Of a limit: how many runs may be in work."""
    in_work: int | None = None
    """Of a limit: how many are."""


class LiveRunBody(RunBody):
    waits_for: WaitsForBody | None
    """Null where the run is not queued."""

    @classmethod
    def of(cls, thing: Any, **values: Any) -> Self:
        waits_for = WaitsForBody(**thing.waits_for) if thing.waits_for else None
        return super().of(thing, waits_for=waits_for, **values)


class AttemptBody(AnswerBody, shows=Attempt, hides=("tenant_id", "run_id", "fencing_token")):
    error: Annotated[dict[str, Any] | None, Documented(RunErrorBody | None)]


class JournaledBody(AnswerBody):
    """Of a request that was accepted while the database is away."""

    accepted: Literal["journaled"]
    """How it was accepted."""
    receipt_id: UUID
    """`GET /v1/scenarios/{scenario_id}/receipts/{receipt_id}` says what became of the request."""
    scenario_id: UUID
    idempotency_key: str | None
    """Sent again with the same key, the request is answered with its run as soon as the database is back."""
    accepted_at: datetime
    """When."""


class RunEnvelope(Envelope[RunBody]): ...


class LiveRunEnvelope(Envelope[LiveRunBody]): ...


class RequestedRunEnvelope(Envelope[RunBody]):
    meta: RunMeta


class RunList(ListEnvelope[LiveRunBody]): ...


class AttemptList(ListEnvelope[AttemptBody]): ...


class JournaledEnvelope(Envelope[JournaledBody]): ...


router = Router("Runs")

OK = answers("The run", RunEnvelope, ETAG)
LIVE = answers("The run, and for what it waits", LiveRunEnvelope, ETAG, MAY_RETRY)
_REQUESTED = answers("The run; 200 where an equal one was there before", RequestedRunEnvelope, LOCATION)
_ACCEPTED = answers(
    "The run; or, while the database is away and where `config/journal` allows it, a receipt",
    RequestedRunEnvelope | JournaledEnvelope,
    LOCATION,
    MAY_RETRY,
)
_LIST = answers("Runs, newest first", RunList)


@router.post(
    "/v1/scenarios/<scenario_id>/run", summary="Run a scenario", responses={202: _ACCEPTED, 200: _REQUESTED}
)
@needs("runs:create", counts_itself=True)
def request_run(
    scenario_id: UUID,
    options: Annotated[RunOptions | None, Body()] = None,
    idempotency_key: Key = None,
) -> Response[Any]:
    """202: the run is stored, and will be executed or visibly fail. A request equal to a run that lives or succeeded is 200 with that
    run. With `sweep` one run computes every combination of the values.
    """
    caller = router.caller
    options = options or RunOptions()
    key = one_key(idempotency_key, options.idempotency_key)
    options = options.model_copy(update={"idempotency_key": key})
    check_tenant(options.tenant_id, caller)
    scenario, new = ScenarioId(scenario_id), RunId(new_id())

    def request() -> Response[Any]:
        with router.session() as session:
            admission, run = service.request_admitted(
                session, scenario, options, CODE_VERSION, caller, router.rate_limits, new
            )
        router.state.admission = admission
        created = run.outcome == "CREATED"
        if created:
            bootstrap.nudge_relay()
        body = RequestedRunEnvelope.model_construct(
            data=RunBody.of(run),
            meta=RunMeta.model_construct(
                **vars(warned_meta(caller, run_warnings(run.context))), existing=not created
            ),
        )
        location = {"Location": f"/v1/scenarios/{scenario_id}/runs/{run.id}"}
        return reply(body, 200 if run.outcome == "EXISTING" else 202, location)

    def request_or_journal() -> Response[Any]:
        try:
            return request()
        except DatabaseUnavailable as unavailable:
            # Loaded when it is needed: no cold start pays for it.
            from functions.api import journaling

            return journaling.accept(router, new, scenario, options, unavailable)

    return once(router, key, request_or_journal, anew=request)


@router.get("/v1/scenarios/<scenario_id>/runs", summary="List the runs of a scenario", responses={200: _LIST})
@needs("scenarios:read")
def list_scenario_runs(
    scenario_id: UUID,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
    state: States = None,
    created_after: CreatedAfter = None,
    created_before: CreatedBefore = None,
    parent: Annotated[UUID | None, Query(description="List the parts of this run instead")] = None,
) -> Response[Any]:
    """Newest first; everything given narrows. Parts of split runs are left out unless `parent` names theirs."""
    check_span(created_after, created_before)
    where = RunFilter(
        several("state", state, STATES),
        created_after,
        created_before,
        None if parent is None else RunId(parent),
    )
    scope = f"runs {scenario_id} {where}"
    return listing(router, RunList, scope, limit, cursor, service.list_runs, ScenarioId(scenario_id), where)


@router.get(
    "/v1/scenarios/<scenario_id>/runs/<run_id>",
    summary="Get a run, or wait for it to change",
    responses={200: LIVE},
)
@needs("scenarios:read")
def get_scenario_run(
    scenario_id: UUID,
    run_id: UUID,
    wait: Wait = 0,
    if_none_match: IfNoneMatch = None,
) -> Response[Any]:
    """As `GET /v1/runs/{run_id}`, of this scenario alone."""

    def look() -> Run:
        with router.session() as session:
            return service.get(session, ScenarioId(scenario_id), RunId(run_id))

    return watched(router, look, wait, if_none_match)


@router.get(
    "/v1/scenarios/<scenario_id>/runs/<run_id>/attempts",
    summary="List the attempts at a run",
    responses={200: answers("Attempts, first to last", AttemptList)},
)
@needs("scenarios:read")
def list_attempts(
    scenario_id: UUID, run_id: UUID, limit: Limit = MAX_LIMIT, cursor: Cursor = None
) -> Response[Any]:
    """First to last: which worker made it, and how it ended."""
    with router.session() as session:
        attempts = service.attempts(session, ScenarioId(scenario_id), RunId(run_id))
    scope = f"attempts {run_id}"
    return small_listing(router, AttemptList, scope, limit, cursor, attempts, lambda one: (one.attempt,))


@router.post("/v1/scenarios/runs/<run_id>/cancel", summary="Cancel a run", responses={200: OK})
@needs("runs:cancel")
def cancel_any_run(run_id: UUID) -> Response[Any]:
    """The same as `POST /v1/runs/{run_id}/cancel`."""
    return cancelled(router, run_id)


@router.post(
    "/v1/scenarios/<scenario_id>/runs/<run_id>/cancel",
    summary="Cancel a run of the scenario",
    responses={200: OK},
)
@needs("runs:cancel")
def cancel_scenario_run(scenario_id: UUID, run_id: UUID) -> Response[Any]:
    """As `POST /v1/runs/{run_id}/cancel`, of this scenario alone."""
    return cancelled(router, run_id, scenario_id)


def cancelled(router: Router, run_id: UUID, scenario_id: UUID | None = None) -> Response[Any]:
    """The run, cancelled, where it is one of the scenario if one is given."""
    caller = router.caller
    with router.session() as session:
        if scenario_id is not None:
            service.get(session, ScenarioId(scenario_id), RunId(run_id))
        run = service.cancel(session, RunId(run_id), caller)
    bootstrap.nudge_relay()
    return run_answer(run, caller)


def watched(router: Router, look: Callable[[], Run], wait: int, if_none_match: str | None) -> Response[Any]:
    """The run that `look` reads, once it differs from what the caller has or has ended, within `wait` seconds."""
    caller = router.caller
    run, headers = look(), {}
    if wait and not _is_told(run, if_none_match):
        wait = longest_wait(caller, wait)
        with router.session() as session:
            waiting = settings.admit(session, [WAITS])
        if waiting.admitted:
            run = _awaited(router, look, if_none_match, wait)
        else:
            headers["Retry-After"] = str(ceil(waiting.retry_after or 1))
    if if_none_match is not None and _etag(run) in if_none_match:
        return Response(status_code=304, body="", headers={"ETag": _etag(run), **headers})
    with router.session() as session:
        live = service.live(session, run)
    return reply(LiveRunEnvelope.of(live, caller), headers={"ETag": _etag(run), **headers})


def longest_wait(caller: Caller, wait: int) -> int:
    """The seconds that a request of the caller may wait of the `wait` that it asks for."""
    remembered = bootstrap.remembered_settings().of(caller.tenant)
    longest: int = remembered.config("long-poll", "seconds", DEFAULTS[LONG_POLL]["seconds"])
    return min(wait, longest)


def run_answer(run: Run, caller: Caller) -> Response[Any]:
    return reply(RunEnvelope.of(run, caller), headers={"ETag": _etag(run)})


def _etag(run: Run) -> str:
    """Changes with the run's state, attempt and progress."""
    return etag(run.id, run.state, run.attempt, run.progress_percent)


def _is_told(run: Run, seen: str | None) -> bool:
    """Whether there is nothing to wait for: the run has ended, or differs from what the caller has `seen`."""
    return run.completed_at is not None or (seen is not None and _etag(run) not in seen)


def _awaited(router: Router, look: Callable[[], Run], seen: str | None, wait: float) -> Run:
    """The run once it differs from what the caller has `seen`, or has ended; as it is after `wait` seconds otherwise.

    API Gateway's HTTP APIs hand an answer on only when it is whole, so events cannot be streamed through
    them; what works is a request that waits for the next change. It looks anew instead of listening, since
    LISTEN would pin a proxied session.
    """
    until = time.monotonic() + wait
    while True:
        run = look()
        if _is_told(run, seen) or time.monotonic() + POLL_SECONDS > until:
            return run
        router.pause(POLL_SECONDS)
