"""Receipts: what became of runs that were asked for while the database was away."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from aws_lambda_powertools.event_handler import Response

from functions.api.http.envelopes import AnswerBody, Envelope, answers, reply
from functions.api.http.routing import Router, needs
from sextant.ids import ScenarioId
from sextant.journal import service
from sextant.journal.model import ReceiptId


class ReceiptBody(AnswerBody):
    """What became of such a request."""

    receipt_id: UUID
    scenario_id: UUID
    state: Literal["CARRIED_OUT", "REFUSED"]
    """Whether it has its run, or was refused."""
    run_id: UUID | None
    """The run; null where it was refused."""
    error: dict[str, Any] | None
    """`code`, `title` and `detail` of what the request was refused for."""
    accepted_at: datetime
    """When the request was accepted."""
    settled_at: datetime
    """When it was carried out or refused."""


class ReceiptEnvelope(Envelope[ReceiptBody]): ...


router = Router("Runs")


@router.get(
    "/v1/scenarios/<scenario_id>/receipts/<receipt_id>",
    summary="See what became of a run that was asked for while the database was away",
    responses={200: answers("The receipt; 404 until the request is carried out", ReceiptEnvelope)},
)
@needs("scenarios:read")
def get_receipt(scenario_id: UUID, receipt_id: UUID) -> Response[Any]:
    """404 with `Retry-After` until the request is carried out or refused."""
    with router.session() as session:
        receipt = service.get(session, ScenarioId(scenario_id), ReceiptId(receipt_id))
    return reply(ReceiptEnvelope.around(ReceiptBody.of(receipt, receipt_id=receipt.id), router.caller))
