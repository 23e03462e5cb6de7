"""Machines whose clocks disagree: deadlines, leases and timeouts are the database's time, or a span of one machine's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sextant.lake.table.catalog import load_table
from sextant.outbox import service as outbox
from sextant.outputs.maintenance import maintain
from sextant.storage import ALL_TENANTS
from tests.integration.main_job.conftest import MainJob
from tests.skew import skewed

AHEAD, BEHIND = timedelta(hours=2), -timedelta(hours=2)


@pytest.mark.parametrize("by", [AHEAD, BEHIND])
def test_a_worker_and_a_committer_with_a_wrong_clock_bring_a_run_to_its_end(
    main_job: MainJob, by: timedelta
) -> None:
    scenario = main_job.scenario()
    asked = main_job.request(scenario, timeout_minutes=1)
    with skewed(by):
        assert main_job.work(asked.id) == "STORED"
        assert main_job.commit() == 1
    run = main_job.run(scenario, asked.id)
    assert (run.state, run.attempt) == ("SUCCEEDED", 1)
    # And what it wrote was computed when the database says.
    written = load_table(main_job.lake).scan(selected_fields=("computed_ts",)).to_arrow()
    computed = written["computed_ts"][0].as_py()
    assert abs(computed - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize("by", [AHEAD, BEHIND])
def test_a_run_out_of_time_ends_as_such_on_a_worker_with_a_wrong_clock(
    main_job: MainJob, by: timedelta
) -> None:
    # Given a run that a worker lost, and whose time went by since it was first claimed
    scenario = main_job.scenario()
    asked = main_job.request(scenario, timeout_minutes=1)
    main_job.sql(
        "UPDATE scenario_run SET started_at = clock_timestamp() - interval '2 minutes' WHERE id = %s RETURNING id",
        asked.id,
    )
    with skewed(by):
        assert main_job.work(asked.id) == "TIMEOUT"
    error = main_job.run(scenario, asked.id).error
    assert error is not None
    assert error["code"] == "run_timeout"


def test_maintenance_a_week_ahead_takes_no_young_file_for_an_orphan(main_job: MainJob) -> None:
    # Given a published run, and a file that nothing refers to yet
    run = main_job.request(main_job.scenario())
    main_job.work(run.id)
    main_job.commit()
    young = f"{main_job.lake.table_location}/data/young.parquet"
    main_job.worker.store.put(young, b"a worker is about to describe it")
    with skewed(timedelta(days=7)):
        done = maintain(load_table(main_job.lake), main_job.platform, list, ["clear"])
    assert done["orphans"]["files_deleted"] == 0
    assert main_job.worker.store.get(young)


def test_a_relay_years_ahead_forgets_no_young_event(main_job: MainJob) -> None:
    main_job.request(main_job.scenario())
    main_job.sql("DELETE FROM outbox_pending RETURNING tenant_id")
    with skewed(timedelta(days=1000)):
        purged = main_job.platform.run(ALL_TENANTS, outbox.purge)
    assert (purged.events, purged.publications) == (0, 0)
