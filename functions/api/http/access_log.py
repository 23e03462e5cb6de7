"""The access log: one line for each request, a structured log record and CloudWatch metrics in one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from sextant.identity import Caller
from sextant.observability import embedded


class Log(Protocol):
    """The part of a logger that is needed here."""

    def info(self, msg: object, *, extra: Mapping[str, object] | None = None) -> None: ...


def request_served(
    log: Log, *, route: str, method: str, status: int, seconds: float, caller: Caller | None
) -> None:
    """The access log of one request, which took `seconds` beside what it asked to wait.

    Neither its body nor its token is ever part of it.
    """
    metrics = {
        "Latency": (round(seconds * 1000, 3), "Milliseconds"),
        "Requests": (1, "Count"),
        "ServerErrors": (int(status >= 500), "Count"),
        "ClientErrors": (int(400 <= status < 500), "Count"),
        "Throttled": (int(status == 429), "Count"),
    }
    trace = caller.traceparent.split("-") if caller and caller.traceparent else ()
    log.info(
        "request served",
        extra={
            **embedded(metrics, [[], ["service"], ["service", "route"]]),
            "route": f"{method} {route}",
            "status": status,
            "subject": caller.subject if caller else None,
            "trace_id": trace[1] if trace else None,
            "span_id": trace[2] if trace else None,
        },
    )
