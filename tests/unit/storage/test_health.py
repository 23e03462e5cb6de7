"""Health from statistics: what is healthy, degraded, unhealthy, and why."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sextant.storage.breaker import State
from sextant.storage.health import HealthThresholds, judge
from sextant.storage.metrics import StatementLog, StatementStatistics
from sextant.storage.pool import PoolStatistics

POOL = PoolStatistics(
    min_size=1,
    max_size=10,
    in_use=0,
    idle=1,
    waiting=0,
    acquired=5,
    waited=0,
    wait_seconds=0.0,
    exhausted=0,
    opened=1,
    open_failures=0,
    discarded=0,
)
STATEMENTS = StatementStatistics(statements=5, failures=0, slow=0, success_rate=1.0, median=0.001, p95=0.002)


@pytest.mark.parametrize(
    ("latency", "breaker", "pool", "success_rate", "status"),
    [
        (0.01, "closed", POOL, 1.0, "healthy"),
        (0.01, "closed", replace(POOL, in_use=8), 1.0, "healthy"),
        (0.01, "closed", replace(POOL, in_use=9), 1.0, "degraded"),
        (0.01, "closed", replace(POOL, in_use=10, waiting=3), 1.0, "degraded"),
        (0.01, "closed", replace(POOL, max_size=1, in_use=1), 1.0, "healthy"),
        (0.25, "closed", POOL, 1.0, "degraded"),
        (2.0, "closed", POOL, 1.0, "unhealthy"),
        (None, "closed", POOL, 1.0, "unhealthy"),
        (0.01, "half_open", POOL, 1.0, "degraded"),
        (0.01, "open", POOL, 1.0, "unhealthy"),
        (0.01, "closed", POOL, 0.94, "degraded"),
        (0.01, "closed", POOL, 0.4, "unhealthy"),
    ],
)
def test_thresholds(
    latency: float | None, breaker: State, pool: PoolStatistics, success_rate: float, status: str
) -> None:
    health = judge(latency, breaker, pool, replace(STATEMENTS, success_rate=success_rate), HealthThresholds())
    assert health.status == status
    assert bool(health.reasons) == (status != "healthy")


def test_rates_and_percentiles_are_of_the_last_minute() -> None:
    now = [0.0]
    log = StatementLog(1.0, clock=lambda: now[0])
    for _ in range(10):
        log.record(b"SELECT 1", 0.5, failed=True)
    assert log.statistics().success_rate == 0
    now[0] = 61.0
    for number in range(100):
        log.record(b"SELECT 1", number / 100, failed=False)
    statistics = log.statistics()
    assert (statistics.success_rate, statistics.median, statistics.p95) == (1.0, 0.5, 0.95)
    assert (statistics.statements, statistics.failures) == (110, 10)
