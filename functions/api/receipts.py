"""Receipts: what became of runs that were asked for while the database was away."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from functions.api.http.app import Api, answers, needs, reply
from functions.api.http.envelopes import meta
from functions.api.receipt_schemas import ReceiptBody, ReceiptEnvelope
from sextant import bootstrap
from sextant.ids import ScenarioId
from sextant.journal import service as journal_service
from sextant.journal.model import ReceiptId


def register(api: Api) -> None:
    @api.get(
        "/v1/scenarios/<scenario_id>/receipts/<receipt_id>",
        summary="See what became of a run that was asked for while the database was away",
        tags=["Runs"],
        responses={200: answers("The receipt; 404 until the request is carried out", ReceiptEnvelope)},
    )
    @needs("scenarios:read")
    def get_receipt(
        scenario_id: Annotated[UUID, Path()], receipt_id: Annotated[UUID, Path()]
    ) -> Response[Any]:
        caller = api.caller
        with bootstrap.database().autocommit(caller.tenant) as session:
            found = journal_service.get(session, ScenarioId(scenario_id), ReceiptId(receipt_id))
        return reply(ReceiptEnvelope.model_construct(data=ReceiptBody.of(found), meta=meta(caller)))
