"""From a name to a compared result, with the client, against the running system."""

from __future__ import annotations

import uuid

import pytest

from sextant_client import Sextant
from sextant_client.problems import RefusedError

YEARS = {"start_year": 2029, "end_year": 2030}
RPS = {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}


def test_two_scenarios_are_run_and_compared(client: Sextant) -> None:
    # Given a scenario and the market as it is
    name = f"RPS {uuid.uuid4().hex[:8]}"
    scenario = client.scenarios.create(name, assumptions=[RPS], parameters=YEARS)
    reference = client.scenarios.create(f"{name}, without", parameters=YEARS)

    # When both are run
    runs = [each.run(seed=7) for each in (scenario, reference)]
    run, other = (each.wait() for each in runs)

    # Then their values come as rows, frames and a comparison, and all agree
    (npv,) = run.outputs(metric="npv").rows()
    frame = run.outputs(metric="price").to_pandas()
    assert list(frame["asof_date"].dt.year) == [2029, 2030]
    comparison = client.compare(run, baseline=other, metric=["npv", "price"])
    records = comparison.records()
    assert [record["metric"] for record in records] == ["npv", "price", "price"]
    assert records[0]["value"] == pytest.approx(npv.value)
    assert records[2]["delta"] < 0
    assert run.result().seed == 7


def test_a_refused_scenario_names_field_and_rule(client: Sextant) -> None:
    slip = {"driver_type": "fuel_curve", "payload": {"fuel": "gass", "multiplier": 2}}

    with pytest.raises(RefusedError) as refused:
        client.scenarios.create("a slip", assumptions=[slip])

    assert refused.value.request_id
    assert refused.value.errors[0]["path"] == "assumptions[0].payload.fuel"
    assert "did you mean gas" in str(refused.value)
