"""Executes requested runs: a batch of `run.requested` messages, from SQS or Kafka, one run each."""

from __future__ import annotations

import os
from datetime import timedelta
from functools import cache
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from sextant import bootstrap
from sextant.bus.events import InboundMessage, PartialBatchResponse, consume
from sextant.execution import commit_signal
from sextant.execution.worker import Worker
from sextant.ids import RunId, new_id, tenant_id
from sextant.lake.objects.store import scheme_of, store_for
from sextant.lake.table.settings import LakeSettings
from sextant.observability import RUNS_FAILED, counted

logger = Logger()


@cache
def _worker() -> Worker:
    lake = LakeSettings.from_env(os.environ)
    return Worker(
        name=f"{os.environ.get('AWS_LAMBDA_FUNCTION_NAME', 'run-worker')}-{new_id()}",
        database=bootstrap.platform_database(),
        store=store_for(scheme_of(lake.warehouse), lake.region, lake.endpoint_url),
        table_location=lake.table_location,
        lease=timedelta(seconds=bootstrap.settings().run_lease_seconds),
        memory_gb=int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1024")) / 1024,
    )


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialBatchResponse:
    def work(message: InboundMessage) -> None:
        run, tenant = RunId(UUID(message.data["run_id"])), tenant_id(message.data["tenant_id"])
        logger.append_keys(run_id=str(run), tenant_id=tenant, correlation_id=message.correlation_id)
        outcome = _worker().execute(tenant, run, lambda: context.get_remaining_time_in_millis() / 1000)
        failed = counted(RUNS_FAILED) if outcome in ("FAILED", "TIMEOUT") else {}
        logger.info("run handled", extra={"outcome": outcome, **failed})
        if outcome == "STORED":
            commit_signal.send()
        elif outcome in ("SPLIT", "PART", "QUEUED", "FAILED", "TIMEOUT"):
            bootstrap.nudge_relay()

    return consume(event, work)
