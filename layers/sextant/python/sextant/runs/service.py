"""Requesting, reading, cancelling and replaying runs. No function here commits, and none knows of HTTP."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

from sextant.baselines import service as baselines
from sextant.canonical import decode
from sextant.drivers.parameters import check_inherited
from sextant.errors import FieldError, refuse
from sextant.identity import Caller
from sextant.ids import CancellationId, RunId, ScenarioId, new_id
from sextant.paging import Page, PageRequest, page
from sextant.runs import repository
from sextant.runs.errors import (
    CancellationNotFoundError,
    IdempotencyKeyReusedError,
    IllegalStateError,
    RunEndedError,
    RunNotAdmittedError,
    RunNotFoundError,
    RunPublishingError,
    ScenarioArchivedError,
)
from sextant.runs.fit import run_faults, time_faults
from sextant.runs.model import (
    Attempt,
    Cancellation,
    ListedRun,
    LiveRun,
    Origin,
    RequestedRun,
    Run,
    RunFilter,
    RunLimits,
    RunSelection,
    RunStatistics,
    State,
    TenantRunFilter,
)
from sextant.runs.options import RunOptions
from sextant.scenarios.errors import ScenarioNotFoundError
from sextant.settings.model import Admission
from sextant.settings.service import RateLimitedError
from sextant.storage import Session

_MOST_ERRORS = 100

LIVE: tuple[State, ...] = ("QUEUED", "RUNNING")
MOST_AT_ONCE = 100
"""How many runs one request cancels; the rest is cancelled bit by bit."""
REPLAYABLE: tuple[State, ...] = ("FAILED", "TIMEOUT", "CANCELLED")


@dataclass(frozen=True, slots=True)
class Selected:
    """The runs of a bulk action: how many fit, the oldest of them by id, and how many it changed or passed over.

    `new_run_ids` are the runs that replace them, where it asks for them again. `cancellation_id` is what cancels the rest.
    """

    matching: int
    run_ids: list[RunId]
    changed: int = 0
    skipped: int = 0
    new_run_ids: list[RunId] = field(default_factory=list)
    cancellation_id: CancellationId | None = None


def origin_of(caller: Caller) -> Origin:
    return Origin(caller.subject, caller.correlation_id, caller.traceparent)


def request_admitted(
    session: Session,
    scenario: ScenarioId,
    options: RunOptions,
    code_version: str,
    caller: Caller,
    rules: Sequence[str],
    run: RunId | None = None,
) -> tuple[Admission, RequestedRun]:
    """Ask for a run, counted against the tenant's rate limit; otherwise as `request`.

    A new run gets the id `run`, or one of its own. Raises `RateLimitedError` where the limit is reached.
    """
    _check_with_scenario(session, scenario, {"": options})
    run, origin = run or RunId(new_id()), origin_of(caller)
    admission, requested = repository.request(session, run, scenario, options, code_version, origin, rules)
    if not admission.admitted:
        raise RateLimitedError(admission)
    if requested is not None and requested.outcome == "UNFIT":
        _refuse_unfit(session, {"": requested})
        _, requested = repository.request(
            session, run, scenario, options, code_version, origin, (), checked=True
        )
    if requested is None:
        raise ScenarioNotFoundError
    _refuse_what_cannot_run(session, requested)
    return admission, requested


def request(
    session: Session,
    scenario: ScenarioId,
    options: RunOptions,
    code_version: str,
    caller: Caller,
    run: RunId | None = None,
) -> RequestedRun:
    """Ask for a run: a new one, or the equal one that lives or succeeded, or the one of this idempotency key.

    One statement, so that the run, its message and its audit log are stored together or not at all.
    """
    return request_admitted(session, scenario, options, code_version, caller, (), run)[1]


def request_many(
    session: Session, scenario: ScenarioId, items: Sequence[RunOptions], code_version: str, caller: Caller
) -> list[RequestedRun]:
    """Ask for several runs, all or none; an item equal to one before it, or to a run that is there, gets that run."""
    _check_with_scenario(
        session, scenario, {f"items[{index}].": options for index, options in enumerate(items)}
    )
    runs, origin = [(RunId(new_id()), options) for options in items], origin_of(caller)
    requested = repository.request_many(session, scenario, runs, code_version, origin)
    unfit = {f"items[{i}].": run for i, run in enumerate(requested or ()) if run.outcome == "UNFIT"}
    if unfit:
        _refuse_unfit(session, unfit)
        requested = repository.request_many(session, scenario, runs, code_version, origin, checked=True)
    if requested is None:
        raise ScenarioNotFoundError
    for run in requested:
        _refuse_what_cannot_run(session, run)
    return requested


def _refuse_unfit(session: Session, requested: Mapping[str, RequestedRun]) -> None:
    """Raise where a request, by the path before its paths, names what its baseline does not have, or surely cannot end in time."""
    wrong = [
        FieldError(path + fault.path, fault.rule, fault.message)
        for path, run in requested.items()
        for fault in run_faults(run.context)
    ]
    refuse(wrong[:_MOST_ERRORS])
    late = [
        FieldError(path + fault.path, fault.rule, fault.message)
        for path, run in requested.items()
        for fault in time_faults(run.context, run.timeout_minutes, lambda: limits(session).max_running)
    ]
    refuse(late[:_MOST_ERRORS])


def _check_with_scenario(session: Session, scenario: ScenarioId, requests: Mapping[str, RunOptions]) -> None:
    """Raise where what `requests`, by the path before theirs, say can only fail with what the scenario says.

    Only where a request has parameters that depend on the scenario's is the scenario read.
    """
    unknown = [f"{path}{name}" for path, options in requests.items() for name in options.unknown_parameters()]
    dependent = {path: options for path, options in requests.items() if options.depends_on_scenario()}
    if not unknown and not dependent:
        return
    from sextant.scenarios import service as scenarios  # most requests need no scenario

    stored = decode(scenarios.get(session, scenario).parameters)
    wrong = [FieldError(path, "unknown_parameter", why) for path, why in check_inherited(unknown, stored)]
    if not wrong:
        wrong = [
            FieldError(path + field, rule, why)
            for path, options in dependent.items()
            for field, rule, why in options.contradictions(stored)
        ]
    refuse(wrong[:_MOST_ERRORS])


def _refuse_what_cannot_run(session: Session, requested: RequestedRun) -> None:
    if requested.outcome == "KEY_REUSED":
        raise IdempotencyKeyReusedError(extra={"run_id": str(requested.id)})
    if requested.outcome == "BASELINE_NOT_FOUND":
        raise baselines.no_such_baseline(session, requested.context["parameters"]["baseline"])
    if requested.outcome == "SCENARIO_ARCHIVED":
        raise ScenarioArchivedError
    if requested.outcome == "NOT_ADMITTED":
        raise not_admitted(requested.error)


def not_admitted(why: Mapping[str, Any] | None) -> RunNotAdmittedError:
    """The error that says which switch stopped a run from starting, and the reason it was set for."""
    why = why or {}
    return RunNotAdmittedError(f"No run may start: {why.get('reason', 'no reason was given')}", extra=why)


def attempts(session: Session, scenario: ScenarioId, run: RunId) -> list[Attempt]:
    """The attempts at a run, first to last."""
    return repository.attempts(session, get(session, scenario, run).id)


def set_state(session: Session, run_id: RunId, state: State, reason: str, caller: Caller) -> Run:
    """Move a run by hand, as far as no worker can contradict it."""
    outcome, run = repository.set_state(session, run_id, state, reason, caller.subject)
    if run is None:
        raise RunNotFoundError
    if outcome == "ILLEGAL":
        raise IllegalStateError(
            f"A run that is {run.state} cannot be made {state} by hand.", extra={"state": run.state}
        )
    if outcome == "PUBLISHING":
        raise RunPublishingError
    return run


def select(session: Session, where: RunSelection, may: Sequence[State], limit: int) -> Selected:
    """What a bulk action over `where` would meet; only runs in one of the states that it `may` change."""
    states = [state for state in may if where.states is None or state in where.states]
    if not states:
        return Selected(0, [])
    return Selected(*repository.matching(session, where, states, limit))


def cancel_selected(session: Session, where: RunSelection, limit: int | None, caller: Caller) -> Selected:
    """Cancel the oldest `limit` of the live runs that fit; without a limit all, what is beyond `MOST_AT_ONCE` bit by bit."""
    selected = select(session, where, LIVE, limit or MOST_AT_ONCE)
    changed = repository.cancel_many(session, selected.run_ids, caller.subject)
    cancelled = replace(selected, changed=changed, skipped=len(selected.run_ids) - changed)
    if limit is not None or selected.matching <= len(selected.run_ids):
        return cancelled
    states = [state for state in LIVE if where.states is None or state in where.states]
    going_on = repository.begin_cancellation(
        session, where, states, selected.matching, changed, caller.subject
    )
    return replace(cancelled, cancellation_id=going_on.id)


def cancellation(session: Session, cancellation_id: CancellationId) -> Cancellation:
    """How far a cancellation is that goes on by itself; raises `CancellationNotFoundError`."""
    known = repository.find_cancellation(session, cancellation_id)
    if known is None:
        raise CancellationNotFoundError
    return known


def list_cancellations(
    session: Session, scenario: ScenarioId | None, request: PageRequest
) -> Page[Cancellation]:
    """The cancellations that go on, or ended within a month, newest first."""
    rows = repository.list_cancellations(session, scenario, request)
    return page(rows, request, lambda cancellation: cancellation.id)


def replay_selected(session: Session, where: RunSelection, limit: int, caller: Caller) -> Selected:
    """Ask again for the oldest `limit` of the runs that fit and ended without a result.

    Raises `RunNotAdmittedError` while a kill switch or a paused workflow forbids runs.
    """
    selected = select(session, where, REPLAYABLE, limit)
    new, skipped, refusal = repository.replay(session, selected.run_ids, origin_of(caller))
    if refusal is not None:
        raise not_admitted(refusal)
    return replace(selected, changed=len(new), skipped=skipped, new_run_ids=new)


def find(session: Session, scenario: ScenarioId, run_id: RunId) -> Run | None:
    """The run, or None where the scenario has no such run."""
    return repository.get(session, scenario, run_id)


def find_anywhere(session: Session, run_id: RunId) -> Run | None:
    """The run of whichever scenario of the tenant, or None where it has no such run."""
    return repository.find(session, run_id)


def get(session: Session, scenario: ScenarioId, run_id: RunId) -> Run:
    """The run; raises `RunNotFoundError`."""
    run = find(session, scenario, run_id)
    if run is None:
        raise RunNotFoundError
    return run


def get_anywhere(session: Session, run_id: RunId) -> Run:
    """The run of whichever scenario of the tenant; raises `RunNotFoundError`."""
    run = find_anywhere(session, run_id)
    if run is None:
        raise RunNotFoundError
    return run


def live(session: Session, run: Run) -> LiveRun:
    """The run with what it waits for, where it is queued."""
    waits_for = repository.waits_for(session, run.id) if run.state == "QUEUED" else None
    return LiveRun(**{column.name: getattr(run, column.name) for column in fields(Run)}, waits_for=waits_for)


def list_runs(
    session: Session, scenario: ScenarioId, where: RunFilter, request: PageRequest
) -> Page[LiveRun]:
    """A scenario's runs, newest first; raises `ScenarioNotFoundError` where the tenant has no such scenario."""
    runs = repository.list_page(session, scenario, where, request)
    if not runs:
        from sextant.scenarios import service as scenarios

        scenarios.get(session, scenario)
    return page(runs, request, lambda run: run.id)


def list_of_tenant(session: Session, where: TenantRunFilter, request: PageRequest) -> Page[ListedRun]:
    """The runs of all of the tenant's scenarios, newest first."""
    return page(repository.list_of_tenant(session, where, request), request, lambda run: run.id)


def try_cancel(session: Session, run_id: RunId, actor: str) -> tuple[str, Run | None]:
    """Cancel a run if it can be: CANCELLED, ENDED, PUBLISHING or NOT_FOUND, and the run as it stands."""
    return repository.cancel(session, run_id, actor)


def cancel(session: Session, run_id: RunId, caller: Caller) -> Run:
    """Cancel a run that has not ended; cancelling twice is the same as once."""
    outcome, run = try_cancel(session, run_id, caller.subject)
    if run is None:
        raise RunNotFoundError
    if outcome == "ENDED":
        raise RunEndedError(f"The run has ended already: it is {run.state}.", extra={"state": run.state})
    if outcome == "PUBLISHING":
        raise RunPublishingError
    return run


def statistics(session: Session) -> list[RunStatistics]:
    """How many runs are in each state, of the session's tenant or, on the platform, of all."""
    return repository.statistics(session)


def limits(session: Session) -> RunLimits:
    """How many runs of the session's tenant may be in work, are, and wait."""
    return repository.limits(session)
