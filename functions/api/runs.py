"""Runs: trigger, get, list, cancel."""

from __future__ import annotations

import time
from collections.abc import Callable
from math import ceil
from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Header, Path, Query
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from functions.api.http import cursors
from functions.api.http.app import Api, InvalidParameterError, answers, counts_itself, needs, reply
from functions.api.http.envelopes import meta, page_meta
from functions.api.http.idempotency import Key, once
from functions.api.http.parameters import Limit, Moment, check_span, check_tenant
from functions.api.receipt_schemas import JournaledEnvelope
from functions.api.run_schemas import (
    AttemptBody,
    AttemptList,
    RequestedRunEnvelope,
    RunBody,
    RunEnvelope,
    RunList,
    RunMeta,
)
from sextant import bootstrap
from sextant.config import CODE_VERSION
from sextant.errors import FieldError
from sextant.identity import Caller
from sextant.ids import RunId, ScenarioId, new_id
from sextant.paging import DEFAULT_LIMIT
from sextant.runs import service
from sextant.runs.model import STATES, Run, RunFilter, RunOptions, State
from sextant.settings import service as settings
from sextant.storage.errors import DatabaseUnavailable

LONGEST_WAIT = 25
# The rate limit of requests that wait. Each holds a function all the while, and those are everybody's.
WAITS = "waits"
POLL_SECONDS = 0.25


def states_of(text: str | None) -> tuple[State, ...] | None:
    """The states in `QUEUED,running`; raises `InvalidParameterError` for one that does not exist."""
    if text is None:
        return None
    names = [name.strip().upper() for name in text.split(",")]
    if unknown := [name for name in names if name not in STATES]:
        raise InvalidParameterError(
            f"state must be of {', '.join(STATES)}, not {unknown[0]!r}.",
            errors=[FieldError("state", "enum", f"must be of {', '.join(STATES)}")],
        )
    return tuple(state for state in STATES if state in names)


def with_key(options: RunOptions, header: str | None) -> RunOptions:
    """`options` with the key of the `Idempotency-Key` header, which must not contradict the body's."""
    if header is None:
        return options
    if options.idempotency_key not in (None, header):
        raise InvalidParameterError(
            "The Idempotency-Key header and idempotency_key in the body differ.",
            errors=[FieldError("Idempotency-Key", "equal", "must equal idempotency_key in the body")],
        )
    return options.model_copy(update={"idempotency_key": header})


def run_answer(run: Run, caller: Caller) -> Response[Any]:
    return reply(
        RunEnvelope.model_construct(data=RunBody.of(run), meta=meta(caller)), headers={"ETag": etag(run)}
    )


def etag(run: Run) -> str:
    """Changes with the run's state, attempt and progress."""
    return f'"{run.id}.{run.state}.{run.attempt}.{run.progress_percent}"'


def changed(look: Callable[[], Run], seen: str | None, wait: float) -> Run | None:
    """The run once it differs from what the caller has `seen`; None where it does not within `wait` seconds.

    API Gateway's HTTP APIs hand an answer on only when it is whole, so events cannot be streamed through
    them; what works is a request that waits for the next change. It looks anew instead of listening, since
    LISTEN would pin a proxied session.
    """
    until = time.monotonic() + wait
    while True:
        run = look()
        if seen is None or etag(run) not in seen:
            return run
        if time.monotonic() + POLL_SECONDS > until:
            return None
        time.sleep(POLL_SECONDS)


def or_journal(
    work: Callable[[], Response[Any]], api: Api, run: RunId, scenario: ScenarioId, options: RunOptions
) -> Callable[[], Response[Any]]:
    """`work`, and where it finds no database, the journal."""

    def attempt() -> Response[Any]:
        try:
            return work()
        except DatabaseUnavailable as unavailable:
            # Loaded when it is needed: no cold start pays for it.
            from functions.api import journaling

            return journaling.accept(api, run, scenario, options, unavailable)

    return attempt


def register(api: Api) -> None:
    @api.post(
        "/v1/scenarios/<scenario_id>/run",
        summary="Run a scenario",
        tags=["Runs"],
        responses={202: _ACCEPTED, 200: _REQUESTED},
    )
    @needs("runs:create")
    @counts_itself
    def request_run(
        scenario_id: Annotated[UUID, Path()],
        options: Annotated[RunOptions | None, Body()] = None,
        idempotency_key: Key = None,
    ) -> Response[Any]:
        caller = api.caller
        options = with_key(options or RunOptions(), idempotency_key)
        check_tenant(options.tenant_id, caller)
        new = RunId(new_id())

        def request() -> Response[Any]:
            with bootstrap.database().autocommit(caller.tenant) as session:
                admission, run = service.request_admitted(
                    session, ScenarioId(scenario_id), options, CODE_VERSION, caller, api.rules, new
                )
            api.admitted(admission)
            created = run.outcome == "CREATED"
            if created:
                bootstrap.nudge_relay()
            body = RequestedRunEnvelope.model_construct(
                data=RunBody.of(run),
                meta=RunMeta.model_construct(request_id=caller.request_id, existing=not created),
            )
            location = {"Location": f"/v1/scenarios/{scenario_id}/runs/{run.id}"}
            return reply(body, 200 if run.outcome == "EXISTING" else 202, location)

        attempt = or_journal(request, api, new, ScenarioId(scenario_id), options)
        return once(api, options.idempotency_key, attempt, anew=request)

    @api.get(
        "/v1/scenarios/<scenario_id>/runs",
        summary="List the runs of a scenario",
        tags=["Runs"],
        responses={200: _LIST},
    )
    @needs("scenarios:read")
    def list_runs(
        scenario_id: Annotated[UUID, Path()],
        limit: Limit = DEFAULT_LIMIT,
        cursor: str | None = None,
        state: Annotated[str | None, Query(description="One state, or several with commas")] = None,
        created_after: Moment | None = None,
        created_before: Moment | None = None,
        parent: Annotated[UUID | None, Query(description="List the parts of this run instead")] = None,
    ) -> Response[Any]:
        caller = api.caller
        check_span(created_after, created_before)
        where = RunFilter(
            states_of(state), created_after, created_before, None if parent is None else RunId(parent)
        )
        scope = f"runs {scenario_id} {where}"
        request = cursors.decode(cursor, limit, scope)
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = service.list_runs(session, ScenarioId(scenario_id), where, request)
        return reply(
            RunList.model_construct(
                data=[RunBody.of(run) for run in found.items], meta=page_meta(caller, found, scope)
            )
        )

    @api.get(
        "/v1/scenarios/<scenario_id>/runs/<run_id>",
        summary="Get a run, or wait for it to change",
        tags=["Runs"],
        responses={200: _OK},
    )
    @needs("scenarios:read")
    def get_run(
        scenario_id: Annotated[UUID, Path()],
        run_id: Annotated[UUID, Path()],
        wait: Annotated[
            int, Query(ge=0, le=LONGEST_WAIT, description="Seconds to wait for a change since If-None-Match")
        ] = 0,
        if_none_match: Annotated[str | None, Header(alias="If-None-Match")] = None,
    ) -> Response[Any]:
        caller = api.caller

        def look() -> Run:
            with bootstrap.database().autocommit(caller.tenant) as session:
                return service.get(session, ScenarioId(scenario_id), RunId(run_id))

        found = changed(look, if_none_match, 0)
        if found is None and wait:
            wait = min(
                wait, bootstrap.remembered_settings().of(caller.tenant).config("long-poll", "seconds", 20)
            )
            with bootstrap.database().autocommit(caller.tenant) as session:
                waiting = settings.admit(session, [WAITS])
            if not waiting.admitted:
                retry_after = str(ceil(waiting.retry_after or 1))
                return Response(
                    status_code=304,
                    body="",
                    headers={"ETag": if_none_match or "", "Retry-After": retry_after},
                )
            found = changed(look, if_none_match, wait)
        if found is None:
            return Response(status_code=304, body="", headers={"ETag": if_none_match or ""})
        return run_answer(found, caller)

    @api.get(
        "/v1/scenarios/<scenario_id>/runs/<run_id>/attempts",
        summary="List the attempts at a run",
        tags=["Runs"],
        responses={200: answers("Attempts, first to last", AttemptList)},
    )
    @needs("scenarios:read")
    def list_attempts(scenario_id: Annotated[UUID, Path()], run_id: Annotated[UUID, Path()]) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = service.attempts(session, ScenarioId(scenario_id), RunId(run_id))
        return reply(
            AttemptList.model_construct(
                data=[AttemptBody.of(attempt) for attempt in found], meta=meta(caller)
            )
        )

    @api.post(
        "/v1/scenarios/runs/<run_id>/cancel", summary="Cancel a run", tags=["Runs"], responses={200: _OK}
    )
    @needs("runs:cancel")
    def cancel_run(run_id: Annotated[UUID, Path()]) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = service.cancel(session, RunId(run_id), caller)
        bootstrap.nudge_relay()
        return run_answer(found, caller)


_OK = answers("The run", RunEnvelope)
_REQUESTED = answers("The run; 200 where an equal one was there before", RequestedRunEnvelope)
_ACCEPTED: OpenAPIResponse = {
    "description": "The run; or, while the database is away and where `config/journal` allows it, a receipt",
    "content": {"application/json": {"model": RequestedRunEnvelope | JournaledEnvelope}},
}
_LIST = answers("Runs, newest first", RunList)
