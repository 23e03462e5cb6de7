"""Networks that PyPSA built, imported by the client and computed by the engine: the same cost as PyPSA's own optimum."""

from __future__ import annotations

import json
import os
import subprocess
import sysconfig
from pathlib import Path
from typing import Any

import pytest

from local.runtime_api import ROOT
from sextant.engine import SimulationRequest, baseline_from_tables, simulate
from tools.environment import python_of

HOURS_OF_YEAR, SNAPSHOTS = 8760.0, 48


@pytest.fixture(scope="module")
def answer(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `pypsa_networks.py` prints in PyPSA's environment."""
    python = _python()
    folder = tmp_path_factory.mktemp("networks")
    subprocess.run(
        [python, Path(__file__).with_name("pypsa_networks.py"), folder],
        env={**os.environ, "PYTHONPATH": str(ROOT / "clients" / "python")},
        check=True,
        capture_output=True,
    )
    made: dict[str, Any] = json.loads((folder / "answer.json").read_text())
    return made | {"folder": folder}


def _python() -> Path:
    return python_of("pypsa", ROOT / "bench" / "second_opinion" / "requirements.txt")


def told(answer: dict[str, Any], kind: str) -> dict[str, int]:
    return {entry["source"]: entry["count"] for entry in answer["object"]["report"][kind]}


def test_an_imported_network_costs_what_pypsa_says(answer: dict[str, Any]) -> None:
    tables, options = answer["object"]["tables"], answer["object"]["options"]
    system = baseline_from_tables(
        tables["units"],
        tables["load"],
        tables["profiles"],
        tables["prices"],
        storage_rows=tables["storage"],
        **options,
    )
    result = simulate(SimulationRequest((), system, {"attribution": False}))
    costs = dict(zip(map(str, result.rows.metric), map(float, result.rows.value), strict=True))
    assert costs["dispatch_cost"] * SNAPSHOTS / HOURS_OF_YEAR == pytest.approx(answer["cost"], rel=1e-9)


def test_file_folder_and_object_give_the_same(answer: dict[str, Any]) -> None:
    assert answer["netcdf"]["tables"] == answer["csv"]["tables"] == answer["object"]["tables"]


def test_the_report_says_what_was_summed_converted_and_left_out(answer: dict[str, Any]) -> None:
    converted, left_out = told(answer, "converted"), told(answer, "left_out")
    assert converted["buses"] == 2
    assert converted["efficiency"] == 2
    assert left_out["buses of other carriers"] == 1
    assert left_out["generators at other buses"] == 1
    assert left_out["lines"] == 1
    [gas] = [unit for unit in answer["object"]["tables"]["units"] if unit["name"] == "gas 1"]
    # 62 EUR/MWh less 25 EUR/MWh of heat at an efficiency of 0.5, and 3.6 GJ/MWh over that efficiency
    assert (gas["variable_cost"], gas["heat_rate"], gas["emission_factor"]) == (12.0, 7.2, 0.4)
    assert answer["object"]["tables"]["prices"][0]["gas"] == pytest.approx(25.0 / 3.6)


def test_the_shell_gives_the_same(answer: dict[str, Any]) -> None:
    # PyPSA's environment, with the libraries of the command line, which this one has
    path = os.pathsep.join([str(ROOT / "clients" / "python"), sysconfig.get_path("purelib")])
    words = ["import", "pypsa", "network.nc", "--dry-run", "--json", "-o", 'fuel_prices={"gas": 25.0}']
    shown = subprocess.run(
        [_python(), "-c", "from sextant_client.cli import main; main()", *words],
        env={**os.environ, "PYTHONPATH": path},
        cwd=answer["folder"],
        check=True,
        capture_output=True,
    )
    assert json.loads(shown.stdout) == answer["netcdf"]["report"]


def test_a_network_that_cannot_be_a_baseline_is_refused_with_the_reason(answer: dict[str, Any]) -> None:
    assert answer["without load"] == "loads: no load is at an electricity bus, so there is nothing to serve"
    assert "[2030, 2040]; name one of them" in answer["without period"]
    assert answer["later"] == [answer["object"]["tables"]["load"][0] | {"year": 2040}]
