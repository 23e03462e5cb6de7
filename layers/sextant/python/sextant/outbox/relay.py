"""The relay: claims events, publishes them, and records what became of them.

An event is settled as sent only after the broker's acknowledgement of it. Whatever else happens (the broker
down, the relay killed, the database gone) leaves the event leased, and after the lease another relay takes it.
So each event is published at least once, and twice only where a relay fell silent while it held it.

Only the relay that keeps the watch (`watch`) looks on for a while when it finds nothing.

Publishing has a thread of its own (`publisher_thread`): while a batch is on its way to the broker, the one before is settled
and the next one claimed.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sextant.bus.message import Publisher
from sextant.config import ConfigurationError, Settings, count, nested, number
from sextant.ids import new_id
from sextant.outbox import repository
from sextant.outbox.low_watermarks import LowWatermarks
from sextant.outbox.model import ClaimedEvent, RetryRule, Settled
from sextant.outbox.publisher_thread import Batch, Done, PublisherThread
from sextant.outbox.repository import ClaimRequest
from sextant.outbox.watch import Watch
from sextant.storage import ALL_TENANTS, PlatformDatabase
from sextant.storage.errors import StorageError

logger = logging.getLogger("sextant.outbox")


@dataclass(frozen=True)
class RelaySettings(Settings):
    """How a relay works; times are seconds.

    `lease` exceeds the longest way from claim to settlement, so that a live relay is not overtaken: twice
    `publish_timeout` (a request under way at the deadline still takes its time) and the `margin` for the database.
    """

    batch: int = count("SEXTANT_RELAY_BATCH", "Events that one claim takes, at most 10,000", 500, least=1)
    in_flight: int = count(
        "SEXTANT_RELAY_IN_FLIGHT", "Batches held at once: claimed, on their way, or coming back", 5, least=1
    )
    lease: float = number("SEXTANT_RELAY_LEASE", "How long a claimed event belongs to its relay", 30)
    publish_timeout: float = number(
        "SEXTANT_RELAY_PUBLISH_TIMEOUT", "So long after the claim, what is not acknowledged is released", 10
    )
    margin: float = number(
        "SEXTANT_RELAY_MARGIN", "What is kept of the time, beside the publish timeout, to settle in", 8
    )
    linger: float = number(
        "SEXTANT_RELAY_LINGER",
        "How long the relay on watch looks for new events after the last",
        0.5,
    )
    poll: float = number("SEXTANT_RELAY_POLL", "The pause between two looks", 0.05)
    patience: float = number(
        "SEXTANT_RELAY_PATIENCE",
        "How long to wait for what backs off; what is due later is a later call's",
        15,
    )
    watch: float = number(
        "SEXTANT_RELAY_WATCH",
        "How long one relay promises at a time to look on; meanwhile nobody nudges",
        1,
        above=0,
    )
    measure_every: float = 1.0
    max_expired_leases: int = count(
        "SEXTANT_RELAY_MAX_TAKEOVERS", "An event whose lease expired so often is dead", 5
    )
    retry: RetryRule = nested(RetryRule)

    def __post_init__(self) -> None:
        if self.lease <= 2 * self.publish_timeout + self.margin:
            raise ConfigurationError(
                f"SEXTANT_RELAY_LEASE must exceed twice the publish timeout and the margin, not {self.lease:g}: the lease"
                " of a live relay would expire"
            )
        if self.batch > 10_000:
            raise ConfigurationError(f"SEXTANT_RELAY_BATCH must be at most 10,000, not {self.batch}")


@dataclass
class Report:
    """What a call of `drain` did."""

    batches: int = 0
    claimed: int = 0
    sent: int = 0
    released: int = 0
    delayed: int = 0
    dead: int = 0
    lost: int = 0
    time_over: bool = False
    """Whether it left because its time was over: events may wait."""
    oldest_seconds: float = 0.0
    """The longest that an event handled now had waited since it was stored."""

    def add(self, settled: Settled) -> None:
        self.sent += settled.sent
        self.released += settled.released
        self.delayed += settled.delayed
        self.dead += settled.dead
        self.lost += settled.lost


class Relay:
    """One relay, for one thread. Kept between calls, it remembers the low watermarks."""

    def __init__(
        self,
        database: PlatformDatabase,
        publisher: Publisher,
        settings: RelaySettings | None = None,
        *,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._settings = settings or RelaySettings()
        self._pause = pause
        self._low_watermarks = LowWatermarks()
        self._after = ""
        self._measured_at = float("-inf")

    def drain(
        self, seconds: float, stopped: Callable[[], bool] = lambda: False, watch: Watch | None = None
    ) -> Report:
        """Publish until nothing is left, `seconds` are nearly over or `stopped`; then nothing is claimed any more.

        With a `watch` that it took, the relay looks on for what comes, and leaves when it has kept its promise.
        Raises a `StorageError` when the database cannot be reached; what could not be settled waits for the
        end of its lease.
        """
        deadline = time.monotonic() + seconds
        report = Report()
        with PublisherThread(self._publisher, self._settings.max_expired_leases) as publishing:
            if watch is not None:
                watch.must_end_by = deadline - self._settings.publish_timeout - self._settings.margin
            self._drain(publishing, report, watch, lambda: self._time_for_more(deadline) and not stopped())
        return report

    def _drain(
        self,
        publishing: PublisherThread,
        report: Report,
        watch: Watch | None,
        may_go_on: Callable[[], bool],
    ) -> None:
        held = 0
        exhausted = False
        failure: StorageError | None = None
        active_at = time.monotonic()
        while True:
            claiming = failure is None and may_go_on()
            request = self._request()
            last_look = True
            try:
                if claiming:
                    self._measure_if_due()
                    if watch is not None:
                        if time.monotonic() - active_at < self._settings.linger:
                            # Also where a pause of the process was longer than its promise: nobody else keeps it yet.
                            watch.keep()
                        last_look = watch.is_over
                full = not claiming or held == self._settings.in_flight
                done = publishing.take(wait=full or exhausted) if held else None
                held -= done is not None
                room = claiming and held < self._settings.in_flight
                fresh = self._turn(done, request if room else None, report)
            except StorageError as error:
                failure = error
                continue
            exhausted = not fresh
            if fresh:
                publishing.put(self._batch(fresh, request.token, report))
                held += 1
                active_at = time.monotonic()
            elif not held:
                if failure is not None:
                    raise failure
                if watch is None or last_look or not claiming:
                    report.time_over = not claiming
                    return
                if time.monotonic() - active_at >= self._settings.linger and self._something_is_due():
                    watch.keep()
                self._pause(self._settings.poll)
                exhausted = False

    def _time_for_more(self, deadline: float) -> bool:
        return time.monotonic() + self._settings.publish_timeout + self._settings.margin < deadline

    def _request(self) -> ClaimRequest:
        lease = timedelta(seconds=self._settings.lease)
        return ClaimRequest(new_id(), self._settings.batch, lease, self._after, self._low_watermarks.known)

    def _turn(self, done: Done | None, request: ClaimRequest | None, report: Report) -> list[ClaimedEvent]:
        """Settle `done` and claim what `request` names, both in one round trip."""
        if done is None:
            if request is None:
                return []
            with self._database.autocommit(ALL_TENANTS) as session:
                return repository.claim(session, request)
        fresh: list[ClaimedEvent] = []
        try:
            with self._database.autocommit(ALL_TENANTS) as session:
                if request is None:
                    settled = repository.settle(session, done.settlement, self._settings.retry)
                else:
                    settled, fresh = repository.settle_and_claim(
                        session, done.settlement, self._settings.retry, request
                    )
        except StorageError as error:
            logger.warning("settlement failed; trying again", exc_info=error)
            settled = self._settle_again(done)
        if settled.lost:
            logger.warning("leases expired before their events were settled", extra={"lost": settled.lost})
        report.add(settled)
        return fresh

    def _settle_again(self, done: Done) -> Settled:
        """Settle as long as the lease lasts: what is not settled will be published a second time."""
        pause = 0.1
        while True:
            self._pause(pause)
            pause = min(2 * pause, 2.0)
            try:
                with self._database.autocommit(ALL_TENANTS) as session:
                    return repository.settle(session, done.settlement, self._settings.retry)
            except StorageError:
                if time.monotonic() + pause > done.batch.leased_until:
                    raise

    def _batch(self, events: list[ClaimedEvent], token: UUID, report: Report) -> Batch:
        now = time.monotonic()
        self._low_watermarks.claimed(events)
        # Tenant queue after tenant queue, in rotation: the next claim goes on behind the last one reached.
        self._after = events[-1].tenant_id
        report.batches += 1
        report.claimed += len(events)
        report.oldest_seconds = max(report.oldest_seconds, *(event.waited for event in events))
        return Batch(token, events, now + self._settings.publish_timeout, now + self._settings.lease)

    def _measure_if_due(self) -> None:
        now = time.monotonic()
        if now - self._measured_at < self._settings.measure_every:
            return
        self._measured_at = now
        with self._database.autocommit(ALL_TENANTS) as session:
            self._low_watermarks.measured(
                repository.measure(session, self._low_watermarks.known, self._low_watermarks.watched)
            )

    def _something_is_due(self) -> bool:
        """Whether something that must wait now can be claimed so soon that it is worth waiting for."""
        with self._database.autocommit(ALL_TENANTS) as session:
            due = repository.next_due_in(session)
        return due is not None and due <= self._settings.patience
