"""Keeps the table small; called by the schedule, each hour.

By hand, after the database or the lake was restored, it compares the two: `{"reconcile": "compare"}` says what
differs, `{"reconcile": "take out"}` also deletes from the table the rows that the database does not know as published.
"""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sextant import bootstrap
from sextant.lake.table.catalog import load_table
from sextant.lake.table.settings import LakeSettings
from sextant.outputs import reconciliation
from sextant.outputs.maintenance import STEPS, maintain

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Compact, expire, clear; `{"only": ["compact"]}` does some of it."""
    table = load_table(bootstrap.settings(LakeSettings))
    if "reconcile" in event:
        done = reconciliation.reconcile(table, bootstrap.platform_database(), str(event["reconcile"]))
        logger.warning("lake and database compared", extra=done)
    else:
        done = maintain(table, bootstrap.platform_database(), event.get("only", STEPS))
        logger.info("table maintained", extra=done)
    return done
