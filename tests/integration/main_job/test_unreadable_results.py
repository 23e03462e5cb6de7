"""One result that cannot be committed stops no other: it is left out, tried again, and set aside with its run FAILED."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from sextant.ids import RunId, ScenarioId, TenantId
from sextant.lake.table.catalog import load_table
from sextant.lake.write.commit import commit_batch
from sextant.lake.write.datafile import DataFileDescriptor
from sextant.outputs import service
from sextant.outputs.model import OpenBatch
from sextant.outputs.publication import publish
from sextant.storage import ALL_TENANTS
from tests.integration.main_job.conftest import TENANT, MainJob
from tests.integration.main_job.test_crashes import expire_leases, take_batch

OTHER = TenantId("other")


def handed_in(job: MainJob, tenant: TenantId = TENANT, name: str = "s") -> tuple[ScenarioId, RunId]:
    scenario = job.scenario(name, tenant)
    run = job.request(scenario, tenant)
    assert job.work(run.id, tenant) == "STORED"
    return scenario, run.id


def spoil(job: MainJob, run: RunId, descriptor: Any) -> Any:
    """Have the run's descriptor be `descriptor`; the one it had."""
    (before,) = job.sql("SELECT descriptor FROM output_file WHERE run_id = %s", run)[0]
    write(job, "UPDATE output_file SET descriptor = %s WHERE run_id = %s", Jsonb(descriptor), run)
    return before


def write(job: MainJob, statement: Any, *params: object) -> None:
    with job.platform.autocommit(ALL_TENANTS) as session:
        session.execute(statement, params)


def a_minute_passes(job: MainJob) -> None:
    write(job, "UPDATE output_file SET commit_after = clock_timestamp()")


def file_of(job: MainJob, run: RunId) -> tuple[Any, ...]:
    return job.sql("SELECT state, commit_attempts FROM output_file WHERE run_id = %s", run)[0]


UNREADABLE: dict[str, Any] = {
    "an empty object": {},
    "no object": ["x"],
    "null": None,
    "an unknown format": {"format": 99},
}


@pytest.mark.parametrize("descriptor", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_one_unreadable_descriptor_stops_no_other_result(main_job: MainJob, descriptor: Any) -> None:
    # Given a result whose descriptor cannot be read, and one of another tenant
    scenario, bad = handed_in(main_job)
    spoil(main_job, bad, descriptor)
    _, good = handed_in(main_job, OTHER)

    # When the committer works, then the other is published by the same commit
    assert main_job.commit() == 1
    assert set(main_job.rows_by_run()) == {good}
    assert file_of(main_job, bad) == ("WAITING", 1)

    # And after its attempts the unreadable one is set aside, and its run says why
    for _ in range(service.ATTEMPTS - 1):
        assert main_job.commit() == 0, "not before its time"
        a_minute_passes(main_job)
        main_job.commit()
    assert file_of(main_job, bad)[0] == "DISCARDED"
    run = main_job.run(scenario, bad)
    assert run.state == "FAILED"
    assert run.error is not None
    assert run.error["code"] == "output_unreadable"
    assert "3 attempts" in run.error["message"]
    # which is an event, of which operations makes an incident
    told = main_job.sql(
        "SELECT payload ->> 'state' FROM outbox_event WHERE topic = 'run.failed' AND payload ->> 'run_id' = %s",
        str(bad),
    )
    assert told == [("FAILED",)]
    assert main_job.sql("SELECT 1 FROM output_batch WHERE state = 'OPEN'") == []
    # And the next result is published as ever.
    _, later = handed_in(main_job, name="later")
    assert main_job.commit() == 1
    assert set(main_job.rows_by_run()) == {good, later}


ODD: dict[str, dict[str, Any]] = {
    "a text for a number": {"record_count": "12"},
    "a number no column holds": {"size": 2**70},
    "a place outside the table": {"location": "s3://elsewhere/x.parquet"},
    "another tenant's partition": {"partition": {"tenant_id": "other", "scenario_id_bucket": 1}},
    "another tenant": {"tenant_id": "other"},
    "another run": {"run_id": str(UUID(int=7))},
    "a spec that the table does not have": {"spec_id": 77},
    "bounds that no reader can decode": {"columns": {"5": [1, 1, 0, "AAA=", "AAA="]}},
    "a negative count": {"record_count": -1},
}


@pytest.mark.parametrize("change", ODD.values(), ids=ODD.keys())
def test_what_the_table_could_not_take_is_found_before_it_is_committed(
    main_job: MainJob, change: dict[str, Any]
) -> None:
    _, bad = handed_in(main_job)
    before = spoil(main_job, bad, {})
    spoil(main_job, bad, {**before, **change})
    _, good = handed_in(main_job, OTHER)

    assert main_job.commit() == 1

    assert set(main_job.rows_by_run()) == {good}
    assert file_of(main_job, bad) == ("WAITING", 1)


def with_column(document: dict[str, Any], field: int, *bounds: str | None) -> dict[str, Any]:
    lower, upper = bounds
    return {"columns": {**document["columns"], str(field): [1, 1, 0, lower, upper]}}


FITTING_NOTHING: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
    "another tenant's directory": lambda d: {"location": d["location"].replace("=acme/", "=other/")},
    "a way around": lambda d: {"location": d["location"].replace("/data/", "/data/../data/")},
    "another claim's place": lambda d: {"location": d["location"].replace("-00001.", "-00009.")},
    "another bucket": lambda d: {"partition": {**d["partition"], "scenario_id_bucket": 99}},
    "a bucket no integer holds": lambda d: {"partition": {**d["partition"], "scenario_id_bucket": 2**40}},
    "another scenario": lambda d: {"scenario_id": str(UUID(int=7))},
    "a row more": lambda d: {"record_count": d["record_count"] + 1},
    "a few bytes": lambda d: {"size": 5},
    "a huge size": lambda d: {"size": 2**62},
    "a column no integer holds": lambda d: with_column(d, 2**40, None, None),
    "a column the table does not have": lambda d: with_column(d, 77, None, None),
    "a date no calendar has": lambda d: with_column(d, 5, "AAAAAA==", "////fw=="),
    "a bound that is no number": lambda d: with_column(d, 6, "AAAAAAAA+H8=", "AAAAAAAA+H8="),
    "bounds the wrong way round": lambda d: with_column(d, 4, "Yg==", "YQ=="),
    "one bound": lambda d: with_column(d, 4, "YQ==", None),
    "another run's bounds": lambda d: with_column(d, 3, "YQ==", "Yg=="),
    "no columns": lambda d: {"columns": {}},
    "a sort order that there is not": lambda d: {"sort_order_id": 2**40},
    "a row group behind the end": lambda d: {"split_offsets": [2**62]},
}
NO_ROLL_UP: dict[str, Any] = {
    "an object": {},
    "null": None,
    "numbers": [1],
    "nulls": [{"metric": None}],
    "a text for a value": [
        {"metric": "npv", "tags_key": "", "tags": {}, "asof_date": "2030-01-01", "value": "x", "unit": "EUR"}
    ],
    "another tenant's": [
        {"tenant_id": "other", "metric": "npv", "tags_key": "", "tags": {}, "asof_date": "2030-01-01", "value": 1, "unit": "EUR"}
    ],
}  # fmt: skip


def test_what_fits_nothing_that_is_known_of_the_run_is_left_out_each_alone(main_job: MainJob) -> None:
    # Given results each of which is spoilt in another way, and one that is whole
    scenario = main_job.scenario()
    spoilt: dict[RunId, str] = {}
    for number, (name, change) in enumerate(FITTING_NOTHING.items()):
        run = main_job.request(scenario, seed=number).id
        main_job.work(run)
        before = spoil(main_job, run, {})
        spoil(main_job, run, {**before, **change(before)})
        spoilt[run] = name
    for number, (name, metrics) in enumerate(NO_ROLL_UP.items(), start=100):
        run = main_job.request(scenario, seed=number).id
        main_job.work(run)
        write(main_job, "UPDATE output_file SET metrics = %s WHERE run_id = %s", Jsonb(metrics), run)
        spoilt[run] = name
    _, good = handed_in(main_job, OTHER)
    # When the committer works
    assert main_job.commit() == 1
    # Then the whole one is published, and no other
    assert set(main_job.rows_by_run()) == {good}
    taken = {name: file_of(main_job, run) for run, name in spoilt.items()}
    assert taken == dict.fromkeys(spoilt.values(), ("WAITING", 1))


def test_a_file_that_becomes_readable_is_published_by_a_later_commit(main_job: MainJob) -> None:
    scenario, run = handed_in(main_job)
    before = spoil(main_job, run, {"format": 2})
    assert main_job.commit() == 0
    spoil(main_job, run, before)
    a_minute_passes(main_job)

    assert main_job.commit() == 1

    assert main_job.run(scenario, run).state == "SUCCEEDED"
    assert set(main_job.rows_by_run()) == {run}


def test_a_committer_that_reads_more_and_one_that_reads_less_publish_each_row_once(main_job: MainJob) -> None:
    # Given a batch of which an old committer cannot read one file
    _, bad = handed_in(main_job)
    _, good = handed_in(main_job, OTHER)
    before = spoil(main_job, bad, {"format": 2})
    old = take_batch(main_job, "old")
    assert old is not None
    spoil(main_job, bad, before)
    expire_leases(main_job)
    new = take_batch(main_job, "new")
    assert new is not None
    table = load_table(main_job.lake)

    # When the old one registers what it can read and dies, and the new one, which reads all, finishes the batch
    publish(table, main_job.hourly, old)
    committed = publish(load_table(main_job.lake), main_job.hourly, new)

    # Then the one that is not in the snapshot is told, and comes with a batch of its own
    assert [file.run_id for file in committed.refused] == [bad]
    expire_leases(main_job)
    main_job.commit()
    a_minute_passes(main_job)
    main_job.commit()
    rows = main_job.rows_by_run()
    assert set(rows) == {bad, good}
    assert len(set(rows.values())) == 1


def test_a_batch_that_nobody_could_read_can_be_registered_by_nobody_later(main_job: MainJob) -> None:
    # Given a batch of one file that this committer cannot read and another one could
    _, run = handed_in(main_job)
    before = spoil(main_job, run, {"format": 2})
    batch = take_batch(main_job)
    assert batch is not None
    publish(load_table(main_job.lake), main_job.hourly, batch)

    # When the other wakes up late, then the table does not take the file under that batch
    zombie = OpenBatch(batch.id, True, batch.files)
    commit_batch(load_table(main_job.lake), zombie.id, [DataFileDescriptor.from_json(before)])
    assert main_job.rows_by_run() == {}

    # And it is published once, by a batch of its own.
    expire_leases(main_job)
    main_job.commit()
    spoil(main_job, run, before)
    a_minute_passes(main_job)
    assert main_job.commit() == 1
    assert set(main_job.rows_by_run()) == {run}
