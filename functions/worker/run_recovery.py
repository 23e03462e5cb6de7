"""Looks after runs that nobody holds and exports that Athena makes, and forgets old changes of states and old exports; called by the
schedule, each minute."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.declaration import RUN_RECOVERY
from functions.time_left import TimeLeft
from sextant import bootstrap
from sextant.changes import service as changes
from sextant.execution.recovery import recover
from sextant.execution.settings import RunSettings
from sextant.exports import service as exports
from sextant.exports.athena import Athena, AthenaSettings, athena, watch
from sextant.lake.objects.store import EndpointSettings
from sextant.observability import RUNS_FAILED, counted
from sextant.storage import ALL_TENANTS

BATCH = 500
MARGIN = 15.0
"""Seconds kept of the function's time: for the batch under way."""

logger = Logger()


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    left = TimeLeft(RUN_RECOVERY)
    silence = timedelta(seconds=bootstrap.settings(RunSettings).queued_silence)
    counts = recover(
        bootstrap.platform_database(),
        silence,
        BATCH,
        lambda: left() - MARGIN,
    )
    if any(counts.values()):
        logger.info(
            "runs recovered", extra={**counts, **counted(RUNS_FAILED, counts["failed"] + counts["timed_out"])}
        )
        bootstrap.nudge_relay()
    bootstrap.platform_database().run(ALL_TENANTS, changes.forget, idempotent=True)
    bootstrap.platform_database().run(ALL_TENANTS, exports.forget, idempotent=True)
    if (queries := _athena()) is not None:
        moved = watch(bootstrap.platform_database(), queries, lambda: left() > MARGIN)
        if moved:
            logger.info("exports came into other states", extra={"exports": moved})
    return counts


@bootstrap.part
def _athena() -> Athena | None:
    return athena(bootstrap.settings(AthenaSettings), bootstrap.settings(EndpointSettings))
