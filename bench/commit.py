"""Group commit against every worker appending for itself: runs a second, and how many fail.

Writers are processes of their own, on one catalog (Postgres) and one store (local S3). Ours write data
files and hand descriptors to one committer process; the others call pyiceberg's `table.append`, with its
own FileIO and its own retries. Each measurement has a fresh table; measurements alternate.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import queue
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from multiprocessing.context import SpawnProcess
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier, Event
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.exceptions import CommitFailedException

from bench.report import Row, publish
from local.aws import LocalAws
from local.postgres import Postgres
from sextant.ids import new_id
from sextant.lake.objects.store import s3_store
from sextant.lake.table.catalog import load_table
from sextant.lake.table.columns import OUTPUTS
from sextant.lake.table.iceberg import PARTITION_SPEC, SORT_ORDER, schema_of
from sextant.lake.table.settings import LakeSettings
from sextant.lake.write.commit import commit_batch
from sextant.lake.write.datafile import DataFileDescriptor, write_run
from sextant.lake.write.rows import OutputRows, RunIdentity, to_arrow

ROUNDS = 3
SECONDS = 8.0
ROWS = 1_000
TENANTS = ("acme", "beta", "gamma")
BATCH = 500  # the most files one commit takes

_processes = multiprocessing.get_context("spawn")


@dataclass(frozen=True)
class Measured:
    """One measurement: runs committed a second, runs that failed for good, seconds until a run was visible."""

    rate: float
    failed: int
    tried: int
    visible: tuple[float, ...] = ()


def a_run() -> tuple[OutputRows, RunIdentity]:
    """A run of a thousand rows."""
    technologies = [{"technology": name} for name in ("solar", "wind", "gas", "coal", "nuclear")]
    per_metric = ROWS // 4
    rows = OutputRows(
        metric=np.repeat(["generation", "capacity_factor", "emissions", "system_cost"], per_metric),
        asof_date=np.tile(np.repeat(np.datetime64("2025-01-01") + np.arange(per_metric // 5) * 30, 5), 4),
        value=np.random.default_rng().random(ROWS),
        unit=["MWh"] * ROWS,
        tags=technologies * (ROWS // 5),
    )
    tenant = TENANTS[os.getpid() % len(TENANTS)]
    return rows, RunIdentity(tenant, new_id(), new_id(), "0" * 64, datetime.now(UTC))


# ----------------------------------------------------------------------------------------------- ours


def write_files(settings: LakeSettings, start: Barrier, stop: Event, handed: Queue[Any]) -> None:
    store = s3_store(settings.region, settings.endpoint_url)
    write_run(store, settings.table_location, *a_run(), 0)  # connects and warms up; never handed over
    start.wait()
    while not stop.is_set():
        descriptor = write_run(store, settings.table_location, *a_run(), 1)
        handed.put((time.monotonic(), descriptor.to_json()))
    handed.put(None)  # so that the committer knows when nothing more can come


def commit_files(
    settings: LakeSettings, start: Barrier, writers: int, handed: Queue[Any], out: Queue[Any]
) -> None:
    table = load_table(settings)
    start.wait()
    begin = time.monotonic()
    visible: list[float] = []
    while writers:
        drained = drain(handed)
        waiting = [one for one in drained if one is not None]
        writers -= len(drained) - len(waiting)
        if waiting:
            commit_batch(table, new_id(), [DataFileDescriptor.from_json(document) for _, document in waiting])
            now = time.monotonic()
            visible += [now - written for written, _ in waiting]
    elapsed = time.monotonic() - begin
    rows = table.scan().count()
    if rows != ROWS * len(visible):
        raise RuntimeError(f"{len(visible)} runs were committed, but {rows} rows are in the table")
    out.put(Measured(len(visible) / elapsed, 0, len(visible), tuple(visible)))


def drain(handed: Queue[Any]) -> list[Any]:
    waiting: list[Any] = []
    try:
        waiting.append(handed.get(timeout=0.2))
        while len(waiting) < BATCH:
            waiting.append(handed.get_nowait())
    except queue.Empty:
        pass
    return waiting


def ours(settings: LakeSettings, writers: int) -> Measured:
    table = load_table(settings)
    table.catalog.drop_table(table.name())
    load_table(settings).catalog.close()
    start, stop = _processes.Barrier(writers + 2), _processes.Event()
    handed: Queue[Any] = _processes.Queue()
    out: Queue[Any] = _processes.Queue()
    processes = [
        _processes.Process(target=write_files, args=(settings, start, stop, handed)) for _ in range(writers)
    ]
    processes.append(_processes.Process(target=commit_files, args=(settings, start, writers, handed, out)))
    found: list[Measured] = run_for_a_while(processes, start, stop, lambda: [out.get(timeout=120)])
    return found[0]


# ----------------------------------------------------------------------------------------------- theirs


def append_directly(settings: LakeSettings, start: Barrier, stop: Event, out: Queue[Any]) -> None:
    logging.disable(logging.WARNING)  # it says so each time it retries
    table = plain_catalog(settings).load_table("market.direct")
    done = failed = 0
    start.wait()
    begin = time.monotonic()
    while not stop.is_set():
        try:
            table.append(to_arrow(*a_run()))
        except CommitFailedException:
            failed += 1
            table.refresh()
        else:
            done += 1
    out.put((done, failed, time.monotonic() - begin))


def plain_catalog(settings: LakeSettings) -> SqlCatalog:
    """The same catalog as pyiceberg comes, with its own FileIO."""
    return SqlCatalog(
        "plain",
        uri=str(settings.catalog_url),
        warehouse=settings.warehouse,
        **{
            "s3.endpoint": str(settings.endpoint_url),
            "s3.region": str(settings.region),
            "s3.access-key-id": os.environ["AWS_ACCESS_KEY_ID"],
            "s3.secret-access-key": os.environ["AWS_SECRET_ACCESS_KEY"],
        },
    )


def theirs(settings: LakeSettings, writers: int) -> Measured:
    catalog = plain_catalog(settings)
    catalog.create_namespace_if_not_exists("market")
    if catalog.table_exists("market.direct"):
        catalog.drop_table("market.direct")
    catalog.create_table(
        "market.direct",
        schema_of(OUTPUTS),
        location=f"{settings.warehouse}/direct-{new_id()}",
        partition_spec=PARTITION_SPEC,
        sort_order=SORT_ORDER,
    )
    start, stop = _processes.Barrier(writers + 1), _processes.Event()
    out: Queue[Any] = _processes.Queue()
    processes = [
        _processes.Process(target=append_directly, args=(settings, start, stop, out)) for _ in range(writers)
    ]
    counts = run_for_a_while(processes, start, stop, lambda: [out.get(timeout=300) for _ in range(writers)])
    catalog.close()
    done, failed = sum(count[0] for count in counts), sum(count[1] for count in counts)
    return Measured(done / max(count[2] for count in counts), failed, done + failed)


# ----------------------------------------------------------------------------------------------- both


def run_for_a_while(
    processes: list[SpawnProcess], start: Barrier, stop: Event, collect: Callable[[], list[Any]]
) -> list[Any]:
    """Let the processes work together for `SECONDS`, and collect what they report."""
    for process in processes:
        process.start()
    start.wait(120)
    time.sleep(SECONDS)
    stop.set()
    found = collect()
    for process in processes:
        process.join(60)
        if process.exitcode != 0:
            raise RuntimeError(f"a writer ended with {process.exitcode}")
    return found


@contextmanager
def system() -> Iterator[LakeSettings]:
    """A catalog and a store of this benchmark's own."""
    with tempfile.TemporaryDirectory(prefix="sextant-bench-") as directory:
        postgres, aws = Postgres(Path(directory), durable=True), LocalAws(Path(directory), persistent=False)
        postgres.start()
        aws.start()
        try:
            os.environ.update(aws.variables())
            postgres.create_database("iceberg")
            aws.client("s3").create_bucket(
                Bucket="bench", CreateBucketConfiguration={"LocationConstraint": os.environ["AWS_REGION"]}
            )
            yield LakeSettings(
                warehouse="s3://bench/warehouse",
                catalog="sql",
                catalog_url=postgres.url("iceberg").replace("postgresql://", "postgresql+psycopg://", 1),
                region=os.environ["AWS_REGION"],
                endpoint_url=aws.endpoint,
            )
        finally:
            aws.stop()
            postgres.forget()


def main() -> None:
    rows = []
    with system() as settings:
        for writers, target in ((4, 10.0), (8, 20.0)):
            grouped, direct = [], []
            for _ in range(ROUNDS):
                direct.append(theirs(settings, writers))
                grouped.append(ours(settings, writers))
            rows += [
                Row(
                    f"runs committed, {writers} writers",
                    "1/s",
                    median(m.rate for m in grouped),
                    median(m.rate for m in direct),
                    "table.append",
                    target,
                ),
                Row(
                    f"runs that failed, {writers} writers",
                    "%",
                    100 * sum(m.failed for m in grouped) / sum(m.tried for m in grouped),
                    100 * sum(m.failed for m in direct) / sum(m.tried for m in direct),
                    "table.append",
                    None,
                    "lower",
                ),
                Row(
                    f"written → visible p95, {writers} writers",
                    "s",
                    float(np.percentile([s for m in grouped for s in m.visible], 95)),
                    target=2.0,
                    better="lower",
                ),
            ]
    publish("commit", rows)


if __name__ == "__main__":
    main()
