"""The answer to a tenant whose queue in the outbox is full, also from statements that enqueue among other things."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sextant.errors import TooManyRequestsError
from sextant.storage.errors import CheckViolation


class OutboxBackpressureError(TooManyRequestsError):
    """Too many of this tenant's events wait to be published."""

    code, title = "outbox_backpressure", "Too many events pending"
    remedy = (
        "Wait for the seconds of the header Retry-After: what waits is being sent. If it stays "
        "so, ask your operators."
    )
    retry_after = 5.0


@contextmanager
def backpressure() -> Iterator[None]:
    """Around a statement that enqueues among other things: a tenant queue that is full is an `OutboxBackpressureError`."""
    try:
        yield
    except CheckViolation as error:
        if error.constraint == "outbox_backpressure":
            raise OutboxBackpressureError from error
        raise
