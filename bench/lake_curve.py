"""Does the lake stay fast? A thousand commits, one after another, with maintenance at its schedule.

Every commit brings a run of its own. Per commit are measured: how long it took, its requests to S3, and what a
reader that has read before pays to plan a scenario's page from the new snapshot; every thirtieth time also what
one run's page costs a reader that remembers nothing. Maintenance (compaction, expiry) runs each hour, at the rate
of commits assumed below. Beside it stands the same table with neither compaction nor expiry, as pyiceberg leaves
one by default, committed to by the same code.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import numpy as np
from pyiceberg.manifest import clear_manifest_cache
from pyiceberg.table import Table

from bench.commit import system
from bench.report import Row, publish
from sextant.ids import new_id
from sextant.lake.objects.file_io import forget_cached_files
from sextant.lake.objects.store import S3Store, s3_store
from sextant.lake.read.data_file import forget_data
from sextant.lake.read.plan import forget_plans, pinned_snapshot, scenario_files
from sextant.lake.read.query import OutputFilter
from sextant.lake.read.reader import read_page
from sextant.lake.table.catalog import load_table
from sextant.lake.table.settings import LakeSettings
from sextant.lake.write import snapshot as snapshots
from sextant.lake.write.commit import commit_batch
from sextant.lake.write.compaction import compact
from sextant.lake.write.datafile import write_run
from sextant.lake.write.maintenance import expire_snapshots
from sextant.lake.write.rows import OutputRows, RunIdentity

COMMITS = int(os.environ.get("BENCH_COMMITS", "1200"))
TENANTS = ("acme", "beta", "gamma")
SCENARIOS = 24
ROWS = 200
# Commits between two runs of maintenance: it runs each hour, and a commit every 24 seconds is a busy day's mean.
MAINTENANCE_EVERY = 150
COLD_EVERY = 30
_IMAGE = Path(__file__).parent.parent / "docs" / "images" / "lake-curve.png"


@dataclass
class Curve:
    """What each commit cost, in order; `cold` at every `COLD_EVERY`th."""

    commit: list[float] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    plan: list[float] = field(default_factory=list)
    plan_requests: list[int] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    maintenance: list[tuple[int, float]] = field(default_factory=list)
    files: int = 0
    manifests: int = 0
    snapshots: int = 0


def main() -> None:
    with system() as settings:
        kept = measured(settings, maintained=True)
        left = measured(settings, maintained=False)
    draw(kept, left)
    publish("lake-curve", [*rows(kept, left)])


def measured(settings: LakeSettings, *, maintained: bool) -> Curve:
    """The curve of a fresh table."""
    curve, store = Curve(), s3_store(settings.region, settings.endpoint_url)
    rng = np.random.default_rng(1)
    scenarios = [(TENANTS[number % len(TENANTS)], new_id()) for number in range(SCENARIOS)]
    with _without_expiry() if not maintained else _as_it_is():
        table, reader = load_table(settings), load_table(settings)
        for number in range(COMMITS):
            tenant, scenario = scenarios[rng.integers(SCENARIOS)]
            run = RunIdentity(tenant, scenario, new_id(), "0" * 64, datetime.now(UTC))
            file = write_run(store, settings.table_location, some_rows(rng), run, 1)
            with _timed(store, curve.commit, curve.requests):
                commit_batch(table, new_id(), [file])
            reader.refresh()
            with _timed(store, curve.plan, curve.plan_requests):
                _plan(reader, tenant, str(scenario))
            if number % COLD_EVERY == COLD_EVERY - 1:
                _begin_cold()
                with _timed(store, curve.cold, []):
                    fresh = load_table(settings)
                    read_page(
                        fresh, tenant, str(scenario), OutputFilter(run_ids=frozenset({run.run_id})), limit=100
                    )
            if maintained and number % MAINTENANCE_EVERY == MAINTENANCE_EVERY - 1:
                began = time.perf_counter()
                compact(table)
                expire_snapshots(table, protect=[])
                curve.maintenance.append((number + 1, time.perf_counter() - began))
        _check(table)
        current = table.metadata.current_snapshot()
        assert current is not None
        curve.files = sum(1 for _ in table.scan().plan_files())
        curve.manifests = len(current.manifests(table.io))
        curve.snapshots = len(table.metadata.snapshots)
    table.catalog.drop_table(table.name())
    return curve


def some_rows(rng: np.random.Generator) -> OutputRows:
    return OutputRows(
        metric=np.repeat(["generation", "price"], ROWS // 2),
        asof_date=np.tile(np.datetime64("2026-01-01") + np.arange(ROWS // 2) * 30, 2),
        value=rng.random(ROWS),
        unit=["MWh"] * ROWS,
    )


def _plan(table: Table, tenant: str, scenario: str) -> None:
    """Which files a reading of the scenario needs, from the newest snapshot."""
    newest = pinned_snapshot(table.metadata, None)
    if not scenario_files(table.metadata, table.io, newest, tenant, scenario):
        raise RuntimeError("the scenario has files")


@contextmanager
def _timed(store: S3Store, seconds: list[float], requests: list[int]) -> Iterator[None]:
    before, began = store.requests.total(), time.perf_counter()
    yield
    seconds.append(time.perf_counter() - began)
    requests.append(store.requests.total() - before)


def _begin_cold() -> None:
    """Forget everything a process that has read would know."""
    forget_cached_files()
    forget_plans()
    forget_data()
    clear_manifest_cache()


@contextmanager
def _without_expiry() -> Iterator[None]:
    """Commits that expire nothing."""
    expirable = snapshots.expirable
    snapshots.expirable = lambda *_: set()
    try:
        yield
    finally:
        snapshots.expirable = expirable


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


def _check(table: Table) -> None:
    """Each run's rows stand once, whatever was compacted."""
    counts = table.scan(selected_fields=("run_id",)).to_arrow()["run_id"].value_counts()
    found = {one["counts"].as_py() for one in counts}
    if len(counts) != COMMITS or found != {ROWS}:
        raise RuntimeError(f"{len(counts)} runs of {found} rows are in the table")


def rows(kept: Curve, left: Curve) -> Iterator[Row]:
    hundred = slice(100, 200), slice(-100, None)
    for what, unit, factor, of in (
        ("commit", "ms", 1e3, "commit"),
        ("requests of a commit", "1", 1.0, "requests"),
        ("plan after a commit, warm reader", "ms", 1e3, "plan"),
    ):
        for curve, name in ((kept, "maintained"), (left, "never maintained")):
            values: Sequence[float] = getattr(curve, of)
            first, last = (factor * median(values[part]) for part in hundred)
            yield Row(
                f"{what}, {name}: the last 100 of {COMMITS:,}",
                unit,
                last,
                first,
                "the second 100",
                1.3 if curve is kept else None,
                "lower",
            )
    third = max(1, len(kept.cold) // 4)
    for curve, name in ((kept, "maintained"), (left, "never maintained")):
        yield Row(
            f"one run's page, cold reader, {name}: the last quarter",
            "ms",
            1e3 * median(curve.cold[-third:]),
            1e3 * median(curve.cold[:third]),
            "the first quarter",
            1.3 if curve is kept else None,
            "lower",
        )
    yield Row("data files in the end", "1", kept.files, left.files, "never maintained", None, "lower")
    yield Row("snapshots in the end", "1", kept.snapshots, left.snapshots, "never maintained", None, "lower")
    yield Row("manifests in the end", "1", kept.manifests, left.manifests, "never maintained", None, "lower")
    yield Row("maintenance, median", "s", median(seconds for _, seconds in kept.maintenance), better="lower")


def draw(kept: Curve, left: Curve) -> None:
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(1, 3, figsize=(12, 3.4), constrained_layout=True)
    window = 25
    for curve, name, colour in ((left, "never maintained", "#b0b0b0"), (kept, "maintained", "#1f6f8b")):
        for axis, values, factor in (
            (axes[0], curve.commit, 1e3),
            (axes[1], curve.plan, 1e3),
        ):
            smooth = [factor * median(values[max(0, i - window) : i + 1]) for i in range(len(values))]
            axis.plot(range(1, len(values) + 1), smooth, color=colour, label=name)
        at = [COLD_EVERY * (i + 1) for i in range(len(curve.cold))]
        axes[2].plot(at, [1e3 * one for one in curve.cold], color=colour, label=name)
    for axis, title in zip(
        axes,
        ("commit", "plan after it, warm reader", "one run's page, cold reader"),
        strict=True,
    ):
        for number, _ in kept.maintenance:
            axis.axvline(number, color="#e8b04a", linewidth=0.6)
        axis.set_title(f"{title} (ms)", fontsize=10)
        axis.set_xlabel("commits")
        axis.set_ylim(bottom=0)
        axis.legend(fontsize=8, frameon=False)
    figure.savefig(_IMAGE, dpi=110)
    plt.close(figure)


if __name__ == "__main__":
    main()
