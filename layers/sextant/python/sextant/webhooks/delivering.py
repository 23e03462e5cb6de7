"""Delivers what is due until nothing is: claims batches, signs them, has them sent, and keeps what became of them.

The database says what is due, so that nothing hangs on a message: one wakes this up, and the schedule does too. What is claimed is
leased; where this dies, it is due again when the lease ends, and is sent again under the same `webhook-id`. While anything is
on its way this looks for more every moment, so that endpoints that take long keep no other waiting.
"""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from sextant.ids import TenantId, WebhookId
from sextant.storage import ALL_TENANTS, PlatformDatabase
from sextant.webhooks import service
from sextant.webhooks.model import Batch, Claimed, Result
from sextant.webhooks.retries import GIVE_UP_AFTER, delay_after, outcome_of, retry_after
from sextant.webhooks.sealing import Sealing
from sextant.webhooks.sender import Answer, Sender, SenderUnavailableError
from sextant.webhooks.signing import signed_headers

THREADS = 32
"""Batches on their way at once."""
BATCH = 25
"""Deliveries of a batch."""
SHARE = 4
"""Batches of one endpoint at once, where it is quick."""
OF_TENANT = 24
"""Batches of one tenant at once, in all processes together."""
SLOW_OF_TENANT = 12
"""Those of them that may go to endpoints that fail or are slow."""
LEASE = timedelta(seconds=60)
"""More than the sender takes, and the settling after it."""
PAUSE = timedelta(seconds=5)
"""How long the breaker is open at first."""
PATIENCE = timedelta(seconds=GIVE_UP_AFTER)
"""How long an endpoint may fail before it is disabled."""
MARGIN = 40.0
"""Seconds kept of the function's time: for what is on its way."""
LOOK = 0.05
"""Seconds between two looks while something is on its way."""
UNAVAILABLE = 1.0
"""Seconds until what the sender did not take is due again."""
QUICK = 1000.0
"""Milliseconds for an answer, beneath which an endpoint counts as quick."""
_KEPT_CHARACTERS = 4_000

logger = logging.getLogger("sextant.webhooks")


@dataclass
class Report:
    """What one round of delivering came to."""

    delivered: int = 0
    failed: int = 0
    """Attempts that failed, whether or not they are made again."""
    given_up: int = 0
    unsent: int = 0
    disabled: int = 0
    retry_in: float | None = None
    """Seconds until the first of what failed is due again."""
    time_over: bool = False
    """Whether more may be due."""


class Deliverer:
    """Delivers for all tenants by one `sender`."""

    def __init__(self, database: PlatformDatabase, sealing: Sealing, sender: Sender) -> None:
        self._database = database
        self._sealing = sealing
        self._sender = sender

    def deliver(self, left: Callable[[], float]) -> Report:
        """Deliver until nothing is due, or `left` says that the time is over."""
        report = Report()
        under_way: set[Future[Report]] = set()
        with ThreadPoolExecutor(THREADS) as pool:
            while True:
                report.time_over = left() <= MARGIN
                while len(under_way) < THREADS and left() > MARGIN and (batch := self._claim()):
                    under_way.add(pool.submit(self._send, batch))
                if not under_way:
                    return report
                done, under_way = wait(under_way, LOOK, FIRST_COMPLETED)
                _add(report, (future.result() for future in done))

    def _claim(self) -> Batch | None:
        token = uuid.uuid4()
        with self._database.autocommit(ALL_TENANTS) as session:
            return service.claim(session, token, LEASE, BATCH, SHARE, OF_TENANT, SLOW_OF_TENANT)

    def _send(self, batch: Batch) -> Report:
        """Send a batch and keep what became of it; where that cannot be kept, the lease ends and it is sent again."""
        try:
            results = self._results(batch)
            state = self._settle(batch, results)
        except Exception:
            logger.exception(
                "a batch of deliveries was not settled", extra={"webhook_id": str(batch.webhook)}
            )
            return Report()
        outcomes = [result.outcome for result in results]
        retries = [result.delay for result in results if result.delay > 0]
        return Report(
            delivered=outcomes.count("DELIVERED"),
            failed=sum(outcome in ("RETRY", "FAILED", "GONE") for outcome in outcomes),
            given_up=sum(outcome in ("FAILED", "GONE") for outcome in outcomes),
            unsent=outcomes.count("UNSENT"),
            disabled=int(state == "DISABLED"),
            retry_in=min(retries, default=None),
        )

    def _results(self, batch: Batch) -> list[Result]:
        secrets = self._secrets(batch.tenant, batch.webhook)
        moment = datetime.now(UTC)
        headers = [signed_headers(delivery, secrets, moment) for delivery in batch.deliveries]
        requests = [
            {"headers": head, "body": delivery.body}
            for head, delivery in zip(headers, batch.deliveries, strict=True)
        ]
        try:
            answers = self._sender.send(batch.url, requests, ordered=batch.ordered)
        except SenderUnavailableError as error:
            logger.warning("the sender is not available", extra={"reason": str(error)[:500]})
            return [Result(delivery.id, "UNSENT", UNAVAILABLE) for delivery in batch.deliveries]
        return [
            replace(_result(delivery, answer, moment), url=batch.url, headers=head, started_at=moment)
            for delivery, answer, head in zip(batch.deliveries, answers, headers, strict=True)
        ]

    def _secrets(self, tenant: TenantId, webhook: WebhookId) -> list[str]:
        with self._database.autocommit(ALL_TENANTS) as session:
            sealed = service.secrets_of(session, tenant, webhook)
        return [self._sealing.open(tenant, webhook, secret) for secret in sealed]

    def _settle(self, batch: Batch, results: list[Result]) -> str:
        answered = [result.timing.get("whole") for result in results if result.outcome != "UNSENT"]
        quick = bool(answered) and all(took is not None and took < QUICK for took in answered)
        now = datetime.now(UTC)
        pauses = [
            retry_after(result.answer_head or {}, now) for result in results if result.outcome == "RETRY"
        ]
        hold = timedelta(seconds=max(pauses, default=0.0))
        return self._database.run(
            ALL_TENANTS,
            lambda session: service.settle(
                session, batch, results, quick=quick, pause=PAUSE, hold=hold, patience=PATIENCE
            ),
            idempotent=True,
        )


def _result(delivery: Claimed, answer: Answer, now: datetime) -> Result:
    if not answer.sent:
        return Result(delivery.id, "UNSENT")
    outcome, error = outcome_of(answer.status), answer.error
    if error is None and outcome != "DELIVERED":
        error = f"status: the endpoint answered {answer.status}"
    delay = max(delay_after(delivery.turn + 1), retry_after(answer.head, now))
    if outcome == "RETRY" and delivery.age_seconds + delay > GIVE_UP_AFTER:
        outcome = "FAILED"
    return Result(
        delivery.id,
        outcome,
        delay if outcome == "RETRY" else 0.0,
        status=answer.status,
        answer_head=answer.head,
        # The database takes no zero byte in a text.
        answer_body=answer.body[:_KEPT_CHARACTERS].replace("\0", "\ufffd"),
        error=error,
        timing=answer.timing,
    )


def _add(report: Report, parts: Iterable[Report]) -> None:
    for part in parts:
        report.delivered += part.delivered
        report.failed += part.failed
        report.given_up += part.given_up
        report.unsent += part.unsent
        report.disabled += part.disabled
        known = [each for each in (report.retry_in, part.retry_in) if each is not None]
        report.retry_in = min(known, default=None)
