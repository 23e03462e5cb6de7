"""A run from request to rows in the table: what is promised of it, step by step."""

from __future__ import annotations

import json
from typing import Any

import pytest

from sextant.config import CODE_VERSION
from sextant.ids import TenantId
from sextant.lake.table.catalog import load_table
from sextant.runs import service
from sextant.runs.errors import IdempotencyKeyReusedError, RunEndedError, RunNotFoundError
from sextant.runs.options import RunOptions, version_hash
from tests.integration.main_job.conftest import TENANT, MainJob
from tests.integration.main_job.test_scale_out import work_off


def test_a_run_is_requested_executed_and_published(main_job: MainJob) -> None:
    # Given a scenario and a run of it
    scenario = main_job.scenario()
    asked = main_job.request(scenario)
    assert asked.outcome == "CREATED"
    assert asked.state == "QUEUED"

    # When a worker executes it and the committer publishes what waits
    assert main_job.work(asked.id) == "STORED"
    assert main_job.run(scenario, asked.id).state == "RUNNING"
    assert main_job.commit() == 1

    # Then it has succeeded, and its rows stand in the table once
    run = main_job.run(scenario, asked.id)
    assert (run.state, run.progress_percent, run.attempt) == ("SUCCEEDED", 100, 1)
    assert main_job.rows_by_run() == {asked.id: run.output_rows}
    assert run.gb_seconds > 0
    topics = main_job.sql("SELECT topic FROM outbox_event ORDER BY id")
    assert [topic for (topic,) in topics] == ["run.requested", "run.completed", "outputs.invalidated"]
    assert main_job.sql("SELECT version FROM output_version WHERE tenant_id = %s", TENANT) == [(1,)]
    trail = main_job.sql(
        "SELECT event_type FROM scenario_event WHERE run_id = %s ORDER BY occurred_at", asked.id
    )
    assert [kind for (kind,) in trail] == ["RUN_REQUESTED", "RUN_STARTED", "RUN_SUCCEEDED"]


def test_an_equal_request_answers_with_the_run_that_is_there(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    first = main_job.request(scenario, seed=7)
    while_queued = main_job.request(scenario, seed=7)
    main_job.work(first.id)
    main_job.commit()
    after_success = main_job.request(scenario, seed=7)
    other = main_job.request(scenario, seed=8)
    assert [run.outcome for run in (while_queued, after_success, other)] == [
        "EXISTING",
        "EXISTING",
        "CREATED",
    ]
    assert while_queued.id == after_success.id == first.id != other.id
    assert main_job.sql("SELECT count(*) FROM outbox_event WHERE topic = 'run.requested'") == [(2,)]


def test_priority_timeout_and_retries_do_not_make_another_run(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    first = main_job.request(scenario)
    again = main_job.request(scenario, priority="HIGH", timeout_minutes=5, max_retries=1)
    assert again.outcome == "EXISTING"
    assert again.id == first.id


def test_an_idempotency_key_replays_its_request_and_refuses_another(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    first = main_job.request(scenario, seed=1, idempotency_key="k")
    replay = main_job.request(scenario, seed=1, idempotency_key="k")
    assert (replay.outcome, replay.id) == ("REPLAYED", first.id)
    with pytest.raises(IdempotencyKeyReusedError):
        main_job.request(scenario, seed=2, idempotency_key="k")
    # The same key of another tenant is another key.
    other = TenantId("other")
    elsewhere = main_job.scenario(tenant=other)
    assert main_job.request(elsewhere, tenant=other, seed=1, idempotency_key="k").outcome == "CREATED"


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"shock_bp": 25},
        {"draws": 3, "model": "merit_order"},
        {"model": "plug_in", "zeta": 'é"\\', "Alpha": True},
    ],
)
def test_the_database_and_python_agree_on_the_version_hash(
    main_job: MainJob, parameters: dict[str, Any]
) -> None:
    scenario = main_job.scenario()
    asked = main_job.request(scenario, parameters=parameters, seed=3)
    # The run's own parameters go over those of the scenario.
    merged = {"start_year": 2026, "end_year": 2027, "attribution": False, **parameters}
    assert json.loads(asked.parameters) == merged
    assert asked.version_hash == version_hash(
        tenant=TENANT,
        scenario=scenario,
        scenario_version=1,
        assumptions=[],
        parameters=merged,
        environment="default",
        code_version=CODE_VERSION,
        seed=3,
    )


def test_a_duplicate_message_changes_nothing(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    asked = main_job.request(scenario)
    assert [main_job.work(asked.id) for _ in range(2)] == ["STORED", "BUSY"]
    main_job.commit()
    assert main_job.work(asked.id) == "DONE"
    assert main_job.commit() == 0
    assert list(main_job.rows_by_run()) == [asked.id]
    assert main_job.run(scenario, asked.id).attempt == 1


def test_a_message_without_a_run_is_dropped(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    asked = main_job.request(scenario)
    assert main_job.work(asked.id, TenantId("other")) == "UNKNOWN"
    assert main_job.run(scenario, asked.id).state == "QUEUED"


def test_a_cancelled_run_publishes_nothing(main_job: MainJob) -> None:
    # Given one run that is queued and one whose file waits for the commit
    scenario = main_job.scenario()
    queued, stored = main_job.request(scenario, seed=1), main_job.request(scenario, seed=2)
    main_job.work(stored.id)
    for run in (queued, stored):
        for _ in range(2):  # cancelling twice is the same as once
            with main_job.app.autocommit(TENANT) as session:
                assert service.cancel(session, run.id, main_job.caller()).state == "CANCELLED"
    # When the message arrives and the committer comes
    assert main_job.work(queued.id) == "DONE"
    assert main_job.commit() == 0
    assert main_job.rows_by_run() == {}
    # Then an equal request is a new run
    assert main_job.request(scenario, seed=1).outcome == "CREATED"


def test_a_run_that_succeeded_cannot_be_cancelled_nor_one_of_another_tenant(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    asked = main_job.request(scenario)
    other = TenantId("other")
    with main_job.app.autocommit(other) as session, pytest.raises(RunNotFoundError):
        service.cancel(session, asked.id, main_job.caller(other))
    main_job.work(asked.id)
    main_job.commit()
    with main_job.app.autocommit(TENANT) as session, pytest.raises(RunEndedError):
        service.cancel(session, asked.id, main_job.caller())


def test_bad_input_to_the_model_fails_the_run_once_and_says_why(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    asked = main_job.request(scenario, parameters={"model": "no_such_model"}, max_retries=5)
    assert main_job.work(asked.id) == "FAILED"
    run = main_job.run(scenario, asked.id)
    assert run.error is not None
    assert run.error["code"] == "model_input"
    assert "no_such_model" in run.error["message"]
    assert main_job.sql("SELECT attempt, outcome FROM run_attempt") == [(1, "FAILED")]
    assert (
        main_job.request(scenario, parameters={"model": "no_such_model"}, max_retries=5).outcome == "CREATED"
    )


def test_a_run_is_recorded_under_the_code_of_the_worker_that_computes_it(main_job: MainJob) -> None:
    # Given a run and a sweep that were requested before a release, of other code
    scenario = main_job.scenario()
    with main_job.app.autocommit(TENANT) as session:
        before = service.request(session, scenario, RunOptions(), "0.9", main_job.caller())
        sweep = service.request(
            session, scenario, RunOptions(sweep={"shock_bp": [0, 1]}), "0.9", main_job.caller()
        )
    assert (before.code_version, sweep.code_version) == ("0.9", "0.9")
    # When a worker of today computes them
    assert main_job.work(before.id) == "STORED"
    assert work_off(main_job, sweep.id) == ["SPLIT", "PART", "PART", "STORED"]
    assert main_job.commit() == 2
    # Then they say so, and are the runs that requests of today are answered with
    for run, options in ((before, dict[str, Any]()), (sweep, {"sweep": {"shock_bp": [0, 1]}})):
        computed = main_job.run(scenario, run.id)
        assert (computed.state, computed.code_version) == ("SUCCEEDED", CODE_VERSION)
        again = main_job.request(scenario, **options)
        assert (again.outcome, again.id, again.version_hash) == ("EXISTING", run.id, computed.version_hash)
    written = load_table(main_job.lake).scan(selected_fields=("run_id", "version_hash")).to_arrow()
    assert {(row["run_id"], row["version_hash"]) for row in written.to_pylist()} == {
        (str(run.id), main_job.run(scenario, run.id).version_hash) for run in (before, sweep)
    }


def test_a_run_of_other_code_whose_equal_of_today_is_there_keeps_its_hash(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    with main_job.app.autocommit(TENANT) as session:
        before = service.request(session, scenario, RunOptions(), "0.9", main_job.caller())
    today = main_job.request(scenario)
    assert {main_job.work(before.id), main_job.work(today.id)} == {"STORED"}
    assert main_job.commit() == 2
    runs = [main_job.run(scenario, run.id) for run in (before, today)]
    assert [(run.state, run.code_version) for run in runs] == [("SUCCEEDED", CODE_VERSION)] * 2
    assert [run.version_hash for run in runs] == [before.version_hash, today.version_hash]
    assert main_job.request(scenario).id == today.id
