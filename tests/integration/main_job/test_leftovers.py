"""What is written beside the table goes once nobody needs it, and what nobody owns is found."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sextant.ids import new_id
from sextant.lake.table.catalog import load_table
from sextant.outputs.leftovers import clear_beside
from tests.integration.main_job.conftest import MainJob
from tests.integration.main_job.test_scale_out import work_off


def objects(job: MainJob, place: str) -> set[str]:
    return {item.location for item in job.worker.store.list(f"{job.lake.warehouse}/{place}")}


def clear(job: MainJob, after: timedelta) -> dict[str, Any]:
    return clear_beside(load_table(job.lake), job.platform, datetime.now(UTC) + after)


def test_the_results_of_parts_go_once_their_run_has_ended(main_job: MainJob) -> None:
    # Given a sweep whose parts are computed, and which is not merged yet
    sweep = main_job.request(main_job.scenario(), sweep={"shock_bp": [0, 100]})
    assert [main_job.work(sweep.id) for _ in range(3)] == ["SPLIT", "PART", "PART"]
    parts = objects(main_job, "market/scenario_output-parts/")
    assert len(parts) == 2

    # When what lies beside the table is cleared, however late, then they stay
    assert clear(main_job, timedelta(days=30))["scenario_output-parts"]["objects"] == 0
    assert work_off(main_job, sweep.id) == ["STORED"]
    main_job.commit()

    # And once the run has succeeded they go, an hour after they were written
    assert clear(main_job, timedelta(minutes=5))["scenario_output-parts"]["objects"] == 0
    cleared = clear(main_job, timedelta(hours=2))
    assert cleared["scenario_output-parts"]["objects"] == 2
    assert cleared["scenario_output-parts"]["bytes"] > 0
    assert objects(main_job, "market/scenario_output-parts/") == set()
    # The table is untouched.
    assert set(main_job.rows_by_run()) == {sweep.id}


def test_each_place_has_its_rule_and_what_has_none_is_told(main_job: MainJob) -> None:
    warehouse, store = main_job.lake.warehouse, main_job.worker.store
    load_table(main_job.lake)
    places = {
        "exports": f"{warehouse}/exports/acme/{new_id()}/x.csv",
        "uploads": f"{warehouse}/uploads/acme/{new_id()}/units.csv",
        "baselines": f"{warehouse}/baselines/acme/{new_id()}/1-0123/units.csv",
        "scenario_output-parts": f"{warehouse}/market/scenario_output-parts/acme/{new_id()}/x-1.npz",
    }
    strangers = [f"{warehouse}/elsewhere/x", f"{warehouse}/market/scenario_output-parts/x.npz"]
    for place in (*places.values(), *strangers):
        store.put(place, b"x")

    young = clear(main_job, timedelta(minutes=1))
    assert {name: young[name]["objects"] for name in places} == dict.fromkeys(places, 0)
    assert set(young["unowned"]["first"]) == set(strangers)

    old = clear(main_job, timedelta(days=4))
    assert {name: old[name]["objects"] for name in places} == dict.fromkeys(places, 1)
    assert objects(main_job, "") & set(strangers) == set(strangers)
    assert not objects(main_job, "") & set(places.values())
