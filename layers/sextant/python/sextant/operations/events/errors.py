"""What can be wrong with an event or with a request for one."""

from __future__ import annotations

from typing import ClassVar

from sextant.errors import NotFoundError, ValidationError


class EventNotFoundError(NotFoundError):
    """There is no such event."""

    code, title = "event_not_found", "Event not found"


class UnknownReferenceError(ValidationError):
    """The event names a workflow, vendor or run that the tenant does not have."""

    code, title = "unknown_reference", "Unknown reference"
    remedy = "Name a workflow, vendor or run that the lists of your tenant show, or leave the field out."


class EventKeyReusedError(ValidationError):
    """The idempotency key was used for another request."""

    code, title = "idempotency_key_reused", "Idempotency key reused"
    members: ClassVar = {"event_id": "What the key was used for."}


class PayloadSizeError(ValidationError):
    """The payload is larger than 1 MiB."""

    code, title = "event_payload_too_large", "Payload too large"
    remedy = "Send the large part elsewhere, and its place in the payload."
