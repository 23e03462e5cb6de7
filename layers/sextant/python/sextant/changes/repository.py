"""Every statement on changes of states."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sextant.changes.model import Seen, StateChange
from sextant.storage import Session

_NOW = "SELECT pg_current_snapshot()::text AS snapshot, clock_timestamp() AS at"
# What no transaction older than the oldest that was unfinished then can hold is found by the index; the rest is judged row by
# row. One statement reads one snapshot, so what it gives is just what it says that it has seen.
_SINCE = """
SELECT pg_current_snapshot()::text AS snapshot, clock_timestamp() AS at, c.tenant_id, c.position, c.kind, c.thing_id,
       c.scenario_id, c.state, c.changed_at
FROM (SELECT) AS one LEFT JOIN LATERAL (
    SELECT * FROM state_change s
    WHERE s.tenant_id = %(tenant_id)s AND s.transaction_id >= pg_snapshot_xmin(%(seen)s::pg_snapshot)
      AND NOT pg_visible_in_snapshot(s.transaction_id, %(seen)s::pg_snapshot)
      AND (%(target)s::pg_snapshot IS NULL OR pg_visible_in_snapshot(s.transaction_id, %(target)s::pg_snapshot))
      AND s.position > %(position)s
    ORDER BY s.position LIMIT %(fetch)s
) AS c ON true
ORDER BY c.position
"""
# A platform statement: what is old is forgotten of all tenants.
_FORGET = """
DELETE FROM state_change WHERE ctid = ANY (ARRAY(
    SELECT ctid FROM state_change WHERE changed_at < clock_timestamp() - %s::interval ORDER BY changed_at LIMIT %s))
"""


@dataclass(frozen=True, slots=True)
class Moment:
    """The present snapshot and the database's time."""

    snapshot: str
    at: datetime


def now(session: Session) -> Moment:
    moment = session.fetch_one(_NOW, row=Moment)
    assert moment is not None
    return moment


def since(session: Session, seen: Seen, fetch: int) -> tuple[Moment, list[StateChange]]:
    """Up to `fetch` changes that the reader has not seen, and the moment at which they were read."""
    rows = session.fetch_all(
        _SINCE,
        {
            "tenant_id": session.tenant_id,
            "seen": seen.snapshot,
            "target": seen.target,
            "position": seen.position,
            "fetch": fetch,
        },
        row=dict,
    )
    moment = Moment(rows[0]["snapshot"], rows[0]["at"])
    return moment, [StateChange(**_of_change(row)) for row in rows if row["position"] is not None]


def _of_change(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in ("snapshot", "at")}


def forget(session: Session, older_than: timedelta, limit: int) -> int:
    """Delete the oldest changes; how many. A platform statement."""
    return session.execute(_FORGET, (older_than, limit))
