"""Every statement on output files, batches, the roll-up and the tenants' output versions."""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta
from uuid import UUID

from psycopg import sql

from sextant.ids import BatchId, ScenarioId
from sextant.outputs.model import LatestMetric, PublishedRun, WaitingFile
from sextant.storage import Session
from sextant.storage.keyset import columns_of

_LATEST = sql.SQL("""
SELECT {columns} FROM metric_latest
WHERE tenant_id = %s AND scenario_id = %s AND (%s::text[] IS NULL OR metric = ANY (%s::text[]))
ORDER BY metric, tags_key
""").format(columns=columns_of(LatestMetric))


def open_batch(
    session: Session, batch: BatchId, owner: str, lease: timedelta, limit: int
) -> tuple[str, BatchId | None]:
    """Take the open batch or open one: OPENED, RESUMED, BUSY or EMPTY, and its id."""
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
        "SELECT tenant_id, run_id, descriptor FROM output_file WHERE batch_id = %s ORDER BY tenant_id, run_id",
        (batch,),
        row=WaitingFile,
    )


def close_batch(session: Session, batch: BatchId, snapshot_id: int) -> int:
    """Make a committed batch true in the database; how many runs succeeded by this call."""
    return session.fetch_one("SELECT close_output_batch(%s, %s)", (batch, snapshot_id), row=int) or 0


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
        "SELECT descriptor ->> 'location' FROM output_file WHERE state IN ('WAITING', 'ASSIGNED')", row=str
    )


def published_runs(session: Session) -> list[PublishedRun]:
    """Every run whose file is in the lake, or in the batch that is being committed; a platform statement."""
    return session.fetch_all(
        """
        SELECT tenant_id, scenario_id, run_id, row_count, state = 'COMMITTED' AS committed
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


def latest_metrics(session: Session, scenario: ScenarioId, metrics: list[str] | None) -> list[LatestMetric]:
    return session.fetch_all(_LATEST, (session.tenant_id, scenario, metrics, metrics), row=LatestMetric)


def readable_version(session: Session, scenario: ScenarioId) -> int | None:
    """How often this tenant's outputs changed (0: never), or None where it has no such scenario."""
    return session.fetch_one(
        "SELECT coalesce((SELECT version FROM output_version v WHERE v.tenant_id = s.tenant_id), 0)"
        " FROM scenario s WHERE s.tenant_id = %s AND s.id = %s AND s.deleted_at IS NULL",
        (session.tenant_id, scenario),
        row=int,
    )


def invalidate(session: Session, reason: str) -> int:
    """Raise the tenant's output version and announce it; the new version."""
    version = session.fetch_one("SELECT invalidate_outputs(%s, %s)", (session.tenant_id, reason), row=int)
    assert version is not None
    return version
