"""Killed here, then retried: every step of the main job, cut off after it and taken up by another process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import psycopg
import pytest

from local.database import DatabaseUrls
from sextant.execution import recovery
from sextant.execution import repository as execution
from sextant.execution.heartbeat import Heartbeat
from sextant.execution.model import ClaimedRun
from sextant.ids import BatchId, RunId, ScenarioId
from sextant.lake.table.catalog import load_table
from sextant.lake.write.commit import commit_batch
from sextant.lake.write.datafile import DataFileDescriptor
from sextant.outputs import repository as outputs
from sextant.outputs import service
from sextant.outputs.model import OpenBatch
from sextant.storage import ALL_TENANTS
from sextant.storage.errors import StorageError
from tests.integration.main_job.conftest import TENANT, MainJob

LEASE = timedelta(seconds=30)
LONG = timedelta(hours=1)


def claim(main_job: MainJob, run: RunId) -> ClaimedRun:
    _, claimed = main_job.platform.run(
        ALL_TENANTS, lambda s: execution.claim(s, TENANT, run, "doomed", LEASE)
    )
    assert claimed is not None
    return claimed


def expire_leases(main_job: MainJob) -> None:
    for table in ("scenario_run", "output_batch"):
        with main_job.platform.autocommit(ALL_TENANTS) as session:
            session.execute(
                f"UPDATE {table} SET lease_until = now() - interval '1 second' WHERE lease_until IS NOT NULL"
            )


def recover(main_job: MainJob, silence: timedelta = LONG) -> tuple[int, int, int, int]:
    return main_job.platform.run(ALL_TENANTS, lambda s: execution.recover(s, silence, 100))


def take_batch(main_job: MainJob, owner: str = "doomed") -> OpenBatch | None:
    return main_job.platform.run(ALL_TENANTS, lambda s: service.take_batch(s, owner, LEASE, 1000))


def into_lake(main_job: MainJob, batch: BatchId, descriptors: Sequence[dict[str, Any]]) -> int:
    return commit_batch(
        load_table(main_job.lake), batch, [DataFileDescriptor.from_json(item) for item in descriptors]
    )


def waiting_run(main_job: MainJob) -> tuple[ScenarioId, RunId]:
    scenario = main_job.scenario()
    run = main_job.request(scenario)
    assert main_job.work(run.id) == "STORED"
    return scenario, run.id


def test_a_worker_killed_while_it_computes_is_replaced_and_fenced_off(main_job: MainJob) -> None:
    # Given a worker that claimed a run and was killed
    scenario = main_job.scenario()
    run = main_job.request(scenario)
    dead = claim(main_job, run.id)
    assert recover(main_job) == (0, 0, 0, 0), "its lease still holds"
    # When its lease expires, the run is asked for again and another worker stores its file
    expire_leases(main_job)
    assert recover(main_job) == (1, 0, 0, 0)
    assert main_job.work(run.id) == "STORED"
    # Then the dead one, should it wake up, can neither store, nor report, nor fail the run
    with main_job.platform.autocommit(ALL_TENANTS) as session:
        assert not execution.store_output(
            session, dead.run, descriptor={}, metrics=[], result={}, rows=1, size=1, gb_seconds=0
        )
        assert not execution.progress(session, dead.run, 50, LEASE)
        assert execution.fail(session, dead.run, "FAILED", {}, None, 0, "dead") is None
    assert main_job.commit() == 1
    assert list(main_job.rows_by_run()) == [run.id]
    assert main_job.sql("SELECT attempt, outcome FROM run_attempt ORDER BY 1") == [
        (1, "LOST"),
        (2, "SUCCEEDED"),
    ]
    assert main_job.run(scenario, run.id).state == "SUCCEEDED"


def test_a_run_whose_workers_keep_dying_fails_visibly(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    run = main_job.request(scenario, max_retries=1)
    for _ in range(2):
        claim(main_job, run.id)
        expire_leases(main_job)
        recover(main_job)
    ended = main_job.run(scenario, run.id)
    assert ended.state == "FAILED"
    assert ended.error == {
        "code": "worker_lost",
        "message": "the worker stopped answering in each of 2 attempts",
        "poison": True,
    }
    assert main_job.sql("SELECT count(*) FROM outbox_event WHERE topic = 'run.failed'") == [(1,)]


def test_a_run_past_its_time_whose_worker_died_times_out(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    run = main_job.request(scenario, timeout_minutes=1)
    claim(main_job, run.id)
    main_job.sql("UPDATE scenario_run SET started_at = now() - interval '2 minutes' RETURNING 1")
    expire_leases(main_job)
    assert recover(main_job) == (0, 0, 1, 0)
    assert main_job.run(scenario, run.id).state == "TIMEOUT"


@contextmanager
def _none_asked_for(database: DatabaseUrls) -> Iterator[None]:
    """Within it, asking again for a run that waits fails."""
    with psycopg.connect(database.admin, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'it takes too long'; END $$"
        )
        connection.execute(
            "CREATE TRIGGER refuse BEFORE UPDATE ON scenario_run FOR EACH ROW"
            " WHEN (OLD.state = 'QUEUED' AND NEW.state = 'QUEUED') EXECUTE FUNCTION refuse()"
        )
        try:
            yield
        finally:
            connection.execute("DROP FUNCTION refuse CASCADE")


def test_an_expired_lease_is_recovered_though_silent_runs_cannot_be_asked_for(
    main_job: MainJob, database: DatabaseUrls
) -> None:
    # Given a run whose worker died, and one that waits, whose asking again fails, as with very many it takes too long
    scenario = main_job.scenario()
    lost, silent = (main_job.request(scenario, seed=seed).id for seed in (1, 2))
    claim(main_job, lost)
    expire_leases(main_job)
    main_job.sql(
        "UPDATE scenario_run SET updated_at = now() - interval '1 day' WHERE id = %s RETURNING 1", silent
    )
    # When the recovery runs
    with _none_asked_for(database), pytest.raises(StorageError):
        recovery.recover(main_job.platform, LONG, 100)
    # Then the first is asked for again
    assert main_job.run(scenario, lost).state == "QUEUED"
    # And the second, once that can be done
    assert recovery.recover(main_job.platform, LONG, 100)["asked_again"] == 1


def test_a_queued_run_whose_message_was_lost_is_asked_for_again(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    run = main_job.request(scenario)
    assert recover(main_job) == (0, 0, 0, 0)
    assert recover(main_job, silence=timedelta(0)) == (0, 0, 0, 1)
    asked = main_job.sql("SELECT payload ->> 'run_id' FROM outbox_event WHERE topic = 'run.requested'")
    assert asked == [(str(run.id),)] * 2
    assert main_job.work(run.id) == "STORED"


def test_a_committer_killed_before_the_lake_commit_is_replaced_under_its_batch_id(main_job: MainJob) -> None:
    scenario, run = waiting_run(main_job)
    batch = take_batch(main_job)
    assert batch is not None
    assert main_job.commit() == 0, "the batch is held"
    expire_leases(main_job)
    resumed = take_batch(main_job, "other")
    assert resumed is not None
    assert (resumed.id, resumed.resumed) == (batch.id, True)
    expire_leases(main_job)
    assert main_job.commit() == 1
    assert list(main_job.rows_by_run()) == [run]
    assert main_job.run(scenario, run).state == "SUCCEEDED"


def test_a_committer_killed_after_the_lake_commit_adds_nothing_twice(main_job: MainJob) -> None:
    scenario, run = waiting_run(main_job)
    batch = take_batch(main_job)
    assert batch is not None
    snapshot = into_lake(main_job, batch.id, [file.descriptor for file in batch.files])
    assert main_job.run(scenario, run).state == "RUNNING"
    expire_leases(main_job)
    assert main_job.commit() == 1
    stored = main_job.run(scenario, run)
    assert (stored.state, main_job.rows_by_run()) == ("SUCCEEDED", {run: stored.output_rows})
    assert main_job.sql("SELECT snapshot_id FROM output_batch") == [(snapshot,)]
    # The first committer wakes up and goes on where it was.
    assert into_lake(main_job, batch.id, [file.descriptor for file in batch.files]) == snapshot
    assert main_job.platform.run(ALL_TENANTS, lambda s: outputs.close_batch(s, batch.id, snapshot)) == 0
    assert main_job.sql("SELECT count(*) FROM outbox_event WHERE topic = 'run.completed'") == [(1,)]
    assert main_job.rows_by_run() == {run: stored.output_rows}


def test_a_run_in_an_open_batch_can_no_longer_be_cancelled(main_job: MainJob) -> None:
    from sextant.runs.errors import RunPublishingError
    from sextant.runs.service import cancel

    _, run = waiting_run(main_job)
    assert take_batch(main_job) is not None
    with main_job.app.autocommit(TENANT) as session, pytest.raises(RunPublishingError):
        cancel(session, run, main_job.caller())


def test_cancellation_and_assignment_race_to_one_of_two_outcomes(main_job: MainJob) -> None:
    """Whichever comes first decides: the run is published and SUCCEEDED, or cancelled and not in the table."""
    from sextant.errors import SextantError
    from sextant.runs.service import cancel

    scenario = main_job.scenario()
    asked = [main_job.request(scenario, seed=seed).id for seed in range(6)]
    for run in asked:
        main_job.work(run)
    start = Barrier(2)

    def cancel_all() -> None:
        start.wait()
        for run in asked:
            try:
                with main_job.app.autocommit(TENANT) as session:
                    cancel(session, run, main_job.caller())
            except SextantError:
                continue  # it was published first

    canceller = Thread(target=cancel_all)
    canceller.start()
    start.wait()
    main_job.commit()
    canceller.join()
    main_job.commit()
    published = set(main_job.rows_by_run())
    states = {run: main_job.run(scenario, run).state for run in asked}
    assert states == {run: "SUCCEEDED" if run in published else "CANCELLED" for run in asked}


def test_many_committers_at_once_publish_each_run_once(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    asked = [main_job.request(scenario, seed=seed).id for seed in range(8)]
    for run in asked:
        main_job.work(run)
    published: list[int] = []
    threads = [Thread(target=lambda: published.append(main_job.commit())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(published) == len(asked)
    rows = main_job.rows_by_run()
    assert {run: main_job.run(scenario, run).output_rows for run in asked} == rows


def test_a_run_that_another_looks_at_when_its_commit_is_asked_for_is_published(
    main_job: MainJob, database: DatabaseUrls
) -> None:
    # Given a file that waits, and somebody who holds its run's row, as a worker that got its message twice does
    _, run = waiting_run(main_job)
    with psycopg.connect(database.admin) as other:
        other.execute("SELECT FROM scenario_run WHERE id = %s FOR UPDATE", (run,))
        looks: list[int] = []

        def may_go_on() -> bool:
            looks.append(1)
            if len(looks) == 2:
                other.rollback()
            return True

        # When the committer is called once
        published = main_job.commit(may_go_on=may_go_on)
    # Then it does not leave the run to its schedule
    assert published == 1
    assert list(main_job.rows_by_run()) == [run]


def test_a_running_worker_notices_that_its_run_was_cancelled(main_job: MainJob) -> None:
    from sextant.execution.errors import RunLostError
    from sextant.runs.service import cancel
    from tests.waiting import until

    scenario = main_job.scenario()
    run = main_job.request(scenario)
    claimed = claim(main_job, run.id)

    def stopped() -> bool:
        try:
            heartbeat.report(10)
        except RunLostError:
            return True
        return False

    with Heartbeat(main_job.platform, claimed.run, timedelta(seconds=0.2)) as heartbeat:
        assert not stopped()
        with main_job.app.autocommit(TENANT) as session:
            cancel(session, run.id, main_job.caller())
        until(stopped)
