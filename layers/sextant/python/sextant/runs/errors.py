"""What refuses a request about runs."""

from __future__ import annotations

from typing import ClassVar

from sextant.errors import ConflictError, NotFoundError, ValidationError


class RunNotFoundError(NotFoundError):
    """There is no such run."""

    code, title = "run_not_found", "Run not found"


class CancellationNotFoundError(NotFoundError):
    """There is no such cancellation, or it ended more than a month ago."""

    code, title = "cancellation_not_found", "Cancellation not found"


class IdempotencyKeyReusedError(ValidationError):
    """The idempotency key was used for another request."""

    code, title = "idempotency_key_reused", "Idempotency key reused"
    members: ClassVar = {"run_id": "What the key was used for."}
    remedy = (
        "Take a new key for another request. To get the first answer again, send the first request as it was."
    )


class ScenarioArchivedError(ConflictError):
    """The scenario is archived; make it active again to run it."""

    code, title = "scenario_archived", "Scenario archived"
    remedy = 'Make the scenario active (PATCH with {"status": "ACTIVE"}), then run it.'


class RunNotAdmittedError(ConflictError):
    """No run may start just now: a kill switch is active."""

    code, title = "kill_switch_active", "Kill switch active"
    members: ClassVar = {
        "scope": "What is stopped: GLOBAL, TENANT, WORKFLOW or VENDOR.",
        "target": "Of a scope that is not GLOBAL: which.",
        "reason": "Why it is stopped.",
        "switch_id": "The kill switch, where it is one.",
    }
    remedy = (
        "Wait until the switch is lifted: reason, scope and switch_id say which it is. GET "
        "/v1/kill-switches lists those that hold."
    )


class RunEndedError(ConflictError):
    """The run has ended already."""

    code, title = "run_already_ended", "Run already ended"
    members: ClassVar = {"state": "Where it stands."}
    remedy = "Nothing is left to do: state says how it ended. Ask for a new run where you need one."


class RunPublishingError(ConflictError):
    """The run's results are being published at this moment; it can no longer be cancelled."""

    code, title = "run_publishing", "Run is being published"
    remedy = "Wait a few seconds: the run ends as SUCCEEDED."


class IllegalStateError(ConflictError):
    """A run cannot be moved to this state by hand."""

    code, title = "illegal_state_transition", "Illegal state transition"
    members: ClassVar = {"state": "Where it stands."}
    remedy = (
        "A run that lives can be ended, and a running one sent back to the queue. For one that "
        "has ended ask for a new run."
    )
