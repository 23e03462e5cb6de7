"""What can be asked of runs. No function here commits, and none knows of HTTP."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sextant.errors import ConflictError, NotFoundError, ValidationError
from sextant.ids import RunId, ScenarioId, new_id
from sextant.paging import Page, PageRequest, page
from sextant.runs import repository
from sextant.runs.model import RequestedRun, Run, RunFilter, RunOptions
from sextant.scenarios.service import ScenarioNotFoundError
from sextant.storage import Session
from sextant.tenancy import Caller


class RunNotFoundError(NotFoundError):
    """There is no such run."""

    code, title = "run_not_found", "Run not found"


class IdempotencyKeyReusedError(ValidationError):
    """The idempotency key was used for another request."""

    code, title = "idempotency_key_reused", "Idempotency key reused"


class ScenarioArchivedError(ConflictError):
    """The scenario is archived; make it active again to run it."""

    code, title = "scenario_archived", "Scenario archived"


class RunNotAdmittedError(ConflictError):
    """No run may start just now: a kill switch is active."""

    code, title = "kill_switch_active", "Kill switch active"


class RunEndedError(ConflictError):
    """The run has ended already."""

    code, title = "run_already_ended", "Run already ended"


class RunPublishingError(ConflictError):
    """The run's results are being published at this moment; it can no longer be cancelled."""

    code, title = "run_publishing", "Run is being published"


def request(
    session: Session, scenario: ScenarioId, options: RunOptions, code_version: str, caller: Caller
) -> RequestedRun:
    """Ask for a run: a new one, or the equal one that lives or succeeded, or the one of this idempotency key.

    One statement, so that the run, its message and its trail are stored together or not at all.
    """
    asked = repository.request(
        session,
        RunId(new_id()),
        scenario,
        options,
        options.code_version or code_version,
        {
            "actor": caller.subject,
            "correlation_id": caller.correlation_id,
            "traceparent": caller.traceparent,
        },
    )
    if asked is None:
        raise ScenarioNotFoundError
    if asked.outcome == "KEY_REUSED":
        raise IdempotencyKeyReusedError(extra={"run_id": str(asked.id)})
    if asked.outcome == "SCENARIO_ARCHIVED":
        raise ScenarioArchivedError
    if asked.outcome == "NOT_ADMITTED":
        raise not_admitted(asked.error)
    return asked


def not_admitted(why: Mapping[str, Any] | None) -> RunNotAdmittedError:
    """The error that says which switch stopped a run from starting, and the reason it was set for."""
    why = why or {}
    return RunNotAdmittedError(f"No run may start: {why.get('reason', 'no reason was given')}", extra=why)


def get(session: Session, scenario: ScenarioId, run: RunId) -> Run:
    found = repository.get(session, scenario, run)
    if found is None:
        raise RunNotFoundError
    return found


def list_runs(session: Session, scenario: ScenarioId, where: RunFilter, request: PageRequest) -> Page[Run]:
    return page(repository.list_page(session, scenario, where, request), request, lambda run: run.id)


def cancel(session: Session, run: RunId, caller: Caller) -> Run:
    """Cancel a run that has not ended; cancelling twice is the same as once."""
    outcome, found = repository.cancel(session, run, caller.subject)
    if found is None:
        raise RunNotFoundError
    if outcome == "ENDED":
        raise RunEndedError(f"The run has ended already: it is {found.state}.", extra={"state": found.state})
    if outcome == "PUBLISHING":
        raise RunPublishingError
    return found
