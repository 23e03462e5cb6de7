"""What a client sees of runs and the attempts at them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from functions.api.http.envelopes import Body, Meta, PageMeta
from sextant.canonical import decode
from sextant.runs.model import Attempt, Run


class RunMeta(Meta):
    existing: bool
    """Whether an equal run, or the run of the same idempotency key, was there before."""


class RunBody(Body):
    id: UUID
    scenario_id: UUID
    scenario_version: int
    state: str
    priority: str
    progress_percent: int
    attempt: int
    version_hash: str
    parameters: dict[str, Any]
    code_version: str
    environment: str
    seed: int
    timeout_minutes: int
    max_retries: int
    created_at: datetime
    created_by: str
    started_at: datetime | None
    completed_at: datetime | None
    error: dict[str, Any] | None
    output_rows: int | None
    output_bytes: int | None
    gb_seconds: float
    parts: int | None
    parent_run_id: UUID | None
    part: dict[str, Any] | None

    @classmethod
    def of(cls, run: Run) -> RunBody:
        return cls.model_construct(
            parameters=decode(run.parameters),
            **{name: getattr(run, name) for name in cls.model_fields if name != "parameters"},
        )


class AttemptBody(Body):
    attempt: int
    worker: str
    outcome: str | None
    error: dict[str, Any] | None
    started_at: datetime
    ended_at: datetime | None

    @classmethod
    def of(cls, attempt: Attempt) -> AttemptBody:
        return cls.model_construct(**{name: getattr(attempt, name) for name in cls.model_fields})


class RunEnvelope(Body):
    data: RunBody
    meta: Meta


class RequestedRunEnvelope(Body):
    data: RunBody
    meta: RunMeta


class RunList(Body):
    data: list[RunBody]
    meta: PageMeta


class AttemptList(Body):
    data: list[AttemptBody]
    meta: Meta
