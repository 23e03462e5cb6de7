"""A line of queued runs made by hand, and the tickets that are under way: for tests of what is claimed, and with what message."""

from __future__ import annotations

import uuid
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from sextant.execution import repository
from sextant.execution.model import ClaimedRun
from sextant.ids import RunId, TenantId
from sextant.runs.model import Run
from sextant.storage import ALL_TENANTS, PlatformDatabase

LEASE = timedelta(minutes=10)
OBSTACLES = (
    "switch",
    "workflow switch",
    "paused",
    "inactive",
    "deleted",
    "limit",
    "backing off",
    "idle",
    "none",
)

_SCENARIO = """
INSERT INTO scenario (tenant_id, id, name, assumptions, parameters, created_by, updated_by)
SELECT t, %s, 's', '[]', '{}', 'test', 'test' FROM unnest(%s::text[]) AS t
"""
# Of each tenant `runs` runs, each with a claim order of its own.
_RUNS = """
INSERT INTO scenario_run (tenant_id, id, scenario_id, scenario_version, version_hash, parameters, code_version, environment,
    seed, timeout_minutes, max_retries, request_hash, created_by, claim_order)
SELECT t, gen_random_uuid(), %s, 1, gen_random_uuid()::text, '{}', '1', 'e', 0, 60, 0, '', 'test', now() + n * interval '1 s'
FROM unnest(%s::text[]) AS t, generate_series(1, %s) AS n
RETURNING tenant_id, id
"""


@dataclass
class Line:
    """The line of runs, and the tickets that are under way."""

    connection: psycopg.Connection[Any]
    platform: PlatformDatabase
    scenario: UUID = field(default_factory=uuid.uuid4)
    read_to: int = 0

    def queue(self, tenants: list[str], runs: int = 1) -> list[tuple[str, UUID]]:
        known = {row[0] for row in self.connection.execute("SELECT tenant_id FROM scenario")}
        self.connection.execute(_SCENARIO, (self.scenario, [t for t in tenants if t not in known]))
        return self.connection.execute(_RUNS, (self.scenario, tenants, runs)).fetchall()

    def hold(self, tenant: str, obstacle: str) -> None:
        """Put `obstacle` in the way of the tenant's runs."""
        execute = self.connection.execute
        if "switch" in obstacle:
            scope, target = "TENANT", tenant
            if obstacle == "workflow switch":
                scope = "WORKFLOW"
                target = str(execute("SELECT platform_workflow(%s)", (tenant,)).fetchone()[0])  # type: ignore[index]
            execute(
                "SELECT set_kill_switch(%s, %s, %s, true, 'r', 'test', false, '')", (tenant, scope, target)
            )
        elif obstacle == "paused":
            execute("SELECT platform_workflow(%s)", (tenant,))
            execute(
                "UPDATE workflow SET state = 'PAUSED', version = version + 1, updated_at = clock_timestamp() WHERE tenant_id = %s",
                (tenant,),
            )
        elif obstacle in ("inactive", "deleted"):
            execute(
                "INSERT INTO tenant (tenant_id, id, name, active, created_by, updated_by)"
                " VALUES (%s, gen_random_uuid(), 't', %s, 'test', 'test')",
                (tenant, obstacle == "deleted"),
            )
            if obstacle == "deleted":
                execute(
                    "UPDATE tenant SET deleted_at = now(), version = version + 1, updated_at = clock_timestamp() WHERE tenant_id = %s",
                    (tenant,),
                )
        elif obstacle == "limit":
            self.limit(tenant, 1)
            self.connection.execute(
                "UPDATE scenario_run SET state = 'RUNNING', started_at = now(), lease_until = now() + interval '1 h'"
                " WHERE tenant_id = %s AND id = (SELECT min(id::text)::uuid FROM scenario_run WHERE tenant_id = %s)",
                (tenant, tenant),
            )
        elif obstacle == "backing off":
            execute(
                "UPDATE scenario_run SET available_at = now() + interval '1 h' WHERE tenant_id = %s",
                (tenant,),
            )
        elif obstacle == "idle":
            execute(
                "UPDATE scenario_run SET state = 'CANCELLED', completed_at = now() WHERE tenant_id = %s",
                (tenant,),
            )

    def limit(self, tenant: str, most: int) -> None:
        self.connection.execute(
            "SELECT put_setting(%s, 'concurrency', 'runs', %s, 'test', 'r', gen_random_uuid())",
            (tenant, Jsonb({"max_running": most})),
        )

    def claim(self, ticket: tuple[str, UUID]) -> tuple[str, ClaimedRun | None]:
        with self.platform.autocommit(ALL_TENANTS) as session:
            return repository.claim(session, TenantId(ticket[0]), RunId(ticket[1]), "w", LEASE)

    def end(self, run: Run) -> None:
        with self.platform.autocommit(ALL_TENANTS) as session:
            assert repository.fail(session, run, "FAILED", {"code": "x"}, None, 0.0, "w") is not None

    def new_tickets(self) -> list[tuple[str, UUID]]:
        """What was put in the outbox for the workers since the last look."""
        rows = self.connection.execute(
            "SELECT p.position, e.tenant_id, (e.payload ->> 'run_id')::uuid FROM outbox_pending p"
            " JOIN outbox_event e ON e.tenant_id = p.tenant_id AND e.id = p.event_id"
            " WHERE e.topic = 'run.requested' AND p.position > %s ORDER BY p.position",
            (self.read_to,),
        ).fetchall()
        if rows:
            self.read_to = rows[-1][0]
        return [(tenant, run) for _, tenant, run in rows]

    def queued(self) -> Counter[str]:
        rows = self.connection.execute("SELECT tenant_id FROM scenario_run WHERE state = 'QUEUED'").fetchall()
        return Counter(tenant for (tenant,) in rows)
