"""The database restored to an earlier time beside a lake that went on: what differs is found, and taken out."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace

import psycopg
import pytest

from functions.worker import maintenance
from local import database as databases
from local.database import DatabaseUrls
from local.postgres import Postgres
from sextant import bootstrap
from sextant.ids import RunId, TenantId, new_id
from sextant.lake.table.catalog import load_table
from sextant.lake.table.columns import OUTPUTS
from sextant.lake.write.compaction import CompactionPolicy, compact
from sextant.lake.write.deletion import delete_rows
from sextant.lake.write.presence import StoredRun
from sextant.outputs.reconciliation import compare, delete_surplus
from sextant.storage import ALL_TENANTS, Database, DatabaseSettings, PlatformDatabase
from tests.integration.main_job.conftest import TENANT, MainJob

OTHER = TenantId("other")
Restore = Callable[[], MainJob]


@pytest.fixture
def backup(main_job: MainJob, postgres: Postgres, database: DatabaseUrls) -> Iterator[Callable[[], Restore]]:
    """Takes a copy of the database as it stands; what it answers with starts the system on that copy."""
    with ExitStack() as stack:

        def take() -> Restore:
            name = f"restored_{uuid.uuid4().hex[:12]}"
            with psycopg.connect(postgres.url("postgres"), autocommit=True) as connection:
                # A template must have no other session.
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                    [database.name],
                )
            restored = databases.clone(postgres, database.name, name)
            stack.callback(databases.drop, postgres, name)

            def start() -> MainJob:
                app = Database.connect(DatabaseSettings(url=restored.app))
                platform = PlatformDatabase.connect(DatabaseSettings(url=restored.platform))
                stack.callback(app.close)
                stack.callback(platform.close)
                worker = replace(main_job.worker, name="after", database=platform)
                return replace(main_job, app_url=restored.app, app=app, platform=platform, worker=worker)

            return start

        yield take


def publish(job: MainJob, name: str, tenant: TenantId = TENANT) -> RunId:
    asked = job.request(job.scenario(name, tenant), tenant)
    job.work(asked.id, tenant)
    job.commit()
    return asked.id


def test_what_went_on_in_the_lake_alone_is_found_and_taken_out(
    main_job: MainJob, backup: Callable[[], Restore]
) -> None:
    # Given a published run, one whose file is handed in, and one that is queued, when the backup is taken
    kept = publish(main_job, "kept")
    handed_in = main_job.request(main_job.scenario("handed in"))
    main_job.work(handed_in.id)
    queued = main_job.request(main_job.scenario("queued"))
    start = backup()
    # and afterwards both published, another requested and published, and all of them compacted together
    main_job.work(queued.id)
    main_job.commit()
    unheard_of = publish(main_job, "unheard of", OTHER)
    compact(load_table(main_job.lake), CompactionPolicy(least_files=2))

    # When the database comes back as it was
    job = start()
    table = load_table(job.lake)
    comparison = compare(table, job.platform)

    # Then what the lake holds too much is told, with the state that it stands in
    rows = main_job.rows_by_run()
    assert {(run.run_id, run.state, run.rows) for run in comparison.surplus} == {
        (str(queued.id), "QUEUED", rows[queued.id]),
        (str(handed_in.id), "RUNNING", rows[handed_in.id]),
        (str(unheard_of), None, rows[unheard_of]),
    }
    assert (comparison.equal, comparison.missing, comparison.gone) == (1, [], [])

    # And taken out, it can run and be published once more, each row standing once
    gone = delete_surplus(table, job.platform, comparison.surplus)
    assert gone == sum(count for run, count in rows.items() if run != kept)
    assert job.rows_by_run() == {kept: rows[kept]}
    assert delete_surplus(table, job.platform, comparison.surplus) == 0
    job.work(queued.id)
    job.commit()
    assert job.rows_by_run() == {run: rows[run] for run in (kept, queued.id, handed_in.id)}
    settled = compare(load_table(job.lake), job.platform)
    assert (settled.equal, settled.surplus, settled.missing) == (3, [], [])


def test_the_batch_that_was_under_way_is_finished_and_not_taken_out(
    main_job: MainJob, backup: Callable[[], Restore]
) -> None:
    asked = main_job.request(main_job.scenario())
    main_job.work(asked.id)
    with main_job.platform.autocommit(ALL_TENANTS) as session:
        session.fetch_all(
            "SELECT open_output_batch(%s, 'dying', interval '-1 second', 10)", (new_id(),), row=tuple
        )
    start = backup()
    main_job.commit()

    job = start()

    assert compare(load_table(job.lake), job.platform).surplus == []
    assert job.commit() == 1
    assert compare(load_table(job.lake), job.platform).equal == 1


def test_what_only_the_database_holds_is_told(main_job: MainJob, backup: Callable[[], Restore]) -> None:
    published = publish(main_job, "published")
    waiting = main_job.request(main_job.scenario("waiting"))
    main_job.work(waiting.id)
    (location,) = main_job.sql(
        "SELECT descriptor ->> 'location' FROM output_file WHERE run_id = %s", waiting.id
    )[0]
    table = load_table(main_job.lake)
    rows = main_job.rows_by_run()[published]
    scenario = str(main_job.sql("SELECT scenario_id FROM output_file WHERE run_id = %s", published)[0][0])

    # The lake went back: the run's rows are out of it, and a file that was handed in is deleted.
    delete_rows(table, [StoredRun("acme", scenario, str(published))])
    main_job.worker.store.delete([location])
    found = compare(table, main_job.platform)

    assert [(run.run_id, run.rows, run.rows_in_the_lake) for run in found.missing] == [
        (str(published), rows, 0)
    ]
    assert (found.surplus, found.gone) == ([], [location])
    assert found.report()["missing"] == {
        "count": 1,
        "first": [
            {
                "tenant_id": "acme",
                "scenario_id": scenario,
                "run_id": str(published),
                "rows": rows,
                "rows_in_the_lake": 0,
            }
        ],
    }


def test_the_maintenance_function_compares_by_hand(
    main_job: MainJob, backup: Callable[[], Restore], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = backup()
    publish(main_job, "later")
    job = start()
    monkeypatch.setattr(maintenance, "load_table", lambda _, table=OUTPUTS: load_table(job.lake, table))
    monkeypatch.setattr(bootstrap, "platform_database", lambda: job.platform)

    class Context:
        function_name = memory_limit_in_mb = invoked_function_arn = aws_request_id = "x"

    with bootstrap.installed({"SEXTANT_WAREHOUSE": job.lake.warehouse}):
        compared = maintenance.handler({"reconcile": "compare"}, Context())  # type: ignore[arg-type]
        taken = maintenance.handler({"reconcile": "take out"}, Context())  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="'compare' or 'take out'"):
            maintenance.handler({"reconcile": "everything"}, Context())  # type: ignore[arg-type]

    assert compared["surplus"]["count"] == 1
    assert taken["rows_taken_out"] > 0
    assert job.rows_by_run() == {}
