"""One run from claim to handed-in file.

A worker may be killed at any line. Before the claim, the message comes back. After the claim, the lease expires
and the run is requeued under a new fencing token. After the upload, the file is an orphan at a place of its own.
After `store_output`, the run waits for the committer and is never computed again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from aws_lambda_powertools import Logger
from botocore.exceptions import BotoCoreError, ClientError

from sextant.baselines.service import BaselineNotFoundError
from sextant.baselines.systems import Systems
from sextant.canonical import decode
from sextant.config import CODE_VERSION
from sextant.engine import ModelInputError, SimulationRequest, simulate
from sextant.errors import SextantError
from sextant.execution import parts, repository, retries
from sextant.execution.errors import FunctionDeadlineError, RunLostError, RunTimeoutError
from sextant.execution.gate import RunGate
from sextant.execution.heartbeat import Heartbeat
from sextant.execution.model import ClaimedRun
from sextant.execution.settings import RunSettings
from sextant.execution.translation import hours_of, metadata_of, metrics_of, request_of, rows_of, sweep_of
from sextant.ids import RunId, TenantId
from sextant.lake.objects.store import ObjectStore
from sextant.lake.write.datafile import write_run
from sextant.lake.write.handed_in import HandedIn
from sextant.lake.write.hourly import write_hourly
from sextant.runs.model import Run
from sextant.storage import ALL_TENANTS, PlatformDatabase, Session
from sextant.vendors.errors import VendorError

logger = Logger(child=True)

_LEAST_SECONDS = 10.0  # of the function's time: with less a run is given up while its end can still be stored


@dataclass(frozen=True)
class Worker:
    """What a worker process has at hand: who it is, where it reads and writes, how long a lease lasts."""

    name: str
    database: PlatformDatabase
    store: ObjectStore
    table_location: str
    hourly_location: str
    lease: timedelta
    memory_gb: float
    seconds_per_part: float = RunSettings.seconds_per_part
    gate: RunGate | None = None

    @cached_property
    def systems(self) -> Systems:
        """The baselines of the runs, the last few of which stay loaded."""
        return Systems(self.database, self.store)

    def execute(self, tenant: TenantId, run: RunId, remaining_seconds: Callable[[], float]) -> str:
        """Execute the run if it can be claimed; its outcome, as a word for the log.

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
        return _Attempt(self, claimed, remaining_seconds).execute()


class _Attempt:
    """One attempt of a worker at a run."""

    def __init__(self, worker: Worker, claimed: ClaimedRun, remaining_seconds: Callable[[], float]) -> None:
        self._worker = worker
        self._claimed = claimed
        self._run = claimed.run
        self._remaining_seconds = remaining_seconds
        self._began = time.monotonic()

    def execute(self) -> str:
        """Compute the run, or end the attempt visibly; its outcome, as a word for the log."""
        run = self._run
        try:
            with Heartbeat(self._worker.database, run, self._worker.lease) as heartbeat:
                return self._compute(heartbeat)
        except RunLostError:
            return "LOST"
        except RunTimeoutError:
            return self._fail("run_timeout", run.timeout_message, "TIMEOUT")
        except FunctionDeadlineError:
            return self._fail("function_deadline", "the function's time ended before the run's", "TIMEOUT")
        except ModelInputError as problem:
            return self._fail("model_input", str(problem))
        except VendorError as problem:
            logger.warning("attempt failed", exc_info=problem)
            return self._fail(problem.code, problem.detail, vendor=problem.vendor)
        except (SextantError, BotoCoreError, ClientError, OSError) as problem:
            logger.warning("attempt failed", exc_info=problem)
            return self._fail(*_dependency(problem, run))
        except Exception as problem:
            # The boundary of one run: whatever a model does, its run ends visibly and the others go on.
            logger.exception("attempt crashed", exc_info=problem)
            return self._fail("internal_error", type(problem).__name__)

    def _recorded(self, run: Run) -> Run:
        """The run, said to be computed by this worker's code, which need not be that of the request."""
        if run.code_version == CODE_VERSION:
            return run
        recorded = self._worker.database.run(
            ALL_TENANTS,
            lambda session: repository.record_code_version(session, run, CODE_VERSION),
            idempotent=True,
        )
        if recorded is None:
            raise RunLostError
        return recorded

    def _compute(self, heartbeat: Heartbeat) -> str:
        self._run = run = self._recorded(self._run)
        time_left = self._claimed.time_left.total_seconds()

        def progress(percent: int, _message: str = "") -> None:
            heartbeat.report(percent)
            if self._elapsed() > time_left:
                raise RunTimeoutError
            if self._remaining_seconds() < _LEAST_SECONDS:
                raise FunctionDeadlineError

        progress(0)
        if self._worker.gate is not None:
            self._worker.gate.check(self._worker.database, run, self._worker.name)
        request = request_of(self._claimed, progress, self._worker.systems)
        if run.part is not None:
            return self._compute_part(request, run.part)
        if run.parts is None:
            division = parts.divide(request, sweep_of(self._claimed), self._worker.seconds_per_part)
            self._check_estimate(division, time_left)
            if division.parts:
                return self._split(division.parts)
        result = simulate(request) if run.parts is None else parts.merge(request, self._stored_parts())
        progress(95)
        rows, identity = rows_of(run, result, self._claimed.claimed_at + timedelta(seconds=self._elapsed()))
        store, token = self._worker.store, run.fencing_token
        outputs = write_run(store, self._worker.table_location, rows, identity, token)
        hours = hours_of(result)
        place = self._worker.hourly_location
        hourly = None if hours is None else write_hourly(store, place, hours, identity, token)
        handed_in = HandedIn(outputs, hourly)
        return self._hand_in(
            "STORED",
            lambda session: repository.store_output(
                session,
                run,
                descriptor=handed_in.to_json(),
                metrics=metrics_of(result),
                result=metadata_of(result),
                rows=outputs.record_count,
                size=handed_in.size,
                gb_seconds=self._gb_seconds(),
            ),
        )

    def _check_estimate(self, division: parts.Division, time_left: float) -> None:
        """Refuse what cannot end in time, before anything is spent on it."""
        most = self._remaining_seconds() - _LEAST_SECONDS
        if division.longest > most:
            raise ModelInputError(
                "assumptions",
                f"such that a worker ends the smallest part of the run: it takes about {division.longest:,.0f} s of the "
                f"{most:,.0f} s that there are; fewer years, hours or units take less",
            )
        if division.seconds <= time_left:
            return
        at_once = self._worker.database.run(
            ALL_TENANTS, lambda session: repository.run_limit(session, self._run.tenant_id)
        )
        needed = division.seconds / max(1, min(at_once, len(division.parts)))
        if needed > time_left:
            raise ModelInputError(
                "timeout_minutes",
                f"at least {math.ceil(needed / 60)}: the run is about {division.seconds:,.0f} s of work in {len(division.parts)} "
                f"parts, of which {at_once} may be computed at once; fewer draws, years or attribution_evaluations take less",
            )

    def _split(self, divided: Sequence[dict[str, Any]]) -> str:
        return self._hand_in(
            "SPLIT",
            lambda session: repository.split(
                session, self._run, divided, self._gb_seconds(), self._worker.name
            ),
        )

    def _compute_part(self, request: SimulationRequest, part: parts.Part) -> str:
        run = self._run
        content = parts.compute(request, part)
        # Under its fencing token, as a run's file: a worker that lost the part cannot touch its successor's.
        location = f"{self._worker.table_location}-parts/{run.tenant_id}/{run.parent_run_id}/{run.id}-{run.fencing_token}.npz"
        self._worker.store.put(location, content)
        outcome = self._hand_in(
            "PART",
            lambda session: repository.finish_part(session, run, location, len(content), self._gb_seconds()),
        )
        self._settle_parent()
        return outcome

    def _hand_in(self, outcome: str, store: Callable[[Session], bool]) -> str:
        """Store a result in one transaction; raises `RunLostError` where the run is no longer this worker's."""
        if not self._worker.database.run(ALL_TENANTS, store, idempotent=True):
            raise RunLostError
        return outcome

    def _settle_parent(self) -> None:
        """Have the parent look at its parts. Where this fails, the recovery does it."""
        run = self._run
        if (parent := run.parent_run_id) is not None:
            self._worker.database.run(
                ALL_TENANTS,
                lambda session: repository.settle_parent(session, run.tenant_id, parent),
                idempotent=True,
            )

    def _stored_parts(self) -> list[bytes]:
        locations = self._worker.database.run(
            ALL_TENANTS, lambda session: repository.part_locations(session, self._run)
        )
        return [self._worker.store.get(location) for location in locations]

    def _fail(self, code: str, message: str, state: str = "FAILED", **details: object) -> str:
        """End the attempt with an error; the state that the run is in then."""
        run = self._run
        error: dict[str, object] = {"code": code, "message": message, **details}
        retry_after = retries.retry_after(code, run.attempt)
        if retries.is_poison(code) and (retry_after is None or run.attempt > run.max_retries):
            error["poison"] = True
        after = self._worker.database.run(
            ALL_TENANTS,
            lambda session: repository.fail(
                session, run, state, error, retry_after, self._gb_seconds(), self._worker.name
            ),
            idempotent=True,
        )
        if after is None:
            return "LOST"
        if after.completed_at is not None:
            self._settle_parent()
        return after.state

    def _gb_seconds(self) -> float:
        return self._elapsed() * self._worker.memory_gb

    def _elapsed(self) -> float:
        """The seconds since the claim. A span of this machine's monotonic clock, as its clock of the day may be wrong."""
        return time.monotonic() - self._began


def _dependency(problem: Exception, run: Run) -> tuple[str, str]:
    """Code and message of an attempt that something failed which the run needs."""
    if isinstance(problem, BaselineNotFoundError):
        baseline = decode(run.parameters).get("baseline")
        return problem.code, f"the baseline {baseline} is not there any more; name another"
    return "dependency_failed", type(problem).__name__
