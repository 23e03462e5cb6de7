"""The demonstration: three scenarios over HTTP, on a system of its own, from nothing to a chart.

Its state stays in `demo` below the state directory until the next demonstration, so that it can be looked
at: `SEXTANT_HOME=.local/demo make up`.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local import charts, running
from local.charts import Panel
from local.runtime_api import ROOT
from local.state import DEFAULT_PORT, forget, is_running

_FINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "TIMEOUT"})
_RUNS_WITHIN = 120.0


@dataclass(frozen=True)
class Scenario:
    """A scenario of the demonstration: its label in tables and charts, and the body that creates it."""

    label: str
    body: Mapping[str, Any]


@dataclass(frozen=True)
class Metric:
    """A metric as the table shows it: divided by `scale` and so in `unit`."""

    name: str
    title: str
    unit: str
    scale: float = 1.0
    digits: int = 1


SCENARIOS = tuple(
    Scenario(example["label"], example["body"])
    for example in json.loads((ROOT / "examples" / "first_scenarios.json").read_text())
)

METRICS = (
    Metric("npv", "NPV of the fleet", "bn EUR", 1e9, 2),
    Metric("system_cost_npv", "system cost, present value", "bn EUR", 1e9, 2),
    Metric("price", "price", "EUR/MWh"),
    Metric("system_cost", "system cost", "m EUR", 1e6),
    Metric("emissions", "emissions", "kt CO2", 1e3),
    Metric("renewable_share", "renewable share", "%", 0.01),
    Metric("unserved_energy", "unserved energy", "GWh", 1e3, 2),
)
CHARTED = (
    Metric("price", "Price", "EUR/MWh"),
    Metric("renewable_share", "Renewable share", "%", 0.01),
    Metric("emissions", "Emissions", "Mt CO2", 1e6),
    Metric("system_cost", "System cost", "bn EUR a year", 1e9),
)


class DemoError(RuntimeError):
    """The demonstration did not come out as it should."""


def main(home: Path) -> int:
    """Runs the demonstration; returns the exit status."""
    demo_home = home / "demo"
    if is_running(demo_home):
        print("a demonstration is already under way", file=sys.stderr)
        return 1
    began = time.monotonic()
    forget(demo_home)
    print("starting Postgres, local S3/SQS/DynamoDB, the functions and the gateway …", flush=True)
    try:
        with running.running(demo_home, throwaway=False) as started, started.client("demo") as client:
            print(f"  serving at {started.url} after {time.monotonic() - began:.1f} s\n", flush=True)
            picture = _show(client)
    except (DemoError, running.StartFailedError) as error:
        print(f"\n{error}\nlogs: {demo_home / 'logs'}", file=sys.stderr)
        return 1
    print(f"\nchart: {_shown(picture)}")
    print(f"done and stopped in {time.monotonic() - began:.1f} s. To look around in what the demo left:")
    print(f"  SEXTANT_HOME={_shown(demo_home)} make up   # then http://127.0.0.1:{DEFAULT_PORT}/console/")
    return 0


def _show(client: httpx.Client) -> Path:
    """The main job for every scenario; returns where the picture is."""
    created = [_create(client, scenario) for scenario in SCENARIOS]
    runs = [_trigger(client, scenario) for scenario in created]
    _follow(client, list(zip(created, runs, strict=True)))
    print(_table(_compared(client, runs)))
    panels = [
        Panel(
            metric.title,
            metric.unit,
            {
                scenario.label: _yearly(client, identifier, metric)
                for scenario, identifier in zip(SCENARIOS, created, strict=True)
            },
        )
        for metric in CHARTED
    ]
    print(charts.text(panels[0]))
    print()
    print(charts.text(panels[1], height=9))
    picture = ROOT / "demo-output" / "scenarios.png"
    charts.draw(panels, picture, title="Three scenarios of one system")
    return picture


# Over HTTP --------------------------------------------------------------------------------------------


def data_of(answer: httpx.Response, *expected: int) -> Any:
    """What the answer holds; raises `DemoError` where its status is none of `expected`."""
    if answer.status_code not in expected:
        request = answer.request
        raise DemoError(f"{request.method} {request.url.path} answered {answer.status_code}: {answer.text}")
    return answer.json()["data"]


def _create(client: httpx.Client, scenario: Scenario) -> str:
    identifier = str(data_of(client.post("/v1/scenarios", json=scenario.body), 201)["id"])
    print(f"POST /v1/scenarios → 201   {scenario.body['name']} ({identifier})", flush=True)
    return identifier


def _trigger(client: httpx.Client, scenario: str) -> str:
    run = data_of(client.post(f"/v1/scenarios/{scenario}/run", json={}), 202)
    print(f"POST /v1/scenarios/{scenario}/run → 202 {run['state']}", flush=True)
    return str(run["id"])


def _follow(client: httpx.Client, runs: Sequence[tuple[str, str]]) -> None:
    """Prints every change of state or progress until all runs are over."""
    print()
    began = time.monotonic()
    before = ""
    while True:
        states = [data_of(client.get(f"/v1/scenarios/{scenario}/runs/{run}"), 200) for scenario, run in runs]
        line = "   ".join(
            f"{scenario.label}: {found['state']} {found['progress_percent']} %"
            for scenario, found in zip(SCENARIOS, states, strict=True)
        )
        if line != before:
            print(f"{time.monotonic() - began:5.1f} s  {line}", flush=True)
            before = line
        if all(found["state"] in _FINAL for found in states):
            break
        if time.monotonic() - began > _RUNS_WITHIN:
            raise DemoError(f"the runs are not over after {_RUNS_WITHIN:.0f} s")
        time.sleep(0.1)
    if failed := [found["error"] for found in states if found["state"] != "SUCCEEDED"]:
        raise DemoError(f"a run did not succeed: {failed[0]}")
    print()


def _compared(client: httpx.Client, runs: Sequence[str]) -> list[Mapping[str, Any]]:
    """All runs against the first one: a row for each metric and year."""
    parameters = {
        "baseline": runs[0],
        "runs": ",".join(runs[1:]),
        "metric": ",".join(metric.name for metric in METRICS),
    }
    print("GET /v1/compare → 200\n", flush=True)
    rows: list[Mapping[str, Any]] = data_of(client.get("/v1/compare", params=parameters), 200)["rows"]
    return rows


def _yearly(client: httpx.Client, scenario: str, metric: Metric) -> dict[int, float]:
    parameters: dict[str, str | int] = {"metric": metric.name, "limit": 1000}
    rows = data_of(client.get(f"/v1/scenarios/{scenario}/outputs", params=parameters), 200)
    return {int(row["asof_date"][:4]): row["value"] / metric.scale for row in rows}


# On paper ---------------------------------------------------------------------------------------------


def _table(rows: Sequence[Mapping[str, Any]]) -> str:
    """The newest value of each metric side by side, each with its difference to the reference."""
    newest = {row["metric"]: row for row in rows if not row["tags"]}
    header = ["metric", "unit", "year", SCENARIOS[0].label]
    for scenario in SCENARIOS[1:]:
        header += [scenario.label, "difference"]
    lines = [header]
    for metric in METRICS:
        row = newest[metric.name]
        year = "all" if metric.name.endswith("npv") else row["asof_date"][:4]
        cells = [metric.title, metric.unit, year, _number(row["baseline"], metric)]
        for run in row["runs"]:
            cells += [_number(run["value"], metric), _number(run["delta"], metric, signed=True)]
        lines.append(cells)
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]

    def written(cells: Sequence[str]) -> str:
        return "  ".join(
            cell.ljust(width) if column < 2 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )

    rule = "  ".join("─" * width for width in widths)
    return "\n".join([written(lines[0]), rule, *map(written, lines[1:]), ""])


def _number(value: float, metric: Metric, *, signed: bool = False) -> str:
    scaled = round(value / metric.scale, metric.digits) + 0.0  # no −0.0
    return f"{scaled:{'+' if signed else ''},.{metric.digits}f}"


def _shown(path: Path) -> str:
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
