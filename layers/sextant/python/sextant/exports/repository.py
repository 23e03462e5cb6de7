"""Every statement on exports. A change of `state` is told to whoever watches (`note_state_change`), in the same transaction."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from sextant.exports.model import State, StoredExport
from sextant.ids import ScenarioId, TenantId
from sextant.storage import Session

_COLUMNS = "e.tenant_id, e.id, e.scenario_id, e.format, e.snapshot_id, e.state, e.attempt, e.query_id, e.submitted_at"
_FIND = f"SELECT {_COLUMNS} FROM export e WHERE e.tenant_id = %s AND e.id = %s"  # noqa: S608
_BEGIN = """
INSERT INTO export AS e (tenant_id, id, scenario_id, format, snapshot_id, state, attempt, query_id)
VALUES (%s, %s, %s, %s, %s, 'QUEUED', %s, %s)
ON CONFLICT (tenant_id, id) DO UPDATE
SET state = 'QUEUED', attempt = excluded.attempt, query_id = excluded.query_id, submitted_at = clock_timestamp(), completed_at = NULL
WHERE e.attempt < excluded.attempt
"""
_KEEP = """
INSERT INTO export (tenant_id, id, scenario_id, format, snapshot_id, state, completed_at)
VALUES (%s, %s, %s, %s, %s, 'SUCCEEDED', clock_timestamp())
"""
_MOVE = """
UPDATE export SET state = %s, completed_at = CASE WHEN %s IN ('QUEUED', 'RUNNING') THEN NULL ELSE clock_timestamp() END
WHERE tenant_id = %s AND id = %s AND attempt = %s AND state IN ('QUEUED', 'RUNNING') AND state <> %s
"""
# A platform statement: whoever watches Athena's queries does so for all tenants.
_UNDER_WAY = f"""
SELECT {_COLUMNS} FROM export e WHERE e.state IN ('QUEUED', 'RUNNING') ORDER BY e.submitted_at LIMIT %s
"""  # noqa: S608
# A platform statement: what is old is forgotten of all tenants.
_FORGET = """
DELETE FROM export WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM export WHERE submitted_at < clock_timestamp() - %s::interval ORDER BY submitted_at LIMIT %s))
"""


def find(session: Session, export: UUID) -> StoredExport | None:
    return session.fetch_one(_FIND, (session.tenant_id, export), row=StoredExport)


def begin(
    session: Session, export: UUID, scenario: ScenarioId, form: str, snapshot: int, attempt: int, query: str
) -> int:
    """Store an attempt that Athena makes; 0 where that attempt, or a later one, is stored already."""
    return session.execute(_BEGIN, (session.tenant_id, export, scenario, form, snapshot, attempt, query))


def keep(session: Session, export: UUID, scenario: ScenarioId, form: str, snapshot: int) -> int:
    """Store an export whose file is there."""
    return session.execute(_KEEP, (session.tenant_id, export, scenario, form, snapshot))


def move(session: Session, tenant: TenantId, export: UUID, attempt: int, state: State) -> int:
    """Compare and set: 1 where this attempt was under way in another state."""
    return session.execute(_MOVE, (state, state, tenant, export, attempt, state))


def under_way(session: Session, limit: int) -> list[StoredExport]:
    """Those that Athena has not ended as far as is known, the oldest first; a platform statement."""
    return session.fetch_all(_UNDER_WAY, (limit,), row=StoredExport)


def forget(session: Session, older_than: timedelta, limit: int) -> int:
    """Delete the oldest exports; how many. A platform statement."""
    return session.execute(_FORGET, (older_than, limit))
