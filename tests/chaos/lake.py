"""The lake alone: workers, committers and maintenance are killed at every step of their work and at any other moment,
suspended, and sent their messages twice and in any order, hundreds of times.

A step is the moment after anything the outside world can see: an S3 request, an SQL statement, the end of a
transaction. Most processes are started to die at the n-th one, n drawn anew each time; others are killed or
suspended (SIGSTOP) when their time comes, and a suspended one wakes up seconds later and goes on where it was.

A ledger in Postgres stands for the service's tables and its queue, and is kinder to nobody: each run is asked for
by up to three messages, delivered in any order and again when a worker dies; two committers may hold the same batch
at once, batches are committed again and their files come in any order. Afterwards the rows of every run are counted
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
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import psycopg

from local.aws import LocalAws
from local.postgres import Postgres
from sextant.ids import new_id
from sextant.lake.objects.store import s3_store
from sextant.lake.table.catalog import disconnect, load_table
from sextant.lake.table.settings import LakeSettings
from sextant.lake.write.maintenance import expire_snapshots, remove_orphans
from tests.chaos.lake_processes import DIED_AT_A_STEP, Steps, commit, maintain, work
from tests.chaos.verdict import Verdict
from tests.duck import connect

RUNS = int(os.environ.get("CHAOS_RUNS", "1500"))
TENANTS = ("alpha", "beta", "gamma")
SCENARIOS = 12
ASKED_OVER = RUNS / 10  # seconds over which the messages come
WITHIN = 420.0
MOST_STEPS = {"worker": 24, "committer": 50, "maintenance": 90}
_LEDGER = """
CREATE TABLE run (run_id uuid PRIMARY KEY, tenant_id text, scenario_id uuid, rows int, token int DEFAULT 0,
                  descriptor jsonb, batch uuid, snapshot bigint);
CREATE TABLE message (run_id uuid, visible_at timestamptz);
CREATE TABLE tally (what text);
"""

# Children are forked from a server that has imported everything and connected to nothing.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload(
    [
        "tests.chaos.lake_processes",
        "boto3",
        "botocore.httpsession",
        "sextant.lake.table.sql_catalog",
        "sqlalchemy.dialects.postgresql.psycopg",
    ]
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
            expected = _ask(ledger, rng, verdict)
            began = time.monotonic()
            _break_and_mend(settings, ledger, rng, verdict, str(Path(directory) / "deaths"))
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


def _ask(ledger: str, rng: random.Random, verdict: Verdict) -> dict[str, int]:
    """The runs to do, asked for one after another; how many rows each must have in the end."""
    scenarios = [(rng.choice(TENANTS), new_id()) for _ in range(SCENARIOS)]
    expected: dict[str, int] = {}
    with psycopg.connect(ledger, autocommit=True) as connection:
        connection.execute(_LEDGER)
        for number in range(RUNS):
            run, rows = new_id(), rng.randint(1, 200)
            expected[str(run)] = rows
            connection.execute(
                "INSERT INTO run (run_id, tenant_id, scenario_id, rows) VALUES (%s, %s, %s, %s)",
                (run, *rng.choice(scenarios), rows),
            )
            for copy in range(rng.choice([1, 1, 1, 2, 3])):
                if copy:
                    verdict.inject("messages doubled")
                late = ASKED_OVER * number / RUNS + rng.uniform(0, 3)
                connection.execute(
                    "INSERT INTO message VALUES (%s, now() + %s)", (run, timedelta(seconds=late))
                )
    return expected


@dataclass
class Troop:
    """The processes at work: what each is, what runs, and what is suspended until when."""

    settings: LakeSettings
    ledger: str
    rng: random.Random
    verdict: Verdict
    notes: str
    running: dict[str, BaseProcess] = field(default_factory=dict)
    suspended: dict[str, float] = field(default_factory=dict)

    def start(self, name: str) -> None:
        kind = name.split(maxsplit=1)[0]
        steps = Steps(
            kind, self.rng.randrange(MOST_STEPS[kind]) if self.rng.random() < 0.8 else None, self.notes
        )
        target = {"worker": work, "committer": commit, "maintenance": maintain}[kind]
        process = _processes.Process(
            target=target, args=(self.settings, self.ledger, steps, self.rng.randrange(10**6)), daemon=True
        )
        process.start()
        self.running[name] = process

    def wake(self) -> None:
        for name in [name for name, until in self.suspended.items() if until < time.monotonic()]:
            _signal(self.running[name], signal.SIGCONT)
            del self.suspended[name]

    def replace_the_dead(self) -> None:
        for name, process in list(self.running.items()):
            if process.is_alive():
                continue
            if process.exitcode != DIED_AT_A_STEP:
                failed = f"{name.split(maxsplit=1)[0]} failed by itself"
                self.verdict.wrong[failed] = self.verdict.wrong.get(failed, 0) + 1
            self.start(name)

    def strike(self) -> None:
        """Suspend or kill one that is at work, if one is."""
        at_work = [name for name in self.running if name not in self.suspended]
        if not at_work:
            return
        name = self.rng.choice(at_work)
        kind, process = name.split(maxsplit=1)[0], self.running[name]
        if self.rng.random() < 0.5:
            _signal(process, signal.SIGSTOP)
            self.suspended[name] = time.monotonic() + self.rng.uniform(0.5, 4)
            self.verdict.inject(f"{kind} suspended")
        else:
            process.kill()
            process.join()
            self.start(name)
            self.verdict.inject(f"{kind} killed")

    def end(self) -> None:
        for process in self.running.values():
            process.kill()
            process.join()


def _break_and_mend(
    settings: LakeSettings, ledger: str, rng: random.Random, verdict: Verdict, notes: str
) -> None:
    """Kill, suspend and restart until every run is finished."""
    troop = Troop(settings, ledger, rng, verdict, notes)
    for name in ("worker 1", "worker 2", "worker 3", "committer 1", "committer 2", "maintenance"):
        troop.start(name)
    deadline = time.monotonic() + WITHIN
    with psycopg.connect(ledger, autocommit=True) as connection:
        try:
            while time.monotonic() < deadline:
                time.sleep(rng.uniform(0.05, 0.2))
                if connection.execute("SELECT 1 FROM run WHERE snapshot IS NULL LIMIT 1").fetchone() is None:
                    break
                troop.wake()
                troop.replace_the_dead()
                if rng.random() < 0.2:
                    troop.strike()
        finally:
            troop.end()
        doubled = connection.execute("SELECT what, count(*) FROM tally GROUP BY what").fetchall()
        verdict.injected.update(dict(doubled))
    deaths = Path(notes).read_text(encoding="utf-8").splitlines() if Path(notes).exists() else []
    verdict.injected.update(sorted(Counter(deaths).items()))


def _signal(process: BaseProcess, what: signal.Signals) -> None:
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
