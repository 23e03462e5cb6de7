"""Publishes what the workers wrote: group commits into the Iceberg tables, one at a time.

Woken by messages of the commits queue, whose content does not matter, and by the schedule, which picks up
what a lost message left. Whatever happens here, the files stay waiting until they are published.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext
from pyiceberg.table import Table

from functions.declaration import COMMITTER
from functions.time_left import TimeLeft
from sextant import bootstrap
from sextant.execution.settings import RunSettings
from sextant.ids import new_id
from sextant.lake.table.catalog import load_table
from sextant.lake.table.columns import HOURLY
from sextant.lake.table.settings import LakeSettings
from sextant.lake.write.times import clock_of
from sextant.observability import RUNS_PUBLISHED, counted, embedded
from sextant.outputs import service
from sextant.outputs.model import CommittedBatch, OpenBatch
from sextant.outputs.publication import publish
from sextant.storage import ALL_TENANTS, database_time

FILES_A_BATCH = 1000
# What one more batch may take: with fewer seconds left of the function's time none is begun.
MARGIN = 30.0

OWNER = f"committer-{new_id()}"

logger = Logger()


@bootstrap.part
def _table() -> Table:
    return load_table(bootstrap.settings(LakeSettings))


@bootstrap.part
def _hourly_table() -> Table:
    return load_table(bootstrap.settings(LakeSettings), HOURLY)


def _commit(batch: OpenBatch) -> CommittedBatch:
    # A snapshot's time is the database's: what a wrong clock wrote, other engines would refuse for ever.
    now = bootstrap.platform_database().run(ALL_TENANTS, database_time, idempotent=True)
    return publish(_table(), _hourly_table, batch, clock_of(now))


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    left = TimeLeft(COMMITTER)
    scheduled = event.get("detail-type") == "Scheduled Event"
    if scheduled:
        # So that readers, who may not make a table, find one before the first run is published.
        _table(), _hourly_table()
    published = service.commit_waiting(
        bootstrap.platform_database(),
        _commit,
        owner=OWNER,
        lease=timedelta(seconds=bootstrap.settings(RunSettings).commit_lease),
        limit=FILES_A_BATCH,
        may_go_on=lambda: left() > MARGIN,
    )
    if published:
        logger.info("runs published", extra=counted(RUNS_PUBLISHED, published))
        bootstrap.nudge_relay()
    if scheduled:
        waiting = bootstrap.platform_database().run(ALL_TENANTS, service.waiting_seconds, idempotent=True)
        logger.info(
            "results waiting", extra=embedded({"OldestUncommittedAge": (waiting, "Seconds")}, [["service"]])
        )
    return {"published": published, "batchItemFailures": []}
