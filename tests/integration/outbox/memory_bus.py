"""A broker in memory that keeps the publisher's contract, and fails as it is told."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sextant.bus.message import SENT, OutboundMessage, Outcome

Judge = Callable[[OutboundMessage], Outcome]


@dataclass
class MemoryBus:
    """What was delivered, in order. `judge` decides about each message; a released one stops its tenant."""

    judge: Judge = lambda message: SENT
    delivered: list[OutboundMessage] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def submit(self, messages: Sequence[OutboundMessage], deadline: float) -> _Done:
        outcomes: list[Outcome] = []
        stopped: set[str] = set()
        with self.lock:
            for message in messages:
                outcome = Outcome("untried") if message.tenant_id in stopped else self.judge(message)
                if outcome.verdict == "sent":
                    self.delivered.append(message)
                if outcome.verdict == "released":
                    stopped.add(message.tenant_id)
                outcomes.append(outcome)
        return _Done(outcomes)

    def close(self) -> None:
        pass

    def payloads(self, tenant: str | None = None) -> list[str]:
        return [m.payload for m in self.delivered if tenant is None or m.tenant_id == tenant]


@dataclass
class _Done:
    result: list[Outcome]

    def outcomes(self) -> list[Outcome]:
        return self.result
