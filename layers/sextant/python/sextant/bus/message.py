"""A message on its way out, and the contract that every publisher keeps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple, Protocol
from uuid import UUID

from sextant.bus import cloudevents
from sextant.bus.cloudevents import CLOUD_EVENT_HEADERS

NO_TENANT = "-"
"""The tenant of an event that belongs to none; no slug, so no tenant can have it."""

TENANT_ID = "tenant-id"
DEDUPE_KEY = "dedupe-key"
EVENT_ID = "event-id"
EVENT_TOPIC = "event-topic"
EVENT_CREATED_AT = "event-created-at"
RETRY_COUNT = "retry-count"
PROCESSING_ATTEMPT = "processing-attempt"
TRACEPARENT = "traceparent"
CORRELATION_ID = "correlation-id"
REPLAY_ID = "replay-id"

OWN_HEADERS = CLOUD_EVENT_HEADERS | {
    TENANT_ID,
    DEDUPE_KEY,
    EVENT_ID,
    EVENT_TOPIC,
    EVENT_CREATED_AT,
    RETRY_COUNT,
    PROCESSING_ATTEMPT,
    REPLAY_ID,
}
"""Headers the relay sets; an event's own headers of these names are not sent."""


class OutboundMessage(NamedTuple):
    """One event as it is published. `payload` is JSON text and goes out as it is.

    A named tuple: thousands are made a second, and a frozen dataclass takes nine times as long to make.
    """

    tenant_id: str
    event_id: UUID
    topic: str
    dedupe_key: str | None
    payload: str
    created_at: datetime
    retry_count: int = 0
    """How often its publication was tried before."""
    replay_id: UUID | None = None
    """The audit entry of the replay that sends it again; its event id stays the same."""
    own_headers: Mapping[str, str] = MappingProxyType({})

    @property
    def key(self) -> str:
        return f"{self.tenant_id}:{self.dedupe_key or self.event_id}"

    @property
    def headers(self) -> dict[str, str]:
        """Every header that has a value; an empty one is left out, as SQS demands."""
        headers = {
            name: str(value) for name, value in self.own_headers.items() if value and name not in OWN_HEADERS
        }
        tenant = self.tenant_id if self.tenant_id != NO_TENANT else None
        headers |= cloudevents.headers(tenant, self.event_id, self.topic, self.created_at)
        if tenant is not None:
            headers[TENANT_ID] = tenant
        if self.dedupe_key is not None:
            headers[DEDUPE_KEY] = self.dedupe_key
        if self.replay_id is not None:
            headers[REPLAY_ID] = str(self.replay_id)
        headers[EVENT_ID] = str(self.event_id)
        headers[EVENT_TOPIC] = self.topic
        headers[EVENT_CREATED_AT] = self.created_at.isoformat()
        headers[RETRY_COUNT] = str(self.retry_count)
        headers[PROCESSING_ATTEMPT] = str(self.retry_count + 1)
        return headers


Verdict = Literal["sent", "untried", "released", "refused"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message.

    `sent`: the broker acknowledged it. `untried`: it was certainly not handed over. `released`: it may or may
    not have arrived, for a reason that lies not in the message (broker down, timeout, throttling); to be sent
    again. `refused`: the broker will not have this message; others are not affected.
    """

    verdict: Verdict
    error: str = ""


SENT = Outcome("sent")
UNTRIED = Outcome("untried")


class Submission(Protocol):
    """Messages handed to a publisher."""

    def outcomes(self) -> list[Outcome]:
        """One outcome for each message, in the order submitted; waits for them until the deadline given."""
        ...


class Publisher(Protocol):
    """Sends messages to a broker.

    Messages of one tenant are handed to the broker in the order given; after one that is `released`, the
    later ones of its tenant are not sent (as far as they have not left together with it). Nothing is `sent`
    without the broker's own acknowledgement of that message. No error of the broker is raised: it is an
    outcome.
    """

    def submit(self, messages: Sequence[OutboundMessage], deadline: float) -> Submission:
        """Begin to send; `deadline` is on `time.monotonic`'s clock."""
        ...

    def close(self) -> None:
        """Give up what the publisher holds. Everything submitted has its outcome by then."""
        ...
