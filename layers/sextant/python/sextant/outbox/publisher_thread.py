"""Publishing in a thread of its own, so that the database and the broker do not wait for each other.

While one batch is on its way to the broker the next is handed over, and meanwhile the relay's own thread
settles what came back and claims what comes next.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from types import TracebackType
from uuid import UUID

from sextant.bus.message import Publisher, Submission
from sextant.outbox.model import ClaimedEvent
from sextant.outbox.repository import Settlement

_UNDER_WAY = 3
"""How many batches are with the broker at once."""


@dataclass(frozen=True, slots=True)
class Batch:
    """A claim to be published until `deadline`, and settled until `leased_until` (both monotonic)."""

    token: UUID
    events: list[ClaimedEvent]
    deadline: float
    leased_until: float


@dataclass(frozen=True, slots=True)
class Done:
    """A batch whose every event has its outcome."""

    batch: Batch
    settlement: Settlement


class PublisherThread:
    """Takes batches and gives them back done, in the same order. The thread runs inside the `with` block only."""

    def __init__(self, publisher: Publisher, max_expired_leases: int) -> None:
        self._publisher = publisher
        self._max_expired_leases = max_expired_leases
        self._handed_over: SimpleQueue[Batch | None] = SimpleQueue()
        self._done: SimpleQueue[Done | BaseException] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> PublisherThread:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._thread is not None:
            self._handed_over.put(None)
            self._thread.join()

    def put(self, batch: Batch) -> None:
        """Have a batch published."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="outbox-publishing")
            self._thread.start()
        self._handed_over.put(batch)

    def take(self, *, wait: bool) -> Done | None:
        """The next batch that is done; None where none is and `wait` is false."""
        try:
            done = self._done.get(block=wait)
        except Empty:
            return None
        if isinstance(done, BaseException):
            raise done
        return done

    def _run(self) -> None:
        try:
            self._publish_all()
        except BaseException as error:  # noqa: BLE001 - it belongs to whoever waits for the batch
            self._done.put(error)

    def _publish_all(self) -> None:
        under_way: deque[tuple[Batch, list[int], Submission]] = deque()
        while True:
            try:
                batch = self._handed_over.get(block=not under_way)
            except Empty:
                self._done.put(self._finish(*under_way.popleft()))
                continue
            if batch is None:
                break
            # An event whose lease expired too often is not tried again.
            tried = [
                n for n, event in enumerate(batch.events) if event.expired_leases < self._max_expired_leases
            ]
            messages = [batch.events[n].message for n in tried]
            under_way.append((batch, tried, self._publisher.submit(messages, batch.deadline)))
            if len(under_way) == _UNDER_WAY:
                self._done.put(self._finish(*under_way.popleft()))
        while under_way:
            self._done.put(self._finish(*under_way.popleft()))

    @staticmethod
    def _finish(batch: Batch, tried: list[int], submission: Submission) -> Done:
        verdicts = ["dead"] * len(batch.events)
        errors = (
            [f"{event.expired_leases} relays fell silent while they held it" for event in batch.events]
            if (len(tried) < len(batch.events))
            else [""] * len(batch.events)
        )
        for place, outcome in zip(tried, submission.outcomes(), strict=True):
            verdicts[place] = outcome.verdict
            errors[place] = outcome.error
        return Done(batch, Settlement(batch.token, batch.events, verdicts, errors))
