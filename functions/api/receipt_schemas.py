"""What a client sees of runs that were asked for while the database was away."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from functions.api.http.envelopes import Body, Meta

if TYPE_CHECKING:
    from sextant.journal.model import Receipt


class JournaledBody(Body):
    """Of a request that was accepted while the database is away."""

    accepted: Literal["journaled"]
    receipt_id: UUID
    """`GET /v1/scenarios/{scenario_id}/receipts/{receipt_id}` says what became of the request."""
    scenario_id: UUID
    idempotency_key: str | None
    """Sent again with the same key, the request is answered with its run as soon as the database is back."""
    accepted_at: datetime


class JournaledEnvelope(Body):
    data: JournaledBody
    meta: Meta


class ReceiptBody(Body):
    """What became of such a request."""

    receipt_id: UUID
    scenario_id: UUID
    state: Literal["CARRIED_OUT", "REFUSED"]
    run_id: UUID | None
    error: dict[str, Any] | None
    """`code`, `title` and `detail` of what the request was refused for."""
    accepted_at: datetime
    settled_at: datetime

    @classmethod
    def of(cls, receipt: Receipt) -> ReceiptBody:
        named = {name: getattr(receipt, name) for name in cls.model_fields if name != "receipt_id"}
        return cls.model_construct(receipt_id=receipt.id, **named)


class ReceiptEnvelope(Body):
    data: ReceiptBody
    meta: Meta
