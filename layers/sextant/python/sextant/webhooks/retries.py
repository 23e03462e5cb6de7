"""What an answer means for a delivery, and when one that failed is tried again."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from sextant.webhooks.model import Outcome

FIRST = 5.0
"""Seconds until the second attempt; each after that waits four times as long."""
LONGEST = 12 * 3600.0
GIVE_UP_AFTER = 3 * 86_400.0
"""Seconds since a delivery was begun after which none is tried again."""
_JITTER = 0.2
_GROWTH = 4


def outcome_of(status: int | None) -> Outcome:
    """What a status means; None is that there was no answer."""
    if status is None:
        return "RETRY"
    if 200 <= status < 300:
        return "DELIVERED"
    return "GONE" if status == 410 else "RETRY"


def delay_after(turn: int, draw: Callable[[], float] = random.random) -> float:
    """Seconds until the next attempt, after `turn` of them, 1 being the first: 5 s, 20 s, 80 s … 12 h, each up to a fifth off."""
    exact: float = min(FIRST * _GROWTH ** min(turn - 1, 20), LONGEST)
    return exact * (1 - _JITTER + 2 * _JITTER * draw())


def retry_after(head: Mapping[str, str], now: datetime) -> float:
    """Seconds that an answer asks to be left alone for, at most `LONGEST`; 0 where it asks for none or says it badly."""
    given = head.get("retry-after", "").strip()
    if given.isascii() and given.isdigit():
        return min(float(given), LONGEST)
    try:
        moment = parsedate_to_datetime(given)
    except ValueError:
        return 0.0
    seconds = (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds()
    return min(max(seconds, 0.0), LONGEST)
