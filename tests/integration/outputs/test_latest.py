"""`metrics/latest`: the values of the scenario as it stands, or of the run that is named."""

from __future__ import annotations

from typing import Any

import pytest

from sextant.ids import RunId, ScenarioId
from tests.integration.invoking import Answer, Invoker
from tests.integration.main_job.conftest import QUICK, TENANT
from tests.integration.main_job.test_scale_out import work_off
from tests.integration.outputs.conftest import OutputsApi


def latest(scenario: ScenarioId, **query: Any) -> Answer:
    return api()(
        "GET", f"/v1/scenarios/{scenario}/metrics/latest", query={k: str(v) for k, v in query.items()}
    )


def api() -> Invoker:
    return Invoker(TENANT).as_("analyst")


def years(answer: Answer) -> set[str]:
    return {row["asof_date"][:4] for row in answer.data if row["metric"] == "price"}


def change(scenario: ScenarioId, **changes: Any) -> None:
    assert api()("PATCH", f"/v1/scenarios/{scenario}", changes).status == 200


@pytest.mark.parametrize(
    "options",
    [
        {"parameters": {"end_year": 2026}},
        {"parameters": {"shock_bp": 500}},
        {"sweep": {"shock_bp": [0, 1000]}},
    ],
    ids=["a shorter horizon", "another price", "a sweep"],
)
def test_a_later_run_with_parameters_of_its_own_is_not_the_scenario(
    outputs_api: OutputsApi, options: dict[str, Any]
) -> None:
    # Given a run of the scenario as it stands, and a later one of something else
    scenario = outputs_api.main_job.scenario()
    own = outputs_api.published(scenario)
    before = latest(scenario)
    other = outputs_api.main_job.request(scenario, **options)
    work_off(outputs_api.main_job, other.id)
    assert outputs_api.main_job.commit() == 1
    # Then the latest values are still those of the scenario, and say of which run
    after = latest(scenario)
    assert after.data == before.data
    assert years(after) == {"2027"}
    meta = after.json["meta"]
    assert (meta["run_id"], meta["scenario_version"], meta["parameters"]) == (str(own), 1, QUICK)
    # And the other's where it is named
    named = latest(scenario, run_id=other.id)
    assert {row["run_id"] for row in named.data} == {str(other.id)} == {named.json["meta"]["run_id"]}
    assert named.json["meta"]["parameters"] != QUICK


def test_what_changes_the_result_needs_a_run_and_what_does_not_needs_none(outputs_api: OutputsApi) -> None:
    scenario = outputs_api.main_job.scenario()
    first = outputs_api.published(scenario)
    # A name and a description change no number
    change(scenario, name="renamed", description="the same system")
    assert latest(scenario).json["meta"]["run_id"] == str(first)
    # Parameters and assumptions do: there is no value of the scenario as it stands
    change(scenario, parameters={**QUICK, "end_year": 2028})
    none = latest(scenario)
    assert none.data == []
    assert (none.json["meta"]["run_id"], none.json["meta"]["scenario_version"]) == (None, 3)
    assert none.json["meta"]["parameters"]["end_year"] == 2028
    # until it is run
    second = outputs_api.published(scenario)
    assert years(latest(scenario)) == {"2028"}
    assert latest(scenario).json["meta"]["run_id"] == str(second)
    # And taken back, the first run is the scenario's again, also after a newer seed's
    change(scenario, parameters=QUICK)
    assert latest(scenario).json["meta"]["run_id"] == str(first)
    seeded = outputs_api.published(scenario, seed=3)
    assert (latest(scenario).json["meta"]["run_id"], latest(scenario).json["meta"]["seed"]) == (
        str(seeded),
        3,
    )


def test_a_run_without_a_result_and_one_of_another_scenario_are_refused(outputs_api: OutputsApi) -> None:
    scenario, other = outputs_api.main_job.scenario(), outputs_api.main_job.scenario("other")
    queued = outputs_api.main_job.request(scenario)
    refused = latest(scenario, run_id=queued.id)
    assert (refused.status, refused.code, refused.json["state"]) == (409, "run_without_result", "QUEUED")
    assert latest(other, run_id=queued.id).code == "run_not_found"
    missing = RunId(other)
    assert latest(scenario, run_id=missing).code == "run_not_found"
    assert latest(ScenarioId(missing), metric="npv").data == []
