"""Every statement on output files, batches, the roll-up and the tenants' output versions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from sextant.ids import BatchId, RunId, ScenarioId
from sextant.outputs.model import ComputedRun, LatestMetric, PublishedRun, Readable, ResultRun, WaitingFile
from sextant.storage import Session

_RESULT_RUN = """
SELECT r.tenant_id, r.id, r.scenario_version, r.parameters, r.seed, r.code_version FROM scenario_run r
WHERE r.tenant_id = %s AND r.scenario_id = %s AND r.id = %s AND r.state = 'SUCCEEDED' AND r.parent_run_id IS NULL
"""
# Of the runs with the scenario's own assumptions and parameters, as a request without any of its own would have them.
_RUN_AS_IT_STANDS = """
WITH asked AS MATERIALIZED (
    SELECT s.tenant_id, s.id, s.assumptions, pin_parameters(s.tenant_id, merge_canonical(s.parameters, '{}')) AS parameters
    FROM scenario s WHERE s.tenant_id = %s AND s.id = %s AND s.deleted_at IS NULL
)
SELECT r.tenant_id, r.id, r.scenario_version, r.parameters, r.seed, r.code_version
FROM asked
JOIN scenario_run r ON r.tenant_id = asked.tenant_id AND r.scenario_id = asked.id
JOIN scenario_version v ON v.tenant_id = r.tenant_id AND v.id = r.scenario_id AND v.version = r.scenario_version
WHERE r.state = 'SUCCEEDED' AND r.parent_run_id IS NULL
  AND r.parameters = asked.parameters AND v.assumptions = asked.assumptions
ORDER BY r.id DESC LIMIT 1
"""
_METRICS = """
SELECT f.tenant_id, f.scenario_id, x.metric, x.tags, x.asof_date, x.value, x.unit, x.band_lower, x.band_upper,
       f.run_id, f.created_at AS computed_at
FROM output_file f, jsonb_populate_recordset(NULL::metric_latest, f.metrics) AS x
WHERE f.tenant_id = %s AND f.run_id = %s AND (%s::text[] IS NULL OR x.metric = ANY (%s::text[]))
ORDER BY x.metric, x.tags_key
"""

_COMPUTED_RUNS = """
SELECT r.tenant_id, r.id, r.scenario_id, s.name AS scenario_name, r.scenario_version, r.state,
       r.parent_run_id IS NOT NULL AS is_part, v.assumptions, r.parameters, r.seed, r.environment, r.code_version,
       r.version_hash, r.completed_at, r.output_rows, f.result
FROM scenario_run r
JOIN scenario s ON s.tenant_id = r.tenant_id AND s.id = r.scenario_id AND s.deleted_at IS NULL
JOIN scenario_version v ON v.tenant_id = r.tenant_id AND v.id = r.scenario_id AND v.version = r.scenario_version
LEFT JOIN output_file f ON f.tenant_id = r.tenant_id AND f.run_id = r.id
WHERE r.tenant_id = %s AND r.id = ANY (%s::uuid[])
"""


def open_batch(
    session: Session, batch: BatchId, owner: str, lease: timedelta, limit: int
) -> tuple[str, BatchId | None]:
    """Take the open batch or open one: OPENED, RESUMED, BUSY, LOCKED or EMPTY, and its id."""
    answer = session.fetch_one(
        "SELECT outcome, batch FROM open_output_batch(%s, %s, %s, %s)",
        (batch, owner, lease, limit),
        row=tuple,
    )
    assert answer is not None
    return answer[0], answer[1]


def batch_files(session: Session, batch: BatchId) -> list[WaitingFile]:
    """The files of a batch; a platform statement, over all tenants."""
    return session.fetch_all(
        """
        SELECT tenant_id, run_id, scenario_id, fencing_token, row_count, byte_count, descriptor,
               roll_up_is_readable(metrics) AS has_roll_up
        FROM output_file WHERE batch_id = %s ORDER BY tenant_id, run_id
        """,
        (batch,),
        row=WaitingFile,
    )


def close_batch(session: Session, batch: BatchId, snapshot_id: int) -> int:
    """Make a committed batch true in the database; how many runs succeeded by this call."""
    return session.fetch_one("SELECT close_output_batch(%s, %s)", (batch, snapshot_id), row=int) or 0


def refuse_file(
    session: Session, batch: BatchId, file: WaitingFile, reason: str, attempts: int, wait: timedelta
) -> str:
    """Take a file that cannot be committed out of its open batch: WAITING for another attempt after `wait`, SET_ASIDE
    with its run FAILED once it had `attempts`, or CLOSED where another committer was first."""
    return (
        session.fetch_one(
            "SELECT refuse_output(%s, %s, %s, %s, %s, %s)",
            (batch, file.tenant_id, file.run_id, reason, attempts, wait),
            row=str,
        )
        or "CLOSED"
    )


def waiting_seconds(session: Session) -> float:
    """How long the oldest result has waited to be published, 0 when none waits; a platform statement."""
    seconds = session.fetch_one(
        """
        SELECT coalesce(extract(epoch FROM clock_timestamp() - least(
            (SELECT min(created_at) FROM output_file WHERE state = 'WAITING'),
            (SELECT created_at FROM output_batch WHERE state = 'OPEN')
        )), 0)::float8
        """,
        row=float,
    )
    return seconds or 0.0


def open_batches(session: Session) -> list[BatchId]:
    """The batches whose commit is under way; a platform statement."""
    batches = session.fetch_all("SELECT id FROM output_batch WHERE state = 'OPEN'", row=UUID)
    return [BatchId(batch) for batch in batches]


def waiting_locations(session: Session) -> list[str]:
    """Where the files lie that are described but not committed; a platform statement."""
    return session.fetch_all(
        """
        SELECT place FROM output_file, unnest(ARRAY[descriptor ->> 'location', descriptor #>> '{hourly,location}']) AS place
        WHERE state IN ('WAITING', 'ASSIGNED') AND place IS NOT NULL
        """,
        row=str,
    )


def known_etags(session: Session) -> dict[str, str]:
    """The ETags that the store gave the files of published runs, by their locations; a platform statement."""
    rows = session.fetch_all(
        """
        SELECT file ->> 'location', file ->> 'etag'
        FROM output_file, unnest(ARRAY[descriptor, descriptor -> 'hourly']) AS file
        WHERE state = 'COMMITTED' AND file ->> 'etag' IS NOT NULL
        """,
        row=tuple,
    )
    return dict(rows)


def published_runs(session: Session) -> list[PublishedRun]:
    """Every run whose file is in the lake, or in the batch that is being committed; a platform statement."""
    return session.fetch_all(
        """
        SELECT tenant_id, scenario_id, run_id, row_count, state = 'COMMITTED' AS committed,
               CASE WHEN jsonb_typeof(descriptor #> '{hourly,record_count}') = 'number'
                    THEN (descriptor #>> '{hourly,record_count}')::bigint ELSE 0 END AS hourly_row_count
        FROM output_file WHERE state IN ('ASSIGNED', 'COMMITTED')
        """,
        row=PublishedRun,
    )


def run_states(session: Session, runs: Collection[str]) -> dict[str, str]:
    """The states of those of `runs` that there are; a platform statement."""
    rows = session.fetch_all(
        "SELECT id::text, state FROM scenario_run WHERE id = ANY (%s::uuid[])", (list(runs),), row=tuple
    )
    return dict(rows)


def result_run(session: Session, scenario: ScenarioId, run: RunId) -> ResultRun | None:
    """The run, where it is one of the scenario's and has a result."""
    return session.fetch_one(_RESULT_RUN, (session.tenant_id, scenario, run), row=ResultRun)


def run_as_it_stands(session: Session, scenario: ScenarioId) -> ResultRun | None:
    """The newest run with a result whose assumptions and parameters are those that the scenario has now."""
    return session.fetch_one(_RUN_AS_IT_STANDS, (session.tenant_id, scenario), row=ResultRun)


def computed_runs(session: Session, runs: Collection[UUID]) -> list[ComputedRun]:
    """Those of `runs` that the tenant has, of scenarios that are not deleted, in no order."""
    return session.fetch_all(_COMPUTED_RUNS, (session.tenant_id, list(runs)), row=ComputedRun)


def latest_metrics(session: Session, run: RunId, metrics: list[str] | None) -> list[LatestMetric]:
    return session.fetch_all(_METRICS, (session.tenant_id, run, metrics, metrics), row=LatestMetric)


def readable(session: Session, scenario: ScenarioId, runs: Collection[UUID]) -> Readable | None:
    """How often this tenant's outputs changed, and which of `runs` the scenario lacks; None without the scenario."""
    return session.fetch_one(
        """
        SELECT s.tenant_id, coalesce((SELECT version FROM output_version v WHERE v.tenant_id = s.tenant_id), 0) AS version,
               ARRAY(SELECT one FROM unnest(%s::uuid[]) AS one
                     WHERE NOT EXISTS (SELECT FROM scenario_run r
                                       WHERE r.tenant_id = s.tenant_id AND r.id = one AND r.scenario_id = s.id))
                   AS unknown_runs
        FROM scenario s WHERE s.tenant_id = %s AND s.id = %s AND s.deleted_at IS NULL
        """,
        (list(runs), session.tenant_id, scenario),
        row=Readable,
    )


def invalidate(session: Session, reason: str) -> int:
    """Raise the tenant's output version and announce it; the new version."""
    version = session.fetch_one("SELECT invalidate_outputs(%s, %s)", (session.tenant_id, reason), row=int)
    assert version is not None
    return version
