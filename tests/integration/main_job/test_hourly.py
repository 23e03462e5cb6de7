"""Hourly results: a second table, in which a run's rows stand once, and before the run has SUCCEEDED."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from pyiceberg.table import Table

from local.aws import LocalAws
from sextant.ids import BatchId, RunId, ScenarioId, new_id
from sextant.lake.table.catalog import load_table
from sextant.lake.table.columns import HOURLY
from sextant.lake.table.settings import LakeSettings
from sextant.lake.write.compaction import CompactionPolicy, compact
from sextant.lake.write.maintenance import remove_orphans
from sextant.lake.write.presence import rows_present
from sextant.outputs.maintenance import maintain_all
from sextant.outputs.model import OpenBatch
from sextant.outputs.publication import publish
from sextant.outputs.reconciliation import compare, reconcile
from sextant.outputs.repository import waiting_locations
from sextant.storage import ALL_TENANTS
from tests.integration.lake.stepwise import dies_at
from tests.integration.main_job.conftest import QUICK, MainJob
from tests.integration.main_job.test_crashes import expire_leases, take_batch
from tests.integration.main_job.test_scale_out import work_off
from tests.integration.main_job.test_unreadable_results import OTHER, a_minute_passes, handed_in, spoil, write

HOURS = {**QUICK, "hourly": "price"}
ROWS = 2 * 864
MOST_BOUNDARIES = 64


@dataclass(frozen=True)
class Publish:
    """A committer's work on a batch, in a process of its own."""

    lake: LakeSettings
    batch: OpenBatch

    def __call__(self, table: Table) -> None:
        publish(table, lambda: load_table(self.lake, HOURLY), self.batch)


def waiting(main_job: MainJob, scenario: ScenarioId, **options: object) -> RunId:
    run = main_job.request(scenario, parameters={**HOURS, **options}).id
    assert main_job.work(run) == "STORED"
    return run


def test_killed_anywhere_in_the_commit_of_both_tables_a_run_stands_once_in_each(
    main_job: MainJob, aws: LocalAws
) -> None:
    # Given both tables with something in them
    scenario = main_job.scenario()
    runs = [waiting(main_job, scenario)]
    assert main_job.commit() == 1
    seen: set[tuple[bool, bool]] = set()
    first, last = 0, MOST_BOUNDARIES
    # When committers die at a boundary each: before anything, then ever nearer to between the two commits
    while (False, True) not in seen:
        boundary = (first + last) // 2 if seen else 0
        assert not seen or boundary not in (first, last), "no committer died between the tables"
        runs.append(waiting(main_job, scenario, shock_bp=len(runs)))
        batch = take_batch(main_job)
        assert batch is not None
        dies_at(boundary, main_job.lake, aws.variables(), Publish(main_job.lake, batch))
        in_each = runs[-1] in main_job.rows_by_run(), runs[-1] in main_job.rows_by_run(HOURLY)
        seen.add(in_each)
        first, last = (first, boundary) if in_each[0] else (boundary, last)
        # Then the run has not succeeded, wherever it stands
        assert main_job.run(scenario, runs[-1]).state == "RUNNING"
        # And the next committer finishes the batch
        expire_leases(main_job)
        assert main_job.commit() == 1
        assert main_job.run(scenario, runs[-1]).state == "SUCCEEDED"
    assert (True, False) not in seen, "the hours come first"
    assert main_job.rows_by_run(HOURLY) == dict.fromkeys(runs, ROWS)
    assert len(set(main_job.rows_by_run().values())) == 1


def test_a_run_left_out_after_its_hours_were_in_comes_later_and_has_them_once(main_job: MainJob) -> None:
    # Given a committer that died between the tables, and one that cannot read the run's files and finishes the batch
    scenario = main_job.scenario()
    run = waiting(main_job, scenario)
    batch = take_batch(main_job)
    assert batch is not None
    publish(
        load_table(main_job.lake), main_job.hourly, replace(batch, id=BatchId(new_id()))
    )  # another's, for the hours
    before = spoil(main_job, run, {"format": 99})
    expire_leases(main_job)
    assert main_job.commit() == 0
    assert main_job.run(scenario, run).state == "RUNNING"

    # When one comes that can
    spoil(main_job, run, before)
    a_minute_passes(main_job)
    main_job.commit()
    assert main_job.rows_by_run(HOURLY) == {run: ROWS}


def test_hours_of_whom_nobody_can_tell_whether_they_are_in_keep_nobody_waiting(main_job: MainJob) -> None:
    # Given hours of two runs in one file that is gone, and between the two a third run that is published late
    scenario = main_job.scenario()
    _, late, _ = (waiting(main_job, scenario, shock_bp=number) for number in range(3))
    postponed = "UPDATE output_file SET commit_after = now() + interval '1 h' WHERE run_id = %s"
    write(main_job, postponed, late)
    assert main_job.commit() == 2
    compact(main_job.hourly(), CompactionPolicy(least_files=2))
    main_job.worker.store.delete([task.file.file_path for task in main_job.hourly().scan().plan_files()])
    # When it comes with another tenant's result, then that one is published
    a_minute_passes(main_job)
    _, other = handed_in(main_job, OTHER)
    assert main_job.commit() == 1
    assert main_job.run(scenario, late).state == "RUNNING"
    assert other in main_job.rows_by_run()


def test_a_committer_that_wakes_up_late_adds_no_hours_twice(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    run = waiting(main_job, scenario)
    batch = take_batch(main_job)
    assert batch is not None
    expire_leases(main_job)
    assert main_job.commit() == 1
    publish(load_table(main_job.lake), main_job.hourly, batch)
    assert main_job.rows_by_run(HOURLY) == {run: ROWS}
    assert len(main_job.rows_by_run()) == 1


def test_an_hourly_file_of_another_run_is_refused_and_both_tables_are_left_alone(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    mine, theirs = (waiting(main_job, scenario, shock_bp=n) for n in (1, 2))
    (document,) = main_job.sql("SELECT descriptor -> 'hourly' FROM output_file WHERE run_id = %s", theirs)[0]
    spoil(main_job, mine, {"hourly": document})
    assert main_job.commit() == 1
    assert main_job.run(scenario, mine).state == "RUNNING"
    assert set(main_job.rows_by_run()) == {theirs}
    assert main_job.rows_by_run(HOURLY) == {theirs: ROWS}


def test_a_run_without_hours_touches_no_hourly_table(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    run = main_job.request(scenario, parameters=QUICK).id
    assert main_job.work(run) == "STORED"
    assert main_job.commit() == 1
    assert main_job.hourly().current_snapshot() is None


def test_a_sweep_has_the_hours_of_every_point(main_job: MainJob) -> None:
    sweep = main_job.request(main_job.scenario(), parameters=HOURS, sweep={"shock_bp": [0, 100]}).id
    assert work_off(main_job, sweep) == ["SPLIT", "PART", "PART", "STORED"]
    assert main_job.commit() == 1
    assert main_job.rows_by_run(HOURLY) == {sweep: 2 * ROWS}


def test_maintenance_keeps_the_hours_and_clears_what_nothing_refers_to(main_job: MainJob) -> None:
    # Given eight runs' files, an orphan, and a file that waits
    scenario = main_job.scenario()
    runs = []
    for number in range(8):
        runs.append(waiting(main_job, scenario, shock_bp=number))
        main_job.commit()
    late = waiting(main_job, scenario, shock_bp=99)
    orphan = f"{main_job.lake.hourly_location}/data/nobodys.parquet"
    main_job.worker.store.put(orphan, b"x")

    # When maintenance runs on both tables
    done = maintain_all(lambda: load_table(main_job.lake), main_job.hourly, main_job.platform, list)
    assert "failed" not in done
    assert done["beside"]["unowned"]["count"] == 0
    assert (done["hourly"]["compaction"]["files_before"], done["hourly"]["compaction"]["files_after"]) == (
        8,
        1,
    )
    assert done["hourly"]["objects"] == {"checked": 1, "damaged": 0}

    # Then the rows are there, in their order, and what waits can be committed
    assert main_job.rows_by_run(HOURLY) == dict.fromkeys(runs, ROWS)
    hours = main_job.hourly().scan(selected_fields=("asof_date", "run_id", "hour")).to_arrow().to_pydict()
    places = list(zip(hours["asof_date"], hours["run_id"], hours["hour"], strict=True))
    assert places == sorted(places)
    a_month = datetime.now(UTC) + timedelta(days=30)
    with main_job.platform.autocommit(ALL_TENANTS) as session:
        kept = waiting_locations(session)
    assert len(kept) == 2
    remove_orphans(main_job.hourly(), waiting=kept, now=a_month)
    left = {item.location for item in main_job.worker.store.list(f"{main_job.lake.hourly_location}/data/")}
    assert orphan not in left
    assert main_job.commit() == 1
    assert main_job.rows_by_run(HOURLY) == dict.fromkeys([*runs, late], ROWS)
    assert compare(main_job.hourly(), main_job.platform).equal == 9
    assert compare(load_table(main_job.lake), main_job.platform).equal == 9


def test_hours_that_the_database_does_not_know_are_found_and_taken_out(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    kept = waiting(main_job, scenario)
    main_job.commit()
    surplus = waiting(main_job, scenario, shock_bp=1)
    batch = take_batch(main_job)
    assert batch is not None
    publish(load_table(main_job.lake), main_job.hourly, batch)
    main_job.sql(
        "UPDATE output_file SET state = 'WAITING', batch_id = NULL WHERE run_id = %s RETURNING 1", surplus
    )

    report = reconcile(main_job.hourly(), main_job.platform, "take out", list)

    assert report["surplus"]["count"] == 1
    assert report["rows_taken_out"] == ROWS
    assert {run.run_id for run in rows_present(main_job.hourly())} == {str(kept)}
