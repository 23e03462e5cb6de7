"""Keeps the tables small; called by the schedule, each hour.

By hand, after the database or the lake was restored, it compares the two: `{"reconcile": "compare"}` says what
differs, `{"reconcile": "take out"}` also deletes from the tables the rows that the database does not know as published.
After a machine with a wrong clock wrote to the table, `{"repair": "times"}` puts its times in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sextant import bootstrap
from sextant.lake.errors import UnreadableFile
from sextant.lake.table.catalog import load_table
from sextant.lake.table.columns import HOURLY
from sextant.lake.table.settings import LakeSettings
from sextant.outputs import reconciliation, unreadable_files
from sextant.outputs.maintenance import STEPS, MaintenanceFailedError, maintain_all, sort_times

logger = Logger()


def _report(files: Iterable[UnreadableFile]) -> int:
    reported = unreadable_files.report(bootstrap.platform_database(), bootstrap.operations_policies(), files)
    if reported:
        bootstrap.nudge_relay()
    return reported


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Compact, expire, clear; `{"only": ["compact"]}` does some of it. What is done to the hourly table stands under `hourly`."""
    lake, database = bootstrap.settings(LakeSettings), bootstrap.platform_database()
    tables = partial(load_table, lake), partial(load_table, lake, HOURLY)
    if event.get("repair") == "times":
        done: dict[str, Any] = {
            "repaired": sort_times(tables[0](), database),
            "hourly": {"repaired": sort_times(tables[1](), database)},
        }
        logger.warning("the tables' times put in order", extra=done)
    elif "reconcile" in event:
        done, of_hours = (
            reconciliation.reconcile(load(), database, str(event["reconcile"]), _report) for load in tables
        )
        done["hourly"] = of_hours
        logger.warning("lake and database compared", extra=done)
    else:
        done = maintain_all(*tables, database, _report, event.get("only", STEPS))
        logger.info("tables maintained", extra=done)
        if "failed" in done:
            # So that the function's errors are seen; what could be done is done.
            raise MaintenanceFailedError(f"These steps failed: {', '.join(done['failed'])}.")
    return done
