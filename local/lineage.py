"""The trace header of an invocation, and in it how often each function stands in the chain that led to it.

Lambda counts by this header, which the SDK hands on with every call and SQS with every message. It stops a chain in
which one function would be invoked once more after sixteen times, unless that function may be in a loop.
Source: AWS's "Use Lambda recursive loop detection to prevent infinite loops", and X-Ray's "Tracing header".
"""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Iterable, Mapping
from urllib.parse import unquote

from functions.declaration import Function

LONGEST_CHAIN = 16
HEADER = "X-Amzn-Trace-Id"


class LoopError(Exception):
    """The function was invoked too often in one chain, and is not declared to be in a loop."""

    def __init__(self, function: str) -> None:
        super().__init__(
            f"{function} was invoked {LONGEST_CHAIN} times in one chain of invocations and is stopped: Lambda takes it for"
            " a loop; declare `loop` where it is meant"
        )


def lineage(header: str | None) -> Mapping[str, int]:
    """How often each function, by its key, stands in the chain that the header tells of."""
    counts: dict[str, int] = {}
    for part in unquote(header or "").split(";"):
        name, _, value = part.partition("=")
        if name.strip() == "Lineage":
            for link in value.split("|"):
                key, _, number = link.partition(":")
                if number.isascii() and number.isdigit():
                    counts[key] = int(number)
    return counts


def longest(headers: Iterable[str | None]) -> str | None:
    """Of the headers of a batch that of the longest chain."""
    return max(headers, key=lambda one: max(lineage(one).values(), default=0), default=None)


def follow(header: str | None, function: Function) -> str:
    """The header of an invocation of `function` by what had `header`. Raises `LoopError` where Lambda would stop it."""
    counts = dict(lineage(header))
    key = _key(function.name)
    if counts.get(key, 0) >= LONGEST_CHAIN and not function.loop:
        raise LoopError(function.name)
    counts[key] = counts.get(key, 0) + 1
    links = "|".join(f"{name}:{count}" for name, count in counts.items())
    root = next((part for part in (header or "").split(";") if part.startswith("Root=")), None)
    fresh = f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)}"
    return f"{root or fresh};Parent={secrets.token_hex(8)};Sampled=0;Lineage={links}"


def _key(function: str) -> str:
    return hashlib.sha256(function.encode()).hexdigest()[:8]
