"""The schema: it can be taken back, and what is asked often is found by an index."""

from __future__ import annotations

import json

import psycopg
import pytest

import migrations
from local.database import DatabaseUrls
from tests.integration.operations.conftest import Operations


def test_taking_it_back_restores_the_admission_of_runs(database: DatabaseUrls) -> None:
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute("UPDATE kill_switch SET active = true")
        assert connection.execute("SELECT run_admission('acme')").fetchone() != (None,)
    migrations.downgrade(database.admin, "0004_group_commit")
    with psycopg.connect(database.admin, autocommit=True) as connection:
        assert connection.execute("SELECT run_admission('acme')").fetchone() == (None,)
        left = connection.execute("SELECT to_regclass('incident'), to_regclass('kill_switch')").fetchone()
        assert left == (None, None)
    migrations.upgrade(database.admin)
    with psycopg.connect(database.admin, autocommit=True) as connection:
        assert connection.execute("SELECT run_admission('acme')").fetchone() == (None,)


HOT = {
    "count a failure": "SELECT * FROM incident WHERE tenant_id = 't' AND signature = 's' AND is_current",
    "find a key": "SELECT * FROM event WHERE tenant_id = 't' AND idempotency_key = 'k'",
    "list events": "SELECT * FROM event WHERE tenant_id = 't' AND id < gen_random_uuid() ORDER BY id DESC LIMIT 21",
    "events of an incident": "SELECT * FROM event WHERE tenant_id = 't' AND incident_id = gen_random_uuid() ORDER BY id",
    "list incidents": "SELECT * FROM incident WHERE tenant_id = 't' AND id < gen_random_uuid() ORDER BY id DESC LIMIT 21",
    "actions of an incident": "SELECT * FROM action WHERE tenant_id = 't' AND incident_id = gen_random_uuid()",
    "actions in the cooldown": (
        "SELECT count(*) FROM action WHERE tenant_id = 't' AND action_type = 'RETRY' AND target = 'x' AND "
        "state IN ('IN_PROGRESS', 'SUCCEEDED', 'FAILED') AND started_at > now() - interval '1 min'"
    ),
    "overdue actions": "SELECT * FROM action WHERE state = 'PENDING' AND due_at < now() ORDER BY due_at LIMIT 100",
    "switches": ("SELECT * FROM kill_switch WHERE tenant_id = 't' AND scope = 'WORKFLOW' AND target = 'x'"),
    "a vendor by name": "SELECT * FROM vendor WHERE tenant_id = 't' AND lower(name) = 'v' AND deleted_at IS NULL",
}


@pytest.mark.parametrize("asked", HOT)
def test_what_is_asked_often_is_found_by_an_index(operations: Operations, asked: str) -> None:
    with psycopg.connect(operations.urls.admin) as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        connection.execute("SET LOCAL enable_bitmapscan = off")
        found = connection.execute(f"EXPLAIN (FORMAT JSON, COSTS OFF) {HOT[asked]}").fetchone()
    assert found is not None
    plan = json.dumps(found[0])
    assert "Index" in plan
    assert '"Index Cond"' in plan
    assert "Seq Scan" not in plan
