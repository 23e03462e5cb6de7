"""The watch: of all relays one looks on for new events; the others return at once, and meanwhile nobody nudges.

The one row of `outbox_watch` says which relay keeps the watch, and until when. That moment is a promise: what is committed
before it the relay will see, so it looks once more after it, whatever it finds before. So who sees a watch kept after
its commit has no need to nudge, and a relay that is nudged has no need to stay. A relay that dies breaks its promise: the
watch is free soon after, and the schedule finds what it left.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from sextant.ids import new_id
from sextant.outbox import repository
from sextant.outbox.model import Kept
from sextant.storage import ALL_TENANTS, PlatformDatabase


class Watch:
    """One relay's watch. For one thread."""

    def __init__(
        self,
        database: PlatformDatabase,
        length: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._database = database
        self._length = length
        self._clock = clock
        self._relay = new_id()
        self.must_end_by = float("inf")
        """The moment of the clock by which nothing may be promised any more."""
        self._ends_at = float("-inf")

    def take(self) -> Kept | None:
        """Begin to keep the watch, or keep it for longer; who keeps it, where another relay does."""
        with self._database.autocommit(ALL_TENANTS) as session:
            kept = repository.keep_watch(session, self._relay, self._length)
        if kept.relay != self._relay:
            return kept
        # By this process's clock the promise ends no earlier than the answer came and its length on.
        self._ends_at = self._clock() + self._length
        return None

    def keep(self) -> None:
        """Promise more, where half of what was promised is over and there is time to keep it."""
        now = self._clock()
        if self._ends_at - now < self._length / 2 and now + 2 * self._length < self.must_end_by:
            self.take()

    @property
    def is_over(self) -> bool:
        """Whether nothing is promised any more: who looks now sees all that anyone relied on."""
        return self._clock() >= self._ends_at
