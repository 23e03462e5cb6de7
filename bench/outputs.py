"""Reading outputs against DuckDB: pages of one scenario and metric out of ten million rows of a thousand runs.

Both read the same files, from disk and from (local) S3. On disk DuckDB is handed the very files of the
scenario, which spares it all planning; on S3 it goes through its Iceberg extension, as a user of the table
would. Both are warm processes that have answered some questions before; each question is about another
scenario and metric. The answers are compared row by row. Exports and memory are ours alone.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from typing import Any, TypeVar

import duckdb
import numpy as np
import orjson
from pyiceberg.table import Table
from zlib_ng import zlib_ng

from bench.report import Row, publish
from functions.api.outputs import OutputBody
from local.aws import LocalAws
from sextant.ids import new_id
from sextant.lake.objects.store import scheme_of, store_for
from sextant.lake.read.aggregate import aggregate
from sextant.lake.read.export import ExportFormat, export
from sextant.lake.read.plan import scenario_files
from sextant.lake.read.query import EVERYTHING, OutputFilter, PageKey
from sextant.lake.read.reader import read_page
from sextant.lake.read.scan import scan
from sextant.lake.table.catalog import load_table
from sextant.lake.table.settings import LakeSettings
from sextant.lake.write.commit import commit_batch
from sextant.lake.write.compaction import CompactionPolicy, compact
from sextant.lake.write.datafile import DataFileDescriptor, write_run
from sextant.lake.write.rows import OutputRows, RunIdentity
from tests.duck import connect

SCENARIOS, RUNS, LARGE = 80, 10, 200  # eighty scenarios of ten runs, and one of two hundred
DAYS = 250
METRICS = ("generation", "capacity_factor", "emissions", "price", "system_cost")
TECHNOLOGIES = ("biomass", "coal", "gas", "hydro", "nuclear", "oil", "solar", "wind")
ROWS = DAYS * len(METRICS) * len(TECHNOLOGIES)  # ten thousand rows a run
PAGE = 100
QUESTIONS = 60
FIRST_DAY = np.datetime64("2030-01-01")
TENANT = "acme"
COLUMNS = "metric, asof_date, value, unit, band_lower, band_upper, tags, attribution, run_id, scenario_id, version_hash"

T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """A page of a scenario's metric: the first, or the one after a key."""

    scenario: str
    metric: str
    after: PageKey | None


@dataclass(frozen=True)
class Data:
    """A table of ten million rows and what is in it."""

    table: Table
    scenarios: list[str]
    large: str
    runs: dict[str, list[str]]


# ----------------------------------------------------------------------------------------------- data


def a_run(rng: np.random.Generator) -> OutputRows:
    per_metric = DAYS * len(TECHNOLOGIES)
    values = rng.random(ROWS)
    return OutputRows(
        metric=np.repeat(METRICS, per_metric),
        asof_date=np.tile(np.repeat(FIRST_DAY + np.arange(DAYS), len(TECHNOLOGIES)), len(METRICS)),
        value=values,
        unit=np.repeat(["MWh", "1", "t", "EUR/MWh", "EUR"], per_metric),
        band_lower=values * 0.9,
        band_upper=values * 1.1,
        tags=[{"technology": name} for name in TECHNOLOGIES] * (ROWS // len(TECHNOLOGIES)),
    )


def settings_for(warehouse: str, directory: Path) -> LakeSettings:
    catalog = f"sqlite:///{directory}/{scheme_of(warehouse)}.db"
    return LakeSettings(
        warehouse, "sql", catalog, os.environ.get("AWS_REGION"), os.environ.get("AWS_ENDPOINT_URL")
    )


def write_all(settings: LakeSettings) -> tuple[Data, list[DataFileDescriptor]]:
    rng = np.random.default_rng(7)
    table = load_table(settings)
    store = store_for(scheme_of(settings.warehouse))
    runs: dict[str, list[str]] = {}
    descriptors: list[DataFileDescriptor] = []
    for number in range(SCENARIOS + 1):
        scenario = new_id()
        identities = [
            RunIdentity(TENANT, scenario, new_id(), "0" * 64, datetime.now(UTC))
            for _ in range(LARGE if number == SCENARIOS else RUNS)
        ]
        runs[str(scenario)] = [str(identity.run_id) for identity in identities]
        descriptors += [
            write_run(store, settings.table_location, a_run(rng), identity, 1) for identity in identities
        ]
    commit_all(table, descriptors)
    *scenarios, large = runs
    return Data(table, scenarios, large, runs), descriptors


def commit_all(table: Table, descriptors: Sequence[DataFileDescriptor]) -> None:
    for start in range(0, len(descriptors), 50):
        commit_batch(table, new_id(), descriptors[start : start + 50])


def copied(data: Data, descriptors: Sequence[DataFileDescriptor], settings: LakeSettings) -> Data:
    """The same files in a table somewhere else."""
    table = load_table(settings)
    store, moved = store_for(scheme_of(settings.warehouse), settings.region, settings.endpoint_url), []
    for descriptor in descriptors:
        source = data.table.metadata.location
        there = descriptor.location.replace(source, settings.table_location)
        store.put(there, Path(descriptor.location.removeprefix("file://")).read_bytes())
        moved.append(replace(descriptor, location=there))
    commit_all(table, moved)
    return replace(data, table=table)


# ----------------------------------------------------------------------------------------------- pages


def questions(data: Data, seed: int) -> list[Question]:
    rng = random.Random(seed)
    found = []
    for number in range(QUESTIONS):
        scenario, metric = rng.choice(data.scenarios), rng.choice(METRICS)
        day = date(2030, 1, 1) + timedelta(rng.randrange(DAYS))
        key = PageKey(metric, day, rng.choice(data.runs[scenario]), "technology\x1fhydro")
        found.append(Question(scenario, metric, key if number % 2 else None))
    return found


def our_page(table: Table, question: Question) -> list[Any]:
    page = read_page(
        table,
        TENANT,
        question.scenario,
        OutputFilter(metric=question.metric),
        limit=PAGE,
        after=question.after,
    )
    return list(page.rows)


def their_page(duck: duckdb.DuckDBPyConnection, source: str, question: Question) -> list[Any]:
    after = ""
    parameters: list[object] = [TENANT, question.scenario, question.metric]
    if (key := question.after) is not None:
        # The comparison that DuckDB can prune files by, and the rest of the key.
        after = "AND asof_date >= ? AND (asof_date > ? OR run_id > ? OR (run_id = ? AND tags > MAP {'technology': ?}))"
        parameters += [key.asof_date, key.asof_date, key.run_id, key.run_id, "hydro"]
    return duck.execute(
        f"""SELECT {COLUMNS} FROM {source} WHERE tenant_id = ? AND scenario_id = ? AND metric = ? {after}
            ORDER BY metric, asof_date, run_id, tags LIMIT {PAGE + 1}""",
        parameters,
    ).fetchall()[:PAGE]


def their_files(data: Data, question: Question) -> str:
    """The scenario's files, as a list DuckDB reads; found outside the time measured."""
    table = data.table
    current = table.metadata.current_snapshot()
    files = scenario_files(table.metadata, table.io, current, TENANT, question.scenario)
    return f"read_parquet({[file.location.removeprefix('file://') for file in files]})"


def pages(
    label: str,
    data: Data,
    duck: duckdb.DuckDBPyConnection,
    source: Callable[[Question], str],
    name: str,
    target: float,
) -> list[Row]:
    for question in questions(data, 1)[:10]:
        our_page(data.table, question)
        their_page(duck, source(question), question)
    ours, theirs = [], []
    for number, question in enumerate(questions(data, 2)):
        files = source(question)
        turns: list[Callable[[], None]] = [
            lambda q=question: ours.append(timed(lambda: our_page(data.table, q))),  # type: ignore[misc]
            lambda q=question, f=files: theirs.append(timed(lambda: their_page(duck, f, q))),  # type: ignore[misc]
        ]
        for turn in turns if number % 2 else reversed(turns):
            turn()
        same(ours[-1][1], theirs[-1][1])
    fast, slow = ([seconds * 1000 for seconds, _ in found] for found in (ours, theirs))
    return [
        Row(f"page of {PAGE}, {label}, p50", "ms", median(fast), median(slow), name, target, "lower"),
        Row(
            f"page of {PAGE}, {label}, p95",
            "ms",
            quantiles(fast, n=20)[18],
            quantiles(slow, n=20)[18],
            name,
            None,
            "lower",
        ),
    ]


def same(ours: Sequence[Any], theirs: Sequence[Any]) -> None:
    mine = [
        (r.metric, r.asof_date, r.value, r.unit, r.band_lower, r.band_upper, r.tags, r.attribution, r.run_id, r.scenario_id, r.version_hash)
        for r in ours
    ]  # fmt: skip
    if mine != theirs:
        raise RuntimeError("the two answers differ")


def timed(work: Callable[[], T]) -> tuple[float, T]:
    begin = time.perf_counter()
    found = work()
    return time.perf_counter() - begin, found


# ----------------------------------------------------------------------------------------------- the large scenario


def large_scenario(data: Data, duck: duckdb.DuckDBPyConnection) -> list[Row]:
    reading = scan(data.table, TENANT, data.large, EVERYTHING)
    rows = LARGE * ROWS
    current = data.table.metadata.current_snapshot()
    files = scenario_files(data.table.metadata, data.table.io, current, TENANT, data.large)
    source = f"read_parquet({[file.location.removeprefix('file://') for file in files]})"
    where = f"WHERE tenant_id = '{TENANT}' AND scenario_id = '{data.large}'"
    ours, theirs = [], []
    for _ in range(3):
        mine, groups = timed(lambda: aggregate(reading, ("metric",), (5, 50, 95)))
        other, answer = timed(
            lambda: duck.execute(
                f"SELECT metric, run_id, unit, count(value), min(value), max(value), favg(value), quantile_cont(value, [0.05, 0.5, 0.95])"
                f" FROM {source} {where} GROUP BY ALL ORDER BY ALL"
            ).fetchall()
        )
        ours.append(mine)
        theirs.append(other)
        if not np.allclose([list(g.percentiles.values()) for g in groups], [ranks for *_, ranks in answer]):
            raise RuntimeError("the two answers differ")
    found = [
        Row(
            f"percentiles, mean and extremes of {rows:,} rows",
            "s",
            median(ours),
            median(theirs),
            "DuckDB on the files",
            1.15,
            "lower",
        )
    ]
    for form, copy, target in (
        (ExportFormat.CSV, "FORMAT csv", 0.85),
        (ExportFormat.PARQUET, "FORMAT parquet, COMPRESSION zstd", 1.0),
    ):
        mine, _ = timed(lambda form=form: sum(map(len, export(reading, form))))  # type: ignore[misc]
        with tempfile.NamedTemporaryFile() as file:
            query = f"COPY (SELECT * EXCLUDE tenant_id FROM {source} {where}) TO '{file.name}' ({copy})"
            other, _ = timed(lambda query=query: duck.execute(query))  # type: ignore[misc]
        found.append(
            Row(f"export as {form.name}", "rows/s", rows / mine, rows / other, "DuckDB COPY", target)
        )
    return found


def sent(data: Data) -> list[Row]:
    """What a page of a thousand rows weighs as it is sent, and what compressing it costs."""
    page = read_page(data.table, TENANT, data.scenarios[0], EVERYTHING, limit=1000)
    plain = orjson.dumps(
        [{name: getattr(row, name) for name in OutputBody.model_fields} for row in page.rows]
    )
    times = [timed(lambda: zlib_ng.compress(plain, 4, 31)) for _ in range(21)]
    kilobytes = len(times[0][1]) / 1000
    milliseconds = median(seconds for seconds, _ in times) * 1000
    return [
        Row(
            "page of 1,000 rows of noise, as sent",
            "kB",
            kilobytes,
            len(plain) / 1000,
            "uncompressed",
            None,
            "lower",
        ),
        Row("page of 1,000 rows, compressing", "ms", milliseconds, better="lower"),
    ]


def memory(settings: LakeSettings, scenario: str) -> float:
    """The peak memory in megabytes of a process that exports a scenario as CSV."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.outputs", settings.warehouse, str(settings.catalog_url), scenario],
        check=True,
        capture_output=True,
        text=True,
    )
    return float(done.stdout)


def export_and_tell_memory(warehouse: str, catalog: str, scenario: str) -> None:
    table = load_table(LakeSettings(warehouse, "sql", catalog))
    for _ in export(scan(table, TENANT, scenario, EVERYTHING), ExportFormat.CSV):
        pass
    # Not getrusage: its peak is inherited from the process that started this one.
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")))


# ----------------------------------------------------------------------------------------------- all of it


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="sextant-bench-") as directory:
        home = Path(directory)
        disk = settings_for(f"file://{home}/warehouse", home)
        data, descriptors = write_all(disk)
        aws = LocalAws(home, persistent=False)
        aws.start()
        try:
            os.environ.update(aws.variables())
            rows = measure(data, descriptors, disk, home, aws)
        finally:
            aws.stop()
    publish("outputs", rows)


def measure(
    data: Data, descriptors: Sequence[DataFileDescriptor], disk: LakeSettings, home: Path, aws: LocalAws
) -> list[Row]:
    region = os.environ["AWS_REGION"]
    aws.client("s3").create_bucket(Bucket="bench", CreateBucketConfiguration={"LocationConstraint": region})
    on_s3 = copied(data, descriptors, settings_for("s3://bench/warehouse", home))
    with connect(os.environ) as duck:
        rows = pages("disk", data, duck, lambda q: their_files(data, q), "DuckDB on the files", 1.2)
        scanned = f"iceberg_scan('{on_s3.table.metadata_location}')"
        rows += pages("S3", on_s3, duck, lambda _: scanned, "DuckDB iceberg_scan", 0.6)
        rows += large_scenario(data, duck)
        rows += sent(data)
        small, large = memory(disk, data.scenarios[0]), memory(disk, data.large)
        rows.append(
            Row(
                f"peak memory, export of {LARGE * ROWS:,} rows",
                "MB",
                large,
                small,
                f"{RUNS * ROWS:,} rows",
                1.3,
                "lower",
            )
        )
        while compact(data.table, CompactionPolicy()).files_before:
            pass
        rows += pages(
            "disk, compacted", data, duck, lambda q: their_files(data, q), "DuckDB on the files", 1.2
        )
    return rows


if __name__ == "__main__":
    export_and_tell_memory(*sys.argv[1:])
