"""Carrying out what was journaled, and reading what became of it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sextant.errors import ConflictError, NotFoundError, SextantError, ValidationError
from sextant.identity import Caller
from sextant.ids import RunId, ScenarioId
from sextant.journal import repository
from sextant.journal.model import JournalEntry, Receipt, ReceiptId, RunRequest
from sextant.journal.repository import find_receipt as find_receipt
from sextant.outbox import service as outbox
from sextant.outbox.model import NewEvent
from sextant.runs import service as runs
from sextant.storage import Database, Session

FINAL = (ConflictError, NotFoundError, ValidationError)
"""What a request is refused with for good: it is wrong, or what it needs is not there."""
REFUSED = "run.refused"
"""The topic of the event that says that a journaled request will not be carried out."""


class ReceiptNotFoundError(NotFoundError):
    """The request was not carried out yet, or there never was one with this receipt."""

    code, title = "receipt_not_found", "Receipt not found"
    retry_after = 5.0


class RequestRefusedError(SextantError):
    """A journaled request cannot be carried out; its receipt says why."""

    code, title = "request_refused", "Request refused"


def get(session: Session, scenario: ScenarioId, receipt: ReceiptId) -> Receipt:
    stored = find_receipt(session, receipt)
    if stored is None or stored.scenario_id != scenario:
        raise ReceiptNotFoundError
    return stored


def carry_out(database: Database, entry: JournalEntry, code_version: str) -> None:
    """Ask for the run that was journaled, once however often the entry comes.

    Run and receipt are stored in one transaction; the run gets the receipt's id unless an equal one is there. A
    request that is refused gets its receipt too and an event tells of it. Where it is refused for what it needs,
    `RequestRefusedError` is raised, so that the entry comes again and in the end is set aside: what it needs may be there
    by then. Refused for what it says, it will never be anything else, and is done with.
    """
    request = RunRequest.decode(entry.payload)
    try:
        database.run(
            entry.tenant_id,
            lambda session: _ask(session, entry, request, code_version),
            idempotent=True,
        )
    except FINAL as error:
        refusal = error
        database.run(
            entry.tenant_id, lambda session: _refuse(session, entry, request, refusal), idempotent=True
        )
        if not isinstance(refusal, ValidationError):
            raise RequestRefusedError(f"{refusal.code}: {refusal.detail}") from refusal


def _ask(session: Session, entry: JournalEntry, request: RunRequest, code_version: str) -> None:
    receipt = ReceiptId(entry.id)
    settled = find_receipt(session, receipt)
    if settled is not None and settled.run_id is not None:
        return
    # The request that was journaled may have reached the database before its answer was lost.
    stored = runs.find(session, request.scenario, RunId(receipt))
    run = (
        stored
        if stored is not None
        else runs.request(
            session, request.scenario, request.options(), code_version, _caller(entry), run=RunId(receipt)
        )
    )
    _settle(session, entry, request, run.id)


def _refuse(session: Session, entry: JournalEntry, request: RunRequest, error: SextantError) -> None:
    problem: dict[str, Any] = {
        "code": error.code,
        "status": error.status,
        "title": error.title,
        "detail": error.detail,
        "errors": [asdict(item) for item in error.errors],
    }
    _settle(session, entry, request, problem)
    outbox.enqueue(
        session,
        [
            NewEvent(
                topic=REFUSED,
                payload={
                    "receipt_id": str(entry.id),
                    "tenant_id": entry.tenant_id,
                    "scenario_id": str(request.scenario),
                    "idempotency_key": request.idempotency_key,
                    "error": problem,
                },
                dedupe_key=f"receipt:{entry.id}:refused",
                headers={"correlation-id": entry.correlation_id, "traceparent": entry.traceparent},
            )
        ],
        tenant=entry.tenant_id,
        refusable=False,
    )


def _settle(
    session: Session, entry: JournalEntry, request: RunRequest, outcome: RunId | dict[str, Any]
) -> None:
    repository.settle(
        session,
        ReceiptId(entry.id),
        request.scenario,
        outcome,
        accepted_at=entry.accepted_at,
        accepted_by=entry.actor,
    )


def _caller(entry: JournalEntry) -> Caller:
    """Who asked; what they may do was checked when the request was accepted."""
    return Caller(
        tenant=entry.tenant_id,
        subject=entry.actor,
        roles=frozenset(),
        request_id="",
        correlation_id=entry.correlation_id,
        traceparent=entry.traceparent,
    )
