"""What the lake's campaign breaks: a worker, a committer and maintenance, each counting its steps."""

from __future__ import annotations

import os
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb
from pyiceberg.table import Table
from sqlalchemy import event

from sextant.ids import new_id
from sextant.lake.errors import CommitContentionError
from sextant.lake.objects.store import s3_store
from sextant.lake.table.catalog import load_table
from sextant.lake.table.settings import LakeSettings
from sextant.lake.table.sql_catalog import RaceSafeSqlCatalog
from sextant.lake.write.commit import commit_batch
from sextant.lake.write.compaction import CompactionPolicy, compact
from sextant.lake.write.datafile import DataFileDescriptor, write_run
from sextant.lake.write.maintenance import expire_snapshots
from sextant.lake.write.rows import OutputRows, RunIdentity

DIED_AT_A_STEP: Final = 137


@dataclass
class Steps:
    """Ends this process after its `left`-th step, or never; what the last step was is noted in `notes` first."""

    kind: str
    left: int | None
    notes: str

    def cross(self, step: str) -> None:
        if self.left is None:
            return
        if self.left == 0:
            with Path(self.notes).open("a", encoding="utf-8") as file:
                file.write(f"{self.kind} died after {step}\n")
            os._exit(DIED_AT_A_STEP)
        self.left -= 1

    def watch(self, settings: LakeSettings, table: Table | None = None) -> None:
        """Count what goes to S3 and, for a table, to its catalog."""
        client: Any = s3_store(settings.region, settings.endpoint_url)._client
        client.meta.events.register("after-call.s3", lambda model, **_: self.cross(f"S3 {model.name}"))
        if table is not None:
            assert isinstance(table.catalog, RaceSafeSqlCatalog)
            event.listen(
                table.catalog.engine,
                "after_cursor_execute",
                lambda *arguments: self.cross(f"catalog {str(arguments[2]).split()[0]}"),
            )
            event.listen(table.catalog.engine, "checkin", lambda *_: self.cross("catalog transaction"))


def work(settings: LakeSettings, ledger: str, steps: Steps, seed: int) -> None:
    """Answers messages as they come: claims the run under a new token, writes its file, hands it in."""
    rng = random.Random(seed)
    store = s3_store(settings.region, settings.endpoint_url)
    steps.watch(settings)
    with psycopg.connect(ledger, autocommit=True, row_factory=dict_row) as connection:
        while True:
            message = connection.execute(
                """UPDATE message SET visible_at = now() + interval '1 second' WHERE ctid =
                     (SELECT ctid FROM message WHERE visible_at < now()
                      ORDER BY random() LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING run_id"""
            ).fetchone()
            if message is None:
                time.sleep(0.05)
                continue
            steps.cross("message received")
            run = connection.execute(
                "UPDATE run SET token = token + 1 WHERE run_id = %s AND descriptor IS NULL RETURNING *",
                (message["run_id"],),
            ).fetchone()
            steps.cross("run claimed")
            if run is not None:
                identity = RunIdentity(
                    run["tenant_id"], run["scenario_id"], run["run_id"], "0" * 64, datetime.now(UTC)
                )
                time.sleep(rng.uniform(0, 0.1))  # the model
                descriptor = write_run(
                    store, settings.table_location, some_rows(run["rows"]), identity, run["token"]
                )
                # The first writer wins; a later one's file is an orphan.
                connection.execute(
                    "UPDATE run SET descriptor = %s WHERE run_id = %s AND descriptor IS NULL",
                    (Jsonb(descriptor.to_json()), run["run_id"]),
                )
                steps.cross("file handed in")
            # Of several messages for the run this takes one away; one that is being worked on stays.
            connection.execute(
                "DELETE FROM message WHERE ctid = (SELECT ctid FROM message WHERE run_id = %s LIMIT 1)",
                (message["run_id"],),
            )
            steps.cross("message answered")


def commit(settings: LakeSettings, ledger: str, steps: Steps, seed: int) -> None:
    """Finishes the open batch, or opens one; twice and in any order, and beside another committer."""
    rng = random.Random(seed)
    table = load_table(settings)
    steps.watch(settings, table)
    with psycopg.connect(ledger, autocommit=True, row_factory=dict_row) as connection:
        while True:
            batch = open_batch(connection)
            if batch is None:
                time.sleep(0.02)
                continue
            steps.cross("batch taken")
            files = connection.execute("SELECT descriptor FROM run WHERE batch = %s", (batch,)).fetchall()
            descriptors = [DataFileDescriptor.from_json(file["descriptor"]) for file in files]
            rng.shuffle(descriptors)
            snapshot = commit_batch(table, batch, descriptors)
            if rng.random() < 0.25:
                connection.execute("INSERT INTO tally VALUES ('batches committed again, in another order')")
                rng.shuffle(descriptors)
                commit_batch(table, batch, descriptors)
            connection.execute(
                "UPDATE run SET snapshot = %s WHERE batch = %s AND snapshot IS NULL", (snapshot, batch)
            )
            steps.cross("batch closed")


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


def maintain(settings: LakeSettings, ledger: str, steps: Steps, _: int) -> None:
    """Compacts and expires all the time, far more eagerly than a service would."""
    table = load_table(settings)
    steps.watch(settings, table)
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
