"""What each of the eight drivers does, on a system worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from sextant.engine import SystemData
from tests.unit.engine.systems import driver, run, series, small_system

LOAD = 300 * 12 * 365.0


def top_price(*assumptions: Any, **parameters: Any) -> list[float]:
    """The dearest hour's price by year: what gas costs, as long as gas is at the margin there."""
    return series(run(*assumptions, **parameters), "price_duration", exceedance_percent="0")


def load(*assumptions: Any, **parameters: Any) -> list[float]:
    return [value / LOAD for value in series(run(*assumptions, **parameters), "load")]


def capacity(technology: str, *assumptions: Any) -> list[float]:
    return series(run(*assumptions), "capacity", technology=technology)


# ---- policy


def test_a_carbon_price_makes_emitters_dearer_and_can_turn_the_merit_order() -> None:
    priced = run(
        driver("policy", policy_name="CARBON_PRICE", start_year=2031, price=100, annual_escalation=0.1)
    )
    # Coal 32 + 90 passes gas at 57 + 40, so gas now comes first and coal sets the price
    assert series(priced, "price_duration", exceedance_percent="0") == pytest.approx(
        [57, 32 + 90, 32 + 99, 32 + 108.9]
    )
    assert series(priced, "emissions")[1] < series(priced, "emissions")[0]


def test_a_carbon_price_ramps_from_the_baseline_and_ends() -> None:
    assumption = driver(
        "policy", policy_name="CARBON_PRICE", start_year=2030, end_year=2032, price=30, ramp_years=2
    )
    # In the night hours coal is at the margin: 32 + 0.9 × (10, 20, 30, and nothing once it has ended)
    assert series(run(assumption), "price_duration", exceedance_percent="100") == pytest.approx(
        [41, 50, 59, 32]
    )


WIND_TO_BUILD = replace(small_system().units[0], capex=3e6)


def system_with_builds() -> SystemData:
    return small_system(templates={"wind": WIND_TO_BUILD}, build_mix={"wind": 1.0})


def test_a_renewable_standard_builds_just_enough_and_prices_it() -> None:
    # Given wind that makes 0.75 × 4,380 MWh a year per MW
    result = run(
        driver("policy", policy_name="RPS", start_year=2031, target=0.3), system=system_with_builds()
    )
    built = 0.3 * 300 / 0.75 - 40
    assert series(result, "renewable_build") == pytest.approx([0, built, built, built])
    assert series(result, "renewable_share") == pytest.approx([0.1, 0.3, 0.3, 0.3])
    # Then a further MW would cost its annuity less the coal it saves by night and the gas by day
    annuity = 3e6 * 0.07 / (1 - 1.07**-25) / 1.07 + 10_000
    credit = (annuity / (12 * 365.0) - 0.5 * (32 - 1) - 0.25 * (57 - 1)) / 0.75
    assert credit > 0
    assert series(result, "credit_price") == pytest.approx([0, credit, credit, credit])
    assert series(result, "compliance_payment") == pytest.approx([0] + [credit * 0.3 * LOAD] * 3)


def test_a_target_too_dear_pays_the_compliance_rate_instead() -> None:
    standard = driver(
        "policy", policy_name="RPS", start_year=2030, target=0.5, alternative_compliance_payment=1
    )
    result = run(standard, system=system_with_builds())
    assert series(result, "renewable_build") == [0.0] * 4
    assert series(result, "credit_price") == [1.0] * 4
    assert series(result, "renewable_shortfall") == pytest.approx([0.4 * LOAD] * 4)
    assert series(result, "compliance_payment") == pytest.approx([0.5 * LOAD] * 4)


def test_a_standard_that_the_fleet_meets_anyway_costs_nothing() -> None:
    result = run(
        driver("policy", policy_name="RPS", start_year=2030, target=0.05), system=system_with_builds()
    )
    assert series(result, "credit_price") == series(result, "renewable_build") == [0.0] * 4


def test_the_stricter_of_two_standards_holds_and_a_ramp_is_linear() -> None:
    system = system_with_builds()
    lax = driver("policy", policy_name="RPS", start_year=2030, target=0.2)
    ramped = driver("policy", policy_name="RPS", start_year=2030, target=0.4, ramp_years=3)
    for order in ((lax, ramped), (ramped, lax)):
        assert series(run(*order, system=system), "renewable_share") == pytest.approx([0.2, 0.2, 0.3, 0.4])


# ---- load growth, fuel curve


def test_load_grows_from_its_start_year_until_its_end_year() -> None:
    grown = load(driver("load_growth", annual_rate=0.1, start_year=2031, end_year=2032))
    assert grown == pytest.approx([1.0, 1.0, 1.1, 1.1])
    block = load(driver("load_growth", annual_rate=0.0, flat_mw=30, start_year=2032))
    assert block == pytest.approx([1.0, 1.0, 1.2, 1.2])
    assert load(driver("load_growth", annual_rate=0.0, flat_mw=-1000)) == [0.0] * 4


def test_a_fuel_curve_takes_points_then_multiplier_then_shift() -> None:
    points = [{"year": 2030, "price": 6}, {"year": 2032, "price": 10}]
    curve = driver("fuel_curve", fuel="gas", points=points, multiplier=1.5, shift=1.0, end_year=2032)
    assert top_price(curve) == pytest.approx([7 * 10 + 1, 7 * 13 + 1, 7 * 16 + 1, 57])
    assert top_price(driver("fuel_curve", fuel="gas", shift=-100))[0] == 32.0  # gas free: coal on top


# ---- fleet


def test_units_are_added_with_the_technologys_numbers_or_their_own() -> None:
    like_the_rest = driver(
        "fleet_change", action="ADD", technology="gas", capacity_mw=50, year=2031, out_year=2033
    )
    assert capacity("gas", like_the_rest) == [100, 150, 150, 100]
    cheap = driver("fleet_change", action="ADD", technology="gas", capacity_mw=500, year=2031, heat_rate=1.0)
    assert top_price(cheap) == pytest.approx([57, 9, 9, 9])


def test_added_capital_is_charged_as_an_annuity() -> None:
    added = driver(
        "fleet_change", action="ADD", technology="wind", capacity_mw=10, year=2030, capex=2e6, life_years=20
    )
    free = driver("fleet_change", action="ADD", technology="wind", capacity_mw=10, year=2030, capex=0)
    annuity = 10 * 2e6 * 0.07 / (1 - 1.07**-20) / 1.07
    difference = series(run(added), "system_cost")[0] - series(run(free), "system_cost")[0]
    assert difference == pytest.approx(annuity)


def test_units_retire_by_name_by_technology_and_in_part() -> None:
    assert capacity("coal", driver("fleet_change", action="RETIRE", unit="Coal", year=2032)) == [
        120,
        120,
        0,
        0,
    ]
    assert capacity(
        "coal", driver("fleet_change", action="RETIRE", technology="coal", year=2031, capacity_mw=30)
    ) == [
        120,
        90,
        90,
        90,
    ]
    gone = run(driver("fleet_change", action="RETIRE", technology="coal", year=2030))
    assert series(gone, "unserved_energy")[0] == pytest.approx((200 - 10 - 100) * 12 * 365)
    assert series(gone, "price_duration", exceedance_percent="0")[0] == 3_000.0


# ---- composite


def test_additive_components_add_their_weighted_changes() -> None:
    grow = {"driver_type": "load_growth", "payload": {"annual_rate": 0.0, "flat_mw": 30}}
    both = driver("composite", mode="ADDITIVE", components=[{**grow, "weight": 0.5}, {**grow, "weight": 2.0}])
    assert load(both) == pytest.approx([1.0 + 0.2 * 2.5] * 4)


def test_multiplicative_components_multiply_their_weighted_ratios() -> None:
    rise = {"driver_type": "fuel_curve", "payload": {"fuel": "gas", "multiplier": 1.21}}
    product = driver(
        "composite", mode="MULTIPLICATIVE", components=[{**rise, "weight": 0.5}, {**rise, "weight": 1}]
    )
    assert top_price(product) == pytest.approx([7 * 8 * 1.1 * 1.21 + 1] * 4)
    # From nothing there is no ratio: a new unit's capacity is added by its weight
    unit = {
        "driver_type": "fleet_change",
        "payload": {"action": "ADD", "technology": "gas", "capacity_mw": 50, "year": 2030},
    }
    assert (
        capacity("gas", driver("composite", mode="MULTIPLICATIVE", components=[{**unit, "weight": 0.4}]))
        == [120] * 4
    )


def test_conditional_components_act_only_in_their_years() -> None:
    from_2032 = {"logic": "ALL", "conditions": [{"metric": "YEAR", "operator": "GE", "value": 2032}]}
    grow = {"driver_type": "load_growth", "payload": {"annual_rate": 0.0, "flat_mw": 30}, "when": from_2032}
    assert load(
        driver("composite", mode="CONDITIONAL", components=[{**grow, "weight": 0.5}])
    ) == pytest.approx([1, 1, 1.1, 1.1])


# ---- conditional


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ({"metric": "YEAR", "operator": "EQ", "value": 2031}, [False, True, False, False]),
        ({"metric": "YEAR", "operator": "NE", "value": 2031}, [True, False, True, True]),
        ({"metric": "PEAK_LOAD", "operator": "GE", "value": 220}, [False, True, True, True]),
        ({"metric": "LOAD_ENERGY", "operator": "LT", "value": LOAD * 1.2}, [True, True, False, False]),
        ({"metric": "FUEL_PRICE", "fuel": "gas", "operator": "LE", "value": 8}, [True] * 4),
        ({"metric": "CARBON_PRICE", "operator": "GT", "value": 0}, [False] * 4),
        ({"metric": "CAPACITY", "technology": "coal", "operator": "GE", "value": 120}, [True] * 4),
        ({"metric": "CAPACITY", "operator": "GT", "value": 260}, [False] * 4),
        ({"metric": "PRICE", "operator": "GT", "value": 100}, [False, False, True, True]),
        ({"metric": "RENEWABLE_SHARE", "operator": "LT", "value": 0.0952}, [False, True, True, True]),
        ({"metric": "UNSERVED_ENERGY", "operator": "GT", "value": 0}, [False, False, True, True]),
        ({"metric": "EMISSIONS", "operator": "GE", "value": 0}, [True] * 4),
    ],
)
def test_conditions_are_judged_year_by_year_on_inputs_and_results(
    condition: dict[str, Any], expected: list[bool]
) -> None:
    # Given load that grows by a tenth a year, to more than the fleet's 230 MW of firm capacity from the third on
    growth = driver("load_growth", annual_rate=0.1)
    rise = {"driver_type": "fuel_curve", "payload": {"fuel": "gas", "multiplier": 2}}
    judged = driver("conditional", logic="ALL", conditions=[condition], then=[rise])
    # When gas doubles only where the condition holds; then the dispatch says where it did
    cost = series(run(growth, judged), "system_cost")
    plain = series(run(growth), "system_cost")
    assert [a > b for a, b in zip(cost, plain, strict=True)] == expected


def test_all_and_any_and_otherwise() -> None:
    late = {"metric": "YEAR", "operator": "GE", "value": 2032}
    even = {"metric": "YEAR", "operator": "LT", "value": 2033}
    up = {"driver_type": "fuel_curve", "payload": {"fuel": "gas", "shift": 1}}
    down = {"driver_type": "fuel_curve", "payload": {"fuel": "gas", "shift": -1}}
    both = driver("conditional", logic="ALL", conditions=[late, even], then=[up], otherwise=[down])
    assert top_price(both) == pytest.approx([50, 50, 64, 50])
    either = driver("conditional", logic="ANY", conditions=[late, even], then=[up], otherwise=[down])
    assert top_price(either) == pytest.approx([64] * 4)


# ---- time series


def test_trend_cycle_and_their_combinations() -> None:
    linear = driver("time_series", quantity="LOAD", trend={"kind": "LINEAR", "rate": 0.1})
    assert load(linear) == pytest.approx([1.0, 1.1, 1.2, 1.3])
    exponential = driver(
        "time_series", quantity="LOAD", start_year=2031, trend={"kind": "EXPONENTIAL", "rate": 0.1}
    )
    assert load(exponential) == pytest.approx([1.0, 1.0, 1.1, 1.21])
    parts: dict[str, Any] = {
        "trend": {"kind": "LINEAR", "rate": 0.1},
        "cyclical": {"amplitude": 0.2, "period_years": 4},
    }
    wave = [0.0, 0.2, 0.0, -0.2]
    assert load(driver("time_series", quantity="LOAD", **parts)) == pytest.approx(
        [(1 + 0.1 * k) * (1 + wave[k]) for k in range(4)]
    )
    assert load(driver("time_series", quantity="LOAD", combination="ADDITIVE", **parts)) == pytest.approx(
        [1 + 0.1 * k + wave[k] for k in range(4)]
    )


def test_seasons_move_load_and_fuel_prices_by_month() -> None:
    winter = {"amplitude": 0.2, "peak_month": 1}
    shape = [1 + 0.2 * math.cos(2 * math.pi * (month - 1) / 12) for month in range(1, 13)]
    gas = driver("time_series", quantity="FUEL_PRICE", fuel="gas", seasonal=winter)
    assert top_price(gas)[0] == pytest.approx(7 * 8 * max(shape) + 1)
    tops = [7 * 8 * factor + 1 for factor in shape]
    result = run(gas)
    assert series(result, "price")[0] == pytest.approx((32 * 100 + sum(tops) / 12 * 200) / 300)
    running = (32 * 200 + sum(tops) / 12 * 70 + 30) * 12 * 365 + 400_000
    assert series(result, "system_cost")[0] == pytest.approx(running)
    # What more is burnt in January is paid at January's price
    cold = driver("time_series", quantity="LOAD", seasonal={"monthly": [0.1] + [0.0] * 11})
    more = series(run(cold, gas), "system_cost")[0] - running
    assert more == pytest.approx((10 * 32 + 20 * tops[0]) * 365)
    july = [0.0] * 6 + [0.5] + [0.0] * 5
    assert load(driver("time_series", quantity="LOAD", seasonal={"monthly": july})) == pytest.approx(
        [1 + 0.5 / 12] * 4
    )


def test_other_quantities_are_moved_too() -> None:
    half = {"kind": "LINEAR", "rate": -0.5}
    assert top_price(driver("time_series", quantity="FUEL_PRICE", trend=half))[1] == pytest.approx(7 * 4 + 1)
    wind = run(driver("time_series", quantity="AVAILABILITY", technology="wind", trend=half))
    assert series(wind, "capacity_factor", technology="wind") == pytest.approx([0.375, 0.1875, 0, 0])
    tax = driver("policy", policy_name="CARBON_PRICE", start_year=2030, price=10)
    lowered = top_price(tax, driver("time_series", quantity="CARBON_PRICE", trend=half))
    assert lowered == pytest.approx([61, 59, 57, 57])


def test_assumptions_apply_in_order() -> None:
    block = driver("load_growth", annual_rate=0.0, flat_mw=30)
    double = driver("time_series", quantity="LOAD", seasonal={"monthly": [1.0] * 12})
    assert load(block, double) == pytest.approx([2.4] * 4)
    assert load(double, block) == pytest.approx([2.2] * 4)
