"""What the model says of a run's result, over HTTP."""

from __future__ import annotations

from tests.integration.invoking import Invoker
from tests.integration.main_job.conftest import QUICK
from tests.integration.outputs.conftest import OutputsApi


def test_a_result_says_what_was_computed_from_what(outputs_api: OutputsApi) -> None:
    # Given a run with an attribution
    scenario = outputs_api.main_job.scenario()
    run = outputs_api.published(scenario, seed=7, parameters={"attribution": True, "shock_bp": 100})
    viewer = Invoker("acme", ("viewer",))
    # When its result is read
    result = viewer("GET", f"/v1/runs/{run}/result").data
    # Then it has all that the documents promise of every result
    assert (result["model"], result["seed"], result["draws"], result["currency"]) == (
        "merit_order",
        7,
        0,
        "EUR",
    )
    assert result["limits"]
    assert len(result["baseline"]["digest"]) == 64
    parameters = result["parameters"]
    assert (parameters["years"], parameters["shock_bp"]) == ([QUICK["start_year"], QUICK["end_year"]], 100)
    attribution = result["attribution"]
    assert round(sum(share["eur"] for share in attribution["shares"]), 2) == attribution["change"]
    assert result["scenario_version"] == 1
    assert result["output_rows"] == outputs_api.main_job.rows_by_run()[run]
    assert result["metadata"]["model_version"] == result["model_version"]
    # And the same under its scenario
    assert viewer("GET", f"/v1/scenarios/{scenario}/runs/{run}/result").data == result
