"""The platform's own failures as events.

Runs that end badly or cannot begin, outbox events that die, messages nobody could handle, times without a database.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sextant.ids import RunId, TenantId, tenant_id
from sextant.journal import service as journal
from sextant.journal.model import ReceiptId
from sextant.operations.events.model import PLATFORM_TENANT, Ingested, NewEvent
from sextant.operations.events.service import ingest
from sextant.operations.incidents import service as incidents
from sextant.operations.scheduled_checks.model import DeadEvent, UnreadableSetting
from sextant.operations.tenant_policies import Policies
from sextant.runs import service as runs
from sextant.runs.model import DEFAULT_TIMEOUT_MINUTES, Run
from sextant.storage import Outage, Session
from sextant.vendors import service as vendors

_NO_FAILURE = {"model_input": "run.input_refused", "set_by_hand": "run.ended_by_hand"}
"""By the error's code, the type of the event of a run that ended as FAILED or TIMEOUT and is no failure of the platform's:
the model refused its input, or somebody ended it. No rule of severity makes a failure of these types by itself."""
_OUT_OF_TIME = "run.out_of_time"
"""The same of a run that used up a time which its user had made shorter than what runs have by themselves."""

logger = logging.getLogger("sextant.operations")


def run_failed(
    session: Session,
    run_id: RunId,
    occurred_at: datetime,
    correlation_id: str,
    policies: Policies,
) -> Ingested | None:
    """Ingest that a run ended as FAILED or TIMEOUT, once however often its message is delivered.

    The message only says where to look: how the run ended is read from the database, and None is the answer where it did not
    fail. A run whose error names a vendor counts into that vendor's incident, together with its breaker's moves. What is its
    user's own (`_NO_FAILURE`, `_OUT_OF_TIME`) is an event and no failure: who asked reads it in the run.
    """
    run = runs.find_anywhere(session, run_id)
    if run is None or run.state not in ("FAILED", "TIMEOUT"):
        _disbelieve("run.failed", run_id, run.state if run else None)
        return None
    error = run.error or {}
    named = error.get("vendor")
    vendor = vendors.find_by_name(session, named) if isinstance(named, str) else None
    no_failure = _users_own(run, _cause(error))
    event = NewEvent(
        event_type=no_failure or _type_of(run.state, error),
        severity="WARNING" if no_failure else "ERROR",
        source="PLATFORM",
        payload={
            "run_id": str(run.id),
            "scenario_id": str(run.scenario_id),
            "state": run.state,
            "error": error,
        },
        occurred_at=run.completed_at or occurred_at,
        vendor_id=vendor.id if vendor else None,
        run_id=run.id,
        fingerprint=f"vendor:{vendor.name}" if vendor else None,
        idempotency_key=f"run:{run.id}:ended",
        correlation_id=run.correlation_id or correlation_id,
    )
    return ingest(session, event, policies.of(session))


def _users_own(run: Run, cause: str) -> str | None:
    """The type of the event of a run whose end is its user's own doing; None where it is the platform's.

    An attempt before the last was lost by the platform, which took its time from the one that ran out of it.
    """
    if cause == "run_timeout" and run.timeout_minutes < DEFAULT_TIMEOUT_MINUTES and run.attempt <= 1:
        return _OUT_OF_TIME
    return _NO_FAILURE.get(cause)


def _cause(error: Mapping[str, Any]) -> str:
    """The code of the run's own error, or of that of the part which ended it."""
    cause = error.get("cause")
    if error.get("code") == "part_failed" and isinstance(cause, Mapping):
        error = cause
    return str(error.get("code"))


def _disbelieve(topic: str, subject: UUID, state: str | None) -> None:
    logger.warning(
        "a message says what the database does not",
        extra={"topic": topic, "subject": str(subject), "stands": state},
    )


def _type_of(state: object, error: Mapping[str, Any]) -> str:
    if error.get("poison"):
        return "run.poison"
    return "run.timeout" if state == "TIMEOUT" else "run.failed"


def run_refused(
    session: Session,
    receipt_id: ReceiptId,
    occurred_at: datetime,
    correlation_id: str,
    policies: Policies,
) -> Ingested | None:
    """Ingest that a run accepted while the database was away cannot be carried out: no run stands for it.

    None where its receipt does not say so, or no longer. A request that was refused for what it says is no failure.
    """
    receipt = journal.find_receipt(session, receipt_id)
    if receipt is None or receipt.error is None:
        _disbelieve("run.refused", receipt_id, receipt.state if receipt else None)
        return None
    event = NewEvent(
        event_type="run.refused",
        severity="WARNING" if receipt.refused_for_content else "ERROR",
        source="PLATFORM",
        payload={
            "receipt_id": str(receipt.id),
            "scenario_id": str(receipt.scenario_id),
            "error": receipt.error,
        },
        occurred_at=occurred_at,
        idempotency_key=f"receipt:{receipt.id}:refused",
        correlation_id=correlation_id,
    )
    return ingest(session, event, policies.of(session))


def run_completed(
    session: Session,
    run_id: RunId,
    occurred_at: datetime,
    correlation_id: str,
    policies: Policies,
) -> bool:
    """When a run succeeded that equals a failed one: tell the incident, and resolve it when nothing of it is left open.

    Whether an incident was resolved. Of a run that did not succeed, whatever the message says, no incident is told.
    """
    run = runs.find_anywhere(session, run_id)
    if run is None or run.state != "SUCCEEDED":
        _disbelieve("run.completed", run_id, run.state if run else None)
        return False
    resolved = False
    for incident in incidents.incidents_of_equals(session, run.id):
        event = NewEvent(
            event_type="run.succeeded",
            source="PLATFORM",
            payload={"run_id": str(run.id), "scenario_id": str(run.scenario_id), "state": run.state},
            occurred_at=occurred_at,
            run_id=run.id,
            incident_id=incident,
            idempotency_key=f"run:{run.id}:ended:{incident}",
            correlation_id=correlation_id,
        )
        ingest(session, event, policies.of(session))
        resolved = incidents.settle(session, incident, "operations") or resolved
    return resolved


def outbox_dead(session: Session, dead: DeadEvent, policies: Policies) -> Ingested:
    """Ingest that the outbox gave an event up."""
    event = NewEvent(
        event_type="outbox.dead",
        severity="ERROR",
        source="PLATFORM",
        payload={
            "event_id": str(dead.event_id),
            "topic": dead.topic,
            "attempts": dead.attempts,
            "error": {"code": "outbox_dead", "message": f"{dead.topic}: {dead.last_error}"},
        },
        occurred_at=dead.failed_at,
        idempotency_key=dead.key,
        correlation_id=dead.correlation_id,
    )
    return ingest(session, event, policies.of(session))


def setting_unreadable(session: Session, setting: UnreadableSetting, policies: Policies) -> Ingested:
    """Ingest that a setting's value cannot be read, so that it counts as not set."""
    message = f"The setting {setting.kind}/{setting.name} cannot be read and counts as not set; set it again or remove it."
    event = NewEvent(
        event_type="setting.unreadable",
        severity="ERROR",
        source="PLATFORM",
        payload={
            "kind": setting.kind,
            "name": setting.name,
            "value": setting.value,
            "updated_by": setting.updated_by,
            "error": {"code": "setting_unreadable", "message": message},
        },
        occurred_at=setting.updated_at,
        fingerprint=f"setting:{setting.kind}:{setting.name}",
        idempotency_key=setting.key,
    )
    return ingest(session, event, policies.of(session))


def dead_letter(
    session: Session,
    queue: str,
    *,
    message_id: str,
    headers: Mapping[str, str],
    body: str,
    policies: Policies,
) -> Ingested:
    """Ingest that a message came to a dead-letter queue; the message itself stays there, to be redriven."""
    topic = headers.get("event-topic", "")
    event = NewEvent(
        event_type="queue.dead_letter",
        severity="ERROR",
        source="PLATFORM",
        payload={
            "queue": queue,
            "message_id": message_id,
            "topic": topic,
            "body": body[:4000].replace("\x00", ""),
            "error": {
                "code": "dead_letter",
                "message": f"{queue}: {topic or 'a message'} was delivered too often",
            },
        },
        occurred_at=datetime.now(UTC),
        idempotency_key=f"dead-letter:{message_id}",
        correlation_id=headers.get("correlation-id", ""),
    )
    return ingest(session, event, policies.of(session))


def database_away(session: Session, outage: Outage, function: str, key: str, policies: Policies) -> Ingested:
    """Ingest that the database's breaker opened in `function`, and that it closed again, once the outage is over.

    All processes that met the outage count into one incident, whatever the error each of them saw. `key` tells
    this outage from all others.
    """
    about = {
        "function": function,
        "began_at": outage.began_at.isoformat(),
        "ended_at": outage.ended_at.isoformat(),
        "failures": outage.failures,
    }
    message = f"The database did not answer {function} for {outage.seconds:.0f} s."
    opened = NewEvent(
        event_type="database.breaker_opened",
        severity="ERROR",
        source="PLATFORM",
        payload={**about, "error": {"code": "database_unavailable", "message": message}},
        occurred_at=outage.began_at,
        fingerprint="database",
        idempotency_key=f"{key}:opened",
    )
    stored = ingest(session, opened, policies.of(session))
    closed = NewEvent(
        event_type="database.breaker_closed",
        source="PLATFORM",
        payload=about,
        occurred_at=outage.ended_at,
        incident_id=stored.incident_id,
        idempotency_key=f"{key}:closed",
    )
    ingest(session, closed, policies.of(session))
    return stored


def output_file_unreadable(
    session: Session, location: str, run_id: str | None, reason: str, policies: Policies
) -> Ingested:
    """Ingest that a file of the tenant's outputs is missing or damaged, once a day for each file.

    All such files of a tenant count into one incident; each event names its run and its place.
    """
    now = datetime.now(UTC)
    whose = f" of run {run_id}" if run_id else ""
    event = NewEvent(
        event_type="output.file_unreadable",
        severity="ERROR",
        source="PLATFORM",
        payload={
            "location": location,
            "run_id": run_id,
            "error": {
                "code": f"output_file_{reason}",
                "message": f"The file {location}{whose} is {reason}.",
            },
        },
        occurred_at=now,
        fingerprint="output files",
        idempotency_key=f"output-file:{hashlib.sha256(location.encode()).hexdigest()}:{reason}:{now:%Y-%m-%d}",
    )
    return ingest(session, event, policies.of(session))


def tenant_of(headers: Mapping[str, str]) -> TenantId:
    """Whose message it is; the platform's where it names nobody, or somebody who cannot be."""
    try:
        return tenant_id(headers.get("tenant-id") or PLATFORM_TENANT)
    except ValueError:
        return PLATFORM_TENANT
