"""Every public function of the client has an example, and the examples are true."""

from __future__ import annotations

import doctest
import inspect
import uuid
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from local.running import RunningSystem
from sextant_client import Sextant

MODULES = ["_sync.client", "_sync.scenarios", "_sync.runs", "_sync.outputs", "_sync.baselines", "comparison"]
PARSER = doctest.DocTestParser()
# What needs no example: it ends or undoes something, and its one line says it.
WITHOUT = {"Sextant.close", "Scenario.delete", "Scenario.restore"}


@pytest.fixture(scope="module")
def names(system: RunningSystem, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the examples may name: a client, two scenarios that were run, and their runs."""

    def new_name() -> str:
        return f"RPS 60 {uuid.uuid4().hex[:8]}"

    rps = {"driver_type": "policy", "payload": {"policy_name": "RPS", "start_year": 2030, "target": 0.6}}
    years = {"start_year": 2029, "end_year": 2030}
    with Sextant(system.url, token=system.token("examples", "analyst", "operator")) as sextant:
        scenario = sextant.scenarios.create(new_name(), assumptions=[rps], parameters=years)
        reference = sextant.scenarios.create(new_name(), parameters=years)
        run, other = scenario.run(seed=7), reference.run(seed=7)
        yield {
            "sextant": sextant,
            "scenario": scenario,
            "reference": reference,
            "run": run.wait(),
            "other": other.wait(),
            "new_name": new_name,
            "folder": tmp_path_factory.mktemp("outputs"),
        }


def public(module: ModuleType) -> Iterator[tuple[str, Any]]:
    for kind_name, kind in vars(module).items():
        if inspect.isclass(kind) and kind.__module__ == module.__name__ and not kind_name.startswith("_"):
            for name, member in vars(kind).items():
                function = (
                    member.fget if isinstance(member, property) else getattr(member, "__func__", member)
                )
                if not name.startswith("_") and inspect.isfunction(function):
                    yield f"{kind_name}.{name}", function


@pytest.mark.parametrize("place", MODULES)
def test_examples_are_true(
    place: str, names: dict[str, Any], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for variable in ("SEXTANT_URL", "SEXTANT_TOKEN", "SEXTANT_PROFILE"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    module = import_module(f"sextant_client.{place}")
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    told: list[str] = []
    for name, function in public(module):
        text = inspect.getdoc(function) or ""
        globs = {**vars(module), **names}
        example = PARSER.get_doctest(text, globs, name, str(module.__file__), 0)
        runner.run(example, out=told.append)
        assert example.examples or name in WITHOUT, f"{name} has no example"
    assert runner.failures == 0, "".join(told)
