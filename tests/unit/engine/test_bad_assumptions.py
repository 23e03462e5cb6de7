"""Bad assumptions are refused with the path of the field and the rule, before anything is computed."""

from __future__ import annotations

from typing import Any

import pytest

from sextant.drivers.assumptions import PAYLOADS, read_assumptions
from sextant.engine import ModelInputError
from tests.unit.engine.systems import driver, run

RISE = {"driver_type": "load_growth", "payload": {"annual_rate": 0.1}}
EARLY = {"metric": "YEAR", "operator": "LT", "value": 2031}


def nested(depth: int) -> dict[str, Any]:
    inner: dict[str, Any] = RISE
    for _ in range(depth):
        inner = {"driver_type": "composite", "payload": {"mode": "ADDITIVE", "components": [inner]}}
    return inner


@pytest.mark.parametrize(
    ("assumption", "path"),
    [
        ("text", ".driver_type"),
        ({"driver_type": "magic", "payload": {}}, ".driver_type"),
        ({"driver_type": "policy"}, ".payload"),
        ({**RISE, "extra": 1}, ".extra"),
        (driver("policy", policy_name="RPS", start_year=2030, target=1.7), ".payload.target"),
        (driver("policy", policy_name="RPS", start_year=2030), ".payload.target"),
        (
            driver("policy", policy_name="RPS", start_year=2030, target=0.5, end_year=2029),
            ".payload.end_year",
        ),
        (driver("policy", policy_name="RPS", start_year=2030, target=0.5, price=3), ".payload.price"),
        (
            driver("policy", policy_name="RPS", start_year=2030, target=0.5, build_mix={}),
            ".payload.build_mix",
        ),
        (
            driver("policy", policy_name="RPS", start_year=2030, target=0.5, build_mix={"coal": 1}),
            ".payload.build_mix.coal",
        ),
        (driver("policy", policy_name="RPS", start_year=2030, target=0.5), ".payload.build_mix"),
        (driver("policy", policy_name="CARBON_PRICE", start_year=2030), ".payload.price"),
        (driver("load_growth", annual_rate="fast"), ".payload.annual_rate"),
        (driver("load_growth", annual_rate=True), ".payload.annual_rate"),
        (driver("load_growth", annual_rate=float("inf")), ".payload.annual_rate"),
        (driver("load_growth", annual_rate=0.1, start_year=2030.5), ".payload.start_year"),
        (driver("fuel_curve", fuel="gas"), ".payload.points"),
        (driver("fuel_curve", fuel="peat", shift=1), ".payload.fuel"),
        (driver("fuel_curve", fuel="gas", multiplier=0), ".payload.multiplier"),
        (
            driver("fuel_curve", fuel="gas", points=[{"year": 2031, "price": 1}, {"year": 2031, "price": 2}]),
            ".payload.points",
        ),
        (driver("fuel_curve", fuel="gas", points=[{"year": 2031, "price": -1}]), ".payload.points[0].price"),
        (driver("fleet_change", action="ADD", technology="gas", year=2030), ".payload.capacity_mw"),
        (
            driver("fleet_change", action="ADD", technology="gas", year=2030, capacity_mw=-5),
            ".payload.capacity_mw",
        ),
        (
            driver("fleet_change", action="ADD", technology="fusion", year=2030, capacity_mw=5),
            ".payload.technology",
        ),
        (
            driver("fleet_change", action="ADD", technology="gas", year=2030, capacity_mw=5, unit="Gas"),
            ".payload.unit",
        ),
        (
            driver("fleet_change", action="ADD", technology="gas", year=2030, capacity_mw=5, out_year=2030),
            ".payload.out_year",
        ),
        (driver("fleet_change", action="RETIRE", year=2030), ".payload.unit"),
        (driver("fleet_change", action="RETIRE", year=2030, unit="Nobody"), ".payload.unit"),
        (driver("composite", mode="ADDITIVE", components=[]), ".payload.components"),
        (
            driver(
                "composite",
                mode="ADDITIVE",
                components=[{**RISE, "when": {"logic": "ALL", "conditions": [EARLY]}}],
            ),
            ".payload.components[0].when",
        ),
        (driver("composite", mode="CONDITIONAL", components=[RISE]), ".payload.components[0].when"),
        (nested(3), ""),
        (driver("stochastic", quantity="LOAD", distribution="NORMAL", mean=1), ".payload.std"),
        (driver("stochastic", quantity="LOAD", distribution="LOGNORMAL", mean=0, std=1), ".payload.mean"),
        (driver("stochastic", quantity="LOAD", distribution="UNIFORM", low=2, high=1), ".payload.high"),
        (
            driver("stochastic", quantity="LOAD", distribution="TRIANGULAR", low=1, high=2, mode=3),
            ".payload.mode",
        ),
        (
            driver("stochastic", quantity="LOAD", fuel="gas", distribution="UNIFORM", low=1, high=2),
            ".payload.fuel",
        ),
        (
            driver(
                "stochastic",
                quantity="LOAD",
                distribution="UNIFORM",
                low=1,
                high=2,
                correlations=[{"name": "nobody", "coefficient": 0.5}],
            ),
            ".payload.correlations[0].name",
        ),
        (driver("conditional", logic="ALL", conditions=[], then=[RISE]), ".payload.conditions"),
        (
            driver("conditional", logic="ALL", conditions=[{**EARLY, "fuel": "gas"}], then=[RISE]),
            ".payload.conditions[0].fuel",
        ),
        (
            driver("conditional", logic="NONE", conditions=[EARLY], then=[RISE]),
            ".payload.logic",
        ),
        (
            driver("conditional", logic="ANY", conditions=[EARLY], then=[{**RISE, "payload": {}}]),
            ".payload.then[0].payload.annual_rate",
        ),
        (driver("time_series", quantity="LOAD"), ".payload.trend"),
        (
            driver("time_series", quantity="AVAILABILITY", seasonal={"amplitude": 0.1, "peak_month": 1}),
            ".payload.seasonal",
        ),
        (
            driver("time_series", quantity="LOAD", seasonal={"monthly": [0.0] * 11}),
            ".payload.seasonal.monthly",
        ),
        (
            driver("time_series", quantity="LOAD", cyclical={"amplitude": 0.1}),
            ".payload.cyclical.period_years",
        ),
    ],
)
def test_the_error_names_the_field(assumption: Any, path: str) -> None:
    with pytest.raises(ModelInputError) as caught:
        run(assumption)
    assert caught.value.path == f"assumptions[0]{path}"
    assert caught.value.rule


def test_correlations_must_fit_together() -> None:
    def named(name: str, **links: float) -> Any:
        correlations = [{"name": other, "coefficient": c} for other, c in links.items()]
        return driver(
            "stochastic",
            quantity="LOAD",
            distribution="NORMAL",
            mean=1,
            std=0.1,
            name=name,
            correlations=correlations,
        )

    with pytest.raises(ModelInputError, match="positive semi-definite"):
        run(named("a"), named("b", a=0.9), named("c", a=0.9, b=-0.9), draws=10)
    with pytest.raises(ModelInputError, match="same on both sides"):
        run(named("a", b=0.1), named("b", a=0.9), draws=10)
    with pytest.raises(ModelInputError, match="unique"):
        run(named("a"), named("a"), draws=10)


def test_case_of_enumerations_and_nulls_do_not_matter() -> None:
    lower = driver("policy", policy_name="rps", start_year=2030, target=0.6, end_year=None)
    upper = driver("policy", policy_name="RPS", start_year=2030, target=0.6)
    assert read_assumptions([lower]) == read_assumptions([upper])


def test_every_driver_type_can_be_read() -> None:
    examples: dict[str, Any] = {
        "policy": driver("policy", policy_name="RPS", start_year=2030, target=0.6),
        "load_growth": RISE,
        "fuel_curve": driver("fuel_curve", fuel="gas", shift=1),
        "fleet_change": driver("fleet_change", action="RETIRE", unit="Coal", year=2030),
        "composite": nested(1),
        "stochastic": driver("stochastic", quantity="LOAD", distribution="UNIFORM", low=1, high=2),
        "conditional": driver("conditional", logic="ANY", conditions=[EARLY], then=[RISE]),
        "time_series": driver("time_series", quantity="LOAD", irregular={"std": 0.1}),
    }
    assert set(examples) == set(PAYLOADS)
    read = read_assumptions(list(examples.values()))
    assert [assumption.driver_type for assumption in read] == list(examples)
