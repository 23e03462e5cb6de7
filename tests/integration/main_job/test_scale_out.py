"""Sweeps and Monte Carlo in parts: divided, computed by any worker, merged to one result."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from sextant.execution import parts
from sextant.execution import repository as execution
from sextant.ids import RunId, ScenarioId
from sextant.lake.table.catalog import load_table
from sextant.runs.service import cancel
from sextant.scenarios import service as scenarios
from sextant.scenarios.documents import ScenarioDocument
from sextant.storage import ALL_TENANTS
from tests.integration.main_job.conftest import QUICK, TENANT, MainJob
from tests.integration.main_job.test_crashes import claim, expire_leases, recover

RANDOM = {
    "driver_type": "stochastic",
    "payload": {"quantity": "FUEL_PRICE", "distribution": "NORMAL", "mean": 1.0, "std": 0.2},
}
GRID: dict[str, list[Any]] = {"shock_bp": [0, 500, 1000], "discount_rate": [0.03, 0.07]}


def monte_carlo(main_job: MainJob, name: str = "mc", draws: int = 40) -> ScenarioId:
    document = ScenarioDocument.model_validate(
        {"name": name, "assumptions": [RANDOM], "parameters": {**QUICK, "draws": draws}}
    )
    return main_job.app.run(TENANT, lambda s: scenarios.create(s, document, main_job.caller())).id


def work_off(main_job: MainJob, parent: RunId) -> list[str]:
    """Take tickets until there is nothing to take; the outcomes in order."""
    outcomes = []
    while (outcome := main_job.work(parent)) not in ("BUSY", "DONE", "WAITING"):
        outcomes.append(outcome)
    return outcomes


def rows_of(main_job: MainJob, run: UUID) -> list[dict[str, Any]]:
    found = load_table(main_job.lake).scan().to_arrow().to_pylist()
    drop = ("run_id", "computed_ts", "version_hash", "scenario_id")
    kept = [
        {key: value for key, value in row.items() if key not in drop}
        for row in found
        if row["run_id"] == str(run)
    ]
    return sorted(kept, key=lambda row: (row["metric"], row["asof_date"], sorted(row["tags"])))


def states(main_job: MainJob, parent: RunId) -> list[str]:
    found = main_job.sql(
        "SELECT state FROM scenario_run WHERE parent_run_id = %s ORDER BY (part ->> 'index')::int", parent
    )
    return [state for (state,) in found]


def test_a_monte_carlo_run_in_parts_gives_the_same_rows_as_one_computed_whole(
    main_job: MainJob,
) -> None:
    # Given a run of all years with an attribution, whose parts are to be as short as they can be
    options = {"draws": 50, "end_year": 2045, "attribution": True}
    whole = main_job.request(monte_carlo(main_job, "whole"), parameters=options)
    assert work_off(main_job, whole.id) == ["STORED"]
    main_job.commit()
    main_job = replace(main_job, worker=replace(main_job.worker, seconds_per_part=1e-6))
    scenario = monte_carlo(main_job, "in parts")
    # When it is divided: three blocks of draws, and the coalitions of the attribution
    divided = main_job.request(scenario, parameters=options)
    assert work_off(main_job, divided.id) == ["SPLIT", *["PART"] * 4, "STORED"]
    assert main_job.commit() == 1
    run = main_job.run(scenario, divided.id)
    assert (run.state, run.parts, run.attempt) == ("SUCCEEDED", 4, 1)
    assert rows_of(main_job, divided.id) == rows_of(main_job, whole.id)
    assert set(main_job.rows_by_run()) == {whole.id, divided.id}, "parts publish nothing of their own"


def test_the_draws_of_a_sweeps_points_are_divided_too(main_job: MainJob) -> None:
    scenario = monte_carlo(main_job)
    grid: dict[str, Any] = {"sweep": {"shock_bp": [0, 500]}, "parameters": {"draws": 30, "end_year": 2045}}
    whole = main_job.request(scenario, **grid)
    assert work_off(main_job, whole.id) == ["SPLIT", *["PART"] * 2, "STORED"]
    main_job.commit()
    main_job = replace(main_job, worker=replace(main_job.worker, seconds_per_part=1e-6))
    divided = main_job.request(scenario, **grid, seed=0, environment="divided")
    assert work_off(main_job, divided.id) == ["SPLIT", *["PART"] * 4, "STORED"]
    main_job.commit()
    assert rows_of(main_job, divided.id) == rows_of(main_job, whole.id)


def test_a_run_that_cannot_end_in_its_time_is_refused_with_an_estimate(main_job: MainJob) -> None:
    # Given a tenant that may compute one run at a time, and days of work
    main_job.sql(
        "INSERT INTO setting (tenant_id, kind, name, value, updated_by, reason)"
        " VALUES (%s, 'concurrency', 'runs', '{\"max_running\": 1}', 'test', 'test') RETURNING 1",
        TENANT,
    )
    scenario = monte_carlo(main_job)
    hopeless = {"draws": 10_000, "end_year": 2045, "attribution": False}
    run = main_job.request(scenario, parameters=hopeless, timeout_minutes=1)
    # When a worker takes it; then nothing is divided, and the error says what it would take
    assert main_job.work(run.id) == "FAILED"
    error = main_job.run(scenario, run.id).error or {}
    assert error["code"] == "model_input"
    assert re.search(r"timeout_minutes: at least [2-9]: the run is about \d+ s of work", error["message"])
    assert states(main_job, run.id) == []


def test_a_sweep_gives_every_point_of_its_grid_in_one_result(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    sweep = main_job.request(scenario, sweep=GRID)
    assert work_off(main_job, sweep.id) == ["SPLIT", *["PART"] * 6, "STORED"]
    assert main_job.commit() == 1
    npv = {
        (row_tags["sweep_shock_bp"], row_tags["sweep_discount_rate"]): row["value"]
        for row in rows_of(main_job, sweep.id)
        if row["metric"] == "npv" and (row_tags := dict(row["tags"]))
    }
    assert len(npv) == 6
    # Each point is what a run with these parameters gives.
    alone = main_job.request(scenario, parameters={"shock_bp": 500, "discount_rate": 0.03})
    work_off(main_job, alone.id)
    main_job.commit()
    (expected,) = [row["value"] for row in rows_of(main_job, alone.id) if row["metric"] == "npv"]
    assert npv["500", "0.03"] == expected
    # And the same sweep again is the same run; another is not.
    assert main_job.request(scenario, sweep=GRID).id == sweep.id
    assert main_job.request(scenario, sweep={"shock_bp": [1]}).outcome == "CREATED"


def test_progress_never_runs_backwards_and_the_merge_belongs_to_the_attempt_that_divided(
    main_job: MainJob,
) -> None:
    scenario = main_job.scenario()
    sweep = main_job.request(scenario, sweep={"shock_bp": [0, 100, 200]})
    seen: list[tuple[str, int, int]] = []

    def look() -> None:
        run = main_job.run(scenario, sweep.id)
        seen.append((run.state, run.progress_percent, run.attempt))

    def attempts() -> list[Any]:
        query = "SELECT attempt, outcome FROM run_attempt WHERE run_id = %s ORDER BY attempt"
        return main_job.sql(query, sweep.id)

    look()
    for expected in ("SPLIT", "PART", "PART", "PART"):
        assert main_job.work(sweep.id) == expected
        look()
    assert attempts() == [(1, None)]
    # When the merge is claimed, by a worker that dies and by another, whose model begins at nothing
    dead = claim(main_job, sweep.id)
    with main_job.platform.autocommit(ALL_TENANTS) as session:
        assert execution.progress(session, dead.run, 0, timedelta(seconds=30))
    look()
    assert attempts() == [(1, None)]
    expire_leases(main_job)
    assert recover(main_job)[0] == 1
    look()
    assert main_job.work(sweep.id) == "STORED"
    look()
    main_job.commit()
    look()
    # Then only the lost worker's attempt is another, and what was computed stays in the progress
    assert seen == [
        ("QUEUED", 0, 0),
        ("RUNNING", 0, 1),
        ("RUNNING", 30, 1),
        ("RUNNING", 60, 1),
        ("QUEUED", 90, 1),
        ("RUNNING", 90, 1),
        ("QUEUED", 90, 1),
        ("RUNNING", 99, 2),
        ("SUCCEEDED", 100, 2),
    ]
    assert attempts() == [(1, "LOST"), (2, "SUCCEEDED")]


def test_the_attempt_of_a_run_whose_part_failed_is_no_success(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    sweep = main_job.request(scenario, sweep={"shock_bp": [0, 100]})
    assert main_job.work(sweep.id) == "SPLIT"
    part = claim(main_job, sweep.id).run
    with main_job.platform.autocommit(ALL_TENANTS) as session:
        execution.fail(session, part, "FAILED", {"code": "x", "message": "x"}, None, 0.0, "worker")
        execution.settle_parent(session, part.tenant_id, sweep.id)
    assert main_job.run(scenario, sweep.id).state == "FAILED"
    found = main_job.sql("SELECT attempt, outcome FROM run_attempt WHERE run_id = %s", sweep.id)
    assert found == [(1, "FAILED")]


def test_a_part_whose_worker_dies_is_computed_again_alone(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    sweep = main_job.request(scenario, sweep={"shock_bp": [0, 100, 200]})
    assert main_job.work(sweep.id) == "SPLIT"
    dead = claim(main_job, sweep.id)
    assert dead.run.part is not None
    assert [main_job.work(sweep.id), main_job.work(sweep.id)] == ["PART", "PART"]
    expire_leases(main_job)
    assert recover(main_job)[0] == 1
    assert work_off(main_job, sweep.id) == ["PART", "STORED"]
    attempts = main_job.sql("SELECT attempt FROM scenario_run WHERE parent_run_id = %s ORDER BY 1", sweep.id)
    assert [attempt for (attempt,) in attempts] == [1, 1, 2]
    with main_job.platform.autocommit(ALL_TENANTS) as session:
        assert not execution.finish_part(session, dead.run, "s3://elsewhere", 1, 0.0), (
            "the dead one is fenced off"
        )


def test_a_worker_that_dies_between_its_part_and_the_parent_loses_nothing(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    sweep = main_job.request(scenario, sweep={"shock_bp": [0, 100]})
    main_job.work(sweep.id)
    # Both parts are finished, and nobody told the parent.
    for _ in range(2):
        held = claim(main_job, sweep.id)
        content = parts.compute(_request(held), held.run.part or {})
        location = f"{main_job.worker.table_location}-parts/{held.run.id}.npz"
        main_job.worker.store.put(location, content)
        with main_job.platform.autocommit(ALL_TENANTS) as session:
            assert execution.finish_part(session, held.run, location, len(content), 0.0)
    assert main_job.run(scenario, sweep.id).state == "RUNNING"
    assert main_job.platform.run(ALL_TENANTS, lambda s: execution.settle_parents(s, 10)) == 1
    assert work_off(main_job, sweep.id) == ["STORED"]
    assert main_job.commit() == 1


def _request(held: Any) -> Any:
    from sextant.execution.translation import request_of

    no_baseline_of_its_own: Any = None
    return request_of(held, lambda *_: None, no_baseline_of_its_own)


def test_a_part_that_fails_for_good_fails_the_run_and_stops_the_others(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    sweep = main_job.request(scenario, sweep={"model": ["merit_order", "no_such_model", "merit_order2"]})
    assert main_job.work(sweep.id) == "SPLIT"
    outcomes = work_off(main_job, sweep.id)
    assert "FAILED" in outcomes
    run = main_job.run(scenario, sweep.id)
    assert run.state == "FAILED"
    assert run.error is not None
    assert run.error["code"] == "part_failed"
    assert set(states(main_job, sweep.id)) <= {"SUCCEEDED", "FAILED", "CANCELLED"}


def test_cancelling_a_run_cancels_its_parts(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    sweep = main_job.request(scenario, sweep={"shock_bp": [0, 100, 200]})
    main_job.work(sweep.id)
    main_job.work(sweep.id)
    with main_job.app.autocommit(TENANT) as session:
        assert cancel(session, sweep.id, main_job.caller()).state == "CANCELLED"
    assert sorted(states(main_job, sweep.id)) == ["CANCELLED", "CANCELLED", "SUCCEEDED"]
    assert main_job.commit() == 0
    assert main_job.work(sweep.id) == "DONE"


def test_a_run_that_waits_for_its_parts_past_its_time_times_out(main_job: MainJob) -> None:
    scenario = main_job.scenario()
    sweep = main_job.request(scenario, sweep={"shock_bp": [0, 100]}, timeout_minutes=1)
    main_job.work(sweep.id)
    main_job.sql(
        "UPDATE scenario_run SET started_at = now() - interval '2 minutes' WHERE parts IS NOT NULL RETURNING 1"
    )
    assert recover(main_job, silence=timedelta(hours=1)) == (0, 0, 0, 0)
    assert main_job.platform.run(ALL_TENANTS, lambda s: execution.settle_parents(s, 10)) == 1
    assert main_job.run(scenario, sweep.id).state == "TIMEOUT"
    assert states(main_job, sweep.id) == ["CANCELLED", "CANCELLED"]


def test_parents_that_wait_on_keep_no_other_from_its_turn(main_job: MainJob) -> None:
    # Given two runs that wait for their parts, before one whose time is over
    scenario = main_job.scenario()
    sweeps = []
    for step in (1, 2, 3):
        sweeps.append(main_job.request(scenario, sweep={"shock_bp": [0, step]}))
        assert main_job.work(sweeps[-1].id) == "SPLIT"
        main_job.sql(
            "UPDATE scenario_run SET available_at = now() + interval '1 hour' WHERE state = 'QUEUED' RETURNING 1"
        )
    overdue = sweeps[-1]
    main_job.sql(
        "UPDATE scenario_run SET timeout_minutes = 1, started_at = now() - interval '2 minutes' WHERE id = %s RETURNING 1",
        overdue.id,
    )
    main_job.sql(
        "UPDATE scenario_run SET started_at = now() - interval '3 minutes' WHERE id = ANY (%s) RETURNING 1",
        [sweep.id for sweep in sweeps[:-1]],
    )

    # When the recovery looks at two at a time, then it comes to the third
    rounds = [main_job.platform.run(ALL_TENANTS, lambda s: execution.settle_parents(s, 2)) for _ in range(2)]
    assert rounds == [0, 1]
    assert main_job.run(scenario, overdue.id).state == "TIMEOUT"


@pytest.mark.parametrize(
    "sweep",
    [
        {"shock_bp": []},
        {"shock_bp": ["x"]},
        {"baseline": ["a"]},
        {"a b": [1]},
        {"shock_bp": list(range(40)), "draws": list(range(1, 40))},
    ],
)
def test_a_sweep_that_breaks_a_rule_is_refused(main_job: MainJob, sweep: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="sweep"):
        main_job.request(main_job.scenario(), sweep=sweep)
