"""Identifiers: UUIDv7 (RFC 9562), so that they sort by creation time, and tenants' slugs."""

from __future__ import annotations

import os
import re
import threading
import time
from typing import NewType
from uuid import UUID

TenantId = NewType("TenantId", str)
ScenarioId = NewType("ScenarioId", UUID)
RunId = NewType("RunId", UUID)
CancellationId = NewType("CancellationId", UUID)
EventId = NewType("EventId", UUID)
BatchId = NewType("BatchId", UUID)
WebhookId = NewType("WebhookId", UUID)

_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class _Clock:
    """Milliseconds and their 4096ths since 1970, never the same twice in this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def tick(self) -> int:
        now = time.time_ns()
        stamp = (now // 1_000_000 << 12) | (now % 1_000_000 * 4096 // 1_000_000)
        with self._lock:
            self._last = max(stamp, self._last + 1)
            return self._last


_clock = _Clock()


def new_id() -> UUID:
    """A fresh UUIDv7, strictly increasing within this process.

    48 bits of Unix milliseconds, then 12 bits of the millisecond's fraction that also serve as a
    counter (RFC 9562 section 6.2, method 3), then 62 random bits.
    """
    stamp = _clock.tick()
    random_bits = int.from_bytes(os.urandom(8), "big") & ((1 << 62) - 1)
    return UUID(int=(stamp >> 12) << 80 | 0x7 << 76 | (stamp & 0xFFF) << 64 | 0b10 << 62 | random_bits)


def tenant_id(value: str) -> TenantId:
    """`value` as a tenant id: a slug of at most 63 lower-case letters, digits, `_` and `-`.

    Raises ValueError where it is not one.
    """
    if not _TENANT.fullmatch(value):
        raise ValueError("a tenant id is 1 to 63 of a-z, 0-9, '_' and '-', beginning with a letter or digit")
    return TenantId(value)


WorkflowId = NewType("WorkflowId", UUID)


VendorId = NewType("VendorId", UUID)


OperationsEventId = NewType("OperationsEventId", UUID)


IncidentId = NewType("IncidentId", UUID)


DecisionId = NewType("DecisionId", UUID)


ActionId = NewType("ActionId", UUID)
