"""One run from claim to handed-in file.

Killed at any line: before the claim the message comes back; after it the lease expires and the run is
requeued under a new fencing token; after the upload the file is an orphan at a place of its own; after
`store_output` the run waits for the committer and is never computed again.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from sextant.baselines import service as baselines
from sextant.baselines.model import BaselineReference
from sextant.engine import ModelInputError, SimulationRequest, SystemData, simulate
from sextant.errors import SextantError
from sextant.execution import gate as run_gate
from sextant.execution import parts, retries
from sextant.execution.translation import metadata_of, metrics_of, request_of, rows_of, sweep_of
from sextant.ids import RunId, TenantId
from sextant.lake.objects.store import ObjectStore
from sextant.lake.write.datafile import write_run
from sextant.runs import repository
from sextant.runs.model import ClaimedRun, Run
from sextant.storage import ALL_TENANTS, PlatformDatabase
from sextant.storage.errors import StorageError
from sextant.vendors.errors import VendorError

logger = Logger(child=True)


class RunLostError(Exception):
    """The run is no longer this worker's: it was cancelled, timed out, or given to another."""


class RunTimeoutError(Exception):
    """The run used up its time."""


class FunctionDeadlineError(Exception):
    """The function is about to be ended; another attempt may be luckier."""


@dataclass(frozen=True)
class Worker:
    """What a worker process has at hand: who it is, where it reads and writes, how long a lease lasts."""

    name: str
    database: PlatformDatabase
    store: ObjectStore
    table_location: str
    lease: timedelta
    memory_gb: float

    def execute(self, tenant: TenantId, run: RunId, remaining_seconds: Callable[[], float]) -> str:
        """Execute the run if it is to be had; what became of it, as a word for the log.

        Raises `StorageError` when the database cannot be reached: the message then comes again.
        """
        # One statement, so that the lock of claims is held for no round trip.
        with self.database.autocommit(ALL_TENANTS) as session:
            outcome, claimed = repository.claim(session, tenant, run, self.name, self.lease)
        if claimed is None:
            return outcome
        # The message is a ticket: the run that was next may be another than the one it names.
        logger.info(
            "run claimed", extra={"claimed_run": str(claimed.run.id), "claimed_tenant": claimed.run.tenant_id}
        )
        began = time.monotonic()
        error: dict[str, object]

        def gb_seconds() -> float:
            return (time.monotonic() - began) * self.memory_gb

        try:
            with Heartbeat(self.database, claimed.run, self.lease) as heartbeat:
                return self._compute(claimed, heartbeat, remaining_seconds, gb_seconds)
        except RunLostError:
            return "LOST"
        except RunTimeoutError:
            minutes = claimed.run.timeout_minutes
            error = {"code": "run_timeout", "message": f"the run exceeded its {minutes} minutes"}
            return self._fail(claimed.run, "TIMEOUT", error, gb_seconds())
        except ModelInputError as problem:
            error = {"code": "model_input", "message": str(problem)}
            return self._fail(claimed.run, "FAILED", error, gb_seconds())
        except FunctionDeadlineError:
            error = {"code": "function_deadline", "message": "the function's time ended before the run's"}
            return self._fail(claimed.run, "TIMEOUT", error, gb_seconds())
        except (SextantError, BotoCoreError, ClientError, OSError) as problem:
            logger.warning("attempt failed", exc_info=problem)
            error = {"code": "dependency_failed", "message": type(problem).__name__}
            if isinstance(problem, VendorError):
                error = {"code": problem.code, "message": problem.detail, "vendor": problem.vendor}
            return self._fail(claimed.run, "FAILED", error, gb_seconds())
        except Exception as problem:
            # The boundary of one run: whatever a model does, its run ends visibly and the others go on.
            logger.exception("attempt crashed", exc_info=problem)
            error = {"code": "internal_error", "message": type(problem).__name__}
            return self._fail(claimed.run, "FAILED", error, gb_seconds())

    def _compute(
        self,
        claimed: ClaimedRun,
        heartbeat: Heartbeat,
        remaining_seconds: Callable[[], float],
        gb_seconds: Callable[[], float],
    ) -> str:
        run = claimed.run
        deadline = (run.started_at or datetime.now(UTC)) + timedelta(minutes=run.timeout_minutes)

        def progress(percent: int, _message: str = "") -> None:
            heartbeat.report(percent)
            if datetime.now(UTC) > deadline:
                raise RunTimeoutError
            if remaining_seconds() < 10:
                raise FunctionDeadlineError

        progress(0)
        run_gate.ask(self.database, run, self.name)
        request = request_of(claimed, progress, self._own_baseline(run.tenant_id))
        if run.part is not None:
            return self._compute_part(run, request, run.part, gb_seconds)
        if run.parts is None and (divided := parts.divide(request, sweep_of(claimed))):
            return self._split(run, divided, gb_seconds)
        result = simulate(request) if run.parts is None else parts.merge(request, self._stored_parts(run))
        progress(95)
        rows, identity = rows_of(run, result)
        descriptor = write_run(self.store, self.table_location, rows, identity, run.fencing_token)
        stored = self.database.run(
            ALL_TENANTS,
            lambda session: repository.store_output(
                session,
                run,
                descriptor=descriptor.to_json(),
                metrics=metrics_of(result),
                result=metadata_of(result),
                rows=descriptor.record_count,
                size=descriptor.size,
                gb_seconds=gb_seconds(),
            ),
            idempotent=True,
        )
        if not stored:
            raise RunLostError
        return "STORED"

    def _split(self, run: Run, divided: list[dict[str, Any]], gb_seconds: Callable[[], float]) -> str:
        split = self.database.run(
            ALL_TENANTS,
            lambda session: repository.split(session, run, divided, gb_seconds(), self.name),
            idempotent=True,
        )
        if not split:
            raise RunLostError
        return "SPLIT"

    def _compute_part(
        self, run: Run, request: SimulationRequest, part: parts.Part, gb_seconds: Callable[[], float]
    ) -> str:
        content = parts.compute(request, part)
        # Under its fencing token, as a run's file: a worker that lost the part cannot touch its successor's.
        location = f"{self.table_location}-parts/{run.tenant_id}/{run.parent_run_id}/{run.id}-{run.fencing_token}.npz"
        self.store.put(location, content)
        finished = self.database.run(
            ALL_TENANTS,
            lambda session: repository.finish_part(session, run, location, len(content), gb_seconds()),
            idempotent=True,
        )
        if not finished:
            raise RunLostError
        self._settle(run)
        return "PART"

    def _settle(self, run: Run) -> None:
        """Have the parent look at its parts; should this not come to pass, the recovery does it."""
        parent = run.parent_run_id
        if parent is not None:
            self.database.run(
                ALL_TENANTS,
                lambda session: repository.settle_parent(session, run.tenant_id, parent),
                idempotent=True,
            )

    def _stored_parts(self, run: Run) -> list[bytes]:
        locations = self.database.run(ALL_TENANTS, lambda session: repository.part_locations(session, run))
        return [self.store.get(location) for location in locations]

    def _own_baseline(self, tenant: TenantId) -> Callable[[BaselineReference], SystemData]:
        def load(reference: BaselineReference) -> SystemData:
            return self.database.run(
                ALL_TENANTS,
                lambda session: baselines.load(session, self.store, tenant, reference),
                idempotent=True,
            )

        return load

    def _fail(self, run: Run, state: str, error: dict[str, object], gb_seconds: float) -> str:
        retry_after = retries.retry_after(str(error["code"]), run.attempt)
        if retries.is_poison(str(error["code"])) and (retry_after is None or run.attempt > run.max_retries):
            error["poison"] = True
        after = self.database.run(
            ALL_TENANTS,
            lambda session: repository.fail(session, run, state, error, retry_after, gb_seconds, self.name),
            idempotent=True,
        )
        if after is not None and after.completed_at is not None:
            self._settle(after)
        return after.state if after else "LOST"


class Heartbeat:
    """Prolongs a run's lease from a thread of its own, and notices when the run is no longer ours.

    The model says how far it is (`report`), and learns there, by `RunLostError`, that it may stop.
    """

    def __init__(self, database: PlatformDatabase, run: Run, lease: timedelta) -> None:
        self._database = database
        self._run = run
        self._lease = lease
        self._interval = min(5.0, lease.total_seconds() / 4)
        self._percent = 0
        self._lost = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

    def report(self, percent: int) -> None:
        self._percent = max(0, min(98, percent))
        if self._lost:
            raise RunLostError

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._stop.wait(self._interval):
            try:
                with self._database.autocommit(ALL_TENANTS) as session:
                    ours = repository.progress(session, self._run, self._percent, self._lease)
            except StorageError as error:
                # The lease outlives a few missed beats; the next one tries again.
                logger.warning("heartbeat failed", exc_info=error)
                continue
            if not ours:
                self._lost = True
                return
