"""Whether every run that was asked for ended once, with its rows once in the table, and every event was sent: read past our own code."""

from __future__ import annotations

import os
import time
from collections import Counter
from typing import Any
from uuid import UUID

import psycopg

from local.aws import REGION, client_for
from local.running import RunningSystem
from sextant.lake.table.catalog import disconnect, load_table
from sextant.lake.table.settings import LakeSettings
from tests.chaos.verdict import Verdict


def wake(system: RunningSystem, *functions: str) -> None:
    """Invoke each function as its schedule does, without waiting for it."""
    client = client_for("lambda", system.endpoints.functions)
    for function in functions:
        client.invoke(FunctionName=function, InvocationType="Event")


def _lake_of(system: RunningSystem) -> LakeSettings:
    return LakeSettings(
        warehouse=f"s3://{system.names.warehouse_bucket}/warehouse",
        catalog="sql",
        catalog_url=system.endpoints.database.catalog,
        region=REGION,
        endpoint_url=system.endpoints.aws,
    )


def settle(system: RunningSystem) -> None:
    """Let the relay send what is left, unharmed."""
    deadline = time.monotonic() + 60
    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        while time.monotonic() < deadline:
            waiting = connection.execute(
                "SELECT (SELECT count(*) FROM outbox_pending) + (SELECT count(*) FROM outbox_delayed)"
            ).fetchone()
            if waiting == (0,):
                return
            wake(system, "outbox-relay")
            time.sleep(1)


def judge(system: RunningSystem, asked: dict[UUID, str], states: Counter[str], verdict: Verdict) -> None:
    expected, attempts = _in_database(system, verdict)
    # Whoever reads the lake from outside needs some credentials; the local AWS takes any.
    os.environ.update({"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"})
    lake = _lake_of(system)
    table = load_table(lake)
    counted = (
        table.scan(selected_fields=("run_id",)).to_arrow().group_by("run_id").aggregate([([], "count_all")])
    )
    rows = {UUID(row["run_id"]): row["count_all"] for row in counted.to_pylist()}
    disconnect(lake)

    verdict.found |= {
        "runs asked for": len(asked),
        **{f"runs {state.lower()}": runs for state, runs in sorted(states.items())},
        "attempts in all": attempts,
        "snapshots": len(table.metadata.snapshots),
    }
    verdict.wrong |= {
        "runs not succeeded": len(asked) - states["SUCCEEDED"],
        "runs with rows missing": sum(1 for run in asked if rows.get(run, 0) < expected.get(run, 1)),
        "runs with rows twice": sum(1 for run in asked if rows.get(run, 0) > expected.get(run, 1)),
        "rows of unknown runs": sum(1 for run in rows if run not in asked),
    }


def _in_database(system: RunningSystem, verdict: Verdict) -> tuple[dict[UUID, int], int]:
    """How many rows each run should have, and how many attempts there were; the outbox is judged here."""

    def one(connection: psycopg.Connection[Any], query: str) -> int:
        found = connection.execute(query).fetchone()
        return int(found[0]) if found else 0

    with psycopg.connect(system.endpoints.database.admin, autocommit=True) as connection:
        expected: dict[UUID, int] = dict(
            connection.execute(
                "SELECT id, output_rows FROM scenario_run WHERE output_rows IS NOT NULL"
            ).fetchall()
        )
        verdict.wrong |= {
            "events never sent": one(
                connection,
                """
                SELECT count(*) FROM outbox_event e WHERE NOT EXISTS (
                    SELECT FROM outbox_publication p WHERE p.tenant_id = e.tenant_id AND e.id = ANY (p.event_ids))""",
            ),
            "events given up": one(connection, "SELECT count(*) FROM outbox_dead"),
            "runs without one completion sent": one(
                connection,
                """
                SELECT count(*) FROM scenario_run r WHERE 1 <> (
                    SELECT count(*) FROM outbox_event e JOIN outbox_publication p
                    ON p.tenant_id = e.tenant_id AND e.id = ANY (p.event_ids)
                    WHERE e.tenant_id = r.tenant_id AND e.topic = 'run.completed' AND e.payload ->> 'run_id' = r.id::text)""",
            ),
            "completions applied twice": one(
                connection,
                """
                SELECT count(*) FROM (SELECT FROM scenario_event WHERE event_type = 'RUN_SUCCEEDED'
                GROUP BY tenant_id, run_id HAVING count(*) > 1) AS twice""",
            ),
            "batches left open": one(connection, "SELECT count(*) FROM output_batch WHERE state = 'OPEN'"),
        }
        return expected, one(connection, "SELECT count(*) FROM run_attempt")
