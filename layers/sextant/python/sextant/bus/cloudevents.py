"""The attributes by which a message is a CloudEvent too (CNCF CloudEvents 1.0.2), in binary mode: headers beside ours.

The names are those of CloudEvents' Kafka binding: `ce_` before each attribute, and `content-type` for that of the data. SQS has
no binding of its own; there the same names are message attributes.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

CE_ID = "ce_id"
CE_SOURCE = "ce_source"
CE_SPECVERSION = "ce_specversion"
CE_TYPE = "ce_type"
CE_TIME = "ce_time"
CONTENT_TYPE = "content-type"

CLOUD_EVENT_HEADERS = frozenset({CE_ID, CE_SOURCE, CE_SPECVERSION, CE_TYPE, CE_TIME, CONTENT_TYPE})
SPECVERSION = "1.0"
JSON = "application/json"


def source(tenant: str | None) -> str:
    """Whose event it is, as a URI reference; `source` and `id` together name one event."""
    return f"/sextant/tenants/{tenant}" if tenant else "/sextant/platform"


def event_type(topic: str) -> str:
    """The type of the events of a topic: `run.completed` is `sextant.run.completed`, for in a consumer's own bus types of many
    senders meet."""
    return f"sextant.{topic}"


def headers(tenant: str | None, event_id: UUID, topic: str, created_at: datetime) -> dict[str, str]:
    """The headers of an event; the same however often it is published."""
    return {
        CE_SPECVERSION: SPECVERSION,
        CE_ID: str(event_id),
        CE_SOURCE: source(tenant),
        CE_TYPE: event_type(topic),
        CE_TIME: created_at.isoformat(),
        CONTENT_TYPE: JSON,
    }
