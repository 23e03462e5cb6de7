"""How long to wait before a request is sent again, and the waiting, for both faces."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass


@dataclass(frozen=True)
class Retries:
    """How a request is repeated that got no answer, or one which says that later is better.

    attempts        how often it is sent at most
    first_pause     seconds before the second time; doubled each time, up to
    longest_pause   seconds; each pause is shortened by chance, up to a half
    longest_wait    seconds of a `Retry-After` that are still waited; a longer one is raised as a problem at once
    """

    attempts: int = 9
    first_pause: float = 0.25
    longest_pause: float = 8.0
    longest_wait: float = 60.0

    def pause(self, attempt: int) -> float:
        """Seconds before the attempt after this one, counted from 1."""
        pause = min(self.first_pause * 2.0 ** (attempt - 1), self.longest_pause)
        return pause * (1 - random.random() / 2)  # noqa: S311 - only spreads requests in time


def seconds(header: str | None) -> float | None:
    """The seconds of a `Retry-After`; None without one. The API gives no dates."""
    try:
        return max(0.0, float(header)) if header else None
    except ValueError:
        return None


def sleep(pause: float) -> None:
    """Wait for so many seconds, in the sync face."""
    time.sleep(pause)


async def sleep_async(pause: float) -> None:
    """Wait for so many seconds, in the async face."""
    import anyio

    await anyio.sleep(pause)
