"""The message: its key and its headers."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

from sextant.bus.message import OutboundMessage

EVENT = UUID("01a1fc01-2305-738d-8785-878c816ba612")
MESSAGE = OutboundMessage("acme", EVENT, "run.requested", "run:1", "{}", datetime(2026, 11, 21, tzinfo=UTC))


def test_the_key_is_the_tenant_and_the_dedupe_key_or_the_event_id() -> None:
    assert MESSAGE.key == "acme:run:1"
    assert MESSAGE._replace(dedupe_key=None).key == f"acme:{EVENT}"


def test_it_carries_the_headers_of_the_contract() -> None:
    message = MESSAGE._replace(retry_count=2, own_headers={"traceparent": "00-a-b-01", "correlation-id": "c"})
    assert message.headers == {
        "ce_specversion": "1.0",
        "ce_id": str(EVENT),
        "ce_source": "/sextant/tenants/acme",
        "ce_type": "sextant.run.requested",
        "ce_time": "2026-11-21T00:00:00+00:00",
        "content-type": "application/json",
        "tenant-id": "acme",
        "dedupe-key": "run:1",
        "event-id": str(EVENT),
        "event-topic": "run.requested",
        "event-created-at": "2026-11-21T00:00:00+00:00",
        "retry-count": "2",
        "processing-attempt": "3",
        "traceparent": "00-a-b-01",
        "correlation-id": "c",
    }


def test_a_platform_event_names_no_tenant() -> None:
    headers = MESSAGE._replace(tenant_id="-").headers
    assert "tenant-id" not in headers
    assert headers["ce_source"] == "/sextant/platform"


def test_an_event_cannot_forge_the_relays_headers_nor_send_empty_ones() -> None:
    message = MESSAGE._replace(
        tenant_id="-", own_headers={"tenant-id": "bolt", "replay-id": "x", "ce_source": "/me", "empty": ""}
    )
    assert not {"tenant-id", "replay-id", "empty"} & message.headers.keys()
    assert message.headers["ce_source"] == "/sextant/platform"
