"""A model from a package of its own is found by its entry point and run unchanged."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from sextant.engine import (
    Model,
    ModelInputError,
    SimulationRequest,
    UnknownModelError,
    model_named,
    model_names,
    reference_system,
    simulate,
)
from tests.unit.engine.systems import driver

PACKAGE = Path(__file__).parents[3] / "examples" / "third_party_model"


def install(project: str, version: str, entry_points: dict[str, str], site: Path) -> None:
    """What an installer leaves of a package's metadata."""
    metadata = site / f"{project.replace('-', '_')}-{version}.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n")
    lines = [f"{name} = {target}" for name, target in entry_points.items()]
    (metadata / "entry_points.txt").write_text("\n".join(["[sextant.models]", *lines, ""]))


@pytest.fixture
def third_party(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The example package on the path, with the metadata that its own pyproject.toml declares."""
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text())["project"]
    install(project["name"], project["version"], project["entry-points"]["sextant.models"], tmp_path)
    monkeypatch.syspath_prepend(str(PACKAGE / "src"))
    monkeypatch.syspath_prepend(str(tmp_path))
    yield
    sys.modules.pop("flat_price_model", None)


@pytest.mark.usefixtures("third_party")
def test_a_third_partys_model_runs_unchanged() -> None:
    # Given a package that announces a model
    assert model_names() == ("merit_order", "flat_price")
    assert isinstance(model_named("flat_price"), Model)
    # When a run names it
    request = SimulationRequest([], reference_system(), {"model": "flat_price", "flat_price_eur": 55})
    result = simulate(request)
    # Then its rows come back as they are, with its own limits
    assert set(result.rows.value[result.rows.metric == "price"]) == {55.0}
    assert result.metadata["model"] == "flat_price"
    assert result.metadata["limits"]
    with pytest.raises(ModelInputError, match="understands none"):
        simulate(
            SimulationRequest(
                [driver("load_growth", annual_rate=0.1)], reference_system(), {"model": "flat_price"}
            )
        )


def test_it_runs_as_an_installer_leaves_it(tmp_path: Path) -> None:
    """Built and installed from its own project by uv, then named by a run in a fresh process."""
    uv = [sys.executable, str(PACKAGE.parents[1] / "tools" / "environment.py"), "uv"]
    install = [*uv, "pip", "install", "--quiet", "--no-deps", "--target", str(tmp_path / "site")]
    source = tmp_path / "project"  # building leaves traces in the folder it builds from
    shutil.copytree(PACKAGE, source)
    subprocess.run([*install, "--python", sys.executable, source], check=True)
    script = """
from sextant.engine import SimulationRequest, model_names, reference_system, simulate
import flat_price_model
assert model_names() == ("merit_order", "flat_price"), model_names()
result = simulate(SimulationRequest([], reference_system(), {"model": "flat_price", "flat_price_eur": 55}))
print(flat_price_model.__file__, set(result.rows.value[result.rows.metric == "price"]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(tmp_path / "site")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(tmp_path / "site"))
    assert "55.0" in done.stdout


def test_an_unknown_model_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(UnknownModelError, match="one of merit_order, not 'oracle'"):
        simulate(SimulationRequest([], reference_system(), {"model": "oracle"}))


def test_what_does_not_satisfy_the_protocol_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("broken", "1", {"broken": "collections:OrderedDict"}, tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(ModelInputError, match="lacks part of the protocol"):
        simulate(SimulationRequest([], reference_system(), {"model": "broken"}))
