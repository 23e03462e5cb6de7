"""The whole model on a system worked out by hand, and what a result says of itself."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import numpy_financial  # type: ignore[import-untyped]
import pytest

from sextant.engine import ModelInputError, SimulationRequest, Unit, reference_system, simulate
from tests.unit.engine.systems import YEARS, driver, run, series, small_system

# Per day: an hour of 100 MW with 20 MW of wind, one of 200 MW with 10; coal 32 EUR/MWh up to 120 MW, then gas at 57.
HOURS_EACH = 12 * 365.0
COAL = 80.0 + 120.0
GAS = 70.0
WIND = 20.0 + 10.0


def test_a_year_by_hand() -> None:
    # When the untouched system runs
    result = run()
    # Then everything is as worked out on paper
    assert series(result, "generation", technology="coal") == [COAL * HOURS_EACH] * 4
    assert series(result, "generation", technology="gas") == [GAS * HOURS_EACH] * 4
    assert series(result, "generation", technology="wind") == [WIND * HOURS_EACH] * 4
    assert series(result, "capacity_factor", technology="coal") == pytest.approx([COAL / 240] * 4)
    assert series(result, "price") == pytest.approx([(32 * 100 + 57 * 200) / 300] * 4)
    assert series(result, "emissions") == pytest.approx([(0.9 * COAL + 0.4 * GAS) * HOURS_EACH] * 4)
    running = (32 * COAL + 57 * GAS + 1 * WIND) * HOURS_EACH
    assert series(result, "system_cost") == pytest.approx([running + 40 * 10_000] * 4)
    assert series(result, "renewable_share") == pytest.approx([WIND / 300] * 4)
    assert series(result, "unserved_energy") == [0.0] * 4
    revenue = (32 * 100 + 57 * 200) * HOURS_EACH
    assert series(result, "cash_flow") == pytest.approx([revenue - running - 40 * 10_000] * 4)
    assert series(result, "price_duration", exceedance_percent="50") == [57.0] * 4
    assert series(result, "price_duration", exceedance_percent="60") == [32.0] * 4


def test_npv_is_what_the_closed_form_and_numpy_financial_say() -> None:
    # Given flat yearly cash flows
    result = run(discount_rate=0.08)
    flows = series(result, "cash_flow")
    # Then the NPV is the annuity's closed form, and numpy-financial's
    npv = series(result, "npv")[0]
    closed = flows[0] * 1.08 * (1 - 1.08**-4) / 0.08
    assert npv == pytest.approx(closed, rel=1e-12)
    assert npv == pytest.approx(float(numpy_financial.npv(0.08, flows)), rel=1e-12)


def test_a_nominal_rate_is_made_real_and_the_base_year_moves_the_value() -> None:
    flows = series(run(), "cash_flow")
    nominal = series(run(discount_rate=0.0914, discount_basis="NOMINAL", inflation=0.02), "npv")[0]
    assert nominal == pytest.approx(float(numpy_financial.npv(1.0914 / 1.02 - 1, flows)), rel=1e-12)
    earlier = series(run(discount_rate=0.05, base_year=2028), "npv")[0]
    assert earlier == pytest.approx(series(run(discount_rate=0.05), "npv")[0] / 1.05**2, rel=1e-12)


def test_the_shock_moves_every_fuel_curve_in_parallel() -> None:
    # Given a gas curve that doubles, when all fuels shift by 1,000 bp
    curve = np.array([8.0, 8.0, 16.0, 16.0])
    system = small_system(fuel_prices={"coal": np.full(4, 3.0), "gas": curve})
    moved = series(run(system=system, shock_bp=1_000), "price_duration", exceedance_percent="0")
    # Then each year moves by a tenth of the first year's price, not of its own
    assert moved == pytest.approx([7 * 8.8 + 1, 7 * 8.8 + 1, 7 * 16.8 + 1, 7 * 16.8 + 1])


def test_must_take_surplus_is_spilled_priced_at_the_floor_and_still_paid_for() -> None:
    # Given 150 MW of must-take CHP at 20 EUR/MWh against 100 MW of load in half of the hours, spilling at 5 EUR/MWh
    base = small_system()
    chp = Unit("CHP", "chp", 150.0, variable_cost=20.0, emission_factor=0.3, must_take=True)
    result = run(system=small_system(units=(*base.units, chp), spill_cost=5.0))
    # Then 50 MW are thrown away in each of them, the price is the floor, and all of the CHP's energy costs and emits
    assert series(result, "curtailment")[0] == pytest.approx((50 + 20) * HOURS_EACH)
    assert series(result, "price_duration", exceedance_percent="100")[0] == -5.0
    chp_emissions = 150 * 2 * 0.3
    rest = 40.0  # the 200 MW hour: 150 CHP, 10 wind, 40 coal
    assert series(result, "emissions")[0] == pytest.approx((chp_emissions + rest * 0.9) * HOURS_EACH)
    running = (150 * 2 * 20 + 50 * 5 + rest * 32 + 10) * HOURS_EACH + 400_000
    assert series(result, "system_cost")[0] == pytest.approx(running)


def test_the_guides_scenario_meets_its_target_on_the_reference_system() -> None:
    # Given the guide's example
    request = SimulationRequest(
        [driver("policy", policy_name="RPS", start_year=2030, target=0.6)],
        reference_system(),
        {"shock_bp": 25},
        7,
    )
    seen: list[int] = []

    def watch(percent: int, message: str) -> None:
        assert message
        seen.append(percent)

    # When it runs
    result = simulate(SimulationRequest(request.assumptions, request.baseline, request.parameters, 7, watch))
    # Then the share is met from 2030 on, at a credit price, and progress never fell
    share = series(result, "renewable_share")
    assert all(s < 0.4 for s in share[:4])
    assert all(s == pytest.approx(0.6, rel=1e-9) or s > 0.6 for s in share[4:])
    assert max(series(result, "credit_price")) > 0.0
    assert series(result, "compliance_payment")[4] == pytest.approx(
        series(result, "credit_price")[4] * 0.6 * series(result, "load")[4]
    )
    assert seen == sorted(seen)
    assert seen[-1] == 100
    # And the result says what made it and what that leaves out
    told = json.loads(json.dumps(result.metadata))
    assert told["model"] == "merit_order"
    assert told["baseline"]["illustrative"] is True
    assert told["baseline"]["digest"] == reference_system().digest()
    assert any("unit commitment" in limit for limit in told["limits"])
    assert result.attribution is not None
    cents = [round(share.eur * 100) for share in result.attribution.shares]
    assert sum(cents) == round(result.attribution.change * 100)


def test_rows_are_columns_of_one_length_with_dates_and_units() -> None:
    rows = run().rows
    lengths = {
        len(getattr(rows, name))
        for name in ("metric", "asof_date", "value", "unit", "band_lower", "tag_index")
    }
    assert lengths == {len(rows)}
    assert rows.asof_date.dtype == np.dtype("datetime64[D]")
    assert {str(day) for day in rows.asof_date} == {f"{year}-01-01" for year in YEARS}
    assert np.all(np.isfinite(rows.value))
    assert np.all(np.isnan(rows.band_lower))


class StopHereError(Exception):
    pass


def test_whatever_the_progress_callback_raises_cancels_the_run() -> None:
    def stop(percent: int, message: str) -> None:
        if percent > 10:
            raise StopHereError

    noisy = driver("stochastic", quantity="LOAD", distribution="NORMAL", mean=1, std=0.1)
    with pytest.raises(StopHereError):
        simulate(SimulationRequest([noisy], reference_system(), {"draws": 50}, 1, stop))


@pytest.mark.parametrize(
    ("parameters", "path"),
    [
        ({"shock_bp": "25"}, "parameters.shock_bp"),
        ({"discount_rate": 2}, "parameters.discount_rate"),
        ({"start_year": 2032, "end_year": 2031}, "parameters.end_year"),
        ({"start_year": 1999}, "parameters.start_year"),
        ({"draws": 0}, "parameters.draws"),
        ({"drawz": 10}, "parameters.drawz"),
        ({"model": "oracle"}, "parameters.model"),
        ({"value_of_lost_load": float("nan")}, "parameters.value_of_lost_load"),
    ],
)
def test_bad_parameters_are_named(parameters: dict[str, Any], path: str) -> None:
    with pytest.raises(ModelInputError) as caught:
        run(**parameters)
    assert caught.value.path == path
