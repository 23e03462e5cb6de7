"""Whether the database serves this process well enough: healthy, degraded or unhealthy, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from sextant.storage import breaker
from sextant.storage.metrics import StatementStatistics
from sextant.storage.pool import PoolStatistics

Status = Literal["healthy", "degraded", "unhealthy"]


@dataclass(frozen=True)
class HealthThresholds:
    """Where healthy ends; times in seconds, shares 0 to 1."""

    degraded_utilisation: float = 0.9
    degraded_latency: float = 0.25
    unhealthy_latency: float = 2.0
    degraded_success_rate: float = 0.95
    unhealthy_success_rate: float = 0.5


@dataclass(frozen=True)
class DatabaseHealth:
    """`reasons` are empty exactly when `status` is healthy; `latency` is None when the probe failed."""

    status: Status
    reasons: tuple[str, ...]
    latency: float | None
    breaker: breaker.State
    pool: PoolStatistics
    statements: StatementStatistics


def judge(
    latency: float | None,
    state: breaker.State,
    pool: PoolStatistics,
    statements: StatementStatistics,
    thresholds: HealthThresholds,
    *,
    read_only: bool = False,
) -> DatabaseHealth:
    """Health from a probe's latency and the statistics.

    A pool that lies idle is healthy; one that is full is only degraded, since it may just be busy.
    """
    grave: list[str] = []
    light: list[str] = []
    if latency is None:
        grave.append("the database does not answer")
    elif latency >= thresholds.unhealthy_latency:
        grave.append(f"the database takes {latency:.2f} s to answer")
    elif latency >= thresholds.degraded_latency:
        light.append(f"the database takes {latency:.2f} s to answer")
    if read_only:
        light.append("the database takes no writes")
    if state == "open":
        grave.append("the circuit breaker is open")
    elif state == "half_open":
        light.append("the circuit breaker is half open")
    if pool.waiting:
        light.append(f"{pool.waiting} callers wait for a connection")
    elif pool.max_size > 1 and pool.utilisation >= thresholds.degraded_utilisation:
        light.append(f"{pool.utilisation:.0%} of the connections are in use")
    if statements.success_rate < thresholds.unhealthy_success_rate:
        grave.append(f"only {statements.success_rate:.0%} of the last statements succeeded")
    elif statements.success_rate < thresholds.degraded_success_rate:
        light.append(f"only {statements.success_rate:.0%} of the last statements succeeded")
    status: Status = "unhealthy" if grave else "degraded" if light else "healthy"
    return DatabaseHealth(status, (*grave, *light), latency, state, pool, statements)
