"""Ingest: an event is stored once and, where it is a failure, counted into its incident, in one statement."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
import time
from collections.abc import Callable

from pydantic import ValidationError as InvalidPolicy

from sextant.errors import FieldError
from sextant.ids import TenantId, new_id
from sextant.operations.errors import (
    EventKeyReusedError,
    PayloadSizeError,
    TenantInactiveError,
    UnknownReferenceError,
)
from sextant.operations.model import Ingested, NewEvent, OperationsEventId
from sextant.operations.policy import OperationsPolicy, is_failure
from sextant.operations.repository import catalogue
from sextant.operations.repository import events as repository
from sextant.operations.signature import error_of, of_failure, of_fingerprint, title_of
from sextant.storage import Session

MAX_PAYLOAD_BYTES = 1024 * 1024

logger = logging.getLogger("sextant.operations")


class Policies:
    """The policy of each tenant, read again after `keep` seconds."""

    def __init__(
        self, base: OperationsPolicy, keep: float = 15.0, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._base = base
        self._keep = keep
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[TenantId, tuple[float, OperationsPolicy]] = {}

    def of(self, session: Session) -> OperationsPolicy:
        """The policy of the session's tenant; the deployment's where the tenant's own does not parse."""
        tenant = session.tenant_id
        with self._lock:
            known = self._known.get(tenant)
        if known is not None and known[0] > self._clock():
            return known[1]
        overrides = catalogue.tenant_settings(session).get("operations") or {}
        policy = self._base
        if overrides:
            try:
                policy = self._base.overridden(overrides)
            except (InvalidPolicy, TypeError) as error:
                logger.warning(
                    "the tenant's policy of operations is not valid",
                    extra={"tenant_id": tenant},
                    exc_info=error,
                )
        with self._lock:
            if len(self._known) > 10_000:
                self._known.clear()
            self._known[tenant] = (self._clock() + self._keep, policy)
        return policy

    def forget(self, tenant: TenantId) -> None:
        """Read the tenant's policy again at the next use."""
        with self._lock:
            self._known.pop(tenant, None)


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
