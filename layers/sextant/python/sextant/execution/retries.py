"""Which failures of a run are worth another attempt, and after how long.

The delay grows exponentially and is spread evenly over its upper half, so that runs which failed together
do not come back together (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/).
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

LONGEST = 300.0


@dataclass(frozen=True, slots=True)
class Rule:
    """How one class of failure is retried: `base` seconds at first, doubling; at most `attempts` in all."""

    base: float = 1.0
    attempts: int | None = None
    poison: bool = False
    """Whether the run itself is to blame: out of attempts, it goes to the dead-letter queue."""


NEVER = Rule(attempts=1)

RULES: dict[str, Rule] = {
    "model_input": NEVER,
    "baseline_not_found": NEVER,
    "run_timeout": NEVER,
    # Nothing is wrong: the function was out of time, another begins afresh.
    "function_deadline": Rule(base=0.0),
    "dependency_failed": Rule(base=2.0),
    # A crash of the model will most likely come again.
    "internal_error": Rule(base=5.0, attempts=3, poison=True),
}


def retry_after(code: str, attempt: int, draw: Callable[[], float] = random.random) -> timedelta | None:
    """How long to wait after attempt number `attempt` failed with `code`; None where another makes no sense."""
    rule = RULES.get(code, Rule())
    if rule.attempts is not None and attempt >= rule.attempts:
        return None
    ceiling = min(LONGEST, rule.base * 2.0 ** min(attempt - 1, 20))
    return timedelta(seconds=ceiling * (0.5 + draw() / 2))


def is_poison(code: str) -> bool:
    """Whether a failure with `code` speaks against the run itself."""
    return RULES.get(code, Rule()).poison
