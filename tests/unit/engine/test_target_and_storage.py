"""A renewable target beside a battery, where a payment for what is missing ends the build: many builds and levels cost much the same."""

from __future__ import annotations

import numpy as np
import pytest

from sextant.engine import SimulationResult, SystemData, Unit
from sextant.engine.storage import building
from sextant.engine.storage.ring import Ring
from sextant.engine.storage.several import Operation, Storages
from sextant.engine.system import Storage
from tests.unit.engine.systems import HOURS, driver, run, series, small_system

PAYMENT = 40.0


def day_with_a_battery() -> SystemData:
    """A day of 24 hours that stands for the year; wind is built, coal is cheaper than gas."""
    hours = np.arange(HOURS)
    battery = Storage(energy_hours=3.0, charge_ratio=0.75, charge_efficiency=0.9, discharge_efficiency=0.95)
    return small_system(
        years=(2030,),
        month=np.ones(HOURS, dtype=np.int64),
        load=(80.0 + 60.0 * ((hours >= 8) & (hours < 20)) + hours)[None],
        units=(
            Unit("Wind", "wind", 40.0, renewable=True, capex=3e6, life_years=20, profile="wind"),
            Unit("Coal", "coal", 70.0, variable_cost=30.0),
            Unit("Gas", "gas", 120.0, variable_cost=75.0),
            Unit("Battery", "battery", 20.0, storage=battery),
        ),
        profiles={"flat": np.ones(HOURS), "wind": (7 * hours) % 24 / 24},
        fuel_prices={},
        carbon_price=np.zeros(1),
        build_mix={"wind": 1.0},
    )


def with_target(target: float) -> SimulationResult:
    policy = driver(
        "policy",
        policy_name="RPS",
        start_year=2030,
        target=target,
        alternative_compliance_payment=PAYMENT,
    )
    return run(policy, system=day_with_a_battery())


@pytest.mark.parametrize("target", [0.6, 0.7, 0.8, 0.9])
def test_a_build_that_a_payment_ends_is_proved_beside_a_battery(target: float) -> None:
    result = with_target(target)
    assert series(result, "credit_price") == [PAYMENT]
    assert series(result, "optimality_gap")[0] <= 1e-7
    # And the battery gives no more than it took
    (taken,), (given,), (lost,) = (
        series(result, f"storage_{what}", technology="battery", unit="Battery")
        for what in ("charge", "discharge", "losses")
    )
    assert given == pytest.approx(taken - lost, rel=1e-9)
    assert given / 0.95 == pytest.approx(0.9 * taken, rel=1e-7)


def test_what_a_target_costs_more_than_it_need_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    # Given what the target costs at best
    (least,) = series(with_target(0.6), "dispatch_cost")

    # When build and battery only take turns, which ends short of that
    def unknown(problem: object, storages: Storages) -> object:
        nothing = np.full((2, len(storages.installed)), np.nan)
        return Operation.idle(storages, HOURS), *nothing

    monkeypatch.setattr(building, "operate_and_build", unknown)
    result = with_target(0.6)
    (cost,), (gap,) = (series(result, metric) for metric in ("dispatch_cost", "optimality_gap"))
    # Then the result tells at least that
    assert cost > 1.001 * least
    assert gap >= (cost - least) / cost - 1e-9


@pytest.mark.parametrize("nodes", [2, 7, 24])
def test_links_that_are_far_greater_than_what_a_node_holds_lose_none_of_it(nodes: int) -> None:
    # Given a ring whose links pass what its nodes hold by more than the digits of a number
    rng = np.random.default_rng(nodes)
    excess, links = rng.uniform(1.0, 2.0, (1, 1, 1, nodes)), 1e18 * rng.uniform(1.0, 2.0, (1, 1, 1, nodes))
    # Then right sides of what the nodes hold are answered by ones
    solved = Ring(excess, links).solve(excess[0])
    assert solved == pytest.approx(np.ones_like(solved), rel=1e-12)
