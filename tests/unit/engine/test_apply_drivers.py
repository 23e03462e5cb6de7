"""What drivers make of a baseline goes to another solver, which finds what the model finds."""

from __future__ import annotations

import pytest

from examples.another_solver.solve import yearly_costs
from sextant.engine import SimulationRequest
from tests.unit.engine.systems import driver, run, series, small_system


def test_another_solver_finds_the_same_costs_from_the_same_inputs() -> None:
    # Given growth beyond what the fleet serves, dearer gas and a price on carbon
    assumptions = [
        driver("load_growth", annual_rate=0.1),
        driver("fuel_curve", fuel="gas", multiplier=1.5),
        driver("policy", policy_name="CARBON_PRICE", start_year=2031, price=40),
    ]
    costs = yearly_costs(SimulationRequest(assumptions, small_system(), {"shock_bp": 100}))
    # Then what it pays is the system's cost but for the wind's fixed cost
    expected = series(run(*assumptions, shock_bp=100), "system_cost")
    assert costs == pytest.approx([cost - 40 * 10_000 for cost in expected], rel=1e-9)
