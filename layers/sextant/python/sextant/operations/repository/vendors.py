"""A vendor's breaker and limit, and the repetition of runs."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import timedelta
from uuid import UUID

from psycopg import sql

from sextant.ids import RunId, TenantId
from sextant.operations.model import ActionId, VendorId, VendorStanding
from sextant.runs.model import Run
from sextant.storage import Session

_OF_RUN = sql.SQL(", ").join(sql.SQL("(run).{}").format(sql.Identifier(field.name)) for field in fields(Run))
_REPLAY = sql.SQL("SELECT outcome, {columns} FROM replay_run(%s, %s, %s, %s, %s, %s)").format(columns=_OF_RUN)


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to a call's question whether it may be made."""

    outcome: str
    vendor_id: VendorId | None
    epoch: int | None
    token: UUID | None
    wait_seconds: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Replay:
    """What became of the wish to run a run again."""

    outcome: str
    run: Run | None
    refusal: dict[str, object] | None


def enter(session: Session, tenant: TenantId, vendor: str, patience: timedelta) -> Admission:
    found = session.fetch_one(
        "SELECT * FROM vendor_enter(%s, %s, %s)", (tenant, vendor, patience), row=Admission
    )
    assert found is not None
    return found


def leave(
    session: Session,
    tenant: TenantId,
    admission: Admission,
    *,
    succeeded: bool,
    actor: str,
    reason: str,
    correlation_id: str,
) -> str:
    """Say how a call ended; the breaker as it then stands."""
    found = session.fetch_one(
        "SELECT vendor_leave(%s, %s, %s, %s, %s, %s, %s, %s)",
        (
            tenant,
            admission.vendor_id,
            admission.epoch,
            admission.token,
            succeeded,
            actor,
            reason[:500],
            correlation_id,
        ),
        row=str,
    )
    assert found is not None
    return found


def move_breaker(
    session: Session, vendor: UUID, *, opened: bool, actor: str, reason: str, correlation_id: str
) -> bool:
    """Open or close a breaker by hand; False where it stood so already."""
    return bool(
        session.fetch_one(
            "SELECT move_breaker(%s, %s, %s, %s, %s, %s)",
            (session.tenant_id, vendor, opened, actor, reason, correlation_id),
            row=bool,
        )
    )


def standing(session: Session, vendor: UUID) -> VendorStanding:
    """Where a breaker stands: OPEN until its time is over, then HALF_OPEN."""
    found = session.fetch_one(
        """
        SELECT CASE WHEN s.breaker = 'OPEN' AND s.opened_at + make_interval(secs => v.reset_seconds) <= clock_timestamp()
                    THEN 'HALF_OPEN' ELSE s.breaker END AS breaker,
               s.failures, s.opened_at, s.opened_by,
               (SELECT coalesce(sum(s.calls[t %% 61 + 1]), 0)::integer
                FROM generate_series(greatest(floor(extract(epoch FROM clock_timestamp()))::bigint - 60, s.calls_until - 60), s.calls_until) AS t
               ) AS calls_in_last_minute
        FROM vendor_state s JOIN vendor v ON v.tenant_id = s.tenant_id AND v.id = s.vendor_id
        WHERE s.tenant_id = %s AND s.vendor_id = %s
        """,
        (session.tenant_id, vendor),
        row=VendorStanding,
    )
    return found or VendorStanding()


def seconds_until_retry(session: Session, vendor: UUID) -> float:
    """How long a retry that needs the vendor should wait; 0 where it may be tried now.

    While the breaker is not closed one retry goes first, once its time has come, and the others wait for what becomes of
    it: they would only be refused, and each refusal uses up one of their repetitions.
    """
    found = session.fetch_one(
        """
        SELECT greatest(0, extract(epoch FROM greatest(s.opened_at + make_interval(secs => v.reset_seconds), s.probe_until,
                                                       ahead.at + make_interval(secs => v.reset_seconds))
                                              - clock_timestamp()))::double precision
        FROM vendor_state s JOIN vendor v ON v.tenant_id = s.tenant_id AND v.id = s.vendor_id
        CROSS JOIN LATERAL (
            SELECT max(a.started_at) AS at FROM action a JOIN incident i ON i.tenant_id = a.tenant_id AND i.id = a.incident_id
            WHERE a.tenant_id = s.tenant_id AND a.state = 'SUCCEEDED' AND a.action_type = 'RETRY' AND i.vendor_id = s.vendor_id
              AND a.started_at > clock_timestamp() - make_interval(secs => v.reset_seconds)
              AND a.started_at > s.opened_at + make_interval(secs => v.reset_seconds)
        ) AS ahead
        WHERE s.tenant_id = %s AND s.vendor_id = %s AND s.breaker <> 'CLOSED'
        """,
        (session.tenant_id, vendor),
        row=float,
    )
    return found or 0.0


def replay(
    session: Session, run: RunId, new: RunId, *, actor: str, correlation_id: str, action: ActionId | None
) -> Replay:
    """Run a run again that ended without success."""
    found = session.fetch_one(_REPLAY, (session.tenant_id, run, new, actor, correlation_id, action), row=dict)
    assert found is not None
    outcome = str(found.pop("outcome"))
    if outcome in ("CREATED", "EXISTING", "NOT_ENDED"):
        return Replay(outcome, Run(**found), None)
    return Replay(outcome, None, found["error"])
