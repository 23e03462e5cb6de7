"""Kill switches: set, look up, list, and their audit."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from psycopg import sql

from sextant.kill_switches.model import KillSwitch, SwitchChange, SwitchScope
from sextant.paging import PageRequest
from sextant.storage import Session
from sextant.storage.keyset import columns_of, fetch_page

_SET = sql.SQL("""
SELECT outcome, {columns} FROM set_kill_switch(
    %(tenant_id)s, %(scope)s, %(target)s, %(active)s, %(reason)s, %(actor)s, %(platform)s, %(correlation_id)s)
""").format(columns=columns_of(KillSwitch, within="switch"))
_GET = sql.SQL("SELECT {columns} FROM kill_switch WHERE tenant_id IN (%s, '*') AND id = %s").format(
    columns=columns_of(KillSwitch)
)


def set_switch(
    session: Session,
    tenant: str,
    scope: SwitchScope,
    target: str,
    *,
    active: bool,
    reason: str,
    actor: str,
    platform: bool,
    correlation_id: str,
) -> tuple[str, KillSwitch]:
    """Set or lift a switch: CHANGED, UNCHANGED or HELD_BY_PLATFORM, and the switch as it then stands."""
    row = session.fetch_one(
        _SET,
        {
            "tenant_id": tenant,
            "scope": scope,
            "target": target,
            "active": active,
            "reason": reason,
            "actor": actor,
            "platform": platform,
            "correlation_id": correlation_id,
        },
        row=dict,
    )
    assert row is not None
    outcome = str(row.pop("outcome"))
    return outcome, KillSwitch(**row)


def over(session: Session, tenant: str, workflow: UUID | None, vendor: UUID | None) -> dict[str, Any] | None:
    """The switch that stops this work; None when none does. Raises when the switches cannot be read."""
    switch = session.fetch_one("SELECT kill_switch_over(%s, %s, %s)", (tenant, workflow, vendor), row=str)
    return json.loads(switch) if switch else None


def over_runs(session: Session) -> dict[str, Any] | None:
    """What keeps the tenant's runs from starting: a switch, a paused workflow, an inactive tenant; None: nothing."""
    obstacle = session.fetch_one("SELECT run_admission(%s)", (session.tenant_id,), row=str)
    return json.loads(obstacle) if obstacle else None


def is_active(session: Session, scope: SwitchScope, target: str) -> bool:
    """Whether the tenant's own switch over `target` is active."""
    return bool(
        session.fetch_one(
            "SELECT EXISTS (SELECT FROM kill_switch WHERE tenant_id = %s AND scope = %s AND target = %s AND active)",
            (session.tenant_id, scope, target),
            row=bool,
        )
    )


def get_switch(session: Session, tenant: str, switch: UUID) -> KillSwitch | None:
    return session.fetch_one(_GET, (tenant, switch), row=KillSwitch)


def list_switches(
    session: Session, tenant: str, request: PageRequest, *, active: bool | None
) -> list[KillSwitch]:
    """The tenant's switches and the global one."""
    return fetch_page(
        session,
        KillSwitch,
        "kill_switch",
        conditions="tenant_id IN (%(tenant)s, '*') AND (%(active)s::boolean IS NULL OR active = %(active)s)",
        params={"tenant": tenant, "active": active},
        request=request,
    )


def list_changes(session: Session, tenant: str, switch: UUID, request: PageRequest) -> list[SwitchChange]:
    return fetch_page(
        session,
        SwitchChange,
        "kill_switch_audit",
        conditions="tenant_id IN (%(tenant)s, '*') AND switch_id = %(switch)s",
        params={"tenant": tenant, "switch": switch},
        request=request,
    )


def resume_runs(session: Session) -> int:
    """Ask again for the tenant's runs that wait since nothing could start; how many."""
    return session.fetch_one("SELECT resume_runs(%s)", (session.tenant_id,), row=int) or 0
