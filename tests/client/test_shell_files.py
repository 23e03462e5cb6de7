"""Files in and out from the shell: importers, checks of baselines, exports."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest

from local.running import RunningSystem
from sextant_client.cli import exits
from tests.client.shell import Shell
from tests.client.test_importers import CASE, rts


@pytest.fixture(scope="module")
def shell(system: RunningSystem, tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(system, tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def runs(shell: Shell) -> list[str]:
    """Two runs, of two scenarios."""
    ids = []
    for name in ("Base", "Dearer gas"):
        named = f"{name} {uuid.uuid4().hex[:6]}"
        change = '{"driver_type": "fuel_curve", "payload": {"fuel": "gas", "multiplier": 1.2}}'
        words = ["-a", change] if name != "Base" else []
        shell.data("scenario", "create", named, "-p", "start_year=2030", "-p", "end_year=2030", *words)
        ids.append(shell.data("run", named, "--seed", "7", "--watch")["id"])
    return ids


def test_a_run_is_exported_in_each_form(shell: Shell, runs: list[str]) -> None:
    import openpyxl
    import xarray

    sources = ["--source", "chp=Gas", "--source", "waste=Other"]
    money = ["--region", "Germany", "--money", "EUR_2026"]
    written = shell.here("export", *runs, "-o", "two.csv", *money, *sources)
    assert written.returncode == exits.OK, written.stderr
    long = (shell.home / "two.csv").read_text().splitlines()
    assert long[0] == "model,scenario,region,variable,unit,year,value"
    assert any("Price|Secondary Energy|Electricity,EUR_2026/GJ,2030" in line for line in long)

    assert shell.here("export", *runs, "-o", "two.xlsx").returncode == exits.OK
    assert {"About", "Assumptions", "Metrics"} <= {
        *openpyxl.load_workbook(shell.home / "two.xlsx").sheetnames
    }

    assert shell.run("export", runs[0], "-o", "one.nc").returncode == exits.OK
    with xarray.open_dataset(shell.home / "one.nc") as dataset:
        assert dataset.attrs["Conventions"].startswith("CF-")

    folder = shell.data("export", *runs, "-o", "two")
    package = json.loads((shell.home / "two" / "datapackage.json").read_text())
    assert len(package["resources"]) == len(folder["scenarios"]) == 2


def test_an_export_that_cannot_be_says_what_is_missing(shell: Shell, runs: list[str]) -> None:
    for words, told in (
        (["-o", "x.csv"], "--region"),
        (["-o", "x.pdf"], "--to"),
        (["-o", "x", "--to", "word"], "is none of iamc"),
        (["-o", "x.nc", runs[1]], "one run"),
    ):
        refused = shell.here("export", runs[0], *words)
        assert refused.returncode in (exits.OTHER, exits.USAGE)
        assert told in refused.stderr
        assert refused.stdout == ""


def test_each_importer_reports_first_and_stores_then(shell: Shell, tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "units.csv").write_text("name,technology,capacity_mw,fuel,heat_rate\nA,ccgt,0.2,gas,7\n")
    (own / "load.csv").write_text("year,hour,weight,load_mw\n2030,1,8760,150\n")
    case = tmp_path / "small.m"
    case.write_text(CASE)
    kinds = {
        "csv": (own, ["-o", 'factors={"capacity_mw": 1000}', "-o", "currency=EUR"]),
        "matpower": (case, []),
        "rts-gmlc": (rts(tmp_path / "rts"), []),
    }
    for kind, (path, options) in kinds.items():
        name = f"{kind} {uuid.uuid4().hex[:6]}"
        report = shell.here("import", kind, str(path), "--name", name, *options, "--dry-run")
        assert (report.returncode, report.stdout) == (exits.OK, f"{name}: nothing is stored\n"), report.stderr
        assert "mapped" in report.stderr
        stored = shell.data(
            "import", kind, str(path), "--name", name, "--save", str(tmp_path / name), *options
        )
        assert stored["version"] == 1
        # What was saved is what was stored
        saved = shell.data(
            "baseline", "check", name, str(tmp_path / name), *(f"-o{each}" for each in _kept(stored))
        )
        assert (saved["version"], saved["summary"]["capacity_mw"]) == (1, stored["summary"]["capacity_mw"])


def _kept(stored: dict[str, dict[str, object]]) -> list[str]:
    options = {name: value for name, value in stored["options"].items() if name != "tables"}
    return [f"{name}={json.dumps(value)}" for name, value in options.items()]


def test_a_baseline_is_checked_without_being_stored(shell: Shell, tmp_path: Path) -> None:
    name = f"island {uuid.uuid4().hex[:6]}"
    units = "name,technology,capacity_mw,fuel,heat_rate\nA,ccgt,200,gas,7\n"
    (tmp_path / "units.csv").write_text(units)
    (tmp_path / "load.csv").write_text("year,hour,weight,load_mw\n2030,1,8760,150\n")

    checked = shell.here("baseline", "check", name, str(tmp_path))
    assert checked.returncode == exits.OK, checked.stderr
    assert f"{name} version 1 would be stored" in checked.stdout
    assert shell.here("baseline", "show", name).returncode == exits.NOT_FOUND

    (tmp_path / "units.csv").write_text(units.replace("200", "-200"))
    wrong = shell.here("baseline", "check", name, str(tmp_path))
    assert (wrong.returncode, wrong.stdout) == (exits.REFUSED, "")
    assert "units row 1, column capacity_mw" in wrong.stderr


def test_a_library_that_is_missing_is_named(shell: Shell, tmp_path: Path) -> None:
    (tmp_path / "network.nc").write_bytes(b"")
    missing = shell.here("import", "pypsa", str(tmp_path / "network.nc"))

    assert missing.returncode == exits.OTHER
    assert "sextant-client[pypsa]" in missing.stderr
