"""Every statement on runs. The steps of a run's life are database functions: `0003_run_lifecycle.up.sql`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import timedelta
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from sextant.ids import RunId, ScenarioId, TenantId
from sextant.outbox.backpressure import backpressure
from sextant.paging import PageRequest
from sextant.runs.model import (
    Attempt,
    ClaimedRun,
    Origin,
    RequestedRun,
    Run,
    RunFigures,
    RunFilter,
    RunOptions,
    RunSelection,
    State,
)
from sextant.settings.model import Admission
from sextant.storage import Session

_FIELDS = [field.name for field in fields(Run)]
_COLUMNS = sql.SQL(", ").join(map(sql.Identifier, _FIELDS))
_OF_RUN = sql.SQL(", ").join(sql.SQL("(run).{}").format(sql.Identifier(name)) for name in _FIELDS)

_ADMISSION_FIELDS = [field.name for field in fields(Admission)]
_OF_ADMISSION = sql.SQL(", ").join(
    sql.SQL("(admission).{}").format(sql.Identifier(name)) for name in _ADMISSION_FIELDS
)
_REQUEST = sql.SQL("""
SELECT {admission}, (requested).outcome, {columns} FROM (SELECT admission, requested, (requested).run FROM request_run_admitted(
    %(rules)s, %(tenant_id)s, %(run)s, %(scenario)s, %(parameters)s, %(code_version)s, %(environment)s, %(seed)s, %(priority)s,
    %(timeout_minutes)s, %(max_retries)s, %(idempotency_key)s, %(request_hash)s, %(actor)s, %(correlation_id)s, %(traceparent)s)) AS answer
""").format(columns=_OF_RUN, admission=_OF_ADMISSION)
_REQUEST_MANY = sql.SQL("SELECT outcome, {columns} FROM request_runs(%s, %s, %s, %s, %s, %s)").format(
    columns=_OF_RUN
)
_SET_STATE = sql.SQL("SELECT outcome, {columns} FROM set_run_state(%s, %s, %s, %s, %s)").format(
    columns=_OF_RUN
)
_ATTEMPTS = """
SELECT tenant_id, run_id, attempt, fencing_token, worker, outcome, error, started_at, ended_at FROM run_attempt
WHERE tenant_id = %s AND run_id = %s ORDER BY attempt LIMIT 100
"""
# What ended is counted of the last day only: the history must not make a scrape slow.
_FIGURES = """
SELECT state, count(*) AS runs,
       coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest_seconds
FROM scenario_run
WHERE (%(tenant_id)s::text IS NULL OR tenant_id = %(tenant_id)s)
  AND (state IN ('QUEUED', 'RUNNING') OR updated_at > clock_timestamp() - interval '1 day')
GROUP BY state ORDER BY state
"""
_MATCHING = """
SELECT id, count(*) OVER () AS total
FROM matching_runs(%(tenant_id)s, %(states)s, %(scenario)s, %(priority)s, %(after)s, %(before)s)
ORDER BY id LIMIT %(limit)s
"""

_CANCEL = sql.SQL("SELECT outcome, {columns} FROM cancel_run(%s, %s, %s)").format(columns=_OF_RUN)
_CLAIM = sql.SQL("SELECT outcome, assumptions, {columns} FROM claim_run(%s, %s, %s, %s)").format(
    columns=_OF_RUN
)
_FAIL = sql.SQL("SELECT {columns} FROM fail_run(%s, %s, %s, %s, %s, %s, %s, %s) WHERE id IS NOT NULL").format(
    columns=_COLUMNS
)
_GET = sql.SQL(
    "SELECT {columns} FROM scenario_run WHERE tenant_id = %s AND id = %s AND scenario_id = %s"
).format(columns=_COLUMNS)

_LIST = """
SELECT {columns} FROM scenario_run
WHERE tenant_id = %(tenant_id)s AND scenario_id = %(scenario)s
  AND parent_run_id IS NOT DISTINCT FROM %(parent)s::uuid
  AND (%(key)s::uuid IS NULL OR id {beyond} %(key)s::uuid)
  AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s::text[]))
  AND (%(created_after)s::timestamptz IS NULL OR created_at >= %(created_after)s)
  AND (%(created_before)s::timestamptz IS NULL OR created_at < %(created_before)s)
ORDER BY id {order} LIMIT %(fetch)s
"""
_LIST_NEXT = sql.SQL(_LIST).format(columns=_COLUMNS, beyond=sql.SQL("<"), order=sql.SQL("DESC"))
_LIST_PREV = sql.SQL(_LIST).format(columns=_COLUMNS, beyond=sql.SQL(">"), order=sql.SQL("ASC"))

# The lease is prolonged only for the holder of the token: to the others the run is gone.
_PROGRESS = """
UPDATE scenario_run SET progress_percent = %(percent)s, lease_until = clock_timestamp() + %(lease)s, updated_at = clock_timestamp()
WHERE tenant_id = %(tenant_id)s AND id = %(run)s AND state = 'RUNNING' AND fencing_token = %(fencing_token)s
RETURNING id
"""


def request(
    session: Session,
    run: RunId,
    scenario: ScenarioId,
    options: RunOptions,
    code_version: str,
    origin: Origin,
    rules: Sequence[str],
) -> tuple[Admission, RequestedRun | None]:
    """Ask for a run in one round trip, counted against the tenant's rate limit for `rules`.

    No run where the request was not admitted or the scenario does not exist. Raises `OutboxBackpressureError`.
    """
    with backpressure():
        asked = session.fetch_one(
            _REQUEST,
            {
                "tenant_id": session.tenant_id,
                "rules": list(rules),
                "scenario": scenario,
                "actor": origin.actor,
                "correlation_id": origin.correlation_id,
                "traceparent": origin.traceparent,
                **_asked(run, scenario, options, code_version),
            },
            row=dict,
        )
    assert asked is not None
    admission = Admission(**{name: asked.pop(name) for name in _ADMISSION_FIELDS})
    return admission, None if asked["outcome"] in (None, "SCENARIO_NOT_FOUND") else RequestedRun(**asked)


def request_many(
    session: Session,
    scenario: ScenarioId,
    items: Sequence[tuple[RunId, RunOptions]],
    code_version: str,
    origin: Origin,
) -> list[RequestedRun] | None:
    """Ask for several runs in one round trip, in order; None where the scenario does not exist.

    Raises `OutboxBackpressureError`.
    """
    asked = [_asked(run, scenario, options, options.code_version or code_version) for run, options in items]
    with backpressure():
        rows = session.fetch_all(
            _REQUEST_MANY,
            (
                session.tenant_id,
                scenario,
                Jsonb([{**item, "run": str(item["run"])} for item in asked]),
                origin.actor,
                origin.correlation_id,
                origin.traceparent,
            ),
            row=dict,
        )
    if any(row["outcome"] == "SCENARIO_NOT_FOUND" for row in rows):
        return None
    return [RequestedRun(**row) for row in rows]


def _asked(run: RunId, scenario: ScenarioId, options: RunOptions, code_version: str) -> dict[str, Any]:
    return {
        "run": run,
        "parameters": options.canonical_parameters(),
        "code_version": code_version,
        "environment": options.environment,
        "seed": options.seed,
        "priority": options.priority,
        "timeout_minutes": options.timeout_minutes,
        "max_retries": options.retries,
        "idempotency_key": options.idempotency_key,
        "request_hash": options.request_hash(scenario),
    }


def get(session: Session, scenario: ScenarioId, run: RunId) -> Run | None:
    return session.fetch_one(_GET, (session.tenant_id, run, scenario), row=Run)


def list_page(session: Session, scenario: ScenarioId, where: RunFilter, request: PageRequest) -> list[Run]:
    """Up to `request.fetch` runs of a scenario, newest first (oldest first when going backwards)."""
    return session.fetch_all(
        _LIST_PREV if request.backwards else _LIST_NEXT,
        {
            "tenant_id": session.tenant_id,
            "scenario": scenario,
            "parent": where.parent,
            "key": request.key,
            "fetch": request.fetch,
            "states": list(where.states) if where.states else None,
            "created_after": where.created_after,
            "created_before": where.created_before,
        },
        row=Run,
    )


def cancel(session: Session, run: RunId, actor: str) -> tuple[str, Run | None]:
    """Cancel a run: CANCELLED, ENDED, PUBLISHING or NOT_FOUND, and the run as it stands."""
    found = session.fetch_one(_CANCEL, (session.tenant_id, run, actor), row=dict)
    assert found is not None
    outcome = found.pop("outcome")
    return outcome, None if outcome == "NOT_FOUND" else Run(**found)


def set_state(session: Session, run: RunId, state: State, reason: str, actor: str) -> tuple[str, Run | None]:
    """Move a run by hand: CHANGED, UNCHANGED, ILLEGAL, PUBLISHING or NOT_FOUND, and the run as it stands."""
    found = session.fetch_one(_SET_STATE, (session.tenant_id, run, state, reason, actor), row=dict)
    assert found is not None
    outcome = found.pop("outcome")
    return outcome, None if outcome == "NOT_FOUND" else Run(**found)


def attempts(session: Session, run: RunId) -> list[Attempt]:
    return session.fetch_all(_ATTEMPTS, (session.tenant_id, run), row=Attempt)


def matching(
    session: Session, where: RunSelection, states: Sequence[State], limit: int
) -> tuple[int, list[RunId]]:
    """How many runs of the tenant fit, and the ids of the oldest `limit`."""
    rows = session.fetch_all(
        _MATCHING,
        {
            "tenant_id": session.tenant_id,
            "states": list(states),
            "scenario": where.scenario_id,
            "priority": where.priority,
            "after": where.created_after,
            "before": where.created_before,
            "limit": limit,
        },
        row=dict,
    )
    return (rows[0]["total"] if rows else 0), [row["id"] for row in rows]


def replay(
    session: Session, runs: Sequence[RunId], origin: Origin
) -> tuple[list[RunId], int, dict[str, Any] | None]:
    """Ask again for runs that ended without a result: the new ids, how many were passed over, and what forbids it."""
    with backpressure():
        found = session.fetch_one(
            "SELECT runs, skipped, refusal FROM replay_runs(%s, %s, %s, %s, %s)",
            (session.tenant_id, list(runs), origin.actor, origin.correlation_id, origin.traceparent),
            row=tuple,
        )
    assert found is not None
    return found[0], found[1], found[2]


def claim(
    session: Session, tenant: TenantId, run: RunId, worker: str, lease: timedelta
) -> tuple[str, ClaimedRun | None]:
    """Take a run to work on: CLAIMED with the run, or BUSY, HELD, DONE, UNKNOWN with nothing."""
    found = session.fetch_one(_CLAIM, (tenant, run, worker, lease), row=dict)
    assert found is not None
    outcome, assumptions = found.pop("outcome"), found.pop("assumptions")
    return outcome, ClaimedRun(Run(**found), assumptions) if outcome == "CLAIMED" else None


def progress(session: Session, run: Run, percent: int, lease: timedelta) -> bool:
    """Report progress and prolong the lease; False where the run is no longer this worker's."""
    return (
        session.execute(
            _PROGRESS,
            {
                "tenant_id": run.tenant_id,
                "run": run.id,
                "fencing_token": run.fencing_token,
                "percent": percent,
                "lease": lease,
            },
        )
        == 1
    )


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
    found = session.fetch_one(
        "SELECT store_output(%s, %s, %s, %s, %s, %s, %s, %s, %s)",
        (
            run.tenant_id,
            run.id,
            run.fencing_token,
            Jsonb(descriptor),
            Jsonb(metrics),
            Jsonb(result),
            rows,
            size,
            gb_seconds,
        ),
        row=bool,
    )
    return bool(found)


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
    found = session.fetch_one(
        "SELECT split_run(%s, %s, %s, %s, %s, %s)",
        (run.tenant_id, run.id, run.fencing_token, [Jsonb(dict(part)) for part in parts], gb_seconds, actor),
        row=bool,
    )
    return bool(found)


def finish_part(session: Session, run: Run, location: str, size: int, gb_seconds: float) -> bool:
    """Say where a part's result lies; False where the part is no longer this worker's."""
    found = session.fetch_one(
        "SELECT finish_part(%s, %s, %s, %s, %s, %s)",
        (run.tenant_id, run.id, run.fencing_token, location, size, gb_seconds),
        row=bool,
    )
    return bool(found)


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


def recover(session: Session, silence: timedelta, limit: int) -> tuple[int, int, int, int]:
    """Look after runs that nobody holds: how many were requeued, failed, timed out, asked for again."""
    found = session.fetch_one(
        "SELECT requeued, failed, timed_out, asked_again FROM recover_runs(%s, %s)",
        (silence, limit),
        row=tuple,
    )
    assert found is not None
    return found[0], found[1], found[2], found[3]


def figures(session: Session) -> list[RunFigures]:
    """How many runs stand in each state, of the session's tenant or, on the platform, of all."""
    return session.fetch_all(_FIGURES, {"tenant_id": _whose(session)}, row=RunFigures)


def _whose(session: Session) -> TenantId | None:
    return None if session.is_platform else session.tenant_id
