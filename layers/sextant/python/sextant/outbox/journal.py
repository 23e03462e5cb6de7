"""A journal for when the database is down: what was accepted is kept in a queue, and carried out later.

Off unless `SEXTANT_QUEUE_URL_JOURNAL` names a queue. An entry is a command of some kind (`run.request`, or
`event` for an event to enqueue) with a key that makes carrying it out twice the same as once: the handler of
its kind must pass that key on as the idempotency key of what it does. `write` returns only after SQS has
the entry; `take_up`, the journal queue's consumer, hands entries to their handlers, and one whose handler
fails comes again. So an accepted command is carried out at least once, and its effect stands once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from sextant.bus.events import InboundMessage, PartialBatchResponse, consume
from sextant.errors import UnavailableError
from sextant.ids import TenantId, tenant_id
from sextant.outbox import repository
from sextant.outbox.model import NewEvent
from sextant.storage import Database

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

EVENT = "event"
"""The kind of an entry that is an event to enqueue; its key is the event's dedupe key."""


class JournalUnavailableError(UnavailableError):
    """Neither the database nor the journal can take the request."""

    code = "journal_unavailable"
    retry_after = 5.0


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """A command that was accepted while the database was away."""

    kind: str
    tenant_id: TenantId
    key: str
    payload: Mapping[str, Any]
    accepted_at: datetime
    correlation_id: str = ""

    def encode(self) -> str:
        return json.dumps(
            {**asdict(self), "accepted_at": self.accepted_at.isoformat()}, separators=(",", ":")
        )

    @classmethod
    def decode(cls, text: str) -> JournalEntry:
        """Raises ValueError, KeyError or TypeError for what `encode` did not make."""
        fields = json.loads(text)
        return cls(
            kind=fields["kind"],
            tenant_id=tenant_id(fields["tenant_id"]),
            key=fields["key"],
            payload=fields["payload"],
            accepted_at=datetime.fromisoformat(fields["accepted_at"]),
            correlation_id=fields["correlation_id"],
        )


Handler = Callable[[JournalEntry], None]


class Journal:
    """Writes to the journal queue."""

    def __init__(self, client: SQSClient, queue_url: str) -> None:
        self._client = client
        self._queue_url = queue_url

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> Journal | None:
        """The journal of this environment; None where there is none."""
        url = env.get("SEXTANT_QUEUE_URL_JOURNAL")
        return cls(_client(), url) if url else None

    def write(
        self, kind: str, tenant: TenantId, key: str, payload: Mapping[str, Any], correlation_id: str = ""
    ) -> JournalEntry:
        """Keep a command; it is durable when this returns. Raises `JournalUnavailableError`."""
        from botocore.exceptions import BotoCoreError, ClientError

        entry = JournalEntry(kind, tenant, key, payload, datetime.now(UTC), correlation_id)
        try:
            self._client.send_message(
                QueueUrl=self._queue_url, MessageBody=entry.encode(), MessageGroupId=str(tenant)
            )
        except (BotoCoreError, ClientError) as error:
            raise JournalUnavailableError from error
        return entry


def take_up(event: Mapping[str, Any], handlers: Mapping[str, Handler]) -> PartialBatchResponse:
    """Carry out the entries of one event of the journal queue; those that fail come again.

    An entry of a kind without a handler fails too: after its last delivery it stays in the dead-letter queue.
    """

    def carry_out(message: InboundMessage) -> None:
        entry = JournalEntry.decode(message.body)
        handlers[entry.kind](entry)

    return consume(event, carry_out)


def enqueue_handler(database: Database) -> Handler:
    """The handler of `EVENT` entries, over a database of the tenants' role: enqueues the event in its tenant."""

    def enqueue(entry: JournalEntry) -> None:
        event = NewEvent(
            topic=entry.payload["topic"],
            payload=entry.payload["payload"],
            dedupe_key=entry.key,
            headers={"correlation-id": entry.correlation_id} | dict(entry.payload.get("headers", {})),
        )
        # It was accepted already, so a full lane does not refuse it.
        database.run(
            entry.tenant_id,
            lambda session: repository.enqueue(session, [event], refusable=False),
            idempotent=True,
        )

    return enqueue


@cache
def _client() -> SQSClient:
    import boto3
    from botocore.config import Config

    config = Config(connect_timeout=2, read_timeout=5, retries={"total_max_attempts": 3, "mode": "standard"})
    client: SQSClient = boto3.client("sqs", config=config)
    return client
