"""Every statement on receipts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from psycopg import sql
from psycopg.types.json import Jsonb

from sextant.ids import RunId, ScenarioId
from sextant.journal.model import Receipt, ReceiptId
from sextant.storage import Session
from sextant.storage.keyset import columns_of

_GET = sql.SQL("SELECT {columns} FROM run_receipt WHERE tenant_id = %s AND id = %s").format(
    columns=columns_of(Receipt)
)
# A request that was refused may be carried out when it comes again; one that has its run keeps it.
_SETTLE = sql.SQL("""
INSERT INTO run_receipt AS r (tenant_id, id, scenario_id, run_id, error, accepted_at, accepted_by)
VALUES (%(tenant_id)s, %(id)s, %(scenario)s, %(run)s, %(error)s, %(accepted_at)s, %(accepted_by)s)
ON CONFLICT (tenant_id, id) DO UPDATE SET
    run_id = EXCLUDED.run_id, error = EXCLUDED.error, settled_at = clock_timestamp()
WHERE r.run_id IS NULL
""")


def find_receipt(session: Session, receipt: ReceiptId) -> Receipt | None:
    return session.fetch_one(_GET, (session.tenant_id, receipt), row=Receipt)


def settle(
    session: Session,
    receipt: ReceiptId,
    scenario: ScenarioId,
    outcome: RunId | Mapping[str, Any],
    *,
    accepted_at: datetime,
    accepted_by: str,
) -> None:
    """Write down what became of a request: its run, or the problem it was refused for."""
    refused = isinstance(outcome, Mapping)
    session.execute(
        _SETTLE,
        {
            "tenant_id": session.tenant_id,
            "id": receipt,
            "scenario": scenario,
            "run": None if refused else outcome,
            "error": Jsonb(outcome) if refused else None,
            "accepted_at": accepted_at,
            "accepted_by": accepted_by,
        },
    )
