"""Run a whole transaction again after a transient error, with exponential backoff and full jitter."""

from __future__ import annotations

import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from time import sleep
from typing import TypeVar

from sextant.storage.errors import CommitOutcomeUnknown, StorageError

T = TypeVar("T")

logger = logging.getLogger("sextant.storage")


@dataclass(frozen=True)
class RetryPolicy:
    """At most `attempts` in all; before attempt n+1 a pause drawn evenly from 0 to min(cap, base·2^(n-1)).

    Full jitter: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    attempts: int
    base_delay: float
    max_delay: float
    pause: Callable[[float], None] = sleep
    draw: Callable[[], float] = random.random

    def run(self, attempt: Callable[[], T], *, idempotent: bool = False) -> T:
        """The result of `attempt`, called again on transient errors only.

        A commit of unknown outcome is repeated only where `idempotent` says that twice does no harm.
        """
        for number in range(1, self.attempts + 1):
            try:
                return attempt()
            except StorageError as error:
                repeatable = error.transient or (idempotent and isinstance(error, CommitOutcomeUnknown))
                if not repeatable or number == self.attempts:
                    raise
                delay = self.draw() * min(self.max_delay, self.base_delay * 2 ** (number - 1))
                logger.info(
                    "transaction is run again", extra={"code": error.code, "attempt": number, "delay": delay}
                )
                self.pause(delay)
        raise AssertionError("unreachable")
