"""Who reads this machine's clock of the day, and why it may: a deadline, a lease or an age never does."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

from functions.declaration import RUN_WORKER
from functions.time_left import TimeLeft

ROOT = Path(__file__).parents[2]
PACKAGES = (ROOT / "functions", ROOT / "layers/sextant/python/sextant")

# Each reads the moment to write it down or to hand it to one who has no other clock; none decides by comparing it with another machine's.
MAY_READ = {
    "functions/api/exports.py": "the links it signs end by the clock that signs them",
    "functions/api/baseline_tables.py": "the links it signs end by the clock that signs them",
    "functions/api/output_files.py": "the links it signs end by the clock that signs them",
    "functions/api/outputs.py": "the link it signs ends by the clock that signs it",
    "functions/api/journaling.py": "when a receipt was given; the database, which would say it, is away",
    "functions/operations/handler.py": "when an event came whose message does not say",
    "sextant/exports/delivery.py": "the day in a query's token",
    "sextant/ids.py": "identifiers, whose order is no deadline",
    "sextant/journal/settings_copy.py": "the minute that is counted in; the database is away",
    "sextant/lake/write/times.py": "held against the database's time, to warn of a wrong clock",
    "sextant/observability.py": "when a metric was emitted",
    "sextant/operations/decisions/analyst.py": "a name in the logs",
    "sextant/operations/events/platform_failures.py": "when something happened; the database bounds it by its own time",
    "sextant/outbox/administration/service.py": "shown to nobody: the database's time is stored",
    "sextant/storage/breaker.py": "when an outage began and ended, to be told",
    "sextant/storage/iam.py": "the moment in a signature, which AWS checks",
    "sextant/storage/metrics.py": "ages of this process's own statements",
    "sextant/storage/pool.py": "ages of this process's own connections, across a freeze that stops the monotonic clock",
    "sextant/webhooks/delivering.py": "the moment in a signature, which consumers check, and the date that an answer asks to be left alone until",
    "sextant/storage/temporal/cache.py": "ages of this process's own entries, across a freeze that stops the monotonic clock",
}
_READS = {
    "datetime.now",
    "datetime.utcnow",
    "time.time",
    "time.time_ns",
    "context.get_remaining_time_in_millis",
}


def test_only_who_may_reads_the_clock_of_the_day() -> None:
    reading = Counter(
        file.relative_to(ROOT).as_posix().removeprefix("layers/sextant/python/")
        for package in PACKAGES
        for file in package.rglob("*.py")
        if _reads_clock(file)
    )
    assert reading.keys() == MAY_READ.keys()


def _reads_clock(file: Path) -> bool:
    tree = ast.parse(file.read_text())
    imported = any(
        isinstance(node, ast.ImportFrom)
        and node.module == "time"
        and any(name.name == "time" for name in node.names)
        for node in ast.walk(tree)
    )
    return imported or any(
        isinstance(node, ast.Attribute) and ast.unparse(node) in _READS for node in ast.walk(tree)
    )


def test_an_invocation_lasts_as_long_as_it_is_declared() -> None:
    now = 100.0
    left = TimeLeft(RUN_WORKER, lambda: now)
    assert left() == RUN_WORKER.timeout
    now += 30
    assert left() == RUN_WORKER.timeout - 30
