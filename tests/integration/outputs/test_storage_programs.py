"""Storages, targets, chance and weather asked for over HTTP: each cost is that of a linear program stated here, solved by HiGHS."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.optimize import linprog

from sextant.ids import ScenarioId
from sextant.scenarios import service as scenarios
from sextant.scenarios.documents import ScenarioDocument
from tests.integration.main_job.conftest import TENANT
from tests.integration.outputs.conftest import OutputsApi

Floats = NDArray[np.float64]
HOURS, DAYS, YEAR, LOST_LOAD, RATE, LIFE = 24, 365.0, 2030, 3_000.0, 0.07, 20
CAPEX = 3_000_000.0
WIND = np.array([(7 * hour) % 24 / 24 for hour in range(HOURS)])
RAIN = np.array([1.0 if hour < 6 else 0.25 for hour in range(HOURS)])
LOAD = np.array([80.0 + 60.0 * (8 <= hour < 20) + hour for hour in range(HOURS)])
UNITS = f"""name,technology,capacity_mw,variable_cost,renewable,capex,life_years,profile
Wind,wind,40,0,true,{CAPEX},{LIFE},wind
Coal,coal,70,30,false,1,{LIFE},
Gas,gas,120,75,false,1,{LIFE},
"""
BLOCKS = ((70.0, 30.0), (120.0, 75.0))
STORAGE_COLUMNS = (
    "name,technology,power_mw,energy_mwh,charge_efficiency,discharge_efficiency,charge_mw,"
    "initial_level,final_level,inflow,inflow_mw"
)
BATTERY = {"power": 20.0, "energy": 60.0, "into": 0.9, "out": 0.95, "charge": 15.0}
LAKE = {
    "power": 30.0,
    "energy": 300.0,
    "into": 1.0,
    "out": 0.9,
    "charge": 0.0,
    "levels": (0.5, 0.4),
    "inflow": 12.0,
}


def row(name: str, kind: Mapping[str, Any]) -> str:
    levels = ",".join(map(str, kind.get("levels", ("", ""))))
    inflow = f"rain,{kind['inflow']}" if "inflow" in kind else ","
    powers = f"{kind['power']},{kind['energy']},{kind['into']},{kind['out']},{kind['charge']}"
    return f"{name},{name.lower()},{powers},{levels},{inflow}"


def least_cost(
    load: Floats,
    wind: Floats,
    storages: Sequence[Mapping[str, Any]] = (),
    target: float = 0.0,
    payment: float = 150.0,
) -> float:
    """EUR of a year of 365 such days; with a target the build of new wind and what is missing are variables too."""
    names: list[tuple[float, float, float]] = []  # lower, upper, cost of each variable
    balance, rows, right = [], [], []

    def block(count: int, upper: float | Floats, cost: float) -> int:
        start = len(names)
        limits = np.broadcast_to(np.asarray(upper, dtype=np.float64), (count,))
        names.extend((0.0, float(limit), cost) for limit in limits)
        return start

    served = [block(HOURS, mw, cost * DAYS) for mw, cost in BLOCKS]
    shed, given = block(HOURS, np.inf, LOST_LOAD * DAYS), block(HOURS, np.inf, 0.0)
    annuity = CAPEX * RATE / (1.0 - (1.0 + RATE) ** -LIFE) / (1.0 + RATE)
    built = block(1, np.inf if target else 0.0, annuity)
    missing = block(1, np.inf if target else 0.0, payment)
    works: list[tuple[Mapping[str, Any], int, int, int, int]] = []
    for kind in storages:
        flows = block(HOURS, kind["charge"], 0.0), block(HOURS, kind["power"], 0.0)
        works.append(
            (
                kind,
                *flows,
                block(HOURS, kind.get("inflow", 0.0) * RAIN, 0.0),
                block(HOURS, kind["energy"], 0.0),
            )
        )
    size = len(names)
    above, limit = [], []
    for hour in range(HOURS):
        line = np.zeros(size)
        line[[start + hour for start in (*served, shed, given)]] = 1.0
        for _, charge, discharge, _, _ in works:
            line[charge + hour], line[discharge + hour] = -1.0, 1.0
        balance.append(line)
        line = np.zeros(size)
        line[given + hour], line[built] = 1.0, -wind[hour]
        above.append(line)
        limit.append(40.0 * wind[hour])
        for kind, charge, discharge, spill, level in works:
            line = np.zeros(size)
            line[level + hour], line[spill + hour] = 1.0, 1.0
            line[charge + hour], line[discharge + hour] = -kind["into"], 1.0 / kind["out"]
            start = 0.0
            if hour or "levels" not in kind:
                line[level + (hour - 1) % HOURS] = -1.0
            else:
                start = kind["levels"][0] * kind["energy"]
            rows.append(line)
            right.append(kind.get("inflow", 0.0) * RAIN[hour] + start)
    for kind, *_, level in works:
        if "levels" in kind:
            end = level + HOURS - 1
            names[end] = (kind["levels"][1] * kind["energy"], *names[end][1:])
    if target:
        line = np.zeros(size)
        line[given : given + HOURS], line[missing] = -DAYS, -1.0
        above.append(line)
        limit.append(-target * DAYS * float(load.sum()))
    lower, upper, cost = np.array(names).T
    solved = linprog(
        cost,
        A_eq=np.array([*balance, *rows]),
        b_eq=np.concatenate([load, right]),
        A_ub=np.array(above),
        b_ub=limit,
        bounds=np.column_stack([lower, upper]),
        method="highs",
    )
    assert solved.status == 0, solved.message
    return float(solved.fun)


@pytest.fixture
def ask(outputs_api: OutputsApi) -> Any:
    def asked(storages: Sequence[str], *assumptions: Any, profiles: str = "", **parameters: Any) -> Any:
        """The values of a run's metric, in order of their tags, for a baseline with these storages."""
        tables = {
            "units": {"csv": UNITS},
            "load": {
                "csv": "year,hour,weight,month,load_mw\n"
                + "".join(f"{YEAR},{hour + 1},{DAYS},1,{mw}\n" for hour, mw in enumerate(LOAD.tolist()))
            },
            "profiles": {
                "csv": profiles
                or "hour,wind,rain\n" + "".join(f"{h + 1},{WIND[h]},{RAIN[h]}\n" for h in range(HOURS))
            },
        }
        if storages:
            tables["storage"] = {"csv": "\n".join([STORAGE_COLUMNS, *storages, ""])}
        told = {
            "currency": "EUR",
            "price_year": 2025,
            "value_of_lost_load": LOST_LOAD,
            "build_mix": {"wind": 1.0},
        }
        answer = outputs_api.post("/v1/baselines", {"name": "small", "tables": tables, **told})
        assert answer.status in (200, 201), answer.json
        document = ScenarioDocument.model_validate(
            {
                "name": f"asked {parameters.get('weather_year')}",
                "parameters": {
                    "baseline": "small",
                    "attribution": False,
                    "discount_rate": RATE,
                    **parameters,
                },
                "assumptions": list(assumptions),
            }
        )
        job = outputs_api.main_job
        scenario: ScenarioId = job.app.run(TENANT, lambda s: scenarios.create(s, document, job.caller())).id
        run = job.request(scenario)
        assert job.work(run.id) == "STORED"
        assert job.commit() == 1

        def values(metric: str) -> list[float]:
            data = outputs_api.get(
                f"/v1/scenarios/{scenario}/outputs", run_id=run.id, metric_name=metric
            ).json["data"]
            ordered = sorted(data, key=lambda item: int(item["tags"].get("draw", 0)))
            return [item["value"] for item in ordered]

        return values

    return asked


def driver(kind: str, **payload: Any) -> dict[str, Any]:
    return {"driver_type": kind, "payload": payload}


def agrees(cost: float) -> Any:
    return pytest.approx(cost, rel=1e-9)


def test_a_lake_with_inflow_and_levels_beside_a_battery_that_ends_as_it_begins(ask: Any) -> None:
    # Given both in the baseline's table; when it runs
    values = ask([row("Battery", BATTERY), row("Lake", LAKE)])
    # Then it costs what the program costs, and proves it
    assert values("dispatch_cost") == [agrees(least_cost(LOAD, WIND, [BATTERY, LAKE]))]
    assert values("optimality_gap")[0] <= 1e-9


def test_a_target_beside_storage_in_every_draw(ask: Any) -> None:
    target = 0.5
    # Given a target, a load by chance, and a battery; when it runs
    values = ask(
        [row("Battery", BATTERY)],
        driver("policy", policy_name="RPS", start_year=YEAR, target=target),
        driver("stochastic", quantity="LOAD", distribution="UNIFORM", low=0.8, high=1.2),
        draws=4,
        keep_draws="dispatch_cost,load,renewable_build,optimality_gap",
    )
    # Then each draw costs what its program costs
    loads = np.array(values("load.draws")) / (DAYS * LOAD.sum())
    assert len(set(loads)) == 4
    expected = [least_cost(factor * LOAD, WIND, [BATTERY], target) for factor in loads]
    assert values("dispatch_cost.draws") == [agrees(cost) for cost in expected]
    assert max(values("optimality_gap.draws")) <= 1e-9
    assert min(values("renewable_build.draws")) > 0.0


def test_a_target_whose_payment_ends_the_build_beside_a_battery(ask: Any) -> None:
    target, payment = 0.8, 40.0
    values = ask(
        [row("Battery", BATTERY)],
        driver(
            "policy",
            policy_name="RPS",
            start_year=YEAR,
            target=target,
            alternative_compliance_payment=payment,
        ),
    )
    assert values("dispatch_cost") == [agrees(least_cost(LOAD, WIND, [BATTERY], target, payment))]
    assert values("optimality_gap")[0] <= 1e-8
    assert values("credit_price") == [payment]


def test_each_weather_year_of_a_baseline_with_storage(ask: Any) -> None:
    # Given three years of weather, of which the second is calm and cold
    weather = {1995: (1.0, 1.0), 2003: (0.3, 1.2), 2010: (0.7, 1.05)}
    profiles = "weather_year,hour,wind,rain,load_factor\n" + "".join(
        f"{year},{h + 1},{calm * WIND[h]},{RAIN[h]},{cold}\n"
        for year, (calm, cold) in weather.items()
        for h in range(HOURS)
    )
    expected = [least_cost(cold * LOAD, calm * WIND, [BATTERY, LAKE]) for calm, cold in weather.values()]
    storages = [row("Battery", BATTERY), row("Lake", LAKE)]
    # When it runs as an ensemble, then its draws are the programs' costs, and its value their median
    values = ask(storages, profiles=profiles, keep_draws="dispatch_cost")
    assert values("dispatch_cost.draws") == [agrees(cost) for cost in expected]
    assert values("dispatch_cost") == [agrees(float(np.median(expected)))]
    # And one of them is chosen by its name
    assert ask(storages, profiles=profiles, weather_year=2003)("dispatch_cost") == [agrees(expected[1])]
