"""The lake alone: workers, committers and compaction are killed and suspended at random, hundreds of times.

A ledger in Postgres stands for the service's tables, and is kinder to nobody: two committers may hold the
same batch at once, batches are handed out twice and their files in any order, and a suspended process
(SIGSTOP) wakes up seconds later and goes on where it was. Afterwards the rows of every run are counted
through Iceberg and through DuckDB, and orphan removal must leave exactly the table's own files.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from local.aws import LocalAws
from local.postgres import Postgres
from sextant.ids import new_id
from sextant.lake.catalog import LakeSettings, disconnect, load_table
from sextant.lake.commit import commit_batch
from sextant.lake.compaction import CompactionPolicy, compact
from sextant.lake.datafile import DataFileDescriptor, write_run
from sextant.lake.errors import CommitContentionError
from sextant.lake.maintenance import expire_snapshots, remove_orphans
from sextant.lake.rows import OutputRows, RunIdentity
from sextant.lake.store import s3_store
from tests.chaos.verdict import Verdict
from tests.duck import connect

RUNS = int(os.environ.get("CHAOS_RUNS", "600"))
TENANTS = ("alpha", "beta", "gamma")
SCENARIOS = 12
WITHIN = 420.0
_LEDGER = """
CREATE TABLE run (run_id uuid PRIMARY KEY, tenant_id text, scenario_id uuid, rows int, token int DEFAULT 0,
                  claimed_at timestamptz, descriptor jsonb, batch uuid, snapshot bigint)
"""

_processes = multiprocessing.get_context("spawn")


# ----------------------------------------------------------------------------------------------- the processes


def work(settings: LakeSettings, ledger: str) -> None:
    """Claims runs that nobody finished, under a new token, and writes their files."""
    store = s3_store(settings.region, settings.endpoint_url)
    with psycopg.connect(ledger, autocommit=True, row_factory=dict_row) as connection:
        while True:
            run = connection.execute(
                """UPDATE run SET token = token + 1, claimed_at = now() WHERE run_id =
                     (SELECT run_id FROM run WHERE descriptor IS NULL
                      AND (claimed_at IS NULL OR claimed_at < now() - interval '1 second')
                      LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING *"""
            ).fetchone()
            if run is None:
                time.sleep(0.2)
                continue
            identity = RunIdentity(
                run["tenant_id"], run["scenario_id"], run["run_id"], "0" * 64, datetime.now(UTC)
            )
            descriptor = write_run(
                store, settings.table_location, some_rows(run["rows"]), identity, run["token"]
            )
            # The first writer wins; a later one's file is an orphan.
            connection.execute(
                "UPDATE run SET descriptor = %s WHERE run_id = %s AND descriptor IS NULL",
                (Jsonb(descriptor.to_json()), run["run_id"]),
            )


def commit(settings: LakeSettings, ledger: str, seed: int) -> None:
    """Finishes the open batch, or opens one; twice and in any order, and beside another committer."""
    rng = random.Random(seed)
    table = load_table(settings)
    with psycopg.connect(ledger, autocommit=True, row_factory=dict_row) as connection:
        while True:
            batch = open_batch(connection)
            if batch is None:
                time.sleep(0.05)
                continue
            files = connection.execute("SELECT descriptor FROM run WHERE batch = %s", (batch,)).fetchall()
            descriptors = [DataFileDescriptor.from_json(file["descriptor"]) for file in files]
            snapshot = 0
            for _ in range(rng.choice([1, 1, 2])):
                rng.shuffle(descriptors)
                snapshot = commit_batch(table, batch, descriptors)
            connection.execute(
                "UPDATE run SET snapshot = %s WHERE batch = %s AND snapshot IS NULL", (snapshot, batch)
            )


def open_batch(connection: psycopg.Connection[dict[str, Any]]) -> UUID | None:
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(1)")
        found = connection.execute(
            "SELECT batch FROM run WHERE batch IS NOT NULL AND snapshot IS NULL LIMIT 1"
        ).fetchone()
        if found is not None:
            batch: UUID = found["batch"]
            return batch
        made = new_id()
        taken = connection.execute(
            """UPDATE run SET batch = %s WHERE run_id IN
                 (SELECT run_id FROM run WHERE batch IS NULL AND descriptor IS NOT NULL LIMIT 24)""",
            (made,),
        ).rowcount
        return made if taken else None


def maintain(settings: LakeSettings, ledger: str) -> None:
    """Compacts and expires all the time, far more eagerly than a service would."""
    table = load_table(settings)
    with psycopg.connect(ledger, autocommit=True) as connection:
        while True:
            unfinished = [
                batch
                for (batch,) in connection.execute(
                    "SELECT DISTINCT batch FROM run WHERE batch IS NOT NULL AND snapshot IS NULL"
                )
            ]
            try:
                compact(
                    table,
                    CompactionPolicy(least_files=3, small_rows=2000, group_rows=20_000),
                    protect=unfinished,
                )
                expire_snapshots(table, protect=unfinished, keep=10)
            except CommitContentionError:
                time.sleep(0.1)


def some_rows(count: int) -> OutputRows:
    return OutputRows(
        metric=["price"] * count,
        asof_date=[datetime(2030, 1, 1, tzinfo=UTC).date() + timedelta(day) for day in range(count)],
        value=[float(day) for day in range(count)],
        unit=["EUR/MWh"] * count,
    )


# ----------------------------------------------------------------------------------------------- the campaign


def main() -> int:
    seed = int(os.environ.get("CHAOS_SEED", str(random.randrange(10**6))))
    sys.stdout.write(f"seed {seed} (CHAOS_SEED={seed} repeats it), {RUNS} runs\n")
    verdict, rng = Verdict("lake", seed), random.Random(seed)
    with tempfile.TemporaryDirectory(prefix="sextant-chaos-") as directory:
        postgres, aws = Postgres(Path(directory), durable=True), LocalAws(Path(directory), persistent=False)
        postgres.start()
        aws.start()
        try:
            os.environ.update(aws.variables())
            settings, ledger = _prepare(postgres, aws)
            expected = _ask(ledger, rng)
            began = time.monotonic()
            _break_and_mend(settings, ledger, rng, verdict)
            verdict.found["seconds"] = time.monotonic() - began
            _judge(settings, ledger, expected, verdict)
            disconnect(settings)
        finally:
            aws.stop()
            postgres.forget()
    return verdict.conclude()


def _prepare(postgres: Postgres, aws: LocalAws) -> tuple[LakeSettings, str]:
    for name in ("iceberg", "ledger"):
        postgres.create_database(name)
    region = os.environ["AWS_REGION"]
    aws.client("s3").create_bucket(Bucket="chaos", CreateBucketConfiguration={"LocationConstraint": region})
    catalog = postgres.url("iceberg").replace("postgresql://", "postgresql+psycopg://", 1)
    settings = LakeSettings("s3://chaos/warehouse", "sql", catalog, region, aws.endpoint)
    load_table(settings)
    return settings, postgres.url("ledger")


def _ask(ledger: str, rng: random.Random) -> dict[str, int]:
    """The runs to do, and how many rows each must have in the end."""
    scenarios = [(rng.choice(TENANTS), new_id()) for _ in range(SCENARIOS)]
    expected: dict[str, int] = {}
    with psycopg.connect(ledger, autocommit=True) as connection:
        connection.execute(_LEDGER)
        for _ in range(RUNS):
            run, rows = new_id(), rng.randint(1, 200)
            expected[str(run)] = rows
            connection.execute(
                "INSERT INTO run (run_id, tenant_id, scenario_id, rows) VALUES (%s, %s, %s, %s)",
                (run, *rng.choice(scenarios), rows),
            )
    return expected


def _break_and_mend(settings: LakeSettings, ledger: str, rng: random.Random, verdict: Verdict) -> None:
    """Kill, suspend and restart until every run is finished."""
    starters: dict[str, Callable[[], SpawnProcess]] = {
        **{f"worker {n}": lambda: _start(work, settings, ledger) for n in range(2)},
        **{
            f"committer {n}": lambda: _start(commit, settings, ledger, rng.randrange(10**6)) for n in range(2)
        },
        "maintenance": lambda: _start(maintain, settings, ledger),
    }
    running = {name: start() for name, start in starters.items()}
    suspended: dict[str, float] = {}
    deadline = time.monotonic() + WITHIN
    with psycopg.connect(ledger, autocommit=True) as connection:
        while time.monotonic() < deadline:
            time.sleep(rng.uniform(0.1, 0.6))
            waiting = connection.execute("SELECT count(*) FROM run WHERE snapshot IS NULL").fetchone()
            if waiting == (0,):
                break
            for name in [name for name, until in suspended.items() if until < time.monotonic()]:
                _signal(running[name], signal.SIGCONT)
                del suspended[name]
            name = rng.choice([name for name in running if name not in suspended])
            kind = name.split()[0]
            process = running[name]
            if not process.is_alive():
                verdict.wrong[f"{kind} failed"] = verdict.wrong.get(f"{kind} failed", 0) + 1
                running[name] = starters[name]()
            elif rng.random() < 0.25:
                _signal(process, signal.SIGSTOP)
                suspended[name] = time.monotonic() + rng.uniform(0.5, 4)
                verdict.inject(f"{kind} suspended")
            elif time.monotonic() - _started[process.pid or 0] > 2:  # let it begin before it ends
                process.kill()
                process.join()
                running[name] = starters[name]()
                verdict.inject(f"{kind} killed")
    for process in running.values():
        process.kill()
        process.join()


_started: dict[int, float] = {}


def _start(target: Callable[..., None], *arguments: object) -> SpawnProcess:
    process = _processes.Process(target=target, args=arguments, daemon=True)
    process.start()
    _started[process.pid or 0] = time.monotonic()
    return process


def _signal(process: SpawnProcess, what: signal.Signals) -> None:
    if process.pid is not None:
        os.kill(process.pid, what)


# ----------------------------------------------------------------------------------------------- the verdict


def _judge(settings: LakeSettings, ledger: str, expected: dict[str, int], verdict: Verdict) -> None:
    table = load_table(settings)
    with psycopg.connect(ledger) as connection:
        found = connection.execute(
            "SELECT count(*) FILTER (WHERE snapshot IS NULL), max(token) FROM run"
        ).fetchone()
        assert found is not None
        verdict.wrong["runs not finished"], verdict.found["most claims of a run"] = found
    rows = Counter(table.scan(selected_fields=("run_id",)).to_arrow()["run_id"].to_pylist())
    verdict.found["runs in the table"] = len(rows)
    verdict.found["rows in the table"] = rows.total()
    verdict.wrong["runs lost"] = len(expected.keys() - rows.keys())
    verdict.wrong["runs with rows missing"] = sum(0 < rows[run] < count for run, count in expected.items())
    verdict.wrong["runs with rows twice"] = sum(rows[run] > count for run, count in expected.items())
    with connect(os.environ) as duck:
        by_duck = dict(
            duck.execute(
                f"SELECT run_id, count(*) FROM iceberg_scan('{table.metadata_location}') GROUP BY run_id"
            ).fetchall()
        )
    verdict.wrong["runs DuckDB counts otherwise"] = sum(
        by_duck.get(run) != count for run, count in rows.items()
    )
    current = table.metadata.current_snapshot()
    totals = current.summary.additional_properties if current and current.summary else {}
    verdict.wrong["rows the summary miscounts"] = abs(int(totals["total-records"]) - rows.total())
    verdict.found["snapshots in the end"] = len(table.metadata.snapshots)
    verdict.found["commits"] = current.sequence_number or 0 if current else 0
    _judge_orphans(settings, rows, verdict)


def _judge_orphans(settings: LakeSettings, rows: Counter[str], verdict: Verdict) -> None:
    """Once nobody works any more, everything that is not the table's may go, and nothing else."""
    table = load_table(settings)
    expire_snapshots(table, protect=[], keep=1)
    removed = remove_orphans(table, waiting=[], now=datetime.now(UTC) + timedelta(days=7))
    verdict.found["orphans removed"] = removed.files_deleted
    store = s3_store(settings.region, settings.endpoint_url)
    stored = {item.location for item in store.list(f"{settings.table_location}/data/")}
    live = {task.file.file_path for task in table.scan().plan_files()}
    verdict.wrong["data files too many or too few"] = len(stored ^ live)
    again = Counter(table.scan(selected_fields=("run_id",)).to_arrow()["run_id"].to_pylist())
    verdict.wrong["runs changed by orphan removal"] = sum(again[run] != count for run, count in rows.items())


if __name__ == "__main__":
    sys.exit(main())
