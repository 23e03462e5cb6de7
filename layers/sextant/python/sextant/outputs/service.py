"""The group commit, and what can be read without the lake."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from functools import partial
from typing import ClassVar
from uuid import UUID

from sextant.errors import ConflictError
from sextant.ids import BatchId, RunId, ScenarioId, new_id
from sextant.outputs import repository
from sextant.outputs.model import CommittedBatch, ComputedRun, LatestMetric, OpenBatch, Readable, ResultRun
from sextant.runs.errors import RunNotFoundError
from sextant.storage import ALL_TENANTS, PlatformDatabase, Session

logger = logging.getLogger("sextant.outputs")

LakeCommit = Callable[[OpenBatch], CommittedBatch]
"""Registers the batch's files under its id, once however often it is called, and says which it could not take."""

ATTEMPTS = 3
"""How often the commit of a file is tried before its run fails: a committer of a newer version may read it."""
RETRY_AFTER = timedelta(minutes=1)
_UNLOCKED_AFTER = 0.05
"""Seconds: whoever looks at a run, as a worker to which its message came twice, holds its row for less."""


class FilesLockedError(Exception):
    """Files wait, and others hold the rows of all of them for a moment."""


def take_batch(session: Session, owner: str, lease: timedelta, limit: int) -> OpenBatch | None:
    """The batch that this committer is to finish, with its files; None when there is nothing for it to do.

    Raises FilesLockedError.
    """
    outcome, batch = repository.open_batch(session, BatchId(new_id()), owner, lease, limit)
    if outcome == "LOCKED":
        raise FilesLockedError
    if batch is None or outcome not in ("OPENED", "RESUMED"):
        return None
    return OpenBatch(batch, outcome == "RESUMED", tuple(repository.batch_files(session, batch)))


def commit_waiting(
    database: PlatformDatabase,
    commit: LakeCommit,
    *,
    owner: str,
    lease: timedelta,
    limit: int,
    may_go_on: Callable[[], bool],
) -> int:
    """Publish what waits, batch by batch, while `may_go_on`; how many runs succeeded.

    Killed between any two of the three steps, the next committer finds the batch open and finishes it
    under its own id: the lake's commit is idempotent by that id, and so is the last transaction.
    """
    published = 0
    while may_go_on():
        try:
            batch = database.run(
                ALL_TENANTS, lambda session: take_batch(session, owner, lease, limit), idempotent=True
            )
        except FilesLockedError:
            # Nobody calls the committer once more for them before its schedule does.
            time.sleep(_UNLOCKED_AFTER)
            continue
        if batch is None:
            break
        published += database.run(
            ALL_TENANTS,
            partial(_close, batch=batch.id, committed=commit(batch)),
            idempotent=True,
        )
    return published


def _close(session: Session, *, batch: BatchId, committed: CommittedBatch) -> int:
    """Make a committed batch true in the database; how many runs succeeded. What is not in it waits, or is set aside."""
    for file, reason in committed.refused.items():
        outcome = repository.refuse_file(session, batch, file, reason, ATTEMPTS, RETRY_AFTER)
        logger.error(
            "a result cannot be committed",
            extra={
                "tenant_id": file.tenant_id,
                "run_id": str(file.run_id),
                "outcome": outcome,
                "reason": reason,
            },
        )
    return repository.close_batch(session, batch, committed.snapshot_id)


def waiting_seconds(session: Session) -> float:
    """How long the oldest result has waited to be published, 0 when none waits; a platform statement."""
    return repository.waiting_seconds(session)


def readable(session: Session, scenario: ScenarioId, runs: Collection[UUID] = ()) -> Readable | None:
    """The tenant's output version, and which of `runs` the scenario lacks; None where it has no such scenario."""
    return repository.readable(session, scenario, runs)


def invalidate(session: Session, reason: str) -> int:
    """Make what is cached of the tenant's outputs stale, and announce it; the new version."""
    return repository.invalidate(session, reason)


class RunWithoutResultError(ConflictError):
    """The run has no result to read."""

    code, title = "run_without_result", "Run without a result"
    members: ClassVar = {"state": "Where it stands."}
    remedy = "Wait until the run has SUCCEEDED, or name one that has."


def result_run(session: Session, scenario: ScenarioId, run: RunId | None) -> ResultRun | None:
    """The run that is read: the one named, or else the newest of the scenario as it stands; None where that has none.

    Raises `RunNotFoundError` and `RunWithoutResultError` of a run that is named.
    """
    if run is None:
        return repository.run_as_it_stands(session, scenario)
    result = repository.result_run(session, scenario, run)
    if result is None:
        from sextant.runs import service as runs  # where all is well no run is looked at

        state = runs.get(session, scenario, run).state
        why = "it is a part of another run" if state == "SUCCEEDED" else f"it is {state}"
        raise RunWithoutResultError(f"The run has no result to read: {why}.", extra={"state": state})
    return result


def result_of(session: Session, run: RunId, scenario: ScenarioId | None = None) -> ComputedRun:
    """The run with its result; raises `RunNotFoundError` and `RunWithoutResultError`."""
    for computed in repository.computed_runs(session, [run]):
        if scenario in (None, computed.scenario_id):
            if why := computed.why_without_result:
                raise RunWithoutResultError(
                    f"The run has no result to read: {why}.", extra={"state": computed.state}
                )
            return computed
    raise RunNotFoundError


def latest_metrics(session: Session, run: RunId, metrics: list[str] | None) -> list[LatestMetric]:
    """The newest value of each metric of a run, or of those named; constant time, without the lake."""
    return repository.latest_metrics(session, run, metrics)
