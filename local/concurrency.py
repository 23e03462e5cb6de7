"""How many invocations run at once: the account's limit, and the shares reserved for functions, as Lambda counts them.

What the limit refuses is throttled; what merely waits for one of this machine's processes counts as running, since on
AWS it would have an environment of its own.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from functions.declaration import Function

NEW_ACCOUNT = 10
"""What an account is given at first."""
USUAL_ACCOUNT = 1_000
UNRESERVED = 100
"""What Lambda keeps for functions without a share; an account with less than that beside the shares has none."""


class ThrottledError(Exception):
    """No more invocations may run: of the function, or of the account."""

    def __init__(self, function: str, reason: str) -> None:
        super().__init__(f"{function}: {reason}")
        self.reason = reason
        """Lambda's word for which limit it is."""


def account_limit() -> int:
    """`SEXTANT_LOCAL_CONCURRENCY`, or what accounts usually have. Raises ValueError for what is no limit."""
    given = os.environ.get("SEXTANT_LOCAL_CONCURRENCY") or str(USUAL_ACCOUNT)
    if not given.isascii() or not given.isdigit() or int(given) == 0:
        raise ValueError(
            f"SEXTANT_LOCAL_CONCURRENCY must be a whole number above 0, such as {NEW_ACCOUNT} for a new account, not {given!r}"
        )
    return int(given)


class Concurrency:
    """Counts what runs. For one event loop."""

    def __init__(self, functions: Iterable[Function], limit: int = USUAL_ACCOUNT) -> None:
        shares = {one.name: one.reserved_concurrency for one in functions if one.reserved_concurrency}
        left = limit - sum(shares.values())
        self._shares = shares if left >= UNRESERVED else {}
        self._unreserved = left if self._shares else limit
        self.counts: Counter[str] = Counter()
        """How many of each function run."""
        self.peak: Counter[str] = Counter()
        """The most of each function that ran at once."""

    def share(self, function: str) -> int | None:
        """What is reserved for the function, and its limit."""
        return self._shares.get(function)

    @contextmanager
    def slot(self, function: str) -> Iterator[None]:
        """Within it one more invocation runs. Raises `ThrottledError` where none may."""
        share = self._shares.get(function)
        if share is not None:
            if self.counts[function] >= share:
                raise ThrottledError(function, "ReservedFunctionConcurrentInvocationLimitExceeded")
        elif sum(n for name, n in self.counts.items() if name not in self._shares) >= self._unreserved:
            raise ThrottledError(function, "ConcurrentInvocationLimitExceeded")
        self.counts[function] += 1
        self.peak[function] = max(self.peak[function], self.counts[function])
        try:
            yield
        finally:
            self.counts[function] -= 1
