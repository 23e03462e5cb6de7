"""Metrics that are log lines: a record's fields in the embedded metric format, of which CloudWatch makes metrics.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
It needs no call, and the other fields of the line (ids, outcomes) lead from a metric to what happened.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

NAMESPACE = "Sextant"

# Counters that several functions add to; the alarms of the same names watch them (infra/constructs/monitoring.py).
RUNS_FAILED = "RunsFailed"
RUNS_PUBLISHED = "RunsPublished"
DATABASE_CIRCUIT_OPENED = "DatabaseCircuitOpened"


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


def counted(metric: str, number: int = 1) -> dict[str, Any]:
    """The fields that add `number` to the counter `metric`, whichever function logs them."""
    return embedded({metric: (number, "Count")}, [[]])
