"""Every query of every repository on tables that have grown: none reads one from end to end.

200,000 scenarios, runs and notes of five tenants of very unequal size, 30,000 rows in what else there is. Each
function is called as the largest tenant, through row-level security, and the pages it touched are counted.
"""

from __future__ import annotations

import inspect
import uuid
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import psycopg
import pytest
from psycopg import sql

from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant.errors import SextantError
from sextant.ids import RunId, ScenarioId, TenantId
from sextant.storage import Database, Session
from sextant.storage.temporal import Strategy, TemporalRepository
from tests.integration.storage.conftest import Open, opening
from tests.integration.storage.discovery import functions
from tests.integration.storage.explain import explaining
from tests.integration.storage.made_up import arguments
from tests.integration.storage.tables import SPECS, create_tables
from tests.integration.storage.test_tenancy import drop_checks, tenant_tables

SIZES = {"whale": 150_000, "large": 40_000, "medium": 9_000, "small": 900, "tiny": 100}
WHALE = TenantId("whale")
OTHERS_ROWS = 30_000
VERSIONS = 3_000
# More than a page of records with what belongs to them takes, less than any of the tables has.
PAGES = 300

NUMBERED = "('01900000-0000-7000-8000-' || lpad(to_hex({}), 12, '0'))::uuid"
NOTE = UUID("01900000-0000-7000-8000-000000000010")
GRADE = 7

# What may read much, and why. A request never waits for the first group.
EXEMPT = {
    **dict.fromkeys(
        (
            "sextant.baselines.repository.locations",
            "sextant.kill_switches.repository.resume_runs",
            "sextant.operations.scheduled_checks.repository.abandoned_actions",
            "sextant.operations.scheduled_checks.repository.dead_events",
            "sextant.operations.scheduled_checks.repository.overdue_actions",
            "sextant.operations.scheduled_checks.repository.unanalysed_incidents",
            "sextant.operations.scheduled_checks.repository.unreadable_settings",
            "sextant.outbox.administration.repository.count",
            "sextant.outbox.repository.statistics",
            "sextant.outbox.repository.find_tenant_queues",
            "sextant.outbox.repository.measure",
            "sextant.outbox.repository.next_due_in",
            "sextant.outbox.repository.purge",
            "sextant.outbox.repository.totals",
            "sextant.outputs.repository.known_etags",
            "sextant.outputs.repository.published_runs",
            "sextant.outputs.repository.waiting_locations",
            "sextant.runs.repository.statistics",
            "sextant.execution.repository.cancel_stranded",
            "sextant.execution.repository.recover",
            "sextant.webhooks.repository.cancel_stranded",
            "sextant.webhooks.repository.totals",
        ),
        "a sweep or a figure of the platform",
    ),
    "sextant.scenarios.repository.delete": "ends every live run of the scenario",
    "sextant.runs.repository.matching": "counts what a bulk operation would touch",
    "sextant.runs.repository.list_cancellations": "a tenant has few, which stay for a month",
    "sextant.baselines.repository.list_page": "walks over deleted baselines, and the made-up tenant has deleted all of its own",
    "sextant.baselines.repository.names": "read for the error of who names a baseline that is not there",
    "sextant.runs.repository.waits_for": "counts a run's place in its tenant's line, to 10,000",
    "sextant.execution.repository.claim": "weighs the tenant's waiting runs against each other, here 1,500",
    "sextant.outbox.administration.repository.entries": "asked by an operator",
    "sextant.settings.repository.audit_page": "no row is of the kind asked for, so all of the tenant's are read",
    "sextant.settings.repository.usage": "a tenant has as many rows as there are rules",
}


@pytest.fixture(scope="module")
def grown(postgres: Postgres, template: str) -> Iterator[DatabaseUrls]:
    made = databases.clone(postgres, template, f"grown_{uuid.uuid4().hex[:12]}")
    create_tables(made.admin)
    with psycopg.connect(made.admin, autocommit=True) as admin:
        drop_checks(admin)
        admin.execute("ALTER TABLE scenario_version DROP CONSTRAINT scenario_version_no_overlap")
        # No triggers, no foreign keys: the rows are what they are.
        admin.execute("SET session_replication_role = replica; SET maintenance_work_mem = '256MB'")
        _grow_large(admin)
        _grow_others(admin)
        admin.execute("VACUUM ANALYZE")
    yield made
    databases.drop(postgres, made.name)


@pytest.fixture(scope="module")
def database(grown: DatabaseUrls) -> Iterator[Database]:
    with opening() as open_one:
        yield open_one(grown.app, slow_query=60)


def _grow_large(admin: psycopg.Connection[Any]) -> None:
    """Rows of the five tenants mixed together, as time would mix them."""
    admin.execute(
        "CREATE TABLE crowd AS SELECT tenant, row_number() OVER (ORDER BY md5(tenant || n)) AS n,"
        " n AS own FROM jsonb_each_text(%s::jsonb) AS size(tenant, rows), generate_series(1, rows::int) AS n",
        (psycopg.types.json.Jsonb(SIZES),),
    )
    number = NUMBERED.format("n")
    for statement in (
        "INSERT INTO scenario (tenant_id, id, name, assumptions, parameters, tags, created_by, updated_by)"
        f" SELECT tenant, {number}, 'scenario ' || n, '[]', '{{}}', ARRAY['t' || n %% 5000], 'x', 'x' FROM crowd",
        "INSERT INTO scenario_version (tenant_id, id, version, valid, name, description, status, assumptions, parameters, tags, changed_by)"
        " SELECT tenant_id, id, 1, tstzrange(created_at, NULL), name, '', status, '[]', '{}', tags, 'x' FROM scenario",
        # The whale's first scenario has a quarter of its runs.
        "INSERT INTO scenario_run (tenant_id, id, scenario_id, scenario_version, state, version_hash, parameters, code_version,"
        " environment, seed, timeout_minutes, max_retries, request_hash, created_by, idempotency_key, completed_at)"
        f" SELECT tenant, {number}, CASE WHEN tenant = 'whale' AND own %% 4 = 0 THEN {NUMBERED.format('1')} ELSE {number} END, 1,"
        " CASE WHEN own %% 100 = 0 THEN 'QUEUED' ELSE 'SUCCEEDED' END, 'hash' || n, '{}', 'v1', 'prod', 1, 60, 3, 'r', 'x',"
        " 'key' || n, now() FROM crowd",
        *(
            f"INSERT INTO {spec.table} (tenant_id, id, name, rank, tags, created_by, updated_by, updated_at)"
            f" SELECT tenant, {number}, 'note ' || n, n %% 1000, '{{}}', 'x', 'x', '2030-01-01' FROM crowd"
            for spec in SPECS.values()
        ),
        "INSERT INTO versioned_note_version (tenant_id, id, version, valid, name, rank, tags, changed_by, transaction_id)"
        " SELECT tenant_id, id, 1, tstzrange('2020-01-01', NULL), name, rank, tags, 'x', 1 FROM versioned_note",
    ):
        admin.execute(statement.replace("%%", "%").encode())
    # One record that was changed again and again.
    first = admin.execute(
        "SELECT id FROM audited_note WHERE tenant_id = 'whale' ORDER BY id LIMIT 1 OFFSET 1000"
    ).fetchone()
    assert first is not None
    for statement in (
        "INSERT INTO audited_note_audit SELECT 'whale', %(id)s, n, 'rank', to_jsonb(n), to_jsonb(n + 1),"
        " '2025-01-01'::timestamptz + n * interval '1 minute', 'x', n FROM generate_series(2, %(versions)s) n",
        "UPDATE audited_note SET version = %(versions)s WHERE tenant_id = 'whale' AND id = %(id)s",
        "DELETE FROM versioned_note_version WHERE tenant_id = 'whale' AND id = %(id)s",
        "INSERT INTO versioned_note_version (tenant_id, id, version, valid, name, rank, tags, changed_by, transaction_id)"
        " SELECT 'whale', %(id)s, n, tstzrange('2025-01-01'::timestamptz + n * interval '1 minute',"
        " CASE WHEN n < %(versions)s THEN '2025-01-01'::timestamptz + (n + 1) * interval '1 minute' END), 'x', n, '{}', 'x', n"
        " FROM generate_series(1, %(versions)s) n",
        "UPDATE versioned_note SET version = %(versions)s WHERE tenant_id = 'whale' AND id = %(id)s",
    ):
        admin.execute(statement.encode(), {"id": first[0], "versions": VERSIONS})


def _grow_others(admin: psycopg.Connection[Any]) -> None:
    """Every other tenant table: rows of the whale with ids of their own and defaults where there are any."""
    for table in tenant_tables(admin):
        present = admin.execute(
            sql.SQL("SELECT count(*) FROM (SELECT FROM {} LIMIT 1) x").format(sql.Identifier(table))
        )
        if present.fetchone() != (0,):
            continue
        columns = admin.execute(
            "SELECT a.attname, a.attnotnull, format_type(a.atttypid, a.atttypmod), t.typcategory"
            " FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid WHERE a.attrelid = %s::regclass AND a.attnum > 0"
            " AND NOT a.attisdropped AND (NOT a.atthasdef OR a.attname = 'id') AND a.attidentity = ''",
            (table,),
        ).fetchall()
        values = {
            name: "'whale'" if name == "tenant_id" else _series(kind, category)
            for name, required, kind, category in columns
            if required or category == "S" or kind == "uuid"
        }
        text = 'INSERT INTO "{}" ({}) SELECT {} FROM generate_series(1, {}) n ON CONFLICT DO NOTHING'.format(
            table, ", ".join(f'"{name}"' for name in values), ", ".join(values.values()), OTHERS_ROWS
        )
        admin.execute(text.encode())


def _series(kind: str, category: str) -> str:
    if kind == "uuid":
        return NUMBERED.format("n")
    if kind in {"json", "jsonb"}:
        return "'{}'"
    if kind.endswith("[]"):
        return "'{}'"
    if kind == "tstzrange":
        return "tstzrange(now(), NULL)"
    if kind == "bytea":
        return "'x'"
    return {
        "S": "'text ' || n",
        "N": f"(n % 1000)::{kind}",
        "B": "true",
        "D": f"(now() - n * interval '1 minute')::{kind}",
        "T": "interval '1 hour'",
    }[category]


def measured() -> dict[str, Callable[..., Any]]:
    return {name: one for name, one in functions().items() if name not in EXEMPT}


@pytest.mark.parametrize("name", sorted(measured()))
def test_no_repository_function_reads_a_table_from_end_to_end(database: Database, name: str) -> None:
    function = measured()[name]
    with database.transaction(WHALE) as session:
        scenario = session.fetch_one(
            "SELECT scenario_id FROM scenario_run WHERE tenant_id = %s ORDER BY id LIMIT 1 OFFSET 500",
            (WHALE,),
            row=UUID,
        )
        run = session.fetch_one(
            "SELECT id FROM scenario_run WHERE tenant_id = %s AND scenario_id = %s LIMIT 1",
            (WHALE, scenario),
            row=UUID,
        )
    given = arguments(function, {UUID: NOTE, ScenarioId: scenario, RunId: run, TenantId: WHALE}, "text 5")
    # Made-up arguments may be refused; what was asked before counts.
    refused = (SextantError, TypeError, ValueError, AttributeError, KeyError)
    with explaining(database, WHALE) as (session, explained), suppress(*refused):
        function(session, **given)
    assert explained.pages <= PAGES, f"give it an index, or a reason in EXEMPT:\n{explained}"


@pytest.mark.parametrize("strategy", list(Strategy))
class TestTemporalRepositories:
    @pytest.fixture
    def busy(self, database: Database) -> UUID:
        """A record of the whale; under the historical strategies one of 3,000 versions."""
        with database.transaction(WHALE) as session:
            found = session.fetch_one(
                "SELECT id FROM audited_note WHERE tenant_id = %s ORDER BY id LIMIT 1 OFFSET 1000",
                (WHALE,),
                row=UUID,
            )
        assert found is not None
        return found

    def _pages(self, database: Database, use: Callable[[Session], object]) -> int:
        with explaining(database, WHALE) as (session, explained):
            use(session)
        assert [
            plan for plan in explained.plans if plan.scans_whole(frozenset({"plain_note", "audited_note"}))
        ] == []
        return explained.pages

    def test_the_present(self, database: Database, strategy: Strategy, busy: UUID) -> None:
        notes = TemporalRepository(SPECS[strategy])
        for bound, use in (
            (10, lambda session: notes.get(session, busy)),
            (
                1500,
                lambda session: notes.get_many(session, [r.id for r in notes.list_page(session, limit=100)]),
            ),
            (60, lambda session: notes.list_page(session, limit=20)),
            (60, lambda session: notes.list_page(session, limit=20, after=busy, descending=False)),
            (120, lambda session: notes.list_page(session, limit=20, where={"rank": GRADE})),
            (60, lambda session: notes.create(session, {"name": "new"}, actor="x")),
            (60, lambda session: notes.update(session, busy, {"amount": 1.5}, actor="x")),
            (60, lambda session: notes.delete(session, busy, actor="x")),
        ):
            assert self._pages(database, use) <= bound

    def test_the_past(self, database: Database, strategy: Strategy, busy: UUID) -> None:
        if strategy is Strategy.NONE:
            return
        notes = TemporalRepository(SPECS[strategy])
        moment = datetime(2025, 1, 2, tzinfo=UTC)
        for bound, use in (
            (400, lambda session: notes.as_of(session, busy, moment)),
            (2500, lambda session: notes.list_as_of(session, datetime(2029, 1, 1, tzinfo=UTC), limit=20)),
            (400, lambda session: notes.version(session, busy, 1500)),
        ):
            assert self._pages(database, use) <= bound


def test_the_measure_would_notice(grown: DatabaseUrls, open_database: Open) -> None:
    """A query without an index reads hundreds of pages, and is seen to."""
    database = open_database(grown.app)
    with explaining(database, WHALE) as (session, explained):
        session.fetch_all("SELECT id FROM plain_note WHERE amount = 3", row=UUID)
    assert explained.pages > 10 * PAGES


def test_every_function_that_takes_a_session_is_measured() -> None:
    assert len(measured()) > 80
    assert set(functions()) >= EXEMPT.keys()
    assert all("session" in inspect.signature(one).parameters for one in measured().values())
