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


def test_a_random_run_tells_how_sure_it_is_and_gives_its_draws(outputs_api: OutputsApi) -> None:
    # Given a run with 40 draws, of which those of the NPV are to be kept
    factor = {"quantity": "LOAD", "distribution": "UNIFORM", "low": 0.9, "high": 1.1}
    scenario = outputs_api.main_job.scenario(assumptions=[{"driver_type": "stochastic", "payload": factor}])
    parameters = {"draws": 40, "percentiles": "10", "keep_draws": "npv", "attribution": False}
    run = outputs_api.published(scenario, parameters=parameters)
    viewer = Invoker("acme", ("viewer",))
    # When its result and its draws are read
    npv = viewer("GET", f"/v1/runs/{run}/result").data["statistics"]["npv"]
    path = f"/v1/scenarios/{scenario}/outputs"
    drawn = outputs_api.get(path, metric="npv.draws", limit=100).json["data"]
    # Then there is each draw once, and the statistics are theirs
    assert sorted(int(row["tags"]["draw"]) for row in drawn) == list(range(1, 41))
    values = [row["value"] for row in drawn]
    assert abs(npv["mean"] / (sum(values) / 40) - 1.0) < 1e-12
    assert [item["percent"] for item in npv["percentiles"]] == [5, 10, 50, 95]
    assert abs(npv["percentiles"][1]["cvar"] / (sum(sorted(values)[:4]) / 4) - 1.0) < 1e-12
    # And the statistics of yearly values are outputs too
    errors = outputs_api.get(path, metric="price.statistics", tags="statistic:p5_standard_error").json["data"]
    assert errors
    assert all(row["value"] > 0 for row in errors)
    # And percentiles are to be had of the draws themselves
    (group,) = outputs_api.get(f"{path}/aggregates", metric="npv.draws", percentiles=10).json["data"]
    assert group["count"] == 40
