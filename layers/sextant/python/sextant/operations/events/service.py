"""Ingest: an event is stored once and, where it is a failure, counted into its incident, in one statement."""

from __future__ import annotations

import hashlib
import json
from uuid import UUID

from sextant.errors import FieldError
from sextant.ids import OperationsEventId, new_id
from sextant.operations.events import repository
from sextant.operations.events.errors import (
    EventKeyReusedError,
    EventNotFoundError,
    PayloadSizeError,
    UnknownReferenceError,
)
from sextant.operations.events.model import Event, EventFilter, Ingested, NewEvent
from sextant.operations.events.repository import find as find
from sextant.operations.incidents.signature import error_of, of_failure, of_fingerprint, title_of
from sextant.operations.policy import OperationsPolicy, is_failure
from sextant.paging import Page, PageRequest, page
from sextant.storage import Session
from sextant.tenants.errors import TenantInactiveError

MAX_PAYLOAD_BYTES = 1024 * 1024


def ingest(session: Session, event: NewEvent, policy: OperationsPolicy) -> Ingested:
    """Store `event`; one of the same idempotency key gives the first one's answer and counts nothing.

    Raises `PayloadSizeError`, `EventKeyReusedError`, `TenantInactiveError` or `UnknownReferenceError`.
    """
    owner = session.tenant_id
    encoded = json.dumps(event.payload, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode(
        "utf-8", "surrogatepass"
    )
    if len(encoded) > MAX_PAYLOAD_BYTES:
        raise PayloadSizeError(
            f"The payload has {len(encoded)} bytes; at most {MAX_PAYLOAD_BYTES} are taken."
        )
    code, _ = error_of(event.payload)
    severity = policy.severity(event.event_type, code, event.severity)
    signature = title = None
    if is_failure(severity):
        title = title_of(event.event_type, event.payload)
        if event.fingerprint is not None:
            signature = of_fingerprint(owner, event.fingerprint)
        else:
            workflow = str(event.workflow_id or "platform")
            signature = of_failure(owner, workflow, event.event_type, event.payload)
    stored = repository.ingest(
        session,
        owner,
        OperationsEventId(new_id()),
        event,
        severity=severity,
        signature=signature,
        title=title,
        payload=encoded.decode("utf-8", "surrogatepass"),
        request_hash=_request_hash(event, encoded) if event.idempotency_key is not None else None,
        policy=policy,
    )
    if stored.outcome == "KEY_REUSED":
        raise EventKeyReusedError(extra={"event_id": str(stored.event_id)})
    if stored.outcome == "TENANT_INACTIVE":
        raise TenantInactiveError
    if stored.outcome in ("WORKFLOW_NOT_FOUND", "VENDOR_NOT_FOUND", "RUN_NOT_FOUND"):
        what = stored.outcome.partition("_")[0].lower()
        raise UnknownReferenceError(
            f"The tenant has no such {what}.",
            errors=[FieldError(f"{what}_id", "unknown_reference", f"the tenant has no {what} of this id")],
        )
    return stored


def _request_hash(event: NewEvent, payload: bytes) -> str:
    """What an idempotency key is bound to: the sender's words, but for the moment and the correlation id."""
    digest = hashlib.sha256()
    for part in (
        event.event_type,
        event.severity,
        event.workflow_id,
        event.vendor_id,
        event.run_id,
        event.fingerprint,
    ):
        digest.update(f"{part}\n".encode())
    digest.update(payload)
    return digest.hexdigest()


def get(session: Session, event: UUID) -> Event:
    stored = find(session, event)
    if stored is None:
        raise EventNotFoundError
    return stored


def list_events(session: Session, where: EventFilter, request: PageRequest) -> Page[Event]:
    return page(repository.list_events(session, where, request), request, lambda event: event.id)
