"""Looks after runs that nobody holds: expired leases, timeouts, messages that never came."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sextant import bootstrap
from sextant.observability import RUNS_FAILED, counted
from sextant.runs import repository
from sextant.storage import ALL_TENANTS

BATCH = 500

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    silence = timedelta(seconds=bootstrap.settings().queued_silence_seconds)
    database = bootstrap.platform_database()
    requeued, failed, timed_out, asked_again = database.run(
        ALL_TENANTS, lambda session: repository.recover(session, silence, BATCH), idempotent=True
    )
    settled = database.run(
        ALL_TENANTS, lambda session: repository.settle_parents(session, BATCH), idempotent=True
    )
    found = {
        "requeued": requeued,
        "failed": failed,
        "timed_out": timed_out,
        "asked_again": asked_again,
        "settled": settled,
    }
    if any(found.values()):
        logger.info("runs recovered", extra={**found, **counted(RUNS_FAILED, failed + timed_out)})
        bootstrap.nudge_relay()
    return found
