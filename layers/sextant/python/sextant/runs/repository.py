"""Every statement on runs. The steps of a run's life are SQL functions: `migrations/functions/runs/`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, astuple, fields
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from sextant.drivers.parameters import BUILT_IN
from sextant.drivers.vocabulary import reference_document
from sextant.ids import CancellationId, RunId, ScenarioId
from sextant.outbox.backpressure import backpressure
from sextant.paging import PageRequest
from sextant.runs.model import (
    Attempt,
    Cancellation,
    ListedRun,
    LiveRun,
    Origin,
    RequestedRun,
    Run,
    RunFilter,
    RunLimits,
    RunSelection,
    RunStatistics,
    State,
    TenantRunFilter,
)
from sextant.runs.options import RunOptions
from sextant.settings.model import Admission
from sextant.storage import Session
from sextant.storage.keyset import columns_of, fetch_page, params_of

_OF_RUN = columns_of(Run, within="run")
_REQUEST = sql.SQL("""
SELECT {admission}, (requested).outcome, (requested).context, {columns} FROM (SELECT admission, requested, (requested).run FROM request_run_admitted(
    p_rules => %(rules)s, p_tenant => %(tenant_id)s, p_run => %(run)s, p_scenario => %(scenario)s, p_options => %(options)s,
    p_actor => %(actor)s, p_correlation_id => %(correlation_id)s, p_traceparent => %(traceparent)s)) AS answer
""").format(
    columns=_OF_RUN,
    admission=columns_of(Admission, within="admission"),
)
_ANSWER = "SELECT outcome, {columns} FROM "
_REQUEST_MANY = sql.SQL(
    "SELECT outcome, context, {columns} FROM request_runs(%s, %s, %s, %s, %s, %s)"
).format(columns=_OF_RUN)
_SET_STATE = sql.SQL(_ANSWER + "set_run_state(%s, %s, %s, %s, %s)").format(columns=_OF_RUN)
_CANCEL = sql.SQL(_ANSWER + "cancel_run(%s, %s, %s)").format(columns=_OF_RUN)
_ATTEMPTS = sql.SQL(
    "SELECT {columns} FROM run_attempt WHERE tenant_id = %s AND run_id = %s ORDER BY attempt"
).format(columns=columns_of(Attempt))
# What ended is counted of the last day only: the history must not make a scrape slow.
_STATISTICS = """
SELECT state, count(*) AS runs,
       coalesce(extract(epoch FROM clock_timestamp() - min(created_at)), 0)::float8 AS oldest_seconds
FROM scenario_run
WHERE (%(tenant_id)s::text IS NULL OR tenant_id = %(tenant_id)s)
  AND (state IN ('QUEUED', 'RUNNING') OR updated_at > clock_timestamp() - interval '1 day')
GROUP BY state ORDER BY state
"""
_LIMITS = """
SELECT run_limit(%(tenant_id)s) AS max_running, runs_in_work(%(tenant_id)s) AS in_work,
       (SELECT count(*) FROM scenario_run WHERE tenant_id = %(tenant_id)s AND state = 'QUEUED') AS queued
"""
# Counted apart from the oldest, without an order: of 200,000 that took a sixth of the time.
_MATCHING = sql.SQL(
    "SELECT id, (SELECT count(*) FROM {fitting}) AS total FROM {fitting} ORDER BY id LIMIT %(limit)s"
).format(
    fitting=sql.SQL(
        "matching_runs(%(tenant_id)s, %(states)s, %(scenario)s, %(priority)s, %(after)s, %(before)s)"
    )
)

_BEGIN_CANCELLATION = sql.SQL("""
INSERT INTO run_cancellation (tenant_id, scenario_id, deletion, states, priority, created_after, created_before, matching, cancelled, actor)
VALUES (%s, %s, false, %s, %s, %s, %s, %s, %s, %s) RETURNING {columns}
""").format(columns=columns_of(Cancellation))
_FIND_CANCELLATION = sql.SQL(
    "SELECT {columns} FROM run_cancellation WHERE tenant_id = %s AND id = %s"
).format(columns=columns_of(Cancellation))

_GET = sql.SQL(
    "SELECT {columns} FROM scenario_run WHERE tenant_id = %s AND id = %s AND scenario_id = %s"
).format(columns=columns_of(Run))

_FIND = sql.SQL("SELECT {columns} FROM scenario_run WHERE tenant_id = %s AND id = %s").format(
    columns=columns_of(Run)
)

_LISTED = """tenant_id = %(tenant_id)s AND scenario_id = %(scenario)s
  AND parent_run_id IS NOT DISTINCT FROM %(parent)s::uuid
  AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s::text[]))
  AND (%(created_after)s::timestamptz IS NULL OR created_at >= %(created_after)s)
  AND (%(created_before)s::timestamptz IS NULL OR created_at < %(created_before)s)"""
# One walk of the line tells for what all queued runs of a page wait.
_WAITING = """LEFT JOIN run_waits_for(%(tenant_id)s, ARRAY(SELECT id FROM page WHERE state = 'QUEUED')) AS waiting
  ON waiting.run_id = page.id"""

# The name comes with the run; the columns of the join have names of their own, so that a run's stay plain.
_WITH_SCENARIO = """scenario_run JOIN (SELECT tenant_id, id AS scenario_id, name AS scenario_name FROM scenario) named
  USING (tenant_id, scenario_id)"""
_OF_TENANT = """tenant_id = %(tenant_id)s AND parent_run_id IS NULL
  AND (%(states)s::text[] IS NULL OR state = ANY (%(states)s::text[]))
  AND (%(scenario)s::uuid IS NULL OR scenario_id = %(scenario)s)
  AND (%(model)s::text IS NULL OR coalesce(parameters::jsonb ->> 'model', %(built_in)s) = %(model)s)
  AND (%(created_by)s::text IS NULL OR created_by = %(created_by)s)
  AND (%(created_after)s::timestamptz IS NULL OR created_at >= %(created_after)s)
  AND (%(created_before)s::timestamptz IS NULL OR created_at < %(created_before)s)"""


def request(
    session: Session,
    run: RunId,
    scenario: ScenarioId,
    options: RunOptions,
    code_version: str,
    origin: Origin,
    rules: Sequence[str],
    *,
    checked: bool = False,
) -> tuple[Admission, RequestedRun | None]:
    """Ask for a run in one round trip, counted against the tenant's rate limit for `rules`.

    It is UNFIT where it is not `checked` and may not fit its baseline. No run where the request was not admitted or the scenario does not exist. Raises `OutboxBackpressureError`.
    """
    with backpressure():
        row = session.fetch_one(
            _REQUEST,
            {
                "tenant_id": session.tenant_id,
                "rules": list(rules),
                "run": run,
                "scenario": scenario,
                "options": Jsonb(
                    {
                        **options.stored(scenario, code_version),
                        "reference": reference_document(),
                        "checked": checked,
                    }
                ),
                **asdict(origin),
            },
            row=dict,
        )
    assert row is not None
    admission = Admission(**{field.name: row.pop(field.name) for field in fields(Admission)})
    return admission, None if row["outcome"] in (None, "SCENARIO_NOT_FOUND") else RequestedRun(**row)


def request_many(
    session: Session,
    scenario: ScenarioId,
    items: Sequence[tuple[RunId, RunOptions]],
    code_version: str,
    origin: Origin,
    *,
    checked: bool = False,
) -> list[RequestedRun] | None:
    """Ask for several runs in one round trip, in order; None where the scenario does not exist.

    Raises `OutboxBackpressureError`.
    """
    requests: list[dict[str, Any]] = [
        {"run": str(run), **options.stored(scenario, code_version), "checked": checked}
        for run, options in items
    ]
    requests[0]["reference"] = reference_document()
    with backpressure():
        rows = session.fetch_all(
            _REQUEST_MANY,
            (session.tenant_id, scenario, Jsonb(requests), *astuple(origin)),
            row=dict,
        )
    if any(row["outcome"] == "SCENARIO_NOT_FOUND" for row in rows):
        return None
    return [RequestedRun(**row) for row in rows]


def get(session: Session, scenario: ScenarioId, run: RunId) -> Run | None:
    return session.fetch_one(_GET, (session.tenant_id, run, scenario), row=Run)


def find(session: Session, run: RunId) -> Run | None:
    """The run of whichever scenario of the session's tenant."""
    return session.fetch_one(_FIND, (session.tenant_id, run), row=Run)


def waits_for(session: Session, run: RunId) -> dict[str, Any] | None:
    """For what the run waits; None where it is not queued."""
    waiting: dict[str, Any] | None = session.fetch_one(
        "SELECT waits_for FROM run_waits_for(%s, ARRAY[%s]::uuid[])", (session.tenant_id, run), row=dict
    )
    return waiting and waiting["waits_for"]


def list_page(
    session: Session, scenario: ScenarioId, where: RunFilter, request: PageRequest
) -> list[LiveRun]:
    """Up to `request.fetch` runs of a scenario, newest first (oldest first when going backwards)."""
    return fetch_page(
        session,
        LiveRun,
        "scenario_run",
        conditions=_LISTED,
        params={**params_of(session, where), "scenario": scenario},
        request=request,
        joined=_WAITING,
    )


def list_of_tenant(session: Session, where: TenantRunFilter, request: PageRequest) -> list[ListedRun]:
    """Up to `request.fetch` runs of the tenant, newest first (oldest first when going backwards)."""
    return fetch_page(
        session,
        ListedRun,
        _WITH_SCENARIO,
        conditions=_OF_TENANT,
        params={**params_of(session, where), "built_in": BUILT_IN},
        request=request,
    )


def cancel(session: Session, run: RunId, actor: str) -> tuple[str, Run | None]:
    """Cancel a run: CANCELLED, ENDED, PUBLISHING or NOT_FOUND, and the run as it stands."""
    return _outcome_and_run(session, _CANCEL, (session.tenant_id, run, actor))


def set_state(session: Session, run: RunId, state: State, reason: str, actor: str) -> tuple[str, Run | None]:
    """Move a run by hand: CHANGED, UNCHANGED, ILLEGAL, PUBLISHING or NOT_FOUND, and the run as it stands."""
    return _outcome_and_run(session, _SET_STATE, (session.tenant_id, run, state, reason, actor))


def _outcome_and_run(
    session: Session, statement: sql.Composed, params: tuple[object, ...]
) -> tuple[str, Run | None]:
    row = session.fetch_one(statement, params, row=dict)
    assert row is not None
    outcome = row.pop("outcome")
    return outcome, None if outcome == "NOT_FOUND" else Run(**row)


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


def cancel_many(session: Session, runs: Sequence[RunId], actor: str) -> int:
    """Cancel some runs in one round trip; how many of them are cancelled now."""
    return (
        session.fetch_one("SELECT cancel_runs(%s, %s, %s)", (session.tenant_id, list(runs), actor), row=int)
        or 0
    )


def begin_cancellation(
    session: Session, where: RunSelection, states: Sequence[State], matching: int, cancelled: int, actor: str
) -> Cancellation:
    """Have the runs that fit cancelled bit by bit; `cancelled` of them are already."""
    cancellation = session.fetch_one(
        _BEGIN_CANCELLATION,
        (
            session.tenant_id,
            where.scenario_id,
            list(states),
            where.priority,
            where.created_after,
            where.created_before,
            matching,
            cancelled,
            actor,
        ),
        row=Cancellation,
    )
    assert cancellation is not None
    return cancellation


def find_cancellation(session: Session, cancellation: CancellationId) -> Cancellation | None:
    return session.fetch_one(_FIND_CANCELLATION, (session.tenant_id, cancellation), row=Cancellation)


def list_cancellations(
    session: Session, scenario: ScenarioId | None, request: PageRequest
) -> list[Cancellation]:
    return fetch_page(
        session,
        Cancellation,
        "run_cancellation",
        conditions="tenant_id = %(tenant_id)s AND (%(scenario)s::uuid IS NULL OR scenario_id = %(scenario)s)",
        params={"tenant_id": session.tenant_id, "scenario": scenario},
        request=request,
    )


def replay(
    session: Session, runs: Sequence[RunId], origin: Origin
) -> tuple[list[RunId], int, dict[str, Any] | None]:
    """Ask again for runs that ended without a result: the new ids, how many were passed over, and what forbids it."""
    with backpressure():
        row = session.fetch_one(
            "SELECT runs, skipped, refusal FROM replay_runs(%s, %s, %s, %s, %s)",
            (session.tenant_id, list(runs), *astuple(origin)),
            row=tuple,
        )
    assert row is not None
    return row[0], row[1], row[2]


def statistics(session: Session) -> list[RunStatistics]:
    """How many runs are in each state, of the session's tenant or, on the platform, of all."""
    tenant = None if session.is_platform else session.tenant_id
    return session.fetch_all(_STATISTICS, {"tenant_id": tenant}, row=RunStatistics)


def limits(session: Session) -> RunLimits:
    """How many runs of the session's tenant may be in work, are, and wait."""
    limits = session.fetch_one(_LIMITS, {"tenant_id": session.tenant_id}, row=RunLimits)
    assert limits is not None
    return limits
