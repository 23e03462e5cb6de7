"""The steps of a run's execution, each for the worker that holds its fencing token. Most are database functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, LiteralString

from psycopg import sql
from psycopg.types.json import Jsonb

from sextant.execution.model import ClaimedRun, Recovered
from sextant.ids import RunId, TenantId
from sextant.runs.model import Run
from sextant.storage import Session
from sextant.storage.keyset import columns_of

_CLAIM = sql.SQL("SELECT outcome, assumptions, {columns} FROM claim_run(%s, %s, %s, %s)").format(
    columns=columns_of(Run, within="run")
)
_FAIL = sql.SQL("SELECT {columns} FROM fail_run(%s, %s, %s, %s, %s, %s, %s, %s) WHERE id IS NOT NULL").format(
    columns=columns_of(Run)
)
_RECORD_CODE_VERSION = sql.SQL(
    "SELECT {columns} FROM record_code_version(%s, %s, %s, %s) WHERE id IS NOT NULL"
).format(columns=columns_of(Run))
# The lease is prolonged only for the holder of the token: to the others the run is gone. Progress never runs backwards.
_PROGRESS = """
UPDATE scenario_run SET progress_percent = greatest(progress_percent, %(percent)s), lease_until = clock_timestamp() + %(lease)s, updated_at = clock_timestamp()
WHERE tenant_id = %(tenant_id)s AND id = %(run)s AND state = 'RUNNING' AND fencing_token = %(fencing_token)s
RETURNING id
"""


def claim(
    session: Session, tenant: TenantId, run: RunId, worker: str, lease: timedelta
) -> tuple[str, ClaimedRun | None]:
    """Take a run to work on: CLAIMED with the run, or BUSY, HELD, DONE, UNKNOWN with nothing."""
    row = session.fetch_one(_CLAIM, (tenant, run, worker, lease), row=dict)
    assert row is not None
    outcome, assumptions = row.pop("outcome"), row.pop("assumptions")
    return outcome, ClaimedRun(Run(**row), assumptions) if outcome == "CLAIMED" else None


def record_code_version(session: Session, run: Run, code_version: str) -> Run | None:
    """Say by which code the run is computed; the run then, or None where it is no longer this worker's."""
    return session.fetch_one(
        _RECORD_CODE_VERSION, (run.tenant_id, run.id, run.fencing_token, code_version), row=Run
    )


def progress(session: Session, run: Run, percent: int, lease: timedelta) -> bool:
    """Report progress and prolong the lease; False where the run is no longer this worker's."""
    params = {
        "tenant_id": run.tenant_id,
        "run": run.id,
        "fencing_token": run.fencing_token,
        "percent": percent,
        "lease": lease,
    }
    return session.execute(_PROGRESS, params) == 1


def store_output(
    session: Session,
    run: Run,
    *,
    descriptor: dict[str, Any],
    metrics: list[dict[str, Any]],
    result: dict[str, Any],
    rows: int,
    size: int,
    gb_seconds: float,
) -> bool:
    """Hand in the run's data file with its roll-up and metadata; False where the run is no longer this worker's."""
    documents = (Jsonb(descriptor), Jsonb(metrics), Jsonb(result))
    return _is_done(
        session,
        "SELECT store_output(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (run.tenant_id, run.id, run.fencing_token, *documents, rows, size, gb_seconds),
    )


def fail(
    session: Session,
    run: Run,
    state: str,
    error: dict[str, object],
    retry_after: timedelta | None,
    gb_seconds: float,
    actor: str,
) -> Run | None:
    """End this worker's attempt; the run as it then stands, or None where it is no longer this worker's.

    With `retry_after` and attempts left it goes back to the queue, else it ends in `state`.
    """
    return session.fetch_one(
        _FAIL,
        (run.tenant_id, run.id, run.fencing_token, state, Jsonb(error), retry_after, gb_seconds, actor),
        row=Run,
    )


def split(
    session: Session, run: Run, parts: Sequence[Mapping[str, Any]], gb_seconds: float, actor: str
) -> bool:
    """Split the run into children, one for each of `parts`; False where it is no longer this worker's."""
    return _is_done(
        session,
        "SELECT split_run(%s, %s, %s, %s, %s, %s)",
        (run.tenant_id, run.id, run.fencing_token, [Jsonb(dict(part)) for part in parts], gb_seconds, actor),
    )


def run_limit(session: Session, tenant: TenantId) -> int:
    """How many of the tenant's runs, parts included, may be computed at once."""
    return session.fetch_one("SELECT run_limit(%s)", (tenant,), row=int) or 1


def finish_part(session: Session, run: Run, location: str, size: int, gb_seconds: float) -> bool:
    """Say where a part's result lies; False where the part is no longer this worker's."""
    return _is_done(
        session,
        "SELECT finish_part(%s, %s, %s, %s, %s, %s)",
        (run.tenant_id, run.id, run.fencing_token, location, size, gb_seconds),
    )


def settle_parent(session: Session, tenant: TenantId, parent: RunId) -> str:
    """See whether the children are through: MERGING, FAILED, TIMEOUT, WAITING or DONE."""
    return session.fetch_one("SELECT settle_parent(%s, %s)", (tenant, parent), row=str) or "DONE"


def settle_parents(session: Session, limit: int) -> int:
    """Settle every parent that waits for its children; how many moved on. A platform statement."""
    return session.fetch_one("SELECT settle_parents(%s)", (limit,), row=int) or 0


def part_locations(session: Session, run: Run) -> list[str]:
    """Where the parts of a run lie, in the order of merging."""
    return session.fetch_all(
        "SELECT part_location FROM scenario_run WHERE tenant_id = %s AND parent_run_id = %s AND state = 'SUCCEEDED'"
        " ORDER BY (part ->> 'index')::integer",
        (run.tenant_id, run.id),
        row=str,
    )


def recover(session: Session, silence: timedelta, limit: int) -> Recovered:
    """Look after runs that nobody holds. A platform statement."""
    recovered = session.fetch_one(
        "SELECT requeued, failed, timed_out, asked_again FROM recover_runs(%s, %s)",
        (silence, limit),
        row=Recovered,
    )
    assert recovered is not None
    return recovered


def cancel_stranded(session: Session, limit: int) -> int:
    """Cancel runs that can never start, of deleted scenarios and inactive tenants; how many. A platform statement."""
    return session.fetch_one("SELECT cancel_stranded_runs(%s)", (limit,), row=int) or 0


def _is_done(session: Session, statement: LiteralString, params: tuple[object, ...]) -> bool:
    return bool(session.fetch_one(statement, params, row=bool))
