"""Executes requested runs: a batch of `run.requested` messages, from SQS or Kafka, one run each."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.declaration import RUN_WORKER
from functions.time_left import TimeLeft
from sextant import bootstrap
from sextant.bus.events import InboundMessage, PartialBatchResponse, consume
from sextant.config import FunctionSettings, ResourceSettings
from sextant.execution.commit_signal import CommitSignal
from sextant.execution.gate import RunGate
from sextant.execution.settings import RunSettings
from sextant.execution.worker import Worker
from sextant.ids import RunId, new_id, tenant_id
from sextant.lake.objects.store import scheme_of, store_for
from sextant.lake.table.settings import LakeSettings
from sextant.observability import RUNS_FAILED, counted

logger = Logger()


@bootstrap.part
def worker() -> Worker:
    function, runs = bootstrap.settings(FunctionSettings), bootstrap.settings(RunSettings)
    lake = bootstrap.settings(LakeSettings)
    return Worker(
        name=f"{function.name}-{new_id()}",
        database=bootstrap.platform_database(),
        store=store_for(scheme_of(lake.warehouse), lake.region, lake.endpoint_url),
        table_location=lake.table_location,
        hourly_location=lake.hourly_location,
        lease=timedelta(seconds=runs.lease),
        memory_gb=function.memory_mb / 1024,
        seconds_per_part=runs.seconds_per_part,
        gate=RunGate(runs.gate_url, runs.gate_timeout) if runs.gate_url else None,
    )


@bootstrap.part
def commit_signal() -> CommitSignal | None:
    url = bootstrap.settings(ResourceSettings).queue_urls.get("commits")
    return CommitSignal(url) if url else None


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialBatchResponse:
    left = TimeLeft(RUN_WORKER)

    def work(message: InboundMessage) -> None:
        run, tenant = message.read(lambda data: (RunId(UUID(data["run_id"])), tenant_id(data["tenant_id"])))
        logger.append_keys(run_id=str(run), tenant_id=tenant, correlation_id=message.correlation_id)
        outcome = worker().execute(tenant, run, left)
        failed = counted(RUNS_FAILED) if outcome in ("FAILED", "TIMEOUT") else {}
        logger.info("run handled", extra={"outcome": outcome, **failed})
        if outcome == "STORED":
            signal = commit_signal()
            if signal is not None:
                signal.send()
        elif outcome in ("SPLIT", "PART", "QUEUED", "FAILED", "TIMEOUT"):
            bootstrap.nudge_relay()

    return consume(event, work, bootstrap.redelivery())
