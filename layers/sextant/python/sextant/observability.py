"""What is said of each request: one line that is a structured log record and CloudWatch metrics in one.

The line follows the embedded metric format
(https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html):
CloudWatch makes metrics of it without a call, and the ids in it lead from a metric to the request.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any, Protocol

from sextant.identity import Caller

NAMESPACE = os.environ.get("POWERTOOLS_METRICS_NAMESPACE", "Sextant")


class Log(Protocol):
    """The part of a logger that is needed here."""

    def info(self, msg: object, *, extra: Mapping[str, object] | None = None) -> None: ...


def embedded(metrics: Mapping[str, tuple[float, str]], dimensions: list[list[str]]) -> dict[str, Any]:
    """The fields that make a log line metrics: name → (value, unit), for each of the sets of dimensions."""
    return {
        "_aws": {
            "Timestamp": int(time.time() * 1000),
            "CloudWatchMetrics": [
                {
                    "Namespace": NAMESPACE,
                    "Dimensions": dimensions,
                    "Metrics": [{"Name": name, "Unit": unit} for name, (_, unit) in metrics.items()],
                }
            ],
        },
        **{name: value for name, (value, _) in metrics.items()},
    }


def request_served(
    log: Log, *, route: str, method: str, status: int, seconds: float, caller: Caller | None
) -> None:
    """The access log of one request; neither its body nor its token is ever part of it."""
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
            **embedded(metrics, [["service"], ["service", "route"]]),
            "route": f"{method} {route}",
            "status": status,
            "subject": caller.subject if caller else None,
            "trace_id": trace[1] if trace else None,
            "span_id": trace[2] if trace else None,
        },
    )
