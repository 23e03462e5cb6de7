"""Every event that the outbox publishes: its topic, when it is told, and what its payload says.

`docs/api/asyncapi.yaml` is made from this. The events themselves are made in the transactions of what they tell, most of them
by functions of the database (`migrations/functions/`); the tests hold each stored event against its entry here. Within a topic
fields are added and none is removed or given another meaning.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field


class Payload(BaseModel):
    """What every payload has."""

    model_config = ConfigDict(extra="forbid")

    tenant_id: str = Field(
        description="Whose it is; `platform` for what belongs to no tenant.", examples=["acme"]
    )


class _OfRun(Payload):
    run_id: UUID = Field(description="The run.")
    scenario_id: UUID = Field(description="The scenario that it computes.")


class RunError(BaseModel):
    """Why a run did not succeed, as `GET …/runs/{run_id}` shows it."""

    model_config = ConfigDict(extra="allow")

    code: str = Field(description="What kind of failure it is, for programs.", examples=["model_input"])
    message: str = Field(description="The same for people.")


class RunRequested(_OfRun):
    """A ticket for the run that is next. Sextant's own workers take it; it says no more than where to look."""


class RunCompleted(_OfRun):
    """A run succeeded, and its outputs can be read."""

    state: Literal["SUCCEEDED"] = Field(description="Where it ended.")
    version_hash: str = Field(
        description="SHA-256 of all that decides the result: equal hashes are equal results."
    )
    snapshot_id: str = Field(
        description="The snapshot of the Iceberg table that first has its rows; an integer of 64 bits as text."
    )
    rows: int = Field(ge=0, description="How many rows its result has.")


class RunFailed(_OfRun):
    """A run ended without a result."""

    state: Literal["FAILED", "TIMEOUT"] = Field(description="Where it ended.")
    error: RunError | None = Field(description="Why.")


class RunCancelled(_OfRun):
    """A run was cancelled before it had a result."""

    state: Literal["CANCELLED"] = Field(description="Where it ended.")
    error: RunError | None = Field(description="Why, where a reason is known.")


class RunPoisoned(_OfRun):
    """A run failed by itself at each attempt; told beside `run.failed`, for operators."""

    error: RunError = Field(description="Why.")


class Problem(BaseModel):
    """The members of the problem document that the request would have been answered with."""

    code: str = Field(examples=["scenario_not_found"])
    status: int = Field(ge=400, le=599)
    title: str
    detail: str
    errors: list[dict[str, Any]] = Field(description="Of a broken rule: path, rule and message of each.")


class RunRefused(Payload):
    """A run that was accepted while the database was down could not be carried out."""

    receipt_id: UUID = Field(description="The receipt that the request was answered with.")
    scenario_id: UUID = Field(description="The scenario that was to be computed.")
    idempotency_key: str | None = Field(description="The key that the request came with.")
    error: Problem = Field(description="Why.")


class OutputsInvalidated(Payload):
    """What was read of the tenant's outputs before may be stale: drop what you cached of them."""

    output_version: int = Field(ge=1, description="Rises with every change of the tenant's outputs.")
    snapshot_id: str | None = Field(
        None, description="Where runs were added: the table's snapshot that has them."
    )
    scenario_ids: list[UUID] | None = Field(None, description="Where runs were added: their scenarios.")
    reason: str | None = Field(None, description="Where something else changed: what.")


class IncidentChanged(Payload):
    """An incident opened, came back, grew worse, or was counted into."""

    incident_id: UUID = Field(description="The incident.")
    event_id: UUID | None = Field(None, description="The event that changed it; none where a person did.")
    change: Literal["OPENED", "REOPENED", "ESCALATED", "COUNTED"] = Field(description="What happened to it.")


class ActionRequested(Payload):
    """An action is to be performed now. Sextant's own operations function takes it."""

    action_id: UUID = Field(description="The action.")


class WebhookDue(Payload):
    """Deliveries of webhooks may be due. Sextant's own deliverer takes it, and asks the database which."""


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic: the payload of its events, and from what their dedupe keys are made."""

    name: str
    payload: type[Payload]
    dedupe_keys: tuple[str, ...]
    """Forms of the key; a second event of the same key is never stored."""
    internal: bool = False
    """Whether it asks Sextant's own functions for something: a consumer outside may watch it and must not take it away."""
    correlated: bool = True
    """Whether its events carry `correlation-id`."""


TOPICS = (
    Topic(
        "run.requested",
        RunRequested,
        (
            "run:{run_id}:{fencing_token}",
            "run:{run_id}:{fencing_token}:{seconds}",
            "run:{run_id}:after:{freed_run_id}:{fencing_token}",
            "run:{run_id}:woken:{cause}",
        ),
        internal=True,
    ),
    Topic("run.completed", RunCompleted, ("run:{run_id}:ended",)),
    Topic("run.failed", RunFailed, ("run:{run_id}:ended",)),
    Topic("run.cancelled", RunCancelled, ("run:{run_id}:ended",)),
    Topic("run.poisoned", RunPoisoned, ("run:{run_id}:poisoned",)),
    Topic("run.refused", RunRefused, ("receipt:{receipt_id}:refused",)),
    Topic(
        "outputs.invalidated",
        OutputsInvalidated,
        ("outputs:{batch_id}:{tenant_id}", "outputs:{tenant_id}:{output_version}"),
        correlated=False,
    ),
    Topic(
        "incident.changed",
        IncidentChanged,
        ("incident:{incident_id}:{event_id}", "incident:{incident_id}:cycle:{cycle}"),
    ),
    Topic("action.requested", ActionRequested, ("action:{action_id}:{postponed}",), internal=True),
    Topic("webhook.due", WebhookDue, ("webhook:{transaction_id}",), internal=True, correlated=False),
)
