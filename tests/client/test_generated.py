"""The generated layer: every operation of the document is there, in both faces."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys

from sextant_client._async.api import AsyncApi
from sextant_client._sync.api import Api
from tools.clients import DOCUMENT

MOST_MODULES = 110
"""Of the standard library and its own; 89 took 80 ms on a busy machine, and 120 ms are what importing may take."""


def test_every_operation_is_a_method_of_both_faces() -> None:
    document = json.loads(DOCUMENT.read_text())
    operations = [each["operationId"] for item in document["paths"].values() for each in item.values()]
    assert len(operations) > 90
    for face in (Api, AsyncApi):
        methods = {name for name, _ in inspect.getmembers(face, inspect.isfunction)}
        assert set(operations) <= methods


def test_importing_it_loads_little() -> None:
    """httpx2, pydantic and the models are loaded by the first request; modules are counted, as time is not the same twice."""
    program = "import sys; before = set(sys.modules); from sextant_client import Sextant; print(*set(sys.modules) - before)"
    modules = _printed(program)

    assert not {"httpx2", "pydantic", "pandas", "rich", "asyncio"} & modules
    assert len(modules) < MOST_MODULES, sorted(modules)


def test_the_command_line_begins_with_little() -> None:
    """What shows help and completes names loads neither the models nor what reads and draws: modules are counted, as time is not the same twice."""
    program = "import sys; import sextant_client.cli.app; print(*sys.modules)"
    modules = _printed(program)

    assert not {"pydantic", "httpx2", "pandas", "http.server", "sextant_client._generated.models"} & modules
    assert sum(name.partition(".")[0] == "sextant_client" for name in modules) < 40


def _printed(program: str) -> set[str]:
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(told.stdout.split())
