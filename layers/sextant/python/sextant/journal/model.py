"""A journal entry, the run request that it carries, and the receipt that says what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NewType
from uuid import UUID

import pydantic

from sextant.drivers.rules import fault_of
from sextant.errors import FieldError, ValidationError
from sextant.ids import RunId, ScenarioId, TenantId, tenant_id
from sextant.runs.options import RunOptions

KIND = "run.request"
"""The kind of a journal entry that asks for a run."""
ReceiptId = NewType("ReceiptId", UUID)


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A command that was accepted while the database was away."""

    kind: str
    tenant_id: TenantId
    id: UUID
    payload: Mapping[str, Any]
    accepted_at: datetime
    actor: str
    correlation_id: str = ""
    traceparent: str = ""

    def encode(self) -> str:
        fields = {**asdict(self), "id": str(self.id), "accepted_at": self.accepted_at.isoformat()}
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def decode(cls, text: str) -> JournalEntry:
        """Raises ValueError, KeyError or TypeError for what `encode` did not make."""
        fields = json.loads(text)
        return cls(
            kind=fields["kind"],
            tenant_id=tenant_id(fields["tenant_id"]),
            id=UUID(fields["id"]),
            payload=fields["payload"],
            accepted_at=datetime.fromisoformat(fields["accepted_at"]),
            actor=fields["actor"],
            correlation_id=fields["correlation_id"],
            traceparent=fields["traceparent"],
        )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a journaled request: it has a run, or it was refused for `error`."""

    tenant_id: TenantId
    id: ReceiptId
    scenario_id: ScenarioId
    run_id: RunId | None
    error: dict[str, Any] | None
    """`code`, `status`, `title`, `detail` and `errors` of the problem that the request would have been answered with."""
    accepted_at: datetime
    accepted_by: str
    settled_at: datetime

    @property
    def state(self) -> str:
        return "REFUSED" if self.run_id is None else "CARRIED_OUT"

    @property
    def refused_for_content(self) -> bool:
        """Whether what the request says is wrong, and not what it needs: then only who sent it can mend it."""
        return self.error is not None and self.error.get("status") == ValidationError.status


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What a journal entry of `KIND` carries: the body as it was sent, and the key of the header beside it."""

    scenario: ScenarioId
    body: Mapping[str, Any]
    idempotency_key: str | None

    def encode(self) -> dict[str, Any]:
        return {
            "scenario_id": str(self.scenario),
            "body": dict(self.body),
            "idempotency_key": self.idempotency_key,
        }

    @classmethod
    def decode(cls, payload: Mapping[str, Any]) -> RunRequest:
        """Raises KeyError or ValueError for what `encode` did not make."""
        return cls(
            ScenarioId(UUID(payload["scenario_id"])), dict(payload["body"]), payload["idempotency_key"]
        )

    def options(self) -> RunOptions:
        """The options of the run that was requested; raises `ValidationError` where that is no longer allowed."""
        try:
            options = RunOptions.model_validate(self.body)
        except pydantic.ValidationError as error:
            broken = [
                FieldError(*fault_of(item)) for item in error.errors(include_url=False, include_input=False)
            ]
            raise ValidationError(f"{broken[0].path}: {broken[0].message}", errors=broken) from error
        return options.model_copy(update={"idempotency_key": self.idempotency_key})
