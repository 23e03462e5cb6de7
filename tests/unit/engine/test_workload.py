"""What a run is expected to take, before it is made and when a worker has it."""

from __future__ import annotations

from typing import Any

import pytest

from sextant.drivers.workload import seconds_of_run
from sextant.engine import SimulationRequest, workload
from sextant.engine.vocabulary import vocabulary_of
from tests.unit.engine.systems import driver, small_system

GAS = driver("stochastic", quantity="FUEL_PRICE", fuel="gas", distribution="NORMAL", mean=1, std=0.1)
STANDARD = driver("policy", policy_name="RPS", start_year=2030, target=0.5, build_mix={"wind": 1})
DEAR = driver(
    "conditional",
    logic="ALL",
    conditions=[{"metric": "PRICE", "operator": "GT", "value": 50}],
    then=[driver("load_growth", annual_rate=0.01)],
)
BATTERY = driver(
    "fleet_change",
    action="ADD",
    year=2030,
    technology="battery",
    capacity_mw=10,
    storage={"energy_mwh": 20, "charge_efficiency": 0.9, "discharge_efficiency": 0.9},
)


@pytest.mark.parametrize(
    ("assumptions", "parameters"),
    [
        ([], {}),
        ([GAS, STANDARD], {"draws": 500, "attribution": False}),
        ([DEAR, STANDARD], {"end_year": 2031, "shock_bp": 10}),
        ([GAS, BATTERY], {"draws": 100, "attribution_evaluations": 16}),
    ],
)
def test_the_api_expects_what_the_worker_expects(assumptions: list[Any], parameters: dict[str, Any]) -> None:
    system = small_system()
    work = workload(SimulationRequest(assumptions, system, parameters))
    assert work is not None
    expected = seconds_of_run(assumptions, parameters, vocabulary_of(system))
    assert expected == pytest.approx(work.evaluations * work.seconds, rel=0.05)
